"""Text on its way into XML: what a cell may hold, and how the rest is written.

Three things must never happen: text that breaks the XML, text that a spreadsheet program reads as
something else (``_x0041_`` is its own escape for "A"), and text silently lost. Control characters
are therefore written in the program's own escape; a lone surrogate or a noncharacter, which XML
cannot carry at all, becomes U+FFFD; text longer than a cell holds is cut with a visible mark.
"""

from __future__ import annotations

import re

from fundops.messages import text as message

MAX_TEXT = 32_767
"""Longest text of one cell, in UTF-16 code units, as Excel counts."""

_SPECIAL = re.compile(r"[&<>\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def _replacement(match: re.Match[str]) -> str:
    char = match[0]
    if char in _ENTITIES:
        return _ENTITIES[char]
    code = ord(char)
    if code < 0x80:
        return f"_x{code:04X}_"
    return "\ufffd"


def escaped(text: str) -> str:
    """Return ``text`` as the content of a cell's ``<t>`` or ``<v>``, whatever it holds."""
    return _SPECIAL.sub(_replacement, text)


def attribute(text: str) -> str:
    """Return ``text`` as an XML attribute's value (double quotes)."""
    clean = escaped(text).replace('"', "&quot;")
    return clean.replace("\t", "&#9;").replace("\n", "&#10;")


def markup(text: str) -> str:
    """Return ``text`` as plain XML content (formulas, document properties): no cell escapes.

    Characters that XML cannot carry become U+FFFD.
    """
    clean = re.sub(r"[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]", "\ufffd", text)
    return clean.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def units(text: str) -> int:
    """Return the length of ``text`` in UTF-16 code units."""
    return len(text) + sum(char > "\uffff" for char in text)


def fitted(text: str, language: str = "en") -> str:
    """Return ``text``, cut with a mark when it is longer than a cell holds.

    Escapes count as the one character they stand for, as Excel counts them.
    """
    if len(text) <= MAX_TEXT // 2 or units(text) <= MAX_TEXT:
        return text
    mark = message("exports.trimmed", language)
    room = MAX_TEXT - units(mark)
    kept = text[:room]
    while units(kept) > room:
        kept = kept[: len(kept) - max(1, (units(kept) - room) // 2)]
    return kept + mark


def inline(text: str) -> str:
    """Return ``text`` as an inline string element, spaces kept."""
    space = ' xml:space="preserve"' if text != text.strip() or "\n" in text else ""
    return f"<is><t{space}>{escaped(text)}</t></is>"
