"""Deciding a publication: the one question that this package answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    table = Table(by_key, sums, first_bands(by_key, sums, top), top)
    work = tuple(protect(table, one) for one in readers)
    return Decision(Pattern(dict(table.bands)), work)
