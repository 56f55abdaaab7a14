"""Grids: small sheets of single cells, with joins, links, live checks and charts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from fundops.exports import cells
from fundops.exports.charts import chart_xml, drawing_xml
from fundops.exports.escape import attribute, markup
from fundops.exports.formulas import Figure, Formula, Value, besides
from fundops.exports.kinds import (
    Code,
    Computed,
    Date,
    Flag,
    Instant,
    Integer,
    Kind,
    Money,
    Rate,
    Share,
    Text,
    exponent_of,
    number_format,
)
from fundops.exports.names import DeclarationError, letters, place, quoted
from fundops.exports.parts import RELATIONS, relations
from fundops.exports.sheetxml import Book, opening, page, view, widths
from fundops.exports.styles import BAD, GOOD
from fundops.exports.tally import unit
from fundops.exports.workbook import Cell, Chart, Grid
from fundops.exports.xlsx import ZipStream


@dataclass(frozen=True, slots=True)
class Check:
    """A range shown green while ``holds`` (a formula) is true for its first cell, else red."""

    cells: str
    holds: str


def inferred(value: object) -> Kind:
    """Return the kind a plain value has by itself, else raise ``DeclarationError``."""
    if value is None or isinstance(value, str):
        return Text()
    if isinstance(value, bool):
        return Flag()
    if isinstance(value, int):
        return Integer()
    if isinstance(value, datetime):
        return Instant()
    if isinstance(value, date):
        return Date()
    raise DeclarationError(f"a cell with a {type(value).__name__} states its kind")


class GridSheet:
    """One grid on its way out."""

    def __init__(self, book: Book, position: int, grid: Grid, checks: Sequence[Check] = ()) -> None:
        self._book = book
        self._position = position
        self._grid = grid
        self._checks = checks
        self._held = {cell.at: cell.value for cell in grid.cells}

    def stream(self, archive: ZipStream) -> Iterator[bytes]:
        """Yield the grid's parts as zip entries."""
        placed = self._book.place(self._position, 1, self._grid.name)
        drawing = ""
        if self._grid.charts:
            self._book.drawings += 1
            number = self._book.drawings
            relation = placed.relate(f"{RELATIONS}/drawing", f"../drawings/drawing{number}.xml")
            drawing = f'<drawing r:id="{relation}"/>'
            yield from self._drawing(archive, number)
        seen = view(self._grid.freeze_rows, 0, self._grid.gridlines)
        by_column = {place(name + "1")[1]: width for name, width in self._grid.widths.items()}
        xml = (
            f"{opening(self._book, placed.tab, seen, widths(by_column))}{self._rows()}</sheetData>"
            f"{self._joins()}{self._check_formats()}{self._links()}{page(self._book)}{drawing}"
            "</worksheet>"
        )
        yield from archive.entry(placed.path, [xml.encode()])
        if placed.relations:
            path = f"xl/worksheets/_rels/sheet{placed.number}.xml.rels"
            yield from archive.entry(path, [relations(placed.relations).encode()])

    def _rows(self) -> str:
        rows: dict[int, dict[int, str]] = {}
        for cell in self._grid.cells:
            row, column = place(cell.at)
            written = rows.setdefault(row, {})
            style, tail = self._tail(cell)
            written[column] = tail
            for step in range(1, cell.across):
                written[column + step] = f' s="{style}"/>'
        return "".join(
            f'<row r="{row}">'
            + "".join(f'<c r="{letters(c)}{row}"{tail}' for c, tail in sorted(written.items()))
            + "</row>"
            for row, written in sorted(rows.items())
        )

    def _tail(self, cell: Cell) -> tuple[int, str]:
        """Return the style number and the tail of a cell."""
        value = cell.value
        if isinstance(value, Figure):
            return self._figure(cell, value)
        if isinstance(value, Formula):
            kind = cell.kind or inferred(value.value)
            exponent = exponent_of(kind, None)
            style = self._book.styles.number(cell.look, number_format(kind, exponent))
            return style, self._formula(cell, kind, exponent, style, value)
        assert value is None or isinstance(value, str | int | Decimal | date), cell.at
        kind = cell.kind or inferred(value)
        exponent = exponent_of(kind, None)
        style = self._book.styles.number(cell.look, number_format(kind, exponent))
        return style, self._value(cell, kind, exponent, style, value)

    def _figure(self, cell: Cell, figure: Figure) -> tuple[int, str]:
        self._check_beside(cell, figure)
        counted = unit(self._book.workbook, figure)
        own: Kind = Integer() if counted is None else Money(exponent=counted[1])
        kind = cell.kind or own
        exponent = exponent_of(kind, None)
        if exponent != exponent_of(own, None) or isinstance(kind, Money) != isinstance(own, Money):
            raise DeclarationError(f"cell {cell.at} shows its figure with other decimals")
        style = self._book.styles.number(cell.look, number_format(kind, exponent))
        formula = Formula(self._book.tallies.text(figure), self._book.tallies.value(figure))
        return style, self._formula(cell, kind, exponent, style, formula)

    def _check_beside(self, cell: Cell, figure: Figure) -> None:
        """Raise when a criterion beside the figure is not what its cell holds."""
        for beside in besides(figure):
            if self._held.get(beside.at) != beside.value:
                raise DeclarationError(f"cell {cell.at} counts on another value in {beside.at}")

    def _formula(self, cell: Cell, kind: Kind, exponent: int, style: int, formula: Formula) -> str:
        written, value = markup(formula.text), formula.value
        match kind:
            case Money() | Integer() if type(value) is int:
                return cells.formula_tail(style, written, cells.digits(value, exponent))
            case Share() if type(value) is Decimal and value.is_finite():
                return cells.formula_tail(style, written, cells.share_digits(value))
            case Date() if type(value) is date and (serial := cells.date_serial(value)):
                return cells.formula_tail(style, written, str(serial))
            case Flag() if type(value) is bool:
                return cells.formula_flag_tail(style, written, value)
            case Text() | Code() if isinstance(value, str):
                return cells.formula_text_tail(style, written, value, self._book.workbook.language)
        raise self._mismatch(cell, kind, value)

    def _value(self, cell: Cell, kind: Kind, exponent: int, style: int, value: Value | None) -> str:
        text_style = self._book.styles.number("right", "@")
        if value is None:
            return f' s="{style}"/>'
        match kind:
            case Money() | Integer() if type(value) is int:
                return cells.money_tail(style, text_style, exponent)(value)
            case Share() if type(value) is Decimal and value.is_finite():
                return cells.share_tail(style, value)
            case Instant() if isinstance(value, datetime) and value.tzinfo is not None:
                return cells.instant_tail(style, text_style, value)
            case Date() if type(value) is date:
                return cells.date_tail(style, text_style, value)
            case Flag() if type(value) is bool:
                return cells.flag_tail(style, value)
            case Rate() if isinstance(value, str):
                return cells.rate_tail(style, text_style, value)
            case Text() | Code() if isinstance(value, str):
                return self._book.strings.tail(style, value)
        raise self._mismatch(cell, kind, value)

    def _mismatch(self, cell: Cell, kind: Kind, value: object) -> DeclarationError:
        assert not isinstance(kind, Computed) or kind.template
        return DeclarationError(
            f"cell {cell.at} of {self._grid.name!r}: a {type(value).__name__} where "
            f"{type(kind).__name__} belongs"
        )

    def _joins(self) -> str:
        joined = []
        for cell in self._grid.cells:
            if cell.across > 1:
                row, column = place(cell.at)
                joined.append(
                    f'<mergeCell ref="{cell.at}:{letters(column + cell.across - 1)}{row}"/>'
                )
        return f'<mergeCells count="{len(joined)}">{"".join(joined)}</mergeCells>' if joined else ""

    def _check_formats(self) -> str:
        return "".join(
            f'<conditionalFormatting sqref="{check.cells}">'
            f'<cfRule type="expression" dxfId="{GOOD}" priority="{2 * number + 1}">'
            f"<formula>{markup(check.holds)}</formula></cfRule>"
            f'<cfRule type="expression" dxfId="{BAD}" priority="{2 * number + 2}">'
            f"<formula>NOT({markup(check.holds)})</formula></cfRule></conditionalFormatting>"
            for number, check in enumerate(self._checks)
        )

    def _links(self) -> str:
        names = {sheet.name for sheet in self._book.workbook.sheets}
        links = []
        for cell in self._grid.cells:
            if cell.link is None:
                continue
            if cell.link not in names:
                raise DeclarationError(f"cell {cell.at} leads to no sheet: {cell.link!r}")
            target = attribute(f"{quoted(cell.link)}!A1")
            links.append(f'<hyperlink ref="{cell.at}" location="{target}"/>')
        return f"<hyperlinks>{''.join(links)}</hyperlinks>" if links else ""

    def _drawing(self, archive: ZipStream, number: int) -> Iterator[bytes]:
        values = {place(cell.at): self._shown(cell) for cell in self._grid.cells}
        targets = []
        for chart in self._grid.charts:
            self._book.charts += 1
            path = f"charts/chart{self._book.charts}.xml"
            xml = chart_xml(chart, self._grid.name, values)
            yield from archive.entry(f"xl/{path}", [xml.encode()])
            targets.append((f"{RELATIONS}/chart", f"../{path}"))
        drawn: tuple[Chart, ...] = self._grid.charts
        yield from archive.entry(f"xl/drawings/drawing{number}.xml", [drawing_xml(drawn).encode()])
        path = f"xl/drawings/_rels/drawing{number}.xml.rels"
        yield from archive.entry(path, [relations(targets).encode()])

    def _shown(self, cell: Cell) -> tuple[bool, str]:
        """Return (is a number, text) of a cell as a chart remembers it."""
        value = cell.value
        kind = cell.kind
        if isinstance(value, Figure):
            counted = unit(self._book.workbook, value)
            kind = Integer() if counted is None else Money(exponent=counted[1])
            value = self._book.tallies.value(value)
        elif isinstance(value, Formula):
            value = value.value
        if type(value) is int:
            return True, cells.digits(value, exponent_of(kind or Integer(), None))
        if type(value) is Decimal and value.is_finite():
            return True, cells.share_digits(value)
        return False, "" if value is None else str(value)
