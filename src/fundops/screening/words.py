"""The words that screening goes by, in every language: ``words.toml``, folded and cut like text.

A phrase belongs to one or more sets; ``marked`` finds where the phrases of a text stand.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from fundops.screening.reading import Token, folded, read

_PREFIXES = ("وال", "فال", "بال", "كال", "لل", "و", "ف", "ب", "ل", "ك")
_LONGEST = 6

Marks = dict[int, list[tuple[str, int]]]
"""Where phrases begin, by token: the set of each, and the token after its end."""


@cache
def _lists() -> dict[str, frozenset[tuple[str, ...]]]:
    folder = files("fundops.screening")
    told = tomllib.loads(folder.joinpath("words.toml").read_text(encoding="utf-8"))
    return {
        name: frozenset(phrase for line in lines for phrase in _phrases(line))
        for name, lines in told.items()
    }


def _phrases(line: str) -> list[tuple[str, ...]]:
    return [tuple(token.word for token in read(one.strip()).tokens) for one in line.split("|")]


@cache
def _by_first() -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    found: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for name, phrases in _lists().items():
        for phrase in phrases:
            assert 1 <= len(phrase) <= _LONGEST, phrase
            found.setdefault(phrase[0], []).append((name, phrase))
    for several in found.values():
        several.sort(key=lambda pair: -len(pair[1]))
    return found


@cache
def single(name: str) -> frozenset[str]:
    """Return the phrases of one word in the set ``name``."""
    return frozenset(phrase[0] for phrase in _lists()[name] if len(phrase) == 1)


@cache
def given_names() -> frozenset[str]:
    """Return given names of many countries, folded."""
    folder = files("fundops.screening")
    told = folder.joinpath("given_names.txt").read_text(encoding="utf-8")
    return frozenset(folded(name) for name in told.split())


def variants(word: str) -> tuple[str, ...]:
    """Return ``word`` and, for an Arabic one, what it is without the particles before it."""
    if not "\u0600" <= word[:1] <= "\u06ff":
        return (word,)
    found = [word]
    for prefix in _PREFIXES:
        rest = word[len(prefix) :]
        if word.startswith(prefix) and len(rest) >= 3:
            found += [rest, "ال" + rest] if len(prefix) > 1 else [rest]
    return tuple(found)


def marked(tokens: list[Token]) -> Marks:
    """Return where the phrases of every set stand in a text."""
    table, found = _by_first(), {}
    for at, token in enumerate(tokens):
        several = [
            (name, at + len(phrase))
            for word in variants(token.word)
            for name, phrase in table.get(word, ())
            if all(
                at + step < len(tokens) and tokens[at + step].word == phrase[step]
                for step in range(1, len(phrase))
            )
        ]
        if several:
            found[at] = several
    return found
