"""What a policy may say: what is refused, and that it survives the wire."""

from __future__ import annotations

from copy import deepcopy
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from fundops.grants.policy import canonical, sample, stored_content
from fundops.grants.policy_content import PolicyContent
from fundops.grants.policy_wire import PolicyContentIn, shown_form, stored_form
from fundops.messages import text
from fundops.schemas import MoneyIn

POLICY = sample(UUID(int=1), "USD")


def plain() -> dict[str, Any]:
    """Return the sample's content as values that a test may spoil."""
    found: dict[str, Any] = POLICY.content.model_dump(mode="json")
    return found


def rule(**over: Any) -> dict[str, Any]:
    found: dict[str, Any] = deepcopy(plain()["modalities"][0])
    return found | over


def refused(content: dict[str, Any]) -> set[str]:
    """Return the sentences that refuse a content."""
    with pytest.raises(ValidationError) as error:
        PolicyContent.model_validate(content)
    return {one["msg"] for one in error.value.errors() if one["type"] == "fundops"}


def test_the_sample_says_that_it_is_one() -> None:
    assert POLICY.is_sample
    assert POLICY.id is None
    assert "sample" in (POLICY.notice or "")
    assert "not verified" in (POLICY.notice or "")


def test_what_the_brief_of_the_fund_asks_for_is_in_the_sample() -> None:
    payments = POLICY.payments
    assert payments.sanctions_check_valid_days == 90
    assert payments.confirmation_days == 30
    assert payments.cooling_hours == 72
    assert payments.review_days == 10
    assert payments.advance_overdue_days == 120
    assert POLICY.grantee_support_cost_percent == 7
    assert (POLICY.emergency.ceiling_minor, POLICY.emergency.months_up_to) == (20_000_00, 9)


def test_content_survives_storage_and_wire() -> None:
    content = POLICY.content
    assert stored_content(canonical(content)) == content
    shown = shown_form(content, "USD")
    given = PolicyContentIn.model_validate(shown).model_dump()

    def minor(value: Any, place: str) -> int:
        return MoneyIn(**value).minor(place, zero=True)

    assert PolicyContent.model_validate(stored_form(PolicyContent, given, minor)) == content
    assert "_minor" not in str(shown)


def test_canonical_text_does_not_hang_on_order() -> None:
    backwards = dict(reversed(list(plain().items())))
    assert canonical(PolicyContent.model_validate(backwards)) == canonical(POLICY.content)


@pytest.mark.parametrize(
    ("tranches", "key"),
    [
        ([{"percent": 99}], "policy.tranches_sum"),
        ([{"percent": 60}, {"percent": 41}], "policy.tranches_sum"),
        ([{"percent": 60}, {"percent": 40}], "policy.tranches_wait"),
        (
            [{"percent": 100, "waits_for": [{"kind": "financial_report", "number": 1}]}],
            "policy.tranches_wait",
        ),
    ],
)
def test_tranches_that_cannot_be_are_refused(tranches: list[Any], key: str) -> None:
    content = plain()
    content["modalities"][0]["tranches"] = tranches
    assert refused(content) == {text(key)}


def test_a_tranche_waits_only_for_reports_that_there_are() -> None:
    content = plain()
    first = content["modalities"][0]
    first["tranches"] = [
        {"percent": 50},
        {"percent": 50, "waits_for": [{"kind": "financial_report", "number": 2}]},
    ]
    first["financial"] |= {"interim": 1}
    assert refused(content) == {text("policy.awaited_missing", months=1)}
    first["financial"] |= {"interim": 2}
    PolicyContent.model_validate(content)
    # Every six months: the shortest grant under this rule has 13 months, so there are two.
    third = content["modalities"][2]
    third["tranches"][1]["waits_for"] = [{"kind": "financial_report", "number": 2}]
    PolicyContent.model_validate(content)
    third["tranches"][1]["waits_for"] = [{"kind": "financial_report", "number": 3}]
    assert refused(content) == {text("policy.awaited_missing", months=13)}


def test_reports_have_one_rhythm() -> None:
    for rhythm in ({"interim": 1, "every_months": 3}, {"interim": None, "every_months": None}):
        content = plain()
        content["modalities"][0]["narrative"] |= rhythm
        assert refused(content) == {text("policy.reports_rhythm")}


def test_every_grant_finds_a_rule_and_every_rule_a_grant() -> None:
    content = plain()
    content["modalities"] = [one for one in content["modalities"] if one["tier"] != "medium"]
    assert refused(content) == {text("policy.modalities_open")}
    content = plain()
    content["modalities"].insert(0, rule(months_up_to=None, amount_up_to_minor=None))
    assert refused(content) == {text("policy.modality_unreachable")}
    content = plain()
    content["modalities"].insert(1, rule(months_up_to=11, amount_up_to_minor=5))
    assert refused(content) == {text("policy.modality_unreachable")}
    content = plain()
    content["assurance"] = [one for one in content["assurance"] if one["tier"] != "high"]
    assert refused(content) == {text("policy.assurance_open")}


def test_bands_of_approval_rise_and_end_open() -> None:
    band = {"approvals": ["fund_manager"], "persons": 1}
    for bands, key in (
        ([band | {"up_to": 5}], "policy.bands_open"),
        ([band, band], "policy.bands_open"),
        ([band | {"up_to": 5}, band | {"up_to": 5}, band], "policy.bands_rise"),
        ([band | {"up_to": 9}, band | {"up_to": 5}, band], "policy.bands_rise"),
    ):
        content = plain()
        content["amendments"]["results"] = bands
        assert refused(content) == {text(key)}
    content = plain()
    content["amendments"]["cost_extension"] = [band]
    assert refused(content) == {text("policy.cost_extension_two")}


def test_a_band_is_found_by_what_changes() -> None:
    amendments = POLICY.amendments
    assert amendments.band("budget_reallocation", 15).approvals == ("grant_officer",)
    assert amendments.band("budget_reallocation", 16).approvals == ("fund_manager",)
    assert amendments.band("no_cost_extension", 6).persons == 1
    assert amendments.band("no_cost_extension", 7).approvals == ("fund_manager", "approver")
    assert amendments.band("cost_extension").persons == 2


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("payments", "cooling_hours"), -1),
        (("payments", "cooling_hours"), 1.5),
        (("payments", "cooling_hours"), "72"),
        (("payments", "cooling_hours"), True),
        (("emergency", "ceiling_minor"), 10**15 + 1),
        (("closing", "force_majeure"), {"is_allowed": "yes"}),
        (("closing", "required"), ["tax_return"]),
        (("amendments", "more"), []),
        (("grantee_support_cost_percent",), 101),
        (("surprise",), 1),
    ],
)
def test_values_beyond_their_kind_are_refused(path: tuple[str, ...], value: Any) -> None:
    content = plain()
    inner = content
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = value
    with pytest.raises(ValidationError):
        PolicyContent.model_validate(content)
