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
import sys
from datetime import date, datetime
from typing import Any

from fundops.forms.prescan import Refused, check
from fundops.forms.sandbox import Bounds, limit_self
from fundops.imports import limits

_ERROR = re.compile(rb"<(?:\w+:)?c\b(?P<marks>[^>]*\bt=[\"']e[\"'][^>]*)>")
# A formula and no value: its result was never stored. Empty text (t="str") is a result.
_NO_VALUE = re.compile(
    rb"<(?:\w+:)?c\b(?P<marks>(?:(?!\bt=[\"']str)[^>])*)>"
    rb"\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)"
    rb"\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_PLACE = re.compile(rb"\br=[\"']([A-Z]{1,3}[0-9]{1,7})[\"']")


def bounds() -> Bounds:
    """Return the stated maxima of an import as bounds of a file and of its process."""
    return Bounds(
        file_bytes=limits.MAX_FILE_BYTES,
        parts=limits.MAX_ZIP_ENTRIES,
        unzipped_bytes=limits.MAX_UNZIPPED_BYTES,
        memory_bytes=limits.CHILD_MEMORY_BYTES,
        cpu_seconds=limits.CHILD_CPU_SECONDS,
        wall_seconds=limits.CHILD_WALL_SECONDS,
        output_bytes=limits.CHILD_OUTPUT_BYTES,
    )


def prescan(raw: bytes) -> None:
    """Unpack every part within the limits. Raises ``Refused``."""
    check(raw, bounds(), _check_cells)


def _check_cells(tail: bytes, chunk: bytes) -> None:
    """Refuse what the reader would hand over as blank: error values, formulas without a value."""
    for code, pattern in (("xlsx_error_cell", _ERROR), ("xlsx_no_value", _NO_VALUE)):
        found = pattern.search(tail + chunk)
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
    limit_self(bounds())
    try:
        raw = sys.stdin.buffer.read(limits.MAX_FILE_BYTES + 1)
        prescan(raw)
        write_rows(raw, sys.argv[1] if len(sys.argv) > 1 else None)
    except Refused as refusal:
        code, facts = refusal.args
        _say({"refused": code, "facts": facts})


if __name__ == "__main__":
    main()
