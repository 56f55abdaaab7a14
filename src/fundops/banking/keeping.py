"""Keeping what banking has encrypted under a key that is known: its part of a key rotation."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from fundops import audit
from fundops.audit import SYSTEM, Entry
from fundops.banking.models import BankFile, FundBankAccount
from fundops.payees import keeping
from fundops.vault import Place, Sealed, Vault

BATCH = 200
SEALED: tuple[tuple[type[Any], str], ...] = (
    (FundBankAccount, "fund_bank_account"),
    (BankFile, "bank_file"),
)
"""Tables with ciphertext of a fund's, and the kind of record each is bound to."""


def seal_anew(db: Session, vault: Vault) -> int:
    """Encrypt the next rows anew under the current key; return how many there were.

    Of files only their keys are encrypted anew: what they hold stays as it is. Raises
    ``CannotOpen`` for a row that does not open: its key must not be forgotten.
    """
    current, entries = vault.key_ids[0], []
    for model, kind in SEALED:
        query = select(model.id, model.fund_id, model.details, model.key_id)
        old = query.where(model.key_id != current).order_by(model.id).limit(BATCH)
        for row in db.execute(old).all():
            place = Place(kind, row.id, row.fund_id)
            sealed = vault.encrypt(vault.decrypt(Sealed(row.key_id, row.details), place), place)
            values = {"details": sealed.ciphertext, "key_id": sealed.key_id}
            db.execute(update(model).where(model.id == row.id).values(values))
            entries.append(
                Entry(f"{kind}.sealed_anew", kind, row.id, row.fund_id,
                    before={"key_id": row.key_id}, after={"key_id": sealed.key_id})
            )  # fmt: skip
    audit.record_many(db, SYSTEM, entries)
    return len(entries)


keeping.ALSO.append(seal_anew)
