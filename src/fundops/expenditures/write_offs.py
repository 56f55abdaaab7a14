"""Write-offs of advances: giving up money that a grantee holds, by two persons, without cash."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from fundops import audit, clock, money
from fundops.allocation import reserve
from fundops.allocation.reserve import Source
from fundops.authz import Actor, Permission
from fundops.errors import Problem, invalid
from fundops.expenditures import attribution, receivables, refund_requests
from fundops.expenditures.models import AdvanceWriteOff, Receivable, RefundRequest
from fundops.expenditures.owed_schemas import AdvanceWriteOffIn
from fundops.expenditures.standing import unspent
from fundops.grants.models import Grant
from fundops.grants.rules import base_minor, code_for, past_day, refuse_interest
from fundops.ids import uuid7
from fundops.ledger import posting
from fundops.ledger.models import Fund
from fundops.lifecycle import Steps, advance, step
from fundops.messages import text
from fundops.parties.models import Party
from fundops.records import snapshot

WRITE_OFF_STEPS: Steps = {
    "approve": step("requested", "approved", Permission.WRITE_OFF_APPROVE, ("requested_by_id",)),
    "reject": step("requested", "rejected", Permission.WRITE_OFF_APPROVE, ("requested_by_id",)),
}


def request(
    db: Session, actor: Actor, fund: Fund, grant: Grant, given: AdvanceWriteOffIn
) -> AdvanceWriteOff:
    """Ask to give up part of what a grantee holds; nothing is before another person approves.

    Raises ``insufficient-funds`` for more than the receivable, the request or the unspent rest
    has left.
    """
    on = past_day(fund, given.effective_on, "/effective_on")
    amount = base_minor(fund, given.amount, "/amount")
    refuse_interest(db, actor, grant.grantee_id)
    if given.receivable_id is not None and given.refund_request_id is not None:
        raise invalid("/refund_request_id", "expenditures.one_subject")
    grantee = db.get_one(Party, grant.grantee_id)
    made = AdvanceWriteOff(
        id=uuid7(), code=code_for(db, grantee, "AWO", on.year), grant_id=grant.id,
        receivable_id=given.receivable_id, refund_request_id=given.refund_request_id,
        amount_minor=amount, effective_on=on, reason=given.reason, status="requested",
        requested_by_id=actor.person_id, created_at=clock.now(),
    )  # fmt: skip
    _require_left(db, fund, grant, made)
    db.add(made)
    _record(db, actor, "requested", made, grant, reason=given.reason)
    return made


def approve(
    db: Session, actor: Actor, fund: Fund, grant: Grant, write_off: AdvanceWriteOff
) -> AdvanceWriteOff:
    """Approve a write-off: the advance is cleared, cash stays as it is.

    Raises ``same-person`` for whoever asked for it, ``conflict-of-interest``, and
    ``insufficient-funds`` where less is left by now.
    """
    refuse_interest(db, actor, grant.grantee_id)
    _require_left(db, fund, grant, write_off)
    before = _decide(actor, write_off, "approve")
    seq = _record(db, actor, "approved", write_off, grant, before=before)
    give_up(
        db, seq, grant, Source("advance_write_off", write_off.id, write_off.effective_on),
        write_off.amount_minor,
    )  # fmt: skip
    if write_off.receivable_id is not None:
        receivables.enter(
            db, actor, grant, db.get_one(Receivable, write_off.receivable_id), "written_off",
            write_off.amount_minor, write_off.effective_on, write_off.reason,
        )  # fmt: skip
    if write_off.refund_request_id is not None:
        asked = db.get_one(RefundRequest, write_off.refund_request_id)
        refund_requests.lower(db, actor, grant, asked, write_off.amount_minor, write_off.reason)
    return write_off


def reject(
    db: Session, actor: Actor, grant: Grant, write_off: AdvanceWriteOff, reason: str
) -> AdvanceWriteOff:
    """Refuse a write-off; nothing changes."""
    refuse_interest(db, actor, grant.grantee_id)
    before = _decide(actor, write_off, "reject")
    _record(db, actor, "rejected", write_off, grant, reason=reason, before=before)
    return write_off


def give_up(db: Session, seq: int, grant: Grant, source: Source, amount_minor: int) -> None:
    """Clear part of a grantee's advance without cash, each lot its share; part of event ``seq``."""
    parts, missing = attribution.shares(db, grant.id, amount_minor, source.on)
    if missing:
        raise Problem("insufficient-funds", detail=text("expenditures.advance_gone"))
    posting.post(db, seq, reserve.clear("advance_write_off", grant.fund_id, source, parts))


def _require_left(db: Session, fund: Fund, grant: Grant, write_off: AdvanceWriteOff) -> None:
    """Raise ``insufficient-funds`` for more than what is written off has left."""
    left = _left(db, grant, write_off)
    if write_off.amount_minor > left:
        shown = money.display(max(left, 0), fund.base_currency)
        raise Problem("insufficient-funds", detail=text("expenditures.pending_less", left=shown))


def _left(db: Session, grant: Grant, write_off: AdvanceWriteOff) -> int:
    if write_off.receivable_id is not None:
        owed = db.get(Receivable, write_off.receivable_id, populate_existing=True)
        if owed is None or owed.grant_id != grant.id:
            raise invalid("/receivable_id", "validation.unknown_record")
        return owed.amount_minor - owed.settled_minor if owed.status == "open" else 0
    if write_off.refund_request_id is not None:
        asked = db.get(RefundRequest, write_off.refund_request_id, populate_existing=True)
        if asked is None or asked.grant_id != grant.id:
            raise invalid("/refund_request_id", "validation.unknown_record")
        return refund_requests.left_of(asked) if asked.status == "requested" else 0
    return unspent(db, grant).to_ask_minor


def _decide(actor: Actor, write_off: AdvanceWriteOff, action: str) -> dict[str, Any]:
    """Take the step; return the columns as they were before it."""
    before = snapshot(write_off)
    advance(write_off, WRITE_OFF_STEPS, action, actor)
    write_off.decided_by_id = actor.person_id
    write_off.decided_at = clock.now()
    return before


def _record(
    db: Session, actor: Actor, action: str, write_off: AdvanceWriteOff, grant: Grant, *,
    reason: str | None = None, before: dict[str, Any] | None = None,
) -> int:  # fmt: skip
    db.flush()
    return audit.record(
        db, actor, f"advance_write_off.{action}", "advance_write_off", write_off.id,
        fund_id=grant.fund_id, reason=reason, before=before, after=snapshot(write_off),
    )  # fmt: skip
