"""Refund requests: unspent money asked back from a grantee, reminded of, received in parts."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from fundops import audit, clock, money
from fundops.authz import Actor, Permission
from fundops.errors import Problem, invalid
from fundops.expenditures.models import RefundPart, RefundRequest
from fundops.expenditures.owed_schemas import ReceiptPartIn, RefundRequestIn
from fundops.expenditures.receiving import refund_for
from fundops.expenditures.standing import unspent
from fundops.expenditures.telling import tell_of_request
from fundops.expenditures.terms import terms_of
from fundops.grants.models import Grant
from fundops.grants.rules import base_minor, code_for
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.lifecycle import Steps, advance, step
from fundops.messages import text
from fundops.parties.models import Party
from fundops.records import snapshot

REQUEST_STEPS: Steps = {
    "receive": step("requested", "received", Permission.RECEIVABLE_WRITE),
    "write_off": step("requested", "written_off", Permission.WRITE_OFF_APPROVE),
    "withdraw": step("requested", "withdrawn", Permission.RECEIVABLE_WRITE),
}


def request(
    db: Session, actor: Actor, fund: Fund, grant: Grant, given: RefundRequestIn
) -> RefundRequest:
    """Ask a grantee for money back: all that is unspent and not owed or asked for, or less.

    Raises ``conflict`` where that is no more than the policy's minimum, ``insufficient-funds``
    for more than there is.
    """
    today = clock.today(fund.zone)
    if given.due_on < today:
        raise invalid("/due_on", "expenditures.due_in_past")
    available = unspent(db, grant).to_ask_minor
    amount = available if given.amount is None else base_minor(fund, given.amount, "/amount")
    if amount > available:
        left = money.display(available, fund.base_currency)
        raise Problem("insufficient-funds", detail=text("expenditures.unspent_less", left=left))
    minimum = terms_of(db, fund, today).closing_minimum_minor
    if amount <= minimum:
        least = money.display(minimum, fund.base_currency)
        raise Problem("conflict", detail=text("expenditures.below_minimum", minimum=least))
    grantee = db.get_one(Party, grant.grantee_id)
    made = RefundRequest(
        id=uuid7(), code=code_for(db, grantee, "RRQ", today.year), grant_id=grant.id,
        amount_minor=amount, received_minor=0, written_off_minor=0, requested_on=today,
        due_on=given.due_on, note=given.note, reminders=0, status="requested",
        requested_by_id=actor.person_id, created_at=clock.now(),
    )  # fmt: skip
    db.add(made)
    _record(db, actor, "requested", made, grant)
    tell_of_request(db, made, grant)
    return made


def receive(
    db: Session, actor: Actor, fund: Fund, grant: Grant, asked: RefundRequest, given: ReceiptPartIn
) -> RefundRequest:
    """Note that money came back for a request, by a refund booked before or now.

    What a refund brings beyond the request stays a refund of its own.
    """
    _require_requested(asked, "receive")
    before = snapshot(asked)
    refund, free = refund_for(db, actor, fund, grant, given)
    amount = min(free, left_of(asked))
    db.add(
        RefundPart(
            id=uuid7(), refund_request_id=asked.id, refund_id=refund.id, amount_minor=amount,
            by_id=actor.person_id, created_at=clock.now(),
        )
    )  # fmt: skip
    asked.received_minor += amount
    if left_of(asked) == 0:
        advance(asked, REQUEST_STEPS, "receive", actor)
    _record(db, actor, "received", asked, grant, before=before)
    return asked


def remind(db: Session, actor: Actor, fund: Fund, grant: Grant, asked: RefundRequest) -> None:
    """Remind the grantee, who is told again; at most once a day."""
    _require_requested(asked, "remind")
    today = clock.today(fund.zone)
    if asked.last_reminded_on == today:
        raise Problem("conflict", detail=text("expenditures.reminded_today"))
    before = snapshot(asked)
    asked.reminders += 1
    asked.last_reminded_on = today
    _record(db, actor, "reminded", asked, grant, before=before)
    tell_of_request(db, asked, grant)


def withdraw(db: Session, actor: Actor, grant: Grant, asked: RefundRequest, reason: str) -> None:
    """Take a request back; what was received for it stays."""
    before = snapshot(asked)
    advance(asked, REQUEST_STEPS, "withdraw", actor)
    _record(db, actor, "withdrawn", asked, grant, before=before, reason=reason)


def lower(
    db: Session, actor: Actor, grant: Grant, asked: RefundRequest, amount_minor: int, reason: str
) -> None:
    """Note that part of a request was written off; it ends when nothing is left of it."""
    _require_requested(asked, "write_off")
    before = snapshot(asked)
    asked.written_off_minor += amount_minor
    if left_of(asked) <= 0:
        advance(asked, REQUEST_STEPS, "write_off", actor)
    _record(db, actor, "written_off", asked, grant, before=before, reason=reason)


def left_of(asked: RefundRequest) -> int:
    """Return what of a request is neither here nor written off."""
    return asked.amount_minor - asked.received_minor - asked.written_off_minor


def _require_requested(asked: RefundRequest, action: str) -> None:
    if asked.status != "requested":
        raise Problem("wrong-status", action=action.replace("_", " "), status=asked.status)


def _record(
    db: Session, actor: Actor, action: str, asked: RefundRequest, grant: Grant, *,
    before: dict[str, Any] | None = None, reason: str | None = None,
) -> int:  # fmt: skip
    db.flush()
    return audit.record(
        db, actor, f"refund_request.{action}", "refund_request", asked.id, fund_id=grant.fund_id,
        reason=reason, before=before, after=snapshot(asked),
    )  # fmt: skip
