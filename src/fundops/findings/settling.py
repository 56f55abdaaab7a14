"""Settling findings: one person proposes what settles a part, another accepts it as an entry.

Pending = questioned - refunded - supported - justified - written off, never below zero: asked for
under the write turn, and a CHECK on the finding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops import audit, clock, money
from fundops.authz import Actor, Permission
from fundops.errors import Problem, invalid
from fundops.expenditures.models import AdvanceWriteOff, ReceivableEntry, RefundPart
from fundops.expenditures.receiving import TAKEN
from fundops.findings.models import AuditFinding, FindingEntry, FindingSettlement
from fundops.findings.queries import MAX_SHOWN
from fundops.findings.schemas import SettlementIn
from fundops.findings.service import changed
from fundops.grants.models import Grant, Refund
from fundops.grants.rules import base_minor, past_day, refuse_interest
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.lifecycle import Steps, advance, step
from fundops.messages import text
from fundops.records import snapshot

SETTLEMENT_STEPS: Steps = {
    "accept": step("proposed", "accepted", Permission.FINDING_SETTLE, ("proposed_by_id",)),
    "refuse": step("proposed", "refused", Permission.FINDING_SETTLE, ("proposed_by_id",)),
}

ENTRY_KIND = {
    "supported": "additional_support", "refunded": "refunded",
    "justified": "justification_accepted", "written_off": "written_off",
}  # fmt: skip
"""What settles a finding -> the same as a receivable's entry says it."""


def propose(
    db: Session, actor: Actor, fund: Fund, grant: Grant | None, finding: AuditFinding,
    given: SettlementIn,
) -> FindingSettlement:  # fmt: skip
    """Propose what settles part of a finding; nothing counts before another person accepts.

    Raises ``insufficient-funds`` for more than is pending, or than the ledger has of the refund or
    write-off named; ``conflict`` for a closed finding.
    """
    _require_open(finding)
    if grant is not None:
        refuse_interest(db, actor, grant.grantee_id)
    _require_room(db, finding)
    made = FindingSettlement(
        id=uuid7(), finding_id=finding.id, kind=given.kind,
        on_date=past_day(fund, given.on_date, "/on_date"), reason=given.reason,
        refund_id=given.refund_id, write_off_id=given.write_off_id,
        receivable_entry_id=given.receivable_entry_id, status="proposed",
        proposed_by_id=actor.person_id, proposed_at=clock.now(),
    )  # fmt: skip
    if finding.receivable_id is not None:
        _of_receivable(db, finding, made, given)
    else:
        if given.amount is None:
            raise invalid("/amount", "findings.amount_missing")
        made.amount_minor = base_minor(fund, given.amount, "/amount")
        _name_document(db, finding, made)
    _require_left(db, fund, finding, made)
    return _added(db, actor, finding, made)


def take_back(
    db: Session, actor: Actor, grant: Grant | None, finding: AuditFinding,
    settlement: FindingSettlement, reason: str,
) -> FindingSettlement:  # fmt: skip
    """Propose to take back an accepted settlement as a whole; another person accepts that too."""
    _require_open(finding)
    if grant is not None:
        refuse_interest(db, actor, grant.grantee_id)
    _require_room(db, finding)
    if settlement.status != "accepted" or settlement.reverses_id is not None:
        raise Problem("wrong-status", action="reverse", status=settlement.status)
    if _reversed(db, settlement.id, ("proposed", "accepted")):
        raise Problem("conflict", detail=text("findings.reversed_already"))
    made = FindingSettlement(
        id=uuid7(), finding_id=finding.id, kind=settlement.kind,
        amount_minor=settlement.amount_minor,
        on_date=max(settlement.on_date, clock.today(db.get_one(Fund, finding.fund_id).zone)),
        reason=reason, refund_id=settlement.refund_id, write_off_id=settlement.write_off_id,
        receivable_entry_id=settlement.receivable_entry_id, reverses_id=settlement.id,
        status="proposed", proposed_by_id=actor.person_id, proposed_at=clock.now(),
    )  # fmt: skip
    return _added(db, actor, finding, made)


