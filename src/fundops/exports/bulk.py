"""Bulk sheets: rows streamed through a row template, on as many sheets as they need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from fundops.exports import cells
from fundops.exports.escape import markup
from fundops.exports.formulas import column_name, total
from fundops.exports.kinds import (
    Code,
    Integer,
    Money,
    Rate,
    Text,
    exponent_of,
    is_text,
    number_format,
)
from fundops.exports.names import column_range, letters
from fundops.exports.parts import (
    RELATIONS,
    Name,
    Placed,
    Table,
    filter_database,
    print_titles,
    relations,
)
from fundops.exports.rows import CHUNK, RowTemplate
from fundops.exports.sheetxml import Book, Shown, opening, page, view, widths
from fundops.exports.tally import SheetTally
from fundops.exports.workbook import Row, Sheet, check_summable
from fundops.exports.xlsx import ZipStream
from fundops.messages import text

MAX_PART_XML = 3_500_000_000
"""Bytes of XML after which a sheet goes on over another, below the zip format's 4 GiB."""

_BELOW_DATA = 2


class BulkSheet:
    """One declared sheet on its way out: its place in the book and how far its rows have come."""

    def __init__(self, book: Book, position: int, sheet: Sheet) -> None:
        self._book = book
        self._position = position
        self._sheet = sheet
        self._template = RowTemplate(sheet, book.styles, book.strings, book.workbook.language)
        self._above = _rows_above(sheet)
        self._written = 0
        name = sheet.table_name
        self._tally: SheetTally | None = book.tallies.by_table.get(name) if name else None

    def stream(self, archive: ZipStream) -> Iterator[bytes]:
        """Yield the sheet's parts as zip entries; the rows are read as they are needed."""
        rows = self._sheet.rows() if callable(self._sheet.rows) else self._sheet.rows
        source = iter(rows)
        try:
            yield from self._stream(archive, source)
        finally:
            for opened in (source, rows):
                close = getattr(opened, "close", None)
                if close is not None:
                    close()

    def _stream(self, archive: ZipStream, source: Iterator[Row]) -> Iterator[bytes]:
        ahead = _Ahead(source)
        part = 0
        while part == 0 or ahead.more():
            part += 1
            placed = self._book.place(self._position, part, self._sheet.name)
            if self._tally is not None:
                self._tally.parts = part
            yield from archive.entry(placed.path, self._part(placed, part, ahead))
            if placed.relations:
                path = f"xl/worksheets/_rels/sheet{placed.number}.xml.rels"
                yield from archive.entry(path, [relations(placed.relations).encode()])

    def _part(self, placed: Placed, part: int, ahead: _Ahead) -> Iterator[bytes]:
        """Yield the XML of one part, taking rows until it is full or they end."""
        head = (self._opening(placed) + self._rows_at_top()).encode()
        yield head
        size = len(head)
        room = self._book.workbook.sheet_rows - self._above - _BELOW_DATA
        first = number = self._above + 1
        while ahead.more() and number - first < room and size < MAX_PART_XML:
            chunk = ahead.take(room - (number - first))
            columns = self._template.turned(chunk, self._written + 1)
            if self._tally is not None:
                self._tally.add(columns)
            xml = self._template.xml(columns, number, self._written + 1)
            yield xml
            size += len(xml)
            number += len(chunk)
            self._written += len(chunk)
        # A table needs a row, so a sheet without rows has one empty one.
        last = max(number - 1, first)
        self._name_columns(placed, part, first, last)
        totals = "" if ahead.more() else self._totals(placed, last + _BELOW_DATA)
        yield f"{totals}</sheetData>{self._closing(placed, part, last)}</worksheet>".encode()

    def _opening(self, placed: Placed) -> str:
        frozen = self._above if self._sheet.freeze else 0
        seen = view(frozen, self._sheet.freeze_columns, gridlines=True)
        columns = {i: column.width for i, column in enumerate(self._sheet.columns)}
        return opening(self._book, placed.tab, seen, widths(columns))

    def _rows_at_top(self) -> str:
        """Return title, notes and headings."""
        lines = [(self._sheet.title, "title")] if self._sheet.title else []
        lines += [(note, "note") for note in self._sheet.notes]
        rows = [
            self._row(number, [self._tail(line, look)])
            for number, (line, look) in enumerate(lines, 1)
        ]
        headings = [
            self._tail(column.heading, "heading" if is_text(column.kind) else "heading_right")
            for column in self._sheet.columns
        ]
        return "".join(rows) + self._row(self._above, headings)

    def _tail(self, words: str, look: str) -> str:
        return self._book.strings.tail(self._book.styles.number(look), words)

    @staticmethod
    def _row(number: int, tails: Sequence[str]) -> str:
        written = "".join(f'<c r="{letters(i)}{number}"{tail}' for i, tail in enumerate(tails))
        return f'<row r="{number}">{written}</row>'

    def _totals(self, placed: Placed, number: int) -> str:
        """Return the row of totals, below the data and outside the table."""
        sheet = self._sheet
        if not sheet.totals or sheet.table_name is None:
            return ""
        plain = self._book.styles.number("total")
        tails = [f' s="{plain}"/>' for _ in sheet.columns]
        tails[0] = self._tail(text("exports.total", self._book.workbook.language), "total")
        for key in sheet.totals:
            kind = check_summable(sheet, key)
            exponent = exponent_of(kind, sheet.currency)
            figure = total(sheet.table_name, key)
            formula = markup(self._book.tallies.text(figure))
            amount = self._book.tallies.value(figure)
            value = cells.digits(amount, exponent)
            shown = Money(exponent=exponent) if isinstance(kind, Money) else Integer()
            at = f"{letters(sheet.position(key))}{number}"
            self._book.shown.append(Shown(placed.name, at, amount, shown))
            style = self._book.styles.number("total", number_format(kind, exponent))
            tails[sheet.position(key)] = cells.formula_tail(style, formula, value)
        return self._row(number, tails)

    def _name_columns(self, placed: Placed, part: int, first: int, last: int) -> None:
        """Give every column's cells their defined name, and the printer its titles."""
        sheet = self._sheet
        self._book.names.append(print_titles(placed.name, self._above, placed.tab))
        if sheet.table_name is None:
            return
        for index, column in enumerate(sheet.columns):
            cells_of_column = column_range(placed.name, index, first, last)
            name = column_name(sheet.table_name, column.key, part)
            self._book.names.append(Name(name, cells_of_column))

    def _closing(self, placed: Placed, part: int, last: int) -> str:
        """Return what follows the rows: filter, page, warnings not wanted, the table."""
        sheet = self._sheet
        end = letters(len(sheet.columns) - 1)
        filtered = ""
        if sheet.table_name is None and sheet.filter:
            filtered = f'<autoFilter ref="A{self._above}:{end}{last}"/>'
            reference = f"$A${self._above}:${end}${last}"
            self._book.names.append(filter_database(placed.name, reference, placed.tab))
        return (
            filtered + page(self._book) + self._no_warnings(last) + self._table(placed, part, last)
        )

    def _no_warnings(self, last: int) -> str:
        """Return the wish not to mark codes that look like numbers as mistakes."""
        textual = [
            f"{letters(i)}{self._above + 1}:{letters(i)}{last}"
            for i, column in enumerate(self._sheet.columns)
            if isinstance(column.kind, Text | Code | Rate)
        ]
        if not textual:
            return ""
        where = " ".join(textual)
        return (
            f'<ignoredErrors><ignoredError sqref="{where}" numberStoredAsText="1"/></ignoredErrors>'
        )

    def _table(self, placed: Placed, part: int, last: int) -> str:
        sheet = self._sheet
        if sheet.table_name is None:
            return ""
        table = Table(
            number=len(self._book.tables) + 1,
            name=sheet.table_name if part == 1 else f"{sheet.table_name}_part{part}",
            headings=tuple(column.heading for column in sheet.columns),
            heading_row=self._above,
            last_row=last,
            filter=sheet.filter,
        )
        self._book.tables.append(table)
        relation = placed.relate(f"{RELATIONS}/table", f"../tables/table{table.number}.xml")
        return f'<tableParts count="1"><tablePart r:id="{relation}"/></tableParts>'


class _Ahead:
    """An iterator of rows that knows whether more are to come."""

    def __init__(self, source: Iterable[Row]) -> None:
        self._source = iter(source)
        self._held: list[Row] = []

    def more(self) -> bool:
        """Return whether a row is left."""
        if not self._held:
            self._held = list(islice(self._source, CHUNK))
        return bool(self._held)

    def take(self, most: int) -> list[Row]:
        """Return the next rows, at most ``most`` of them."""
        taken, self._held = self._held[:most], self._held[most:]
        return taken


def _rows_above(sheet: Sheet) -> int:
    """Return the row of the headings: below title and notes, with an empty row between."""
    lines = len(sheet.notes) + (1 if sheet.title else 0)
    return lines + 2 if lines else 1
