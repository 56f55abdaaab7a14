"""Look through a workbook's container before any reader does: sizes, parts, forbidden markup.

Every part is unpacked once, in pieces, to learn its true size; what a zip says of itself is not
believed. Runs in the child process (``sandbox``).
"""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from collections.abc import Callable

from fundops.forms.sandbox import Bounds

_CHUNK = 1 << 20
_MARKUP = (".xml", ".rels", ".vml")
_FORBIDDEN = (b"<!DOCTYPE", b"<!ENTITY")
_OVERLAP = 1 << 14
_SHEETS = "xl/worksheets/"

DAMAGED = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, ValueError,
)  # fmt: skip
"""What ``zipfile`` raises for an archive that is damaged or not to be read.

Data that does not unpack gives the error of its method (``OSError`` for bzip2); a part that is
encrypted gives ``RuntimeError``, as does an unknown method: its ``NotImplementedError`` is one.
"""

SheetWatch = Callable[[bytes, bytes], None]
"""Sees every piece of every sheet: the end of the piece before, and the piece."""

PartWatch = Callable[[bytes], None]
"""Sees every piece of every part."""


class Refused(Exception):
    """A workbook that is damaged or not acceptable; ``args`` are the code and its facts."""


def check(
    raw: bytes,
    bounds: Bounds,
    watch: SheetWatch | None = None,
    watch_all: PartWatch | None = None,
) -> None:
    """Unpack every part within ``bounds``, showing the sheets to ``watch``, all to ``watch_all``.

    Raises ``Refused``.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            parts = archive.infolist()
            if len(parts) > bounds.parts:
                raise Refused("xlsx_too_many_parts", {"limit": bounds.parts})
            if any(part.flag_bits & 1 for part in parts):
                raise Refused("xlsx_encrypted", {})
            if len({part.filename for part in parts}) != len(parts):
                raise Refused("xlsx_damaged", {})
            left = bounds.unzipped_bytes
            for part in parts:
                left = _scan_part(archive, part, left, bounds, watch, watch_all)
    except DAMAGED:
        raise Refused("xlsx_damaged", {}) from None


def _scan_part(
    archive: zipfile.ZipFile,
    part: zipfile.ZipInfo,
    left: int,
    bounds: Bounds,
    watch: SheetWatch | None,
    watch_all: PartWatch | None,
) -> int:
    too_large = Refused("xlsx_too_large", {"limit": bounds.unzipped_bytes // 2**20})
    if part.file_size > left:
        raise too_large
    markup = part.filename.lower().endswith(_MARKUP)
    sheet = markup and part.filename.lower().startswith(_SHEETS)
    tail = b""
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise too_large
            if watch_all is not None:
                watch_all(chunk)
            if markup:
                _check_markup(tail + chunk)
                if sheet and watch is not None:
                    watch(tail, chunk)
                tail = chunk[-_OVERLAP:]
    return left


def _check_markup(piece: bytes) -> None:
    if any(word in piece for word in _FORBIDDEN):
        raise Refused("xlsx_dtd", {})
    if b"\0" in piece:
        raise Refused("xlsx_encoding", {})
