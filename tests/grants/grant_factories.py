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

from fundops import audit, money
from fundops.allocation.reroute import reroute_from_lot
from fundops.authz import Actor, Role
from fundops.disbursements import service as disbursements
from fundops.disbursements.models import Disbursement
from fundops.disbursements.schemas import DisbursementIn, PayIn
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
from fundops.grants import refunds, service
from fundops.grants.models import Grant, Refund
from fundops.grants.schemas import CloseIn, GrantIn, ObjectiveShare, RefundIn
from fundops.ledger import posting
from fundops.ledger.models import Account, AccountDay, Fund, Transfer
from fundops.parties.models import Party
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


@dataclass(frozen=True)
class Desk:
    """Persons of the duties that payments need."""

    manager: Actor
    officer: Actor
    payer: Actor


def a_desk(db: Session) -> Desk:
    """Register one person per duty."""
    return Desk(
        a_person(db, Role.FUND_MANAGER)[0],
        a_person(db, Role.FINANCE_OFFICER)[0],
        a_person(db, Role.APPROVER)[0],
    )


def a_request(
    db: Session, desk: Desk, fund: Fund, grant: Grant, amount_minor: int, on: date = LATER
) -> Disbursement:
    """Ask for a payment."""
    given = DisbursementIn(amount=usd(amount_minor), requested_on=on)
    return disbursements.request(db, desk.officer, fund, grant, given)


def a_payment(
    db: Session, desk: Desk, fund: Fund, grant: Grant, amount_minor: int, on: date = LATER
) -> Disbursement:
    """Ask for a payment and book it."""
    asked = a_request(db, desk, fund, grant, amount_minor, on)
    return disbursements.pay(db, desk.payer, fund, asked, grant, PayIn(paid_on=on))


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
