"""Tokens: made once, shown once, never wider or longer than they may be, and misused in vain."""

from __future__ import annotations

import json
import zlib
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from fundops.authz import Role
from fundops.idempotency import IdempotencyKey
from fundops.parties.models import Token
from fundops.parties.tokens import is_well_formed, new_secret, secret_hash
from tests.parties.conftest import MovingClock
from tests.parties.steps import a_fund_id, a_membership, a_party_id, instant, pointer, problem
from tests.world import Caller, World


def make(caller: Caller, **body: Any) -> Any:
    return caller.post("/v1/tokens", json={"label": "test"} | body)


def using(world: World, answer: Any, actor: Any = None) -> Caller:
    assert answer.status_code == 201, answer.text
    return Caller(world.client, answer.json()["secret"], actor)


def test_the_secret_is_in_the_first_answer_and_nowhere_else(world: World) -> None:
    person = world.as_role(Role.APPROVER)
    key = {"idempotency-key": "make-one-token"}
    first = person.post("/v1/tokens", json={"label": "x"}, headers=key)
    secret = first.json()["secret"]
    assert is_well_formed(secret)
    replay = person.post("/v1/tokens", json={"label": "x"}, headers=key)
    assert replay.status_code == 201
    assert replay.json() == first.json() | {"secret": None}
    assert replay.headers["location"] == first.headers["location"]
    listed = person.get("/v1/tokens")
    assert len(listed.json()["items"]) == 2  # the replay made nothing
    assert person.get(first.headers["location"]).json() == {
        name: value for name, value in first.json().items() if name != "secret"
    }
    assert secret not in replay.text + listed.text
    kept = everything(world)
    assert first.json()["id"].replace("-", "") in kept.replace("-", "")
    assert secret not in kept
    assert secret.removeprefix("fdo_")[:16] not in kept
    with world.database.read() as db:
        stored = db.execute(select(IdempotencyKey.body)).scalars().all()
        hashes = db.execute(select(Token.secret_hash)).scalars().all()
    assert secret_hash(secret) in [bytes(one) for one in hashes]
    assert all(json.loads(bytes(body))["secret"] is None for body in stored)


def everything(world: World) -> str:
    """Return the text of every row that could hold a secret."""
    with world.database.read() as db:
        rows = [
            str([bytes(value) if isinstance(value, memoryview) else value for value in row])
            for table in ("tokens", "idempotency_keys", "audit_events", "audit_payloads", "persons")
            for row in db.execute(text(f"SELECT * FROM {table}"))
        ]
    return "\n".join(rows)


def test_neither_hash_nor_secret_reaches_the_audit_chain(world: World) -> None:
    person = world.as_role(Role.APPROVER)
    made = make(person).json()
    events = world.as_role(Role.AUDITOR).get(f"/v1/audit_events?record_id={made['id']}").json()
    (event,) = events["items"]
    assert event["action"] == "token.created"
    assert event["payload"]["after"]["label"] == "test"
    assert "secret" not in json.dumps(event)


def test_tokens_expire_after_the_default_or_the_day_asked_for(
    world: World, moving_clock: MovingClock
) -> None:
    administrator, person = world.as_role(Role.ADMINISTRATOR), world.as_role(Role.APPROVER)
    who = {"person_id": str(person.actor.person_id)}
    default = using(world, make(administrator, **who))
    longest = using(world, make(administrator, **who, expires_at=instant(days=365.9)))
    for ahead in ({"days": 367}, {"hours": -1}):
        assert pointer(make(administrator, **who, expires_at=instant(**ahead))) == "/expires_at"
    moving_clock.forward(days=89)
    assert default.get("/v1/me").status_code == 200
    moving_clock.forward(days=1.1)
    assert default.get("/v1/me").status_code == 401
    assert longest.get("/v1/me").status_code == 200
    moving_clock.forward(days=276)
    assert longest.get("/v1/me").status_code == 401


def test_a_revoked_token_is_refused_from_the_next_request_on(world: World) -> None:
    person = world.as_role(Role.APPROVER)
    made = make(person)
    token = using(world, made)
    assert token.get("/v1/me").status_code == 200
    path = f"/v1/tokens/{made.json()['id']}/revoke"
    revoked = person.post(path, json={"reason": "Lost"})
    assert (revoked.status_code, revoked.json()["revoked_at"] is None) == (200, False)
    assert token.get("/v1/me").status_code == 401
    assert person.get("/v1/me").status_code == 200
    assert problem(person.post(path, json={"reason": "Lost"})) == (409, "wrong-status")


