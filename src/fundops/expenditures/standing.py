"""Where a grant stands: paid, accepted, refunded, written off, and what is unspent.

Everything but what waits for a payment is read from the ledger, per lot. What is unspent is the
balance of the grantee's advance: money it holds, and expenditure that nothing supports yet
(``receivable_minor``), which is a part of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from fundops.expenditures.models import (
    EXCHANGE,
    ExpenditureLine,
    ExpenditureStatement,
    Receivable,
    ReceivableEntry,
    RefundRequest,
)
from fundops.expenditures.spread import over_lines
from fundops.grants.models import Grant
from fundops.ledger.models import Transfer

KINDS = {
    "advance": "paid",
    "liquidate": "accepted",
    "advance_return": "refunded",
    "advance_write_off": "written_off",
}
"""Kind of transfer on a grantee's advance -> what it is counted as."""


DIFFERENCE = 2
"""Place of exchange differences, after direct expenditure and support cost."""


@dataclass(frozen=True)
class Counted:
    """What happened to an advance, minor units: of one lot, or of all."""

    paid_minor: int = 0
    accepted_minor: int = 0
    refunded_minor: int = 0
    written_off_minor: int = 0

    @property
    def unspent_minor(self) -> int:
        """What is neither accounted for nor returned."""
        return self.paid_minor - self.accepted_minor - self.refunded_minor - self.written_off_minor


@dataclass(frozen=True)
class Standing:
    """A grant's position: in all and per lot; ``waiting_minor`` is accepted and not paid yet."""

    total: Counted
    lots: Mapping[UUID, Counted]
    waiting_minor: int
    receivable_minor: int
    asked_minor: int

    @property
    def unspent_minor(self) -> int:
        """What the grantee's advance comes to."""
        return self.total.unspent_minor

    @property
    def to_ask_minor(self) -> int:
        """What may still be asked back: unspent, not owed already, not asked for already."""
        return max(self.unspent_minor - self.receivable_minor - self.asked_minor, 0)


def unspent(db: Session, grant: Grant, on: date | None = None) -> Standing:
    """Return where a grant stands, now or with what counts by ``on``.

    Per lot and in all ``unspent = paid - accepted - refunded - written off``. Four queries.
    """
    lots = _by_lot(db, grant.id, on)
    return Standing(
        total=_sum(lots),
        lots=lots,
        waiting_minor=waiting_minor(db, grant.id),
        receivable_minor=pending_minor(db, grant.id),
        asked_minor=_asked_minor(db, grant.id),
    )


def pending_minor(db: Session, grant_id: UUID) -> int:
    """Return what open receivables of a grant still come to."""
    return _total(
        db, Receivable.amount_minor - Receivable.settled_minor,
        Receivable.grant_id == grant_id, Receivable.status == "open",
    )  # fmt: skip


def waiting_minor(db: Session, grant_id: UUID) -> int:
    """Return what is accepted of a grant beyond what was paid."""
    return _total(
        db, ExpenditureStatement.prefinanced_minor,
        ExpenditureStatement.grant_id == grant_id, ExpenditureStatement.status == "accepted",
    )  # fmt: skip


def accepted_so_far(db: Session, but_id: UUID, grant_id: UUID) -> tuple[int, int]:
    """Return the direct expenditure and the support cost that stand in other accepted statements.

    What a finding took back of a statement is off both in proportion, unless supported since, and
    off the exchange difference, which is neither.
    """
    taken_back = _found_unsupported(db, grant_id)
    by_statement: dict[UUID, list[int]] = {}
    query = (
        select(
            ExpenditureLine.statement_id, ExpenditureLine.is_support_cost, ExpenditureLine.kind,
            func.sum(ExpenditureLine.accepted_minor),
        )
        .join(ExpenditureStatement, ExpenditureStatement.id == ExpenditureLine.statement_id)
        .where(
            ExpenditureStatement.grant_id == grant_id,
            ExpenditureStatement.id != but_id,
            ExpenditureStatement.status == "accepted",
            ExpenditureLine.accepted_minor.is_not(None),
        )
        .group_by(
            ExpenditureLine.statement_id, ExpenditureLine.is_support_cost, ExpenditureLine.kind
        )
    )  # fmt: skip
    for statement_id, is_support_cost, kind, minor in db.execute(query):
        place = DIFFERENCE if kind == EXCHANGE else int(is_support_cost)
        by_statement.setdefault(statement_id, [0, 0, 0])[place] = int(minor or 0)
    direct = support = 0
    for statement_id, amounts in by_statement.items():
        off = over_lines(taken_back.get(statement_id, 0), amounts)
        direct += amounts[0] - off[0]
        support += amounts[1] - off[1]
    return direct, support


def _found_unsupported(db: Session, grant_id: UUID) -> dict[UUID, int]:
    """Return what findings took back of each statement and no later support has settled."""
    query = (
        select(Receivable.statement_id, func.sum(Receivable.amount_minor - _later_support()))
        .where(Receivable.grant_id == grant_id, Receivable.origin == "finding")
        .group_by(Receivable.statement_id)
    )
    return {row[0]: int(row[1]) for row in db.execute(query)}


def _later_support() -> Any:
    return (
        select(func.coalesce(func.sum(ReceivableEntry.amount_minor), 0))
        .where(
            ReceivableEntry.receivable_id == Receivable.id,
            ReceivableEntry.kind.in_(("additional_support", "justification_accepted")),
        )
        .scalar_subquery()
    )


def _asked_minor(db: Session, grant_id: UUID) -> int:
    left = (
        RefundRequest.amount_minor - RefundRequest.received_minor - RefundRequest.written_off_minor
    )
    return _total(db, left, RefundRequest.grant_id == grant_id, RefundRequest.status == "requested")


def _total(db: Session, column: Any, *criteria: Any) -> int:
    return int(db.execute(select(func.coalesce(func.sum(column), 0)).where(*criteria)).scalar_one())


def _by_lot(db: Session, grant_id: UUID, on: date | None) -> dict[UUID, Counted]:
    signed: Any = case(
        (Transfer.reverses_id.is_(None), Transfer.amount_minor), else_=-Transfer.amount_minor
    )
    query = (
        select(Transfer.lot_id, Transfer.kind, func.sum(signed))
        .where(Transfer.grant_id == grant_id, Transfer.kind.in_(sorted(KINDS)))
        .group_by(Transfer.lot_id, Transfer.kind)
        .order_by(Transfer.lot_id)
    )
    if on is not None:
        query = query.where(Transfer.effective_on <= on)
    found: dict[UUID, dict[str, int]] = {}
    for lot_id, kind, minor in db.execute(query):
        if lot_id is not None:
            found.setdefault(lot_id, {})[f"{KINDS[kind]}_minor"] = int(minor)
    return {lot_id: Counted(**amounts) for lot_id, amounts in found.items()}


def _sum(lots: Mapping[UUID, Counted]) -> Counted:
    names = Counted.__dataclass_fields__
    return Counted(**{name: sum(getattr(one, name) for one in lots.values()) for name in names})
