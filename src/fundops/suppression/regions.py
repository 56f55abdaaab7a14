"""Parts of a large group, so that what a count needs is looked for near it first.

A move within a region leaves all other cells as they are, so it is one of the whole group.
"""

from __future__ import annotations

from typing import Any

from fundops.suppression.network import Network, Question

LARGEST = 1_000
"""Cells of a region; a group that is no larger has none."""


class Regions:
    """Regions of a group, found when they are first needed and kept."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._found: list[tuple[Any, Any, Network]] = []
        if network.size > LARGEST:
            self._by_row = network.matrix.tocsr()

    @property
    def programmes(self) -> int:
        """How many programmes were solved, those of the whole group included."""
        return self._network.programmes + sum(one.programmes for _, _, one in self._found)

    def move(self, question: Question, spot: int) -> Any | None:
        """Return the cheapest move near a cell, else in the whole group; ``None`` without any."""
        import numpy as np

        if self._network.size > LARGEST:
            spots, network = self._around(spot)
            blocks = np.arange(len(question.cost) // self._network.size)[:, None]
            at = (blocks * self._network.size + spots).reshape(-1)
            near = Question(question.least[at], question.most[at], question.cost[at])
            found = network.move(near)
            if found is not None:
                whole = np.zeros(self._network.size, dtype=np.int64)
                whole[spots] = found
                return whole
        return self._network.move(question)

    def _around(self, spot: int) -> tuple[Any, Network]:
        """Return the region in which a cell has all its sums, made around it if there is none."""
        for inner, spots, network in self._found:
            if inner[spot]:
                return spots, network
        matrix, rows = self._network.matrix, self._by_row
        spots, sums = {spot}, set()
        edge = [spot]
        while edge and len(spots) < LARGEST:
            reached: dict[int, None] = {}
            for at in edge:
                for row in matrix.indices[matrix.indptr[at] : matrix.indptr[at + 1]].tolist():
                    if row not in sums:
                        sums.add(row)
                        members = rows.indices[rows.indptr[row] : rows.indptr[row + 1]].tolist()
                        reached |= dict.fromkeys(members)
            edge = [at for at in reached if at not in spots][: LARGEST - len(spots)]
            spots.update(edge)
        return self._keep(sorted(spots), spot)

    def _keep(self, chosen: list[int], spot: int) -> tuple[Any, Network]:
        import numpy as np

        matrix, spots = self._network.matrix, np.array(chosen, dtype=np.int64)
        own = matrix[:, spots].tocsr()
        used = np.flatnonzero(np.diff(own.indptr))
        network = Network(own[used].tocsc())
        is_in = np.zeros(self._network.size, dtype=bool)
        is_in[spots] = True
        is_cut = (abs(self._by_row) @ ~is_in) > 0
        inner = is_in & ~((abs(matrix).T @ is_cut) > 0)
        inner[spot] = True
        self._found.append((inner, spots, network))
        return spots, network
