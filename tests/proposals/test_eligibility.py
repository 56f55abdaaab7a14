"""Eligibility: each rule by its facts, what is unknown left to a person, reasons on record."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from fundops import audit
from fundops.audit import AuditEvent
from fundops.authz import Role
from fundops.calls import rules
from fundops.calls.models import RULE_KINDS, Call
from fundops.files.models import Upload
from fundops.parties.models import Party
from fundops.parties.profile_models import OrganisationProfile
from fundops.proposals.eligibility import JUDGES, Case, judge, verdict
from tests.proposals.proposal_factories import (
    Applicant,
    a_file,
    a_profile,
    add_rules,
    an_applicant,
    an_upload,
    at_time,
    right,
)
from tests.staged import staged
from tests.world import World

ON = date(2026, 3, 31)


def case(**over: Any) -> Case:
    profile = {
        "registered_on": date(2025, 3, 31), "registration_country": "KE",
        "assisting_since_on": date(2024, 1, 1), "annual_budget_minor": 100_00,
        "annual_budget_currency": "USD", "annual_budget_year": 2025, "has_own_account": True,
        "has_safeguarding_policy": True, "works_directly": True,
    } | {k: v for k, v in over.items() if k in OrganisationProfile.__table__.c}  # fmt: skip
    values: dict[str, Any] = {
        "party_kind": "civil_society", "profile": OrganisationProfile(**profile),
        "deadline_on": ON, "currency": "USD", "country": "KE", "requested_minor": 67_00,
    }  # fmt: skip
    return Case(**(values | {k: v for k, v in over.items() if k not in profile}))


@pytest.mark.parametrize(
    ("rule", "over", "outcome"),
    [
        ({"kind": "party_kind", "kinds": ["civil_society"]}, {}, "pass"),
        ({"kind": "party_kind", "kinds": ["media", "foundation"]}, {}, "fail"),
        ({"kind": "registration_age", "min_months": 12}, {}, "pass"),
        ({"kind": "registration_age", "min_months": 12},
         {"registered_on": date(2025, 4, 1)}, "fail"),
        ({"kind": "registration_age", "min_months": 11},
         {"registered_on": date(2025, 4, 30)}, "pass"),
        ({"kind": "registration_age", "min_months": 12}, {"registered_on": None}, "unknown"),
        ({"kind": "registration_age", "min_months": 12}, {"profile": None}, "unknown"),
        ({"kind": "registration_country", "countries": ["KE"]}, {}, "pass"),
        ({"kind": "registration_country", "regions": ["002"]}, {}, "pass"),
        ({"kind": "registration_country", "regions": ["001"]}, {}, "pass"),
        ({"kind": "registration_country", "countries": ["UG"]}, {}, "fail"),
        ({"kind": "registration_country", "countries": ["UG"]},
         {"registration_country": None}, "unknown"),
        ({"kind": "implementation_country", "countries": ["KE"]}, {}, "pass"),
        ({"kind": "implementation_country", "countries": ["KE"]}, {"country": "UG"}, "fail"),
        ({"kind": "implementation_country", "countries": ["KE"]}, {"country": None}, "unknown"),
        ({"kind": "implementation_country", "regions": ["002"]},
         {"country": None, "regions": ("014",)}, "pass"),
        ({"kind": "implementation_country", "regions": ["002"]},
         {"country": None, "regions": ("014", "145")}, "unknown"),
        ({"kind": "implementation_country", "regions": ["014"], "is_registered_there": True},
         {"country": "UG"}, "fail"),
        ({"kind": "implementation_country", "regions": ["014"], "is_registered_there": True},
         {"registration_country": None}, "unknown"),
        ({"kind": "budget_share", "max_percent": 67}, {}, "pass"),
        ({"kind": "budget_share", "max_percent": 67}, {"requested_minor": 67_01}, "fail"),
        ({"kind": "budget_share", "max_percent": 300}, {"requested_minor": 300_00}, "pass"),
        ({"kind": "budget_share", "max_percent": 67}, {"currency": "EUR"}, "unknown"),
        ({"kind": "budget_share", "max_percent": 67}, {"annual_budget_minor": None}, "unknown"),
        ({"kind": "budget_share", "max_percent": 67}, {"requested_minor": None}, "unknown"),
        ({"kind": "own_account"}, {}, "pass"),
        ({"kind": "own_account"}, {"has_own_account": False}, "fail"),
        ({"kind": "own_account"}, {"has_own_account": None}, "unknown"),
        ({"kind": "safeguarding_policy"}, {"has_safeguarding_policy": False}, "fail"),
        ({"kind": "works_directly"}, {"works_directly": False}, "fail"),
        ({"kind": "works_directly"}, {"profile": None}, "unknown"),
        ({"kind": "assistance_age", "min_months": 26}, {}, "pass"),
        ({"kind": "assistance_age", "min_months": 27}, {}, "fail"),
        ({"kind": "proposals_per_applicant", "maximum": 1}, {}, "pass"),
        ({"kind": "proposals_per_applicant", "maximum": 1}, {"others": 1}, "fail"),
    ],
)  # fmt: skip
def test_each_rule_judges_by_its_facts(
    rule: dict[str, Any], over: dict[str, Any], outcome: str
) -> None:
    (found,) = judge([rules.RULE.validate_python(rule)], case(**over))
    assert (found.rule, found.outcome) == (rule["kind"], outcome)
    assert found.sentence.endswith(".")
    assert audit.canonical(found.out())


def test_every_kind_of_rule_has_a_judge() -> None:
    assert set(JUDGES) == set(RULE_KINDS)


def test_one_failure_decides_and_one_doubt_leaves_it_open() -> None:
    own = rules.RULE.validate_python({"kind": "own_account"})
    direct = rules.RULE.validate_python({"kind": "works_directly"})
    good = judge([own, direct], case())
    doubt = judge([own, direct], case(works_directly=None))
    both = judge([own, direct], case(works_directly=None, has_own_account=False))
    assert [verdict(one) for one in (good, doubt, both, [])] == [
        "eligible", "unknown", "ineligible", "eligible",
    ]  # fmt: skip


def under_rules(world: World) -> Applicant:
    """Return an applicant to a call with three rules."""
    made = an_applicant(world)
    with world.database.write() as db:
        audit.lock_head(db)
        add_rules(
            db, db.get_one(Call, made.call.id),
            {"kind": "party_kind", "kinds": ["civil_society"]},
            {"kind": "own_account"},
            {"kind": "budget_share", "max_percent": 67},
        )  # fmt: skip
    return made


applicant = staged(under_rules)


def with_profile(world: World, applicant: Applicant, **over: Any) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        a_profile(db, db.get_one(Party, applicant.party_id), **over)


def decide(
    world: World, applicant: Applicant, role: Role = Role.GRANT_OFFICER, **given: Any
) -> Any:
    officer = world.as_role(role)
    with at_time(applicant.call.deadline_at + timedelta(days=1)):
        return officer.post(f"{applicant.place}/decide_eligibility", json=given)


def test_an_officer_confirms_what_the_rules_find(world: World, applicant: Applicant) -> None:
    with_profile(world, applicant)
    applicant.submitted()
    answer = world.as_role(Role.BOARD_MEMBER).get(f"{applicant.place}/eligibility").json()
    assert answer["verdict"] == "eligible"
    assert [one["outcome"] for one in answer["findings"]] == ["pass"] * 3
    made = decide(world, applicant, verdict="eligible")
    assert made.status_code == 200, made.text
    assert (made.json()["is_override"], made.json()["reason"]) == (False, None)
    assert applicant.caller.get(applicant.place).json()["status"] == "eligible"
    (kept,) = applicant.caller.get(f"{applicant.place}/eligibility").json()["decisions"]
    assert kept == made.json()


@pytest.mark.parametrize(
    ("profile", "given"),
    [
        ({"has_own_account": False}, "eligible"),
        ({"has_own_account": None}, "eligible"),
        ({"has_own_account": None}, "ineligible"),
        ({}, "ineligible"),
    ],
)
def test_against_the_rules_or_in_doubt_a_reason_is_needed(
    world: World, applicant: Applicant, profile: dict[str, Any], given: str
) -> None:
    with_profile(world, applicant, **profile)
    applicant.submitted()
    refused = decide(world, applicant, verdict=given)
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/reason"]
    made = decide(world, applicant, verdict=given, reason="Seen with our own eyes.")
    assert made.status_code == 200, made.text
    assert made.json()["is_override"]
    with world.database.read() as db:
        query = select(AuditEvent.reason).where(AuditEvent.action == "eligibility.decided")
        assert db.execute(query).scalar_one() == "Seen with our own eyes."


def test_a_decision_can_be_put_right_and_both_stay(world: World, applicant: Applicant) -> None:
    with_profile(world, applicant)
    applicant.submitted()
    assert decide(world, applicant, verdict="ineligible", reason="No account.").status_code == 200
    assert applicant.caller.get(applicant.place).json()["status"] == "ineligible"
    assert decide(world, applicant, verdict="eligible").status_code == 200
    assert decide(world, applicant, verdict="eligible").status_code == 409
    kept = applicant.caller.get(f"{applicant.place}/eligibility").json()["decisions"]
    assert [one["verdict"] for one in kept] == ["eligible", "ineligible"]


def test_nothing_is_decided_while_it_may_still_change(world: World, applicant: Applicant) -> None:
    with_profile(world, applicant)
    applicant.submitted()
    officer = world.as_role(Role.GRANT_OFFICER)
    place, given = f"{applicant.place}/decide_eligibility", {"verdict": "eligible"}
    grace = applicant.call.deadline_at + timedelta(minutes=30)
    for instant in (applicant.call.deadline_at, grace):
        with at_time(instant):
            assert officer.post(place, json=given).status_code == 409
    with at_time(grace + timedelta(microseconds=1)):
        assert officer.post(place, json=given).status_code == 200
        # A proposal reopened after a decision is decided on anew.
        until = (grace + timedelta(days=1)).isoformat()
        reopened = officer.post(
            f"{applicant.place}/reopen", json={"reason": "Unreadable.", "until_at": until}
        )
        assert reopened.json()["status"] == "submitted"
        assert officer.post(place, json=given).status_code == 409


def test_roles_without_the_right_and_persons_with_an_interest_do_not_decide(
    world: World, applicant: Applicant
) -> None:
    with_profile(world, applicant)
    applicant.submitted()
    for role in (Role.FUND_MANAGER, Role.AUDITOR, Role.BOARD_MEMBER):
        assert decide(world, applicant, role, verdict="eligible").status_code == 403
    officer = world.as_role(Role.GRANT_OFFICER)
    with world.database.write() as db:
        audit.lock_head(db)
        from fundops import clock
        from fundops.ids import uuid7
        from fundops.parties.models import Membership

        db.add(
            Membership(
                id=uuid7(), person_id=officer.actor.person_id, role="grantee",
                party_id=applicant.party_id, valid_from=clock.now() - timedelta(days=9),
                valid_until=clock.now() - timedelta(days=2), created_at=clock.now(),
            )
        )  # fmt: skip
    with at_time(applicant.call.deadline_at + timedelta(days=1)):
        refused = officer.post(
            f"{applicant.place}/decide_eligibility", json={"verdict": "eligible"}
        )
    assert refused.json()["type"] == "urn:fundops:problem:conflict-of-interest"


def test_a_draft_is_judged_for_its_applicant_alone(world: World, applicant: Applicant) -> None:
    with_profile(world, applicant, annual_budget_minor=10_00)
    applicant.start()
    applicant.save(right())
    answer = applicant.caller.get(f"{applicant.place}/eligibility").json()
    assert answer["verdict"] == "ineligible"
    assert [one["outcome"] for one in answer["findings"]] == ["pass", "pass", "fail"]
    assert answer["findings"][2]["facts"]["requested"] == "12,500.51 USD"
    assert world.as_role(Role.AUDITOR).get(f"{applicant.place}/eligibility").status_code == 404
    refused = decide(world, applicant, verdict="ineligible", reason="x")
    assert refused.status_code == 404


def test_a_document_that_never_came_is_a_finding(world: World, applicant: Applicant) -> None:
    with_profile(world, applicant)
    applicant.start()
    applicant.save(right())
    with world.database.write() as db:
        audit.lock_head(db)
        upload = an_upload(db, db.get_one(Party, applicant.party_id), applicant.caller.actor)
        awaiting = [{"kind": "registration", "upload_id": str(upload.id)}]
    assert applicant.submit(awaiting=awaiting).status_code == 200
    answer = applicant.caller.get(f"{applicant.place}/eligibility").json()
    assert answer["verdict"] == "ineligible"
    assert answer["findings"][-1]["rule"] == "documents"
    with world.database.write() as db:
        audit.lock_head(db)
        party = db.get_one(Party, applicant.party_id)
        file = a_file(db, party, applicant.caller.actor, sent_sha256=upload.sha256)
        found = db.get_one(Upload, upload.id)
        found.status, found.file_id = "completed", file.id
        found.completed_at = applicant.call.deadline_at + timedelta(minutes=30)
        file_id = str(file.id)
    answer = applicant.caller.get(f"{applicant.place}/eligibility").json()
    assert (answer["verdict"], answer["findings"][-1]["outcome"]) == ("unknown", "unknown")
    with at_time(applicant.call.deadline_at + timedelta(days=1)):
        given = {"kind": "registration", "file_id": file_id}
        attached = applicant.caller.post(f"{applicant.place}/attachments", json=given)
        assert attached.status_code == 200, attached.text
    answer = applicant.caller.get(f"{applicant.place}/eligibility").json()
    assert (answer["verdict"], len(answer["findings"])) == ("eligible", 3)