def test_a_token_made_with_a_token_dies_with_it_and_takes_its_own_along(world: World) -> None:
    person = world.as_role(Role.APPROVER)
    first = make(person)
    second = make(using(world, first))
    third = make(using(world, second))
    beside = make(person)
    path = f"/v1/tokens/{first.json()['id']}/revoke"
    assert person.post(path, json={"reason": "Stolen"}).status_code == 200
    for made, status in ((first, 401), (second, 401), (third, 401), (beside, 200)):
        assert using(world, made).get("/v1/me").status_code == status


def test_an_administrators_token_does_not_take_along_those_made_for_others(world: World) -> None:
    administrator, person = world.as_role(Role.ADMINISTRATOR), world.as_role(Role.APPROVER)
    made = make(administrator, person_id=str(person.actor.person_id))
    path = f"/v1/tokens/{administrator.actor.token_id}/revoke"
    assert administrator.post(path, json={"reason": "Stolen"}).status_code == 200
    assert administrator.get("/v1/me").status_code == 401
    assert using(world, made).get("/v1/me").status_code == 200


def test_a_token_cannot_outlive_the_one_that_made_it(world: World) -> None:
    person = world.as_role(Role.APPROVER)  # its token is good for 30 days
    for over in ({}, {"expires_at": instant(days=29)}):
        made = make(person, **over)
        assert made.json()["expires_at"] <= person.get("/v1/me").json()["token"]["expires_at"]
    assert pointer(make(person, expires_at=instant(days=31))) == "/expires_at"


def test_a_narrowed_token_gives_what_it_is_narrowed_to_and_makes_nothing_wider(
    world: World,
) -> None:
    one, two = a_fund_id(world), a_fund_id(world)
    administrator, person = world.as_role(Role.ADMINISTRATOR), world.as_role(Role.APPROVER)
    for role in ("auditor", "fund_manager"):
        administrator.post(
            "/v1/memberships", json={"person_id": str(person.actor.person_id), "role": role}
        )
    made = make(person, role="auditor", fund_id=str(one))
    narrowed = using(world, made)
    me = narrowed.get("/v1/me").json()
    assert [(role["role"], role["fund"]["id"]) for role in me["roles"]] == [("auditor", str(one))]
    assert narrowed.post("/v1/parties", json={}).status_code == 403
    assert [fund["id"] for fund in narrowed.get("/v1/funds").json()["items"]] == [str(one)]
    assert narrowed.get(f"/v1/funds/{two}").status_code == 404
    for over, place in (
        ({"role": "fund_manager"}, "/role"),
        ({"fund_id": str(two)}, "/fund_id"),
    ):
        assert pointer(make(narrowed, **over)) == place
    again = make(narrowed)
    assert (again.json()["role"], again.json()["fund_id"]) == ("auditor", str(one))
    assert again.json()["made_with_id"] == made.json()["id"]


def test_a_token_for_one_party_sees_only_that_party(world: World) -> None:
    one, two = a_party_id(world), a_party_id(world)
    administrator, person = (
        world.as_role(Role.ADMINISTRATOR),
        world.as_role(Role.DONOR, party_id=one),
    )
    administrator.post(
        "/v1/memberships",
        json={"person_id": str(person.actor.person_id), "role": "donor", "party_id": str(two)},
    )
    narrowed = using(world, make(person, party_id=str(two)))
    parties = [role["party"]["id"] for role in narrowed.get("/v1/me").json()["roles"]]
    assert parties == [str(two)]
    assert pointer(make(narrowed, party_id=str(one))) == "/party_id"


def test_a_narrowing_to_what_the_person_does_not_hold_is_refused(world: World) -> None:
    fund, other = a_fund_id(world), a_fund_id(world)
    person = world.as_role(Role.APPROVER, fund_id=fund)
    for over, place in (
        ({"role": "administrator"}, "/role"),
        ({"party_id": str(uuid4())}, "/party_id"),
        ({"fund_id": str(other)}, "/fund_id"),
        ({"fund_id": str(uuid4())}, "/fund_id"),
        ({"label": ""}, "/label"),
        ({"label": "x" * 121}, "/label"),
    ):
        assert pointer(make(person, **over)) == place


