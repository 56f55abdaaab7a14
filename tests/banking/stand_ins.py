"""What banking asks of payments, payees and the vault, as plainly as can be.

Their own rules have tests of their own; here they do what banking relies on: the step, the
posting, and a refusal where a payment is not in the status that the step needs.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.allocation import reserve
from fundops.allocation.holdings import holdings, take
from fundops.allocation.reserve import Source
from fundops.authz import Actor
from fundops.banking import port
from fundops.disbursements.models import Disbursement
from fundops.errors import Problem
from fundops.grants.models import Grant
from fundops.ledger import posting
from fundops.ledger.models import Fund, Transfer
from fundops.payees.models import BankAccount


@dataclass(frozen=True)
class Place:
    """Where a ciphertext belongs."""

    record_type: str
    record_id: UUID
    party_id: UUID


@dataclass(frozen=True)
class Sealed:
    """A ciphertext and the id of its key."""

    key_id: str
    ciphertext: str


class CannotOpen(Exception):
    """It was not sealed here, or not for this place."""


class Vault:
    """A vault with one key in memory."""

    def __init__(self) -> None:
        self.key = os.urandom(32)

    def prepare(self, _db: Session) -> None:
        """There is a key."""

    def encrypt(self, values: Mapping[str, Any], place: Place) -> Sealed:
        """Encrypt values for a place."""
        nonce = os.urandom(12)
        plain = json.dumps(values).encode()
        return Sealed(
            "k1",
            b64encode(
                nonce + AESGCM(self.key).encrypt(nonce, plain, repr(place).encode())
            ).decode(),
        )

    def decrypt(self, sealed: Sealed, place: Place) -> dict[str, Any]:
        """Decrypt what was encrypted for the place."""
        raw = b64decode(sealed.ciphertext)
        try:
            plain = AESGCM(self.key).decrypt(raw[:12], raw[12:], repr(place).encode())
        except InvalidTag:
            raise CannotOpen from None
        found: dict[str, Any] = json.loads(plain)
        return found

    def fingerprints(self, value: str) -> tuple[str, ...]:
        """Return the keyed digest."""
        return (sha256(self.key + value.encode()).hexdigest(),)


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the stand-ins where banking looks for what they stand for."""
    monkeypatch.setattr(port, "VAULT", "tests.banking.stand_ins")
    monkeypatch.setattr(port, "details_of", details_of)
    monkeypatch.setattr(port, "release", release)
    monkeypatch.setattr(port, "record_paid", record_paid)
    monkeypatch.setattr(port, "fail", fail)
    monkeypatch.setattr(port, "return_", return_)


def details_of(_vault: Any, account: BankAccount) -> port.Payee:
    """Return the details that a factory has written in the clear."""
    return port.Payee(**json.loads(account.details))


def _step(disbursement: Disbursement, source: str, target: str) -> None:
    if disbursement.status != source:
        raise Problem("wrong-status", action=target, status=disbursement.status)
    disbursement.status = target


def release(db: Session, actor: Actor, disbursement: Disbursement, *, batch_id: UUID) -> None:
    """Approved -> sent."""
    _step(disbursement, "approved", "sent")
    disbursement.sent_by_id, disbursement.sent_at = actor.person_id, clock.now()


def record_paid(
    db: Session, actor: Actor, fund: Fund, disbursement: Disbursement, grant: Grant,
    given: port.Evidence,
) -> None:  # fmt: skip
    """Sent -> paid, posted."""
    _step(disbursement, "sent", "paid")
    disbursement.paid_on, disbursement.paid_by_id = given.paid_on, actor.person_id
    disbursement.reference, disbursement.evidence_kind = given.reference, given.kind
    disbursement.evidence_note = given.note
    held = holdings(db, grant.id, "reserved", given.paid_on)
    parts, missing = take(held, disbursement.amount_minor)
    assert not missing
    grant.requested_minor -= disbursement.amount_minor
    grant.paid_minor += disbursement.amount_minor
    db.flush()
    seq = audit.record(
        db, actor, "disbursement.paid", "disbursement", disbursement.id, fund_id=fund.id,
        after={"status": "paid"},
    )  # fmt: skip
    source = Source("disbursement", disbursement.id, given.paid_on)
    posting.post(db, seq, reserve.pay(fund.id, source, parts))


def fail(db: Session, actor: Actor, disbursement: Disbursement, reason: str) -> None:
    """Sent -> failed."""
    _step(disbursement, "sent", "failed")
    grant = db.get_one(Grant, disbursement.grant_id)
    grant.requested_minor -= disbursement.amount_minor
    db.flush()


def return_(
    db: Session, actor: Actor, fund: Fund, disbursement: Disbursement, grant: Grant, on: date,
    reason: str,
) -> None:  # fmt: skip
    """Paid -> returned, taken back in the books."""
    _step(disbursement, "paid", "returned")
    disbursement.returned_on = on
    grant.paid_minor -= disbursement.amount_minor
    db.flush()
    seq = audit.record(
        db, actor, "disbursement.returned", "disbursement", disbursement.id, fund_id=fund.id,
        after={"status": "returned"},
    )  # fmt: skip
    ours = posting.standing(db, Transfer.source_id == disbursement.id)
    posting.post(
        db, seq,
        posting.reversal_of(db, ours, source_type="disbursement", source_id=disbursement.id),
    )  # fmt: skip
