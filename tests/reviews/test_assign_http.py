"""Assigning a whole call over HTTP: the dry run, the invitations, and what is left out and why."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from fundops import audit
from fundops.authz import Role
from fundops.proposals.models import Proposal
from fundops.reviews import planning
from fundops.reviews.models import Assignment
from tests.reviews.review_factories import Scene, counted
from tests.world import World


def plan(scene: Scene, **over: Any) -> Any:
    """Ask for a plan, without an idempotency key."""
    path = f"/v1/calls/{scene.call_id}/plan_assignments"
    headers = {"authorization": f"Bearer {scene.officer.token}"}
    return scene.world.client.post(path, json=over, headers=headers)


def assign(scene: Scene, **over: Any) -> Any:
    return scene.officer.post(f"/v1/calls/{scene.call_id}/assign", json=over)


def test_a_dry_run_shows_the_plan_and_changes_nothing(world: World) -> None:
    scene = Scene(world, proposals=3, reviewers=3)
    with world.database.read() as db:
        before = audit.sequence_at(db, None)
    found = plan(scene)
    assert found.status_code == 200, found.text
    shown = found.json()
    assert len(shown["pairs"]) == 6
    assert [one["load"] for one in shown["loads"]] == [2, 2, 2], "loads are kept even"
    assert shown["optimised"]["is_optimal"] is True
    assert shown["optimised"]["objective"] == shown["optimised"]["bound"]
    assert shown["shortages"] == []
    with world.database.read() as db:
        assert audit.sequence_at(db, None) == before
        assert db.execute(select(func.count()).select_from(Assignment)).scalar_one() == 0


def test_everybody_is_invited_at_once_and_only_what_lacks_is_added(world: World) -> None:
    scene = Scene(world, proposals=3, reviewers=3)
    assert assign(scene).json()["invited"] == 6
    assert assign(scene).json()["invited"] == 0
    rows = scene.officer.get(f"/v1/calls/{scene.call_id}/assignments").json()["items"]
    assert len(rows) == 6
    assert {one["status"] for one in rows} == {"invited"}
    # One pseudonym per reviewer, the same in the whole call.
    aliases = {(one["reviewer_id"], one["alias"]) for one in rows}
    assert len(aliases) == len({one for _, one in aliases}) == 3
    me = scene.reviewers[0]
    place = f"/v1/assignments/{me.get('/v1/assignments').json()['items'][0]['id']}"
    me.post(f"{place}/decline", json={"reason": "Too many."})
    assert assign(scene).json()["invited"] == 1
    assert assign(scene, reviews_per_proposal=3).json()["shortages"] != []


def test_conflicts_and_languages_are_left_out_and_shortages_say_why(world: World) -> None:
    scene = Scene(world, proposals=2, reviewers=3)
    scene.make_applicant(scene.reviewers[0], 0)
    body = {"party_id": str(scene.parties[0].id), "kind": "personal"}
    scene.reviewers[1].post("/v1/conflicts", json=body)
    with scene.writing() as db:
        db.get_one(Proposal, scene.proposals[1].id).language = "fr"
    shown = plan(scene).json()
    assert shown["conflicts"] == 2
    pairs = {(one["proposal_id"], one["reviewer_id"]) for one in shown["pairs"]}
    assert pairs == {(str(scene.proposals[0].id), scene.reviewer_ids[2])}
    short = {one["proposal_id"]: one for one in shown["shortages"]}
    assert short[str(scene.proposals[0].id)]["given"] == 1
    assert "2 have a conflict of interest" in short[str(scene.proposals[0].id)]["reason"]
    assert "3 do not read its language" in short[str(scene.proposals[1].id)]["reason"]
    assert len(plan(scene, ignore_languages=True).json()["pairs"]) == 3


def test_expertise_and_greatest_loads_are_kept(world: World) -> None:
    scene = Scene(world, proposals=4, reviewers=1)
    other = world.as_role(Role.REVIEWER)
    other_id = scene.enrol(other, objectives=[1], max_load=1)
    shown = plan(scene, reviews_per_proposal=1).json()
    loads = {one["reviewer_id"]: (one["load"], one["most"]) for one in shown["loads"]}
    assert loads[other_id][0] <= 1
    assert loads[scene.reviewer_ids[0]][0] >= 3
    assert {one["expertise"] for one in shown["pairs"]} <= {"0", "100"}
    full = plan(scene, reviews_per_proposal=2).json()
    assert len(full["shortages"]) == 3
    assert full["shortages"][0]["busy"] == [other.actor.person_code]


def test_what_is_not_eligible_is_not_assigned_unless_asked_for(world: World) -> None:
    scene = Scene(world, proposals=3, reviewers=2)
    with scene.writing() as db:
        db.get_one(Proposal, scene.proposals[0].id).status = "submitted"
        db.get_one(Proposal, scene.proposals[1].id).status = "ineligible"
    eligible, submitted = str(scene.proposals[2].id), str(scene.proposals[0].id)
    assert {one["proposal_id"] for one in plan(scene).json()["pairs"]} == {eligible}
    also = plan(scene, include_submitted=True).json()["pairs"]
    assert {one["proposal_id"] for one in also} == {eligible, submitted}
    assert scene.assign(1).status_code == 409


def test_a_resting_reviewer_gets_nothing_and_keeps_what_they_have(square: Scene) -> None:
    kept = square.assigned(0, 0)
    place = f"/v1/reviewers/{square.reviewer_ids[0]}"
    tag = {"if-match": square.officer.get(place).headers["etag"]}
    assert square.officer.patch(place, json={"status": "resting"}, headers=tag).status_code == 200
    new = [one for one in plan(square).json()["pairs"] if one["is_new"]]
    assert {one["reviewer_id"] for one in new} == {square.reviewer_ids[1]}
    assert square.reviewers[0].get(f"{kept}/proposal").status_code == 200


def test_a_plan_made_from_what_has_changed_is_not_carried_out(
    square: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = planning.best

    def meanwhile(asked: planning.Question) -> Any:
        found = real(asked)
        square.make_applicant(square.reviewers[0], 0)
        return found

    monkeypatch.setattr(planning, "best", meanwhile)
    refused = assign(square)
    assert refused.json()["type"].endswith("busy"), refused.text
    assert square.officer.get(f"/v1/calls/{square.call_id}/assignments").json()["items"] == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"reviews_per_proposal": 0}, "/reviews_per_proposal"),
        ({"weights": {"expertise": 1001}}, "/weights/expertise"),
        ({"include_submitted": "yes"}, "/include_submitted"),
        ({"seed": 1}, "/seed"),
    ],
)
def test_a_wrong_question_is_refused(lone: Scene, body: dict[str, Any], pointer: str) -> None:
    for refused in (plan(lone, **body), assign(lone, **body)):
        assert refused.status_code == 422
        assert [one["pointer"] for one in refused.json()["errors"]] == [pointer]


def test_planning_takes_as_many_queries_for_many_as_for_few(world: World) -> None:
    few, many = Scene(world, proposals=2, reviewers=2), Scene(world, proposals=9, reviewers=6)
    counts = []
    for scene in (few, many):
        with counted(world.database) as seen:
            assert plan(scene).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]
