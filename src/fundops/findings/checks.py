"""Checks of findings and incidents for ``fundops check``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from fundops.checking import faults
from fundops.expenditures.models import AdvanceWriteOff, ReceivableEntry, RefundPart
from fundops.findings.incident_models import IncidentText
from fundops.findings.incidents import text_digest
from fundops.findings.models import SETTLED_AS, AuditFinding, FindingEntry, FindingSettlement
from fundops.grants.models import Refund

PAGE = 2_000


def finding_amounts(db: Session) -> Iterator[str]:
    """Yield findings whose amounts are not what their entries add up to, or are too much."""
    sums: Any = [
        func.coalesce(
            func.sum(case((FindingEntry.kind == kind, FindingEntry.amount_minor), else_=0)), 0
        )
        for kind in SETTLED_AS
    ]
    columns: list[Any] = [getattr(AuditFinding, f"{kind}_minor") for kind in SETTLED_AS]
    query = (
        select(AuditFinding.code, AuditFinding.questioned_minor, *columns, *sums)
        .outerjoin(FindingEntry, FindingEntry.finding_id == AuditFinding.id)
        .group_by(AuditFinding.id, AuditFinding.code, AuditFinding.questioned_minor, *columns)
        .order_by(AuditFinding.code)
    )
    for row in db.execute(query):
        kept, entered = [int(v) for v in row[2:6]], [int(v) for v in row[6:10]]
        if kept != entered or sum(kept) > row.questioned_minor:
            yield f"audit_finding {row.code}"


def ledger_covers(db: Session) -> Iterator[str]:
    """Yield refunds and write-offs that settle more of findings than the ledger has of them."""
    for model, column, label, others in (
        (Refund, FindingSettlement.refund_id, "refund", (RefundPart, ReceivableEntry)),
        (AdvanceWriteOff, FindingSettlement.write_off_id, "advance_write_off", ()),
    ):
        yield from _beyond(db, model, column, label, others)


def _beyond(db: Session, model: Any, column: Any, label: str, others: Any) -> Iterator[str]:
    settled = (
        select(column, func.sum(FindingEntry.amount_minor))
        .join(FindingEntry, FindingEntry.settlement_id == FindingSettlement.id)
        .where(column.is_not(None), FindingSettlement.receivable_entry_id.is_(None))
        .group_by(column)
    )
    used = {row[0]: int(row[1]) for row in db.execute(settled)}
    for other in others:
        query = select(other.refund_id, func.sum(other.amount_minor)).group_by(other.refund_id)
        for record_id, amount in db.execute(query):
            if record_id in used:
                used[record_id] += int(amount)
    named = select(column).where(column.is_not(None))
    rows = select(model.id, model.code, model.amount_minor, model.status).where(model.id.in_(named))
    for row in db.execute(rows.order_by(model.code)):
        stands = row.status in ("booked", "approved")
        if used.get(row.id, 0) > (row.amount_minor if stands else 0):
            yield f"{label} {row.code}"


def incident_texts(db: Session) -> Iterator[str]:
    """Yield texts of incidents that are not what their events tell by a digest."""
    table: Any = IncidentText.__table__.c
    query = select(table.id, table.body, table.salt, table.sha256).order_by(table.id)
    for row in db.execute(query.execution_options(yield_per=PAGE)):
        if text_digest(bytes(row.salt), row.body) != row.sha256:
            yield f"incident_text {row.id}"


CHECKS: dict[str, Callable[[Session], Iterator[str]]] = {
    "finding_amounts": finding_amounts,
    "ledger_covers": ledger_covers,
    "incident_texts": incident_texts,
}
"""Each check by its name; ``findings.check.<name>`` says what holds where it finds nothing."""


def run(db: Session) -> list[tuple[str, str]]:
    """Return (check, sentence) for what does not hold, at most 20 a check."""
    return faults(db, CHECKS)
