"""Reading files into plain tables of text: CSV here, workbooks and IATI XML in their own modules.

A reader knows nothing of profiles. It returns every cell as text, or raises ``Damage`` naming the
row, line or column where the file stops being what it should be; it never guesses.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fundops.imports import limits
from fundops.imports.findings import Finding, damage, finding

CellKind = Literal["number", "date", "other"]

_BOM = b"\xef\xbb\xbf"
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True)
class RawRow:
    """One data row: its number (header = 1), its line in a text file, and its cells as text.

    ``typed`` names the cells a workbook held as a number or a date instead of text.
    """

    number: int
    line: int | None
    cells: dict[str, str]
    typed: dict[str, CellKind]


@dataclass(frozen=True)
class Table:
    """One file as read. ``sha256`` and ``size`` are those of its bytes on disk."""

    file: str
    form: Literal["csv", "xlsx", "iati"]
    sha256: str
    size: int
    header: tuple[str, ...]
    rows: tuple[RawRow, ...]
    findings: tuple[Finding, ...]


def read_bytes(path: Path) -> bytes:
    """Return the file's bytes. Raises ``Damage`` when it is absent, empty or too large."""
    try:
        with path.open("rb") as file:
            raw = file.read(limits.MAX_FILE_BYTES + 1)
    except OSError:
        raise damage("unreadable", path.name) from None
    if len(raw) > limits.MAX_FILE_BYTES:
        raise damage("too_large", path.name, limit=limits.MAX_FILE_BYTES // 2**20)
    if not raw.removeprefix(_BOM).strip():
        raise damage("empty", path.name)
    return raw


def read_table(path: Path, *, delimiter: str = ",", sheet: str | None = None) -> Table:
    """Return the table in a CSV file or an Excel workbook, told apart by content, not by name."""
    raw = read_bytes(path)
    if raw.startswith(_ZIP):
        from fundops.imports.xlsx import read_workbook

        return read_workbook(path.name, raw, sheet=sheet)
    if raw.startswith(_OLE):
        raise damage("old_excel", path.name)
    if raw.removeprefix(_BOM).lstrip().startswith((b"<?xml", b"<!DOCTYPE")):
        raise damage("xml_not_table", path.name)
    return read_csv(path.name, raw, delimiter=delimiter)


def decode(file: str, raw: bytes) -> str:
    """Return ``raw`` as text. Raises ``Damage`` with the line of the first wrong byte."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise damage("not_utf8", file, line=line) from None
    nul = text.find("\0")
    if nul >= 0:
        raise damage("nul", file, line=text.count("\n", 0, nul) + 1)
    return text


def read_csv(file: str, raw: bytes, *, delimiter: str = ",") -> Table:
    """Return the table in CSV bytes (UTF-8, quotes doubled, header first)."""
    text = decode(file, raw)
    records = _csv_records(file, text, delimiter)
    header = _csv_header(file, records)
    found: list[Finding] = []
    rows: list[RawRow] = []
    for number, line, cells in records:
        if not any(cells):
            found.append(finding("warning", "blank_row", file, row=number, line=line))
            continue
        rows.append(_csv_row(file, header, number, line, cells))
        if len(rows) > limits.MAX_ROWS:
            raise damage("too_many_rows", file, limit=limits.MAX_ROWS)
    if not text.endswith(("\n", "\r")):
        found.append(finding("warning", "no_last_newline", file, line=text.count("\n") + 1))
    digest = hashlib.sha256(raw).hexdigest()
    return Table(file, "csv", digest, len(raw), header, tuple(rows), tuple(found))


def _csv_records(file: str, text: str, delimiter: str) -> Iterator[tuple[int, int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number, start = 0, 1
    while True:
        number += 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise _csv_damage(file, number, start, str(error)) from None
        if cells is None:
            return
        yield number, start, cells
        start = reader.line_num + 1


def _csv_damage(file: str, number: int, line: int, why: str) -> Exception:
    code = "csv_broken"
    if "end of data" in why:
        code = "unterminated_quote"
    elif "field larger" in why:
        code = "cell_too_long"
    return damage(code, file, row=number, line=line, limit=limits.MAX_CELL_CHARS)


def _csv_header(file: str, records: Iterator[tuple[int, int, list[str]]]) -> tuple[str, ...]:
    _, _, cells = next(records, (1, 1, []))
    return check_header(file, cells)


def _csv_row(
    file: str, header: tuple[str, ...], number: int, line: int, cells: list[str]
) -> RawRow:
    if len(cells) != len(header):
        expected = len(header)
        raise damage("cell_count", file, row=number, line=line, found=len(cells), expected=expected)
    check_lengths(file, header, number, line, cells)
    return RawRow(number, line, dict(zip(header, cells, strict=True)), {})


def check_header(file: str, cells: list[str]) -> tuple[str, ...]:
    """Return the column names. Raises ``Damage`` when one is empty or stands twice."""
    header = tuple(cell.strip() for cell in cells)
    if not any(header):
        raise damage("no_header", file, row=1)
    if len(header) > limits.MAX_COLUMNS:
        raise damage("too_many_columns", file, row=1, limit=limits.MAX_COLUMNS)
    for position, name in enumerate(header, start=1):
        if not name:
            raise damage("unnamed_column", file, row=1, number=position)
        if name in header[: position - 1]:
            raise damage("column_twice", file, row=1, column=name)
    return header


def check_lengths(
    file: str, header: tuple[str, ...], number: int, line: int | None, cells: list[str]
) -> None:
    """Raise ``Damage`` for a cell longer than any spreadsheet could hold."""
    for name, cell in zip(header, cells, strict=True):
        if len(cell) > limits.MAX_CELL_CHARS:
            raise damage(
                "cell_too_long",
                file,
                row=number,
                line=line,
                column=name,
                limit=limits.MAX_CELL_CHARS,
            )
