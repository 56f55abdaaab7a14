"""Receipts: cash that came in, what the bank kept of it, and to what it was matched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import case, func

from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.checks import chained
from fundops.exports.audit_book.journal import kind_totals
from fundops.exports.audit_book.money_in import MoneyIn
from fundops.exports.audit_book.section import Row, Section, control, counted
from fundops.exports.audit_book.words import is_withheld, signed
from fundops.exports.formulas import count, total
from fundops.exports.kinds import Code, Computed, Date, Integer, Money, Rate, Text
from fundops.exports.workbook import Control
from fundops.ledger.models import Transfer

OWN = Money(currency_from="currency")
_STANDS = 'IF({status}="reversed",0,'


def receipt_rows(money_in: MoneyIn) -> Iterator[Row]:
    """Yield the receipts in scope that came in by the day."""
    book = money_in.book
    for one in money_in.receipts:
        stands = one.status == "booked"
        lots = money_in.lots_of_receipt.get(one.id, []) if stands else []
        base = one.base_minor if stands else 0
        matched = sum(lot.amount_minor for lot in lots)
        hidden = is_withheld(book, one.payer_id) or is_withheld(book, one.donor_id)
        yield (
            one.code, book.party(one.payer_id), book.party(one.donor_id), one.received_on,
            one.status, one.currency, one.amount_minor, one.matched_minor,
            one.amount_minor - one.matched_minor if stands else 0, one.rate, one.rate_on,
            one.rate_source, one.base_minor, base, one.fee_minor, one.exchange_minor,
            base - one.fee_minor + one.exchange_minor if stands else 0, matched, base - matched,
            ", ".join(lot.code for lot in lots) or None, one.gifts,
            None if hidden else one.bank_reference, signed(book, one.booked_by_id),
        )  # fmt: skip


def receipt_controls(book: Book) -> Iterator[Control]:
    """Yield: the register by the chain, and what stands by the transfers that receipts caused."""
    told = MoneyIn.told(book)
    yield counted(book, "receipts", count("receipts"), len(told.receipts))
    yield from chained(book, RECEIPTS, list(receipt_rows(told)))
    ours = {one.id for one in told.receipts}
    booked, credited = _of_ledger(book, ours)
    yield control(book, "receipts_booked", total("receipts", "stands"), booked)
    yield control(book, "receipts_credited", total("receipts", "credited"), credited)
    if book.is_whole:
        unmatched = sum(c - d for kind, d, c in kind_totals(book) if kind == "unmatched")
        yield control(book, "receipts_unmatched", total("receipts", "unmatched_base"), unmatched)


def _of_ledger(book: Book, receipts: set[UUID]) -> tuple[int, int]:
    """Return what ``receipts`` booked and what the bank was credited for them, minor units."""
    into_bank = case(
        (book.debit.kind == "bank", Transfer.amount_minor),
        (book.credit.kind == "bank", -Transfer.amount_minor),
        else_=0,
    )
    query = (
        book.of_fund(Transfer.source_id, Transfer.kind, func.sum(into_bank))
        .where(Transfer.source_type == "receipt")
        .group_by(Transfer.source_id, Transfer.kind)
    )
    found: Counter[str] = Counter()
    for source_id, kind, minor in book.db.execute(query):
        if source_id in receipts:
            found["booked"] += int(minor) if kind == "receipt" else 0
            found["credited"] += int(minor)
    return found["booked"], found["credited"]


RECEIPTS = Section(
    "receipts",
    (
        ("receipt", Code(), 24), ("payer", Text(), 34), ("donor", Text(), 34),
        ("received_on", Date(), 12), ("status", Code(), 10), ("currency", Code(), 10),
        ("amount", OWN, 18), ("matched", OWN, 18), ("unmatched", OWN, 18), ("rate", Rate(), 16),
        ("rate_on", Date(), 12), ("rate_source", Code(), 14), ("base", Money(), 18),
        ("stands", Computed(_STANDS + "{base})", Money()), 18), ("fee", Money(), 14),
        ("exchange", Money(), 14),
        ("credited", Computed(_STANDS + "{base}-{fee}+{exchange})", Money()), 18),
        ("matched_base", Money(), 18),
        ("unmatched_base", Computed("{stands}-{matched_base}", Money()), 18), ("lots", Text(), 30),
        ("gifts", Integer(), 9), ("bank_reference", Text(), 28), ("booked_by", Code(), 18),
    ),
    lambda book: receipt_rows(MoneyIn.known(book)),
    totals=("stands", "credited", "matched_base", "unmatched_base"),
    controls=receipt_controls,
)  # fmt: skip
