"""Memberships: who gets a role, for what, from when to when; and that nothing changes the past."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from fundops.authz import Role
from tests.parties.conftest import MovingClock
from tests.parties.steps import (
    a_fund_id,
    a_membership,
    a_party_id,
    ended_at,
    instant,
    pointer,
    problem,
)
from tests.world import Caller, World


def roles(caller: Caller) -> list[str]:
    answer = caller.get("/v1/me")
    if answer.status_code == 403:
        return []
    return sorted(role["role"] for role in answer.json()["roles"])


def grant(administrator: Caller, to: Caller, **body: Any) -> Any:
    return administrator.post("/v1/memberships", json={"person_id": str(to.actor.person_id)} | body)


def test_a_role_counts_from_the_next_request_on_until_it_ends(world: World) -> None:
    administrator, person = world.as_role(Role.ADMINISTRATOR), world.as_role(Role.AUDITOR)
    assert person.post("/v1/parties", json={}).status_code == 403
    granted = grant(administrator, person, role="grant_officer", reason="New work")
    assert granted.status_code == 201
    assert granted.json()["granted_by_id"] == str(administrator.actor.person_id)
    path = granted.headers["location"]
    assert path == f"/v1/memberships/{granted.json()['id']}"
    assert roles(person) == ["auditor", "grant_officer"]
    assert person.post("/v1/parties", json={}).status_code == 422
    ended = administrator.post(f"{path}/end", json={"reason": "Work done"})
    assert ended.status_code == 200
    assert ended.json()["ended_by_id"] == str(administrator.actor.person_id)
    assert person.post("/v1/parties", json={}).status_code == 403
    assert roles(person) == ["auditor"]
    # The row stays: it says what was allowed.
    assert administrator.get(path).json() == ended.json()


def test_nobody_gives_a_role_to_themself(world: World) -> None:
    administrator = world.as_role(Role.ADMINISTRATOR)
    for role in ("approver", "administrator"):
        refused = grant(administrator, administrator, role=role)
        assert problem(refused) == (409, "same-person")
    assert roles(administrator) == ["administrator"]


@pytest.mark.parametrize(
    "role", [role for role in Role if role not in (Role.ADMINISTRATOR, Role.DONOR, Role.GRANTEE)]
)
def test_only_administrators_give_and_end_roles(world: World, role: Role) -> None:
    caller, person = world.as_role(role), world.as_role(Role.AUDITOR)
    assert grant(caller, person, role="approver").status_code == 403
    membership = a_membership(world.as_role(Role.ADMINISTRATOR), str(person.actor.person_id))
    ended = caller.post(f"/v1/memberships/{membership['id']}/end", json={"reason": "x"})
    assert ended.status_code == 403
    assert roles(person) == ["auditor"]


def test_a_party_is_given_exactly_where_the_role_needs_one(world: World) -> None:
    administrator, person = world.as_role(Role.ADMINISTRATOR), world.as_role(Role.AUDITOR)
    party, pseudo = a_party_id(world), a_party_id(world, kind="pseudo")
    for body, place in (
        ({"role": "donor"}, "/party_id"),
        ({"role": "grantee", "party_id": str(uuid4())}, "/party_id"),
        ({"role": "donor", "party_id": str(pseudo)}, "/party_id"),
        ({"role": "auditor", "party_id": str(party)}, "/party_id"),
        ({"role": "approver", "fund_id": str(uuid4())}, "/fund_id"),
        ({"role": "owner"}, "/role"),
        ({"role": "approver", "person_id": str(uuid4())}, "/person_id"),
        ({"role": "approver", "valid_from": instant(hours=-1)}, "/valid_from"),
        ({"role": "approver", "valid_until": instant(hours=-1)}, "/valid_until"),
        ({"role": "approver", "valid_until": "2099-01-01"}, "/valid_until"),
    ):
        assert pointer(grant(administrator, person, **body)) == place, body
    assert grant(administrator, person, role="donor", party_id=str(party)).status_code == 201


def test_a_role_is_not_given_twice_for_the_same_time(
    world: World, moving_clock: MovingClock
) -> None:
    administrator, person = world.as_role(Role.ADMINISTRATOR), world.as_role(Role.AUDITOR)
    body = {"role": "approver", "valid_until": instant(days=10)}
    assert grant(administrator, person, **body).status_code == 201
    assert problem(grant(administrator, person, role="approver")) == (409, "already-exists")
    later = {"role": "approver", "valid_from": instant(days=10, hours=1)}
    assert grant(administrator, person, **later).status_code == 201
    fund = a_fund_id(world)
    narrower = grant(administrator, person, role="approver", fund_id=str(fund))
    assert narrower.status_code == 201


def test_a_period_begins_and_ends_to_the_instant(world: World, moving_clock: MovingClock) -> None:
    administrator, person = world.as_role(Role.ADMINISTRATOR), world.as_role(Role.AUDITOR)
    body = {"valid_from": instant(days=2), "valid_until": instant(days=4)}
    assert grant(administrator, person, role="approver", **body).status_code == 201
    seen = []
    for _ in range(5):
        seen.append("approver" in roles(person))
        moving_clock.forward(days=1, hours=0.01)
    assert seen == [False, False, True, True, False]


def test_an_end_can_be_set_ahead_and_brought_forward_but_never_put_off(
    world: World, moving_clock: MovingClock
) -> None:
    administrator, person = world.as_role(Role.ADMINISTRATOR), world.as_role(Role.AUDITOR)
    path = grant(administrator, person, role="approver").headers["location"]
    assert (
        pointer(administrator.post(f"{path}/end", json={"reason": "x", "at": instant(hours=-1)}))
        == "/at"
    )
    for days, status in ((5, 200), (6, 422), (3, 200)):
        body = {"reason": "x", "at": instant(days=days)}
        assert administrator.post(f"{path}/end", json=body).status_code == status
    assert "approver" in roles(person)
    moving_clock.forward(days=3.1)
    assert "approver" not in roles(person)
    over = administrator.post(f"{path}/end", json={"reason": "x"})
    assert problem(over) == (409, "wrong-status")


def test_a_role_to_come_can_be_called_off(world: World, moving_clock: MovingClock) -> None:
    administrator, person = world.as_role(Role.ADMINISTRATOR), world.as_role(Role.AUDITOR)
    body = {"role": "approver", "valid_from": instant(days=2)}
    path = grant(administrator, person, **body).headers["location"]
    assert administrator.post(f"{path}/end", json={"reason": "x"}).status_code == 200
    assert problem(administrator.post(f"{path}/end", json={"reason": "x"})) == (409, "wrong-status")
    moving_clock.forward(days=3)
    assert "approver" not in roles(person)
    assert grant(administrator, person, role="approver").status_code == 201


def test_an_administrator_of_one_fund_gives_roles_there_only(world: World) -> None:
    here, there = a_fund_id(world), a_fund_id(world)
    limited, person = world.as_role(Role.ADMINISTRATOR, fund_id=here), world.as_role(Role.AUDITOR)
    for fund in (None, str(there)):
        assert pointer(grant(limited, person, role="approver", fund_id=fund)) == "/fund_id"
    assert grant(limited, person, role="approver", fund_id=str(here)).status_code == 201
    full = world.as_role(Role.ADMINISTRATOR)
    wide = a_membership(full, str(person.actor.person_id))["id"]
    far = grant(full, person, role="approver", fund_id=str(there)).json()["id"]
    # One for all funds reaches into this one: seen, but not theirs to end.
    assert limited.post(f"/v1/memberships/{wide}/end", json={"reason": "x"}).status_code == 403
    assert limited.post(f"/v1/memberships/{far}/end", json={"reason": "x"}).status_code == 404
    listed = {item["id"] for item in limited.get("/v1/memberships").json()["items"]}
    assert wide in listed
    assert far not in listed


def test_roles_of_one_person_have_a_limit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fundops.parties.access.MAX_LIVE_MEMBERSHIPS", 2)
    administrator, person = world.as_role(Role.ADMINISTRATOR), world.as_role(Role.AUDITOR)
    second = grant(administrator, person, role="approver")
    assert second.status_code == 201
    assert problem(grant(administrator, person, role="grant_officer")) == (409, "conflict")
    administrator.post(f"{second.headers['location']}/end", json={"reason": "x"})
    assert grant(administrator, person, role="grant_officer").status_code == 201


def test_lists_are_filtered_and_show_the_past(world: World) -> None:
    administrator, person = world.as_role(Role.ADMINISTRATOR), world.as_role(Role.AUDITOR)
    made = grant(administrator, person, role="approver").json()["id"]
    administrator.post(f"/v1/memberships/{made}/end", json={"reason": "x"})
    assert ended_at(administrator, made) is not None
    who = f"person_id={person.actor.person_id}"

    def found(query: str) -> list[str]:
        answer = administrator.get(f"/v1/memberships?{who}&{query}&sort=role")
        assert answer.status_code == 200, answer.text
        return [item["role"] for item in answer.json()["items"]]

    assert found("") == ["approver", "auditor"]
    assert found("in_force=true") == ["auditor"]
    assert found("in_force=false") == ["approver"]
    assert found("role=approver") == ["approver"]
    assert found(f"fund_id={uuid4()}") == []
