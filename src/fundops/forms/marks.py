"""Marks of problems in an opened workbook: red cells with comments, and a sheet that lists them.

A mark remembers what it covers: the colour of the cell before (in a hidden column of the list) and
another person's comment (below ours). Runs in the child process, with openpyxl.
"""

from __future__ import annotations

from copy import copy
from typing import Any

from fundops.forms.cells import FONT, HEADING_FILL, INPUT_FILL, safe_text
from fundops.forms.layout import COMMENT_MARK, PROBLEMS_MARK, position, reference, safe_sheet_name
from fundops.forms.limits import MAX_PROBLEMS

MARK_FILL = "FFFFB3B3"
_AUTHOR = "fundops"
_DIVIDER = "\n\n— — —\n"
_FIRST, _COLOUR_COLUMN = 6, 7
_WIDTHS = (("B", 6), ("C", 24), ("D", 10), ("E", 110))


class Marker:
    """Takes old marks off a workbook and puts the job's on."""

    def __init__(self, book: Any, job: dict[str, Any]) -> None:
        self.book = book
        self.job = job
        self.at: dict[tuple[str, str], list[str]] = {}
        for sheet, cell, sentence in job["problems"]:
            if sheet is not None and cell is not None:
                self.at.setdefault((sheet, cell), []).append(sentence)

    def renew(self) -> None:
        """Replace all earlier marks by those of this job."""
        self._clear()
        if self.job["problems"]:
            colours = {place: self._mark(*place, said) for place, said in self.at.items()}
            self._list(colours)

    def _clear(self) -> None:
        remembered: dict[tuple[str, str], str] = {}
        for sheet in list(self.book.worksheets):
            if sheet["A1"].value == PROBLEMS_MARK:
                for row in sheet.iter_rows(_FIRST, _FIRST + MAX_PROBLEMS, 1, _COLOUR_COLUMN):
                    place = str(row[2].value), str(row[3].value)
                    remembered[place] = str(row[_COLOUR_COLUMN - 1].value)
                self.book.remove(sheet)
        self._uncolour(remembered)
        for sheet in self.book.worksheets:
            for cell in _cells(sheet):
                if cell.comment is not None:
                    cell.comment = _without_ours(cell.comment)

    def _uncolour(self, remembered: dict[tuple[str, str], str]) -> None:
        for sheet in self.book.worksheets:
            for cell in _cells(sheet):
                if cell.has_style and _colour(cell) == MARK_FILL:
                    usual = "" if cell.protection.locked else INPUT_FILL
                    _fill(cell, remembered.get((sheet.title, cell.coordinate), usual))

    def _mark(self, name: str, at: str, sentences: list[str]) -> str:
        """Mark one cell, and return the colour that it had."""
        from openpyxl.cell.cell import MergedCell
        from openpyxl.comments import Comment

        if name not in self.book.sheetnames:
            return ""
        sheet = self.book[name]
        cell = sheet[at]
        if isinstance(cell, MergedCell):
            cell = _corner(sheet, at)
        colour = _colour(cell)
        _fill(cell, MARK_FILL)
        below = f"{_DIVIDER}{cell.comment.text}" if cell.comment is not None else ""
        author = cell.comment.author if cell.comment is not None else _AUTHOR
        said = "\n".join(safe_text(one) for one in sentences)
        cell.comment = Comment(f"{COMMENT_MARK} {said}{below}", author, width=320)
        cell.comment.height = 40 + 18 * (1 + len(said) // 42)
        return colour

    def _list(self, colours: dict[tuple[str, str], str]) -> None:
        """Add the sheet that lists the problems, as the first one that is seen."""
        taken = {name.casefold() for name in self.book.sheetnames}
        sheet = self.book.create_sheet(safe_sheet_name(self.job["tab"], taken), 0)
        self._head(sheet)
        for number, (name, at, sentence) in enumerate(self.job["problems"], start=1):
            row = _FIRST + number - 1
            _write(sheet, row, 2, number)
            _write(sheet, row, 3, safe_text(name or self.job["whole_file"]))
            _write(sheet, row, 4, at or "")
            _write(sheet, row, 5, safe_text(sentence))
            if at and name in self.book.sheetnames:
                _link(sheet, row, name, at)
                _write(sheet, row, _COLOUR_COLUMN, colours.get((name, at), ""))
        sheet.protection.sheet = True
        self.book.active = 0
        for one in self.book.worksheets:
            one.sheet_view.tabSelected = one is sheet

    def _head(self, sheet: Any) -> None:
        from openpyxl.styles import Font, PatternFill

        sheet["A1"] = PROBLEMS_MARK
        _write(sheet, 1, 2, self.job["title"]).font = Font(
            name=FONT, bold=True, size=16, color=HEADING_FILL
        )
        _write(sheet, 3, 2, self.job["how"]).font = Font(name=FONT, italic=True)
        for row in (1, 3):
            sheet.cell(row, 2).alignment = copy(sheet["A1"].alignment)
        for number, heading in enumerate(self.job["headings"], start=2):
            cell = _write(sheet, _FIRST - 1, number, heading)
            cell.font = Font(name=FONT, bold=True, color="FFFFFFFF")
            cell.fill = PatternFill("solid", fgColor=HEADING_FILL)
        for letters, width in _WIDTHS:
            sheet.column_dimensions[letters].width = width
        for letters in ("A", "F", "G"):
            sheet.column_dimensions[letters].hidden = True
        sheet.freeze_panes = f"A{_FIRST}"
        sheet.page_setup.orientation = "landscape"
        sheet.page_setup.fitToHeight = 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
        sheet.sheet_view.rightToLeft = self.job["right_to_left"]


def _cells(sheet: Any) -> list[Any]:
    """Return the cells there are; going by rows would make all those between far ones."""
    return list(sheet._cells.values())  # noqa: SLF001 - the library has no public way to them


def _write(sheet: Any, row: int, column: int, value: str | int) -> Any:
    from openpyxl.styles import Alignment

    cell = sheet.cell(row, column)
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"
    cell.alignment = Alignment(vertical="top", wrap_text=True)
    return cell


def _link(sheet: Any, row: int, name: str, at: str) -> None:
    from openpyxl.styles import Font
    from openpyxl.utils import quote_sheetname
    from openpyxl.worksheet.hyperlink import Hyperlink

    cell = sheet.cell(row, 4)
    target = f"{quote_sheetname(name)}!{at}"
    cell.hyperlink = Hyperlink(ref=cell.coordinate, location=target, display=at)
    cell.font = Font(name=FONT, color="FF0563C1", underline="single")


def _colour(cell: Any) -> str:
    """Return the solid colour of a cell as eight digits, or nothing."""
    fill = cell.fill
    if fill is None or fill.fill_type != "solid" or fill.fgColor.type != "rgb":
        return ""
    return str(fill.fgColor.rgb)


def _fill(cell: Any, colour: str) -> None:
    from openpyxl.styles import PatternFill

    solid = len(colour) == 8 and all(digit in "0123456789ABCDEFabcdef" for digit in colour)
    cell.fill = PatternFill("solid", fgColor=colour) if solid else PatternFill()


def _corner(sheet: Any, at: str) -> Any:
    """Return the first cell of the merged area that hides the cell ``at``."""
    row, column = position(at)
    for area in sheet.merged_cells.ranges:
        if area.min_row <= row <= area.max_row and area.min_col <= column <= area.max_col:
            return sheet[reference(area.min_row, area.min_col)]
    return sheet[at]


def _without_ours(comment: Any) -> Any:
    """Return what another person's comment was before our mark, or nothing if there was none."""
    from openpyxl.comments import Comment

    if not comment.text.startswith(COMMENT_MARK):
        return comment
    _, divider, theirs = comment.text.partition(_DIVIDER)
    return Comment(theirs, comment.author) if divider else None
