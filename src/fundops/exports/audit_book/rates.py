"""Exchange rates: those published that were registered, and those that receipts were booked at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.money_in import MoneyIn
from fundops.exports.audit_book.registers import RATES as REGISTER
from fundops.exports.audit_book.registers import Read, as_known, as_told
from fundops.exports.audit_book.section import Row, Section, counted
from fundops.exports.formulas import count
from fundops.exports.kinds import Code, Date, Integer, Rate
from fundops.exports.workbook import Control

REGISTERED, BOOKED = "registered", "booked"


def rate_rows(money_in: MoneyIn, read: Read) -> Iterator[Row]:
    """Yield the rates by currency and day: the registered ones, then those of receipts."""
    book = money_in.book
    base = book.fund.base_currency
    registered = [
        (one.currency, one.starts_on, one.source, one.rate)
        for one in read(REGISTER)
        if one.starts_on <= book.on
    ]
    for currency, on, source, rate in sorted(registered):
        yield currency, base, on, source, REGISTERED, rate, None, None
    booked: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for one in money_in.receipts:
        if one.currency != base:
            booked[one.currency, one.rate_on, one.rate_source, one.rate].append(one.code)
    for key in sorted(booked):
        currency, on, source, rate = key
        receipts = booked[key]
        yield currency, base, on, source, BOOKED, rate, len(receipts), min(receipts)


def rate_controls(book: Book) -> Iterator[Control]:
    """Yield: as many rates as the audit chain tells of."""
    told_rows = rate_rows(MoneyIn.told(book), as_told(book))
    yield counted(book, "rates", count("rates"), sum(1 for _ in told_rows))


RATES = Section(
    "rates",
    (
        ("currency", Code(), 10), ("base", Code(), 10), ("starts_on", Date(), 12),
        ("publisher", Code(), 16), ("kind", Code(), 12), ("rate", Rate(), 18),
        ("receipts", Integer(), 10), ("first_receipt", Code(), 24),
    ),
    lambda book: rate_rows(MoneyIn.known(book), as_known(book)),
    controls=rate_controls,
)  # fmt: skip
