"""How far reviewers agree: Krippendorff's alpha and the one-way intraclass correlation.

Alpha is 1 - observed / expected disagreement (Krippendorff, Content Analysis, 3rd ed., chapter 12;
"Computing Krippendorff's Alpha-Reliability", 2011). It takes any number of reviewers and missing
scores. 1 is perfect agreement, 0 what chance would give; negative is worse than chance. It is
computed here in whole numbers, without rounding, from this identity: the squared differences
between all pairs of m values sum to 2m times their sum of squares around their mean. The ordinal
form is the interval form on mid-ranks, because Krippendorff's ordinal distance between two values
is the distance between the middles of their runs in the ordered list of all values.

The intraclass correlations that also need the reviewers' variance are in ``calibration``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from fundops.reviews.scoring import Scored
from fundops.reviews.verdict import Key, Verdict, reason

Level = Literal["nominal", "ordinal", "interval"]
Units = Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True)
class Agreement:
    """A coefficient, or why there is none; ``units`` and ``values`` are what it was computed from.

    Units are proposals with at least two scores, values the scores of these.
    """

    coefficient: float | None
    units: int
    values: int
    verdict: Verdict


def by_proposal(scores: Iterable[Scored]) -> list[list[int]]:
    """Return the scores of each proposal, without the missing ones."""
    found: dict[Key, list[int]] = {}
    for one in scores:
        if one.score is not None:
            found.setdefault(one.proposal, []).append(one.score)
    return list(found.values())


def alpha(units: Iterable[Sequence[int]], level: Level = "interval") -> Agreement:
    """Return Krippendorff's alpha of the values given to each unit, at a level of measurement.

    A unit with a single value says nothing about agreement and is left out. There is no
    coefficient when no unit has two values, or when all values are the same.
    """
    kept = [list(unit) for unit in units if len(unit) >= 2]
    values = [value for unit in kept for value in unit]
    if not kept:
        return Agreement(None, 0, 0, Verdict((reason("ranking.agreement_no_pairs"),)))
    if len(set(values)) == 1:
        verdict = Verdict((reason("ranking.agreement_no_variation"),))
        return Agreement(None, len(kept), len(values), verdict)
    if level == "ordinal":
        middle = _doubled_mid_ranks(values)
        kept = [[middle[value] for value in unit] for unit in kept]
        values = [value for unit in kept for value in unit]
    measure = _unlike_pairs if level == "nominal" else _squared_differences
    observed = sum((Fraction(measure(unit), len(unit) - 1) for unit in kept), Fraction(0))
    expected = Fraction(measure(values), len(values) - 1)
    return Agreement(float(1 - observed / expected), len(kept), len(values), Verdict())


def _doubled_mid_ranks(values: Sequence[int]) -> dict[int, int]:
    counts = Counter(values)
    found, before = {}, 0
    for value in sorted(counts):
        found[value] = 2 * before + counts[value]
        before += counts[value]
    return found


def _unlike_pairs(values: Sequence[int]) -> int:
    return len(values) ** 2 - sum(count**2 for count in Counter(values).values())


def _squared_differences(values: Sequence[int]) -> int:
    return 2 * (len(values) * sum(value * value for value in values) - sum(values) ** 2)


Measure = Callable[[Sequence[int]], int]


def one_way(units: Iterable[Sequence[int]]) -> Agreement:
    """Return ICC(1): how much of the variance of single scores lies between proposals.

    From the mean squares of a one-way analysis of variance, for unequal numbers of scores with
    the usual mean number n0 (Shrout and Fleiss 1979; Donner 1986). Reviewers' severity counts as
    disagreement here. Proposals with one score are kept: they tell about the spread between.
    """
    kept = [list(unit) for unit in units if unit]
    total, groups = sum(map(len, kept)), len(kept)
    if groups < 2 or total == groups:
        verdict = Verdict((reason("ranking.agreement_no_pairs"),))
        return Agreement(None, groups, total, verdict)
    grand = Fraction(sum(map(sum, kept)))
    within = sum((Fraction(_squared_differences(unit), 2 * len(unit)) for unit in kept), Fraction())
    between = sum((Fraction(sum(unit)) ** 2 / len(unit) for unit in kept), Fraction())
    between = (between - grand**2 / total) / (groups - 1)
    within /= total - groups
    size = (total - Fraction(sum(len(unit) ** 2 for unit in kept), total)) / (groups - 1)
    whole = between + (size - 1) * within
    if whole == 0:
        verdict = Verdict((reason("ranking.agreement_no_variation"),))
        return Agreement(None, groups, total, verdict)
    return Agreement(float((between - within) / whole), groups, total, Verdict())
