"""Gain and loss on exchange: what caused each, and what of it was passed on to lots."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import func

from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.checks import by_currency, in_currencies
from fundops.exports.audit_book.journal import kind_totals
from fundops.exports.audit_book.money_in import MoneyIn
from fundops.exports.audit_book.section import Row, Section, control, counted
from fundops.exports.formulas import count, total
from fundops.exports.kinds import Code, Computed, Date, Money, Rate, Text
from fundops.exports.workbook import Control
from fundops.ledger.models import Transfer

ACCOUNT = "exchange_difference"
_SIDES = ("gain", "loss", "passed_gain", "passed_loss")


def exchange_rows(book: Book) -> Iterator[Row]:
    """Yield what had a gain or loss, in order of its day, with what lots took of it."""
    moved, days = _moved(book)
    receipts = {one.id: one for one in MoneyIn.known(book).receipts}
    found = []
    for source, sums in moved.items():
        one = receipts.get(source)
        net = sums["gain"] - sums["loss"]
        passed = sums["passed_gain"] - sums["passed_loss"]
        found.append((
            "receipt" if one else "other", one.code if one else str(source),
            book.party(one.donor_id) if one else None, days[source],
            one.status if one else None, one.currency if one else None,
            one.amount_minor if one else None, one.rate if one else None,
            *(sums[side] for side in _SIDES), net, passed, net - passed,
        ))  # fmt: skip
    yield from sorted(found, key=lambda row: (row[3], row[1]))


def _moved(book: Book) -> tuple[dict[UUID, Counter[str]], dict[UUID, Any]]:
    """Return gains and losses by what caused them, and its day; charges to lots by the receipt."""
    receipt_of = {lot.id: lot.receipt_id for lot in MoneyIn.known(book).all_lots}
    sums: dict[UUID, Counter[str]] = defaultdict(Counter)
    days: dict[UUID, Any] = {}
    for kind, is_credit, source, lot, minor, day in book.db.execute(_query(book)):
        cause = source if kind == ACCOUNT else receipt_of.get(lot) or source
        side = _side(kind, bool(is_credit))
        sums[cause][side] += int(minor)
        days[cause] = min(days.get(cause, day), day)
    return sums, days


def _side(kind: str, is_credit: bool) -> str:
    """Return the column of a transfer: a credit to the account is a gain, or a loss passed on."""
    if kind == ACCOUNT:
        return "gain" if is_credit else "loss"
    return "passed_loss" if is_credit else "passed_gain"


def _query(book: Book) -> Any:
    is_credit = book.credit.kind == ACCOUNT
    groups = (Transfer.kind, is_credit, Transfer.source_id, Transfer.lot_id)
    query = book.transfers(
        *groups, func.sum(Transfer.amount_minor), func.min(Transfer.effective_on)
    )
    return (
        query.where(Transfer.kind.in_((ACCOUNT, "exchange_charge")))
        .group_by(*groups)
        .order_by(None)
    )


def exchange_controls(book: Book) -> Iterator[Control]:
    """Yield: each column by the kinds of transfer, and a whole fund's account by its totals."""
    expected: Counter[str] = Counter()
    causes = set()
    lots = {one.id: one.receipt_id for one in MoneyIn.told(book).all_lots}
    for kind, is_credit, source, lot, minor, _ in book.db.execute(_query(book)):
        expected[_side(kind, bool(is_credit))] += int(minor)
        causes.add(source if kind == ACCOUNT else lots.get(lot) or source)
    yield counted(book, "exchange", count("exchange"), len(causes))
    for side in _SIDES:
        yield control(book, f"exchange_{side}", total("exchange", side), expected[side])
    net, passed = expected["gain"] - expected["loss"], expected["passed_gain"]
    passed -= expected["passed_loss"]
    yield control(book, "exchange_net", total("exchange", "net"), net)
    yield control(book, "exchange_passed", total("exchange", "passed"), passed)
    left = net - passed
    if book.is_whole:
        left = sum(c - d for kind, d, c in kind_totals(book) if kind == ACCOUNT)
    yield control(book, "exchange_left", total("exchange", "left"), left)
    receipts = [one for one in MoneyIn.told(book).receipts if one.id in causes]
    amounts = by_currency((one.currency, one.amount_minor) for one in receipts)
    yield from in_currencies(book, "exchange_amount", "exchange", "amount", "currency", amounts)


EXCHANGE = Section(
    "exchange",
    (
        ("document", Code(), 12), ("code", Code(), 26), ("donor", Text(), 34),
        ("effective_on", Date(), 12), ("status", Code(), 10), ("currency", Code(), 10),
        ("amount", Money(currency_from="currency"), 18), ("rate", Rate(), 16),
        ("gain", Money(), 16), ("loss", Money(), 16), ("passed_gain", Money(), 16),
        ("passed_loss", Money(), 16), ("net", Computed("{gain}-{loss}", Money()), 16),
        ("passed", Computed("{passed_gain}-{passed_loss}", Money()), 16),
        ("left", Computed("{net}-{passed}", Money()), 16),
    ),
    exchange_rows,
    totals=(*_SIDES, "net", "passed", "left"),
    controls=exchange_controls,
)  # fmt: skip
