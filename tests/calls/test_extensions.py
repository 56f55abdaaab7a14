"""A deadline moved later: for everybody, with a reason, logged, and never once reviewing began."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import text as sql
from sqlalchemy.exc import DBAPIError

from fundops.audit import AuditEvent
from fundops.authz import Role
from fundops.calls import deadlines, service
from fundops.calls.models import Call
from fundops.db import Database
from tests.calls.conftest import Calls, Counting, StillClock, pointers
from tests.filler import fill

LATER = {"deadline_at": "2026-06-13T15:59:59Z", "reason": "The network was down for three days."}


def test_an_extension_reaches_every_applicant_alike(calls: Calls, still_clock: StillClock) -> None:
    place = calls.opened()
    applicants = [calls.grantee() for _ in range(3)]
    made = calls.officer.post(f"{place}/extend", json=LATER)
    assert made.status_code == 201, made.text
    for caller in (*applicants, calls.officer):
        seen = caller.get(place).json()
        assert (seen["deadline_at"], seen["closes_on"]) == (LATER["deadline_at"], "2026-06-13")
        (one,) = caller.get(f"{place}/extensions").json()["items"]
        assert one == made.json()
    assert one["old_deadline_at"] == "2026-06-10T15:59:59Z"
    assert one["old_deadline"]["local"] == "2026-06-10T23:59:59+08:00"
    assert one["reason"] == LATER["reason"]
    there = calls.officer.get(f"{place}/extensions?zone=Europe/Vienna").json()["items"][0]
    assert there["new_deadline"]["local"] == "2026-06-13T17:59:59+02:00"
    # What would have been late now counts, whoever sends it.
    at = still_clock.at.replace(day=12)
    with calls.world.database.read() as db:
        call = db.query(Call).one()
        assert deadlines.counts(call, at, at)
        events = db.query(AuditEvent).filter(AuditEvent.action == "call.extended").all()
    assert [event.reason for event in events] == [LATER["reason"]]


def test_within_the_grace_but_not_after(calls: Calls, still_clock: StillClock) -> None:
    place = calls.opened()
    still_clock.put("2026-06-10T16:29:59Z")
    assert calls.officer.post(f"{place}/extend", json=LATER).status_code == 201
    still_clock.put("2026-06-13T16:30:00Z")
    over = calls.officer.post(
        f"{place}/extend", json=LATER | {"deadline_at": "2026-06-20T00:00:00Z"}
    )
    assert over.status_code == 409
    assert "grace are over" in over.json()["detail"]


def test_only_later_and_only_what_is_to_come(calls: Calls, still_clock: StillClock) -> None:
    place = calls.opened()
    for wrong in ("2026-06-10T15:59:59Z", "2026-06-01T00:00:00Z"):
        refused = calls.officer.post(f"{place}/extend", json=LATER | {"deadline_at": wrong})
        assert (refused.status_code, pointers(refused)) == (422, ["/deadline_at"])
        assert "2026-06-10 23:59:59 (UTC+08:00, Asia/Manila)" in refused.text
    still_clock.put("2026-06-10T16:10:00Z")
    past = calls.officer.post(
        f"{place}/extend", json=LATER | {"deadline_at": "2026-06-10T16:05:00Z"}
    )
    assert (past.status_code, pointers(past)) == (422, ["/deadline_at"])
    assert calls.officer.get(f"{place}/extensions").json()["items"] == []


@pytest.mark.parametrize("body", [{}, {"reason": "Why."}, LATER | {"reason": ""}])
def test_a_reason_is_needed(calls: Calls, body: dict[str, Any]) -> None:
    assert calls.officer.post(f"{calls.opened()}/extend", json=body).status_code == 422


def test_reviews_must_still_close_after_it(calls: Calls) -> None:
    place = calls.opened(reviews_close_at="2026-06-12T00:00:00Z")
    refused = calls.officer.post(f"{place}/extend", json=LATER)
    assert (refused.status_code, pointers(refused)) == (422, ["/reviews_close_at"])
    assert calls.officer.get(place).json()["deadline_at"] == "2026-06-10T15:59:59Z"
    assert calls.patch(place, reviews_close_at="2026-07-12T00:00:00Z").status_code == 200
    assert calls.officer.post(f"{place}/extend", json=LATER).status_code == 201


def test_drafts_and_closed_calls_and_undated_ones_are_not_extended(
    calls: Calls, still_clock: StillClock
) -> None:
    undated = calls.opened(deadline_at=None)
    closed = calls.opened()
    draft = calls.drafted()
    still_clock.put("2026-06-10T16:30:00Z")
    assert calls.officer.post(f"{closed}/close").status_code == 200
    for place, slug in ((undated, "conflict"), (closed, "wrong-status"), (draft, "wrong-status")):
        refused = calls.officer.post(f"{place}/extend", json=LATER)
        assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (409, slug)


def test_reviewers_that_were_asked_are_found(app: FastAPI) -> None:
    """On a row in every table, which is no history and so not checked as one."""
    database: Database = app.state.database
    with database.writer.begin() as connection:
        call_id: UUID = fill(connection)["assignments"]["call_id"]
    with database.read() as db:
        assert service.under_review(db, call_id)
        assert not service.under_review(db, UUID(int=1))
    database.close()


def test_a_call_under_review_keeps_its_deadline(
    calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = calls.opened()
    monkeypatch.setattr(service, "under_review", lambda _db, _call_id: True)
    refused = calls.officer.post(f"{place}/extend", json=LATER)
    assert refused.status_code == 409
    assert "Reviewers have been asked" in refused.json()["detail"]


def test_who_may_extend(calls: Calls) -> None:
    place = calls.opened()
    assert calls.grantee().post(f"{place}/extend", json=LATER).status_code == 403
    assert calls.world.as_role(Role.AUDITOR).post(f"{place}/extend", json=LATER).status_code == 403
    manager = calls.world.as_role(Role.FUND_MANAGER, fund_id=calls.fund_id)
    assert manager.post(f"{place}/extend", json=LATER).status_code == 201
    assert manager.get(f"/v1/calls/{UUID(int=5)}/extensions").status_code == 404


def test_extensions_are_never_changed(calls: Calls) -> None:
    place = calls.opened()
    calls.officer.post(f"{place}/extend", json=LATER)
    for statement in (
        "UPDATE call_extensions SET reason = 'x'",
        "DELETE FROM call_extensions",
    ):
        with pytest.raises(DBAPIError), calls.world.database.writer.begin() as connection:
            connection.execute(sql(statement))


def test_extensions_are_listed_with_as_many_queries_however_many_there_are(
    calls: Calls, still_clock: StillClock, statements: Counting
) -> None:
    place = calls.opened()
    calls.officer.post(f"{place}/extend", json=LATER)
    with statements() as one:
        calls.officer.get(f"{place}/extensions")
    for day in range(14, 24):
        still_clock.forward(hours=1)
        body = LATER | {"deadline_at": f"2026-06-{day}T00:00:00Z"}
        assert calls.officer.post(f"{place}/extend", json=body).status_code == 201
    with statements() as many:
        listed = calls.officer.get(f"{place}/extensions").json()["items"]
    assert [one["new_deadline_at"][8:10] for one in listed] == [str(n) for n in range(13, 24)]
    assert len(many) == len(one)
    page = calls.officer.get(f"{place}/extensions?limit=4").json()
    rest = calls.officer.get(f"{place}/extensions?limit=200&cursor={page['next_cursor']}").json()
    assert page["items"] + rest["items"] == listed


def test_two_extensions_at_once_are_one_after_the_other(calls: Calls) -> None:
    """The second of two officers who saw the same deadline cannot move it back."""
    place = calls.opened()
    far = LATER | {"deadline_at": "2026-06-20T00:00:00Z"}
    assert calls.officer.post(f"{place}/extend", json=far).status_code == 201
    near = calls.officer.post(f"{place}/extend", json=LATER)
    assert (near.status_code, pointers(near)) == (422, ["/deadline_at"])
    assert calls.officer.get(place).json()["deadline_at"] == far["deadline_at"]
