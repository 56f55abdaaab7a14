"""Linear programmes over one set of sums, solved one after the other.

The solver keeps the sums and begins each programme where the last one ended: programmes of one
group differ in few bounds. It runs in one thread, so that one question has one answer.
"""

from __future__ import annotations

from typing import Any

_NODES = 10_000
"""Branches followed for a whole answer; one that is not found counts as none."""


class Programme:
    """``matrix`` (compressed columns) times the amounts is nothing, in every programme."""

    def __init__(self, matrix: Any) -> None:
        import highspy
        import numpy as np

        rows, columns = matrix.shape
        model = highspy.HighsLp()
        model.num_row_, model.num_col_ = rows, columns
        model.row_lower_ = model.row_upper_ = np.zeros(rows)
        model.col_cost_ = model.col_lower_ = model.col_upper_ = np.zeros(columns)
        model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        model.a_matrix_.start_ = matrix.indptr
        model.a_matrix_.index_ = matrix.indices
        model.a_matrix_.value_ = matrix.data.astype(float)
        self._kinds = highspy.HighsVarType
        self._solved = highspy.HighsModelStatus.kOptimal
        self._ends = (self._solved, highspy.HighsModelStatus.kInfeasible)
        self._all = np.arange(columns, dtype=np.int32)
        made: Any = highspy.Highs
        self._solver = made()
        for option, value in (
            ("output_flag", False), ("threads", 1), ("parallel", "off"), ("presolve", "off"),
            ("mip_max_nodes", _NODES),
        ):  # fmt: skip
            self._solver.setOptionValue(option, value)
        self._solver.passModel(model)

    def solve(self, cost: Any, least: Any, most: Any, *, is_whole: bool = False) -> Any | None:
        """Return the cheapest amounts within the bounds, ``None`` if there are none.

        ``is_whole`` asks for whole numbers only.
        """
        import numpy as np

        solver, count = self._solver, len(self._all)
        solver.changeColsCost(count, self._all, cost.astype(float))
        solver.changeColsBounds(count, self._all, least.astype(float), most.astype(float))
        if is_whole:
            return self._whole()
        solver.run()
        if solver.getModelStatus() not in self._ends:  # it lost its way from where it began
            solver.clearSolver()
            solver.run()
        if solver.getModelStatus() != self._solved:
            return None
        return np.array(solver.getSolution().col_value)

    def _whole(self) -> Any | None:
        import numpy as np

        solver, count = self._solver, len(self._all)
        integer, continuous = int(self._kinds.kInteger), int(self._kinds.kContinuous)
        solver.setOptionValue("presolve", "on")
        solver.changeColsIntegrality(count, self._all, np.full(count, integer, dtype=np.uint8))
        solver.run()
        amounts = None
        if solver.getModelStatus() == self._solved:
            amounts = np.array(solver.getSolution().col_value)
        solver.changeColsIntegrality(count, self._all, np.full(count, continuous, dtype=np.uint8))
        solver.setOptionValue("presolve", "off")
        return amounts
