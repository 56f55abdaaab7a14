"""Row templates: a sheet's columns compiled once into the shortest way from tuples to XML.

Rows go through in chunks. A chunk is turned on its side, each column is written by its own
writer (``cells``), and one template per sheet puts the tails back together row by row. Turning
it on its side also proves that every row has as many values as the sheet has columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, repeat
from typing import Any

from fundops import money
from fundops.exports import cells
from fundops.exports.escape import markup
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
from fundops.exports.names import letters
from fundops.exports.strings import SharedStrings
from fundops.exports.styles import Styles
from fundops.exports.workbook import Column, Row, Sheet, template_keys

CHUNK = 512
"""Rows worked on at once: enough to make the loops tight, few enough to stream."""

_QUOTED = '">'
_ROW, _ROW_END = repeat('<row r="'), repeat("</row>")

Columns = Sequence[Sequence[Any]]
ColumnWriter = Callable[[Columns, Sequence[str]], Sequence[str]]


class RowError(TypeError):
    """A row that does not fit its sheet: a programmer's error, named to the row and column."""


def simple_writer(kind: Kind, exponent: int, styles: Styles, language: str) -> cells.Writer:
    """Return the writer of every kind whose cells depend on their own value only."""
    style = styles.number("plain", number_format(kind, exponent))
    blank = f' s="{style}"/>'
    right = styles.number("right", "@")
    match kind:
        case Text():
            return cells.text_writer(style, language)
        case Money():
            return cells.money_writer(style, right, exponent)
        case Integer():
            return cells.integer_writer(style, right)
        case Date():
            return cells.remembering_writer(lambda v: cells.date_tail(style, right, v), date, blank)
        case Instant():
            return cells.each_writer(lambda v: cells.instant_tail(style, right, v), datetime, blank)
        case Share():
            return cells.each_writer(lambda v: cells.share_tail(style, v), Decimal, blank)
        case Rate():
            return cells.remembering_writer(lambda v: cells.rate_tail(style, right, v), str, blank)
        case Flag():
            return cells.remembering_writer(lambda v: cells.flag_tail(style, v), bool, blank)
        case _:
            raise AssertionError(f"{type(kind).__name__} is written by its own writer")


