"""Taking out of text what tells who applied: names, numbers, addresses of the web and telephones.

Names are found whatever their case, accents, invisible characters, and whatever stands between
their words, also run together as in an address of the web; short ones as whole words only. Acronyms
of organisations are taken out as whole words.

A part of a person's name may be an ordinary word too. It is taken out as a whole word where it is
written as a name, with a capital or in capitals, and in lower case only in a text that also names
the person: "watch the place" stays although somebody is called Watch. Of a name made of nothing but
words of roles and numbers ("Reviewer 12"), which is a label and not a name, no part is taken out.

What is left may still tell: a place, a project's history, a way of writing. Readers are warned of
that.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from fundops.authz import Role

MASK = "[applicant]"
CONTACT = "[contact]"

LEAST = 2
"""Names of fewer letters are left in: taking out every "A" would leave no text."""
RUN_TOGETHER = 8
"""From so many letters on a name is found inside longer words too."""
LEAST_PART = 4
"""Parts of a person's name with fewer letters are left in."""
LEAST_ACRONYM = 3

_WORDS = re.compile(r"[^\W_]+")
_CONTACTS = re.compile(
    r"[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,6}\w{2,24}"  # mail
    r"|(?:https?://|www\.)[^\s<>\"')\]]+"  # web
    r"|(?<![\w@.-])(?:[\w-]{1,63}\.){1,6}(?:org|com|net|info|ngo|ong|int|eu|io|edu|gov)(?:/[^\s<>\"')\]]*)?\b"
    r"|(?<![\w@])@\w{3,}"  # accounts
    r"|(?<!\w)\+\d(?:[ ()./-]{0,2}\d){6,14}(?!\w)",  # telephones
    re.IGNORECASE,
)


@dataclass(frozen=True)
class _Person:
    """What names a person, whole or by a part with a capital; and its parts in any case."""

    whole: re.Pattern[str] | None
    cased: re.Pattern[str] | None
    loose: re.Pattern[str] | None

    def is_in(self, folded: str, cased: str) -> bool:
        """Return whether a text, without and with its case, names the person."""
        return bool(
            (self.whole is not None and self.whole.search(folded))
            or (self.cased is not None and self.cased.search(cased))
        )


class Masker:
    """Takes the names of one applicant out of texts, lists and objects."""

    def __init__(
        self,
        organisations: Iterable[str],
        persons: Iterable[str] = (),
        tails: Iterable[str] = (),
    ) -> None:
        """``tails`` are words that people leave out at the end of a name, as they do numbers.

        Such as the name of a country.
        """
        left_out = _FORMS | {"".join(_words(one)) for one in tails}
        folded: set[str] = set()
        exact: set[str] = set()
        self._persons: list[_Person] = []
        for name in organisations:
            for variant in _variants(name, left_out):
                folded |= set(_pattern(_words(variant)))
                exact |= set(_acronyms(variant))
        for name in persons:
            words = _words(name)
            whole = {*_pattern(words), *_pattern(words[-1:] + words[:-1])}
            folded |= whole
            cased, loose = _parts(name)
            exact |= cased
            if loose:
                self._persons.append(_Person(_any_of(whole), _any_of(cased), _any_of(loose)))
        # The longest first, so that a whole name goes before a part of it.
        self._names = _any_of(folded)
        self._cased = _any_of(exact)

    def text(self, value: str) -> str:
        """Return ``value`` with every name as ``[applicant]``, every address as ``[contact]``."""
        spans = [(*found.span(), CONTACT) for found in _CONTACTS.finditer(value)]
        folded = cased = None
        if self._names is not None:
            folded = _fold(value, is_cased=False)
            spans += _spans(self._names, folded)
        if self._cased is not None:
            cased = _fold(value, is_cased=True)
            spans += _spans(self._cased, cased)
        if folded and cased and any(mask == MASK for _, _, mask in spans):
            for person in self._persons:
                if person.is_in(folded[0], cased[0]):
                    spans += _spans(person.loose, folded)
        return _replaced(value, spans)

    def everything(self, value: Any) -> Any:
        """Return ``value`` with every text in it masked; keys are ours and stay."""
        match value:
            case str():
                return self.text(value)
            case dict():
                return {key: self.everything(inner) for key, inner in value.items()}
            case list() | tuple():
                return [self.everything(inner) for inner in value]
        return value


def _spans(
    pattern: re.Pattern[str] | None, text: tuple[str, list[int]]
) -> Iterator[tuple[int, int, str]]:
    """Yield where a pattern stands in a folded text, by the places of the text as it was."""
    if pattern is not None:
        for found in pattern.finditer(text[0]):
            yield text[1][found.start()], text[1][found.end() - 1] + 1, MASK


