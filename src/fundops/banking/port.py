"""What this domain asks of payments, of payees and of the vault, in one place.

Everything else here calls these functions, so that what a payment step or a secret is stays the
business of the domains that own them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from fundops.authz import Actor
from fundops.disbursements import paying
from fundops.disbursements.models import Disbursement
from fundops.disbursements.schemas import PaidIn, ReturnIn
from fundops.errors import Problem
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.payees import sealing as payees
from fundops.payees.models import BankAccount
from fundops.screening import screen
from fundops.vault import CannotOpen, Place, Sealed, Vault

_PARTING = re.compile(r"[\s./_-]+")


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
    sealed = vault.encrypt(values, Place(kind, record_id, owner_id))
    return Secret(sealed.ciphertext, sealed.key_id)


def unseal(
    vault: Vault, secret: Secret, kind: str, record_id: UUID, owner_id: UUID
) -> dict[str, Any]:
    """Return what ``seal`` was given. Raises ``conflict`` for what it never made."""
    sealed = Sealed(secret.key_id, secret.details)
    try:
        return vault.decrypt(sealed, Place(kind, record_id, owner_id))
    except CannotOpen:
        raise Problem("conflict", detail=text("banking.sealed_otherwise")) from None


def details_of(vault: Vault, account: BankAccount) -> Payee:
    """Return the details of a payee's account, decrypted."""
    found = payees.details_of(vault, account)
    told: Any = {name: getattr(found, name, None) for name in Payee.__dataclass_fields__}
    return Payee(**told)


def release(db: Session, actor: Actor, disbursement: Disbursement) -> None:
    """Let an approved payment go to the bank; every rule of payments is asked again."""
    grant = db.get_one(Grant, disbursement.grant_id)
    paying.release(db, actor, db.get_one(Fund, grant.fund_id), disbursement, grant)


def _said(words: str) -> str:
    """Return what a bank wrote, or that it was left out because it looks like personal data."""
    return words if not screen(words) else text("banking.words_left_out")


def record_paid(
    db: Session, actor: Actor, fund: Fund, disbursement: Disbursement, grant: Grant, given: Evidence
) -> None:
    """Note that the bank has paid what was sent, and post it."""
    told = PaidIn.model_validate(
        {
            "paid_on": given.paid_on,
            "reference": given.reference,
            "evidence_kind": given.kind,
            "evidence_note": _said(given.note or given.reference or "") or None,
        }
    )
    paying.record_paid(db, actor, fund, disbursement, grant, told)


def fail(db: Session, actor: Actor, disbursement: Disbursement, reason: str) -> None:
    """Note that the bank has refused what was sent."""
    grant = db.get_one(Grant, disbursement.grant_id)
    paying.fail(db, actor, disbursement, grant, _said(reason))


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
    told = ReturnIn.model_validate({"returned_on": on, "reason": _said(reason)})
    paying.return_(db, actor, fund, disbursement, grant, told)


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
