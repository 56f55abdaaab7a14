"""The band that each count has by its own size, before anything is hidden for another's sake."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from fundops.suppression.cells import Band, Cell, Sum


def small(top: int) -> Band:
    """Return the band of a count that is small, and not none."""
    return Band(1, top)


def under(top: int) -> Band:
    """Return the band of a part of a small total: small, or none."""
    return Band(0, top)


def large(top: int) -> Band:
    """Return the band of a count that is hidden for another's sake."""
    return Band(top + 1, None)


def first_bands(cells: Mapping[str, Cell], sums: Sequence[Sum], top: int) -> dict[str, Band]:
    """Return the bands of published cells by their own counts.

    None is shown, a small count is "1 to top", any other is shown. What a small total consists of
    is not shown at all: each part is "top or fewer", whether it is none or not, and so are the
    parts' parts. Who sees the bands could have assigned them, so the rule itself tells nothing.
    """
    bands = {cell.key: _own(cell, top) for cell in cells.values() if cell.is_published}
    below = defaultdict(list)
    for one in sums:
        below[one.total].append(one)
    waiting = [key for key, cell in cells.items() if 1 <= cell.count <= top]
    seen = set(waiting)
    while waiting:
        for one in below[waiting.pop()]:
            for part in one.parts:
                cell = cells[part]
                if cell.is_published and not cell.is_presence and cell.keep is None:
                    bands[part] = under(top)
                if part not in seen:
                    seen.add(part)
                    waiting.append(part)
    return bands


def _own(cell: Cell, top: int) -> Band:
    if cell.keep is not None:
        return cell.keep
    if 1 <= cell.count <= top:
        return small(top)
    if cell.count and changed_little(cell, top):
        return large(top)
    return Band(cell.count, cell.count)


def changed_little(cell: Cell, top: int) -> bool:
    """Whether the count differs from a figure shown before by a small number."""
    return any(1 <= abs(cell.count - before) <= top for before in cell.before)
