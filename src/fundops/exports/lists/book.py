"""Lists as workbooks: the rows as a table, what was asked, and what every column holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from fundops.exports.kinds import Code, Date, Flag, Instant, Integer, Kind, Money, Rate
from fundops.exports.lists.columns import Item, ListColumn, as_text
from fundops.exports.names import MAX_SHEET_NAME
from fundops.exports.rendering import render
from fundops.exports.workbook import Cell, Column, Grid, Guide, Row, Sheet, Workbook
from fundops.messages import text

PIECE = 64 * 1024
"""Bytes that are sent at once, but for the first, which leave as soon as they are there."""


@dataclass(frozen=True)
class Asked:
    """What a workbook says of its list: which, by what filters, and as known by which event."""

    name: str
    address: str
    filters: tuple[tuple[str, str], ...]
    known_seq: int
    known_at: datetime | None

    @property
    def title(self) -> str:
        """The list's name in words."""
        words = self.name.replace("_", " ")
        return words[:1].upper() + words[1:]


def workbook_of(
    columns: Sequence[ListColumn], pages: Iterable[list[Item]], asked: Asked
) -> Iterator[bytes]:
    """Yield the bytes of the workbook; pages are asked for while bytes leave."""
    names = {column.name: column for column in columns}
    sheet = Sheet(
        name=asked.title[:MAX_SHEET_NAME],
        columns=tuple(_column(column) for column in names.values()),
        rows=lambda: _rows(columns, pages),
        table_name=asked.name,
    )
    about = Grid(text("lists.about"), tuple(_about(asked)), {"A": 24, "B": 90})
    book = Workbook(asked.title, (sheet, about, Guide(text("exports.guide_title"))))
    return _gathered(render(book))


def _column(column: ListColumn) -> Column:
    meaning = column.meaning or text("lists.column", name=column.name)
    return Column(column.key, column.heading, column.kind, _width(column), meaning, column.name)


def _width(column: ListColumn) -> float:
    match column.kind:
        case Date() | Integer() | Flag():
            return 13
        case Instant():
            return 20
        case Money() | Code() | Rate():
            return 16
    return 38 if column.name.endswith("id") else 26


def _about(asked: Asked) -> Iterator[Cell]:
    """Yield what was asked, a line each."""
    yield Cell("A1", asked.title, look="title")
    lines: list[tuple[str, Any]] = [(text("lists.address"), asked.address)]
    lines += [(f"{text('lists.filter')} {name}", value) for name, value in asked.filters]
    lines.append((text("lists.known_seq"), asked.known_seq))
    lines.append((text("lists.known_at"), asked.known_at))
    for row, (label, value) in enumerate(lines, start=3):
        yield Cell(f"A{row}", label, look="label")
        if value is not None:
            yield Cell(f"B{row}", value)


def _rows(columns: Sequence[ListColumn], pages: Iterable[list[Item]]) -> Iterator[Row]:
    for page in pages:
        cells = [list(map(_reader(column.kind), column.of(page))) for column in columns]
        yield from zip(*cells, strict=True)


def _reader(kind: Kind) -> Callable[[Any], Any]:
    """Return the way from a value on the wire to what a cell of ``kind`` takes."""
    match kind:
        case Money():
            return _minor
        case Date():
            return lambda value: None if value is None else date.fromisoformat(value)
        case Instant():
            return lambda value: None if value is None else datetime.fromisoformat(value)
        case Integer() | Flag() | Rate() | Code():
            return lambda value: value
    return as_text


def _minor(amount: str | None) -> int | None:
    # Amounts are written with all decimals of their currency, so their digits are minor units.
    return None if amount is None else int(amount.replace(".", ""))


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in fewer pieces: the first at once, the others when there are many."""
    held = bytearray(next(pieces))
    yield bytes(held)
    held.clear()
    for piece in pieces:
        held += piece
        if len(held) >= PIECE:
            yield bytes(held)
            held.clear()
    yield bytes(held)
