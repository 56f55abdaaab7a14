"""Which bank account of a party may be paid to, and when."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops.errors import Problem
from fundops.messages import text
from fundops.payees.models import BankAccount


def current_account(db: Session, party_id: UUID, at: datetime) -> BankAccount | None:
    """Return the account a party is paid to unless another is named: the last that is usable."""
    query = (
        select(BankAccount)
        .where(
            BankAccount.party_id == party_id,
            BankAccount.status == "active",
            BankAccount.usable_from <= at,
            BankAccount.origin.in_(("first", "change")),
        )
        .order_by(BankAccount.usable_from.desc(), BankAccount.id.desc())
        .limit(1)
    )
    return db.execute(query).scalar_one_or_none()


def account_of_party(db: Session, party_id: UUID, account_id: UUID) -> bool:
    """Return whether there is such an account of the party."""
    query = select(BankAccount.id).where(
        BankAccount.id == account_id, BankAccount.party_id == party_id
    )
    return db.execute(query).first() is not None


def usable_account(db: Session, party_id: UUID, account_id: UUID, at: datetime) -> BankAccount:
    """Return an account that money may go to now; raise ``conflict`` saying why it may not."""
    query = select(BankAccount).where(
        BankAccount.id == account_id, BankAccount.party_id == party_id
    )
    found = db.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if found is None or found.status != "active" or found.usable_from is None:
        raise Problem("conflict", detail=text("payees.not_active"))
    if found.usable_from > at:
        raise Problem("conflict", detail=text("payees.cooling"))
    return found
