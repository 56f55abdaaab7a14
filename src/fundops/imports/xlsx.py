"""Workbooks, opened in a process of their own: a hostile file can end only that process.

The child (``xlsx_child``) limits its own memory and processor time, unpacks and checks every part,
then writes the cells as JSON lines. The parent trusts nothing but those lines.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from typing import IO, Any

from fundops.forms.sandbox import ChildFailed, run
from fundops.imports import limits
from fundops.imports.findings import Finding, damage, finding
from fundops.imports.readers import CellKind, RawRow, Table, check_header, check_lengths

_KINDS: dict[str, CellKind] = {"n": "number", "d": "date", "o": "other"}
_REFUSALS = frozenset(
    {
        "xlsx_damaged",
        "xlsx_encrypted",
        "xlsx_too_large",
        "xlsx_too_many_parts",
        "xlsx_dtd",
        "xlsx_encoding",
        "xlsx_error_cell",
        "xlsx_no_value",
        "xlsx_no_sheet",
        "too_many_rows",
        "too_many_columns",
    }
)


def read_workbook(file: str, raw: bytes, *, sheet: str | None = None) -> Table:
    """Return the table on one sheet of a workbook (header in row 1): ``sheet`` or the first one."""
    found: list[Finding] = []
    rows: list[RawRow] = []
    header: tuple[str, ...] = ()
    with tempfile.TemporaryFile() as output:
        _run_child(file, raw, sheet, output)
        for number, cells in enumerate(_lines(file, output, found), start=1):
            if number == 1:
                header = check_header(file, _without_blank_end([cell for cell, _ in cells]))
            else:
                _add_row(file, header, number, cells, rows, found)
    if not header:
        raise damage("no_header", file, row=1)
    digest = hashlib.sha256(raw).hexdigest()
    return Table(file, "xlsx", digest, len(raw), header, tuple(rows), tuple(found))


def _run_child(file: str, raw: bytes, sheet: str | None, output: IO[bytes]) -> None:
    arguments = [] if sheet is None else [sheet]
    try:
        run("fundops.imports.xlsx_child", arguments, raw, output, limits.CHILD_WALL_SECONDS)
    except ChildFailed:
        raise damage("xlsx_refused", file) from None


def _lines(file: str, output: IO[bytes], found: list[Finding]) -> Iterator[list[tuple[str, str]]]:
    output.seek(0)
    ended = False
    for line in output:
        message: Any = json.loads(line)
        if isinstance(message, list):
            yield [(cell, "") if isinstance(cell, str) else (cell[1], cell[0]) for cell in message]
        elif "refused" in message:
            code = message["refused"]
            known = code if code in _REFUSALS else "xlsx_damaged"
            raise damage(known, file, **message.get("facts", {}))
        elif "other_sheet" in message:
            found.append(finding("warning", "sheet_not_read", file, sheet=message["other_sheet"]))
        elif "end" in message:
            ended = True
    if not ended:
        raise damage("xlsx_refused", file)


def _without_blank_end(cells: list[str]) -> list[str]:
    while cells and not cells[-1].strip():
        cells.pop()
    return cells


def _add_row(
    file: str,
    header: tuple[str, ...],
    number: int,
    cells: list[tuple[str, str]],
    rows: list[RawRow],
    found: list[Finding],
) -> None:
    width = len(header)
    if any(text for text, _ in cells[width:]):
        raise damage("cell_beyond_header", file, row=number, expected=width)
    padded = [*cells[:width], *[("", "")] * (width - len(cells))]
    texts = [text for text, _ in padded]
    if not any(texts):
        found.append(finding("warning", "blank_row", file, row=number))
        return
    check_lengths(file, header, number, None, texts)
    typed = {
        name: _KINDS[kind] for name, (_, kind) in zip(header, padded, strict=True) if kind in _KINDS
    }
    rows.append(RawRow(number, None, dict(zip(header, texts, strict=True)), typed))
