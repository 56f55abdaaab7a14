"""Workbooks declared as data: what a caller writes down, and the engine renders.

A ``Sheet`` streams any number of rows; a ``Grid`` places single cells (covers, summaries);
``Controls`` recomputes figures and compares them with the ledger's own; ``Guide`` explains every
column. Their order in the ``Workbook`` is the order of the tabs. Everything is checked here, when
it is declared: a mistake is a ``DeclarationError``, not a file that does not open.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from fundops.exports.formulas import Figure, Formula, Value, check_formula, column_name
from fundops.exports.kinds import Computed, Kind, Money, exponent_of
from fundops.exports.names import (
    MAX_COLUMNS,
    MAX_ROWS,
    DeclarationError,
    check_name,
    check_sheet_name,
    continued,
    letters,
    place,
)

MAX_SHEETS = 200
MAX_GRID_CELLS = 200_000
MAX_CONTROLS = 5_000

Row = Sequence[Any]
Rows = Iterable[Row] | Callable[[], Iterable[Row]]
Look = Literal[
    "plain", "title", "subtitle", "heading", "heading_right", "label", "note", "total", "wrapped",
    "link",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a bulk sheet; ``meaning`` and ``source`` go to the guide for readers.

    ``width`` is in characters. ``key`` names the column in formulas and templates.
    """

    key: str
    heading: str
    kind: Kind
    width: float = 14
    meaning: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of streamed rows under one line of headings.

    ``rows`` is an iterable of sequences in column order, or a function that returns one (then the
    workbook can be rendered again). ``table_name`` makes the data an Excel table and gives every
    column a defined name ``<table>_<key>``. ``totals`` are keys of columns to add up below the
    data. ``currency`` is that of amounts whose column states none. Rows beyond what a sheet holds
    go on over further sheets.
    """

    name: str
    columns: tuple[Column, ...]
    rows: Rows
    title: str | None = None
    table_name: str | None = None
    currency: str | None = None
    freeze: bool = True
    freeze_columns: int = 0
    filter: bool = True
    totals: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_sheet_name(self.name)
        if not 1 <= len(self.columns) <= MAX_COLUMNS:
            raise DeclarationError(f"sheet {self.name!r} has no columns, or too many")
        keys = [column.key for column in self.columns]
        headings = [column.heading.casefold() for column in self.columns]
        if len(set(keys)) < len(keys) or len(set(headings)) < len(headings):
            raise DeclarationError(f"sheet {self.name!r} has two columns of one key or heading")
        for column in self.columns:
            self._check_column(column)
        for key in self.totals:
            if self.table_name is None:
                raise DeclarationError(f"sheet {self.name!r} needs a table name for its totals")
            check_summable(self, key)

    def _check_column(self, column: Column) -> None:
        check_name("x_" + column.key)
        if not column.heading or not column.heading.isprintable() or len(column.heading) > 255:
            raise DeclarationError(f"column {column.key!r} needs a heading of one line")
        exponent_of(column.kind, self.currency)
        if isinstance(column.kind, Money) and column.kind.currency_from is not None:
            self.position(column.kind.currency_from)
        if isinstance(column.kind, Computed):
            check_formula(column.kind.template)
            for key in template_keys(column.kind.template):
                self.position(key)
        if self.table_name is not None:
            check_name(self.table_name)
            check_name(column_name(self.table_name, column.key))

    def position(self, key: str) -> int:
        """Return the position of the column ``key`` from 0, else raise ``DeclarationError``."""
        for index, column in enumerate(self.columns):
            if column.key == key:
                return index
        raise DeclarationError(f"sheet {self.name!r} has no column {key!r}")


def template_keys(template: str) -> list[str]:
    """Return the column keys in a row formula's template, in order."""
    try:
        return [key for _, key, _, _ in string.Formatter().parse(template) if key is not None]
    except ValueError as error:
        raise DeclarationError(f"{template!r} is no template: {error}") from None


def check_summable(sheet: Sheet, key: str, where: Iterable[tuple[str, Any]] = ()) -> Kind:
    """Return the kind of a column that can be added up, else raise ``DeclarationError``.

    Amounts of mixed currencies can be where ``where`` (keys and criteria) chooses one of them.
    """
    kind = sheet.columns[sheet.position(key)].kind
    result = kind.result if isinstance(kind, Computed) else kind
    if type(result).__name__ not in {"Money", "Integer"}:
        raise DeclarationError(f"column {key!r} of {sheet.name!r} cannot be added up")
    if isinstance(result, Money) and result.currency_from is not None:
        currency = dict(where).get(result.currency_from)
        if not isinstance(currency, str):
            raise DeclarationError(f"column {key!r} of {sheet.name!r} mixes currencies: no sum")
        return Money(currency=currency)
    return result


@dataclass(frozen=True, slots=True)
class Overall:
    """A cell's value: whether all controls of the workbook agree, as a live sentence."""


CellValue = Value | Formula | Figure | Overall | None


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a grid at a reference such as ``"B3"``.

    Without ``kind`` it follows the value: text, whole number, date, instant or flag. Amounts,
    shares, rates and formulas state theirs. ``across`` joins that many cells to the right;
    ``link`` is the name of a sheet to go to.
    """

    at: str
    value: CellValue
    kind: Kind | None = None
    look: Look = "plain"
    across: int = 1
    link: str | None = None

    def __post_init__(self) -> None:
        _, column = place(self.at)
        if self.across < 1:
            raise DeclarationError(f"cell {self.at} goes across {self.across} cells")
        letters(column + self.across - 1)


@dataclass(frozen=True, slots=True)
class Series:
    """One line or set of bars of a chart: a name and the cells with its values."""

    name: str
    values: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart on a grid, over cells of that grid (``"B5:B9"``), its corner at ``at``.

    ``width`` is in columns, ``height`` in rows.
    """

    kind: Literal["bar", "line"]
    title: str
    categories: str
    series: tuple[Series, ...]
    at: str
    width: int = 8
    height: int = 16

    def __post_init__(self) -> None:
        place(self.at)
        if not self.series or self.width < 1 or self.height < 1:
            raise DeclarationError(f"chart {self.title!r} shows nothing")
        for cells in (self.categories, *(one.values for one in self.series)):
            chart_cells(cells)


