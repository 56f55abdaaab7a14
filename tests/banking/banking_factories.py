"""Plain functions that make what tests of banking need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Role
from fundops.banking.profile import sample
from fundops.disbursements import service as disbursements
from fundops.disbursements.models import Disbursement
from fundops.disbursements.schemas import DisbursementIn
from fundops.grants.models import Grant
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.parties.models import Party
from fundops.payees.models import BankAccount
from fundops.payees.sealing import AccountDetails, seal
from fundops.vault import Vault
from tests.banking.camt_files import OTHER, OWN
from tests.factories import a_fund, a_lot, a_person
from tests.grants.grant_factories import a_grant, a_grantee, check_sanctions, make_agreed, usd
from tests.world import Caller, World

_numbers = count(1)
PAID_ON = date(2026, 6, 15)


@dataclass
class Office:
    """A fund with an approved account, and callers of every duty."""

    world: World
    fund_id: UUID
    account_id: UUID
    officer: Caller
    decider: Caller
    signatory: Caller
    requester: Actor
    certifier: Actor
    approver: Actor
    profile_id: UUID | None = None

    def writing(self) -> Any:
        """Open a write transaction."""
        return self.world.database.write()

    def approved(self, count: int = 1, minor: int = 1_000_00, **over: Any) -> list[Disbursement]:
        """Return approved payments on a grant of their own each."""
        with self.writing() as db:
            audit.lock_head(db)
            return [an_approved(db, self, minor + n, **over) for n in range(count)]

    def a_batch(self, payments: Sequence[Disbursement], **over: Any) -> Any:
        """Make a batch and return its answer."""
        given = {
            "account_id": str(self.account_id),
            "execution_on": clock.today("UTC").isoformat(),
            "disbursement_ids": [str(one.id) for one in payments],
        }
        if self.profile_id is not None:
            given["profile_id"] = str(self.profile_id)
        return self.officer.post("/v1/payment_batches", json=given | over)

    def release(self, batch: Any, caller: Caller | None = None, **over: Any) -> Any:
        """Release a batch with its control totals."""
        given = {"count": batch["count"], "sum": batch["sum"]["amount"]}
        path = f"/v1/payment_batches/{batch['id']}/release"
        return (caller or self.signatory).post(path, json=given | over)

    def sent(self, count: int = 1, minor: int = 1_000_00, **over: Any) -> list[Disbursement]:
        """Return payments that were released in a batch."""
        payments = self.approved(count, minor, **over)
        made = self.a_batch(payments)
        assert made.status_code == 201, made.text
        answer = self.release(made.json())
        assert answer.status_code == 200, answer.text
        return payments

    def take_in(self, raw: bytes, caller: Caller | None = None) -> Any:
        """Send a statement's file."""
        return (caller or self.officer).post(
            f"/v1/fund_bank_accounts/{self.account_id}/statements",
            content=raw,
            headers={"content-type": "application/octet-stream"},
        )

    def statement(self, raw: bytes) -> Any:
        """Take in a file of one statement and return it."""
        answer = self.take_in(raw)
        assert answer.status_code == 201, answer.text
        return answer.json()["statements"][0]

    def entries(self, statement: Any) -> list[Any]:
        """Return a statement's entries in its order."""
        path = f"/v1/bank_statements/{statement['id']}/entries?sort=position&limit=200"
        found: list[Any] = self.officer.get(path).json()["items"]
        return found

    def proposals(self, statement: Any) -> list[Any]:
        """Return what is proposed of a statement's entries."""
        answer = self.officer.get(f"/v1/bank_statements/{statement['id']}/proposals")
        assert answer.status_code == 200, answer.text
        found: list[Any] = answer.json()["items"]
        return found

    def confirm(self, entry: Any, kind: str, **given: Any) -> Any:
        """Confirm an entry."""
        path = f"/v1/statement_entries/{entry['id']}/confirm"
        return self.officer.post(path, json={"kind": kind} | given)

    def status_of(self, payment: Disbursement) -> str:
        """Return a payment's status now."""
        with self.world.database.read() as db:
            return db.get_one(Disbursement, payment.id).status


ACCOUNT = {
    "name": "Main account", "kind": "bank", "currency": "USD",
    "holder": "Fund against Trafficking", "number": OWN, "is_iban": True, "bic": "BKAUATWW",
}  # fmt: skip


