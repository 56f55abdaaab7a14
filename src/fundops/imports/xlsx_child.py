"""The process that opens a workbook: ``python -m fundops.imports.xlsx_child [SHEET] < FILE``.

It limits itself first, then unpacks every part once to learn its true size and to refuse document
type definitions, and only then lets the fast reader near the file. Output is JSON, one line per
row: a cell is text, or ``[kind, text]`` with kind n (number), d (date) or o (other); then
``{"end": n}``. A refusal is ``{"refused": code, "facts": {…}}``. Its caller treats any other end as
a refusal.
"""

from __future__ import annotations

import io
import json
import re
import resource
import sys
import zipfile
import zlib
from datetime import date, datetime
from typing import Any

from fundops.imports import limits

_CHUNK = 1 << 20
_MARKUP = (".xml", ".rels", ".vml")
_FORBIDDEN = (b"<!DOCTYPE", b"<!ENTITY")
_OVERLAP = 1 << 14
_SHEETS = "xl/worksheets/"
_ERROR = re.compile(rb"<(?:\w+:)?c\b(?P<marks>[^>]*\bt=[\"']e[\"'][^>]*)>")
# A formula and no value: its result was never stored. Empty text (t="str") is a result.
_NO_VALUE = re.compile(
    rb"<(?:\w+:)?c\b(?P<marks>(?:(?!\bt=[\"']str)[^>])*)>"
    rb"\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)"
    rb"\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_PLACE = re.compile(rb"\br=[\"']([A-Z]{1,3}[0-9]{1,7})[\"']")


class Refused(Exception):
    """A workbook that is damaged or not acceptable; ``args`` are the code and its facts."""


def limit_self() -> None:
    """Bound memory, processor time and output of this process, and leave no core file."""
    for what, most in (
        (resource.RLIMIT_AS, limits.CHILD_MEMORY_BYTES),
        (resource.RLIMIT_CPU, limits.CHILD_CPU_SECONDS),
        (resource.RLIMIT_FSIZE, limits.CHILD_OUTPUT_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(what, (bound, bound))
        except ValueError:
            # Some systems know no limit of address space; the others still hold there.
            if sys.platform.startswith("linux"):
                raise


def prescan(raw: bytes) -> None:
    """Unpack every part within the limits. Raises ``Refused``."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            parts = archive.infolist()
            if len(parts) > limits.MAX_ZIP_ENTRIES:
                raise Refused("xlsx_too_many_parts", {"limit": limits.MAX_ZIP_ENTRIES})
            if any(part.flag_bits & 1 for part in parts):
                raise Refused("xlsx_encrypted", {})
            if len({part.filename for part in parts}) != len(parts):
                raise Refused("xlsx_damaged", {})
            left = limits.MAX_UNZIPPED_BYTES
            for part in parts:
                left = _scan_part(archive, part, left)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError):
        raise Refused("xlsx_damaged", {}) from None


def _scan_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo, left: int) -> int:
    if part.file_size > left:
        raise Refused("xlsx_too_large", {"limit": limits.MAX_UNZIPPED_BYTES // 2**20})
    markup = part.filename.lower().endswith(_MARKUP)
    sheet = markup and part.filename.lower().startswith(_SHEETS)
    tail = b""
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise Refused("xlsx_too_large", {"limit": limits.MAX_UNZIPPED_BYTES // 2**20})
            if markup:
                _check_markup(tail + chunk)
                if sheet:
                    _check_cells(tail + chunk)
                tail = chunk[-_OVERLAP:]
    return left


def _check_markup(piece: bytes) -> None:
    if any(word in piece for word in _FORBIDDEN):
        raise Refused("xlsx_dtd", {})
    if b"\0" in piece:
        raise Refused("xlsx_encoding", {})


def _check_cells(piece: bytes) -> None:
    """Refuse what the reader would hand over as blank: error values, formulas without a value."""
    for code, pattern in (("xlsx_error_cell", _ERROR), ("xlsx_no_value", _NO_VALUE)):
        found = pattern.search(piece)
        if found is not None:
            place = _PLACE.search(found["marks"])
            raise Refused(code, {"cell": place[1].decode() if place else "?"})


def number_text(value: float) -> str:
    """Return the shortest decimal text that means ``value``: ``100000000``, ``39999999.43``."""
    if float(value).is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(value)


def cell(value: Any) -> str | list[str]:
    """Return one cell as it goes on the wire."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return ["o", "TRUE" if value else "FALSE"]
    if isinstance(value, int | float):
        return ["n", number_text(value)]
    if isinstance(value, datetime):
        return ["d", value.isoformat(timespec="seconds")]
    if isinstance(value, date):
        return ["d", value.isoformat()]
    return ["o", str(value)]


def write_rows(raw: bytes, wanted: str | None) -> None:
    """Write the rows of the wanted sheet, or the first, and name others that hold cells."""
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(raw))
        if not book.sheet_names:
            raise Refused("xlsx_damaged", {})
        if wanted is not None and wanted not in book.sheet_names:
            raise Refused("xlsx_no_sheet", {"sheet": wanted})
        name = wanted if wanted is not None else book.sheet_names[0]
        sheet = book.get_sheet_by_name(name)
        _check_extent(sheet)
        rows = sheet.to_python(skip_empty_area=False)
        others = [] if wanted is not None else book.sheet_names[1:]
        filled = [other for other in others if book.get_sheet_by_name(other).start is not None]
    except (python_calamine.CalamineError, OSError, ValueError):
        raise Refused("xlsx_damaged", {}) from None
    for other in filled:
        _say({"other_sheet": other})
    for row in rows:
        _say([cell(value) for value in row])
    _say({"end": len(rows)})


def _check_extent(sheet: Any) -> None:
    if sheet.end is None:
        return
    last_row, last_column = sheet.end
    if last_row > limits.MAX_ROWS:
        raise Refused("too_many_rows", {"limit": limits.MAX_ROWS})
    if last_column >= limits.MAX_COLUMNS:
        raise Refused("too_many_columns", {"limit": limits.MAX_COLUMNS})


def _say(message: object) -> None:
    sys.stdout.write(json.dumps(message, ensure_ascii=True) + "\n")


def main() -> None:
    """Read a workbook from standard input and write its rows, or why it was refused."""
    limit_self()
    try:
        raw = sys.stdin.buffer.read(limits.MAX_FILE_BYTES + 1)
        prescan(raw)
        write_rows(raw, sys.argv[1] if len(sys.argv) > 1 else None)
    except Refused as refusal:
        code, facts = refusal.args
        _say({"refused": code, "facts": facts})


if __name__ == "__main__":
    main()
