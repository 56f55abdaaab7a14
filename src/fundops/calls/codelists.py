"""Code lists: the closed vocabularies that calls, proposals, reviews and reports speak in.

They are data: one file a list in ``calls/lists``, with the labels of the six languages of the
United Nations side by side. English is complete and reviewed. The other languages are working
translations that no native speaker has reviewed yet, and say so; a label that is missing in a
language is given in English, and says that as well. Which M49 area lies in which, and which
country in which area, is told by ``allocation.regions`` alone.

>>> get("p").codes
('prevention', 'prosecution', 'protection')
>>> get("country").label("KE", "ru")
'Кения'
>>> get("region").ancestors("014")
('202', '002', '001')
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Self

from fundops.allocation.regions import areas_around, areas_of
from fundops.messages.said import Sayable

LANGUAGES = ("en", "fr", "es", "ar", "ru", "zh")
"""The official languages of the United Nations, English first."""
REVIEWED = frozenset({"en"})
"""Languages whose labels a native speaker has gone over."""
WORLD = "001"
NAMES = (
    "objective",
    "theme",
    "p",
    "side",
    "exploitation",
    "assistance",
    "group",
    "region",
    "country",
    "sdg",
    "mdg",
    "budget_category",
    "document_kind",
    "sex",
    "age",
    "indicator",
)
"""Every code list, in the order in which they are shown."""

_SHEET = frozenset({"country"})
"""Lists kept as a table instead of entries."""
_ISO = "ISO 3166-1, names as the iso-codes project has them; XK is user-assigned"
_OWN = frozenset({*LANGUAGES, "code", "text", "broader", "mapped_to"})
_EVERY_DAY = date(1900, 1, 2)


@dataclass(frozen=True)
class Entry:
    """One code: its labels by language, what it lies in, and codes of other lists it stands for.

    ``text`` is the description, in English; ``mapped_to`` names codes as ``list:code``; ``more``
    holds what only this list's entries say, such as an indicator's unit.
    """

    code: str
    labels: Mapping[str, str]
    text: str | None = None
    broader: str | None = None
    mapped_to: tuple[str, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CodeList:
    """A closed list of codes with their labels, in the order in which they are shown."""

    name: str
    source: str
    entries: tuple[Entry, ...]

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """The codes, in order."""
        return tuple(entry.code for entry in self.entries)

    @cached_property
    def _by_code(self) -> Mapping[str, Entry]:
        return {entry.code: entry for entry in self.entries}

    def has(self, code: object) -> bool:
        """Return whether ``code`` is in the list; anything that is no text is not."""
        return isinstance(code, str) and code in self._by_code

    def entry(self, code: str) -> Entry:
        """Return the entry of ``code``; raise ``KeyError`` for an unknown one."""
        return self._by_code[code]

    def label(self, code: str, language: str = "en") -> str:
        """Return the label of ``code``, in English where ``language`` has none.

        Raises ``KeyError`` for an unknown code.
        """
        labels = self._by_code[code].labels
        return labels.get(language) or labels["en"]

    def said(self, code: str) -> str:
        """Return the English label of ``code``, which can be said in another language too."""
        return Label(self, code)

    def ancestors(self, code: str) -> tuple[str, ...]:
        """Return what ``code`` lies in, the nearest first."""
        found: list[str] = []
        above = self._by_code[code].broader
        while above is not None:
            found.append(above)
            above = self._by_code[above].broader if above in self._by_code else None
        return tuple(found)

    def labelled(self, language: str) -> int:
        """Return how many entries have a label in ``language``."""
        return sum(1 for entry in self.entries if entry.labels.get(language))


class Label(Sayable):
    """The label of a code, in English until it is said in another language."""

    __slots__ = ("code", "list_name")

    code: str
    list_name: str

    def __new__(cls, its_list: CodeList, code: str) -> Self:
        """Return the label of ``code``; raise ``KeyError`` for an unknown one."""
        self = super().__new__(cls, its_list.label(code))
        self.code, self.list_name = code, its_list.name
        return self

    def __getnewargs__(self) -> tuple[CodeList, str]:  # type: ignore[override]
        """Return what a copy is made with."""
        return get(self.list_name), self.code

    def said_in(self, language: str) -> str:
        """Return the label in ``language``, in English where that has none."""
        return get(self.list_name).label(self.code, language)


class _Lists(Mapping[str, CodeList]):
    """The lists by name, each read when it is first asked for."""

    def __getitem__(self, name: str) -> CodeList:
        if name not in NAMES:
            raise KeyError(name)
        return _read(name)

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


LISTS: Mapping[str, CodeList] = _Lists()


def get(name: str) -> CodeList:
    """Return the code list ``name``; raise ``KeyError`` for an unknown one."""
    return LISTS[name]


@cache
def _read(name: str) -> CodeList:
    folder = files("fundops.calls").joinpath("lists")
    if name in _SHEET:
        text = folder.joinpath(f"{name}.csv").read_text(encoding="utf-8")
        rows = csv.DictReader(text.splitlines())
        return CodeList(name, _ISO, tuple(_country(row) for row in rows))
    stored = tomllib.loads(folder.joinpath(f"{name}.toml").read_text(encoding="utf-8"))
    entries = tuple(_entry(name, raw) for raw in stored["entry"])
    return CodeList(name, stored["source"], entries)


def _entry(name: str, raw: Mapping[str, Any]) -> Entry:
    more = {key: value for key, value in raw.items() if key not in _OWN}
    broader = raw.get("broader")
    if name == "region":
        broader, more = parent_of(raw["code"]), {"kind": _kind_of(raw["code"])}
    labels = {language: raw[language] for language in LANGUAGES if language in raw}
    mapped_to = tuple(raw.get("mapped_to", ()))
    return Entry(raw["code"], labels, raw.get("text"), broader, mapped_to, more)


def _country(row: Mapping[str, str]) -> Entry:
    labels = {language: row[language] for language in LANGUAGES if row[language]}
    groups = sorted(areas_of(row["code"], None, _EVERY_DAY) & LASTING)
    return Entry(
        row["code"],
        labels,
        broader=area_of(row["code"]),
        mapped_to=tuple(f"region:{group}" for group in groups),
    )


GROUPS = frozenset({"199", "432", "722"})
"""Development groups: they cut across areas, and a country may be in several of them."""
LASTING = GROUPS - {"199"}
"""Groups whose members are told here; who is least developed depends on the day."""
BESIDE = frozenset({"003"})
"""North America overlaps Latin America and the Caribbean, so no chain of areas leads through it."""


def parent_of(area: str) -> str | None:
    """Return the smallest area that ``area`` lies in; none for the world and for groups."""
    if area == WORLD or area in GROUPS:
        return None
    return _smallest(areas_around(area) - {area} - BESIDE) or WORLD


def area_of(country: str) -> str | None:
    """Return the smallest M49 area that ``country`` (ISO 3166-1 alpha-2) lies in, if any."""
    return _smallest(areas_of(country, None, _EVERY_DAY) - GROUPS - BESIDE)


def _smallest(areas: frozenset[str]) -> str | None:
    return max(areas, key=lambda one: (len(areas_around(one)), one), default=None)


def _kind_of(area: str) -> str:
    """Return what an area is in the M49 standard, by where it stands."""
    if area == WORLD:
        return "world"
    if area in GROUPS or area in BESIDE:
        return "group"
    depth = 0
    above = parent_of(area)
    while above is not None:
        depth, above = depth + 1, parent_of(above)
    return ("world", "region", "sub_region", "intermediate_region")[depth]
