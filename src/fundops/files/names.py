"""Names of files as clients choose them: made harmless, kept for people, never used as paths."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

from fundops.files.kinds import Kind

MAX_NAME = 200
_LONGEST_ENDING = 8
_RESERVED = frozenset('<>:"|?*')
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp", "Cn"})
"""Control, format (also those that turn the direction of writing), half, private, unassigned."""


def cleaned(name: str) -> str:
    """Return the last part of a name without what cannot be seen, at most 200 characters."""
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    shown = "".join(" " if one.isspace() else one for one in name if _is_shown(one))
    shown = " ".join(shown.split()).strip(". ")
    if len(shown) > MAX_NAME:
        stem, dot, ending = shown.rpartition(".")
        is_ending = dot and len(ending) <= _LONGEST_ENDING
        shown = f"{stem[: MAX_NAME - len(ending) - 1]}.{ending}" if is_ending else shown[:MAX_NAME]
    return shown or "file"


def _is_shown(one: str) -> bool:
    return one not in _RESERVED and (one.isspace() or unicodedata.category(one) not in _HIDDEN)


def ending_of(name: str) -> str:
    """Return what a name says of its kind: what is after its last dot, lower-case ASCII."""
    _, dot, ending = name.rpartition(".")
    return ending.lower() if dot and ending.isascii() and ending.isalnum() else ""


def named(name: str, kind: Kind) -> str:
    """Return ``name`` with an ending of its kind, added where it has none of them."""
    if ending_of(name) in kind.endings:
        return name
    ending = f".{kind.endings[0]}"
    return name[: MAX_NAME - len(ending)].rstrip(". ") + ending


def disposition(name: str) -> str:
    """Return the ``Content-Disposition`` of a download under ``name`` (RFC 6266)."""
    plain = "".join(
        one if one.isascii() and (one.isalnum() or one in "-_. ") else "_"
        for one in unicodedata.normalize("NFKD", name)
        if not unicodedata.combining(one)
    )
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
