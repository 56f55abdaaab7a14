"""Plain functions that make what tests of cash need: agreements, instalments, receipts, matches."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import count
from typing import Any

import pytest
from sqlalchemy.orm import Session

from fundops import audit, clock, money
from fundops.authz import Actor, Role
from fundops.db import Database
from fundops.donors import matching, receipts
from fundops.donors.cash_schemas import MatchEntry, MatchIn, ReceiptIn
from fundops.donors.lots import UNEARMARKED
from fundops.donors.models import Agreement, Instalment, Lot, Receipt
from fundops.errors import Problem
from fundops.ids import uuid7
from fundops.ledger import balances
from fundops.ledger.models import Fund
from fundops.ledger.posting import AccountRef
from fundops.parties.models import Party
from fundops.schemas import MoneyIn
from tests.factories import a_party, a_person

DAY = date(2026, 2, 1)

_numbers = count(1)


def an_amount(minor: int, currency: str = "USD") -> MoneyIn:
    """Return an amount given in minor units."""
    return MoneyIn(amount=money.format_amount(minor, currency), currency=currency)


def wire(minor: int, currency: str = "USD") -> dict[str, str]:
    """Return the wire form of an amount given in minor units."""
    return {"amount": money.format_amount(minor, currency), "currency": currency}


def an_officer(db: Session) -> Actor:
    """Register a finance officer."""
    return a_person(db, Role.FINANCE_OFFICER)[0]


def an_agreement(db: Session, fund: Fund, *, donor: Party | None = None, **over: Any) -> Agreement:
    """Add an active agreement of a donor."""
    donor = donor or a_party(db)
    values: dict[str, Any] = {
        "id": uuid7(),
        "code": f"AGR-{next(_numbers):05d}",
        "fund_id": fund.id,
        "donor_id": donor.id,
        "title": "Support to grassroots organisations",
        "is_binding": True,
        "has_return_obligation": False,
        "category": 1,
        "earmark": UNEARMARKED,
        "support_cost_basis": "none",
        "support_cost_ppm": 0,
        "agent_fee_ppm": 0,
        "status": "active",
        "created_at": clock.now(),
    }
    agreement = Agreement(**(values | over))
    db.add(agreement)
    db.flush()
    return agreement


def an_instalment(
    db: Session, agreement: Agreement, amount_minor: int, currency: str = "USD"
) -> Instalment:
    """Add an instalment to an agreement."""
    instalment = Instalment(
        id=uuid7(), agreement_id=agreement.id, number=next(_numbers), amount_minor=amount_minor,
        currency=currency, matched_minor=0, written_off_minor=0, created_at=clock.now(),
    )  # fmt: skip
    db.add(instalment)
    db.flush()
    return instalment


def a_receipt(
    db: Session, actor: Actor, fund: Fund, amount_minor: int, *, currency: str | None = None,
    on: date = DAY, **over: Any,
) -> Receipt:  # fmt: skip
    """Book a receipt through the service."""
    values: dict[str, Any] = {
        "fund_id": fund.id,
        "received_on": on,
        "amount": an_amount(amount_minor, currency or fund.base_currency),
    }
    values |= over
    if "payer_id" not in values:
        values["payer_id"] = a_party(db).id
    return receipts.book(db, actor, ReceiptIn(**values))


def a_match(
    db: Session, actor: Actor, receipt: Receipt, *parts: tuple[Instalment, int]
) -> list[Lot]:
    """Match parts of a receipt to instalments in the receipt's currency."""
    entries = [
        MatchEntry(instalment_id=instalment.id, amount=an_amount(minor, receipt.currency))
        for instalment, minor in parts
    ]
    return matching.match(db, actor, receipt, MatchIn(matches=entries))


def a_matched_lot(
    db: Session, actor: Actor, fund: Fund, amount_minor: int, *, on: date = DAY, **terms: Any
) -> Lot:
    """Book a receipt and match all of it to one instalment of a new agreement."""
    agreement = an_agreement(db, fund, **terms)
    instalment = an_instalment(db, agreement, amount_minor, fund.base_currency)
    receipt = a_receipt(db, actor, fund, amount_minor, on=on)
    return a_match(db, actor, receipt, (instalment, amount_minor))[0]


def refused_write(database: Database, work: Callable[[Session], Any]) -> Problem:
    """Run ``work`` as a write of its own that must be refused, and return the problem."""

    def attempt() -> None:
        with database.write() as db:
            audit.lock_head(db)
            work(db)

    with pytest.raises(Problem) as refused:
        attempt()
    return refused.value


def held_in(db: Session, fund: Fund) -> dict[str, int]:
    """Return the present balances of a fund by account kind, without the empty ones."""
    found = balances.by_kind(db, fund.id)
    return {kind: balance.minor for kind, balance in found.items() if balance.minor}


def held_by(db: Session, lot: Lot) -> dict[str, int]:
    """Return the present balances of a lot by account kind, without the empty ones."""
    found = balances.lots_now(db, [lot.id]).get(lot.id, {})
    return {kind: minor for kind, minor in found.items() if minor}


def owed(db: Session, fund: Fund, party: Party) -> int:
    """Return what a party owes a fund."""
    return balances.now(db, AccountRef(fund.id, "recoverable", party_id=party.id))
