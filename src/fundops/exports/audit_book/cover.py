"""The cover of an audit workbook: what was asked, the money in a few lines, who certifies it."""

from __future__ import annotations

from typing import Any

from fundops import audit, money
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.lots import FLOWS, positions_of, standing, went_through
from fundops.exports.audit_book.question import in_words
from fundops.exports.formulas import total
from fundops.exports.workbook import Cell, Chart, Grid, Look, Overall, Series
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.tracing.entries import POSITIONS

WIDTHS = {"A": 46.0, "B": 26.0, "C": 26.0, "D": 22.0, "E": 22.0, "F": 22.0}
CERTIFIES = ("prepared", "certified", "approved")


class _Lines:
    """Cells put down line by line."""

    def __init__(self, book: Book) -> None:
        self.book, self.cells, self.row = book, list[Cell](), 1

    def say(self, key: str, **params: Any) -> str:
        return text(f"audit_book.cover.{key}", self.book.language, **params)

    def put(self, label: str, *values: Any, look: Look = "label", kind: Any = None) -> None:
        """Put a label in column A and values beside it."""
        self.cells.append(Cell(f"A{self.row}", label, look=look))
        for letter, value in zip("BCDEF", values, strict=False):
            cell = Cell(f"{letter}{self.row}", value, None if isinstance(value, str) else kind)
            self.cells.append(cell)
        self.row += 1


def cover(book: Book) -> Grid:
    """Return the cover; its figures are live formulas over the sheet of lots."""
    lines = _Lines(book)
    lines.put(title(book), look="title")
    lines.row += 1
    _asked(lines)
    lines.row += 1
    chart = _flows(lines)
    lines.row += 1
    _certification(lines)
    lines.row += 1
    guide = text("audit_book.sheet.guide", book.language)
    note = lines.say("note", guide=guide)
    lines.cells.append(Cell(f"A{lines.row}", note, look="wrapped", across=6))
    name = text("audit_book.sheet.cover", book.language)
    return Grid(name, tuple(lines.cells), widths=WIDTHS, charts=(chart,))


def title(book: Book) -> str:
    """Return the workbook's title."""
    return text("audit_book.title", book.language, scope=scope_in_words(book))


def scope_in_words(book: Book) -> str:
    """Return the scope in words, without the name of who is withheld."""
    scope = book.scope
    code: str | None = scope.code
    if scope.kind == "donor":
        code = book.party(scope.record_id)
    return text(f"audit_book.scope.{scope.kind}", book.language, code=code, fund=book.fund.code)


def _asked(lines: _Lines) -> None:
    book = lines.book
    (fund,) = book.known("fund", Fund, Fund.id == book.fund.id)
    for key, value in (
        ("scope", scope_in_words(book)),
        ("fund", f"{fund.code} {fund.name}"),
        ("currency", book.fund.base_currency),
        ("as_of", book.on),
        ("known_at", book.known_at),
        ("known_seq", str(book.seq)),
        ("head", audit.hash_at(book.db, book.seq).hex()),
        ("reader", text(f"audit_book.reader.{book.question.reader}", book.language)),
        ("question", audit.canonical(in_words(book.question, book.fund.code, book.language))),
        ("checks", Overall()),
    ):
        lines.put(lines.say(key), value)


def _flows(lines: _Lines) -> Chart:
    """Put what came in, went out and stands where; return the chart beside it."""
    book = lines.book
    lines.put(lines.say("money", currency=book.fund.base_currency), look="subtitle")
    first = lines.row
    for flow in FLOWS:
        label = text(f"audit_book.lots.{flow}", book.language)
        lines.put(label, total("lots", flow), look="plain", kind=book.money)
    last = lines.row - 1
    # A grant or call has no balance: what it was paid stands at the grantee, not in the fund.
    held = standing(book) if book.by_lot else went_through(book)
    closing = lines.say("closing" if book.by_lot else "through")
    lines.put(closing, total("lots", "closing"), kind=book.money)
    lines.put(lines.say("exact"), money.display(held, book.fund.base_currency), look="plain")
    lines.put(lines.say("of_which" if book.by_lot else "still"), look="note")
    for account in positions_of(book):
        position = POSITIONS[account]
        label = text(f"statement.position.{position}", book.language)
        lines.put(label, total("lots", position), look="plain", kind=book.money)
    series = Series(lines.say("money", currency=book.fund.base_currency), f"B{first}:B{last}")
    return Chart("bar", lines.say("chart"), f"A{first}:A{last}", (series,), at=f"D{first - 1}")


def _certification(lines: _Lines) -> None:
    """Put the lines that persons sign; a printed workbook is signed by hand, a file by its key."""
    lines.put(lines.say("certification"), look="subtitle")
    lines.cells.append(Cell(f"A{lines.row}", lines.say("statement"), look="wrapped", across=6))
    lines.row += 1
    lines.put("", *(lines.say(f"sign.{key}") for key in ("name", "position", "day", "signature")))
    for key in CERTIFIES:
        lines.put(lines.say(f"sign.{key}"))
