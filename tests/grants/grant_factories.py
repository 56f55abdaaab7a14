"""Plain functions that make what tests of money out need, through the services."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops import audit, clock, money
from fundops.allocation.reroute import reroute_from_lot
from fundops.authz import Actor, Role
from fundops.disbursements import paying, sanctions
from fundops.disbursements import service as disbursements
from fundops.disbursements.control_schemas import SanctionsCheckIn
from fundops.disbursements.models import Disbursement
from fundops.disbursements.queries import requested_of_tranche
from fundops.disbursements.schemas import DisbursementIn, PaidIn
from fundops.donors.models import Lot
from fundops.expenditures import closing as ended
from fundops.expenditures import service as expenditures
from fundops.expenditures.models import ExpenditureStatement
from fundops.expenditures.schemas import (
    AcceptIn,
    ExpenditureIn,
    ExpenditureLineIn,
    LineDecisionIn,
)
from fundops.grants import agreement_queries, refunds, service
from fundops.grants import agreement_writing as writing
from fundops.grants.agreement_content import Agreed, Line
from fundops.grants.agreement_models import GrantAgreementVersion
from fundops.grants.models import Grant, Refund, Tranche
from fundops.grants.schemas import CloseIn, GrantIn, ObjectiveShare, RefundIn, shares_of
from fundops.ids import uuid7
from fundops.ledger import posting
from fundops.ledger.models import Account, AccountDay, Fund, Transfer
from fundops.parties.models import Party
from fundops.payees.models import BankAccount
from fundops.payees.queries import current_account
from fundops.schemas import MoneyIn
from tests.factories import a_party, a_person

DAY = date(2026, 3, 1)
LATER = date(2026, 6, 1)


def usd(minor: int) -> MoneyIn:
    """Return an amount of USD given in cents."""
    return MoneyIn(amount=money.format_amount(minor, "USD"), currency="USD")


def mark(category: int = 1, **content: Any) -> str:
    """Return an earmark's stored text."""
    return json.dumps({"category": category, **content})


def for_country(*codes: str) -> str:
    """Return an earmark for countries."""
    return mark(3, include={"country": sorted(codes)})


def a_grantee(db: Session, **over: Any) -> Party:
    """Register a grassroots organisation."""
    return a_party(db, kind="civil_society", **over)


def a_grant(
    db: Session,
    fund: Fund,
    amount_minor: int,
    *,
    actor: audit.Author = audit.SYSTEM,
    grantee: Party | None = None,
    country: str | None = "KE",
    objective: int = 4,
    on: date = DAY,
    call_id: UUID | None = None,
    region: str | None = None,
) -> Grant:
    """Award a grant through the service."""
    grantee = grantee or a_grantee(db)
    given = GrantIn(
        fund_id=fund.id,
        call_id=call_id,
        grantee_id=grantee.id,
        title="Safe houses",
        amount=usd(amount_minor),
        country=country,
        region=region,
        objectives=[ObjectiveShare(objective=objective, percent=100)],
        awarded_on=on,
    )
    return service.award(db, actor, fund, given)


def _tranche(db: Session, grant: Grant, amount_minor: int) -> UUID | None:
    """Return the first tranche of a grant that has so much left, if it is paid in tranches."""
    query = select(Tranche).where(Tranche.grant_id == grant.id).order_by(Tranche.number)
    for one in db.execute(query).scalars():
        if one.amount_minor - requested_of_tranche(db, one.id) >= amount_minor:
            return one.id
    return None


@dataclass(frozen=True)
class Desk:
    """Persons of the duties that payments need: ``officer`` asks."""

    manager: Actor
    officer: Actor
    certifier: Actor
    approver: Actor
    payer: Actor


def a_desk(db: Session) -> Desk:
    """Register one person per duty."""
    return Desk(
        a_person(db, Role.FUND_MANAGER)[0],
        a_person(db, Role.FINANCE_OFFICER)[0],
        a_person(db, Role.FINANCE_OFFICER)[0],
        a_person(db, Role.APPROVER)[0],
        a_person(db, Role.SIGNATORY)[0],
    )


def evidence(on: date = LATER, **over: Any) -> PaidIn:
    """Return what the bank said of a payment."""
    given: dict[str, Any] = {
        "paid_on": on, "evidence_kind": "bank_advice", "evidence_note": "Debit advice 7",
    }  # fmt: skip
    return PaidIn(**(given | over))


