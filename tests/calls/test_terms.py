"""Criteria, eligibility rules and documents: replaced as a whole, strict, and fixed once open."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import delete, insert, select

from fundops import trail
from fundops.audit import canonical
from fundops.calls import codelists, terms
from fundops.calls.models import RULE_KINDS, CallCriterion, CallRule
from fundops.calls.parts import hundredths, hundredths_text
from fundops.calls.rules import RULE, read, stored
from fundops.calls.term_schemas import CallCriteriaIn, CallCriterionIn
from fundops.db import Base
from tests.calls.conftest import Calls, Counting, criterion

RULES: list[dict[str, Any]] = [
    {"kind": "party_kind", "kinds": ["civil_society"]},
    {"kind": "registration_age", "min_months": 12},
    {"kind": "registration_country", "countries": ["KE", "UG"], "regions": []},
    {"kind": "implementation_country", "countries": [], "regions": ["014"],
     "is_registered_there": True},
    {"kind": "budget_share", "max_percent": 67},
    {"kind": "own_account"},
    {"kind": "safeguarding_policy"},
    {"kind": "works_directly"},
    {"kind": "assistance_age", "min_months": 12},
    {"kind": "proposals_per_applicant", "maximum": 1},
]  # fmt: skip

ANCHORED = criterion(
    title="Need",
    description="How much it is needed.",
    weight="62.50",
    scale_step="0.5",
    anchors=[{"score": "1", "text": "Not at all."}, {"score": "4.5", "text": "Much."}],
)
OBJECTIVE = criterion(kind="objective", objective=4, title="Protection", weight="37.5", best="low")


def test_criteria_are_replaced_as_a_whole(calls: Calls) -> None:
    place = calls.drafted(criteria=False)
    path = f"{place}/criteria"
    first = calls.put(path, {"criteria": [ANCHORED, OBJECTIVE]})
    assert [one["weight"] for one in first["criteria"]] == ["62.50", "37.50"]
    assert first["criteria"][0]["anchors"][1] == {"score": "4.5", "text": "Much."}
    assert first["criteria"][0]["scale_step"] == "0.50"
    assert (first["criteria"][1]["objective"], first["criteria"][1]["best"]) == (4, "low")
    assert calls.officer.get(path).json() == first
    second = calls.put(path, {"criteria": [criterion()]})
    assert second["version"] > first["version"]
    assert [one["title"] for one in second["criteria"]] == ["Need"]
    assert calls.put(path, {"criteria": []})["criteria"] == []
    with calls.world.database.read() as db:
        assert trail.breaks(db) == []


def test_a_criterion_deleted_in_silence_would_be_noticed(calls: Calls) -> None:
    """The control: the trail takes a row for gone only where an event tells so."""
    place = calls.drafted()
    calls.put(f"{place}/criteria", {"criteria": [criterion(title="Other")]})
    writer = calls.world.database.writer
    with writer.begin() as connection:
        kept = connection.execute(select(CallCriterion.__table__)).mappings().one()
        connection.execute(delete(CallCriterion))
    with calls.world.database.read() as db:
        assert [kind for kind, _ in trail.breaks(db)] == ["call_criterion"]
    with writer.begin() as connection:
        connection.execute(insert(CallCriterion), dict(kept))


def test_rules_are_replaced_as_a_whole(calls: Calls) -> None:
    place = calls.drafted()
    assert [rule["kind"] for rule in RULES] == list(RULE_KINDS)
    answer = calls.put(f"{place}/rules", {"rules": RULES})
    assert answer["rules"] == RULES
    assert calls.officer.get(f"{place}/rules").json() == answer
    with calls.world.database.read() as db:
        call_id = calls.officer.get(place).json()["id"]
        rows = terms.rules(db, UUID(call_id))
        assert [read(row).kind for row in rows] == list(RULE_KINDS)
        assert read(rows[1]).min_months == 12
    assert calls.put(f"{place}/rules", {"rules": RULES[:1]})["rules"] == RULES[:1]


def test_documents_are_replaced_as_a_whole(calls: Calls) -> None:
    path = f"{calls.drafted()}/documents"
    asked = [
        {"kind": "registration"},
        {"kind": "audit_report", "is_required": False, "max_age_days": 730, "note": "If any."},
    ]
    answer = calls.put(path, {"documents": asked})
    assert [(d["number"], d["kind"], d["is_required"]) for d in answer["documents"]] == [
        (1, "registration", True), (2, "audit_report", False),
    ]  # fmt: skip
    # The other way round: no number or kind is in the way of the one before.
    turned = calls.put(path, {"documents": asked[::-1]})
    assert [d["kind"] for d in turned["documents"]] == ["audit_report", "registration"]
    assert calls.officer.get(path).json() == turned


WRONG_CRITERIA: list[tuple[Any, Any]] = [
    ([criterion(weight="99.99")], ["/criteria"]),
    ([criterion(weight="100.01")], ["/criteria/0"]),
    ([criterion(weight="0"), criterion()], ["/criteria/0"]),
    ([criterion(weight="50"), criterion(weight="50.01")], ["/criteria"]),
    ([criterion(weight=100)], ["/criteria/0/weight"]),
    ([criterion(weight="1e2")], ["/criteria/0/weight"]),
    ([criterion(weight="-100")], ["/criteria/0/weight"]),
    ([criterion(scale_min="5", scale_max="5")], ["/criteria/0"]),
    ([criterion(scale_min="6")], ["/criteria/0"]),
    ([criterion(scale_step="0")], ["/criteria/0"]),
    ([criterion(scale_step="0.3")], ["/criteria/0"]),
    ([criterion(scale_max="999", scale_step="0.01")], ["/criteria/0"]),
    ([criterion(anchors=[{"score": "6", "text": "x"}])], ["/criteria/0"]),
    ([criterion(anchors=[{"score": "1.5", "text": "x"}])], ["/criteria/0"]),
    ([criterion(anchors=[{"score": "1", "text": "x"}] * 2)], ["/criteria/0"]),
    ([criterion(anchors=[{"score": "1", "text": " "}])], ["/criteria/0/anchors/0/text"]),
    ([criterion(kind="objective")], ["/criteria/0"]),
    ([criterion(objective=4)], ["/criteria/0"]),
    ([criterion(kind="objective", objective=11)], ["/criteria/0/objective"]),
    ([criterion(kind="objective", objective=9)], ["/criteria/0/objective"]),
    ([criterion(kind="objective", objective=4, weight="50")] * 2, ["/criteria"]),
    ([criterion(best="middle")], ["/criteria/0/best"]),
    ([criterion(weight="50", extra=1), criterion(weight="50")], ["/criteria/0/extra"]),
]


def test_wrong_criteria_are_named(calls: Calls) -> None:
    path = f"{calls.drafted()}/criteria"
    before = calls.officer.get(path).json()
    for wrong, places in WRONG_CRITERIA:
        assert calls.refused(path, {"criteria": wrong}) == places, wrong
    assert calls.officer.get(path).json() == before


WRONG_RULES: list[tuple[Any, Any]] = [
    ({"kind": "unheard_of"}, "/rules/1/kind"),
    ({"min_months": 1}, "/rules/1/kind"),
    ("own_account", "/rules/1"),
    ({"kind": "own_account", "min_months": 1}, "/rules/1/min_months"),
    ({"kind": "party_kind", "kinds": []}, "/rules/1/kinds"),
    ({"kind": "party_kind", "kinds": ["pseudo"]}, "/rules/1/kinds/0"),
    ({"kind": "registration_age"}, "/rules/1/min_months"),
    ({"kind": "registration_age", "min_months": 0}, "/rules/1/min_months"),
    ({"kind": "registration_age", "min_months": "12"}, "/rules/1/min_months"),
    ({"kind": "registration_country"}, "/rules/1"),
    ({"kind": "registration_country", "countries": ["XX"]}, "/rules/1/countries"),
    ({"kind": "implementation_country", "regions": ["404"]}, "/rules/1/regions"),
    ({"kind": "budget_share", "max_percent": 0}, "/rules/1/max_percent"),
    ({"kind": "proposals_per_applicant", "maximum": 10**30}, "/rules/1/maximum"),
]


def test_wrong_rules_are_named(calls: Calls) -> None:
    path = f"{calls.drafted()}/rules"
    for rule, place in WRONG_RULES:
        assert calls.refused(path, {"rules": [RULES[0], rule]}) == [place], rule


WRONG_DOCUMENTS: list[tuple[Any, Any]] = [
    ([{"kind": "diary"}], "/documents/0/kind"),
    ([{"kind": "statutes"}] * 2, "/documents"),
    ([{"kind": "statutes", "max_age_days": 0}], "/documents/0/max_age_days"),
    ([{"kind": "statutes", "is_required": "yes"}], "/documents/0/is_required"),
]


def test_wrong_documents_are_named(calls: Calls) -> None:
    path = f"{calls.drafted()}/documents"
    for documents, place in WRONG_DOCUMENTS:
        assert calls.refused(path, {"documents": documents}) == [place], documents


BODIES: dict[str, Any] = {
    "criteria": {"criteria": [criterion()]},
    "rules": {"rules": RULES},
    "documents": {"documents": [{"kind": "statutes"}]},
}


@pytest.mark.parametrize("name", BODIES)
def test_terms_need_the_present_tag_the_right_and_a_draft(calls: Calls, name: str) -> None:
    draft, opened = f"{calls.drafted()}/{name}", f"{calls.opened()}/{name}"
    send = calls.officer.request
    assert send("PUT", draft, json=BODIES[name]).status_code == 428
    stale = send("PUT", draft, json=BODIES[name], headers={"if-match": '"99"'})
    assert stale.status_code == 412
    tag = calls.officer.get(draft).headers["etag"]
    assert send("PUT", draft, json=BODIES[name], headers={"if-match": tag}).status_code == 200
    assert send("PUT", draft, json=BODIES[name], headers={"if-match": tag}).status_code == 412
    # The call's own tag is the same one: terms and call change together.
    assert calls.patch(draft.rpartition("/")[0], title="New").status_code == 200
    fixed = calls.officer.get(opened)
    refused = send("PUT", opened, json=BODIES[name], headers={"if-match": fixed.headers["etag"]})
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("wrong-status")
    grantee = calls.grantee()
    assert grantee.get(opened).json() == fixed.json()
    assert grantee.request("PUT", opened, json=BODIES[name]).status_code == 403


def test_terms_are_read_with_as_many_queries_however_many_there_are(
    calls: Calls, statements: Counting
) -> None:
    path = f"{calls.drafted()}/criteria"
    with statements() as one:
        calls.officer.get(path)
    calls.put(path, {"criteria": [criterion(weight="5", title=str(n)) for n in range(20)]})
    with statements() as twenty:
        assert len(calls.officer.get(path).json()["criteria"]) == 20
    assert len(twenty) == len(one)


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=12))
def test_weights_are_whole_or_refused(weights: list[int]) -> None:
    made = [criterion(weight=hundredths_text(weight)) for weight in weights]
    try:
        CallCriteriaIn.model_validate({"criteria": made})
    except ValidationError:
        assert sum(weights) != 10_000
    else:
        assert sum(weights) == 10_000


@given(st.integers(0, 99_999))
def test_hundredths_come_back(value: int) -> None:
    assert hundredths(hundredths_text(value)) == value


@given(st.integers(0, 2_000), st.integers(1, 2_000), st.integers(0, 500), st.integers(0, 4_000))
def test_scales_have_whole_steps_and_anchors_on_them(
    low: int, size: int, step: int, score: int
) -> None:
    made = criterion(
        scale_min=hundredths_text(low),
        scale_max=hundredths_text(low + size),
        scale_step=hundredths_text(step),
        anchors=[{"score": hundredths_text(score), "text": "x"}],
    )
    fits = 0 < step <= size and size % step == 0 and size // step < 1_000
    fits = fits and low <= score <= low + size and (score - low) % step == 0
    try:
        CallCriterionIn.model_validate(made)
    except ValidationError:
        assert not fits
    else:
        assert fits


def width(model: type[Base], column: str) -> int:
    """Return how many characters a column keeps."""
    return int(getattr(model.__table__.c[column].type, "length"))  # noqa: B009 - of texts only


def test_the_longest_rules_and_anchors_fit_their_columns() -> None:
    widest = {"kind": "implementation_country", "countries": codelists.get("country").codes,
              "regions": codelists.get("region").codes}  # fmt: skip
    rule = RULE.validate_python({k: list(v) if k != "kind" else v for k, v in widest.items()})
    assert len(stored(rule)[1]) <= width(CallRule, "parameters")
    anchors = [{"score": "999.99", "text": '"' * 400}] * 21
    assert len(canonical(anchors)) <= width(CallCriterion, "anchors")
