"""Refusals that matter leave an event, though the refused request itself changed nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from fundops import clock, refusals
from fundops.audit import AuditEvent, AuditPayload
from fundops.authz import Role
from fundops.errors import Problem
from tests.world import World

FUND = {"code": "GLO", "name": "Global fund", "base_currency": "USD"}


def refused(world: World) -> list[dict[str, str]]:
    """Return what the chain says was refused."""
    with world.database.read() as db:
        query = (
            select(AuditPayload.payload)
            .join(AuditEvent, AuditEvent.seq == AuditPayload.seq)
            .where(AuditEvent.action == "request.refused")
        )
        return [json.loads(text or "{}")["after"] for text in db.execute(query).scalars()]


def test_a_change_that_no_role_allows_is_recorded_and_reading_is_not(world: World) -> None:
    auditor = world.as_role(Role.AUDITOR)
    assert auditor.post("/v1/funds", json=FUND).status_code == 403
    assert world.as_role(Role.DONOR, party_id=a_donor(world)).get("/v1/grants").status_code == 403
    assert refused(world) == [{"problem": "not-allowed", "method": "POST", "path": "/v1/funds"}]


def a_donor(world: World) -> UUID:
    """Register a donor and return its id."""
    from tests.factories import a_party

    with world.database.write() as db:
        return a_party(db).id


def test_ordinary_mistakes_are_not_recorded(world: World) -> None:
    manager = world.as_role(Role.FUND_MANAGER)
    assert manager.post("/v1/funds", json=FUND | {"code": "?"}).status_code == 422
    assert manager.post("/v1/funds", json=FUND).status_code == 201
    assert manager.post("/v1/funds", json=FUND).status_code == 409
    assert refused(world) == []


def test_a_refusal_that_cannot_be_recorded_is_still_a_refusal(world: World) -> None:
    """The record is a second transaction: its failure is logged, never answered."""
    auditor = world.as_role(Role.AUDITOR)
    world.database.close()
    broken = type("Broken", (), {"write": lambda _self: (_ for _ in ()).throw(Problem("busy"))})()
    refusals.record_refusal(broken, auditor.actor, "POST", "/v1/funds", Problem("not-allowed"))


def events_of_refusals(world: World) -> list[tuple[str, int | None]]:
    """Return the actions that tell of refusals in order, with the number that a summary tells."""
    with world.database.read() as db:
        query = (
            select(AuditEvent.action, AuditPayload.payload)
            .join(AuditPayload, AuditPayload.seq == AuditEvent.seq)
            .where(AuditEvent.record_type == "request")
            .order_by(AuditEvent.seq)
        )
        return [
            (action, json.loads(payload or "{}")["after"].get("refusals"))
            for action, payload in db.execute(query)
        ]


def test_somebody_refused_all_the_time_does_not_fill_the_chain(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "PER_MINUTE", 2)
    begin = datetime(2026, 3, 1, 12, tzinfo=UTC)
    hands = [begin]
    monkeypatch.setattr(clock, "now", lambda: hands[-1])
    actor, other = (world.as_role(Role.AUDITOR).actor for _ in range(2))

    def refuse(times: int, who: Any = actor) -> None:
        for _ in range(times):
            refusals.record_refusal(
                world.database, who, "POST", "/v1/funds", Problem("not-allowed")
            )

    single = ("request.refused", None)
    refuse(2)
    assert events_of_refusals(world) == [single] * 2
    refuse(40)
    told = [single, single, ("request.refused_repeatedly", 3), ("request.refused_repeatedly", 30)]
    assert events_of_refusals(world) == told, "42 refusals, four events"
    refuse(1, other)
    told.append(single)
    assert events_of_refusals(world) == told, "everybody has a minute of their own"
    hands.append(begin + timedelta(seconds=61))
    refuse(1)
    told += [("request.refused_repeatedly", 42), single]
    assert events_of_refusals(world) == told, "the rest is told with the next"
    hands.append(begin + timedelta(seconds=200))
    refuse(1)
    assert events_of_refusals(world) == [*told, single], "nothing was left untold"
