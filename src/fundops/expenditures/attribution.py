"""Attribution: which lots an accepted expenditure was paid from, as rows of the ledger.

A part of each lot's advance is cleared, in proportion to what is unliquidated of it; the shares sum
to the amount. What exceeds the advance waits, and is attributed when the next payment is made.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, money
from fundops.allocation import reserve
from fundops.allocation.holdings import holdings
from fundops.allocation.position import Draw
from fundops.allocation.reserve import Source
from fundops.disbursements.hooks import AFTER_PAID
from fundops.disbursements.models import Disbursement
from fundops.donors import support_cost
from fundops.expenditures.models import ExpenditureStatement
from fundops.expenditures.standing import pending_minor
from fundops.grants.models import Grant
from fundops.ledger import posting
from fundops.ledger.models import Transfer

SOURCE, ENTRY_SOURCE = "expenditure_statement", "receivable_entry"
"""What transfers of accepted expenditure book: a statement, or later support of a part of one."""


def shares(
    db: Session, grant_id: UUID, amount_minor: int, on: date, *, kept_minor: int = 0
) -> tuple[list[Draw], int]:
    """Split an amount over a grantee's advance as of ``on``; return the parts and what exceeds it.

    The weights are what has been unliquidated of each lot ever since that day. ``kept_minor`` of
    the advance is left alone: what the grantee owes is no longer there to be spent.
    """
    held = holdings(db, grant_id, "advance", on)
    weights = [holding.floor_minor for holding in held]
    covered = min(amount_minor, max(sum(weights) - kept_minor, 0))
    parts = [
        Draw(grant_id, holding.lot_id, share)
        for holding, share in zip(held, money.allocate(covered, weights), strict=True)
        if share
    ]
    return parts, amount_minor - covered


def liquidate(
    db: Session, seq: int, grant: Grant, source_type: str, source_id: UUID, on: date,
    parts: Collection[Draw], *, freed: Collection[UUID] = (),
) -> None:  # fmt: skip
    """Book accepted expenditure on lots and what support cost it earns, as part of event ``seq``.

    ``freed`` are lots from which a correction took expenditure before: they may earn less.
    """
    source = Source(source_type, source_id, on, str(seq))
    posting.post(db, seq, reserve.clear("liquidate", grant.fund_id, source, parts))
    support_cost.settle(db, seq, {part.lot_id for part in parts} | set(freed), on)


def booked(db: Session, source_ids: Collection[UUID]) -> list[Transfer]:
    """Return the transfers of accepted expenditure that stand for the given records."""
    return posting.standing(
        db, Transfer.source_id.in_(sorted(source_ids)), Transfer.kind == "liquidate"
    )


def take_back(db: Session, seq: int, source_ids: Collection[UUID]) -> set[UUID]:
    """Reverse all accepted expenditure of the given records; return the lots it was on.

    It counts from the original days. The caller settles support cost afterwards.
    """
    standing = booked(db, source_ids)
    posting.post(db, seq, posting.reversal_of(db, standing))
    return {transfer.lot_id for transfer in standing if transfer.lot_id is not None}


def disallow(db: Session, seq: int, grant: Grant, statement_id: UUID, amount_minor: int) -> None:
    """Take part of a statement's accepted expenditure back from its lots, each its share.

    Every transfer is reversed and booked anew with what is left of it, on its own day.
    """
    standing = booked(db, [statement_id])
    taken = money.allocate(amount_minor, [transfer.amount_minor for transfer in standing])
    movements = posting.reversal_of(db, standing)
    for number, (transfer, part) in enumerate(zip(standing, taken, strict=True)):
        assert transfer.lot_id is not None, "accepted expenditure is on a lot"
        source = Source(SOURCE, statement_id, transfer.effective_on, f"{seq}.{number}")
        left = transfer.amount_minor - part
        if left:
            draw = Draw(grant.id, transfer.lot_id, left)
            movements += reserve.clear("liquidate", grant.fund_id, source, [draw])
    posting.post(db, seq, movements)
    lots = {transfer.lot_id for transfer in standing if transfer.lot_id is not None}
    support_cost.settle(db, seq, lots, max(transfer.effective_on for transfer in standing))


def after_paid(db: Session, actor: audit.Author, grant: Grant, disbursement: Disbursement) -> None:
    """Attribute what waited for a payment that was just made; it counts from that payment."""
    assert disbursement.paid_on is not None, "a disbursement that was paid has its day"
    attribute_waiting(db, actor, grant, disbursement.paid_on)


AFTER_PAID.append(after_paid)


def attribute_waiting(db: Session, actor: audit.Author, grant: Grant, since: date) -> None:
    """Attribute accepted expenditure that waited for money, oldest period first.

    It counts from ``since``, or from its acceptance if that came later.
    """
    for statement in _waiting(db, grant.id):
        assert statement.accepted_on is not None, "an accepted statement has its day"
        on = max(since, statement.accepted_on)
        kept = pending_minor(db, grant.id)
        parts, rest = shares(db, grant.id, statement.prefinanced_minor, on, kept_minor=kept)
        if not parts:
            return
        before = {"prefinanced_minor": statement.prefinanced_minor}
        statement.prefinanced_minor = rest
        db.flush()
        seq = audit.record(
            db, actor, "expenditure_statement.attributed", SOURCE, statement.id,
            fund_id=grant.fund_id, before=before,
            after={"prefinanced_minor": rest, "parts": told(parts)},
        )  # fmt: skip
        liquidate(db, seq, grant, SOURCE, statement.id, on, parts)


def _waiting(db: Session, grant_id: UUID) -> list[ExpenditureStatement]:
    query = (
        select(ExpenditureStatement)
        .where(
            ExpenditureStatement.grant_id == grant_id,
            ExpenditureStatement.status == "accepted",
            ExpenditureStatement.prefinanced_minor > 0,
        )
        .order_by(ExpenditureStatement.starts_on, ExpenditureStatement.id)
        .execution_options(populate_existing=True)
    )
    return list(db.execute(query).scalars())


def told(parts: Collection[Draw]) -> list[list[object]]:
    """Return parts as an event tells them: lot and minor units."""
    return [[part.lot_id, part.amount_minor] for part in parts]
