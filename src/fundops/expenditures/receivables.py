"""Receivables: expenditure without support, which the grantee owes until entries settle it.

Pending = what was found - refunded - additional support - justification accepted - written off.
What is pending is part of the grantee's advance in the ledger; each entry clears its part of it.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock, money
from fundops.authz import Actor, Permission
from fundops.errors import Problem, invalid
from fundops.expenditures import attribution
from fundops.expenditures.models import ExpenditureStatement, Receivable, ReceivableEntry
from fundops.expenditures.owed_schemas import FindingIn, ReceiptPartIn, SupportIn
from fundops.expenditures.receiving import refund_for
from fundops.grants.models import Grant
from fundops.grants.rules import base_minor, code_for, past_day, refuse_interest
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.lifecycle import Steps, advance, step
from fundops.messages import text
from fundops.parties.hands import refuse_behind
from fundops.parties.models import Party
from fundops.records import snapshot

RECEIVABLE_STEPS: Steps = {
    "settle": step("open", "settled", Permission.RECEIVABLE_WRITE),
    "supersede": step("open settled", "superseded", Permission.EXPENDITURE_ACCEPT),
}


def open_one(
    db: Session, actor: Actor, grant: Grant, amount_minor: int, on: date, reason: str, *,
    origin: str, statement_id: UUID | None = None,
) -> Receivable:  # fmt: skip
    """Open a receivable for part of a grantee's advance."""
    grantee = db.get_one(Party, grant.grantee_id)
    receivable = Receivable(
        id=uuid7(), code=code_for(db, grantee, "RCV", on.year), grant_id=grant.id,
        statement_id=statement_id, origin=origin, amount_minor=amount_minor, settled_minor=0,
        opened_on=on, reason=reason, status="open", opened_by_id=actor.person_id,
        created_at=clock.now(),
    )  # fmt: skip
    db.add(receivable)
    db.flush()
    audit.record(
        db, actor, "receivable.opened", "receivable", receivable.id, fund_id=grant.fund_id,
        reason=reason, after=snapshot(receivable),
    )  # fmt: skip
    return receivable


def open_finding(
    db: Session, actor: Actor, fund: Fund, grant: Grant, given: FindingIn
) -> Receivable:
    """Open a receivable for accepted expenditure that an audit found to be unsupported.

    That part is no longer accepted: its lots and the support cost earned on them have it back.
    Raises ``insufficient-funds`` for more than the statement has accepted and paid.
    """
    on = past_day(fund, given.found_on, "/found_on")
    amount = base_minor(fund, given.amount, "/amount")
    refuse_interest(db, actor, grant.grantee_id)
    statement = db.get(ExpenditureStatement, given.expenditure_statement_id, populate_existing=True)
    if statement is None or statement.grant_id != grant.id:
        raise invalid("/expenditure_statement_id", "validation.unknown_record")
    if statement.status != "accepted" or grant.status in ("closed", "cancelled"):
        status = statement.status if statement.status != "accepted" else grant.status
        raise Problem("wrong-status", action="find", status=status)
    standing = statement.accepted_minor - statement.prefinanced_minor - statement.disallowed_minor
    if amount > standing:
        left = money.display(standing, fund.base_currency)
        raise Problem("insufficient-funds", detail=text("expenditures.finding_beyond", left=left))
    before = {"disallowed_minor": statement.disallowed_minor}
    statement.disallowed_minor += amount
    db.flush()
    seq = audit.record(
        db, actor, "expenditure_statement.disallowed", attribution.SOURCE, statement.id,
        fund_id=fund.id, reason=given.reason, before=before,
        after={"disallowed_minor": statement.disallowed_minor},
    )  # fmt: skip
    attribution.disallow(db, seq, grant, statement.id, amount)
    return open_one(
        db, actor, grant, amount, on, given.reason, origin="finding", statement_id=statement.id
    )


