"""The best portfolio beside the ranked line: an optimisation, and what each choice costs.

Which proposals to fund so that a declared objective is largest, under the same bounds as the
line: envelope, floor and ceiling, stated limits, and earmarks (see ``programme``). Often several
portfolios are worth the same; then one of them is given, always the same for the same question,
and ``is_unique`` says that it is not the only one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from fundops.decisions.line import Candidate, Terms
from fundops.decisions.programme import (
    SOLVE_SECONDS,
    Goal,
    Money,
    Portfolio,
    Problem,
    TooLarge,
)

__all__ = ["Choice", "Goal", "Money", "Portfolio", "TooLarge", "WhatIf", "what_if"]

MAX_PROPOSALS = 500
MAX_CHOICES = 10
"""Choices in one question; with ten of them the solver is asked thirteen times."""


@dataclass(frozen=True)
class Choice:
    """A proposal forced in or out, and what that costs against the free optimum.

    ``cost`` is none where no portfolio at all has it so.
    """

    candidate: Candidate
    is_in: bool
    cost: int | None


@dataclass(frozen=True)
class WhatIf:
    """The free optimum, the best with all choices, and each choice's own cost.

    ``keeps_minimums`` is false where the stated minimums cannot all be met and were left out.
    ``is_unique`` says whether no other portfolio is worth as much as the free optimum; none where
    that was not decided within the time there is.
    """

    goal: Goal
    best: Portfolio
    with_choices: Portfolio | None
    choices: tuple[Choice, ...]
    keeps_minimums: bool
    is_unique: bool | None


def what_if(
    candidates: Sequence[Candidate],
    terms: Terms,
    goal: Goal,
    *,
    forced_in: Iterable[UUID] = (),
    forced_out: Iterable[UUID] = (),
    money: Money | None = None,
    seconds: float = SOLVE_SECONDS,
) -> WhatIf:
    """Return the best portfolio, the best with the choices made, and the cost of each choice.

    The same question gives the same answer, in whatever order candidates come. Raises
    ``TooLarge`` beyond the stated maxima.
    """
    wanted = sorted(candidates, key=lambda c: (c.rank is None, c.rank, c.code))
    if len(wanted) > MAX_PROPOSALS:
        raise TooLarge(f"more than {MAX_PROPOSALS} proposals")
    ins, outs = frozenset(forced_in), frozenset(forced_out)
    if len(ins) + len(outs) > MAX_CHOICES:
        raise TooLarge(f"more than {MAX_CHOICES} choices")
    problem = Problem(wanted, terms, goal.worth, money, seconds)
    best = problem.solve()
    if best is None:
        problem.drop_minimums()
        best = problem.solve()
        assert best is not None, "without minimums, funding nothing is a portfolio"
    together = problem.solve(ins, outs) if ins or outs else best
    choices = [_choice(problem, best, c, is_in=c.id in ins) for c in wanted if c.id in ins | outs]
    is_unique = _is_unique(problem, best)
    return WhatIf(goal, best, together, tuple(choices), problem.keeps_minimums, is_unique)


def _is_unique(problem: Problem, best: Portfolio) -> bool | None:
    """Ask once more for the best portfolio but this one, and compare."""
    if not problem.candidates:
        return True
    try:
        other = problem.solve(other_than=best)
    except TooLarge:
        return None
    if other is None or other.bound < best.worth:
        return True
    return False if other.worth == best.worth else None


def _choice(problem: Problem, best: Portfolio, candidate: Candidate, *, is_in: bool) -> Choice:
    if (candidate in best.chosen) == is_in:
        return Choice(candidate, is_in, 0)
    one = frozenset([candidate.id])
    found = problem.solve(one, frozenset()) if is_in else problem.solve(frozenset(), one)
    return Choice(candidate, is_in, None if found is None else best.worth - found.worth)