def make_payable(db: Session, party_id: UUID) -> BankAccount:
    """See to it that a grantee has a usable bank account and a recent sanctions check."""
    now = clock.now()
    found = current_account(db, party_id, now)
    if found is not None:
        return found
    proposer = a_person(db, Role.FINANCE_OFFICER)[0]
    approver = a_person(db, Role.APPROVER)[0]
    account = BankAccount(
        id=uuid7(), party_id=party_id, kind="local", currency="USD", country="KE",
        details="AAAA", key_id="test", fingerprint=uuid7().hex * 2, masked="…4321",
        holder_initials="S. H.", origin="first", reason="First account", evidence="Bank letter",
        status="active", proposed_by_id=proposer.person_id, proposed_hands="[]", proposed_at=now,
        approved_by_id=approver.person_id,
        approved_at=now, usable_from=now, created_at=now,
    )  # fmt: skip
    db.add(account)
    check_sanctions(db, party_id)
    return account


def check_sanctions(db: Session, party_id: UUID) -> None:
    """Look a party up in sanctions lists, today, and find nothing."""
    given = SanctionsCheckIn(
        checked_on=clock.now().date(), lists="UN Security Council Consolidated List",
        names="Safe Houses", has_hits=False,
    )  # fmt: skip
    officer = a_person(db, Role.FINANCE_OFFICER)[0]
    sanctions.check(db, officer, db.get_one(Party, party_id), given)


def make_agreed(
    db: Session, grant: Grant, lines: tuple[Line, ...] | None = None
) -> GrantAgreementVersion:
    """See to it that an agreement of a grant is in force, signed by both parties on one day."""
    found = agreement_queries.in_force(db, grant.id)
    if found is not None:
        return found
    fund = db.get_one(Fund, grant.fund_id)
    officer = a_person(db, Role.GRANT_OFFICER)[0]
    theirs = a_person(db, Role.GRANTEE, party_id=grant.grantee_id)[0]
    manager = a_person(db, Role.FUND_MANAGER)[0]
    shares = shares_of(grant.objectives) or {4: 100}
    agreed = Agreed(
        grant.title, "en", grant.awarded_on, grant.awarded_on.replace(year=2027),
        grant.awarded_minor, None,
        lines or (Line("A", "All of it", shares, grant.awarded_minor),), (),
    )  # fmt: skip
    agreement = writing.agreement_of(db, officer, grant)
    version = writing.add_version(
        db, officer, fund, grant, agreement, agreed, prepared_by_id=officer.person_id
    )
    now = clock.now()
    version.status = "in_force"
    version.offered_by_id, version.offered_at = officer.person_id, now
    version.signed_by_id, version.signed_at, version.signed_on = theirs.person_id, now, now.date()
    version.countersigned_by_id, version.in_force_at = manager.person_id, now
    db.flush()
    writing.record(db, manager, "grant_agreement_version.in_force", version, grant)
    return version


def a_request(
    db: Session, desk: Desk, fund: Fund, grant: Grant, amount_minor: int, on: date = LATER
) -> Disbursement:
    """Ask for a payment."""
    make_payable(db, grant.grantee_id)
    make_agreed(db, grant)
    given = DisbursementIn(
        amount=usd(amount_minor), requested_on=on, tranche_id=_tranche(db, grant, amount_minor)
    )
    return disbursements.request(db, desk.officer, fund, grant, given)


def a_payment(
    db: Session, desk: Desk, fund: Fund, grant: Grant, amount_minor: int, on: date = LATER
) -> Disbursement:
    """Ask for a payment, have it certified and approved, and book it."""
    asked = an_approved(db, desk, fund, grant, amount_minor, on)
    return paying.pay(db, desk.payer, fund, asked, grant, evidence(on))


def an_approved(
    db: Session, desk: Desk, fund: Fund, grant: Grant, amount_minor: int, on: date = LATER
) -> Disbursement:
    """Ask for a payment and have it certified and approved."""
    asked = a_request(db, desk, fund, grant, amount_minor, on)
    disbursements.certify(db, desk.certifier, fund, asked, grant)
    return disbursements.approve(db, desk.approver, fund, asked, grant)


def a_refund(
    db: Session, desk: Desk, fund: Fund, grant: Grant, amount_minor: int, on: date = LATER
) -> Refund:
    """Book a refund."""
    given = RefundIn(amount=usd(amount_minor), received_on=on)
    return refunds.refund(db, desk.officer, fund, grant, given)