def an_office(world: World, *, kind: str = "bank", profile: Any = None) -> Office:
    """Open a fund with money, an approved account and, for a host, an approved profile."""
    with world.database.write() as db:
        audit.lock_head(db)
        fund = a_fund(db)
        a_lot(db, fund, 1_000_000_00)
        requester = a_person(db, Role.GRANT_OFFICER)[0]
        certifier = a_person(db, Role.FINANCE_OFFICER)[0]
        approver = a_person(db, Role.APPROVER)[0]
    officer, decider = world.as_role(Role.FINANCE_OFFICER), world.as_role(Role.FUND_MANAGER)
    signatory = world.as_role(Role.SIGNATORY, fund_id=fund.id)
    given = ACCOUNT | {"fund_id": str(fund.id), "kind": kind}
    made = officer.post("/v1/fund_bank_accounts", json=given)
    assert made.status_code == 201, made.text
    approved = decider.post(f"/v1/fund_bank_accounts/{made.json()['id']}/approve")
    assert approved.status_code == 200, approved.text
    office = Office(
        world, fund.id, UUID(made.json()["id"]), officer, decider, signatory,
        requester, certifier, approver,
    )  # fmt: skip
    if profile is not None:
        told = {"fund_id": str(fund.id), "name": "Host", "profile": profile}
        proposed = officer.post("/v1/voucher_profiles", json=told)
        assert proposed.status_code == 201, proposed.text
        office.profile_id = UUID(proposed.json()["id"])
        answer = decider.post(f"/v1/voucher_profiles/{office.profile_id}/approve")
        assert answer.status_code == 200, answer.text
    return office


def a_hosted_office(world: World) -> Office:
    """Open a fund that a larger organisation hosts."""
    return an_office(world, kind="host", profile=sample().model_dump(mode="json"))


@dataclass
class Sent:
    """An office, and payments that were released in a batch."""

    office: Office
    payments: list[Disbursement]


@dataclass
class Draft:
    """An office, and a batch of payments that was not released, unless the scene says so."""

    office: Office
    payments: list[Disbursement]
    batch: Any


def with_one_sent(world: World) -> Sent:
    """Have a payment on its way."""
    office = an_office(world)
    return Sent(office, office.sent(1))


def with_two_sent(world: World) -> Sent:
    """Have two payments on their way."""
    office = an_office(world)
    return Sent(office, office.sent(2))


def _draft(world: World, count: int) -> Draft:
    office = an_office(world)
    payments = office.approved(count)
    made = office.a_batch(payments)
    assert made.status_code == 201, made.text
    return Draft(office, payments, made.json())


def with_draft_of_one(world: World) -> Draft:
    """Have a batch of one payment."""
    return _draft(world, 1)


def with_draft_of_two(world: World) -> Draft:
    """Have a batch of two payments."""
    return _draft(world, 2)


def with_draft_of_three(world: World) -> Draft:
    """Have a batch of three payments."""
    return _draft(world, 3)


def a_payee_account(db: Session, party: Party, office: Office, **over: Any) -> BankAccount:
    """Register an active account of a payee, its details sealed in the vault."""
    given: dict[str, Any] = {
        "holder": party.name, "kind": "iban", "number": OTHER, "bic": "COBADEFF",
        "bank_name": None, "country": "DE", "vendor_number": None,
    } | over  # fmt: skip
    vault: Vault = office.world.app.state.vault
    vault.prepare(db)
    number = given["vendor_number"] if given["kind"] == "vendor" else given["number"]
    details = AccountDetails(
        given["kind"], given["country"], "USD", given["holder"], number, given["bic"],
        given["bank_name"],
    )  # fmt: skip
    now = clock.now()
    account = BankAccount(
        id=uuid7(), party_id=party.id, kind=details.kind, currency="USD", country=details.country,
        masked=details.masked, holder_initials="O.", is_elsewhere=False, origin="first",
        reason="As registered.", evidence="A letter of the bank.", status="active",
        proposed_by_id=office.certifier.person_id, proposed_hands="[]", proposed_at=now,
        approved_by_id=office.approver.person_id, approved_at=now,
        usable_from=now - timedelta(days=1), created_at=now,
    )  # fmt: skip
    seal(vault, account, details)
    db.add(account)
    db.flush()
    return account


def an_approved(
    db: Session, office: Office, minor: int, *, at_risk: bool = False, name: str | None = None,
    grant: Grant | None = None, status: str = "approved", **details: Any,
) -> Disbursement:  # fmt: skip
    """Return a payment that was asked for, certified and approved by different persons."""
    fund = db.get_one(Fund, office.fund_id)
    name = name or f"Organisation {next(_numbers)}"
    if grant is None:
        party = a_grantee(db, is_at_risk=at_risk, name=name)
        grant = a_grant(db, fund, minor, grantee=party)
    party = db.get_one(Party, grant.grantee_id)
    make_agreed(db, grant)
    check_sanctions(db, party.id)
    account = a_payee_account(db, party, office, **details)
    given = DisbursementIn(amount=usd(minor), requested_on=date(2026, 6, 1), account_id=account.id)
    payment = disbursements.request(db, office.requester, fund, grant, given)
    if status != "requested":
        disbursements.certify(db, office.certifier, fund, payment, grant)
    if status == "approved":
        disbursements.approve(db, office.approver, fund, payment, grant)
    assert payment.status == status
    return payment
