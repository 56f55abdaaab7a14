"""Lists as CSV: RFC 4180 in UTF-8, exact, and safe to open in a spreadsheet program.

The file begins with a byte order mark, without which Excel reads UTF-8 as something else. Text
that a spreadsheet program would take for a formula has an apostrophe in front, and so has text
that begins with one: whoever takes one leading apostrophe off every text has it as it was.
Amounts, dates, numbers and flags are written as they are in the API.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from fundops.exports.kinds import Flag
from fundops.exports.lists.columns import Item, ListColumn, as_text

MARK = "\ufeff"
RISKY = frozenset("=+-@\t\r\n＝＋－＠'")
"""How text begins that a spreadsheet program may compute; full-width signs are read as well."""


def guarded(value: Any) -> str | None:
    """Return the text of a value, with an apostrophe in front if it could be a formula."""
    text = as_text(value)
    return f"'{text}" if text is not None and text[:1] in RISKY else text


def _cells(column: ListColumn, page: Sequence[Item]) -> list[Any]:
    """Return a column's cells as they are written; nothing at all for what is not there."""
    values = column.of(page)
    if isinstance(column.kind, Flag):
        return [None if value is None else "true" if value else "false" for value in values]
    if not column.is_written:
        return values
    return [
        value
        if value is None or (value.__class__ is str and value[:1] not in RISKY)
        else guarded(value)
        for value in values
    ]


def csv_of(columns: Sequence[ListColumn], pages: Iterable[list[Item]]) -> Iterator[bytes]:
    """Yield the file, a page at a time: the names of the API, then a line per row."""
    held = io.StringIO(newline="")
    lines = csv.writer(held, lineterminator="\r\n")
    held.write(MARK)
    lines.writerow([column.name for column in columns])
    for page in pages:
        lines.writerows(zip(*(_cells(column, page) for column in columns), strict=True))
        yield held.getvalue().encode()
        held.seek(0)
        held.truncate()
    if held.tell():
        yield held.getvalue().encode()
