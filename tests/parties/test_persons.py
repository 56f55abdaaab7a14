"""Persons: registering, renaming, leaving."""

from __future__ import annotations

import re
from typing import Any

from fundops.authz import Role
from tests.parties.conftest import Counting
from tests.parties.steps import a_fund_id, a_membership, a_party_id, ended_at, instant
from tests.world import World


def test_a_person_is_registered_and_may_do_nothing_yet(world: World) -> None:
    administrator = world.as_role(Role.ADMINISTRATOR)
    answer = administrator.post("/v1/persons", json={"name": "Finance officer"})
    assert answer.status_code == 201
    person = answer.json()
    assert re.fullmatch(r"PER-\d{4}-\d{4}", person["code"])
    assert answer.headers["location"] == f"/v1/persons/{person['id']}"
    assert administrator.get(f"/v1/persons/{person['id']}").json() == person
    token = administrator.post("/v1/tokens", json={"person_id": person["id"], "label": "first"})
    secret = token.json()["secret"]
    for path in ("/v1/me", "/v1/persons", "/v1/funds"):
        refused = world.client.get(path, headers={"authorization": f"Bearer {secret}"})
        assert refused.status_code == 403


def test_codes_are_unique_and_those_of_the_system_reserved(world: World) -> None:
    administrator = world.as_role(Role.ADMINISTRATOR)
    named = {"name": "A", "code": "FINANCE-1"}
    assert administrator.post("/v1/persons", json=named).json()["code"] == "FINANCE-1"
    again = administrator.post("/v1/persons", json=named)
    assert (again.status_code, again.json()["type"]) == (409, "urn:fundops:problem:already-exists")
    for code, place in (("PER-2026-0001", "/code"), ("lower", "/code"), ("X" * 41, "/code")):
        refused = administrator.post("/v1/persons", json={"name": "A", "code": code})
        assert refused.json()["errors"][0]["pointer"] == place
    assert administrator.post("/v1/persons", json={"name": "x" * 201}).status_code == 422


def test_renaming_needs_the_present_version(world: World) -> None:
    administrator = world.as_role(Role.ADMINISTRATOR)
    path = f"/v1/persons/{world.as_role(Role.AUDITOR).actor.person_id}"
    assert administrator.patch(path, json={"name": "New"}).status_code == 428
    fresh = {"if-match": administrator.get(path).headers["etag"]}
    assert administrator.patch(path, json={"name": None}, headers=fresh).status_code == 422
    assert administrator.patch(path, json={"name": "New"}, headers=fresh).json()["name"] == "New"
    assert administrator.patch(path, json={"name": "Newer"}, headers=fresh).status_code == 412