def chart_cells(cells: str) -> tuple[int, int, int]:
    """Return (column, first row, last row) of a range down one column such as ``"B5:B9"``."""
    first, _, last = cells.partition(":")
    (top, column), (bottom, other) = place(first), place(last or first)
    if column != other or bottom < top:
        raise DeclarationError(f"{cells!r} is not a range down one column")
    return column, top, bottom


@dataclass(frozen=True, slots=True)
class Grid:
    """A small sheet of single cells: a cover, a summary. ``widths`` are per column letter."""

    name: str
    cells: tuple[Cell, ...]
    widths: Mapping[str, float] = field(default_factory=dict)
    freeze_rows: int = 0
    gridlines: bool = False
    charts: tuple[Chart, ...] = ()

    def __post_init__(self) -> None:
        check_sheet_name(self.name)
        if len(self.cells) > MAX_GRID_CELLS:
            raise DeclarationError(f"sheet {self.name!r} has too many cells for a grid")
        seen: set[tuple[int, int]] = set()
        for cell in self.cells:
            row, column = place(cell.at)
            taken = {(row, column + step) for step in range(cell.across)}
            if taken & seen:
                raise DeclarationError(f"two cells of sheet {self.name!r} stand at {cell.at}")
            seen |= taken
        for name in self.widths:
            place(name + "1")


@dataclass(frozen=True, slots=True)
class Control:
    """One figure recomputed by a live formula and compared with the ledger's own.

    ``expected`` is what the ledger says, in the kind's units (``int`` minor units for money).
    """

    label: str
    formula: Figure | Formula
    expected: int
    kind: Kind
    meaning: str = ""

    def __post_init__(self) -> None:
        if type(self.kind).__name__ not in {"Money", "Integer"}:
            raise DeclarationError(f"control {self.label!r} compares amounts or counts only")
        if type(self.expected) is not int:
            raise DeclarationError(f"control {self.label!r} expects an int")
        if isinstance(self.formula, Formula) and type(self.formula.value) is not int:
            raise DeclarationError(f"control {self.label!r} recomputes to an int")
        exponent_of(self.kind, None)


@dataclass(frozen=True, slots=True)
class Controls:
    """The sheet of controls; its checks are the defined name ``<table_name>_check``.

    ``holds_shown`` adds one per sheet of rows over the totals below it, and one per grid over its
    figures, so that what is only shown is held as well.
    """

    name: str
    controls: tuple[Control, ...]
    table_name: str = "controls"
    holds_shown: bool = False

    def __post_init__(self) -> None:
        check_sheet_name(self.name)
        check_name(self.table_name)
        if not 1 <= len(self.controls) <= MAX_CONTROLS:
            raise DeclarationError("a sheet of controls has 1 to 5000 of them")


@dataclass(frozen=True, slots=True)
class Guide:
    """The sheet that says what every column means and where it comes from."""

    name: str

    def __post_init__(self) -> None:
        check_sheet_name(self.name)


AnySheet = Sheet | Grid | Controls | Guide


@dataclass(frozen=True, slots=True)
class Workbook:
    """A whole workbook. ``subject`` and ``creator`` go to the document's properties.

    ``sheet_rows`` is the number of rows a sheet holds; lower it to split sooner.
    """

    title: str
    sheets: tuple[AnySheet, ...]
    subject: str = ""
    creator: str = "fundops"
    language: str = "en"
    right_to_left: bool = False
    sheet_rows: int = MAX_ROWS

    def __post_init__(self) -> None:
        if not 1 <= len(self.sheets) <= MAX_SHEETS:
            raise DeclarationError("a workbook has 1 to 200 sheets")
        if not 16 <= self.sheet_rows <= MAX_ROWS:
            raise DeclarationError(f"no sheet holds {self.sheet_rows} rows")
        names = [sheet.name.casefold() for sheet in self.sheets]
        names += [
            continued(sheet.name, 2).casefold() for sheet in self.sheets if isinstance(sheet, Sheet)
        ]
        if len(set(names)) < len(names):
            raise DeclarationError("two sheets, or the continuation of one, have one name")
        if sum(isinstance(sheet, Controls) for sheet in self.sheets) > 1:
            raise DeclarationError("a workbook has one sheet of controls")
        self._check_names()

    def _check_names(self) -> None:
        taken: set[str] = set()
        for sheet in self.sheets:
            table = getattr(sheet, "table_name", None)
            if table is None:
                continue
            keys = [c.key for c in sheet.columns] if isinstance(sheet, Sheet) else ["check"]
            names = {table.casefold(), *(column_name(table, key).casefold() for key in keys)}
            if names & taken:
                raise DeclarationError(f"the names of table {table!r} are taken")
            taken |= names

    def table(self, name: str) -> Sheet:
        """Return the sheet whose table is ``name``, else raise ``DeclarationError``."""
        for sheet in self.sheets:
            if isinstance(sheet, Sheet) and sheet.table_name == name:
                return sheet
        raise DeclarationError(f"the workbook has no table {name!r}")