def test_only_administrators_make_revoke_and_see_others_tokens(world: World) -> None:
    person = world.as_role(Role.AUDITOR)
    who, token_id = str(person.actor.person_id), str(person.actor.token_id)
    for role in (Role.FINANCE_OFFICER, Role.APPROVER, Role.GRANT_OFFICER):
        caller = world.as_role(role)
        for victim in (who, str(uuid4())):
            assert problem(make(caller, person_id=victim)) == (403, "not-allowed")
        assert caller.get(f"/v1/tokens/{token_id}").status_code == 404
        assert caller.get(f"/v1/tokens?person_id={who}").json()["items"] == []
        gone = caller.post(f"/v1/tokens/{token_id}/revoke", json={"reason": "x"})
        assert gone.status_code == 404
    # The fund manager reads access, and still cannot touch it.
    manager = world.as_role(Role.FUND_MANAGER)
    assert manager.get(f"/v1/tokens/{token_id}").status_code == 200
    gone = manager.post(f"/v1/tokens/{token_id}/revoke", json={"reason": "x"})
    assert problem(gone) == (403, "not-allowed")
    assert person.get("/v1/me").status_code == 200
    administrator = world.as_role(Role.ADMINISTRATOR)
    gone = administrator.post(f"/v1/tokens/{token_id}/revoke", json={"reason": "x"})
    assert gone.status_code == 200
    assert person.get("/v1/me").status_code == 401


def test_an_administrator_of_one_fund_makes_tokens_for_that_fund(world: World) -> None:
    here, there = a_fund_id(world), a_fund_id(world)
    limited, person = world.as_role(Role.ADMINISTRATOR, fund_id=here), world.as_role(Role.APPROVER)
    who = {"person_id": str(person.actor.person_id)}
    for fund in (None, str(there)):
        assert problem(make(limited, **who, fund_id=fund)) == (403, "not-allowed")
    made = make(limited, **who, fund_id=str(here))
    assert made.status_code == 201
    mine = {item["id"] for item in limited.get("/v1/tokens").json()["items"]}
    assert mine == {made.json()["id"], str(limited.actor.token_id)}
    path = f"/v1/tokens/{made.json()['id']}/revoke"
    assert limited.post(path, json={"reason": "x"}).status_code == 200


def test_tokens_of_one_person_have_a_limit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fundops.parties.credentials.MAX_LIVE_TOKENS", 2)
    person = world.as_role(Role.APPROVER)
    made = make(person)
    assert problem(make(person)) == (409, "conflict")
    person.post(f"/v1/tokens/{made.json()['id']}/revoke", json={"reason": "x"})
    assert make(person).status_code == 201


def test_forged_malformed_and_misplaced_tokens_are_refused_alike(world: World) -> None:
    person = world.as_role(Role.APPROVER)
    good = person.token
    assert good is not None
    body = good.removeprefix("fdo_")
    flipped = ("0" if body[0] != "0" else "1") + body[1:]
    recomputed = flipped[:32] + f"{zlib.crc32(flipped[:32].encode()):08x}"
    wrong = {
        "checksum": f"fdo_{flipped}",
        "well-formed but unknown": f"fdo_{recomputed}",
        "never made": new_secret(),
        "no prefix": body,
        "other prefix": f"ghp_{body}",
        "cut": good[:-1],
        "longer": f"{good}0",
        "upper case": good.upper(),
        "inner space": good[:10] + " " + good[10:],
    }
    assert is_well_formed(wrong["well-formed but unknown"])
    assert not is_well_formed(wrong["checksum"])
    answers = {
        name: world.client.get("/v1/me", headers={"authorization": f"Bearer {token}"})
        for name, token in wrong.items()
    }
    answers["no token"] = world.client.get("/v1/me")
    answers["basic"] = world.client.get("/v1/me", headers={"authorization": f"Basic {good}"})
    answers["in the address"] = world.client.get(f"/v1/me?access_token={good}")
    for name, answer in answers.items():
        assert problem(answer) == (401, "not-authenticated"), name
        assert answer.headers["www-authenticate"] == "Bearer"
    details = {answer.json()["detail"] for answer in answers.values()}
    assert len(details) == 1
    assert person.get("/v1/me").status_code == 200


def test_a_token_of_a_person_without_roles_does_nothing(world: World) -> None:
    administrator, person = world.as_role(Role.ADMINISTRATOR), world.as_role(Role.APPROVER)
    held = a_membership(administrator, str(person.actor.person_id))
    administrator.post(f"/v1/memberships/{held['id']}/end", json={"reason": "x"})
    for path in ("/v1/me", "/v1/tokens", "/v1/delegations", "/v1/roles"):
        assert problem(person.get(path)) == (403, "not-allowed")