def accept(
    db: Session, actor: Actor, fund: Fund, grant: Grant | None, finding: AuditFinding,
    settlement: FindingSettlement,
) -> FindingSettlement:  # fmt: skip
    """Accept what another person proposed: an entry lowers what is pending.

    Raises ``same-person``, ``conflict-of-interest``, and ``insufficient-funds`` where less is
    pending by now, or the refund or write-off has less left.
    """
    _require_open(finding)
    if grant is not None:
        refuse_interest(db, actor, grant.grantee_id)
    sign = 1 if settlement.reverses_id is None else -1
    if sign > 0:
        _require_left(db, fund, finding, settlement)
    _decide(db, actor, finding, settlement, "accept", None)
    entry = FindingEntry(
        id=uuid7(), finding_id=finding.id, settlement_id=settlement.id, kind=settlement.kind,
        amount_minor=sign * settlement.amount_minor, on_date=settlement.on_date,
        reverses_id=_entry_of(db, settlement.reverses_id), by_id=actor.person_id,
        created_at=clock.now(),
    )  # fmt: skip
    db.add(entry)
    db.flush()
    audit.record(
        db, actor, "finding_entry.entered", "finding_entry", entry.id, fund_id=fund.id,
        after=snapshot(entry),
    )  # fmt: skip
    before = snapshot(finding)
    column = f"{settlement.kind}_minor"
    setattr(finding, column, getattr(finding, column) + entry.amount_minor)
    changed(db, actor, "settled" if sign > 0 else "unsettled", finding, before)
    return settlement


def refuse(
    db: Session, actor: Actor, finding: AuditFinding, settlement: FindingSettlement, reason: str
) -> FindingSettlement:
    """Refuse what another person proposed; nothing changes."""
    return _decide(db, actor, finding, settlement, "refuse", reason)


def used(db: Session, column: Any, document_id: UUID, without: Sequence[UUID] = ()) -> int:
    """Return what of a refund, write-off or entry settles findings, what is proposed too.

    Of a refund what a receivable's entry took of it is that entry's business.
    """
    table = FindingSettlement
    query = select(table.reverses_id, table.amount_minor, table.status).where(
        column == document_id, table.status != "refused", table.id.not_in(without)
    )
    if column is not table.receivable_entry_id:
        query = query.where(table.receivable_entry_id.is_(None))
    return sum(
        row.amount_minor if row.reverses_id is None else -row.amount_minor
        for row in db.execute(query)
        if row.reverses_id is None or row.status == "accepted"
    )


def _of_refund(db: Session, refund_id: UUID) -> int:
    return used(db, FindingSettlement.refund_id, refund_id)


TAKEN.append(_of_refund)


def _require_open(finding: AuditFinding) -> None:
    if finding.status == "closed":
        raise Problem("wrong-status", action="settle", status=finding.status)


def _require_room(db: Session, finding: AuditFinding) -> None:
    query = select(func.count()).where(FindingSettlement.finding_id == finding.id)
    if db.execute(query).scalar_one() >= MAX_SHOWN:
        raise Problem("conflict", detail=text("findings.too_many", maximum=MAX_SHOWN))


def _of_receivable(
    db: Session, finding: AuditFinding, made: FindingSettlement, given: SettlementIn
) -> None:
    """Take amount, day and refund from the receivable's entry that is named; it counts once."""
    if given.refund_id is not None or given.write_off_id is not None:
        raise invalid("/receivable_entry_id", "findings.entry_of_receivable")
    entry = db.get(ReceivableEntry, given.receivable_entry_id or finding.id)
    if (
        entry is None
        or entry.receivable_id != finding.receivable_id
        or entry.kind != ENTRY_KIND[made.kind]
        or given.amount is not None
    ):
        raise invalid("/receivable_entry_id", "findings.entry_of_receivable")
    if used(db, FindingSettlement.receivable_entry_id, entry.id):
        raise Problem("conflict", detail=text("findings.entry_used"))
    made.amount_minor, made.on_date, made.refund_id = (
        entry.amount_minor, entry.on_date, entry.refund_id,
    )  # fmt: skip


