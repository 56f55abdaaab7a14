"""Which bank entries and transfers between funds an actor may see, and how.

Bank entries are the fund's own affair: a donor sees none. A donor sees
the transfers of its own lots.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, aliased

from fundops.authz import PARTY_ROLES, Actor, Permission
from fundops.donors.models import Lot
from fundops.donors.scope import rows_held
from fundops.funds.models import BankEntry, FundTransfer
from fundops.ledger import balances
from fundops.ledger.models import Fund

ENTRIES: Any = BankEntry.__table__.c
TRANSFERS: Any = FundTransfer.__table__.c
"""Columns of lists, by name; lists are sorted by columns of their own rows."""

ENTRY_SORTS = {"code": ENTRIES.code, "effective_on": ENTRIES.effective_on}
TRANSFER_SORTS = {"code": TRANSFERS.code, "effective_on": TRANSFERS.effective_on}


def visible_bank_entries(actor: Actor) -> Select[Any]:
    """Return the rows of bank entries of the funds whose people ``actor`` is one of."""
    columns: tuple[Any, ...] = (*ENTRIES, Fund.base_currency)
    query: Select[Any] = select(*columns).join(Fund, Fund.id == BankEntry.fund_id)
    inside = _funds_inside(actor)
    return query if inside is None else query.where(BankEntry.fund_id.in_(inside))


def is_insider(actor: Actor, fund_id: UUID) -> bool:
    """Return whether the actor reads the fund's money as one of its people."""
    inside = _funds_inside(actor)
    return inside is None or fund_id in inside


def _funds_inside(actor: Actor) -> frozenset[UUID] | None:
    """Return the funds whose people ``actor`` is one of, ``None`` for all of them."""
    held = [h for h in actor.holding(Permission.RECEIPT_READ) if h.role not in PARTY_ROLES]
    if any(one.fund_id is None for one in held):
        return None
    return frozenset(one.fund_id for one in held if one.fund_id is not None)


def visible_transfers(actor: Actor) -> Select[Any]:
    """Return the rows of transfers between funds whose lot, on either side, ``actor`` may see."""
    new, source, target = aliased(Lot), aliased(Fund), aliased(Fund)
    columns: tuple[Any, ...] = (
        *TRANSFERS,
        source.id.label("from_fund_id"),
        source.base_currency.label("from_currency"),
        target.id.label("to_fund_id"),
        target.base_currency.label("to_currency"),
    )
    query: Select[Any] = (
        select(*columns)
        .join(Lot, Lot.id == FundTransfer.lot_id)
        .join(new, new.id == FundTransfer.new_lot_id)
        .join(source, source.id == Lot.fund_id)
        .join(target, target.id == new.fund_id)
    )
    sides: tuple[Any, ...] = (Lot, new)
    rows = [
        rows_held(actor, Permission.RECEIPT_READ, party=side.donor_id, fund=side.fund_id)
        for side in sides
    ]
    if rows[0] is None or rows[1] is None:
        return query
    return query.where(or_(rows[0], rows[1]))


def set_aside_minor(db: Session, fund_id: UUID) -> int:
    """Return what a fund has set aside as operating reserve now."""
    found = balances.by_kind(db, fund_id).get("operating_reserve")
    return found.minor if found is not None else 0
