"""The sums of one connected group of cells as a matrix, and moves between tables that obey them.

A *move* is what another table has more or less of in each cell. Moves are found by linear
programmes and are whole numbers, checked exactly: where a programme's answer is not whole, the same
question is asked again for whole numbers only. Nothing rests on the solver's arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from fundops.suppression.programme import Programme

REACH = 1_000_000
"""How far a count without an upper limit may move: further than any count that matters."""


@dataclass
class Question:
    """Bounds and prices of a move, in blocks of as many entries as there are cells.

    Two blocks say how much more and how much less each cell may have; two further ones, if there
    are, how much more and less at a higher price. ``least`` forces a cell to move at least so far.
    """

    least: Any
    most: Any
    cost: Any


def matrix_of(size: int, rows: Sequence[Sequence[tuple[int, int]]]) -> Any:
    """Return sums over ``size`` cells as a matrix of compressed columns."""
    import numpy as np
    from scipy.sparse import csc_array

    entries = [(row, at, sign) for row, line in enumerate(rows) for at, sign in line]
    row_of, column_of, signs = (
        np.array([entry[part] for entry in entries], dtype=np.int64) for part in range(3)
    )
    return csc_array((signs, (row_of, column_of)), shape=(len(rows), size))


class Network:
    """Sums over cells; ``programmes`` counts what was solved."""

    def __init__(self, matrix: Any) -> None:
        from scipy.sparse import hstack

        self.matrix, self.size, self.programmes = matrix, matrix.shape[1], 0
        pair = [matrix, -matrix]
        self._wide = {2: hstack(pair, format="csc"), 4: hstack(pair * 2, format="csc")}
        self._programmes: dict[int, Programme] = {}

    def move(self, question: Question, *, must: bool = True) -> Any | None:
        """Return the cheapest move within the bounds, as whole numbers; ``None`` if there is none.

        Where the answer is not whole, a whole one is sought among the cells that such answers, at
        two sets of prices, move; then among all. Unless it ``must`` be found, the search ends at
        the first answer that is not whole.
        """
        import numpy as np

        touched = np.zeros(len(question.cost), dtype=bool)
        for prices in (question.cost, question.cost * self._twist(len(question.cost))):
            amounts = self._solve(replace(question, cost=prices))
            if amounts is None:
                return None
            if (found := self._sound(amounts, question)) is not None or not must:
                return found
            touched |= amounts > 0
        few = np.where(touched | touched[self._opposite(len(touched))], question.most, 0)
        for most in (few, question.most):
            amounts = self._solve(replace(question, most=most), is_whole=True)
            if amounts is not None and (found := self._sound(amounts, question)) is not None:
                return found
        return None

    def _twist(self, size: int) -> Any:
        import numpy as np

        return 1 + (np.arange(size) * 7_919 % 104_729) / 104_729

    def _opposite(self, size: int) -> Any:
        import numpy as np

        return np.arange(size).reshape(-1, 2, self.size)[:, ::-1].reshape(-1)

    def _sound(self, amounts: Any, question: Question) -> Any | None:
        """Return the move that rounded amounts make, if it keeps to the bounds and the sums."""
        import numpy as np

        found = np.rint(amounts).astype(np.int64)
        is_within = (found >= question.least).all() and (found <= question.most).all()
        if not is_within or (self._wide[len(found) // self.size] @ found).any():
            return None
        blocks = found.reshape(-1, 2, self.size)
        return (blocks[:, 0] - blocks[:, 1]).sum(axis=0)

    def _solve(self, question: Question, *, is_whole: bool = False) -> Any | None:
        """Return the amounts that solve the programme."""
        self.programmes += 1
        blocks = len(question.cost) // self.size
        if blocks not in self._programmes:
            self._programmes[blocks] = Programme(self._wide[blocks])
        return self._programmes[blocks].solve(
            question.cost, question.least, question.most, is_whole=is_whole
        )