def support(
    db: Session, actor: Actor, fund: Fund, grant: Grant, receivable: Receivable, given: SupportIn
) -> ReceivableEntry:
    """Accept later support or a justification: that part is accepted expenditure after all.

    Raises ``same-person`` for whoever reported the expenditure, and for a justification, which is
    no evidence, also for whoever opened the receivable; ``conflict-of-interest``, and
    ``insufficient-funds`` for more than is pending.
    """
    on = past_day(fund, given.accepted_on, "/accepted_on")
    amount = base_minor(fund, given.amount, "/amount")
    refuse_interest(db, actor, grant.grantee_id)
    if receivable.statement_id is not None:
        statement = db.get_one(ExpenditureStatement, receivable.statement_id)
        refuse_behind(
            db, actor, Permission.EXPENDITURE_ACCEPT, statement, [statement.reported_by_id],
            action="accept",
        )  # fmt: skip
    if given.kind == "justification_accepted":
        refuse_behind(
            db, actor, Permission.EXPENDITURE_ACCEPT, receivable, [receivable.opened_by_id],
            action="accept",
        )  # fmt: skip
    _require_pending(fund, receivable, amount)
    parts, missing = attribution.shares(db, grant.id, amount, on)
    if missing:
        raise Problem("insufficient-funds", detail=text("expenditures.advance_gone"))
    entry, seq = enter(db, actor, grant, receivable, given.kind, amount, on, given.reason)
    attribution.liquidate(db, seq, grant, attribution.ENTRY_SOURCE, entry.id, on, parts)
    return entry


def receive(
    db: Session, actor: Actor, fund: Fund, grant: Grant, receivable: Receivable,
    given: ReceiptPartIn,
) -> ReceivableEntry:  # fmt: skip
    """Settle part of a receivable with a refund, booked before or now."""
    _require_open(receivable)
    refund, free = refund_for(db, actor, fund, grant, given)
    amount = min(free, receivable.amount_minor - receivable.settled_minor)
    entry, _ = enter(
        db, actor, grant, receivable, "refunded", amount, refund.received_on, None, refund.id
    )
    return entry


def enter(
    db: Session, actor: Actor, grant: Grant, receivable: Receivable, kind: str, amount_minor: int,
    on: date, reason: str | None, refund_id: UUID | None = None,
) -> tuple[ReceivableEntry, int]:  # fmt: skip
    """Add an entry to a receivable, which is settled with the last of it; return the event too."""
    before = snapshot(receivable)
    entry = ReceivableEntry(
        id=uuid7(), receivable_id=receivable.id, kind=kind, amount_minor=amount_minor, on_date=on,
        reason=reason, refund_id=refund_id, by_id=actor.person_id, created_at=clock.now(),
    )  # fmt: skip
    db.add(entry)
    receivable.settled_minor += amount_minor
    if receivable.settled_minor == receivable.amount_minor:
        advance(receivable, RECEIVABLE_STEPS, "settle", actor)
    db.flush()
    seq = audit.record(
        db, actor, f"receivable.{kind}", "receivable_entry", entry.id, fund_id=grant.fund_id,
        reason=reason, after=snapshot(entry),
    )  # fmt: skip
    audit.record(
        db, actor, "receivable.lowered", "receivable", receivable.id, fund_id=grant.fund_id,
        reason=reason, before=before, after=snapshot(receivable),
    )  # fmt: skip
    return entry, seq


def supersede(
    db: Session, actor: Actor, grant: Grant, statement_id: UUID, reason: str
) -> list[UUID]:
    """Let receivables of a statement that is being corrected go; return their entries of support.

    What was refunded or written off stays so; what was accepted later is the caller's to undo.
    """
    query = select(Receivable).where(
        Receivable.statement_id == statement_id, Receivable.status != "superseded"
    )
    found = list(db.execute(query.execution_options(populate_existing=True)).scalars())
    for receivable in found:
        before = snapshot(receivable)
        advance(receivable, RECEIVABLE_STEPS, "supersede", actor)
        db.flush()
        audit.record(
            db, actor, "receivable.superseded", "receivable", receivable.id,
            fund_id=grant.fund_id, reason=reason, before=before, after=snapshot(receivable),
        )  # fmt: skip
    entries = select(ReceivableEntry.id).where(
        ReceivableEntry.receivable_id.in_([receivable.id for receivable in found]),
        ReceivableEntry.kind.in_(("additional_support", "justification_accepted")),
    )
    return list(db.execute(entries).scalars())


def _require_open(receivable: Receivable) -> None:
    if receivable.status != "open":
        raise Problem("wrong-status", action="settle", status=receivable.status)


def _require_pending(fund: Fund, receivable: Receivable, amount_minor: int) -> None:
    _require_open(receivable)
    pending = receivable.amount_minor - receivable.settled_minor
    if amount_minor > pending:
        left = money.display(pending, fund.base_currency)
        raise Problem("insufficient-funds", detail=text("expenditures.pending_less", left=left))
