"""The few characters that banks carry everywhere, and how names get into them.

Latin letters lose their marks; Greek and Cyrillic are written in Latin letters. Scripts that do
not write their vowels, or do not write sounds, are refused: what a program makes of such a name
is not what the payee's bank has on file. The name in Latin letters is then to be registered.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from text_unidecode import unidecode

SPELLED = ("LATIN", "GREEK", "CYRILLIC")
_OUTSIDE = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")
_PLAIN = re.compile(r"[A-Za-z0-9/\-?:().,'+ ]*", re.ASCII)
_SWAPPED = {"&": "+", "_": "-", "@": "(at)", "ª": "a", "º": "o"}
IDENTIFIER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9\-.,+?:() ]|/(?!/)){0,33}[A-Za-z0-9]", re.ASCII)
"""A reference that every bank gives back unchanged: no slash first, last or twice."""


class Unwritable(ValueError):
    """A text that cannot be written in a bank's characters without guessing."""


@lru_cache(maxsize=20_000)
def plain(text: str, most: int) -> str:
    """Return ``text`` in the characters that banks carry, cut to ``most``.

    Raises ``Unwritable`` for letters of scripts that are not spelled out, and for nothing at all.
    """
    if _PLAIN.fullmatch(text):
        made = text
    else:
        made = "".join(_one(char) for char in unicodedata.normalize("NFC", text))
    made = " ".join(made.split())[:most].strip()
    # No line of a bank's file may begin with these: older systems take them for control fields.
    made = made.lstrip("/-: ").strip()
    if not any(char.isalnum() for char in made):
        raise Unwritable
    return made


def _one(char: str) -> str:
    if _PLAIN.fullmatch(char):
        return char
    if char in _SWAPPED:
        return _SWAPPED[char]
    if char.isalpha() and not unicodedata.name(char, "").startswith(SPELLED):
        raise Unwritable
    if unicodedata.combining(char):
        return ""
    return _OUTSIDE.sub(" ", unidecode(char))
