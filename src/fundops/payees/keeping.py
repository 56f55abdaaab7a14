"""Keeping bank details under a key that is known: rotation, and what ``fundops check`` asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from fundops import audit
from fundops.audit import SYSTEM, Entry
from fundops.db import Database
from fundops.errors import Problem
from fundops.messages import text
from fundops.payees.models import BankAccount
from fundops.payees.sealing import RECORD, opened, seal
from fundops.vault import CannotOpen, Vault, ids_in_use

BATCH = 200
"""Accounts encrypted anew in one transaction: others wait no longer than for that."""
PAGE = 500

CHECKS = ("keys_known", "details_open")
"""What is asked of ciphertexts, which takes the keys: message ``vault.check.<name>``."""

Progress = Callable[[int, int], None]

ALSO: list[Callable[[Session, Vault], int]] = []
"""Other domains' ciphertexts: each encrypts a batch of its own anew under the current key and
returns how many there were; none ends it."""


@dataclass(frozen=True)
class Rotated:
    """What a rotation did: accounts encrypted anew, and those that it could not open."""

    key_id: str
    count: int
    unopened: tuple[UUID, ...]


def rotate(database: Database, vault: Vault, progress: Progress | None = None) -> Rotated:
    """Encrypt every account under the current key, in batches; what is done already is skipped.

    Interrupted at any point it loses nothing, and goes on where it was when it is run again.
    Raises ``unavailable`` when there is no key.
    """
    if not vault.key_ids:
        raise Problem("unavailable", detail=text("vault.key_lost"))
    current, count = vault.key_ids[0], 0
    unopened: list[UUID] = []
    with database.read() as db:
        whole = int(db.execute(select(func.count()).where(_is_old(current))).scalar_one())
    last: UUID | None = None
    while True:
        with database.write() as db:
            audit.lock_head(db)
            last, done, failed = _batch(db, vault, current, last)
        count += done
        unopened += failed
        if progress is not None:
            progress(count, whole)
        if last is None:
            return Rotated(current, count + _others(database, vault), tuple(unopened))


def _others(database: Database, vault: Vault) -> int:
    """Encrypt anew what other domains keep, batch by batch; return how many there were."""
    count = 0
    for encrypt in ALSO:
        while True:
            with database.write() as db:
                audit.lock_head(db)
                done = encrypt(db, vault)
            count += done
            if not done:
                break
    return count


def _is_old(current: str) -> ColumnElement[bool]:
    return BankAccount.key_id != current


def _batch(
    db: Session, vault: Vault, current: str, after: UUID | None
) -> tuple[UUID | None, int, list[UUID]]:
    """Encrypt the next accounts anew; return the last one, how many, and which do not open."""
    query = select(BankAccount).where(_is_old(current)).order_by(BankAccount.id).limit(BATCH)
    if after is not None:
        query = query.where(BankAccount.id > after)
    accounts = list(db.execute(query).scalars())
    failed, entries = [], []
    for account in accounts:
        was = account.key_id
        db.expunge(account)  # it stays the version that people have read
        try:
            seal(vault, account, opened(vault, account))
        except CannotOpen:
            failed.append(account.id)
            continue
        values = {
            "details": account.details, "key_id": account.key_id,
            "fingerprint": account.fingerprint,
        }  # fmt: skip
        db.execute(update(BankAccount).where(BankAccount.id == account.id).values(values))
        entries.append(
            Entry("bank_account.sealed_anew", RECORD, account.id, before={"key_id": was},
                after={"key_id": account.key_id})
        )  # fmt: skip
    audit.record_many(db, SYSTEM, entries)
    ended = len(accounts) < BATCH
    return None if ended else accounts[-1].id, len(entries), failed


def forget(database: Database, vault: Vault, key_id: str) -> None:
    """Remove a key that nothing needs any more from the folder.

    Raises ``conflict`` while a ciphertext needs it, or where the keys are given by the setting.
    """
    with database.write() as db:
        audit.lock_head(db)  # nothing is being encrypted meanwhile
        count = ids_in_use(db)[key_id]
        if count:
            raise Problem("conflict", detail=text("vault.key_needed", count=count))
        vault.forget_key(key_id)
        audit.record(db, SYSTEM, "vault.key_forgotten", "vault", after={"key_id": key_id})


def check(db: Session, vault: Vault) -> list[tuple[str, str]]:
    """Return (check, sentence) for every ciphertext whose key is unknown, or that does not open."""
    known = set(vault.key_ids)
    found = [
        ("keys_known", text("vault.check.unknown", key_id=key_id, count=count))
        for key_id, count in sorted(ids_in_use(db).items())
        if key_id not in known
    ]
    query = select(BankAccount).where(BankAccount.key_id.in_(known)).order_by(BankAccount.id)
    for account in db.execute(query.execution_options(yield_per=PAGE)).scalars():
        try:
            opened(vault, account)
        except CannotOpen as error:
            found.append(("details_open", f"{account.id}: {error}"))
    return found
