"""What is asked and what is answered: cells, sums between them, readers and bands."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

WIDTH = 4
"""No reader may bound an unsafe count to an interval narrower than this (greatest less least)."""

MAX_CELLS = 50_000
MAX_COUNT = 10**9


class Band(NamedTuple):
    """What a reader is told of a count: at least ``low``, at most ``high`` (``None``: no limit)."""

    low: int
    high: int | None

    @property
    def is_exact(self) -> bool:
        """Whether the count itself is told."""
        return self.low == self.high

    def meets(self, other: Band) -> Band:
        """Return what somebody knows who was told both."""
        highs = [high for high in (self.high, other.high) if high is not None]
        return Band(max(self.low, other.low), min(highs) if highs else None)

    def admits(self, count: int) -> bool:
        """Whether the count lies within."""
        return self.low <= count and (self.high is None or count <= self.high)


NOTHING = Band(0, None)
"""Nothing is told: any count, none included."""


@dataclass(frozen=True)
class Cell:
    """A count of persons, published or only part of a sum.

    ``rank`` orders what is hidden first: 0 before 1 and so on; the coarsest totals have the
    greatest. ``is_presence`` keeps "1 to 10" (never "10 or fewer") for a small count and 0 for
    none, so that work done for few people stays visible. ``keep`` is the band under which the same
    count was published before to the same readers; it is repeated. ``before`` are figures that
    were shown for the same thing when it was counted otherwise. A ``is_concealed`` count has no
    figure of its own, large or small, and may not be worked out either.
    """

    key: str
    count: int
    rank: int = 0
    is_published: bool = True
    is_presence: bool = False
    is_concealed: bool = False
    keep: Band | None = None
    before: tuple[int, ...] = ()


@dataclass(frozen=True)
class Sum:
    """A total that is the sum of its parts, as every reader knows."""

    total: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Readers:
    """Who reads: which counts are unsafe for them, and what they were told before, by key."""

    threshold: int
    known: Mapping[str, Band] = field(default_factory=dict)

    @property
    def top(self) -> int:
        """The greatest count that is hidden from them; see ``top_of``."""
        return top_of(self.threshold)


def top_of(threshold: int) -> int:
    """Return the upper end of the band of small counts: 10 for a threshold of 11, 7 for 5.

    A band of 1 to 4 would be narrower than ``WIDTH`` by itself. It ends at ``WIDTH`` + 3 at least,
    because whoever tries out for which tables the same cells would have been hidden can shorten a
    band by some at either end.
    """
    return max(threshold - 1, WIDTH + 3)


@dataclass(frozen=True)
class Pattern:
    """What is told of each published cell, by key."""

    bands: Mapping[str, Band]

    @property
    def id(self) -> str:
        """The pattern's name: a digest of which cells are shown and which bands the others have.

        Shown figures are no part of it, so that equal patterns have equal names over time.
        """
        digest = hashlib.sha256()
        for key in sorted(self.bands):
            band = self.bands[key]
            told = "shown" if band.is_exact else f"{band.low}..{band.high}"
            digest.update(f"{key}\x1f{told}\x1e".encode())
        return digest.hexdigest()


class Unsound(ValueError):
    """The question contradicts itself: a caller's fault, never a reader's."""


def checked(cells: Iterable[Cell], sums: Iterable[Sum]) -> dict[str, Cell]:
    """Return the cells by key, in order of their keys; raise ``Unsound`` unless all sums hold."""
    by_key: dict[str, Cell] = {}
    for cell in sorted(cells, key=lambda one: one.key):
        if cell.key in by_key or not 0 <= cell.count <= MAX_COUNT:
            raise Unsound("a key stands twice, or a count is out of range")
        by_key[cell.key] = cell
    if len(by_key) > MAX_CELLS:
        raise Unsound(f"more than {MAX_CELLS} cells")
    for one in sums:
        if by_key[one.total].count != sum(by_key[part].count for part in one.parts):
            raise Unsound("a total differs from the sum of its parts")
    return by_key
