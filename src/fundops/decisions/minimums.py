"""Whether the stated minimums of a call can still be met once its line is drawn.

A minimum is not met by keeping money back: proposals must be there that can use it. For each that
those above the line do not meet, the most that any of the other proposals could add under envelope,
limits and earmarks, beside those above, is computed as the portfolio that places most under it.
Proposals that nothing has scored do not count. Each minimum is asked by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fundops.decisions.limits import Limit, Tally
from fundops.decisions.line import Candidate, Terms
from fundops.decisions.portfolio import MAX_PROPOSALS
from fundops.decisions.programme import Money, Problem, TooLarge


@dataclass(frozen=True)
class Minimum:
    """A stated minimum, minor units: what it asks for, and what is and what could be placed.

    ``most_minor`` is the most that awards made, proposals above the line and any others that still
    fit beside them can place under it; none where that was not decided within the time there is.
    It is not computed beyond ``reached_minor`` where that meets the minimum already.
    """

    limit: Limit
    target_minor: int
    reached_minor: int
    most_minor: int | None

    @property
    def can_be_met(self) -> bool | None:
        """Whether it is met or can be by the proposals left; none where that is not known."""
        return None if self.most_minor is None else self.most_minor >= self.target_minor

    @property
    def missed_minor(self) -> int | None:
        """By how much it will be missed at least; none where that is not known."""
        return None if self.most_minor is None else max(0, self.target_minor - self.most_minor)


def minimums_of(
    candidates: Sequence[Candidate],
    terms: Terms,
    above: Sequence[Candidate],
    money: Money | None = None,
) -> tuple[Minimum, ...]:
    """Return every stated minimum of a call, with what is above the line taken as given."""
    tally = Tally(terms.limits, terms.envelope_minor)
    for item in [*terms.spent, *(c.item for c in above)]:
        tally.add(item)
    found = []
    for number, limit in enumerate(terms.limits):
        target = limit.least_minor(terms.envelope_minor)
        if limit.code is None or not target:
            continue
        reached = tally.used(number, limit.code)
        most: int | None = reached
        if reached < target:
            most = _most(candidates, terms, above, money, limit)
            most = None if most is None else most + reached
        found.append(Minimum(limit, target, reached, most))
    return tuple(found)


def _most(
    candidates: Sequence[Candidate],
    terms: Terms,
    above: Sequence[Candidate],
    money: Money | None,
    limit: Limit,
) -> int | None:
    """Return the most that can be added under ``limit`` to what is above, none if not decided."""
    tally = Tally(terms.limits, terms.envelope_minor)
    chosen = {c.id for c in above}

    def counted(candidate: Candidate) -> int:
        return 0 if candidate.id in chosen else sum(tally.parts(limit, candidate.item).values())

    # Only those that add to it matter, so the question is as small as it can be.
    asked = [c for c in candidates if c.rank is not None and (c.id in chosen or counted(c))]
    asked.sort(key=lambda c: (c.rank, c.code))
    if len(asked) == len(chosen):
        return 0
    if len(asked) > MAX_PROPOSALS:
        return None
    try:
        problem = Problem(asked, terms, counted, money)
        problem.drop_minimums()
        best = problem.solve(frozenset(chosen))
    except (TooLarge, ValueError):
        return None
    return best.worth if best is not None and best.is_proven else None
