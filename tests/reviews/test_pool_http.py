"""The pool of reviewers over HTTP, and conflicts of interest with organisations."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from fundops import clock
from fundops.authz import Role
from fundops.parties import interests
from fundops.proposals.models import Proposal
from fundops.reviews import conflicts
from tests.factories import a_person
from tests.reviews.review_factories import Scene, counted
from tests.world import World


def test_a_person_with_the_role_is_enrolled_changed_and_rests(lone: Scene) -> None:
    place = f"/v1/reviewers/{lone.reviewer_ids[0]}"
    found = lone.officer.get(place)
    assert (found.json()["objectives"], found.json()["open_load"]) == ([4], 0)
    tag = {"if-match": found.headers["etag"]}
    change = {"languages": ["fr", "en"], "status": "resting"}
    changed = lone.officer.patch(place, json=change, headers=tag)
    assert changed.status_code == 200, changed.text
    assert (changed.json()["languages"], changed.json()["status"]) == (["en", "fr"], "resting")
    assert lone.officer.patch(place, json=change, headers=tag).status_code == 412
    listed = lone.officer.get("/v1/reviewers?status=active").json()["items"]
    assert listed == []
    refused = lone.assign()
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/reviewer_id"]
    again = {"person_id": str(lone.reviewers[0].actor.person_id), "languages": ["en"],
             "max_load": 3}  # fmt: skip
    assert lone.officer.post("/v1/reviewers", json=again).status_code == 409


@pytest.mark.parametrize(
    ("over", "pointer"),
    [
        ({"person_id": str(uuid4())}, "/person_id"),
        ({"languages": ["zz"]}, "/languages/0"),
        ({"languages": ["en", "en"]}, "/languages"),
        ({"regions": ["999"]}, "/regions/0"),
        ({"objectives": [11]}, "/objectives/0"),
        ({"max_load": 0}, "/max_load"),
    ],
)
def test_what_cannot_be_right_is_named(world: World, over: dict[str, Any], pointer: str) -> None:
    officer, person = world.as_role(Role.GRANT_OFFICER), world.as_role(Role.REVIEWER)
    body = {"person_id": str(person.actor.person_id), "languages": ["en"], "max_load": 3}
    refused = officer.post("/v1/reviewers", json=body | over)
    assert refused.status_code == 422, refused.text
    assert [one["pointer"] for one in refused.json()["errors"]] == [pointer]


def test_only_who_holds_the_role_is_enrolled(world: World) -> None:
    officer, other = world.as_role(Role.GRANT_OFFICER), world.as_role(Role.AUDITOR)
    body = {"person_id": str(other.actor.person_id), "languages": ["en"], "max_load": 3}
    assert officer.post("/v1/reviewers", json=body).status_code == 422


def test_an_officer_of_one_fund_sees_its_reviewers_only(world: World, lone: Scene) -> None:
    elsewhere = world.as_role(Role.REVIEWER, fund_id=Scene(world, reviewers=0).fund_id)
    other_id = lone.enrol(elsewhere)
    limited = world.as_role(Role.GRANT_OFFICER, fund_id=lone.fund_id)
    assert limited.get(f"/v1/reviewers/{other_id}").status_code == 404
    seen = {one["id"] for one in limited.get("/v1/reviewers").json()["items"]}
    assert seen == set(lone.reviewer_ids)
    assert lone.assign(reviewer=0).status_code == 201
    lone.reviewer_ids.append(other_id)
    assert lone.assign(reviewer=1).status_code == 422


def test_a_conflict_with_an_organisation_excludes_and_stays(pair: Scene) -> None:
    body = {"party_id": str(pair.parties[0].id), "kind": "family", "note": "A sister works there."}
    made = pair.reviewers[0].post("/v1/conflicts", json=body)
    assert made.status_code == 201, made.text
    listed = pair.reviewers[0].get("/v1/conflicts").json()["items"]
    assert [one["party_id"] for one in listed] == [str(pair.parties[0].id)]
    assert pair.reviewers[1].get("/v1/conflicts").json()["items"] == []
    assert pair.assign(reviewer=0).json()["type"].endswith("conflict-of-interest")
    told = pair.officer.post(f"/v1/reviewers/{pair.reviewer_ids[1]}/conflicts", json=body)
    assert told.status_code == 201, told.text
    assert pair.assign(reviewer=1).status_code == 409
    nobody = pair.reviewers[0].post("/v1/conflicts", json=body | {"party_id": str(uuid4())})
    assert [one["pointer"] for one in nobody.json()["errors"]] == ["/party_id"]


@pytest.mark.parametrize(
    ("ended", "counts"),
    [(None, True), (10, True), (729, True), (731, False), (900, False)],
)
def test_an_interest_outlasts_the_role_by_two_years(
    world: World, lone: Scene, ended: int | None, counts: bool
) -> None:
    until = None if ended is None else clock.now() - timedelta(days=ended)
    lone.make_applicant(
        lone.reviewers[0], valid_from=clock.now() - timedelta(days=1000), valid_until=until
    )
    person = lone.reviewers[0].actor.person_id
    with world.database.read() as db:
        assert interests.has_interest(db, person, lone.parties[0].id) is counts
        assert (lone.parties[0].id in interests.interested_parties(db, person)) is counts
    assert lone.assign().status_code == (409 if counts else 201)


def test_a_role_that_never_began_is_no_interest(world: World, lone: Scene) -> None:
    at = clock.now() - timedelta(days=5)
    lone.make_applicant(lone.reviewers[0], valid_from=at, valid_until=at)
    lone.make_applicant(lone.reviewers[0], valid_from=clock.now() + timedelta(days=5))
    with world.database.read() as db:
        person = lone.reviewers[0].actor.person_id
        assert interests.interested_parties(db, person) == set()


def test_the_three_forms_of_the_rule_agree(world: World) -> None:
    """One pair, many pairs, and SQL find the same conflicts, of every kind."""
    scene = Scene(world, proposals=4, reviewers=4)
    people = [one.actor.person_id for one in scene.reviewers]
    scene.make_applicant(scene.reviewers[0], 1)
    scene.reviewers[1].post(
        "/v1/conflicts", json={"party_id": str(scene.parties[2].id), "kind": "other"}
    )
    with scene.writing() as db:
        db.get_one(Proposal, scene.proposals[3].id).created_by_id = people[2]
        conflicts.declare(
            db, scene.reviewers[3].actor, people[3], "other", None,
            proposal=db.get_one(Proposal, scene.proposals[0].id),
        )  # fmt: skip
    wanted = {
        (people[0], scene.proposals[1].id): conflicts.INTEREST,
        (people[1], scene.proposals[2].id): conflicts.DECLARED,
        (people[2], scene.proposals[3].id): conflicts.AUTHOR,
        (people[3], scene.proposals[0].id): conflicts.DECLARED,
    }
    with world.database.read() as db:
        proposals = [db.get_one(Proposal, one.id) for one in scene.proposals]
        assert conflicts.conflicted_pairs(db, people, proposals) == wanted
        singly = {
            (person, one.id): conflicts.conflicted(db, person, one)
            for person in people
            for one in proposals
        }
        assert {pair: kind for pair, kind in singly.items() if kind is not None} == wanted
        in_sql = {
            (person, found)
            for person in people
            for found in db.execute(
                select(Proposal.id).where(conflicts.conflict_exists(person))
            ).scalars()
        }
        assert in_sql == set(wanted)


def test_lists_take_as_many_queries_for_many_as_for_few(world: World, lone: Scene) -> None:
    with counted(world.database) as few:
        assert len(lone.officer.get("/v1/reviewers").json()["items"]) == 1
    with lone.writing() as db:
        people = [a_person(db, Role.REVIEWER)[0] for _ in range(6)]
    for person in people:
        body = {"person_id": str(person.person_id), "languages": ["en"], "max_load": 3}
        assert lone.officer.post("/v1/reviewers", json=body).status_code == 201
    with counted(world.database) as many:
        assert len(lone.officer.get("/v1/reviewers").json()["items"]) == 7
    assert len(many) == len(few)
