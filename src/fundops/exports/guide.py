"""The guide for readers: what every column of every sheet means and where it comes from."""

from __future__ import annotations

from fundops.exports.formulas import column_name
from fundops.exports.kinds import Computed, Kind, Money, exponent_of
from fundops.exports.workbook import Cell, Column, Grid, Guide, Sheet, Workbook
from fundops.messages import text

_HEADINGS = ("sheet", "column", "kind", "meaning", "source", "name")
_WIDTHS = {"A": 24.0, "B": 28.0, "C": 26.0, "D": 64.0, "E": 40.0, "F": 34.0}
_FIRST_ROW = 5


def guide_grid(guide: Guide, workbook: Workbook) -> Grid:
    """Return the guide's sheet for all columns of ``workbook``."""
    language = workbook.language
    cells = [
        Cell("A1", text("exports.guide_title", language), look="title"),
        Cell("A2", text("exports.guide_note", language), look="note"),
    ]
    for letter, key in zip("ABCDEF", _HEADINGS, strict=True):
        heading = text(f"exports.guide_{key}", language)
        cells.append(Cell(f"{letter}{_FIRST_ROW - 1}", heading, look="heading"))
    row = _FIRST_ROW
    for sheet in workbook.sheets:
        if not isinstance(sheet, Sheet):
            continue
        for column in sheet.columns:
            cells += _line(row, sheet, column, language)
            row += 1
    return Grid(guide.name, tuple(cells), _WIDTHS, freeze_rows=_FIRST_ROW - 1)


def _line(row: int, sheet: Sheet, column: Column, language: str) -> list[Cell]:
    name = column_name(sheet.table_name, column.key) if sheet.table_name else ""
    values = (
        column.heading,
        kind_in_words(column.kind, sheet, language),
        column.meaning,
        column.source,
        name,
    )
    first = Cell(f"A{row}", sheet.name, look="link", link=sheet.name)
    others = zip("BCDEF", values, strict=True)
    return [first, *(Cell(f"{letter}{row}", value, look="wrapped") for letter, value in others)]


def kind_in_words(kind: Kind, sheet: Sheet, language: str) -> str:
    """Return what a column holds, in words."""
    if isinstance(kind, Computed):
        result = kind_in_words(kind.result, sheet, language)
        return text("exports.kind_computed", language, result=result)
    if not isinstance(kind, Money):
        return text(f"exports.kind_{type(kind).__name__.lower()}", language)
    if kind.currency_from is not None:
        heading = sheet.columns[sheet.position(kind.currency_from)].heading
        return text("exports.kind_money_by", language, heading=heading)
    currency = kind.currency or (sheet.currency if kind.exponent is None else None)
    if currency is not None:
        return text("exports.kind_money_of", language, currency=currency)
    return text("exports.kind_money", language, exponent=exponent_of(kind, sheet.currency))
