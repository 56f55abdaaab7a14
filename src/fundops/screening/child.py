"""The process that screens a file: ``python -m fundops.screening.child MEDIA_TYPE BOUNDS < FILE``.

It limits itself first, then writes JSON lines: ``{"kind": …, "item": …, "place": {…}}`` for what it
finds, at last ``{"end": {"count": …, "pictures": …, "unreadable": …}}``; or ``{"refused": code}``.
Its caller takes any other end as a refusal.
"""

from __future__ import annotations

import json
import sys
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import ParseError

from fundops.forms import prescan
from fundops.forms.sandbox import Bounds, limit_self
from fundops.screening import extract_office, extract_plain
from fundops.screening.extract_office import Found

MAX_FOUND = 200
_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN = "application/vnd.oasis.opendocument"
READERS = {
    f"{_OFFICE}.spreadsheetml.sheet": extract_office.workbook,
    f"{_OFFICE}.wordprocessingml.document": extract_office.document,
    f"{_OPEN}.spreadsheet": extract_office.open_document,
    f"{_OPEN}.text": extract_office.open_document,
    "application/pdf": extract_plain.portable,
    "text/plain": extract_plain.plain,
    "text/csv": extract_plain.table,
}
"""How each kind of file is read; pictures cannot be."""


def lines(raw: bytes, media_type: str, bounds: Bounds) -> Iterator[dict[str, Any]]:
    """Yield what is to be written about a file. Raises ``prescan.Refused``."""
    is_archive = media_type.startswith((_OFFICE, _OPEN))
    if is_archive:
        prescan.check(raw, bounds)
    pictures, unreadable = _unseen(raw, media_type, is_archive=is_archive)
    count, told = 0, set()
    for found in READERS[media_type](raw):
        key = (found.finding.kind, found.finding.item)
        if found.place.kind in {"beside", "pdf"} and key in told:
            continue
        told.add(key)
        count += 1
        if count <= MAX_FOUND:
            yield _line(found)
    yield {"end": {"count": count, "pictures": pictures, "unreadable": unreadable}}


def _line(found: Found) -> dict[str, Any]:
    one = found.finding
    return {"kind": one.kind, "item": one.item, "place": found.place.told()}


def _unseen(raw: bytes, media_type: str, *, is_archive: bool) -> tuple[int, bool]:
    """Return how many pictures a file holds, and whether pages of it have no text to read."""
    if is_archive:
        return extract_office.pictures(raw), False
    if media_type == "application/pdf":
        pictures, silent = extract_plain.pictures_of(raw)
        return pictures, silent > 0
    return 0, False


def main() -> None:
    """Screen the file on standard input, or say why it cannot be."""
    media_type, given = sys.argv[1:]
    bounds = Bounds(**json.loads(given))
    limit_self(bounds)
    raw = sys.stdin.buffer.read(bounds.file_bytes + 1)
    try:
        made = list(lines(raw, media_type, bounds))
    except prescan.Refused:
        made = [{"refused": "too_demanding"}]
    except (*prescan.DAMAGED, ParseError, zipfile.BadZipFile, zlib.error, LookupError):
        made = [{"refused": "damaged"}]
    for line in made:
        sys.stdout.write(json.dumps(line, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    main()
