"""Refunds that answer a request or settle a receivable: booked now, or named if booked before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops import audit
from fundops.errors import Problem, invalid
from fundops.expenditures.models import ReceivableEntry, RefundPart
from fundops.expenditures.owed_schemas import ReceiptPartIn
from fundops.grants.models import Grant, Refund
from fundops.grants.refunds import refund
from fundops.grants.schemas import RefundIn
from fundops.ledger.models import Fund
from fundops.messages import text

TAKEN: list[Callable[[Session, UUID], int]] = []
"""What of a refund domains above this one have it answer, in minor units; they put theirs here."""


def refund_for(
    db: Session, actor: audit.Author, fund: Fund, grant: Grant, given: ReceiptPartIn
) -> tuple[Refund, int]:
    """Return the refund that a body names or states, and what of it answers nothing yet.

    A stated one is booked: its money goes back to the lots the way it came.
    """
    if given.refund_id is None:
        if given.amount is None or given.received_on is None:
            raise invalid("/amount", "expenditures.refund_or_amount")
        stated = RefundIn(
            amount=given.amount, received_on=given.received_on, reference=given.reference
        )
        made = refund(db, actor, fund, grant, stated)
        return made, made.amount_minor
    if given.amount is not None or given.received_on is not None or given.reference is not None:
        raise invalid("/refund_id", "expenditures.refund_or_amount")
    found = db.get(Refund, given.refund_id)
    if found is None or found.grant_id != grant.id or found.status != "booked":
        raise invalid("/refund_id", "validation.unknown_record")
    free = found.amount_minor - _used(db, found.id)
    if free <= 0:
        raise Problem("conflict", detail=text("expenditures.refund_used"))
    return found, free


def _used(db: Session, refund_id: UUID) -> int:
    """Return what of a refund answers a request, or settles a receivable or finding, already."""
    used = sum(taken(db, refund_id) for taken in TAKEN)
    for part in (RefundPart, ReceivableEntry):
        amount: Any = func.coalesce(func.sum(part.amount_minor), 0)
        used += int(db.execute(select(amount).where(part.refund_id == refund_id)).scalar_one())
    return used
