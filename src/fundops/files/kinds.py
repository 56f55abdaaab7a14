"""What a file is, told by its content alone: the kinds that are taken, and why others are not.

A name's ending is compared with the content, never believed.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from typing import Any, Literal

from fundops.forms import prescan

Family = Literal["pdf", "image", "ooxml", "odf", "text"]


class Refused(Exception):
    """A file that is not taken: ``code`` is the end of the message key, ``facts`` fill it in."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file that is taken."""

    media_type: str
    family: Family
    endings: tuple[str, ...]


_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN = "application/vnd.oasis.opendocument"
PDF = Kind("application/pdf", "pdf", ("pdf",))
JPEG = Kind("image/jpeg", "image", ("jpg", "jpeg", "jpe", "jfif"))
PNG = Kind("image/png", "image", ("png",))
DOCX = Kind(f"{_OFFICE}.wordprocessingml.document", "ooxml", ("docx",))
XLSX = Kind(f"{_OFFICE}.spreadsheetml.sheet", "ooxml", ("xlsx",))
ODT = Kind(f"{_OPEN}.text", "odf", ("odt",))
ODS = Kind(f"{_OPEN}.spreadsheet", "odf", ("ods",))
TEXT = Kind("text/plain", "text", ("txt", "text", "md"))
CSV = Kind("text/csv", "text", ("csv",))

KINDS = (PDF, JPEG, PNG, DOCX, XLSX, ODT, ODS, TEXT, CSV)
BY_MEDIA_TYPE = {kind.media_type: kind for kind in KINDS}
BY_ENDING = {ending: kind for kind in KINDS for ending in kind.endings}

_MAIN_PART = {
    f"{DOCX.media_type}.main+xml": DOCX,
    f"{XLSX.media_type}.main+xml": XLSX,
}
_PDF_HEAD = re.compile(rb"%PDF-[12]\.[0-9]")
_OLD_OFFICE = bytes.fromhex("d0cf11e0a1b11ae1")
_MARKUP = re.compile(
    rb"\s*(?:<\?|<!|<(?:html|svg|script|body|head|iframe|object|embed)\b|\{\\rtf|#!)", re.I
)
_END_OF_ZIP = b"PK\x05\x06"
# In two pieces, so that no virus scanner takes this very file for the test file of scanners.
TEST_VIRUS = b"EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE"


def kind_of(raw: bytes, ending: str = "") -> Kind:
    """Return the kind of ``raw``; ``ending`` tells text from CSV. Raises ``Refused``."""
    if TEST_VIRUS in raw:
        raise Refused("test_virus")
    if _PDF_HEAD.match(raw):
        return _alone(raw, PDF)
    if raw.startswith(b"\xff\xd8\xff"):
        return _alone(raw, JPEG)
    if raw.startswith(b"\x89PNG\r\n\x1a\n"):
        return _alone(raw, PNG)
    if raw.startswith(b"PK\x03\x04"):
        return _packed_kind(raw)
    if raw.startswith(_OLD_OFFICE):
        raise Refused("old_or_encrypted")
    return _text_kind(raw, ending)


def check_ending(kind: Kind, ending: str) -> None:
    """Refuse a file whose name's ending promises another kind."""
    promised = BY_ENDING.get(ending)
    if promised is not None and promised.family != kind.family:
        raise Refused("other_kind", ending=ending)
    if promised is not None and promised is not kind and kind.family != "text":
        raise Refused("other_kind", ending=ending)


def _alone(raw: bytes, kind: Kind) -> Kind:
    """Refuse a file that another program would take for something else."""
    if b"%PDF-" in raw[1:1024] or ends_as_zip(raw):
        raise Refused("polyglot")
    end = raw.rfind(b"%%EOF")
    if kind is PDF and end < 0:
        raise Refused("damaged")
    if kind is PDF and raw[end + 5 :].strip(b"\x00\t\n\r\f "):
        raise Refused("polyglot")
    return kind


def ends_as_zip(raw: bytes) -> bool:
    """Return whether a zip reader, which looks from the end, would find an archive in ``raw``."""
    at = raw.rfind(_END_OF_ZIP, max(0, len(raw) - 65_557))
    while at >= 0:
        if at + 22 + int.from_bytes(raw[at + 20 : at + 22], "little") == len(raw):
            return True
        at = raw.rfind(_END_OF_ZIP, max(0, len(raw) - 65_557), at)
    return False


def zip_entries(raw: bytes) -> int:
    """Return how many parts an archive says it has. Raises ``Refused`` for what is no plain zip.

    Nothing may stand before or after it, and it has no comment.
    """
    at = len(raw) - 22
    if at < 0 or raw[at : at + 4] != _END_OF_ZIP:
        raise Refused("polyglot" if ends_as_zip(raw) else "damaged")
    count = int.from_bytes(raw[at + 10 : at + 12], "little")
    size, start = (int.from_bytes(raw[at + x : at + x + 4], "little") for x in (12, 16))
    if start + size != at or count == 0xFFFF:
        raise Refused("polyglot" if count != 0xFFFF else "too_many_parts")
    return count


def _packed_kind(raw: bytes) -> Kind:
    """Return the kind of an office file. The container has not been checked yet."""
    import io

    from fundops.files.limits import BOUNDS

    if zip_entries(raw) > BOUNDS.parts:
        raise Refused("too_many_parts", limit=BOUNDS.parts)
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = set(archive.namelist())
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
                said = archive.read("mimetype").decode("ascii", "replace").strip()
                found = BY_MEDIA_TYPE.get(said)
                if found is None or found.family != "odf":
                    raise Refused("unknown")
                return found
            if "[Content_Types].xml" not in names:
                raise Refused("unknown")
            info = archive.getinfo("[Content_Types].xml")
            if info.file_size > 2**20:
                raise Refused("too_large")
            types = archive.read(info)
    except prescan.DAMAGED:
        raise Refused("damaged") from None
    return office_kind(types)


def office_kind(types: bytes) -> Kind:
    """Return the kind that ``[Content_Types].xml`` tells. Raises ``Refused``."""
    if b"macroEnabled" in types or b"vbaProject" in types:
        raise Refused("macros")
    found = [kind for main, kind in _MAIN_PART.items() if main.encode() in types]
    if len(found) != 1:
        raise Refused("unknown")
    return found[0]


def _text_kind(raw: bytes, ending: str) -> Kind:
    import filetype

    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused("unknown" if filetype.guess(raw) or b"\0" in raw else "not_utf8") from None
    if filetype.guess(raw) is not None or _MARKUP.match(text[:200].encode()) or ends_as_zip(raw):
        raise Refused("unknown")
    if b"%PDF-" in raw[:1024]:
        raise Refused("polyglot")
    if any((ord(letter) < 32 and letter not in "\t\n\r\f") or letter == "\x7f" for letter in text):
        raise Refused("unknown")
    return CSV if ending == "csv" else TEXT
