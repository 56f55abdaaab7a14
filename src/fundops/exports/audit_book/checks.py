"""Controls over a register's columns: what its records come to by the audit chain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.section import Row, Section, control
from fundops.exports.formulas import Figure, total
from fundops.exports.kinds import Computed, Integer, Money
from fundops.exports.workbook import Control
from fundops.messages import text
from fundops.tracing.known import Known


def summed(records: Iterable[Known], column: str) -> int:
    """Return what a column of amounts comes to; nothing said counts as nothing."""
    return sum(getattr(one, column) or 0 for one in records)


def by_currency(pairs: Iterable[tuple[str | None, int | None]]) -> dict[str, int]:
    """Return per currency what (currency, minor units) come to, in order of the codes."""
    found: Counter[str] = Counter()
    for currency, minor in pairs:
        if currency is not None and minor is not None:
            found[currency] += minor
    return dict(sorted(found.items()))


def in_currencies(
    book: Book, key: str, table: str, place: str, currency: str, amounts: Mapping[str, int],
    **params: Any,
) -> Iterator[Control]:  # fmt: skip
    """Yield a control per currency over the column ``place`` whose currency stands in another."""
    for code, minor in amounts.items():
        figure = total(table, place, {currency: code})
        yield control(book, key, figure, minor, Money(currency=code), currency=code, **params)


def counted_of(book: Book, table: str, of: str, figure: Figure, expected: int) -> Control:
    """Return the control that a sheet has as many rows of one sort as the registers."""
    sheet = text(f"audit_book.sheet.{table}", book.language)
    return control(book, "rows_of", figure, expected, Integer(), sheet=sheet, of=of)


def chained(book: Book, section: Section, rows: Sequence[Row]) -> Iterator[Control]:
    """Yield a control for each column of money: what ``rows``, made of the chain, come to.

    Amounts in currencies of their own have one control for each currency.
    """
    sheet = text(f"audit_book.sheet.{section.table}", book.language)
    keys = [key for key, _, _ in section.columns]
    for place, (key, kind, _) in enumerate(section.columns):
        result = kind.result if isinstance(kind, Computed) else kind
        if not isinstance(result, Money):
            continue
        column = text(f"audit_book.{section.table}.{key}", book.language)
        if result.currency_from is None:
            added = sum(row[place] or 0 for row in rows)
            figure = total(section.table, key)
            yield control(book, "chained", figure, added, sheet=sheet, column=column)
            continue
        of = keys.index(result.currency_from)
        amounts = by_currency((row[of], row[place] or 0) for row in rows)
        yield from in_currencies(
            book, "chained_in", section.table, key, result.currency_from, amounts,
            sheet=sheet, column=column,
        )  # fmt: skip
