"""Cells with their sums by place, what readers are told of each, and which counts are unsafe."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fundops.suppression.cells import NOTHING, WIDTH, Band, Cell, Readers, Sum
from fundops.suppression.labels import changed_little
from fundops.suppression.network import REACH

Line = tuple[int, list[int]]
"""A total's place and its parts' places."""


@dataclass(frozen=True)
class Target:
    """An unsafe count that must be able to be as small as ``low`` and as great as ``high``."""

    at: int
    low: int
    high: int


class Table:
    """All cells, in order of their keys; ``bands`` are changed in place as cells are hidden."""

    def __init__(
        self, cells: Mapping[str, Cell], sums: Sequence[Sum], bands: dict[str, Band], top: int
    ) -> None:
        self.cells = list(cells.values())
        place = {cell.key: at for at, cell in enumerate(self.cells)}
        self.lines: list[Line] = [
            (place[one.total], [place[part] for part in one.parts]) for one in sums
        ]
        self.bands, self.top = bands, top

    def before(self, at: int, readers: Readers) -> Band:
        """Return what readers were told of a cell before."""
        return readers.known.get(self.cells[at].key, NOTHING)

    def told(self, at: int, readers: Readers) -> Band:
        """Return all that readers are told of a cell, now and before."""
        return self.bands.get(self.cells[at].key, NOTHING).meets(self.before(at, readers))

    def groups(self, readers: Readers) -> Iterator[tuple[list[int], list[Line]]]:
        """Yield the cells that readers did not know before, with their sums, by connection."""
        leader = list(range(len(self.cells)))

        def lead(at: int) -> int:
            while leader[at] != at:
                leader[at] = leader[leader[at]]
                at = leader[at]
            return at

        is_free = [not self.before(at, readers).is_exact for at in range(len(self.cells))]
        for total, parts in self.lines:
            members = [at for at in (total, *parts) if is_free[at]]
            for at in members[1:]:
                one, other = sorted((lead(members[0]), lead(at)))
                leader[other] = one
        members_of: dict[int, list[int]] = defaultdict(list)
        lines_of: dict[int, list[Line]] = defaultdict(list)
        for at in range(len(self.cells)):
            if is_free[at]:
                members_of[lead(at)].append(at)
        for line in self.lines:
            free = next((at for at in (line[0], *line[1]) if is_free[at]), None)
            if free is not None:
                lines_of[lead(free)].append(line)
        for first in sorted(members_of):
            yield members_of[first], lines_of[first]

    def target(self, at: int, readers: Readers) -> Target | None:
        """Return what must be possible for a cell, if its count is unsafe for these readers.

        A small count must be able to be anything within its band; at the lower end some are left
        out where the band is wide, the same for all counts, which leaves ``WIDTH`` + 1 or more. The
        upper end is needed: were the difference of two shown figures small, and no cell of its own,
        no count in it could reach that end. A figure that differs by a small number from one shown
        before must be able to be the same, or to differ by more.
        """
        cell, told, top = self.cells[at], self.told(at, readers), readers.top
        slack = (top - WIDTH - 2) // 2
        if cell.is_concealed:
            return Target(at, max(0, cell.count - top), cell.count + top)
        if 1 <= cell.count <= top:
            high = REACH if told.high is None else told.high
            return Target(at, max(told.low, 1 + slack), min(high, top))
        if cell.count and changed_little(cell, top) and not told.is_exact:
            before = next(one for one in cell.before if 1 <= abs(cell.count - one) <= top)
            if cell.count > before:
                return Target(at, max(before, told.low), before + top + 1)
            return Target(at, max(before - top - 1, told.low), before)
        return None
