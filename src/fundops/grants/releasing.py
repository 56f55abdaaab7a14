"""Giving back what a grant that ends has not been paid: its unpaid rest goes to its lots."""

from __future__ import annotations

from datetime import date

from sqlalchemy import delete
from sqlalchemy.orm import Session

from fundops.allocation import reserve
from fundops.allocation.holdings import holdings, present, take
from fundops.allocation.position import Draw
from fundops.allocation.reserve import Source
from fundops.errors import Problem, invalid
from fundops.grants import queries
from fundops.grants.models import Grant, ReservationPin
from fundops.ledger import posting
from fundops.messages import text


def refuse_waiting(grant: Grant) -> None:
    """Refuse to end a grant of which disbursements wait."""
    if grant.requested_minor:
        raise Problem("conflict", detail=text("grants.disbursements_wait"))


def rest_of(db: Session, grant: Grant, on: date) -> list[Draw]:
    """Return what goes back on a day, lot by lot, and take the pins off.

    Raises ``invalid-request`` for a day before the award or before money of the grant last moved.
    """
    if on < grant.awarded_on:
        raise invalid("/on", "grants.before_award")
    held = holdings(db, grant.id, "reserved", on)
    parts, missing = take(held, present(held))
    last_paid_on = queries.last_paid_on(db, grant.id)
    if missing or (last_paid_on is not None and on < last_paid_on):
        raise invalid("/on", "grants.before_last_movement")
    db.execute(delete(ReservationPin).where(ReservationPin.grant_id == grant.id))
    db.flush()
    return parts


def give_back(db: Session, seq: int, grant: Grant, parts: list[Draw], on: date) -> None:
    """Post that a grant's unpaid rest goes back to its lots."""
    posting.post(db, seq, reserve.void(grant.fund_id, Source("grant", grant.id, on), parts))
