"""Refunds: money that grantees return, back to the lots it was paid from."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from fundops import audit, clock, money
from fundops.allocation import reserve
from fundops.allocation.holdings import holdings
from fundops.allocation.position import Draw
from fundops.allocation.reserve import Source
from fundops.errors import Problem
from fundops.grants.models import Grant, Refund
from fundops.grants.rules import base_minor, code_for, past_day
from fundops.grants.schemas import RefundIn
from fundops.ids import uuid7
from fundops.ledger import posting
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.parties.models import Party
from fundops.records import snapshot


def refund(db: Session, actor: audit.Author, fund: Fund, grant: Grant, given: RefundIn) -> Refund:
    """Book money that a grantee returned; it goes back to the lots the way it came.

    The weights are what is unliquidated of each lot's advance. Raises ``insufficient-funds`` for
    more than the grantee holds on that day.
    """
    on = past_day(fund, given.received_on, "/received_on")
    amount = base_minor(fund, given.amount, "/amount")
    held = holdings(db, grant.id, "advance", on)
    weights = [holding.floor_minor for holding in held]
    if amount > sum(weights):
        available = money.display(sum(weights), fund.base_currency)
        raise Problem(
            "insufficient-funds", detail=text("grants.refund_too_much", available=available)
        )
    shares = money.allocate(amount, weights)
    parts = [
        Draw(grant.id, holding.lot_id, share)
        for holding, share in zip(held, shares, strict=True)
        if share
    ]
    booked = _new_refund(db, grant, amount, on, given.reference)
    grant.refunded_minor += amount
    db.flush()
    seq = audit.record(
        db, actor, "refund.booked", "refund", booked.id, fund_id=fund.id,
        after=snapshot(booked) | {"parts": _parts(parts)},
    )  # fmt: skip
    posting.post(db, seq, reserve.refund(fund.id, Source("refund", booked.id, on), parts))
    return booked


def _new_refund(db: Session, grant: Grant, amount: int, on: date, reference: str | None) -> Refund:
    grantee = db.get_one(Party, grant.grantee_id)
    booked = Refund(
        id=uuid7(),
        code=code_for(db, grantee, "RFD", on.year),
        grant_id=grant.id,
        amount_minor=amount,
        received_on=on,
        reference=reference,
        created_at=clock.now(),
    )
    db.add(booked)
    return booked


def _parts(parts: list[Draw]) -> list[list[object]]:
    return [[part.lot_id, part.amount_minor] for part in parts]