def _name_document(db: Session, finding: AuditFinding, made: FindingSettlement) -> None:
    """Require the refund or write-off that the kind is about, of the finding's grant or fund."""
    if made.receivable_entry_id is not None:
        raise invalid("/receivable_entry_id", "validation.unknown_record")
    wanted = {"refunded": "refund_id", "written_off": "write_off_id"}.get(made.kind)
    for name, model, status in (
        ("refund_id", Refund, "booked"), ("write_off_id", AdvanceWriteOff, "approved"),
    ):  # fmt: skip
        record_id = getattr(made, name)
        if (name == wanted) != (record_id is not None):
            raise invalid(f"/{name}", "findings.document_named")
        if record_id is None:
            continue
        query = (
            select(model.id)
            .join(Grant, Grant.id == model.grant_id)
            .where(model.id == record_id, model.status == status, Grant.fund_id == finding.fund_id)
        )
        if finding.grant_id is not None:
            query = query.where(Grant.id == finding.grant_id)
        if model is AdvanceWriteOff:
            theirs = select(AuditFinding.receivable_id).where(
                AuditFinding.receivable_id == AdvanceWriteOff.receivable_id
            )
            query = query.where(AdvanceWriteOff.refund_request_id.is_(None), ~theirs.exists())
        if db.execute(query).first() is None:
            raise invalid(f"/{name}", "validation.unknown_record")


def _require_left(
    db: Session, fund: Fund, finding: AuditFinding, settlement: FindingSettlement
) -> None:
    """Raise ``insufficient-funds`` for more than is pending or than the ledger shows."""
    left = finding.pending_minor
    if settlement.refund_id is not None and settlement.receivable_entry_id is None:
        refund = db.get_one(Refund, settlement.refund_id, populate_existing=True)
        booked = refund.amount_minor if refund.status == "booked" else 0
        taken = used(db, FindingSettlement.refund_id, refund.id, [settlement.id])
        left = min(left, booked - taken - _taken_elsewhere(db, refund.id))
    if settlement.write_off_id is not None:
        given_up = db.get_one(AdvanceWriteOff, settlement.write_off_id, populate_existing=True)
        taken = used(db, FindingSettlement.write_off_id, given_up.id, [settlement.id])
        left = min(left, given_up.amount_minor - taken)
    if settlement.amount_minor > left:
        shown = money.display(max(left, 0), fund.base_currency)
        raise Problem("insufficient-funds", detail=text("findings.left", left=shown))


def _taken_elsewhere(db: Session, refund_id: UUID) -> int:
    """Return what of a refund answers a request for unspent money, or settles a receivable."""
    taken = 0
    for part in (RefundPart, ReceivableEntry):
        amount: Any = func.coalesce(func.sum(part.amount_minor), 0)
        taken += int(db.execute(select(amount).where(part.refund_id == refund_id)).scalar_one())
    return taken


def _reversed(db: Session, settlement_id: UUID, statuses: Sequence[str]) -> bool:
    query = select(FindingSettlement.id).where(
        FindingSettlement.reverses_id == settlement_id, FindingSettlement.status.in_(statuses)
    )
    return db.execute(query.limit(1)).first() is not None


def _entry_of(db: Session, settlement_id: UUID | None) -> UUID | None:
    if settlement_id is None:
        return None
    query = select(FindingEntry.id).where(FindingEntry.settlement_id == settlement_id)
    return db.execute(query).scalar_one()


def _added(
    db: Session, actor: Actor, finding: AuditFinding, made: FindingSettlement
) -> FindingSettlement:
    db.add(made)
    db.flush()
    audit.record(
        db, actor, "finding_settlement.proposed", "finding_settlement", made.id,
        fund_id=finding.fund_id, reason=made.reason, after=snapshot(made),
    )  # fmt: skip
    return made


def _decide(
    db: Session, actor: Actor, finding: AuditFinding, settlement: FindingSettlement, action: str,
    reason: str | None,
) -> FindingSettlement:  # fmt: skip
    before = snapshot(settlement)
    advance(settlement, SETTLEMENT_STEPS, action, actor)
    settlement.decided_by_id, settlement.decided_at = actor.person_id, clock.now()
    settlement.decision_reason = reason
    db.flush()
    audit.record(
        db, actor, f"finding_settlement.{settlement.status}", "finding_settlement",
        settlement.id, fund_id=finding.fund_id, reason=reason,
        before={name: before[name] for name in
                ("status", "decided_by_id", "decided_at", "decision_reason")},
        after=snapshot(settlement),
    )  # fmt: skip
    return settlement
