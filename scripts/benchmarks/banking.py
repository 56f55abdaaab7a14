"""Goal 8: a batch of 5,000 payments built and validated, a statement of 5,000 lines matched."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Role
from fundops.banking import accounts, batches, statement_queries, statements
from fundops.banking.models import FundBankAccount, PaymentBatch
from fundops.banking.schemas import FundBankAccountIn, PaymentBatchIn, ReleaseIn
from fundops.config import Settings
from fundops.db import Database
from fundops.disbursements.models import Disbursement
from fundops.grants.models import Grant
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.money import format_amount
from fundops.payees.models import BankAccount
from fundops.payees.sealing import AccountDetails, seal
from fundops.vault import Vault, key_line, new_key
from scripts.benchmarks.ground import Ground
from scripts.benchmarks.measure import Result, seconds
from tests.banking.banking_factories import an_approved
from tests.banking.camt_files import OTHER, OWN, Entry, Stmt, Tx, camt
from tests.databases import Kind
from tests.factories import a_fund, a_lot, a_party, a_person

MINOR = 1_000_00
DETAILS = AccountDetails("iban", "DE", "USD", "Payee of a grant", OTHER, "COBADEFF")


@dataclass
class Payments:
    """A fund with ``count`` approved payments, each to an account of its own."""

    count: int
    vault: Vault = field(default_factory=lambda: Vault(Settings(vault_keys=key_line(new_key()))))
    officer: Actor | None = None
    account_id: UUID | None = None

    def fill(self, database: Database) -> None:
        """Register the fund, its account, the payees and the payments."""
        with database.write() as db:
            audit.lock_head(db)
            self.vault.prepare(db)
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
        vault = self.vault
        for number in range(self.count):
            payee, grant = uuid7(), uuid7()
            account = BankAccount(id=payee, party_id=party.id)
            seal(vault, account, DETAILS)
            payees.append({
                "id": payee, "party_id": party.id, "kind": "iban", "currency": "USD",
                "country": "DE", "details": account.details, "key_id": account.key_id,
                "masked": DETAILS.masked, "fingerprint": account.fingerprint, "origin": "first",
                "reason": "First.", "evidence": "A letter.", "proposed_hands": "[]",
                "is_elsewhere": False, "holder_initials": "P.", "status": "active",
                "proposed_by_id": asks, "proposed_at": now, "approved_by_id": approves,
                "approved_at": now, "usable_from": now, "version": 1, "created_at": now,
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


@dataclass
class Gated(Payments):
    """Payments that were asked for, certified and approved, each for a grant of its own.

    They pass every rule again when they are released.
    """

    signatory: Actor | None = None

    def _rows(self, db: Session, fund_id: UUID, hands: tuple[Actor, Actor, Actor]) -> None:
        a_lot(db, db.get_one(Fund, fund_id), 2 * MINOR * self.count)
        self.signatory = a_person(db, Role.SIGNATORY)[0]
        office: Any = SimpleNamespace(
            fund_id=fund_id, requester=hands[0], certifier=hands[1], approver=hands[2],
            world=SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace(vault=self.vault))),
        )  # fmt: skip
        for _ in range(self.count):
            an_approved(db, office, MINOR)


def measure(ground: Ground, kind: Kind, *, quick: bool) -> list[Result]:
    """Return how long a batch and a statement of 5,000 take, and to release one of 500."""
    count = 500 if quick else 5_000
    bound = 1.0 if quick else 10.0
    payments = Payments(count)
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
        _released(ground, kind, 100 if quick else 500),
    ]  # fmt: skip


def _released(ground: Ground, kind: Kind, count: int) -> Result:
    """Return how long the release of a batch takes, which asks every rule of every payment."""
    payments = Gated(count)
    with ground.copies(kind, 1, payments.fill) as (place,):
        database = Database(place.settings())
        try:
            _batch(database, payments)
            taken = seconds(lambda: _release(database, payments))
        finally:
            database.close()
    return Result(
        "8",
        f"a batch of {count:,} released, every rule asked again: seconds",
        kind,
        taken,
        None,
        False,
        unit="",
        note=f"{1000 * taken / count:.1f} ms a payment",
    )


def _release(database: Database, payments: Gated) -> None:
    assert payments.signatory is not None
    with database.write() as db:
        audit.lock_head(db)
        batch = db.execute(select(PaymentBatch)).scalar_one()
        given = ReleaseIn(
            count=batch.count, sum=format_amount(batch.sum_minor, batch.currency)
        )  # fmt: skip
        released = batches.release(db, payments.signatory, payments.vault, batch, given)
        assert released.status == "released"


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
