"""The process that reads a workbook: ``python -m fundops.forms.reading_child < FILE``.

It limits itself, looks through the container, and writes JSON lines: ``{"names": [[name, sheet,
row, column], …]}``, then for each sheet ``{"sheet": name, "state": …, "merged": [[top, left,
bottom, right], …], "cells": [[row, column, kind, text], …]}``, then ``{"end": sheets}``. A refusal
is ``{"refused": code, "facts": {…}}``; its caller treats any other end as one.
"""

from __future__ import annotations

import io
import json
import re
import sys
import zipfile
import zlib
from collections.abc import Iterator

from fundops.forms import limits, markup, prescan, reader, sandbox
from fundops.forms.layout import IDENTITY_SHEET, position
from fundops.forms.prescan import Refused

_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
_CONTENTS, _MOST_CONTENTS = "xl/workbook.xml", 1 << 20
_TOO_MUCH = frozenset({"too_many_cells", "xlsx_too_full"})
"""What other people's large workbooks are refused for, when the reason is that they are others'."""

_END, _END_BYTES = b"PK\x05\x06", 22
_OLE = b"\xd0\xcf\x11\xe0"
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument"
_MACROS = ("vbaproject.bin", "xl/macrosheets/", "xl/activex/", "xl/dialogsheets/")


def checked(raw: bytes) -> None:
    """Raise ``Refused`` unless ``raw`` is a workbook within the stated maxima, without macros."""
    if raw.startswith(_OLE):
        raise Refused("xlsx_old_or_locked", {})
    if not raw.startswith(b"PK"):
        raise Refused("xlsx_other_file", {})
    if len(raw) > limits.MAX_FILE_BYTES:
        raise Refused("xlsx_file_too_large", {"limit": limits.MAX_FILE_BYTES // 2**20})
    _check_container(raw)
    try:
        prescan.check(raw, limits.BOUNDS, _counter(), _mark_counter())
    except Refused as refusal:
        if refusal.args[0] in _TOO_MUCH and not _is_ours(raw):
            raise Refused("xlsx_not_ours", {}) from None
        raise
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        _check_kind(archive)


def _check_container(raw: bytes) -> None:
    """Refuse what is more than a zip, and a list of parts that is too long to be read."""
    at = len(raw) - _END_BYTES
    if raw[at : at + 4] != _END:
        raise Refused("xlsx_two_files" if _END in raw else "xlsx_damaged", {})
    size, start = (int.from_bytes(raw[at + x : at + x + 4], "little") for x in (12, 16))
    if size > limits.MAX_DIRECTORY_BYTES:
        raise Refused("xlsx_too_many_parts", {"limit": limits.MAX_PARTS})
    if start + size != at:
        raise Refused("xlsx_two_files", {})


def _is_ours(raw: bytes) -> bool:
    """Return whether a workbook names our hidden sheet, as far as its contents can be read."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive, archive.open(_CONTENTS) as stream:
            return IDENTITY_SHEET.encode() in stream.read(_MOST_CONTENTS)
    except (*prescan.DAMAGED, KeyError):
        return False


def _mark_counter() -> prescan.PartWatch:
    marks = attributes = 0

    def watch(piece: bytes) -> None:
        nonlocal marks, attributes
        tags, given = piece.count(b"<"), piece.count(b"=")
        marks, attributes = marks + tags, attributes + given
        crowded = given > limits.MAX_CROWD and given > limits.MAX_CROWDING * tags
        if crowded or marks > limits.MAX_MARKS or attributes > limits.MAX_ATTRIBUTES:
            raise Refused("xlsx_too_full", {})

    return watch


def _counter() -> prescan.SheetWatch:
    found = 0

    def watch(_: bytes, piece: bytes) -> None:
        nonlocal found
        found += sum(1 for _ in _CELL.finditer(piece))
        if found > limits.MAX_CELLS:
            raise Refused("too_many_cells", {"limit": limits.MAX_CELLS})

    return watch


def _check_kind(archive: zipfile.ZipFile) -> None:
    names = [name.lower() for name in archive.namelist()]
    if "mimetype" in names and archive.read("mimetype").startswith(_OPEN_DOCUMENT):
        raise Refused("xlsx_other_format", {})
    if "xl/workbook.bin" in names:
        raise Refused("xlsx_other_format", {})
    if "[Content_Types].xml" not in archive.namelist():
        raise Refused("xlsx_other_file", {})
    types = archive.read("[Content_Types].xml").lower()
    if b"macroenabled" in types or any(mark in name for name in names for mark in _MACROS):
        raise Refused("xlsx_macros", {})
    if b"spreadsheetml" not in types:
        raise Refused("xlsx_other_file", {})


def merged_areas(references: list[str]) -> list[list[int]]:
    """Return merged areas as [top, left, bottom, right]. Raises ``Refused`` when they are huge."""
    areas, left = [], limits.MAX_MERGED_CELLS
    for reference in references:
        first, _, last = reference.partition(":")
        try:
            (top, start), (bottom, end) = position(first), position(last or first)
        except ValueError:
            raise Refused("xlsx_damaged", {}) from None
        left -= (bottom - top + 1) * (end - start + 1)
        if left < 0:
            raise Refused("too_many_merged", {})
        areas.append([top, start, bottom, end])
    return areas


def sheets(package: reader.Package) -> Iterator[dict[str, object]]:
    """Yield every sheet with its cells, ready to be written. Raises ``Refused``."""
    length = 0
    for name, state, part in package.sheets:
        merged: list[str] = []
        cells = []
        for raw in reader.raw_cells(package, part, merged):
            meaning = reader.interpreted(package, raw)
            if meaning is not None:
                cells.append([raw.row, raw.column, *meaning])
                length += len(meaning[1])
                if length > limits.MAX_TEXT_CHARS:
                    raise Refused("xlsx_too_full", {})
        yield {"sheet": name, "state": state, "merged": merged_areas(merged), "cells": cells}


def answer(raw: bytes) -> list[dict[str, object]]:
    """Return the lines that tell what is in a workbook. Raises ``Refused``."""
    return list(lines_of(raw))


def lines_of(raw: bytes) -> Iterator[dict[str, object]]:
    """Yield the lines that tell what is in a workbook, a sheet at a time. Raises ``Refused``."""
    checked(raw)
    try:
        package = reader.opened(raw)
        yield {"names": package.names}
        yield from sheets(package)
        yield {"end": len(package.sheets)}
    except (markup.DAMAGED, zipfile.BadZipFile, zlib.error, ValueError, LookupError):
        raise Refused("xlsx_damaged", {}) from None


def main() -> None:
    """Read a workbook from standard input and write its cells, or why it was refused."""
    sandbox.limit_self(limits.BOUNDS)
    try:
        for line in lines_of(sys.stdin.buffer.read(limits.MAX_FILE_BYTES + 1)):
            _write(line)
    except Refused as refusal:
        code, facts = refusal.args
        _write({"refused": code, "facts": facts})


def _write(line: dict[str, object]) -> None:
    """Write one line; a lone surrogate, which only an escape can make, is for the form to refuse.

    In UTF-8, which is a third of what escapes of other scripts would take.
    """
    made = json.dumps(line, ensure_ascii=False).encode("utf-8", "surrogatepass")
    sys.stdout.buffer.write(made + b"\n")


if __name__ == "__main__":
    main()