def test_leaving_ends_every_role_and_token_at_once(world: World) -> None:
    administrator, leaver = world.as_role(Role.ADMINISTRATOR), world.as_role(Role.APPROVER)
    person_id = str(leaver.actor.person_id)
    second = leaver.post("/v1/tokens", json={"label": "second"}).json()["secret"]
    other = world.as_role(Role.AUDITOR)
    lent = leaver.post(
        "/v1/delegations",
        json={
            "membership_id": a_membership(administrator, person_id)["id"],
            "person_code": other.actor.person_code,
            "valid_until": instant(days=5),
            "reason": "Leave",
        },
    )
    assert lent.status_code == 201, lent.text
    left = administrator.post(f"/v1/persons/{person_id}/leave", json={"reason": "Retired"})
    assert (left.status_code, left.json()["status"]) == (200, "left")
    for token in (leaver.token, second):
        answer = world.client.get("/v1/me", headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == 401
    for membership_id in (a_membership(administrator, person_id)["id"], lent.json()["id"]):
        assert ended_at(administrator, membership_id) is not None
    assert [role["role"] for role in other.get("/v1/me").json()["roles"]] == ["auditor"]
    tokens = administrator.get(f"/v1/tokens?person_id={person_id}").json()["items"]
    assert len(tokens) == 2
    assert all(token["revoked_at"] for token in tokens)
    again = administrator.post(f"/v1/persons/{person_id}/leave", json={"reason": "Retired"})
    assert again.json()["type"] == "urn:fundops:problem:wrong-status"


def test_nothing_is_given_to_a_person_who_has_left(world: World) -> None:
    administrator, leaver = world.as_role(Role.ADMINISTRATOR), world.as_role(Role.APPROVER)
    person_id, code = str(leaver.actor.person_id), leaver.actor.person_code
    administrator.post(f"/v1/persons/{person_id}/leave", json={"reason": "Retired"})
    own = a_membership(administrator, str(administrator.actor.person_id))["id"]
    attempts: list[tuple[str, dict[str, Any], str]] = [
        ("memberships", {"person_id": person_id, "role": "auditor"}, "/person_id"),
        ("tokens", {"person_id": person_id, "label": "x"}, "/person_id"),
        (
            "delegations",
            {
                "membership_id": own,
                "person_code": code,
                "valid_until": instant(days=1),
                "reason": "x",
            },
            "/person_code",
        ),
    ]
    for path, body, pointer in attempts:
        refused = administrator.post(f"/v1/{path}", json=body)
        assert refused.status_code == 422, path
        assert refused.json()["errors"][0]["pointer"] == pointer


def test_every_end_is_in_the_chain(world: World) -> None:
    administrator, leaver = world.as_role(Role.ADMINISTRATOR), world.as_role(Role.APPROVER)
    person_id = str(leaver.actor.person_id)
    administrator.post(f"/v1/persons/{person_id}/leave", json={"reason": "Retired"})
    events = world.as_role(Role.AUDITOR).get("/v1/audit_events?sort=-seq&limit=3").json()["items"]
    assert [event["action"] for event in events] == [
        "token.revoked",
        "membership.ended",
        "person.left",
    ]
    assert {event["reason"] for event in events} == {"Retired"}


def test_only_administrators_write_persons(world: World) -> None:
    person_id = world.as_role(Role.DONOR, party_id=a_party_id(world)).actor.person_id
    for role in (Role.FUND_MANAGER, Role.AUDITOR, Role.FINANCE_OFFICER, Role.GRANT_OFFICER):
        caller = world.as_role(role)
        assert caller.post("/v1/persons", json={"name": "A"}).status_code == 403
        gone = caller.post(f"/v1/persons/{person_id}/leave", json={"reason": "x"})
        assert gone.status_code == 403


def test_an_administrator_of_one_fund_sees_and_ends_only_what_is_there(world: World) -> None:
    one, two = a_fund_id(world), a_fund_id(world)
    limited = world.as_role(Role.ADMINISTRATOR, fund_id=one)
    here = world.as_role(Role.AUDITOR, fund_id=one).actor.person_id
    there = world.as_role(Role.AUDITOR, fund_id=two).actor.person_id
    everywhere = world.as_role(Role.AUDITOR).actor.person_id
    seen = {item["id"] for item in limited.get("/v1/persons").json()["items"]}
    assert seen == {str(here), str(everywhere), str(limited.actor.person_id)}
    assert limited.get(f"/v1/persons/{there}").status_code == 404
    assert limited.post(f"/v1/persons/{there}/leave", json={"reason": "x"}).status_code == 404
    assert limited.post(f"/v1/persons/{here}/leave", json={"reason": "x"}).status_code == 403
    full = world.as_role(Role.ADMINISTRATOR)
    assert full.post(f"/v1/persons/{here}/leave", json={"reason": "x"}).status_code == 200


def test_leaving_takes_the_same_number_of_statements_however_much_ends(
    world: World, statements: Counting
) -> None:
    administrator = world.as_role(Role.ADMINISTRATOR)
    counts = []
    for tokens in (2, 6):
        leaver = world.as_role(Role.APPROVER)
        for number in range(tokens):
            leaver.post("/v1/tokens", json={"label": f"{number}"})
        with statements() as seen:
            gone = administrator.post(
                f"/v1/persons/{leaver.actor.person_id}/leave", json={"reason": "x"}
            )
        assert gone.status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]
