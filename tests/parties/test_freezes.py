"""Freezing a party: one person at once, two others to restore; meanwhile it gives nothing."""

from __future__ import annotations

from itertools import permutations
from uuid import UUID

import pytest

from fundops import audit, clock
from fundops.authz import Role
from fundops.db import Database
from fundops.errors import Problem
from fundops.ids import uuid7
from fundops.parties.models import PartyFreeze
from tests.factories import a_party, a_person
from tests.world import Caller, World

WHY = {"reason": "A token was found in the hands of a stranger"}


def a_frozen_world(world: World) -> tuple[str, Caller, Caller]:
    """Return a party's path, its person, and whoever froze it."""
    with world.database.write() as db:
        audit.lock_head(db)
        party = a_party(db)
    theirs = world.as_role(Role.DONOR, party_id=party.id)
    assert theirs.get("/v1/me").status_code == 200
    freezer = world.as_role(Role.FUND_MANAGER)
    path = f"/v1/parties/{party.id}"
    frozen = freezer.post(f"{path}/freeze", json=WHY)
    assert (frozen.status_code, frozen.json()["status"]) == (200, "in_force")
    return path, theirs, freezer


def test_a_frozen_party_has_no_access_from_the_next_request_on(world: World) -> None:
    path, theirs, freezer = a_frozen_world(world)
    refused = theirs.get("/v1/me")
    assert (refused.status_code, refused.json()["type"]) == (
        403,
        "urn:fundops:problem:party-frozen",
    )
    assert freezer.get(path).json()["status"] == "frozen"
    asker, confirmer = world.as_role(Role.FUND_MANAGER), world.as_role(Role.ADMINISTRATOR)
    assert asker.post(f"{path}/request_restore", json=WHY).status_code == 200
    assert theirs.get("/v1/me").status_code == 403
    restored = confirmer.post(f"{path}/restore", json=WHY)
    assert (restored.status_code, restored.json()["status"]) == (200, "restored")
    assert theirs.get("/v1/me").status_code == 200


def test_a_person_of_two_parties_keeps_the_other(world: World) -> None:
    _, theirs, _ = a_frozen_world(world)
    administrator = world.as_role(Role.ADMINISTRATOR)
    with world.database.write() as db:
        audit.lock_head(db)
        other = a_party(db)
    granted = administrator.post(
        "/v1/memberships",
        json={
            "person_id": str(theirs.actor.person_id),
            "role": "donor",
            "party_id": str(other.id),
        },
    )
    assert granted.status_code == 201, granted.text
    roles = theirs.get("/v1/me").json()["roles"]
    assert [role["party"]["id"] for role in roles] == [str(other.id)]


def test_no_two_of_the_three_steps_are_taken_by_one_person(world: World) -> None:
    persons = [world.as_role(Role.FUND_MANAGER) for _ in range(3)]
    for first, second, third in permutations(persons):
        with world.database.write() as db:
            audit.lock_head(db)
            path = f"/v1/parties/{a_party(db).id}"
        assert first.post(f"{path}/freeze", json=WHY).status_code == 200
        alone = first.post(f"{path}/request_restore", json=WHY)
        assert (alone.status_code, alone.json()["type"]) == (409, "urn:fundops:problem:same-person")
        assert second.post(f"{path}/request_restore", json=WHY).status_code == 200
        for again in (first, second):
            refused = again.post(f"{path}/restore", json=WHY)
            assert refused.json()["type"] == "urn:fundops:problem:same-person"
        assert third.get(path).json()["status"] == "frozen"
        assert third.post(f"{path}/restore", json=WHY).status_code == 200


def test_steps_out_of_order_are_refused(world: World) -> None:
    path, _, _ = a_frozen_world(world)
    asker, confirmer = world.as_role(Role.FUND_MANAGER), world.as_role(Role.ADMINISTRATOR)
    for caller, verb in ((asker, "freeze"), (confirmer, "restore")):
        refused = caller.post(f"{path}/{verb}", json=WHY)
        assert refused.json()["type"] == "urn:fundops:problem:wrong-status", verb
    asker.post(f"{path}/request_restore", json=WHY)
    again = confirmer.post(f"{path}/request_restore", json=WHY)
    assert again.json()["type"] == "urn:fundops:problem:wrong-status"
    confirmer.post(f"{path}/restore", json=WHY)
    for verb in ("request_restore", "restore"):
        assert confirmer.post(f"{path}/{verb}", json=WHY).status_code == 409


def test_a_freeze_needs_a_reason_and_the_right(world: World) -> None:
    path, _, _ = a_frozen_world(world)
    manager = world.as_role(Role.FUND_MANAGER)
    assert manager.post(f"{path}/freeze", json={}).status_code == 422
    for role in (Role.FINANCE_OFFICER, Role.AUDITOR):
        assert world.as_role(role).post(f"{path}/freeze", json=WHY).status_code == 403
    for role in (Role.APPROVER, Role.GRANT_OFFICER, Role.AUDITOR):
        for verb in ("request_restore", "restore"):
            assert world.as_role(role).post(f"{path}/{verb}", json=WHY).status_code == 403


def test_freezes_are_listed_with_who_began_and_ended_them(world: World) -> None:
    path, _, freezer = a_frozen_world(world)
    asker, confirmer = world.as_role(Role.FUND_MANAGER), world.as_role(Role.ADMINISTRATOR)
    asker.post(f"{path}/request_restore", json=WHY)
    confirmer.post(f"{path}/restore", json=WHY)
    freezer.post(f"{path}/freeze", json=WHY)
    first, second = freezer.get(f"{path}/freezes").json()["items"]
    assert [first[f"{step}_by_id"] for step in ("frozen", "restore_requested", "restored")] == [
        str(one.actor.person_id) for one in (freezer, asker, confirmer)
    ]
    assert (first["status"], second["status"]) == ("restored", "in_force")
    trail = freezer.get(f"/v1/audit_events?record_id={UUID(path.rsplit('/', 1)[1])}").json()
    assert [(event["action"], event["reason"]) for event in trail["items"]] == [
        ("party.frozen", WHY["reason"]),
        ("party.restore_requested", WHY["reason"]),
        ("party.restored", WHY["reason"]),
        ("party.frozen", WHY["reason"]),
    ]


@pytest.mark.parametrize("clash", [("a", "a", "b"), ("a", "b", "a"), ("a", "b", "b")])
def test_the_database_itself_wants_three_persons(
    database: Database, clash: tuple[str, str, str]
) -> None:
    def put(froze: str, asked: str, restored: str) -> None:
        with database.write() as db:
            audit.lock_head(db)
            ids = {name: a_person(db, Role.FUND_MANAGER)[0].person_id for name in "abc"}
            db.add(
                PartyFreeze(
                    id=uuid7(),
                    party_id=a_party(db).id,
                    status="restored",
                    reason="x",
                    frozen_by_id=ids[froze],
                    frozen_at=clock.now(),
                    restore_requested_by_id=ids[asked],
                    restored_by_id=ids[restored],
                )
            )
            db.flush()

    put("a", "b", "c")
    with pytest.raises(Problem) as caught:
        put(*clash)
    assert caught.value.slug == "same-person"
