"""Names inside a workbook: sheets, tables, defined names and cell references, checked and quoted.

A spreadsheet program answers a wrong name with "we found a problem with some content", without
saying which. So every rule is checked when a workbook is declared.
"""

from __future__ import annotations

import re

MAX_COLUMNS = 16_384
MAX_ROWS = 1_048_576
MAX_SHEET_NAME = 31
MAX_NAME = 200

_FORBIDDEN_IN_SHEET_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)
_LIKE_A_CELL = re.compile(r"[A-Za-z]{1,3}[0-9]+|[Rr]|[Cc]|[Rr][0-9]*[Cc][0-9]*", re.ASCII)
_CELL = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})", re.ASCII)


class DeclarationError(ValueError):
    """A workbook declared in a way that no spreadsheet program can open or compute."""


def check_sheet_name(name: str) -> str:
    """Return ``name`` if a sheet may be called so, else raise ``DeclarationError``."""
    if not name or len(name) > MAX_SHEET_NAME or _FORBIDDEN_IN_SHEET_NAME.search(name):
        raise DeclarationError(
            f"{name!r} cannot name a sheet: 1 to 31 characters, none of []:*?/\\"
        )
    if name.startswith("'") or name.endswith("'") or name.casefold() == "history":
        raise DeclarationError(f"{name!r} cannot name a sheet: quoted at an end, or reserved")
    return name


def check_name(name: str) -> str:
    """Return ``name`` if a table or a defined name may be called so, else raise."""
    if _NAME.fullmatch(name) is None or len(name) > MAX_NAME:
        raise DeclarationError(f"{name!r} is no name: letters, digits and _, a letter first")
    if _LIKE_A_CELL.fullmatch(name):
        raise DeclarationError(f"{name!r} reads as a cell reference")
    return name


def continued(name: str, part: int) -> str:
    """Return the name of part ``part`` of a sheet that goes on over several: ``"Rows (2)"``."""
    if part == 1:
        return name
    suffix = f" ({part})"
    return name[: MAX_SHEET_NAME - len(suffix)] + suffix


def letters(column: int) -> str:
    """Return the letters of a column counted from 0: ``letters(27) == "AB"``."""
    if not 0 <= column < MAX_COLUMNS:
        raise DeclarationError(f"column {column} is outside a sheet")
    text = ""
    number = column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(65 + rest) + text
    return text


def place(at: str) -> tuple[int, int]:
    """Return (row from 1, column from 0) of a reference such as ``"B3"``."""
    found = _CELL.fullmatch(at)
    if found is None:
        raise DeclarationError(f"{at!r} is no cell reference")
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    row = int(found[2])
    if row > MAX_ROWS or column > MAX_COLUMNS:
        raise DeclarationError(f"{at!r} is outside a sheet")
    return row, column - 1


def quoted(sheet: str) -> str:
    """Return a sheet name as formulas write it: ``"It's"`` becomes ``'It''s'`` in quotes."""
    return "'" + sheet.replace("'", "''") + "'"


def column_range(sheet: str, column: int, first: int, last: int) -> str:
    """Return an absolute range down one column: ``'Receipts'!$B$4:$B$9``."""
    name = letters(column)
    return f"{quoted(sheet)}!${name}${first}:${name}${last}"
