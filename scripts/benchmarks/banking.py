"""Goal 8: a batch of 5,000 payments built and validated, a statement of 5,000 lines matched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Role
from fundops.banking import accounts, batches, port, statement_queries, statements
from fundops.banking.models import FundBankAccount
from fundops.banking.schemas import FundBankAccountIn, PaymentBatchIn
from fundops.db import Database
from fundops.disbursements.models import Disbursement
from fundops.grants.models import Grant
from fundops.ids import uuid7
from fundops.payees.models import BankAccount
from scripts.benchmarks.ground import Ground
from scripts.benchmarks.measure import Result, seconds
from tests.banking.camt_files import OTHER, OWN, Entry, Stmt, Tx, camt
from tests.databases import Kind
from tests.factories import a_fund, a_party, a_person

MINOR = 1_000_00


class KnownAnswers:
    """A vault that hides nothing: what encryption costs is measured where it belongs."""

    def prepare(self, _db: Session) -> None:
        """There is nothing to prepare."""

    def encrypt(self, values: Mapping[str, Any], _place: object) -> Any:
        """Return the values as text."""
        return Sealed("none", json.dumps(values))

    def decrypt(self, sealed: Any, _place: object) -> dict[str, Any]:
        """Return the values of a text."""
        found: dict[str, Any] = json.loads(sealed.ciphertext)
        return found

    def fingerprints(self, value: str) -> tuple[str, ...]:
        """Return a digest."""
        return (sha256(value.encode()).hexdigest(),)


@dataclass(frozen=True)
class Sealed:
    """A text that stands for a ciphertext."""

    key_id: str
    ciphertext: str


@dataclass(frozen=True)
class Place:
    """Where a ciphertext would belong."""

    record_type: str
    record_id: UUID
    party_id: UUID


class CannotOpen(Exception):
    """Never raised here."""


@dataclass
class Payments:
    """A fund with ``count`` approved payments, each to an account of its own party."""

    count: int
    vault: port.Vault = field(default_factory=KnownAnswers)
    officer: Actor | None = None
    account_id: UUID | None = None

    def fill(self, database: Database) -> None:
        """Register the fund, its account, the payees and the payments."""
        with database.write() as db:
            audit.lock_head(db)
            fund = a_fund(db)
            officer, approver = (a_person(db, Role.FINANCE_OFFICER)[0] for _ in range(2))
            payer = a_person(db, Role.GRANT_OFFICER)[0]
            given = FundBankAccountIn(
                fund_id=fund.id, name="Main", kind="bank", currency="USD", holder="The Fund",
                number=OWN, is_iban=True, bic="BKAUATWW",
            )  # fmt: skip
            account = accounts.propose_account(db, officer, self.vault, given)
            accounts.decide_account(db, approver, account, "approve")
            self._rows(db, fund.id, (payer, officer, approver))
            self.officer, self.account_id = officer, account.id

    def _rows(self, db: Session, fund_id: UUID, hands: tuple[Actor, Actor, Actor]) -> None:
        now, party = clock.now(), a_party(db, kind="civil_society")
        asks, certifies, approves = (one.person_id for one in hands)
        payees: list[dict[str, Any]] = []
        grants: list[dict[str, Any]] = []
        payments: list[dict[str, Any]] = []
        newer = {
            "evidence": "A letter.", "proposed_hands": "[]", "is_elsewhere": False,
            "holder_initials": "P.",
        }  # fmt: skip
        extra = {name: value for name, value in newer.items() if hasattr(BankAccount, name)}
        for number in range(self.count):
            payee, grant = uuid7(), uuid7()
            payees.append({
                "id": payee, "party_id": party.id, "kind": "iban", "currency": "USD",
                "country": "DE", "details": "{}", "key_id": "none", "masked": "DE",
                "fingerprint": f"{number:064x}", "origin": "first", "reason": "First.",
                "status": "active", "proposed_by_id": asks, "proposed_at": now,
                "approved_by_id": approves, "approved_at": now, "usable_from": now,
                "version": 1, "created_at": now, **extra,
            })  # fmt: skip
            grants.append({
                "id": grant, "code": f"GRT-2026-{number:05d}", "fund_id": fund_id,
                "grantee_id": party.id, "title": "A grant", "objectives": "{}",
                "awarded_on": date(2026, 1, 1), "awarded_minor": MINOR, "requested_minor": MINOR,
                "paid_minor": 0, "refunded_minor": 0, "adjusted_minor": 0, "status": "awarded",
                "version": 1, "created_at": now,
            })  # fmt: skip
            payments.append({
                "id": uuid7(), "code": code_of(number), "grant_id": grant,
                "amount_minor": MINOR, "requested_on": date(2026, 6, 1), "requested_by_id": asks,
                "status": "approved", "version": 1, "created_at": now, "account_id": payee,
                "certified_by_id": certifies, "certified_at": now, "certified_digest": "0" * 64,
                "approved_by_id": approves, "approved_at": now, "approved_digest": "0" * 64,
            })  # fmt: skip
        for table, rows in ((BankAccount, payees), (Grant, grants), (Disbursement, payments)):
            db.execute(insert(table), rows)


def code_of(number: int) -> str:
    """Return the code of a payment."""
    return f"DSB-2026-{number:05d}"


def measure(ground: Ground, kind: Kind, *, quick: bool) -> list[Result]:
    """Return how long a batch and a statement of 5,000 take."""
    count = 500 if quick else 5_000
    bound = 1.0 if quick else 10.0
    payments = Payments(count)
    port.VAULT = __name__
    port.details_of = _payee  # type: ignore[assignment]
    with ground.copies(kind, 1, payments.fill) as (place,):
        database = Database(place.settings())
        try:
            batch = seconds(lambda: _batch(database, payments))
            statement = seconds(lambda: _statement(database, payments))
        finally:
            database.close()
    return [
        Result("8", f"a batch of {count:,} payments built and validated: seconds", kind, batch,
               bound, False, unit=""),
        Result("8", f"a statement of {count:,} lines taken in and matched: seconds", kind,
               statement, bound, False, unit=""),
    ]  # fmt: skip


def _payee(_vault: port.Vault, _account: BankAccount) -> port.Payee:
    return port.Payee("Payee of a grant", "iban", OTHER, "COBADEFF", None, "DE", None)


def _batch(database: Database, payments: Payments) -> None:
    assert payments.officer is not None
    assert payments.account_id is not None
    given = PaymentBatchIn(account_id=payments.account_id, execution_on=datetime.now(UTC).date())
    with database.write() as db:
        audit.lock_head(db)
        made = batches.make(db, payments.officer, payments.vault, given)
        assert made.count == payments.count


def _statement(database: Database, payments: Payments) -> None:
    assert payments.officer is not None
    with database.write() as db:
        audit.lock_head(db)
        db.execute(
            Disbursement.__table__.update().values(  # type: ignore[attr-defined]
                status="sent", sent_by_id=a_person(db, Role.SIGNATORY)[0].person_id,
                sent_at=clock.now(),
            )
        )  # fmt: skip
    entries = [
        Entry(-MINOR, [Tx(-MINOR, code_of(number), other=OTHER, name="Payee")], ref=str(number))
        for number in range(payments.count)
    ]
    raw = camt(Stmt(entries, opening=10**12))
    with database.write() as db:
        audit.lock_head(db)
        account = db.get_one(FundBankAccount, payments.account_id)
        found = statements.read(db, account, raw)
        taken = statements.take_in(db, payments.officer, payments.vault, account, raw, found)
        statement = taken.statements[0]
        others = statements.others_of(db, payments.vault, statement.lines_id)
        waiting = statement_queries.open_entries(db, statement.id)
        offered = statement_queries.proposed(db, payments.vault, statement, waiting, others)
        assert sum(one.grade == "exact" for one in offered) == payments.count
