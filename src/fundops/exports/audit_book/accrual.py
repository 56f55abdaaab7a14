"""The bridge from the fund's cash basis to accrual: revenue by IPSAS 47, transfers by IPSAS 48.

Every figure is a formula over the other sheets, from the fund's first day to the day asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.journal import kind_totals
from fundops.exports.audit_book.money_in import MoneyIn
from fundops.exports.audit_book.pledges import (
    BINDING,
    CONDITIONAL,
    INSTALMENTS,
    instalment_rows,
)
from fundops.exports.audit_book.section import Section, control
from fundops.exports.formulas import Figure, total
from fundops.exports.workbook import Cell, Control, Grid, Look
from fundops.messages import text

WIDTHS = {"A": 50.0, "B": 22.0, "C": 22.0, "D": 22.0, "E": 84.0, "F": 16.0, "G": 56.0}
_HEADINGS = ("line", "cash", "adjustment", "accrual", "rule", "standard", "verified")
REVENUE, TRANSFERS, OTHER = "IPSAS 47", "IPSAS 48", "-"


@dataclass(frozen=True)
class Line:
    """One line: kinds of transfer that make up its cash, and what accrual adds to it."""

    key: str
    standard: str
    kinds: tuple[str, ...] = ()
    adjustment: Figure | None = None

    @property
    def cash(self) -> Figure | None:
        """What the line moved at the bank, in less out."""
        found: Figure | None = None
        for kind in self.kinds:
            into = total("journal", "amount", {"kind": kind, "debit_account": "bank"})
            moved = into - total("journal", "amount", {"kind": kind, "credit_account": "bank"})
            found = moved if found is None else found + moved
        return found

    @property
    def accrual(self) -> Figure:
        """Cash and adjustment together."""
        parts = [part for part in (self.cash, self.adjustment) if part is not None]
        return parts[0] if len(parts) == 1 else parts[0] + parts[1]


def _owed_to_us(account: str) -> Figure:
    where = {"account": account}
    return total("balances", "in_debit", where) - total("balances", "in_credit", where)


def _owed_by_us(account: str) -> Figure:
    where = {"account": account}
    return total("balances", "in_credit", where) - total("balances", "in_debit", where)


_RECEIVABLE = total("instalments", "receivable", {"basis": BINDING, "status": "active"})
_NOTHING = total("receipts", "stands") - total("receipts", "stands")
LINES: tuple[tuple[str, tuple[Line, ...]], ...] = (
    (
        "revenue",
        (
            Line("contributions", REVENUE, ("receipt",)),
            Line("receivable", REVENUE, adjustment=_RECEIVABLE),
            Line("conditional", REVENUE, adjustment=(
                _NOTHING - total("instalments", "received", {"basis": CONDITIONAL}))),
            Line("unmatched", REVENUE, adjustment=(
                _NOTHING - total("receipts", "unmatched_base"))),
            Line("claims", REVENUE, ("recovered",), _owed_to_us("recoverable")),
            Line("interest", OTHER, ("interest",)),
            Line("opening", OTHER, ("opening",)),
            Line("funds_in", OTHER, ("fund_transfer_in",)),
        ),
    ),
    (
        "expense",
        (
            Line("payments", TRANSFERS, ("pay", "pay_return")),
            Line("refunds", TRANSFERS, ("refund",)),
            Line("advances", TRANSFERS, adjustment=_owed_to_us("advance")),
            Line("returned", TRANSFERS, ("donor_return",)),
            Line("funds_out", OTHER, ("fund_transfer_out",)),
            Line("agent_fees", OTHER, ("agent_fee_paid",), _NOTHING - _owed_by_us("agent_fee")),
            Line("bank_fees", OTHER, ("receipt_fee", "bank_fee")),
            Line("exchange", OTHER, ("exchange_difference",)),
        ),
    ),
)  # fmt: skip
"""The lines of both halves; what goes out is negative."""


def bridge(book: Book) -> Grid:
    """Return the sheet: the bridge of a whole fund, or why there is none."""
    name = text("audit_book.sheet.accrual", book.language)
    if not book.is_whole:
        why = text("audit_book.accrual.not_whole", book.language)
        return Grid(name, (Cell("A1", name, look="title"), Cell("A2", why, look="note")), WIDTHS)
    return Grid(name, tuple(_cells(book, name)), WIDTHS, freeze_rows=4)


def _cells(book: Book, name: str) -> Iterator[Cell]:
    def say(key: str) -> str:
        return text(f"audit_book.accrual.{key}", book.language)

    yield Cell("A1", name, look="title")
    yield Cell("A2", text("audit_book.accrual.note", book.language, on=book.on,
                          currency=book.fund.base_currency), look="note")  # fmt: skip
    for letter, key in zip("ABCDEFG", _HEADINGS, strict=True):
        look: Look = "heading_right" if letter in "BCD" else "heading"
        yield Cell(f"{letter}4", say(f"heading.{key}"), look=look)
    row, whole = 5, list[Line]()
    for part, lines in LINES:
        yield Cell(f"A{row}", say(part), look="subtitle")
        row += 1
        for line in lines:
            yield from _line(book, line, row)
            row += 1
        yield from _sums(book, say(f"{part}_total"), lines, row)
        whole += lines
        row += 2
    yield from _sums(book, say("net"), tuple(whole), row)
    yield Cell(f"A{row + 2}", say("reserved"), look="plain")
    yield Cell(f"B{row + 2}", total("lots", "reserved"), book.money)
    yield Cell(f"E{row + 2}", say("reserved.rule"), look="note")
    for offset, key in enumerate(("effective", "paragraphs", "policy", "grantees"), start=4):
        yield Cell(f"A{row + offset}", say(f"unverified.{key}"), look="note")


def _line(book: Book, line: Line, row: int) -> Iterator[Cell]:
    yield Cell(f"A{row}", text(f"audit_book.accrual.{line.key}", book.language))
    for letter, figure in (("B", line.cash), ("C", line.adjustment), ("D", line.accrual)):
        if figure is not None:
            yield Cell(f"{letter}{row}", figure, book.money)
    yield Cell(f"E{row}", text(f"audit_book.accrual.{line.key}.rule", book.language), look="note")
    yield Cell(f"F{row}", line.standard)
    key = "not_verified" if line.standard != OTHER else "of_books"
    yield Cell(f"G{row}", text(f"audit_book.accrual.{key}", book.language), look="note")


def _sums(book: Book, label: str, lines: tuple[Line, ...], row: int) -> Iterator[Cell]:
    yield Cell(f"A{row}", label, look="label")
    for letter, column in (("B", "cash"), ("C", "adjustment"), ("D", "accrual")):
        yield Cell(f"{letter}{row}", added(lines, column), book.money, look="total")


def added(lines: tuple[Line, ...], column: str) -> Figure:
    """Return what a column of the bridge comes to over lines."""
    found: Figure = _NOTHING
    for line in lines:
        figure = getattr(line, column)
        if figure is not None:
            found = found + figure
    return found


def accrual_controls(book: Book) -> Iterator[Control]:
    """Yield: cash is the bank's balance, and accrual the balances that it is made of."""
    if not book.is_whole:
        return
    net = {kind: debited - credited for kind, debited, credited in kind_totals(book)}
    lines = tuple(line for _, part in LINES for line in part)
    bank = net.get("bank", 0)
    yield control(book, "accrual_cash", added(lines, "cash"), bank)
    told = MoneyIn.told(book)
    rows = list(instalment_rows(told))
    keys = [key for key, _, _ in INSTALMENTS.columns]
    basis, status = keys.index("basis"), keys.index("status")
    received, receivable = keys.index("received"), keys.index("receivable")
    expected = bank + net.get("unmatched", 0) + net.get("recoverable", 0)
    expected += net.get("advance", 0) + net.get("agent_fee", 0)
    for row in rows:
        if row[basis] == BINDING and row[status] == "active":
            expected += row[receivable] or 0
        if row[basis] == CONDITIONAL:
            expected -= row[received]
    yield control(book, "accrual_net", added(lines, "accrual"), expected)


@dataclass(frozen=True)
class Bridge(Section):
    """A section that is a grid of formulas instead of rows."""

    def sheet(self, book: Book) -> Grid:
        """Return the bridge for ``book``; whoever watches counts it as a sheet like the others."""
        if book.watch is not None:
            tuple(book.watch.over(()))
        return bridge(book)


ACCRUAL = Bridge("accrual", (), lambda _book: (), controls=accrual_controls)
