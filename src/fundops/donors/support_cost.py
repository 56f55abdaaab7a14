"""Support cost over a lot's life: earned on accepted expenditure, the unearned part given back.

What a lot has earned follows from the running total that was accepted of it, and from nothing
else: rounded once, on the total, so that it is right to the cent after any number of acceptances
and corrections. It never exceeds what the provision was opened with.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from fundops.donors.cash_rules import least_since
from fundops.donors.charges import MILLION, half_up, support_cost_on
from fundops.donors.models import Agreement, Lot
from fundops.ledger import posting
from fundops.ledger.models import Account, Transfer
from fundops.ledger.posting import AccountRef, Movement

UNSPENT = ("lot", "operating_reserve", "reserved", "provision", "advance")
"""Accounts of money that is still to become direct cost, or the support cost on it."""


class _Charged(NamedTuple):
    """A lot whose agreement pays support cost on accepted expenditure."""

    id: UUID
    fund_id: UUID
    ppm: int


def settle(db: Session, seq: int, lot_ids: Collection[UUID], on: date) -> dict[UUID, int]:
    """Bring what lots have earned to what is accepted of them now; return the change per lot.

    Where less is accepted than before, the latest earnings are reversed as of their own day. Part
    of event ``seq``; lots without support cost on expenditure are left as they are.
    """
    lots = _charged(db, lot_ids)
    if not lots:
        return {}
    totals = _totals(db, [lot.id for lot in lots])
    changes: dict[UUID, int] = {}
    for lot in lots:
        accepted, earned = totals.get(lot.id, (0, 0))
        target = support_cost_on(max(accepted, 0), lot.ppm)
        undone = _undo(db, seq, lot, earned - target) if earned > target else 0
        gained = _earn(db, seq, lot, target - earned + undone, on)
        if gained != undone:
            changes[lot.id] = gained - undone
    return changes


def give_back(db: Session, seq: int, lot_ids: Collection[UUID], on: date) -> dict[UUID, int]:
    """Return to lots what their provisions hold beyond the support cost of all that is unspent.

    Of money that will never be accepted (written off, say) no support cost is earned. Returns
    what went back per lot; part of event ``seq``.
    """
    lots = _charged(db, lot_ids)
    held = _unspent(db, [lot.id for lot in lots])
    provisions = [AccountRef(lot.fund_id, "provision", lot.id) for lot in lots]
    least = least_since(db, provisions, on)
    movements, given = [], {}
    for lot, provision in zip(lots, provisions, strict=True):
        total, kept = held.get(lot.id, (0, 0))
        needed = half_up(max(total, 0) * lot.ppm, MILLION + lot.ppm)
        amount = min(kept - needed, least[provision])
        if amount > 0:
            own = AccountRef(lot.fund_id, "lot", lot.id)
            movements.append(
                Movement(
                    "support_cost_return", provision, own, amount, on, "lot", lot.id, lot.id,
                    key=str(seq),
                )
            )  # fmt: skip
            given[lot.id] = amount
    posting.post(db, seq, movements)
    return given


def _charged(db: Session, lot_ids: Collection[UUID]) -> list[_Charged]:
    query = (
        select(Lot.id, Lot.fund_id, Agreement.support_cost_ppm)
        .join(Agreement, Agreement.id == Lot.agreement_id)
        .where(
            Lot.id.in_(sorted(lot_ids)),
            Lot.status == "open",
            Agreement.support_cost_basis == "expenditure",
            Agreement.support_cost_ppm > 0,
        )
        .order_by(Lot.id)
    )
    return [_Charged(*row) for row in db.execute(query)]


def _totals(db: Session, lot_ids: list[UUID]) -> dict[UUID, tuple[int, int]]:
    """Return what is accepted of each lot and what it has earned, reversals taken off."""
    signed = case(
        (Transfer.reverses_id.is_(None), Transfer.amount_minor), else_=-Transfer.amount_minor
    )
    accepted: Any = func.sum(case((Transfer.kind == "liquidate", signed), else_=0))
    earned: Any = func.sum(case((Transfer.kind == "support_cost_earn", signed), else_=0))
    query = (
        select(Transfer.lot_id, accepted, earned)
        .where(Transfer.lot_id.in_(lot_ids), Transfer.kind.in_(("liquidate", "support_cost_earn")))
        .group_by(Transfer.lot_id)
    )
    return {row[0]: (int(row[1]), int(row[2])) for row in db.execute(query)}


def _unspent(db: Session, lot_ids: list[UUID]) -> dict[UUID, tuple[int, int]]:
    """Return what is unspent of each lot, its provision included, and the provision by itself."""
    balance: Any = case(
        (Account.normal == "credit", Account.credits_minor - Account.debits_minor),
        else_=Account.debits_minor - Account.credits_minor,
    )
    provision: Any = case((Account.kind == "provision", balance), else_=0)
    query = (
        select(Account.lot_id, func.sum(balance), func.sum(provision))
        .where(Account.lot_id.in_(lot_ids), Account.kind.in_(UNSPENT))
        .group_by(Account.lot_id)
    )
    return {row[0]: (int(row[1]), int(row[2])) for row in db.execute(query) if row[0]}


def _undo(db: Session, seq: int, lot: _Charged, excess: int) -> int:
    """Reverse the latest earnings of a lot until at least ``excess`` is undone; return how much."""
    standing = posting.standing(db, Transfer.lot_id == lot.id, Transfer.kind == "support_cost_earn")
    chosen, undone = [], 0
    for transfer in reversed(standing):
        if undone >= excess:
            break
        chosen.append(transfer)
        undone += transfer.amount_minor
    posting.post(db, seq, posting.reversal_of(db, chosen, source_type="lot", source_id=lot.id))
    return undone


def _earn(db: Session, seq: int, lot: _Charged, amount: int, on: date) -> int:
    """Earn an amount as far as the provision has held it ever since ``on``; return how much."""
    provision = AccountRef(lot.fund_id, "provision", lot.id)
    income = AccountRef(lot.fund_id, "support_cost_income")
    if amount > 0:
        amount = min(amount, least_since(db, [provision], on)[provision])
    if amount <= 0:
        return 0
    earned = Movement(
        "support_cost_earn", provision, income, amount, on, "lot", lot.id, lot.id, key=str(seq)
    )
    posting.post(db, seq, [earned])
    return amount
