"""A text as screening reads it: digits of every script as ASCII, marks dropped, cut into tokens.

Positions lead back to the text as written. One pass; nothing here goes back over what it has read.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

_TOKEN = re.compile(r"[\u4e00-\u9fff]|(?:(?![\u4e00-\u9fff])[^\W\d_])+|[0-9]+|\n|[^\w\s]|_")
_MARKS = frozenset({"Mn", "Me"})
_HIDDEN = frozenset({"Cf"})
_TATWEEL = "\u0640"
_SINGLE = {
    "أ": "ا",
    "إ": "ا",
    "آ": "ا",
    "ٱ": "ا",
    "ى": "ي",
    "ی": "ي",
    "ک": "ك",
    "ة": "ه",
    "\u2010": "-",
    "\u2011": "-",
    "\u2012": "-",
    "\u2013": "-",
    "\u2014": "-",
    "\u2212": "-",
    "\u2019": "'",
    "\u2018": "'",
    "\u02bc": "'",
    "،": ",",
    "؛": ";",
    "；": ";",
    "，": ",",
    "：": ":",
    "（": "(",
    "）": ")",
    "＋": "+",
    "＠": "@",
    "．": ".",
    "\u066b": ".",
    "\u066c": ",",
    "\u2032": "'",
    "\u2033": '"',
    "\u201d": '"',
    "\u201c": '"',
    "\u00ba": "°",
}
_ALIKE = str.maketrans(_SINGLE)


class Token(NamedTuple):
    """A word, a run of digits, one sign or a line's end, at ``[start:end]`` of what was read."""

    start: int
    end: int
    text: str
    word: str

    @property
    def is_number(self) -> bool:
        """Whether it is a run of digits."""
        return self.text[0].isdigit()

    @property
    def is_word(self) -> bool:
        """Whether it is of letters."""
        return self.text[0].isalpha()

    @property
    def is_capital(self) -> bool:
        """Whether it is a word that begins with a capital."""
        return self.text[0].isupper()


def folded(word: str) -> str:
    """Return ``word`` without case, accents and variants of one letter: what lists are asked by."""
    if word.isascii():
        return word.lower()
    plain = unicodedata.normalize("NFD", word.casefold())
    return "".join(one for one in plain if unicodedata.category(one) != "Mn").translate(_ALIKE)


def spaced(text: str) -> str:
    """Return ``text`` case-folded, its spaces made one."""
    return " ".join(text.casefold().split())


def _one(letter: str) -> str:
    """Return one letter as it is read, always one; nothing for one that is not seen."""
    if letter in _SINGLE:
        return letter if letter in _KEPT else _SINGLE[letter]
    category = unicodedata.category(letter)
    if category == "Nd":
        return str(unicodedata.decimal(letter))
    if category in _HIDDEN or letter == _TATWEEL:
        return ""
    if category == "Zs":
        return " "
    if letter == "\r" or category in {"Zl", "Zp"}:
        return "\n"
    return letter


_KEPT = frozenset("أإآٱىیکة")


@dataclass
class Reading:
    """A text made ready. ``text`` is what is searched; ``source`` gives back where it stands."""

    text: str
    places: list[int] | None
    length: int

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the text as written for a span of what was read."""
        if self.places is None:
            return start, end
        return self.places[start], self.places[end - 1] + 1

    @cached_property
    def tokens(self) -> list[Token]:
        """Every token in order."""
        return [
            Token(found.start(), found.end(), found[0], folded(found[0]))
            for found in _TOKEN.finditer(self.text)
        ]

    def before(self, at: int) -> str:
        """Return the character before ``at``, or nothing."""
        return self.text[at - 1] if at > 0 else ""

    def after(self, at: int) -> str:
        """Return the character at ``at``, or nothing."""
        return self.text[at] if at < len(self.text) else ""


def read(text: str) -> Reading:
    """Return ``text`` made ready for screening."""
    if text.isascii():
        return Reading(text.replace("\r", "\n").replace("\t", " "), None, len(text))
    letters: list[str] = []
    places: list[int] = []
    for at, letter in enumerate(text):
        if letter.isascii():
            made = " " if letter == "\t" else "\n" if letter == "\r" else letter
        elif unicodedata.category(letter) in _MARKS:
            if letters:
                joined = unicodedata.normalize("NFC", letters[-1] + letter)
                if len(joined) == 1:
                    letters[-1] = joined
            continue
        else:
            made = _one(letter)
        if made:
            letters.append(made)
            places.append(at)
    return Reading("".join(letters), places, len(text))
