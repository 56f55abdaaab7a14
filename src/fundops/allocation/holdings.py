"""What one grant holds on each lot, reserved or advanced, in the order in which it is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops.allocation.earmarks import Tightness
from fundops.allocation.facts import earmark_of
from fundops.allocation.position import Draw, LotFacts
from fundops.allocation.timeline import Timeline
from fundops.donors.models import Lot
from fundops.ledger.chart import ACCOUNT_KINDS
from fundops.ledger.models import Account, AccountDay


@dataclass(frozen=True)
class Holding:
    """A grant's balance on one lot: now, and what may be taken of it on the asked day."""

    grant_id: UUID
    lot_id: UUID
    lot_code: str
    order: tuple[Tightness, date, UUID]
    present_minor: int
    floor_minor: int


def holdings(db: Session, grant_id: UUID, kind: str, on: date) -> list[Holding]:
    """Return the positive balances of ``kind`` (``reserved``, ``advance``) of a grant.

    Tightest lot first, then oldest. One query, whatever the number of lots.
    """
    sign = 1 if ACCOUNT_KINDS[kind].normal == "credit" else -1
    query = (
        select(
            Account.lot_id, Lot.code, Lot.agreement_id, Lot.earmark, Lot.opened_on,
            Lot.spend_by_on, AccountDay.on_date,
            (AccountDay.credits_minor - AccountDay.debits_minor).label("net"),
        )
        .join(Lot, Lot.id == Account.lot_id)
        .join(AccountDay, AccountDay.account_id == Account.id)
        .where(
            Account.grant_id == grant_id,
            Account.kind == kind,
            Account.credits_minor != Account.debits_minor,
        )
    )  # fmt: skip
    courses: dict[UUID, Timeline] = {}
    facts: dict[UUID, tuple[str, LotFacts]] = {}
    for row in db.execute(query):
        courses.setdefault(row.lot_id, Timeline()).add(row.on_date, sign * int(row.net))
        facts[row.lot_id] = row.code, LotFacts(
            row.lot_id, row.agreement_id or row.lot_id, earmark_of(row.earmark), row.opened_on, 0,
            row.spend_by_on,
        )  # fmt: skip
    found = [
        Holding(
            grant_id,
            lot_id,
            code,
            lot.order,
            courses[lot_id].present_minor,
            max(courses[lot_id].floor_minor(on), 0),
        )
        for lot_id, (code, lot) in facts.items()
    ]
    return sorted(found, key=lambda holding: holding.order)


def take(held: Iterable[Holding], amount_minor: int) -> tuple[list[Draw], int]:
    """Draw an amount from holdings in their order; return the parts and what is missing."""
    parts: list[Draw] = []
    for holding in held:
        taken = min(holding.floor_minor, amount_minor)
        if taken > 0:
            parts.append(Draw(holding.grant_id, holding.lot_id, taken))
            amount_minor -= taken
    return parts, amount_minor


def present(held: Sequence[Holding]) -> int:
    """Return what the holdings come to at present."""
    return sum(holding.present_minor for holding in held)
