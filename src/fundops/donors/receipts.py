"""Receipts: booking cash that came in.

Booked cash is held as unmatched, where nothing can be reserved from it, until it is matched to an
instalment. The booked base amount is what counts; the rate only says how it came about.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock, lifecycle, money
from fundops.authz import Actor, Permission
from fundops.codes import next_code
from fundops.donors import cash_rules as rules
from fundops.donors.cash_schemas import ReceiptIn
from fundops.donors.models import Receipt
from fundops.errors import invalid
from fundops.funds.rates import rate_on
from fundops.ids import uuid7
from fundops.ledger import posting
from fundops.ledger.models import Fund
from fundops.ledger.posting import AccountRef, Movement
from fundops.parties.models import Party
from fundops.records import snapshot

RECEIPT_STEPS: lifecycle.Steps = {
    "reverse": lifecycle.step("booked", "reversed", Permission.RECEIPT_REVERSE),
    "reverse_spent": lifecycle.step(
        "booked", "reversed", Permission.RECEIPT_REVERSE, ("booked_by_id",)
    ),
}

LARGEST_RATE, RATE_STEP = Decimal(10) ** 12, Decimal(1).scaleb(-12)


@dataclass(frozen=True)
class Booking:
    """The booked base amount of a receipt, and the rate it came from or implies."""

    base_minor: int
    rate: Decimal
    rate_on: date
    rate_source: str


def book(db: Session, actor: Actor, given: ReceiptIn) -> Receipt:
    """Book cash that came in, as unmatched.

    Raises ``invalid-request`` for a day in the future, unknown parties, or amounts that cannot be
    right together; ``already-exists`` for a bank reference booked before.
    """
    fund = rules.usable_fund(db, actor, Permission.RECEIPT_WRITE, given.fund_id)
    rules.not_future(fund, given.received_on, "/received_on")
    _check_parties(db, given)
    amount_minor = given.amount.minor("/amount")
    booking = _booking(db, fund, given, amount_minor)
    fee_minor, exchange_minor = _differences(fund, given, booking.base_minor)
    receipt = Receipt(
        id=uuid7(),
        code=next_code(db, "RCT", given.received_on.year),
        fund_id=fund.id,
        payer_id=given.payer_id,
        donor_id=given.donor_id,
        received_on=given.received_on,
        amount_minor=amount_minor,
        currency=given.amount.currency,
        rate=money.canonical_rate(booking.rate),
        rate_on=booking.rate_on,
        rate_source=booking.rate_source,
        base_minor=booking.base_minor,
        fee_minor=fee_minor,
        exchange_minor=exchange_minor,
        matched_minor=0,
        gifts=given.gifts,
        bank_reference=given.bank_reference,
        comment=given.comment,
        booked_by_id=actor.person_id,
        status="booked",
        created_at=clock.now(),
    )
    db.add(receipt)
    db.flush()
    seq = audit.record(
        db,
        actor,
        "receipt.booked",
        "receipt",
        receipt.id,
        fund_id=fund.id,
        after=snapshot(receipt),
    )
    posting.post(db, seq, booking_movements(receipt))
    return receipt


def booking_movements(receipt: Receipt) -> list[Movement]:
    """Return the transfers that book ``receipt``: gross, then what the bank kept or added."""
    bank = AccountRef(receipt.fund_id, "bank")
    difference = AccountRef(receipt.fund_id, "exchange_difference")
    gain = receipt.exchange_minor > 0
    lines = (
        ("receipt", bank, AccountRef(receipt.fund_id, "unmatched"), receipt.base_minor),
        ("receipt_fee", AccountRef(receipt.fund_id, "bank_fees"), bank, receipt.fee_minor),
        (
            "exchange_difference",
            bank if gain else difference,
            difference if gain else bank,
            abs(receipt.exchange_minor),
        ),
    )
    return [
        Movement(kind, debit, credit, amount, receipt.received_on, "receipt", receipt.id)
        for kind, debit, credit, amount in lines
        if amount
    ]


def _check_parties(db: Session, given: ReceiptIn) -> None:
    named = {"/payer_id": given.payer_id, "/donor_id": given.donor_id}
    wanted = [party_id for party_id in named.values() if party_id is not None]
    known = set(
        db.execute(select(Party.id).where(Party.id.in_(wanted), Party.kind != "pseudo")).scalars()
    )
    for pointer, party_id in named.items():
        if party_id is not None and party_id not in known:
            raise invalid(pointer, "validation.unknown_record")
    if given.gifts is not None and given.donor_id is None:
        raise invalid("/donor_id", "cash.gifts_need_donor")


def _booking(db: Session, fund: Fund, given: ReceiptIn, amount_minor: int) -> Booking:
    currency, base = given.amount.currency, fund.base_currency
    if given.rate is None and (given.rate_on is not None or given.rate_source is not None):
        raise invalid("/rate", "cash.rate_missing")
    if given.rate_on is not None:
        rules.not_before(given.received_on, given.rate_on, "/rate_on")
    if currency == base:
        return _booking_at_par(fund, given, amount_minor)
    if given.rate is not None:
        rate, on = money.parse_rate(given.rate), given.rate_on or given.received_on
        source: str = given.rate_source or "other"
    elif given.base is not None:
        base_minor = rules.base_minor(fund, given.base, "/base")
        rate = _implied_rate(amount_minor, currency, base_minor, base)
        return Booking(base_minor, rate, given.received_on, "booked")
    else:
        known = rate_on(db, base, currency, given.received_on)
        if known is None:
            raise invalid("/rate", "cash.no_rate", currency=currency, base=base)
        rate, on, source = known.rate, known.starts_on, known.source
    if given.base is not None:
        return Booking(rules.base_minor(fund, given.base, "/base"), rate, on, source)
    return Booking(converted(amount_minor, currency, rate, base, "/amount"), rate, on, source)


def _booking_at_par(fund: Fund, given: ReceiptIn, amount_minor: int) -> Booking:
    if given.rate is not None and money.parse_rate(given.rate) != 1:
        raise invalid("/rate", "cash.rate_must_be_one")
    if given.base is not None and rules.base_minor(fund, given.base, "/base") != amount_minor:
        raise invalid("/base", "cash.base_must_equal")
    return Booking(amount_minor, Decimal(1), given.received_on, "booked")


def converted(amount_minor: int, currency: str, rate: Decimal, base: str, pointer: str) -> int:
    """Return ``amount_minor`` in minor units of ``base``; refuse nothing and too much."""
    try:
        minor = money.convert(amount_minor, currency, rate, base)
    except money.MoneyError as error:
        raise invalid(pointer, error.args[0]) from error
    if minor == 0:
        raise invalid(pointer, "cash.too_small")
    return minor


def _implied_rate(amount_minor: int, currency: str, base_minor: int, base: str) -> Decimal:
    """Return the rate that a booked base amount implies, to twelve decimals."""
    foreign = Decimal(amount_minor).scaleb(-money.exponent(currency))
    booked = Decimal(base_minor).scaleb(-money.exponent(base))
    rate = foreign / booked
    if rate < LARGEST_RATE:
        rate = rate.quantize(RATE_STEP, rounding=ROUND_HALF_UP)
    if not 0 < rate < LARGEST_RATE:
        raise invalid("/base", "cash.rate_out_of_range")
    return rate


def _differences(fund: Fund, given: ReceiptIn, base_minor: int) -> tuple[int, int]:
    """Return the bank's fee and the realised exchange difference (a gain is positive)."""
    fee_minor = 0
    if given.bank_fee is not None:
        fee_minor = rules.base_minor(fund, given.bank_fee, "/bank_fee", zero=True)
        if fee_minor >= base_minor:
            raise invalid("/bank_fee", "cash.fee_too_large")
    if given.credited is None:
        return fee_minor, 0
    exchange_minor = rules.base_minor(fund, given.credited, "/credited") + fee_minor - base_minor
    if exchange_minor != 0 and given.amount.currency == fund.base_currency:
        raise invalid("/credited", "cash.credited_must_equal")
    return fee_minor, exchange_minor
