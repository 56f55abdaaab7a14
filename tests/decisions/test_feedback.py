"""Feedback: after the decision, to the applicant alone, and without a name."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from fundops import clock
from fundops.authz import Role
from fundops.decisions.feedback_names import Nameless
from fundops.ids import uuid7
from fundops.proposals import eligibility_service
from fundops.proposals.models import Proposal
from fundops.proposals.schemas import EligibilityIn
from fundops.reviews.models import Assignment, Conflict
from tests.exports.decided import Case
from tests.reviews.review_factories import Scene, a_proposal, counted
from tests.staged import staged
from tests.world import World

case = staged(Case)
"""A call whose decisions one of two persons has confirmed."""


def place(case: Case, number: int) -> str:
    return f"/v1/proposals/{case.scene.proposals[number].id}/feedback"


def test_it_comes_when_two_have_confirmed_and_to_the_applicant_alone(case: Case) -> None:
    own = case.world.as_role(Role.GRANTEE, party_id=case.scene.parties[0].id)
    other = case.world.as_role(Role.GRANTEE, party_id=case.scene.parties[1].id)
    missing = f"/v1/proposals/{uuid7()}/feedback"
    assert own.get(place(case, 0)).status_code == 409
    assert other.get(place(case, 0)).status_code == 404
    case.confirm()
    answer = own.get(place(case, 0))
    assert answer.status_code == 200, answer.text
    told = answer.json()
    # 5, 1 and 9 are 98.00 points; 4.5, 2 and 8 are 43.75 + 15 + 16; the returned review is out.
    assert (told["outcome"], told["score"]) == ("award", "86.38")
    assert [one["mean"] for one in told["criteria"]] == ["4.75", "1.50", "8.50"]
    assert [one["best"] for one in told["criteria"]] == ["high", "low", "high"]
    bodies = []
    for path in (place(case, 0), missing):
        refused = other.get(path)
        assert refused.status_code == 404
        bodies.append({k: v for k, v in refused.json().items() if k != "request_id"})
    assert bodies[0] == bodies[1]
    for role in (Role.REVIEWER, Role.DONOR):
        party = case.scene.parties[0].id if role is Role.DONOR else None
        caller = case.world.as_role(role, party_id=party)
        assert caller.get(place(case, 0)).status_code in (403, 404)
    assert case.world.anonymous().get(place(case, 0)).status_code == 401


def test_nobody_who_judged_is_named_nor_told_apart(case: Case) -> None:
    case.confirm()
    with case.world.database.read() as db:
        aliases = set(db.execute(select(Assignment.alias)).scalars())
        ids = {str(one) for one in db.execute(select(Assignment.id)).scalars()}
    for number, party in enumerate(case.scene.parties):
        own = case.world.as_role(Role.GRANTEE, party_id=party.id)
        answer = own.get(place(case, number))
        assert answer.status_code == 200, answer.text
        assert not re.search("qzx|z[ée]lie", answer.text, re.I)
        assert not [one for one in aliases | ids if one in answer.text]
        assert "For the officers." not in answer.text, "a private note"
        assert "[name]" in answer.text or (number < 3 and not answer.json()["strengths"])
    unmarked = case.world.as_role(Role.GRANTEE, party_id=case.scene.parties[2].id)
    told = unmarked.get(place(case, 2)).json()
    assert [one["mean"] for one in told["criteria"]] == ["3.50", "3.00", "0.00"]


def test_a_rejected_proposal_that_nobody_reviewed_has_a_reason_and_no_score(case: Case) -> None:
    case.confirm()
    own = case.world.as_role(Role.GRANTEE, party_id=case.scene.parties[3].id)
    told = own.get(place(case, 3)).json()
    assert (told["outcome"], told["score"], told["strengths"]) == ("reject", None, [])
    assert told["reason"] == "No review. [name] said so, and so did [name], [name]."
    assert {one["mean"] for one in told["criteria"]} == {None}


def test_a_promoted_proposal_is_told_that_it_is_awarded(case: Case) -> None:
    case.confirm()
    own = case.world.as_role(Role.GRANTEE, party_id=case.scene.parties[2].id)
    assert own.get(place(case, 2)).json()["outcome"] == "reserve"
    case.promote()
    assert own.get(place(case, 2)).json()["outcome"] == "award"


def test_an_ineligible_one_is_told_why_at_once(world: World) -> None:
    scene = Scene(world, proposals=1, reviewers=0)
    with scene.writing() as db:
        from fundops.calls.models import Call

        call = db.get_one(Call, scene.call_id)
        made = a_proposal(db, call, scene.parties[0], status="submitted")
        given = EligibilityIn.model_validate(
            {"verdict": "ineligible", "reason": "Registered a month ago."}
        )
        eligibility_service.decide(db, scene.officer.actor, made, given)
        db.flush()
        assert db.get_one(Proposal, made.id).status == "ineligible"
    own = world.as_role(Role.GRANTEE, party_id=scene.parties[0].id)
    told = own.get(f"/v1/proposals/{made.id}/feedback").json()
    assert (told["outcome"], told["reason"]) == ("ineligible", "Registered a month ago.")
    assert (told["score"], told["criteria"], told["weaknesses"]) == (None, [], [])


def test_who_is_in_conflict_with_the_applicant_does_not_read_it(case: Case) -> None:
    case.confirm()
    officer = case.world.as_role(Role.GRANT_OFFICER)
    assert officer.get(place(case, 1)).status_code == 200
    with case.scene.writing() as db:
        db.add(
            Conflict(
                id=uuid7(), person_id=officer.actor.person_id, party_id=case.scene.parties[1].id,
                kind="family", declared_by_id=officer.actor.person_id, declared_at=clock.now(),
            )
        )  # fmt: skip
    assert officer.get(place(case, 1)).status_code == 404
    assert officer.get(place(case, 0)).status_code == 200


def test_it_takes_as_many_queries_for_two_reviews_as_for_three(case: Case) -> None:
    case.confirm()
    counts = []
    for number in (0, 1):
        own = case.world.as_role(Role.GRANTEE, party_id=case.scene.parties[number].id)
        with counted(case.world.database) as seen:
            assert own.get(place(case, number)).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("Jörg Ångström liked it", "[name] liked it"),
        ("as ANGSTROM says", "as [name] says"),
        ("Jo\u0308rg  A\u030angstro\u0308m", "[name]"),
        ("Reviewer 12 and Reviewer 1.", "Reviewer 12 and [name]."),
        ("Asked \u00c5ngstro\u0308m's office", "Asked [name]'s office"),
        ("mail j@example.org", "mail [contact]"),
        ("A storm of language", "A storm of language"),
    ],
)
def test_names_go_however_they_are_written(said: str, left: str) -> None:
    assert Nameless(["Jörg Ångström"], ["Reviewer 1"])(said) == left
