"""What the lines of one contribution come to: a promise, its receipts, what is still expected.

Pure arithmetic on canonical records. Amounts of a promise are in its own currency, whatever the
money came in; ``base`` amounts are in the fund's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from fundops import money
from fundops.imports.records import ContributionRecord

_RATE_DIGITS = Decimal("1e-6")


@dataclass(frozen=True)
class Receiving:
    """One receipt: what came in, as booked, and how much of the promise it settles."""

    key: str
    record: ContributionRecord
    received_on: date
    currency: str
    amount_minor: int
    rate: str
    base_minor: int
    settled_minor: int


@dataclass(frozen=True)
class Promise:
    """A contribution: the gross promise, the receipts, and what is expected or given up.

    ``rest_minor`` is still expected, ``lost_minor`` was written off on ``lost_on``, both in the
    promise's currency.
    """

    first: ContributionRecord
    currency: str
    amount_minor: int
    rate: str | None
    base_minor: int
    receipts: tuple[Receiving, ...]
    rest_minor: int
    rest_base_minor: int
    lost_minor: int
    lost_on: date | None


def promise_of(lines: Sequence[ContributionRecord]) -> Promise | None:
    """Return what ``lines``, all of one contribution, promise; ``None`` when that is nothing.

    The outstanding amount stands on each line of a contribution and counts once.
    """
    lines = sorted(lines, key=lambda line: (line.paid_on or date.max, line.key))
    first = lines[0]
    base = first.currency
    paid = [line for line in lines if line.paid_minor]
    currency = _currency(first, paid)
    settled = _settled(paid, first, currency)
    receipts = tuple(_receiving(line, part) for line, part in zip(paid, settled, strict=True))
    got, rest_base = sum(settled), first.outstanding_minor
    whole = first.pledge_local_minor if currency == first.pledge_currency else None
    is_gross = first.pledge_basis == "gross"
    if rest_base and is_gross and whole is not None:
        rest = max(whole - got, 0)
    elif rest_base:
        rest = whole if whole else _in_currency(rest_base, first, currency)
    else:
        rest = 0
    lost = 0
    if whole is not None and _gives_up(first):
        lost = max(whole - (got if is_gross else 0), 0) if not rest else 0
    amount = whole if is_gross and whole else got + rest + lost
    if not amount:
        return None
    booked = sum(line.paid_minor for line in paid) + rest_base + _in_base(lost, first, currency)
    return Promise(
        first, currency, amount, first.pledge_rate if currency != base else None, booked or 0,
        receipts, rest, rest_base, lost, _lost_on(lines) if lost else None,
    )  # fmt: skip


def _gives_up(first: ContributionRecord) -> bool:
    """Return whether what is missing of the promise will not come any more."""
    return first.status == "written_off" or (
        first.status == "part_paid" and first.pledge_basis == "gross"
    )


def _lost_on(lines: Sequence[ContributionRecord]) -> date | None:
    days = [line.written_off_on or line.paid_on for line in lines]
    return max((day for day in days if day is not None), default=None)


def _currency(first: ContributionRecord, paid: Sequence[ContributionRecord]) -> str:
    """Return the promise's currency: the stated one, if what other money settles can be told."""
    stated = first.pledge_currency or next((p.paid_currency for p in paid if p.paid_currency), None)
    if stated is None or stated == first.currency:
        return first.currency
    foreign = any((line.paid_currency or first.currency) != stated for line in paid)
    known = first.pledge_rate or (first.pledge_basis == "gross" and first.pledge_local_minor)
    return stated if known or not foreign else first.currency


def _settled(
    paid: Sequence[ContributionRecord], first: ContributionRecord, currency: str
) -> list[int]:
    """Return how much of the promise each receipt settles.

    Money in the promise's currency settles its own amount. Money in another settles what the
    others leave of a promise that is fully paid, else its value at the promise's rate.
    """
    own = [_local(line) if _paid_in(line) == currency else None for line in paid]
    others = [line for line, amount in zip(paid, own, strict=True) if amount is None]
    if not others:
        return [amount for amount in own if amount is not None]
    left = (first.pledge_local_minor or 0) - sum(amount or 0 for amount in own)
    if first.pledge_basis == "gross" and first.status == "paid" and left >= len(others):
        shares = money.allocate(left, [line.paid_minor for line in others])
    else:
        shares = [_in_currency(line.paid_minor, first, currency) for line in others]
    rest = iter(max(share, 1) for share in shares)
    return [next(rest) if amount is None else amount for amount in own]


def _paid_in(line: ContributionRecord) -> str:
    return line.paid_currency if line.paid_currency and line.paid_local_minor else line.currency


def _local(line: ContributionRecord) -> int:
    return line.paid_local_minor or line.paid_minor


def _receiving(line: ContributionRecord, settled_minor: int) -> Receiving:
    assert line.paid_on is not None, "reading sets aside what is paid without a date"
    currency, amount = _paid_in(line), _local(line)
    return Receiving(
        line.key, line, line.paid_on, currency, amount, _rate(line, currency, amount),
        line.paid_minor, settled_minor,
    )  # fmt: skip


def _rate(line: ContributionRecord, currency: str, amount_minor: int) -> str:
    """Return the rate as the source gives it, else the one the booked amounts imply."""
    if currency == line.currency:
        return "1"
    if line.paid_rate is not None:
        return line.paid_rate
    local = Decimal(amount_minor).scaleb(-money.exponent(currency))
    booked = Decimal(line.paid_minor).scaleb(-money.exponent(line.currency))
    implied = max((local / booked).quantize(_RATE_DIGITS, rounding=ROUND_HALF_UP), _RATE_DIGITS)
    return money.canonical_rate(implied)


def _in_currency(base_minor: int, first: ContributionRecord, currency: str) -> int:
    """Return a base amount in the promise's currency, at the promise's rate."""
    if currency == first.currency or first.pledge_rate is None:
        return base_minor
    booked = Decimal(base_minor).scaleb(-money.exponent(first.currency))
    return money.to_minor(booked * money.parse_rate(first.pledge_rate), currency)


def _in_base(minor: int, first: ContributionRecord, currency: str) -> int:
    if not minor or currency == first.currency:
        return minor
    if first.pledge_rate is None:
        return 0
    return money.convert(minor, currency, money.parse_rate(first.pledge_rate), first.currency)
