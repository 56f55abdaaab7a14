"""The same workbook, the same bytes: what a library writes, packed again without times.

Entries keep their order and carry the zip format's first day; compression is the standard
library's zlib at level 1, as everywhere (docs/decisions). The instant of saving, which the library
puts into the document's properties, is replaced.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

_FIRST_DAY = (1980, 1, 1, 0, 0, 0)
_LEVEL = 1
_CORE = "docProps/core.xml"
_STAMPS = re.compile(rb"<dcterms:(created|modified)\b[^>]*>[^<]*</dcterms:\1>")

Change = Callable[[bytes], bytes]


def packed(raw: bytes, changes: Mapping[str, Change] | None = None) -> bytes:
    """Return the workbook ``raw`` with ``changes`` made to parts, in the same bytes every time."""
    made = dict(changes or {})
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(raw)) as old,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as new,
    ):
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename in made:
                content = made[entry.filename](content)
            info = zipfile.ZipInfo(entry.filename, _FIRST_DAY)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            new.writestr(info, content)
    return target.getvalue()


def unpacked(book: Any) -> bytes:
    """Return a workbook of openpyxl as it writes it, its parts not compressed: for ``packed``."""
    from openpyxl.writer.excel import ExcelWriter

    target = io.BytesIO()
    ExcelWriter(book, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, allowZip64=True)).save()
    return target.getvalue()


def without_times(raw: bytes) -> bytes:
    """Return the workbook in the same bytes every time, its instants of making left out."""
    return packed(raw, {_CORE: lambda content: _STAMPS.sub(b"", content)})


def with_times_of(raw: bytes, source: bytes, changes: Mapping[str, Change]) -> bytes:
    """Return ``raw`` with ``changes``, and with the instants that the workbook ``source`` has."""
    with zipfile.ZipFile(io.BytesIO(source)) as archive:
        known = archive.read(_CORE) if _CORE in archive.namelist() else b""
    stamps = {match[1]: match[0] for match in _STAMPS.finditer(known)}

    def restored(content: bytes) -> bytes:
        return _STAMPS.sub(lambda match: stamps.get(match[1], b""), content)

    return packed(raw, {**changes, _CORE: restored})
