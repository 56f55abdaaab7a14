"""What this domain asks of payments, of payees and of the vault, in one place.

Everything else here calls these functions, so that what a payment step or a secret is stays the
business of the domains that own them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from fundops.authz import Actor
from fundops.disbursements.models import Disbursement
from fundops.errors import Problem
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.payees.models import BankAccount

_PARTING = re.compile(r"[\s./_-]+")
SERVICE = "fundops.disbursements.service"
VAULT = "fundops.vault"


class Vault(Protocol):
    """What keeps secrets: plain values in, text out, bound to the record that they belong to."""

    def prepare(self, db: Session) -> None:
        """See to it that there is a key."""

    def encrypt(self, values: Mapping[str, Any], place: Any) -> Any:
        """Return values encrypted for a place, with the id of the key."""

    def decrypt(self, sealed: Any, place: Any) -> dict[str, Any]:
        """Return what was encrypted for a place."""

    def fingerprints(self, value: str) -> tuple[str, ...]:
        """Return every fingerprint that an account number may be found by."""


@dataclass(frozen=True)
class Secret:
    """A record's ciphertext, and the id of its key."""

    details: str
    key_id: str


@dataclass(frozen=True)
class Payee:
    """Where a payment goes, in the clear: never stored, logged or shown."""

    holder: str
    kind: str
    number: str
    bic: str | None
    bank_name: str | None
    country: str | None
    vendor_number: str | None
    clearing: str | None = None


@dataclass(frozen=True)
class Evidence:
    """What shows that the bank has paid: the day, its reference, and where that is written."""

    paid_on: date
    reference: str | None
    kind: str
    note: str | None = None


def vault_of(state: Any) -> Vault:
    """Return the vault of an application."""
    found: Vault = state.vault
    return found


def seal(
    db: Session, vault: Vault, values: Mapping[str, Any], kind: str, record_id: UUID, owner_id: UUID
) -> Secret:
    """Return ``values`` encrypted for one record of ``kind``, which belongs to ``owner_id``."""
    vault.prepare(db)
    sealed = vault.encrypt(values, _named(VAULT, "Place")(kind, record_id, owner_id))
    return Secret(sealed.ciphertext, sealed.key_id)


def unseal(
    vault: Vault, secret: Secret, kind: str, record_id: UUID, owner_id: UUID
) -> dict[str, Any]:
    """Return what ``seal`` was given. Raises ``conflict`` for what it never made."""
    sealed = _named(VAULT, "Sealed")(secret.key_id, secret.details)
    try:
        return vault.decrypt(sealed, _named(VAULT, "Place")(kind, record_id, owner_id))
    except _named(VAULT, "CannotOpen"):
        raise Problem("conflict", detail=text("banking.sealed_otherwise")) from None


def details_of(vault: Vault, account: BankAccount) -> Payee:
    """Return the details of a payee's account, decrypted."""
    found = _named("fundops.payees.service", "details_of")(vault, account)
    told: Any = {name: getattr(found, name, None) for name in Payee.__dataclass_fields__}
    return Payee(**told)


def release(db: Session, actor: Actor, disbursement: Disbursement, *, batch_id: UUID) -> None:
    """Let an approved payment go to the bank; every rule of payments is asked again."""
    _named(SERVICE, "release")(db, actor, disbursement, batch_id=batch_id)


def record_paid(
    db: Session, actor: Actor, fund: Fund, disbursement: Disbursement, grant: Grant, given: Evidence
) -> None:
    """Note that the bank has paid what was sent, and post it."""
    paid_in = _named("fundops.disbursements.schemas", "PaidIn")
    told = paid_in(
        paid_on=given.paid_on,
        reference=given.reference,
        evidence_kind=given.kind,
        evidence_note=given.note,
    )
    _named(SERVICE, "record_paid")(db, actor, fund, disbursement, grant, told)


def fail(db: Session, actor: Actor, disbursement: Disbursement, reason: str) -> None:
    """Note that the bank has refused what was sent."""
    _named(SERVICE, "fail")(db, actor, disbursement, reason)


def return_(
    db: Session,
    actor: Actor,
    fund: Fund,
    disbursement: Disbursement,
    grant: Grant,
    on: date,
    reason: str,
) -> None:
    """Note that what was paid has come back, and post it."""
    _named(SERVICE, "return_")(db, actor, fund, disbursement, grant, on, reason)


def _named(module: str, name: str) -> Any:
    """Return what a module calls ``name``, looked up when it is needed."""
    return getattr(import_module(module), name)


def normalised(number: str) -> str:
    """Return an account number as it is compared: without what parts its groups, in capitals."""
    return _PARTING.sub("", number).upper()


def marks(vault: Vault, number: str, countries: Collection[str | None]) -> set[str]:
    """Return the fingerprints that a payee's account with this number may have.

    A bank's statement does not say in which country a national number is; ``countries`` are those
    that come into question.
    """
    bare = normalised(number)
    forms = {f"local:{country or ''}:{bare}" for country in countries}
    if bare[:2].isalpha():
        forms.add(f"iban:{bare[:2]}:{bare}")
    return {mark for form in sorted(forms) for mark in vault.fingerprints(form)}
