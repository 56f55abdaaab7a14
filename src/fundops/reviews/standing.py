"""Places in a ranking and a funding line across it, with ties shown as ties.

Scores are compared as they are shown: whole hundredths of a point. Equal scores share a place
(1, =2, =2, 4). A funding line goes down the list for as long as the next place can be funded
whole; where several proposals share the first place that cannot, none of them is above it and
each is *tied* at the line, because nothing in the scores says which of them should be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING

from fundops.reviews.verdict import Key, ordered

if TYPE_CHECKING:
    from fundops.reviews.arrays import Whole


class Standing(StrEnum):
    """Where a proposal is towards the funding line; ``unranked`` has no score."""

    ABOVE = "above"
    TIED = "tied"
    BELOW = "below"
    UNRANKED = "unranked"


Decide = Callable[[Mapping[Key, int]], Mapping[Key, Standing]]
"""Any rule that decides from scores, such as one with earmarks behind it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the list, and how many proposals share it."""

    number: int
    sharing: int = 1

    @property
    def label(self) -> str:
        """The place as printed: ``3``, or ``=3`` when it is shared."""
        return f"={self.number}" if self.sharing > 1 else str(self.number)


def places(scores: Mapping[Key, int]) -> Mapping[Key, Place]:
    """Return each proposal's place, the highest score first, in order of places."""
    found: dict[Key, Place] = {}
    for group in ties(scores):
        place = Place(len(found) + 1, len(group))
        found.update((key, place) for key in group)
    return found


def ties(scores: Mapping[Key, int]) -> list[list[Key]]:
    """Return proposals by falling score, those of equal score together, by key within."""
    keys = sorted(ordered(scores), key=lambda key: -scores[key])
    return [list(group) for _, group in groupby(keys, key=lambda key: scores[key])]


@dataclass(frozen=True)
class Line:
    """A funding line: proposals are funded in order of score while ``available`` lasts.

    ``amounts`` is what each asks, in minor units, by proposal; without it each counts 1, so that
    ``available`` is how many are funded. Raises ``ValueError`` for negative amounts.
    """

    available: int
    amounts: Mapping[Key, int] | None = None

    def __post_init__(self) -> None:
        if self.available < 0 or any(amount < 0 for amount in (self.amounts or {}).values()):
            raise ValueError("a funding line needs amounts of zero or more")

    def amount(self, proposal: Key) -> int:
        """Return what a proposal uses up. Raises ``KeyError`` for one without an amount."""
        return 1 if self.amounts is None else self.amounts[proposal]

    def threshold(self, scores: Mapping[Key, int]) -> int | None:
        """Return the score at which the money runs out; ``None`` when it lasts for all."""
        left = self.available
        for group in ties(scores):
            left -= sum(self.amount(key) for key in group)
            if left < 0:
                return scores[group[0]]
        return None

    def __call__(self, scores: Mapping[Key, int]) -> Mapping[Key, Standing]:
        """Return where each proposal stands."""
        at = self.threshold(scores)
        sharing = sum(score == at for score in scores.values())
        return {key: standing(score, at, sharing) for key, score in scores.items()}


def standing(score: int, threshold: int | None, sharing: int) -> Standing:
    """Return the standing of a score, ``sharing`` proposals having the threshold's score."""
    if threshold is None or score > threshold:
        return Standing.ABOVE
    return Standing.TIED if score == threshold and sharing > 1 else Standing.BELOW


CODES = (Standing.BELOW, Standing.TIED, Standing.ABOVE, Standing.UNRANKED)
"""The standings by the numbers that ``standing_table`` uses."""
UNSCORED = -(10**15)
"""Stands for "no score" in whole-number arrays, below every score."""


def standing_table(scores: Whole, amounts: Whole, available: int) -> Whole:
    """Return the standings, as positions in ``CODES``, of many rankings at once, one a row."""
    import numpy as np

    order = np.argsort(-scores, axis=1)
    spent = np.cumsum(amounts[order], axis=1)
    first = (spent > available).argmax(axis=1)
    rows = np.arange(len(scores))
    threshold = scores[rows, order[rows, first]][:, None]
    above = (scores > threshold) | (spent[:, -1] <= available)[:, None]
    shared = (scores == threshold).sum(axis=1, keepdims=True) > 1
    codes = np.where(above, 2, np.where((scores == threshold) & shared, 1, 0))
    return np.where(scores == UNSCORED, 3, codes)


def codes(scores: Whole, proposals: Sequence[Key], decide: Line | Decide) -> Whole:
    """Return the standings of many rankings of ``proposals`` at once, by a line or any rule.

    Raises ``KeyError`` when a line lacks a proposal's amount or a rule forgets a proposal.
    """
    import numpy as np

    if isinstance(decide, Line):
        amounts = np.array([decide.amount(key) for key in proposals], dtype=np.int64)
        return standing_table(scores, amounts, decide.available)
    table = np.full(scores.shape, CODES.index(Standing.UNRANKED))
    for row, given in enumerate(scores):
        there = np.flatnonzero(given != UNSCORED).tolist()
        decided = decide({proposals[at]: int(given[at]) for at in there})
        table[row, there] = [CODES.index(decided[proposals[at]]) for at in there]
    return table
