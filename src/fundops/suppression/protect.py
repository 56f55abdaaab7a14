"""Hiding further cells until no unsafe count can be bounded closer than its band.

Each unsafe count is a *target* that must be able to stand at the lower and at the upper end of its
band. A table that shows so is a *witness*: it agrees with every figure shown, every band, every sum
and everything told before. One witness serves all targets that it moves far enough, and it stays
one when more is hidden. Where there is none, the cheapest further cells are hidden.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from fundops.suppression.cells import NOTHING, WIDTH, Band, Readers, Unsound
from fundops.suppression.labels import large
from fundops.suppression.network import REACH, Network, Question, matrix_of
from fundops.suppression.table import Line, Table, Target

STEP = 3.0
"""How much dearer it is to hide a cell of the next rank."""

DEAR = 10_000.0
"""How much dearer it is to tell nothing of a cell than to hide it above its band."""

_TRIFLE = 1e-4
"""Price of moving what is hidden anyway, so that witnesses stay near the true table."""


@dataclass
class Work:
    """What was done: groups looked at, targets in them, programmes solved; and for each target's
    key the least and the greatest value that a witness gives it.
    """

    groups: int = 0
    targets: int = 0
    programmes: int = 0
    reached: dict[str, tuple[int, int]] = field(default_factory=dict)

    def add(self, more: Work) -> None:
        """Count what was done later as well."""
        self.groups += more.groups
        self.targets += more.targets
        self.programmes += more.programmes
        self.reached |= more.reached


def protect(table: Table, readers: Readers, only: Collection[str] | None = None) -> Work:
    """Hide of ``table`` what must be hidden from ``readers``, or for the sake of ``only`` some.

    Witnesses of other counts stay what they are when more is hidden.
    """
    work = Work()
    for members, lines in table.groups(readers):
        found = [
            target
            for at in members
            if (only is None or table.cells[at].key in only)
            and (target := table.target(at, readers))
        ]
        if found:
            group = _Group(table, readers, members, lines, found)
            group.protect()
            work.groups += 1
            work.targets += len(found)
            work.programmes += group.network.programmes
            work.reached.update(group.reached())
    return work


class _Group:
    """A connected part of the table; arrays have an entry a member, in order."""

    def __init__(
        self,
        table: Table,
        readers: Readers,
        members: list[int],
        lines: Sequence[Line],
        targets: list[Target],
    ) -> None:
        import numpy as np

        self.table, self.readers, self.members, self.targets = table, readers, members, targets
        place = {at: spot for spot, at in enumerate(members)}
        self.network = Network(matrix_of(len(members), [_row(line, place) for line in lines]))
        self.spots = np.array([place[one.at] for one in targets], dtype=np.int64)
        self.counts = np.array([table.cells[at].count for at in members], dtype=np.int64)
        self.lowest, self.highest = self.counts[self.spots], self.counts[self.spots]
        self.low = np.array([one.low for one in targets], dtype=np.int64)
        self.high = np.array([one.high for one in targets], dtype=np.int64)
        size = len(members)
        self.room = np.zeros((4, size), dtype=np.int64)
        self.price = np.zeros((4, size))
        for spot in range(size):
            self._read(spot)

    def _read(self, spot: int) -> None:
        """Note how far a cell may move within what is told of it, or would be if it were hidden,
        and beyond that; and what each costs.
        """
        at, size, top = self.members[spot], len(self.members), self.table.top
        cell, before = self.table.cells[at], self.table.before(at, self.readers)
        told = self.table.told(at, self.readers)
        own = STEP**cell.rank * (1 + spot / (8 * size))
        is_shown = told.is_exact
        within = large(top).meets(before) if is_shown and cell.count > top else told
        within = within if within.admits(cell.count) else told
        more, less = _room(within, cell.count)
        all_more, all_less = _room(before, cell.count)
        self.room[:, spot] = (more, less, all_more - more, all_less - less)
        near = own if is_shown else _TRIFLE
        self.price[:, spot] = (near, near, own * DEAR, own * DEAR)

    def protect(self) -> None:
        """Find witnesses for both ends of every target's band, hiding what they need."""
        self._push(is_up=True)
        self._push(is_up=False)
        for place in range(len(self.targets)):
            for is_up in (True, False):
                if self._missing(place, is_up) > 0:
                    self._repair(place, is_up)
            if self.highest[place] - self.lowest[place] < WIDTH:
                raise Unsound("a count was pinned by what was told before")

    def reached(self) -> dict[str, tuple[int, int]]:
        """Return the least and greatest value that witnesses give each target, by key."""
        ends = zip(self.targets, self.lowest.tolist(), self.highest.tolist(), strict=True)
        return {self.table.cells[one.at].key: (low, high) for one, low, high in ends}

    def _missing(self, place: int, is_up: bool) -> int:
        """Return how far a target lies from one end of its band in all witnesses so far."""
        if is_up:
            return int(self.high[place] - self.highest[place])
        return int(self.lowest[place] - self.low[place])

    def _push(self, *, is_up: bool) -> None:
        """Move all targets as far as they go together, hiding nothing more."""
        import numpy as np

        most, cost = self.room[:2].copy(), np.full(self.price[:2].shape, _TRIFLE)
        most[self.price[:2] > _TRIFLE] = 0
        side = 0 if is_up else 1
        far = self.high - self.counts[self.spots] if is_up else self.counts[self.spots] - self.low
        most[side, self.spots] = np.minimum(most[side, self.spots], np.maximum(far, 0))
        cost[side, self.spots] = -1.0
        cost[1 - side, self.spots] = 1.0
        found = self.network.move(_question(np.zeros_like(most), most, cost), must=False)
        if found is not None:
            self._note(found)

    def _repair(self, place: int, is_up: bool) -> None:
        """Find the cheapest witness for one end of a target's band, and hide what it moves."""
        import numpy as np

        spot, side = int(self.spots[place]), 0 if is_up else 1
        count, target = int(self.counts[spot]), self.targets[place]
        far = target.high - count if is_up else count - target.low
        for blocks in (2, 4):
            least, most = np.zeros((blocks, len(self.members)), np.int64), self.room[:blocks].copy()
            least[side, spot] = min(far, int(most[side, spot]))
            if blocks == 4:
                least[side + 2, spot] = far - least[side, spot]
            most[1 - side :: 2, spot] = 0
            is_possible = bool((least <= most).all() and least.sum() == far)
            question = _question(least, most, self.price[:blocks].copy())
            found = self.network.move(question) if is_possible else None
            if found is not None:
                self._take(found)
                return
        self._stretch(place, side, far)

    def _stretch(self, place: int, side: int, far: int) -> None:
        """Move a target as far as what was told before allows, which is less than its band."""
        import numpy as np

        spot, most, cost = int(self.spots[place]), self.room.copy(), self.price.copy()
        most[1 - side :: 2, spot] = 0
        most[side, spot] = min(far, int(most[side, spot]))
        most[side + 2, spot] = min(far - int(most[side, spot]), int(most[side + 2, spot]))
        cost[side::2, spot] = -DEAR * float(self.price.max())
        found = self.network.move(_question(np.zeros_like(most), most, cost))
        if found is not None:
            self._take(found)

    def _take(self, move: Any) -> None:
        self._hide(move)
        self._note(move)

    def _hide(self, move: Any) -> None:
        """Hide each cell that a witness moves and that is shown; tell nothing of one that the
        witness moves out of its band.
        """
        import numpy as np

        for spot in np.flatnonzero(move).tolist():
            cell = self.table.cells[self.members[spot]]
            band, count = self.table.bands.get(cell.key), cell.count + int(move[spot])
            if band is None or band.admits(count):
                continue
            wide = large(self.table.top)
            fits = band.is_exact and wide.admits(count) and wide.admits(cell.count)
            self.table.bands[cell.key] = wide if fits else NOTHING
            self._read(spot)

    def _note(self, move: Any) -> None:
        import numpy as np

        there = (self.counts + move)[self.spots]
        self.lowest = np.minimum(self.lowest, there)
        self.highest = np.maximum(self.highest, there)


def _row(line: Line, place: dict[int, int]) -> list[tuple[int, int]]:
    total, parts = line
    signs = [(at, 1) for at in parts] + [(total, -1)]
    return [(place[at], sign) for at, sign in signs if at in place]


def _room(band: Band, count: int) -> tuple[int, int]:
    return (REACH if band.high is None else band.high - count), count - band.low


def _question(least: Any, most: Any, cost: Any) -> Question:
    return Question(least.reshape(-1), most.reshape(-1), cost.reshape(-1))
