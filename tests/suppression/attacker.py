"""A reader who wants to know a small count: knows every figure and band ever told, and all sums.

Written apart from what it attacks and given only what readers see. ``truth`` serves one purpose: to
tell which of the bounds found are a breach.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array

FAR = 10_000_000


@dataclass(frozen=True)
class Breach:
    """A count of persons that was bounded too closely: ``expression`` is cell -> +1 or -1."""

    expression: tuple[tuple[str, int], ...]
    true: int
    least: float
    greatest: float


class Attacker:
    """``sums`` are (total, parts); ``told`` are all (cell, least, greatest) ever read."""

    def __init__(
        self,
        sums: Sequence[tuple[str, Sequence[str]]],
        told: Iterable[tuple[str, int, int | None]],
    ) -> None:
        self.sums = sums
        names = {name for total, parts in sums for name in (total, *parts)}
        self.low: dict[str, int] = defaultdict(int)
        self.high: dict[str, int] = defaultdict(lambda: FAR)
        for name, least, greatest in told:
            names.add(name)
            self.low[name] = max(self.low[name], least)
            self.high[name] = min(self.high[name], FAR if greatest is None else greatest)
        self.place = {name: at for at, name in enumerate(sorted(names))}
        entries = [
            (row, self.place[name], sign)
            for row, (total, parts) in enumerate(sums)
            for name, sign in [(total, -1.0), *((part, 1.0) for part in parts)]
        ]
        rows, columns, signs = zip(*entries, strict=True) if entries else ((), (), ())
        self.matrix = csr_array((signs, (rows, columns)), shape=(len(sums), len(names)))
        self.tables: list[np.ndarray] = []
        self.bounds = [(self.low[name], self.high[name]) for name in sorted(names)]

    def bound(self, expression: Mapping[str, int]) -> tuple[float, float]:
        """Return the least and the greatest value of a sum and difference of cells."""
        cost = np.zeros(len(self.place))
        for name, sign in expression.items():
            cost[self.place[name]] += sign
        ends = []
        for sign in (1, -1):
            answer = linprog(
                sign * cost,
                A_eq=self.matrix,
                b_eq=np.zeros(len(self.sums)),
                bounds=self.bounds,
                method="highs",
            )
            assert answer.status == 0, answer.message
            self.tables.append(answer.x)
            ends.append(sign * answer.fun)
        return ends[0], ends[1]

    def shown(self, name: str) -> bool:
        return self.low[name] == self.high[name]

    def expressions(self) -> Iterable[dict[str, int]]:
        """Yield every cell, what is not shown of each total, and differences of shown figures."""
        parts_of: dict[str, list[str]] = defaultdict(list)
        for total, parts in self.sums:
            parts_of[total] += parts
            if hidden := [part for part in parts if not self.shown(part)]:
                yield dict.fromkeys(hidden, 1)
        for name in self.place:
            if not self.shown(name):
                yield {name: 1}
                continue
            below, seen = list(parts_of[name]), set()
            while below:
                part = below.pop()
                if part not in seen:
                    seen.add(part)
                    below += parts_of[part]
                    if self.shown(part):
                        yield {name: 1, part: -1}

    def _is_open(self, expression: Mapping[str, int], width: int) -> bool:
        """Return whether tables found before, all of them possible, differ by so much already."""
        values = [
            sum(sign * table[self.place[name]] for name, sign in expression.items())
            for table in self.tables
        ]
        return bool(values) and max(values) - min(values) >= width

    def breaches(self, truth: Mapping[str, int], threshold: int, width: int = 4) -> list[Breach]:
        """Return every count under the threshold that is bounded closer than ``width``."""
        return list(self.found(truth, threshold, width))

    def found(self, truth: Mapping[str, int], threshold: int, width: int = 4) -> Iterator[Breach]:
        """Yield those counts one by one, for who wants to know whether there is any."""
        for expression in self.expressions():
            true = sum(sign * truth[name] for name, sign in expression.items())
            if 1 <= true < threshold:
                if self._is_open(expression, width):
                    continue
                least, greatest = self.bound(expression)
                assert least - 1e-6 <= true <= greatest + 1e-6, "a band does not hold the truth"
                if greatest - least < width - 1e-6:
                    yield Breach(tuple(expression.items()), true, least, greatest)