def _parts(name: str) -> tuple[set[str], set[str]]:
    """Return the patterns of a person's parts: as names are written, and whatever their case."""
    words = _words(name)
    if all(word.isdigit() or word in _LABELS for word in words):
        return set(), set()
    cased = set()
    for word in _WORDS.findall(_fold(name, is_cased=True)[0]):
        if len(word) >= LEAST_PART:
            written = {word[:1].upper() + word[1:], word.capitalize(), word.upper()}
            cased |= {rf"(?<!\w){re.escape(one)}(?!\w)" for one in written}
    loose = {rf"(?<!\w){re.escape(word)}(?!\w)" for word in words if len(word) >= LEAST_PART}
    return cased, loose


_LABELS = frozenset(word for role in Role for word in role.value.split("_"))
"""Words of roles, of which labels such as "Board member 3" are made."""


def _replaced(value: str, spans: list[tuple[int, int, str]]) -> str:
    """Return ``value`` with spans replaced; those that touch or overlap become one."""
    merged: list[tuple[int, int, str]] = []
    for start, end, mask in sorted(spans):
        if merged and start < merged[-1][1]:
            last = merged[-1]
            merged[-1] = (last[0], max(last[1], end), MASK if MASK in (mask, last[2]) else mask)
        else:
            merged.append((start, end, mask))
    parts, at = [], 0
    for start, end, mask in merged:
        parts += [value[at:start], mask]
        at = end
    return "".join([*parts, value[at:]])


def _fold(value: str, is_cased: bool) -> tuple[str, list[int]]:
    """Return ``value`` without accents, invisible characters and (unless cased) case.

    And for each character of that, the place in ``value`` that it comes from.
    """
    characters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(value):
        for part in unicodedata.normalize("NFKD", character):
            if unicodedata.combining(part) or unicodedata.category(part) == "Cf":
                continue
            for one in _plain_letters(part if is_cased else part.casefold()):
                characters.append(one)
                places.append(place)
    return "".join(characters), places


def _plain_letters(value: str) -> str:
    """Return letters that decompose into nothing plainer as people type them without accents."""
    return value.translate(_TYPED)


_TYPED = str.maketrans(
    {
        "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i",
        "ħ": "h", "Ø": "O", "Ł": "L", "Đ": "D", "Ð": "D", "Þ": "TH", "Æ": "AE", "Œ": "OE",
        "Ħ": "H",
    }
)  # fmt: skip


def _words(name: str) -> list[str]:
    return _WORDS.findall(_fold(name, is_cased=False)[0])


def _pattern(words: list[str]) -> Iterator[str]:
    """Yield the pattern of a name, if it is long enough to be looked for."""
    letters = sum(len(word) for word in words)
    if letters < LEAST:
        return
    inner = r"[\W_]{0,8}".join(re.escape(word) for word in words)
    # "Group 1" is not in "Group 12".
    inner = (r"(?<!\d)" if words[0].isdigit() else "") + inner
    inner += r"(?!\d)" if words[-1].isdigit() else ""
    yield inner if letters >= RUN_TOGETHER else rf"(?<!\w){inner}(?!\w)"


def _variants(name: str, left_out: Collection[str]) -> Iterator[str]:
    """Yield a name as it stands, without what is in brackets, that alone, and without its tail."""
    yield name
    inner = re.findall(r"\(([^()]{2,60})\)", name)
    yield from inner
    plain = re.sub(r"\([^()]{0,60}\)", " ", name) if inner else name
    yield plain
    words = plain.split()
    while len(words) > 1 and _is_tail("".join(_words(words[-1])), left_out):
        words.pop()
        yield " ".join(words)


def _is_tail(word: str, left_out: Collection[str]) -> bool:
    return not word or word.isdigit() or word in left_out


_FORMS = frozenset(
    {"asbl", "cbo", "cic", "cso", "ev", "gmbh", "inc", "limited", "llc", "ltd", "ngo", "npo", "ong"}
)
"""Legal forms, which people leave out of a name."""


def _acronyms(name: str) -> Iterator[str]:
    """Yield the acronyms that a name of several words may go by, as patterns of capitals."""
    words = _WORDS.findall(_fold(name, is_cased=True)[0])
    initials = "".join(word[0] for word in words).upper()
    weighty = "".join(word[0] for word in words if len(word) > 3 or word[0].isupper()).upper()
    for acronym in {initials, weighty}:
        if len(acronym) >= LEAST_ACRONYM:
            dotted = r"\.?".join(re.escape(letter) for letter in acronym)
            yield rf"(?<!\w){dotted}(?!\w)"


def _any_of(patterns: set[str]) -> re.Pattern[str] | None:
    if not patterns:
        return None
    return re.compile("|".join(sorted(patterns, key=lambda one: (-len(one), one))))
