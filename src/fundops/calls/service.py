"""Calls for proposals: drafting, changing, opening, extending and closing them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, column, exists, select, table
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Permission
from fundops.calls import deadlines, drafting, readiness
from fundops.calls.models import Call, CallExtension
from fundops.calls.schemas import CallExtensionIn, CallIn, CallPatch
from fundops.codes import next_code
from fundops.errors import Problem, invalid
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.lifecycle import Steps, advance, step
from fundops.messages import text
from fundops.records import snapshot

STEPS: Steps = {
    "open": step("draft", "open", Permission.CALL_WRITE),
    "close": step("open", "closed", Permission.CALL_WRITE),
}
EVENTS = {"open": "call.opened", "close": "call.closed"}

_assignments = table("assignments", column("call_id", Uuid()))
"""Reviewers' parts, of a domain after this one: all that is asked is whether there are any."""


def create_call(db: Session, actor: audit.Author, fund: Fund, given: CallIn) -> Call:
    """Draft a call of ``fund``."""
    if fund.status != "open":
        raise Problem("conflict", detail=text("grants.fund_closed"))
    fields = {name: getattr(given, name) for name in type(given).model_fields}
    columns = drafting.columns_of(fields, fund)
    columns["zone"] = given.zone or fund.zone
    call = Call(id=uuid7(), status="draft", created_at=clock.now(), **columns)
    drafting.settle(call, frozenset(given.model_fields_set))
    call.code = next_code(db, "CAL", given.year)
    db.add(call)
    db.flush()
    _record(db, actor, "call.created", call, after=snapshot(call))
    return call


def change_call(db: Session, actor: audit.Author, call: Call, patch: CallPatch) -> Call:
    """Change a call that is not closed.

    Raises ``wrong-status`` for a closed one and ``conflict`` for a term that an open call keeps.
    """
    if call.status == "closed":
        raise Problem("wrong-status", action="change", status=call.status)
    given = frozenset(patch.model_fields_set)
    before = snapshot(call)
    fields = {name: getattr(patch, name) for name in given}
    for name, value in drafting.columns_of(fields, db.get_one(Fund, call.fund_id)).items():
        setattr(call, name, value)
    with db.no_autoflush:
        drafting.refuse_fixed(call, before, snapshot(call))
        drafting.settle(call, given)
    db.flush()
    after = snapshot(call)
    changed = {name for name, value in after.items() if value != before[name]}
    _record(
        db, actor, "call.changed", call,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
    )  # fmt: skip
    return call


def take_step(db: Session, actor: audit.Author, call: Call, action: str) -> Call:
    """Open or close a call.

    Raises ``conflict`` with everything that is missing when a call with a deadline is opened, and
    when one is closed before its deadline and grace are over.
    """
    before = call.status
    if action == "open" and before == "draft":
        readiness.require(db, call)
    if action == "close" and before == "open" and not deadlines.is_over(call, clock.now()):
        ends = deadlines.grace_ends_at(call)
        assert ends is not None, "a call without a deadline is over"
        raise Problem("conflict", detail=text("calls.not_over", until=_told(ends, call.zone)))
    advance(call, STEPS, action, actor)
    db.flush()
    _record(
        db, actor, EVENTS[action], call, before={"status": before}, after={"status": call.status}
    )
    return call


def extend(db: Session, actor: audit.Author, call: Call, given: CallExtensionIn) -> CallExtension:
    """Move the deadline of an open call later, for every applicant alike, with the reason.

    Allowed until the grace is over and nobody has been asked to review. Raises ``wrong-status``
    for a call that is not open and ``conflict`` or ``invalid-request`` otherwise.
    """
    now, old = clock.now(), call.deadline_at
    if call.status != "open":
        raise Problem("wrong-status", action="extend", status=call.status)
    if old is None:
        raise Problem("conflict", detail=text("calls.no_deadline"))
    if deadlines.is_over(call, now):
        raise Problem("conflict", detail=text("calls.extension_too_late"))
    if under_review(db, call.id):
        raise Problem("conflict", detail=text("calls.under_review"))
    if given.deadline_at <= old:
        raise invalid("/deadline_at", "calls.extension_not_later", deadline=_told(old, call.zone))
    if given.deadline_at <= now:
        raise invalid("/deadline_at", "calls.deadline_past")
    before = {"deadline_at": old, "closes_on": call.closes_on}
    call.deadline_at = given.deadline_at
    drafting.settle(call, frozenset({"deadline_at"}))
    extension = CallExtension(
        id=uuid7(),
        call_id=call.id,
        old_deadline_at=old,
        new_deadline_at=given.deadline_at,
        reason=given.reason,
        extended_by_id=actor.person_id,
        extended_at=now,
    )
    db.add(extension)
    db.flush()
    after = {"deadline_at": call.deadline_at, "closes_on": call.closes_on}
    _record(db, actor, "call.extended", call, reason=given.reason, before=before, after=after)
    return extension


def under_review(db: Session, call_id: UUID) -> bool:
    """Return whether anybody has been asked to review a proposal of this call."""
    query = select(exists().where(_assignments.c.call_id == call_id))
    return bool(db.execute(query).scalar_one())


def _told(at: datetime, zone: str) -> str:
    told = deadlines.told(at, zone)
    assert told is not None
    shown: str = told["text"]
    return shown


def _record(db: Session, actor: audit.Author, action: str, call: Call, **payload: Any) -> None:
    audit.record(db, actor, action, "call", call.id, fund_id=call.fund_id, **payload)
