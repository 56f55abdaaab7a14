"""Calls for proposals: drafting, changing, opening and closing them."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.audit import canonical
from fundops.authz import Permission
from fundops.calls.models import Call
from fundops.calls.schemas import CallIn, CallPatch
from fundops.codes import next_code
from fundops.errors import Problem, invalid
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.lifecycle import Steps, advance, step
from fundops.messages import text
from fundops.records import snapshot
from fundops.schemas import MoneyIn

STEPS: Steps = {
    "open": step("draft", "open", Permission.CALL_WRITE),
    "close": step("open", "closed", Permission.CALL_WRITE),
}


def create_call(db: Session, actor: audit.Author, fund: Fund, given: CallIn) -> Call:
    """Draft a call of ``fund``."""
    if fund.status != "open":
        raise Problem("conflict", detail=text("grants.fund_closed"))
    _check_dates(given.opens_on, given.closes_on, "/closes_on")
    call = Call(
        id=uuid7(),
        code=next_code(db, "CAL", given.year),
        fund_id=fund.id,
        title=given.title,
        year=given.year,
        opens_on=given.opens_on,
        closes_on=given.closes_on,
        envelope_minor=_envelope(given.envelope, fund),
        objectives=canonical(given.objectives),
        status="draft",
        created_at=clock.now(),
    )
    db.add(call)
    db.flush()
    _record(db, actor, "call.created", call, after=snapshot(call))
    return call


def change_call(db: Session, actor: audit.Author, call: Call, patch: CallPatch) -> Call:
    """Change a call that is not closed; raises ``wrong-status`` for a closed one."""
    if call.status == "closed":
        raise Problem("wrong-status", action="change", status=call.status)
    given = patch.model_fields_set
    before, values = snapshot(call), _values(patch, db.get_one(Fund, call.fund_id))
    for name, value in values.items():
        setattr(call, name, value)
    pointer = "/closes_on" if "closes_on" in given else "/opens_on"
    _check_dates(call.opens_on, call.closes_on, pointer)
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
    """Open or close a call."""
    before = call.status
    advance(call, STEPS, action, actor)
    db.flush()
    names = {"open": "call.opened", "close": "call.closed"}
    _record(
        db, actor, names[action], call, before={"status": before}, after={"status": call.status}
    )
    return call


def _record(db: Session, actor: audit.Author, action: str, call: Call, **payload: object) -> None:
    audit.record(
        db,
        actor,
        action,
        "call",
        call.id,
        fund_id=call.fund_id,
        **payload,  # type: ignore[arg-type]
    )


def _values(patch: CallPatch, fund: Fund) -> dict[str, Any]:
    """Return the columns that a patch sets."""
    values: dict[str, Any] = {name: getattr(patch, name) for name in patch.model_fields_set}
    for name in ("title", "objectives"):
        if name in values and values[name] is None:
            raise invalid(f"/{name}", "validation.missing")
    if "objectives" in values:
        values["objectives"] = canonical(values["objectives"])
    if "envelope" in values:
        values["envelope_minor"] = _envelope(values.pop("envelope"), fund)
    return values


def _envelope(given: MoneyIn | None, fund: Fund) -> int | None:
    if given is None:
        return None
    if given.currency != fund.base_currency:
        raise invalid("/envelope/currency", "grants.base_currency", currency=fund.base_currency)
    return given.minor("/envelope", zero=True)


def _check_dates(opens_on: date | None, closes_on: date | None, pointer: str) -> None:
    if opens_on is not None and closes_on is not None and opens_on > closes_on:
        raise invalid(pointer, "validation.dates_order")
