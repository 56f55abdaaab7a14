"""Deciding a publication: the one question that this package answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fundops.suppression.cells import Cell, Pattern, Readers, Sum, checked, top_of
from fundops.suppression.labels import first_bands
from fundops.suppression.protect import Work, protect
from fundops.suppression.table import Table


@dataclass(frozen=True)
class Decision:
    """The pattern, and for each sort of readers what was done to protect counts from them."""

    pattern: Pattern
    work: tuple[Work, ...]


def decide(
    cells: Iterable[Cell], sums: Sequence[Sum], threshold: int, readers: Sequence[Readers]
) -> Decision:
    """Return what may be told of each published cell.

    ``threshold`` is the release's own: smaller counts are hidden, except none. ``readers`` are all
    who will see it, each with what they were told before and with the threshold that holds for what
    they know in all; a release is decided so that it is safe with every one of them. Raises
    ``Unsound`` when the question contradicts itself.
    """
    by_key = checked(cells, sums)
    top = top_of(threshold)
    bands = first_bands(by_key, sums, top)
    together = [
        one
        for limit in sorted({one.top for one in readers})
        for one in _together(by_key, sums, limit)
    ]
    for cell, _ in together:
        by_key[cell.key] = cell
    table = Table(by_key, [*sums, *(one for _, one in together)], bands, top)
    work = tuple(protect(table, one) for one in readers)
    return Decision(Pattern(dict(table.bands)), work)


def _together(
    cells: Mapping[str, Cell], sums: Sequence[Sum], top: int
) -> Iterator[tuple[Cell, Sum]]:
    """Yield the small parts of each total that are small together too, as cells of their own.

    They are what remains of a total when its other parts are shown: a small count like any other.
    """
    for place, one in enumerate(sums):
        parts = tuple(part for part in one.parts if 1 <= cells[part].count <= top)
        count = sum(cells[part].count for part in parts)
        if len(parts) > 1 and count <= top and count < cells[one.total].count:
            at = f"\x00{top}.{place}"
            yield Cell(at, count, is_published=False), Sum(at, parts)
