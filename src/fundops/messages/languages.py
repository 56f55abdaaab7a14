"""The languages there are: every folder beside this file that says what it is in ``about.toml``.

``complete`` names the areas in which no sentence for the people who use the service is missing;
the others fall back to English key by key. Sentences that only operators of the program see
(``operators``) are English in every language.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from string import Formatter

from fundops import messages
from fundops.messages import ABOUT, DEFAULT_LANGUAGE, areas

_OPERATORS = re.compile(
    r"(cli|api|audit|seal|signing|vault|check|demo)\..*|[a-z_]+\.check\..*"
    r"|notices\.(no_transport|job|count|job_failed)"
    r"|duties\.(help|code|amount|unknown|heading|rule\..*|may|verb\..*|nobody|fewest|cannot|taken)"
    r"|duties\.(common_hands|imported|alone|found)"
)
_OPERATORS_AREAS = frozenset({"checks", "cli", "demo", "imports", "loading"})


@dataclass(frozen=True)
class About:
    """What is said of a language.

    ``reviewed_on`` is the day on which a native speaker finished going over it, if one did.
    """

    language: str
    name: str
    direction: str
    made_on: date
    reviewed_on: date | None
    complete: tuple[str, ...]

    @property
    def is_reviewed(self) -> bool:
        """Whether a native speaker has gone over the sentences."""
        return self.reviewed_on is not None


@cache
def languages() -> Mapping[str, About]:
    """Return the languages there are, English first, then by code."""
    found = {}
    for folder in messages.FOLDER.iterdir():
        said = folder.joinpath(ABOUT)
        if folder.name.isidentifier() and said.is_file():
            found[folder.name] = _about(folder.name, said.read_text(encoding="utf-8"))
    order = sorted(found, key=lambda code: (code != DEFAULT_LANGUAGE, code))
    return {code: found[code] for code in order}


def _about(language: str, written: str) -> About:
    said = tomllib.loads(written)
    direction = said["direction"]
    if direction not in ("ltr", "rtl"):
        raise ValueError(f"{language}: the direction is neither ltr nor rtl")
    return About(
        language,
        said["name"],
        direction,
        said["made_on"],
        said.get("reviewed_on"),
        tuple(sorted(areas(language)) if said["complete"] == "all" else sorted(said["complete"])),
    )


def known(asked: str) -> str | None:
    """Return the language that a tag such as ``ar-EG`` asks for, if it is there."""
    tag = asked.lower().replace("-", "_")
    while tag:
        if tag in languages():
            return tag
        tag = tag.rpartition("_")[0]
    return None


def is_operators(area: str, key: str) -> bool:
    """Return whether only operators of the program see a sentence: it is in English only."""
    return area in _OPERATORS_AREAS or _OPERATORS.fullmatch(key) is not None


@dataclass(frozen=True)
class Coverage:
    """How many of an area's sentences a language has, and the keys of those it has not."""

    area: str
    size: int
    missing: tuple[str, ...]


def coverage(language: str) -> list[Coverage]:
    """Return how far a language goes, area by area, for sentences that are to be translated."""
    own = areas(language)
    return [
        Coverage(area, len(wanted), tuple(key for key in wanted if key not in own.get(area, {})))
        for area, wanted in translatable().items()
    ]


def translatable() -> dict[str, dict[str, str]]:
    """Return the English sentences that people who use the service see, by area."""
    found = {}
    for area, sentences in areas(DEFAULT_LANGUAGE).items():
        kept = {key: said for key, said in sentences.items() if not is_operators(area, key)}
        if kept:
            found[area] = kept
    return found


def faults(language: str) -> list[str]:
    """Return what is wrong with the catalogue of ``language``, a line each; an empty list is well.

    Keys that English has not, parameters that differ from English, sentences missing from an area
    that is said to be complete.
    """
    english, own = areas(DEFAULT_LANGUAGE), areas(language)
    found = []
    for area, sentences in own.items():
        for key, sentence in sentences.items():
            origin = english.get(area, {}).get(key)
            if origin is None:
                found.append(f"{area}: {key}: no such sentence in English")
            elif _parameters(origin) != _parameters(sentence):
                found.append(f"{area}: {key}: other parameters than in English")
    complete = languages()[language].complete
    found += [f"{area}: no such area" for area in complete if area not in english]
    found += [
        f"{one.area}: {key}: missing, though the area is said to be complete"
        for one in coverage(language)
        if one.area in complete
        for key in one.missing
    ]
    return found


def _parameters(sentence: str) -> set[tuple[str, str]]:
    return {
        (name, specification or "")
        for _, name, specification, _ in Formatter().parse(sentence)
        if name is not None
    }


def forget(_changed: Iterable[str] = ()) -> None:
    """Read languages and catalogues anew when they are next asked for."""
    languages.cache_clear()
    messages.catalogue.cache_clear()
