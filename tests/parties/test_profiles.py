"""Profiles of organisations: said once, changed with their ETag, told to those who may know."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from fundops import audit
from fundops.authz import Role
from fundops.parties import profiles
from fundops.parties.models import Party
from tests.factories import a_party
from tests.world import Caller, World

SAID = {
    "registered_on": "2014-05-20",
    "registration_country": "AT",
    "registration_number": "ZVR 123456789",
    "assisting_since_on": "2015-01-10",
    "annual_budget": {"amount": "184000.00", "currency": "EUR"},
    "annual_budget_year": 2025,
    "has_own_account": True,
    "has_safeguarding_policy": False,
    "works_directly": True,
    "languages": ["de", "en"],
    "mission": "Shelter and legal aid for survivors.",
}


@pytest.fixture
def party_id(world: World) -> UUID:
    with world.database.write() as db:
        audit.lock_head(db)
        return a_party(db, kind="civil_society").id


@pytest.fixture
def grantee(world: World, party_id: UUID) -> Caller:
    return world.as_role(Role.GRANTEE, party_id=party_id)


def put(caller: Caller, party_id: UUID, said: Any, match: str | None = None) -> Any:
    headers = {} if match is None else {"if-match": match}
    return caller.request("PUT", f"/v1/parties/{party_id}/profile", json=said, headers=headers)


def test_a_profile_is_made_read_and_changed(world: World, grantee: Caller, party_id: UUID) -> None:
    path = f"/v1/parties/{party_id}/profile"
    assert grantee.get(path).status_code == 404
    made = put(grantee, party_id, SAID)
    assert made.status_code == 200, made.text
    assert made.json().items() >= SAID.items()
    assert grantee.get(path).json() == made.json()
    assert made.headers["etag"] == grantee.get(path).headers["etag"]
    less = {"has_own_account": False, "languages": ["en", "en", "ar"]}
    changed = put(grantee, party_id, less, made.headers["etag"])
    assert changed.status_code == 200
    found = changed.json()
    assert found["languages"] == ["ar", "en"]
    assert found["has_own_account"] is False
    assert all(found[name] is None for name in SAID if name not in less)
    with world.database.read() as db:
        profile = profiles.profile_of(db, party_id)
        assert profile is not None
        assert profile.annual_budget_minor is None


def test_a_change_needs_the_etag_and_a_first_one_none(grantee: Caller, party_id: UUID) -> None:
    assert put(grantee, party_id, SAID, '"1"').status_code == 412
    etag = put(grantee, party_id, SAID).headers["etag"]
    assert put(grantee, party_id, SAID).status_code == 428
    assert put(grantee, party_id, SAID, '"999"').status_code == 412
    assert put(grantee, party_id, {}, etag).status_code == 200
    assert put(grantee, party_id, {}, etag).status_code == 412


def test_what_changed_is_told_with_before_and_after(
    world: World, grantee: Caller, party_id: UUID
) -> None:
    etag = put(grantee, party_id, SAID).headers["etag"]
    again = put(grantee, party_id, SAID, etag)
    assert again.headers["etag"] == etag  # nothing changed, nothing to tell
    put(grantee, party_id, SAID | {"works_directly": False}, etag)
    with world.database.read() as db:
        events = db.execute(
            select(audit.AuditEvent.action, audit.AuditPayload.payload)
            .join(audit.AuditPayload, audit.AuditPayload.seq == audit.AuditEvent.seq)
            .where(audit.AuditEvent.record_type == "organisation_profile")
            .order_by(audit.AuditEvent.seq)
        ).all()
    assert [action for action, _ in events] == [
        "organisation_profile.created", "organisation_profile.changed",
    ]  # fmt: skip
    assert events[1][1] is not None
    told = json.loads(events[1][1])
    assert told == {"before": {"works_directly": True}, "after": {"works_directly": False}}


@pytest.mark.parametrize(
    ("over", "pointer"),
    [
        ({"registered_on": "2190-01-01"}, "/registered_on"),
        ({"assisting_since_on": "2190-01-01"}, "/assisting_since_on"),
        ({"registration_country": "QQ"}, "/registration_country"),
        ({"annual_budget": {"amount": "1.234", "currency": "EUR"}}, "/annual_budget/amount"),
        ({"annual_budget": {"amount": "1", "currency": "QQQ"}}, "/annual_budget/currency"),
        ({"annual_budget_year": None}, "/annual_budget_year"),
        ({"annual_budget_year": 1800}, "/annual_budget_year"),
        ({"languages": ["german"]}, "/languages/0"),
        ({"languages": ["de"] * 31}, "/languages"),
        ({"mission": "x" * 4001}, "/mission"),
        ({"mission": "a\x07b"}, "/mission"),
        ({"registration_number": "x" * 121}, "/registration_number"),
        ({"has_own_account": "yes"}, "/has_own_account"),
        ({"party_id": "x"}, "/party_id"),
    ],
)
def test_wrong_profiles_are_refused(
    grantee: Caller, party_id: UUID, over: dict[str, Any], pointer: str
) -> None:
    answer = put(grantee, party_id, SAID | over)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_who_reads_and_writes_a_profile(world: World, grantee: Caller, party_id: UUID) -> None:
    path = f"/v1/parties/{party_id}/profile"
    with world.database.write() as db:
        audit.lock_head(db)
        other = a_party(db).id
    stranger = world.as_role(Role.GRANTEE, party_id=other)
    assert put(stranger, party_id, SAID).status_code == 404
    officer = world.as_role(Role.GRANT_OFFICER)
    assert put(officer, party_id, SAID).status_code == 200
    assert stranger.get(path).status_code == 404
    assert grantee.get(path).status_code == 200
    for role, reads, writes in (
        (Role.FUND_MANAGER, 200, 403), (Role.AUDITOR, 200, 403), (Role.BOARD_MEMBER, 200, 403),
        (Role.REVIEWER, 403, 403), (Role.FINANCE_OFFICER, 403, 403),
    ):  # fmt: skip
        caller = world.as_role(role)
        assert caller.get(path).status_code == reads, role
        assert put(caller, party_id, SAID, '"1"').status_code == writes, role


def test_the_profile_of_a_party_at_risk_is_there_for_those_who_may_know_it(
    world: World, grantee: Caller, party_id: UUID
) -> None:
    put(grantee, party_id, SAID)
    with world.database.write() as db:
        audit.lock_head(db)
        party = db.get(Party, party_id)
        assert party is not None
        party.is_at_risk, party.public_label = True, "A network"
    path = f"/v1/parties/{party_id}/profile"
    board = world.as_role(Role.BOARD_MEMBER).get(path)
    assert board.status_code == 404
    assert "ZVR" not in board.text
    for role in (Role.GRANT_OFFICER, Role.AUDITOR, Role.FUND_MANAGER):
        assert world.as_role(role).get(path).status_code == 200, role
    assert grantee.get(path).status_code == 200