def reported(
    db: Session, grant: Grant, minor: int, *, on: date = LATER, support_minor: int = 0,
    actor: Actor | None = None, replaces: ExpenditureStatement | None = None,
) -> ExpenditureStatement:  # fmt: skip
    """Report expenditure of one day of its own, or of the period that is corrected."""
    made = select(func.count()).where(ExpenditureStatement.grant_id == grant.id)
    day = grant.awarded_on + timedelta(days=db.execute(made).scalar_one())
    lines = [ExpenditureLineIn(category="A", reported=usd(minor))]
    if support_minor:
        reported = usd(support_minor)
        lines.append(ExpenditureLineIn(category="G", is_support_cost=True, reported=reported))
    given = ExpenditureIn(
        starts_on=replaces.starts_on if replaces else min(day, on),
        ends_on=replaces.ends_on if replaces else min(day, on),
        lines=lines,
        replaces_id=replaces.id if replaces else None,
        reason="The first was wrong." if replaces else None,
    )
    fund = db.get_one(Fund, grant.fund_id)
    actor = actor or a_person(db, Role.GRANT_OFFICER)[0]
    return expenditures.report(db, actor, fund, grant, given)


def accepted(
    db: Session, grant: Grant, minor: int, *, on: date = LATER, refused_minor: int = 0,
    support_minor: int = 0, actor: Actor | None = None,
    replaces: ExpenditureStatement | None = None,
) -> ExpenditureStatement:  # fmt: skip
    """Report ``minor`` and ``refused_minor`` together, and accept all but the latter."""
    made = reported(
        db, grant, minor + refused_minor, on=on, support_minor=support_minor, replaces=replaces
    )
    decision = LineDecisionIn(
        number=1, accepted=usd(minor), reason="No invoice." if refused_minor else None
    )
    actor = actor or a_person(db, Role.FINANCE_OFFICER)[0]
    given = AcceptIn(accepted_on=on, lines=[decision])
    return expenditures.accept(db, actor, db.get_one(Fund, grant.fund_id), grant, made, given)


def end(db: Session, actor: Actor, fund: Fund, grant: Grant, action: str, given: CloseIn) -> None:
    """Close or cancel a grant."""
    (ended.close if action == "close" else service.cancel_grant)(db, actor, fund, grant, given)


def closing(on: date = LATER) -> CloseIn:
    """Return a reason to end a grant."""
    return CloseIn(reason="The work has ended.", on=on)


def balances_of(db: Session, fund: Fund) -> Mapping[tuple[str, UUID, UUID | None], int]:
    """Return present balances of lots, reservations and advances by (kind, lot, grant)."""
    query = select(
        Account.kind, Account.lot_id, Account.grant_id,
        Account.credits_minor - Account.debits_minor,
    ).where(Account.fund_id == fund.id, Account.lot_id.is_not(None))  # fmt: skip
    found: dict[tuple[str, UUID, UUID | None], int] = {}
    for kind, lot_id, grant_id, minor in db.execute(query):
        assert lot_id is not None
        sign = -1 if kind == "advance" else 1
        if minor:
            found[kind, lot_id, grant_id] = sign * int(minor)
    return found


def reserved(db: Session, grant: Grant) -> dict[UUID, int]:
    """Return what a grant has reserved now, by lot."""
    return {
        lot["lot_id"]: lot["reserved_minor"]
        for lot in service.lots_of(db, grant)
        if lot["reserved_minor"]
    }


def reverse_lot(db: Session, lot: Lot) -> None:
    """Reverse the receipt behind an opened lot, after freeing all of it."""
    seq = audit.record(db, audit.SYSTEM, "receipt.reversed", "lot", lot.id, fund_id=lot.fund_id)
    reroute_from_lot(db, audit.SYSTEM, seq, lot.id, lot.amount_minor)
    ours = posting.standing(
        db, Transfer.lot_id == lot.id, Transfer.kind.in_(("opening", "opening_lot"))
    )
    posting.post(db, seq, posting.reversal_of(db, ours, source_type="lot", source_id=lot.id))
    lot.status = "reversed"


def lowest_ever(db: Session, fund: Fund) -> int:
    """Return the lowest balance that any standing lot, its reservations or advances ever had.

    A reversed lot is left out: that grants once held money which was never there is its history.
    """
    query = (
        select(Account.id, Account.kind, AccountDay.credits_minor - AccountDay.debits_minor)
        .join(AccountDay, AccountDay.account_id == Account.id)
        .join(Lot, Lot.id == Account.lot_id)
        .where(Account.fund_id == fund.id, Lot.status == "open")
        .order_by(Account.id, AccountDay.on_date)
    )
    found = 0
    running: dict[UUID, int] = {}
    for account_id, kind, net in db.execute(query):
        sign = -1 if kind == "advance" else 1
        running[account_id] = running.get(account_id, 0) + sign * int(net)
        found = min(found, running[account_id])
    return found
