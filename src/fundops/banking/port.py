"""What this domain asks of payments, of payees and of the vault, in one place.

Everything else here calls these functions, so that what a payment step or a secret is stays the
business of the domains that own them.
"""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from fundops.authz import Actor
from fundops.config import Settings
from fundops.disbursements.models import Disbursement
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from fundops.payees.models import BankAccount

MAX_UNSEALED = 64 * 2**20
"""Most bytes that a sealed file may unpack to; larger ones were never sealed by us."""


class Vault(Protocol):
    """What keeps secrets: text in, text out, under a key that has an id."""

    def encrypt(self, plain: str) -> tuple[str, str]:
        """Return the ciphertext and the id of its key."""

    def decrypt(self, sealed: str, key_id: str) -> str:
        """Return what was encrypted; raise for anything that was not, or was changed."""

    def fingerprint(self, number: str) -> str:
        """Return the keyed digest of an account number: the same for the same number."""


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


def open_vault(settings: Settings) -> Vault:
    """Return the vault that the settings name."""
    found: Vault = _named("fundops.vault", "Vault")(settings)
    return found


def details_of(vault: Vault, account: BankAccount) -> Payee:
    """Return the details of a payee's account, decrypted."""
    found = _named("fundops.payees.queries", "details_of")(vault, account)
    names = Payee.__dataclass_fields__
    return Payee(**{name: getattr(found, name, None) for name in names})


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


SERVICE = "fundops.disbursements.service"


def _named(module: str, name: str) -> Any:
    """Return what a module calls ``name``, looked up when it is needed."""
    return getattr(import_module(module), name)


def seal(vault: Vault, value: dict[str, Any]) -> tuple[str, str]:
    """Return plain values as ciphertext, and the id of its key."""
    return vault.encrypt(json.dumps(value, ensure_ascii=False, sort_keys=True))


def unseal(vault: Vault, sealed: str, key_id: str) -> dict[str, Any]:
    """Return the values that ``seal`` was given."""
    found: dict[str, Any] = json.loads(vault.decrypt(sealed, key_id))
    return found


def seal_bytes(vault: Vault, content: bytes) -> tuple[str, str]:
    """Return a file, packed, as ciphertext, and the id of its key."""
    return vault.encrypt(base64.b85encode(zlib.compress(content, 6)).decode("ascii"))


def unseal_bytes(vault: Vault, sealed: str, key_id: str) -> bytes:
    """Return the file that ``seal_bytes`` was given."""
    packed = base64.b85decode(vault.decrypt(sealed, key_id))
    return zlib.decompressobj().decompress(packed, MAX_UNSEALED)


def normalised(number: str) -> str:
    """Return an account number as it is compared: no spaces or dashes, capitals."""
    return "".join(char for char in number if char.isalnum()).upper()
