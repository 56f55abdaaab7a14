"""Cells of a workbook in the making: looks, formats, lists to choose from, and safe text.

Needs openpyxl, which is loaded when a ``Writer`` is made.
"""

from __future__ import annotations

import re
from copy import copy
from datetime import date
from decimal import Decimal
from typing import Any

from fundops import money
from fundops.forms.kinds import (
    Choice,
    Day,
    DeclarationError,
    Kind,
    Money,
    Number,
    Percentage,
    Text,
    Value,
    Whole,
    YesNo,
)
from fundops.forms.layout import column_letters
from fundops.forms.limits import MAX_CELL_CHARS
from fundops.messages import text

INPUT_FILL, LOCKED_FILL, HEADING_FILL = "FFFFF8DC", "FFEDEDED", "FF1F3A5F"
FONT = "Calibri"
_GRID, _NOTE = "FFBFBFBF", "FF595959"
_ESCAPE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]|_(?=x[0-9A-Fa-f]{4}_)")
_NOT_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")
_MAX_PROMPT, _MAX_ERROR, _MAX_PROMPT_TITLE, _MAX_ROW_HEIGHT = 250, 220, 32, 360


def usual_width(kind: Kind, label: str) -> int:
    """Return the width of a column in characters."""
    if isinstance(kind, Text):
        return 48 if kind.lines else 28
    if isinstance(kind, Choice):
        longest = max(len(option.label) for option in kind.options)
        return min(40, max(14, longest + 4))
    return min(24, max(14, len(label) // 2 + 4))


def safe_text(value: str) -> str:
    """Return text as a cell's XML may hold it; the reader gives the same text back."""
    escaped = _ESCAPE.sub(lambda match: f"_x{ord(match[0]):04X}_", value)
    return _NOT_XML.sub("\ufffd", escaped)


def cell_value(kind: Kind, value: Value) -> str | int | Decimal | date | None:
    """Return ``value`` as a spreadsheet keeps it: labels for codes, fractions for percentages.

    Raises ``DeclarationError`` for a value that is not of ``kind``.
    """
    if value is None:
        return None
    wanted = _PYTHON[type(kind)]
    if isinstance(value, bool) != (wanted is bool) or not isinstance(value, wanted):
        raise DeclarationError(f"{value!r} is no {type(kind).__name__}")
    match kind, value:
        case Text(), str() if len(value) > MAX_CELL_CHARS:
            raise DeclarationError("text is longer than a cell holds")
        case YesNo(), _:
            return kind.yes if value else kind.no
        case Money(), int():
            return Decimal(money.format_amount(value, kind.currency))
        case Percentage(), Decimal():
            return value / 100
        case Choice(), str():
            return _label(kind, value)
    return value


_PYTHON: dict[type[Kind], type] = {
    Text: str, Whole: int, Number: Decimal, Money: int, Percentage: Decimal, Day: date,
    YesNo: bool, Choice: str,
}  # fmt: skip


def _label(kind: Choice, code: str) -> str:
    for option in kind.options:
        if option.code == code:
            return option.label
    raise DeclarationError(f"{code!r} is no option")


def number_format(kind: Kind) -> str:
    """Return the format in which a spreadsheet shows values of ``kind``."""
    match kind:
        case Whole():
            return "#,##0"
        case Number():
            return f"#,##0.{'0' * kind.places}" if kind.places else "#,##0"
        case Money():
            digits = money.exponent(kind.currency)
            return f"#,##0.{'0' * digits}" if digits else "#,##0"
        case Percentage():
            return f"0.{'0' * kind.places}%" if kind.places else "0%"
        case Day():
            return "yyyy-mm-dd"
    return "@"


class Writer:
    """Writes cells into one workbook, sharing styles, with safe text."""

    def __init__(self, book: Any, language: str, right_to_left: bool) -> None:
        from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side

        side = Side(style="thin", color=_GRID)
        order = 2 if right_to_left else 0
        self.book = book
        self.language = language
        self.right_to_left = right_to_left
        self._heights: dict[Any, dict[int, int]] = {}
        self._looks: dict[tuple[object, ...], Any] = {}
        self._border = Border(left=side, right=side, top=side, bottom=side)
        self._fills = {
            color: PatternFill("solid", fgColor=color)
            for color in (INPUT_FILL, LOCKED_FILL, HEADING_FILL)
        }
        self._open, self._closed = Protection(locked=False), Protection(locked=True)
        self._wrapped = Alignment(vertical="top", wrap_text=True, readingOrder=order)
        self._plain = Alignment(vertical="top", readingOrder=order)
        self._fonts = {
            "title": Font(name=FONT, bold=True, size=16, color=HEADING_FILL),
            "subtitle": Font(name=FONT, bold=True, size=12, color=HEADING_FILL),
            "label": Font(name=FONT, bold=True),
            "heading": Font(name=FONT, bold=True, color="FFFFFFFF"),
            "note": Font(name=FONT, italic=True, color=_NOTE),
        }

    def sheet(self, name: str, *, hidden: bool = False) -> Any:
        """Return a new sheet at the end."""
        sheet = self.book.create_sheet(name)
        if hidden:
            sheet.sheet_state = "veryHidden"
        self.set_up(sheet)
        return sheet

    def set_up(self, sheet: Any) -> None:
        """Set a sheet's direction and how it is printed."""
        sheet.sheet_view.rightToLeft = self.right_to_left
        sheet.sheet_view.showGridLines = False
        sheet.page_setup.orientation = "landscape"
        sheet.page_setup.fitToHeight = 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True

    def protect(self, sheet: Any) -> None:
        """Lock a sheet's structure, without a password; widths and heights may be changed."""
        sheet.protection.sheet = True
        sheet.protection.formatColumns = False
        sheet.protection.formatRows = False

    def plain(self, sheet: Any, row: int, column: int, value: str) -> Any:
        """Write text as it is, never as a formula or a number."""
        return self._text(sheet.cell(row, column), value, number_format="@")

    def _text(self, cell: Any, value: str, **look: Any) -> Any:
        """Write text into a cell that nothing was written into before."""
        cell.value = safe_text(value)
        cell.data_type = "s"
        self._dress(cell, **look)
        if value[:1] in {"=", "+", "-", "@"}:
            cell.quotePrefix = True
        return cell

    def _dress(self, cell: Any, **look: Any) -> None:
        """Give a cell its look; one like it is looked up once, which takes longer than the rest."""
        key = tuple(part if isinstance(part, str) else id(part) for part in look.values())
        known = self._looks.get(key)
        if known is None:
            for name, part in look.items():
                setattr(cell, name, part)
            self._looks[key] = copy(cell._style)  # noqa: SLF001 - there is no other way to it
        else:
            cell._style = copy(known)  # noqa: SLF001 - as above

    def _styled(self, sheet: Any, row: int, column: int, value: str, font: str, **look: Any) -> Any:
        look = {"font": self._fonts[font], "alignment": self._wrapped} | look
        return self._text(sheet.cell(row, column), value, number_format="@", **look)

    def title(self, sheet: Any, row: int, value: str) -> None:
        """Write a sheet's title."""
        self._styled(sheet, row, 2, value, "title", alignment=self._plain)

    def note(self, sheet: Any, row: int, value: str, across: int = 3, width: int = 110) -> None:
        """Write a paragraph over several columns."""
        self._styled(sheet, row, 2, value, "note")
        sheet.merge_cells(start_row=row, end_row=row, start_column=2, end_column=1 + across)
        self.grow(sheet, row, value, width)

    def subtitle(self, sheet: Any, row: int, column: int, value: str, note: str = "") -> None:
        """Write a table's label and, beside it, its help."""
        self._styled(sheet, row, column, value, "subtitle", alignment=self._plain)
        if note:
            self._styled(sheet, row, column + 1, note, "note", alignment=self._plain)

    def label(self, sheet: Any, row: int, column: int, value: str) -> None:
        """Write the label of a field."""
        self._styled(sheet, row, column, value, "label")
        self.grow(sheet, row, value, 34)

    def heading(self, sheet: Any, row: int, column: int, value: str) -> None:
        """Write the heading of a column."""
        look = {"fill": self._fills[HEADING_FILL], "border": self._border}
        self._styled(sheet, row, column, value, "heading", **look)
        self.grow(sheet, row, value, 16)

    def help(self, sheet: Any, row: int, column: int, value: str, width: int) -> None:
        """Write the help of a field or column, ``width`` characters wide."""
        self._styled(sheet, row, column, value, "note")
        self.grow(sheet, row, value, width)

    def grow(self, sheet: Any, row: int, value: str, width: int) -> None:
        """Make a row as high as its text needs at ``width`` characters a line."""
        lines = sum(1 + len(line) // width for line in value.split("\n"))
        height = min(_MAX_ROW_HEIGHT, max(18, 15 * lines + 3))
        heights = self._heights.setdefault(sheet, {})
        if height > heights.get(row, 0):
            heights[row] = height

    def set_heights(self) -> None:
        """Give the rows the heights that their texts need, once all is written."""
        for sheet, heights in self._heights.items():
            for row, height in sorted(heights.items()):
                sheet.row_dimensions[row].height = height

    def value(
        self, sheet: Any, row: int, column: int, kind: Kind, value: Value, *, locked: bool
    ) -> None:
        """Write an input, or a locked cell that shows a value."""
        made = cell_value(kind, value)
        cell = sheet.cell(row, column)
        look = {
            "number_format": number_format(kind),
            "fill": self._fills[LOCKED_FILL if locked else INPUT_FILL],
            "border": self._border,
            "alignment": self._wrapped,
            "protection": self._closed if locked else self._open,
        }
        if isinstance(made, str):
            self._text(cell, made, **look)
        else:
            cell.value = made
            self._dress(cell, **look)
        if isinstance(kind, Text) and kind.lines and not locked:
            self.grow(sheet, row, "\n" * 3, 60)
        if isinstance(made, str):
            self.grow(sheet, row, made, 46)

    def formula(self, sheet: Any, row: int, column: int, kind: Kind, text: str) -> None:
        """Write a formula of ours, locked."""
        cell = sheet.cell(row, column)
        cell.value = text
        self._dress(
            cell,
            number_format=number_format(kind),
            fill=self._fills[LOCKED_FILL],
            border=self._border,
            protection=self._closed,
        )

    def name(self, name: str, sheet: Any, row: int, column: int, last: int = 0) -> None:
        """Give a cell, or a column down to ``last``, a name."""
        from openpyxl.utils import quote_sheetname
        from openpyxl.workbook.defined_name import DefinedName

        letters = column_letters(column)
        target = f"{quote_sheetname(sheet.title)}!${letters}${row}"
        if last:
            target += f":${letters}${last}"
        self.book.defined_names[name] = DefinedName(name, attr_text=target)

    def validate(
        self, sheet: Any, area: str, kind: Kind, label: str, help_text: str, choices: str
    ) -> None:
        """Have the spreadsheet program itself check an input, and explain it when it is chosen.

        ``choices`` is the name of the list that a choice offers.
        """
        from openpyxl.worksheet.datavalidation import DataValidation

        rule = DataValidation(allow_blank=True, **_rule(kind, choices))
        rule.errorTitle = _cut(label, _MAX_PROMPT_TITLE)
        rule.error = _cut(describe(kind, self.language), _MAX_ERROR)
        rule.promptTitle = _cut(label, _MAX_PROMPT_TITLE)
        rule.prompt = _cut(help_text or describe(kind, self.language), _MAX_PROMPT)
        rule.showErrorMessage = rule.showInputMessage = True
        rule.add(area)
        sheet.add_data_validation(rule)


def _cut(value: str, length: int) -> str:
    """Return text that a prompt can hold, counted in the units spreadsheets count in."""
    clean = _NOT_XML.sub("\ufffd", _ESCAPE.sub(" ", value))
    while len(clean.encode("utf-16-le")) // 2 > length:
        clean = clean[: length - 2 if len(clean) > length else len(clean) - 2] + "…"
    return clean


def _rule(kind: Kind, choices: str) -> dict[str, object]:
    """Return the rule of a kind as the spreadsheet program checks it."""
    between = {"operator": "between"}
    match kind:
        case Text():
            return {"type": "textLength", "operator": "lessThanOrEqual",
                    "formula1": str(kind.max_length)}  # fmt: skip
        case Whole():
            limits = {"formula1": str(kind.least), "formula2": str(kind.most)}
            return {"type": "whole", **between, **limits}
        case Number():
            return {"type": "decimal", **between, **_limits(kind.least, kind.most)}
        case Percentage():
            return {"type": "decimal", **between, **_limits(kind.least / 100, kind.most / 100)}
        case Money():
            scale = -money.exponent(kind.currency)
            least, most = (Decimal(one).scaleb(scale) for one in (kind.least, kind.most))
            return {"type": "decimal", **between, **_limits(least, most)}
        case Day():
            days = [f"DATE({d.year},{d.month},{d.day})" for d in (kind.first, kind.last)]
            return {"type": "date", **between, "formula1": days[0], "formula2": days[1]}
    return {"type": "list", "formula1": choices}


def _limits(least: Decimal, most: Decimal) -> dict[str, str]:
    return {"formula1": format(least, "f"), "formula2": format(most, "f")}


def describe(kind: Kind, language: str) -> str:
    """Return in words what a cell of ``kind`` holds."""
    match kind:
        case Whole() | Number() | Percentage():
            return _describe_number(kind, language)
        case Text():
            return text("forms.kind.text", language, limit=kind.max_length)
        case Money():
            places = money.exponent(kind.currency)
            return text("forms.kind.money", language, currency=kind.currency, places=places)
        case Day() if kind == Day():
            return text("forms.kind.any_day", language)
        case Day():
            first, last = kind.first.isoformat(), kind.last.isoformat()
            return text("forms.kind.day", language, first=first, last=last)
        case YesNo():
            return text("forms.kind.yes_no", language, yes=kind.yes, no=kind.no)
    return text("forms.kind.choice", language, count=len(kind.options))


def _describe_number(kind: Whole | Number | Percentage, language: str) -> str:
    least, most = format(Decimal(kind.least), "f"), format(Decimal(kind.most), "f")
    match kind:
        case Whole():
            if kind.most == Whole().most:
                return text("forms.kind.whole_from", language, least=least)
            return text("forms.kind.whole", language, least=least, most=most)
        case Number():
            if kind.most == Number().most:
                return text("forms.kind.number_from", language, places=kind.places, least=least)
            key = "forms.kind.number"
        case Percentage():
            key = "forms.kind.percentage"
    return text(key, language, places=kind.places, least=least, most=most)
