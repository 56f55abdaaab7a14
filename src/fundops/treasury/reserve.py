"""A fund's operating reserve: the target, and what is really set aside, lot by lot."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit
from fundops.allocation.earmarks import Earmark
from fundops.authz import Actor
from fundops.donors import cash_rules as rules
from fundops.donors.lots import held
from fundops.donors.models import Lot
from fundops.errors import Problem
from fundops.ledger import posting
from fundops.ledger.models import Fund
from fundops.ledger.posting import Movement
from fundops.messages import text
from fundops.treasury.schemas import ReserveIn, ReserveTargetPatch


class Part(NamedTuple):
    """How much of one lot takes part in a movement of the operating reserve."""

    lot: Lot
    amount_minor: int


def set_target(db: Session, actor: Actor, fund: Fund, patch: ReserveTargetPatch) -> Fund:
    """Change how much the fund means to keep set aside; moves nothing."""
    before = fund.operating_reserve_minor
    fund.operating_reserve_minor = rules.base_minor(fund, patch.target, "/target", zero=True)
    db.flush()
    audit.record(
        db,
        actor,
        "fund.reserve_target_set",
        "fund",
        fund.id,
        fund_id=fund.id,
        before={"operating_reserve_minor": before},
        after={"operating_reserve_minor": fund.operating_reserve_minor},
    )
    return fund


def set_aside(db: Session, actor: Actor, fund: Fund, given: ReserveIn) -> list[Part]:
    """Set money aside as operating reserve, from unearmarked lots, oldest first.

    Only money without any condition: a spend-by date is one, and a reserve is there to be kept.
    Raises ``insufficient-funds`` when there is not enough of it.
    """
    amount_minor = _check_reserve(fund, given)
    lots = [
        lot
        for lot in _oldest_first(db, fund.id)
        if lot.opened_on <= given.effective_on and _is_free_of_conditions(lot)
    ]
    parts = _take(db, lots, "lot", amount_minor, given)
    return _move_reserve(db, actor, fund, given, parts, "set_aside")


def set_free(db: Session, actor: Actor, fund: Fund, given: ReserveIn) -> list[Part]:
    """Set reserved money free again, back to the lots it came from, oldest first.

    Raises ``insufficient-funds`` for more than is set aside.
    """
    amount_minor = _check_reserve(fund, given)
    parts = _take(db, _oldest_first(db, fund.id), "operating_reserve", amount_minor, given)
    return _move_reserve(db, actor, fund, given, parts, "set_free")


def _is_free_of_conditions(lot: Lot) -> bool:
    return lot.spend_by_on is None and _earmark(lot.earmark) == Earmark(1)


@lru_cache(maxsize=1024)
def _earmark(stored: str) -> Earmark:
    return Earmark.from_json(json.loads(stored))


def _check_reserve(fund: Fund, given: ReserveIn) -> int:
    rules.require_open(fund)
    rules.not_future(fund, given.effective_on, "/effective_on")
    return rules.base_minor(fund, given.amount, "/amount")


def _oldest_first(db: Session, fund_id: UUID) -> Sequence[Lot]:
    query = (
        select(Lot)
        .where(Lot.fund_id == fund_id, Lot.status == "open")
        .order_by(Lot.opened_on, Lot.id)
        .execution_options(populate_existing=True)
    )
    return db.execute(query).scalars().all()


def _take(
    db: Session, lots: Sequence[Lot], kind: str, amount_minor: int, given: ReserveIn
) -> list[Part]:
    """Return how ``amount_minor`` is taken from the lots' accounts of ``kind``, in their order."""
    spare = rules.least_since(db, [held(lot, kind) for lot in lots], given.effective_on)
    parts: list[Part] = []
    wanted = amount_minor
    for lot in lots:
        taken = min(wanted, spare[held(lot, kind)])
        if taken > 0:
            parts.append(Part(lot, taken))
            wanted -= taken
    if wanted:
        raise Problem("insufficient-funds", detail=text(f"cash.not_enough_{kind}"))
    return parts


def _move_reserve(
    db: Session, actor: Actor, fund: Fund, given: ReserveIn, parts: list[Part], kind: str
) -> list[Part]:
    seq = audit.record(
        db,
        actor,
        f"fund.reserve_{kind}",
        "fund",
        fund.id,
        fund_id=fund.id,
        reason=given.reason,
        after={
            "effective_on": given.effective_on,
            "parts": {part.lot.code: part.amount_minor for part in parts},
        },
    )
    movements = []
    for part in parts:
        free, kept = held(part.lot), held(part.lot, "operating_reserve")
        debit, credit = (free, kept) if kind == "set_aside" else (kept, free)
        movements.append(
            Movement(
                kind, debit, credit, part.amount_minor, given.effective_on, "fund", fund.id,
                part.lot.id, key=str(seq),
            )
        )  # fmt: skip
    posting.post(db, seq, movements)
    return parts
