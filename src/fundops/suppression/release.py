"""Deciding a publication: the one question that this package answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fundops.suppression.cells import Band, Cell, Pattern, Readers, Sum, checked, top_of
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
    every = [*sums, *(one for _, one in together)]
    work = tuple(protect(Table(by_key, every, bands, top), one) for one in readers)
    # To hide more leaves other remainders, fewer each time: each is of more hidden parts.
    while fresh := list(_remaining(by_key, sums, bands, readers)):
        by_key |= {cell.key: cell for cell, _ in fresh}
        every += [one for _, one in fresh]
        table, only = Table(by_key, every, bands, top), {cell.key for cell, _ in fresh}
        for done, one in zip(work, readers, strict=True):
            done.add(protect(table, one, only))
    return Decision(Pattern(dict(bands)), work)


def _remaining(
    cells: Mapping[str, Cell],
    sums: Sequence[Sum],
    bands: Mapping[str, Band],
    readers: Sequence[Readers],
) -> Iterator[tuple[Cell, Sum]]:
    """Yield what is small of a total less its parts, as cells of their own, where readers were
    shown total and parts, now or before.
    """
    top = max(one.top for one in readers)
    now = {key for key, band in bands.items() if band.is_exact}
    before = [{key for key, band in one.known.items() if band.is_exact} for one in readers]
    for number, known in enumerate(before):
        if known in before[:number]:
            continue
        shown = now | known
        for place, one in enumerate(sums):
            if one.total not in shown:
                continue
            hidden = tuple(part for part in one.parts if part not in shown)
            count = sum(cells[part].count for part in hidden)
            at = f"\x00rest.{number}.{place}.{len(hidden)}"
            if len(hidden) > 1 and 1 <= count <= top and at not in cells:
                yield Cell(at, count, is_published=False), Sum(at, hidden)


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
