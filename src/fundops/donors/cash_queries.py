"""Which receipts, lots, write-offs, claims and choices an actor may see, and how they are found.

A donor sees the rows of its own party: receipts credited to it (or paid by it, while nobody is
credited), its lots, choices about them, write-offs of its instalments and what it owes. Never a
receipt shared with others, nor the commentary of the fund's people.
"""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from fundops.authz import Actor, Permission
from fundops.db import Base
from fundops.donors.models import Agreement, DonorChoice, Instalment, Lot, Receipt, WriteOff
from fundops.donors.scope import parties_held, rows_held
from fundops.errors import Problem
from fundops.ledger.models import Account, Fund
from fundops.parties.models import Party

Record = TypeVar("Record", bound=Base)

READ = Permission.RECEIPT_READ

CREDITED: Any = func.coalesce(Receipt.donor_id, Receipt.payer_id)
"""Whose receipt it is: the donor credited, or the payer while nobody is."""

CONCERNED: Any = func.coalesce(Agreement.donor_id, WriteOff.party_id)
"""Whom a write-off concerns: the donor of its instalment, or the party that owes."""

OWED: Any = (Account.debits_minor - Account.credits_minor).label("owed_minor")

RECEIPTS: Any = Receipt.__table__.c
LOTS: Any = Lot.__table__.c
WRITE_OFFS: Any = WriteOff.__table__.c
CHOICES: Any = DonorChoice.__table__.c
CLAIM_ID: Any = Account.__table__.c.id
"""Columns of lists, by name; lists are sorted by columns of their own rows."""

RECEIPT_SORTS = {"code": RECEIPTS.code, "received_on": RECEIPTS.received_on}
LOT_SORTS = {"code": LOTS.code, "opened_on": LOTS.opened_on}
WRITE_OFF_SORTS = {"code": WRITE_OFFS.code, "effective_on": WRITE_OFFS.effective_on}
CHOICE_SORTS = {"code": CHOICES.code, "effective_on": CHOICES.effective_on}


def is_inside(actor: Actor, fund_id: UUID) -> bool:
    """Return whether the actor reads a fund's receipts as one of its people, not as a donor."""
    return parties_held(actor, READ, fund_id) is None


def _within(
    query: Select[Any],
    actor: Actor,
    permission: Permission,
    party: Any,
    fund: Any,
) -> Select[Any]:
    rows = rows_held(actor, permission, party=party, fund=fund)
    return query if rows is None else query.where(rows)


def visible_receipts(actor: Actor) -> Select[Any]:
    """Return the rows of receipts that ``actor`` may see, with their fund's base currency."""
    columns: tuple[Any, ...] = (*RECEIPTS, Fund.base_currency)
    query: Select[Any] = select(*columns).join(Fund, Fund.id == Receipt.fund_id)
    return _within(query, actor, READ, CREDITED, Receipt.fund_id)


def get_receipt(
    db: Session, actor: Actor, receipt_id: UUID, permission: Permission = READ
) -> Receipt:
    """Return a receipt that ``permission`` reaches, fresh; raise ``not-found`` otherwise."""
    query = select(Receipt).where(Receipt.id == receipt_id)
    return _one(db, _within(query, actor, permission, CREDITED, Receipt.fund_id), Receipt)


def visible_lots(actor: Actor) -> Select[Any]:
    """Return the rows of lots that ``actor`` may see, with the currencies of their amounts."""
    columns: tuple[Any, ...] = (
        *LOTS,
        Fund.base_currency,
        Instalment.currency.label("settled_currency"),
    )
    query: Select[Any] = (
        select(*columns)
        .join(Fund, Fund.id == Lot.fund_id)
        .outerjoin(Instalment, Instalment.id == Lot.instalment_id)
    )
    return _within(query, actor, READ, Lot.donor_id, Lot.fund_id)


def get_lot(db: Session, actor: Actor, lot_id: UUID, permission: Permission = READ) -> Lot:
    """Return a lot that ``permission`` reaches, fresh; raise ``not-found`` otherwise."""
    query = select(Lot).where(Lot.id == lot_id)
    return _one(db, _within(query, actor, permission, Lot.donor_id, Lot.fund_id), Lot)


def visible_write_offs(actor: Actor) -> Select[Any]:
    """Return the rows of write-offs that ``actor`` may see."""
    query: Select[Any] = (
        select(*WRITE_OFFS)
        .outerjoin(Instalment, Instalment.id == WriteOff.instalment_id)
        .outerjoin(Agreement, Agreement.id == Instalment.agreement_id)
    )
    return _within(query, actor, READ, CONCERNED, WriteOff.fund_id)


def get_write_off(
    db: Session, actor: Actor, write_off_id: UUID, permission: Permission
) -> WriteOff:
    """Return a write-off of a fund ``permission`` is held for; raise ``not-found`` otherwise."""
    write_off = _one(db, select(WriteOff).where(WriteOff.id == write_off_id), WriteOff)
    actor.require_fund(permission, write_off.fund_id)
    return write_off


def visible_choices(actor: Actor) -> Select[Any]:
    """Return the rows of donors' choices that ``actor`` may see."""
    columns: tuple[Any, ...] = (*CHOICES, Fund.base_currency)
    query: Select[Any] = (
        select(*columns).join(Lot, Lot.id == DonorChoice.lot_id).join(Fund, Fund.id == Lot.fund_id)
    )
    return _within(query, actor, READ, Lot.donor_id, Lot.fund_id)


def visible_recoverables(actor: Actor) -> Select[Any]:
    """Return what parties owe, where they owe something and ``actor`` may see it."""
    columns: tuple[Any, ...] = (
        CLAIM_ID,
        Account.fund_id,
        Account.party_id,
        OWED,
        Fund.base_currency,
    )
    query: Select[Any] = (
        select(*columns)
        .join(Fund, Fund.id == Account.fund_id)
        .where(Account.kind == "recoverable", Account.debits_minor != Account.credits_minor)
    )
    return _within(query, actor, READ, Account.party_id, Account.fund_id)


def get_party(db: Session, party_id: UUID) -> Party:
    """Return a party by id; raise ``not-found`` when there is none."""
    return _one(db, select(Party).where(Party.id == party_id), Party)


def _one(db: Session, query: Select[Any], kind: type[Record]) -> Record:
    found = db.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if found is None:
        raise Problem("not-found")
    assert isinstance(found, kind)
    return found
