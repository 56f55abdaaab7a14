"""Where a form's parts stand in a fresh workbook, and the names by which they are found again.

Column A of every section's sheet is hidden: its first cell names the section, the cell beside a
fixed row holds that row's key. Labels begin in column B. Defined names point at every input of a
field and every heading of a table; spreadsheet programs move them along with the cells.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the process that reads a workbook has no form to load
    from fundops.forms.declaration import Form, Section

IDENTITY_SHEET = "_fundops"
LISTS_SHEET = "_fundops_lists"
IDENTITY_MARK = "fundops form"
SECTION_MARK = "fundops section "
PROBLEMS_MARK = "fundops problems"
COMMENT_MARK = "fundops:"
IDENTITY_NAME = "fo.identity"
NAME_PREFIX = "fo."

FIRST_COLUMN = 2
TITLE_ROW, INTRO_ROW, FIRST_ROW = 1, 2, 4

MAX_SHEET_NAME = 31
_NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f]")


def field_name(section: str, key: str) -> str:
    """Return the defined name of a field's input."""
    return f"fo.{section}.{key}"


def column_name(table: str, key: str) -> str:
    """Return the defined name of a column's heading."""
    return f"fo.{table}.col.{key}"


def list_name(owner: str) -> str:
    """Return the defined name of the labels that a drop-down list offers."""
    return f"fo.list.{owner}"


def safe_sheet_name(title: str, taken: set[str]) -> str:
    """Return ``title`` as a sheet may be called, not yet in ``taken`` (casefolded), added to it."""
    base = " ".join(_NOT_IN_SHEET_NAMES.sub(" ", title).split()).strip("'") or "-"
    name, number = base[:MAX_SHEET_NAME].rstrip(" '"), 1
    while name.casefold() in taken or name.casefold() == "history":  # a name Excel keeps
        number += 1
        end = f" {number}"
        name = base[: MAX_SHEET_NAME - len(end)].rstrip(" '") + end
    taken.add(name.casefold())
    return name


def sheet_names(form: Form, guide: str, problems: str) -> tuple[str, str, dict[str, str]]:
    """Return the names of the guide's sheet, the problems' sheet and of each section's."""
    taken = {IDENTITY_SHEET, LISTS_SHEET}
    first, last = safe_sheet_name(guide, taken), safe_sheet_name(problems, taken)
    return first, last, {one.key: safe_sheet_name(one.title, taken) for one in form.sections}


def column_letters(column: int) -> str:
    """Return the letters of a column counted from 1: 28 is ``AB``."""
    letters = ""
    while column:
        column, digit = divmod(column - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters


def reference(row: int, column: int) -> str:
    """Return the A1 reference of a cell counted from 1."""
    return f"{column_letters(column)}{row}"


_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})", re.ASCII)


def position(cell: str) -> tuple[int, int]:
    """Return (row, column) of an A1 reference. Raises ``ValueError`` for anything else."""
    match = _REFERENCE.fullmatch(cell)
    if match is None:
        raise ValueError(cell)
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    row = int(match[2])
    if not 1 <= row <= 1_048_576 or column > 16_384:
        raise ValueError(cell)
    return row, column


@dataclass(frozen=True, slots=True)
class Places:
    """Rows of one section's sheet, counted from 1; a section without a table has zeros."""

    fields: dict[str, int]
    table_title: int = 0
    help: int = 0
    heading: int = 0

    @property
    def first(self) -> int:
        """The first row of the table."""
        return self.heading + 1


def places(section: Section) -> Places:
    """Return where the parts of ``section`` stand in a fresh sheet."""
    rows = {one.key: FIRST_ROW + number for number, one in enumerate(section.fields)}
    if section.table is None:
        return Places(rows)
    start = FIRST_ROW + len(rows) + (1 if rows else 0)
    return Places(rows, start, start + 1, start + 2)
