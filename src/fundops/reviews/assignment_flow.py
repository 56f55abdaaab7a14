"""Least-cost assignment of readers to proposals, in whole numbers, with a proof of optimality.

The problem is a flow: each proposal sends as many units as it needs readers, each to a different
reader, and the k-th unit a reader takes costs more than the one before. Units are added one by
one along a cheapest path of exchanges (this proposal takes reader A, whose other proposal moves to
reader B, who has room), which keeps the plan cheapest for the units placed so far (successive
shortest paths). There are few readers and many proposals, so paths are sought among readers only:
moving something from A to B costs what the cheapest of A's proposals would lose by it.

At the end prices are read off the readers. Any prices give a bound below which no plan can cost,
and these give the cost of the plan itself, so ``bound == cost`` proves that there is no better one.

Units are placed in rounds, a first reader for every proposal before any second one, so that a
shortage is spread. No order could place more units in all: sets of units that can be placed
together form a matroid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fundops.reviews.arrays import Flags, Whole

NEVER = 2**60
"""The cost of what cannot be; twice this still fits a whole number of the machine."""


class Flow:
    """A plan in the making. Rows of ``cost`` and ``allowed`` are proposals, columns readers.

    ``taken`` are pairs that stay as they are; their readers' loads count them. ``step`` gives, by
    load, what one more unit costs a reader, never falling; ``most`` how many units each may take.
    """

    def __init__(self, cost: Whole, allowed: Flags, taken: Flags, most: Whole, step: Whole) -> None:
        import numpy as np

        self.cost, self.most, self.step = cost, most, step
        self.free = allowed & ~taken
        self.placed: Flags = np.zeros(taken.shape, dtype=np.bool_)
        self.start = taken.sum(axis=0)
        self.loads = self.start.copy()
        readers = cost.shape[1]
        self.move = np.full((readers, readers), NEVER, dtype=np.int64)
        self.mover = np.zeros((readers, readers), dtype=np.int64)

    def place(self, needs: Whole) -> list[int]:
        """Place ``needs`` units per proposal; return the proposals for which some had no place."""
        import numpy as np

        left, short = needs.copy(), []
        while left.any():
            for proposal in np.flatnonzero(left).tolist():
                if self._add(proposal):
                    left[proposal] -= 1
                else:
                    left[proposal] = 0
                    short.append(proposal)
        return sorted(short)

    def _add(self, proposal: int) -> bool:
        """Place one more unit of a proposal along a cheapest path, if there is any."""
        import numpy as np

        if not len(self.loads):
            return False
        reach, before = self._paths(proposal)
        last = np.where(self.loads < self.most, reach + self._next_step(), NEVER)
        end = int(last.argmin())
        if last[end] >= NEVER // 2:
            return False
        self.loads[end] += 1
        touched, path = [proposal], [end]
        while before[path[-1]] >= 0:
            reader, giver = path[-1], int(before[path[-1]])
            moved = int(self.mover[giver, reader])
            self.placed[moved, giver] = False
            self.placed[moved, reader] = True
            touched.append(moved)
            path.append(giver)
        self.placed[proposal, path[-1]] = True
        holders = np.flatnonzero(self.placed[touched].any(axis=0)).tolist()
        for reader in {*path, *holders}:
            self._renew(reader)
        return True

    def _paths(self, proposal: int) -> tuple[Whole, Whole]:
        """Return the cheapest way to each reader, and by which reader it comes (-1: directly)."""
        import numpy as np

        open_to = self.free[proposal] & ~self.placed[proposal]
        reach = np.where(open_to, self.cost[proposal], NEVER)
        before = np.full(len(reach), -1)
        while True:
            through = reach[:, None] + self.move
            best = through.min(axis=0)
            better = (best < reach) & (best < NEVER // 2)
            if not better.any():
                return reach, before
            before = np.where(better, through.argmin(axis=0), before)
            reach = np.where(better, best, reach)

    def _renew(self, giver: int) -> None:
        """Find anew what the cheapest move from one reader to each other would be."""
        import numpy as np

        held = np.flatnonzero(self.placed[:, giver])
        if not len(held):
            self.move[giver] = NEVER
            return
        costs = self.cost[held] - self.cost[held, giver][:, None]
        costs[~(self.free[held] & ~self.placed[held])] = NEVER
        best = costs.argmin(axis=0)
        self.move[giver] = costs[best, np.arange(costs.shape[1])]
        self.mover[giver] = held[best]

    def _next_step(self) -> Whole:
        step: Whole = self.step[self.loads]
        return step

    def total(self) -> int:
        """Return the cost of what was placed, and of the loads that come with it."""
        before, after = self._load_costs()
        return int(self.cost[self.placed].sum()) + int((after - before).sum())

    def _load_costs(self) -> tuple[Whole, Whole]:
        import numpy as np

        sums = np.concatenate(([0], np.cumsum(self.step)))
        return sums[self.start], sums[self.loads]

    def bound(self) -> int:
        """Return a cost below which no plan placing as many units per proposal can be."""
        import numpy as np

        prices = self._prices()
        offers = np.where(self.free, self.cost + prices, NEVER)
        offers.sort(axis=1)
        units = self.placed.sum(axis=1)
        chosen = np.arange(offers.shape[1]) < units[:, None]
        below = int(offers[chosen].sum())
        for reader, price in enumerate(prices.tolist()):
            first, most = int(self.start[reader]), int(self.most[reader])
            gains = np.cumsum(self.step[first:most] - price)
            below += min(0, int(gains.min())) if len(gains) else 0
        return below

    def _prices(self) -> Whole:
        """Return what a place with each reader is worth, from cheapest paths in the final plan."""
        import numpy as np

        readers = len(self.loads)
        arcs = np.full((readers + 1, readers + 1), NEVER, dtype=np.int64)
        arcs[:readers, :readers] = self.move
        arcs[:readers, readers] = np.where(self.loads < self.most, self._next_step(), NEVER)
        lower = self.step[np.maximum(self.loads - 1, 0)]
        arcs[readers, :readers] = np.where(self.loads > self.start, -lower, NEVER)
        height = np.zeros(readers + 1, dtype=np.int64)
        for _ in range(readers + 1):
            lowered = np.minimum(height, (height[:, None] + arcs).min(axis=0))
            if (lowered == height).all():
                break
            height = lowered
        prices: Whole = height[readers] - height[:readers]
        return prices

    def stuck(self, proposal: int) -> list[int]:
        """Return the readers, all at their most, that a proposal short of readers competes for."""
        import numpy as np

        if not len(self.loads):
            return []
        return np.flatnonzero(self._paths(proposal)[0] < NEVER // 2).tolist()