class RowTemplate:
    """The compiled template of one sheet."""

    def __init__(self, sheet: Sheet, styles: Styles, strings: SharedStrings, language: str) -> None:
        self._sheet = sheet
        self._styles = styles
        self._strings = strings
        self._language = language
        self._writers = [self._writer(column) for column in sheet.columns]
        opened = [
            f'"><c r="{letters(0)}',
            *(f'<c r="{letters(i)}' for i in range(1, len(sheet.columns))),
        ]
        self._opened = [repeat(tag) for tag in opened]

    def turned(self, chunk: Sequence[Row], first_data_row: int) -> list[tuple[Any, ...]]:
        """Return the chunk's columns; raises ``RowError`` naming a row of the wrong length."""
        width = len(self._sheet.columns)
        try:
            columns = list(zip(*chunk, strict=True))
        except ValueError:
            columns = []
        if len(columns) == width:
            return columns
        for offset, row in enumerate(chunk):
            if len(row) != width:
                raise RowError(
                    f"sheet {self._sheet.name!r}, row {first_data_row + offset}: "
                    f"{len(row)} values for {width} columns"
                )
        raise AssertionError("a chunk was refused without a wrong row in it")

    def xml(self, columns: Columns, row_number: int, first_data_row: int) -> bytes:
        """Return the rows of one chunk as XML, the first on row ``row_number`` of its sheet.

        ``first_data_row`` counts over all parts of the sheet, for error messages. Raises
        ``RowError`` naming the row and column of a value of the wrong type.
        """
        numbers = [str(n) for n in range(row_number, row_number + len(columns[0]))]
        quoted = [f'{number}"' for number in numbers]
        parts: list[Iterable[str]] = [_ROW, numbers]
        for column, opened, write in zip(
            self._sheet.columns, self._opened, self._writers, strict=True
        ):
            try:
                tails = write(columns, numbers)
            except TypeError as error:
                raise self._row_error(column, columns, first_data_row, error) from None
            if len(tails) != len(numbers):
                raise AssertionError(f"column {column.key!r} was written short")
            parts += (opened, quoted, tails)
        # One join over all pieces is quicker than a template filled in row by row.
        pieces = zip(*parts, _ROW_END, strict=False)  # what repeats has no end
        return "".join(chain.from_iterable(pieces)).encode()

    def _row_error(
        self, column: Column, columns: Columns, first_data_row: int, error: TypeError
    ) -> RowError:
        where = f"sheet {self._sheet.name!r}, column {column.key!r}"
        kind = type(column.kind).__name__
        if isinstance(error, cells.WrongValue):
            row = first_data_row + error.index
            return RowError(f"{where}, row {row}: {error} where {kind} belongs")
        rows = f"rows {first_data_row} to {first_data_row + len(columns[0]) - 1}"
        return RowError(f"{where}, {rows}: {error} where {kind} belongs")

    def _writer(self, column: Column) -> ColumnWriter:
        position = self._sheet.position(column.key)
        kind = column.kind
        if isinstance(kind, Computed):
            return self._computed(kind, position)
        if isinstance(kind, Money) and kind.currency_from is not None:
            return self._mixed_money(position, self._sheet.position(kind.currency_from))
        if isinstance(kind, Code):
            style = self._styles.number("plain", number_format(kind))
            write = code_writer(style, self._strings)
        else:
            exponent = exponent_of(kind, self._sheet.currency)
            write = simple_writer(kind, exponent, self._styles, self._language)
        return lambda columns, _numbers: write(columns[position])

    def _mixed_money(self, position: int, currencies: int) -> ColumnWriter:
        """Return the writer of amounts whose currency stands in another column of the row."""
        right = self._styles.number("right", "@")
        blank = f' s="{self._styles.number("plain", number_format(Money(exponent=2), 2))}"/>'
        tails: dict[str, Callable[[int], str]] = {}

        def tail_of(index: int, minor: int | None, currency: str | None) -> str:
            if minor is None:
                return blank
            if type(minor) is not int:
                raise cells.WrongValue(index, minor)
            if currency is None:
                raise TypeError("an amount without a currency")
            if currency not in tails:
                exponent = money.exponent(currency)
                style = self._styles.number("plain", number_format(Money(), exponent))
                tails[currency] = cells.money_tail(style, right, exponent)
            return tails[currency](minor)

        def write(columns: Columns, _numbers: Sequence[str]) -> list[str]:
            pairs = zip(columns[position], columns[currencies], strict=True)
            return [tail_of(index, *pair) for index, pair in enumerate(pairs)]

        return write

    def _computed(self, kind: Computed, position: int) -> ColumnWriter:
        """Return the writer of a formula over the row's own cells."""
        places = {
            key: letters(self._sheet.position(key)) + "%s" for key in template_keys(kind.template)
        }
        # Both substitutions are of fixed text; what a row brings is its number alone.
        template = markup(kind.template.replace("%", "%%")).format_map(places)
        references = len(template_keys(kind.template))
        exponent = exponent_of(kind, self._sheet.currency)
        style = self._styles.number("plain", number_format(kind, exponent))

        def write(columns: Columns, numbers: Sequence[str]) -> list[str]:
            return [
                computed_tail(kind, style, exponent, template % ((number,) * references), i, value)
                for i, (number, value) in enumerate(zip(numbers, columns[position], strict=True))
            ]

        return write


def computed_tail(
    kind: Computed, style: int, exponent: int, formula: str, index: int, value: Any
) -> str:
    """Return the tail of a formula (already markup) with its value, checked against its kind."""
    match kind.result:
        case Money() | Integer() | Share() if value is None:  # it comes to nothing, not to zero
            return cells.formula_text_tail(style, formula, "")
        case Money() | Integer() if type(value) is int:
            return cells.formula_tail(style, formula, cells.digits(value, exponent))
        case Share() if type(value) is Decimal and value.is_finite():
            return cells.formula_tail(style, formula, cells.share_digits(value))
        case Text() if isinstance(value, str):
            return cells.formula_text_tail(style, formula, value)
        case Flag() if type(value) is bool:
            return cells.formula_flag_tail(style, formula, value)
    raise cells.WrongValue(index, value)


def code_writer(style: int, strings: SharedStrings) -> cells.Writer:
    """Return the writer of a column of codes: shared strings, looked up once per distinct one."""
    blank = f' s="{style}"/>'

    def make(value: Any) -> str:
        if not isinstance(value, str):
            raise TypeError(f"a {type(value).__name__}")
        return strings.tail(style, value)

    tails = cells.Remembered(make)

    def write(values: Sequence[Any]) -> list[str]:
        if None in values:
            return [blank if value is None else tails[value] for value in values]
        return list(map(tails.__getitem__, values))

    return write
