"""Scores of reviews in exact arithmetic: marks, weights, scales that run either way, divergence.

A mark is a whole number of hundredths in its criterion's own units, or ``None``: not marked, which
is never counted as zero. A review's weighted score is on 0 to 100, 100 always being best, and is
given in hundredths of a point, rounded half up once, at the end:

    100 x sum of (weight x position) / sum of weights, over the criteria that were marked,

where the position of a mark is its distance from the worst end of its scale, as a part of the
scale's length. Leaving a criterion unmarked thus renormalises the weights of the others; the
criteria left out are named in the result, so that nobody takes it for a full score.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from fundops.reviews.verdict import Key, ordered

BEST = 10_000
"""The best weighted score, in hundredths of a point."""


class ScoreInvalid(ValueError):
    """A mark that its criterion cannot have; ``problem`` names the fault.

    ``problem`` is one of ``unknown_criterion``, ``marked_twice``, ``off_scale`` and ``off_step``,
    or, for a set of reviews, ``reviewed_twice``.
    """

    def __init__(self, problem: str, key: Key) -> None:
        super().__init__(f"{problem}: {key}")
        self.problem = problem
        self.key = key


@dataclass(frozen=True, slots=True)
class Criterion:
    """What is marked: weight in basis points, and a scale in hundredths of its own units.

    ``best`` says which end of the scale is better. Raises ``ValueError`` for a scale without
    length or steps, or a negative weight.
    """

    key: Key
    weight: int
    lowest: int
    highest: int
    step: int
    best: Literal["high", "low"] = "high"

    def __post_init__(self) -> None:
        if self.lowest >= self.highest or self.step <= 0 or self.weight < 0:
            raise ValueError(f"criterion {self.key} has no usable scale or weight")

    def position(self, score: int) -> Fraction:
        """Return where a mark lies between the worst (0) and the best (1) end of the scale.

        Raises ``ScoreInvalid`` for a mark off the scale or between its steps.
        """
        if not self.lowest <= score <= self.highest:
            raise ScoreInvalid("off_scale", self.key)
        if (score - self.lowest) % self.step:
            raise ScoreInvalid("off_step", self.key)
        above = score - self.lowest if self.best == "high" else self.highest - score
        return Fraction(above, self.highest - self.lowest)


@dataclass(frozen=True, slots=True)
class Mark:
    """One criterion's mark in hundredths of its units; ``None`` is not marked."""

    criterion: Key
    score: int | None


@dataclass(frozen=True, slots=True)
class Review:
    """What one reviewer gave one proposal."""

    reviewer: Key
    proposal: Key
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class WeightedScore:
    """A review's score: hundredths of a point out of 100, and the criteria it rests on.

    ``hundredths`` and ``exact`` (in points) are ``None`` when no criterion with weight was marked.
    """

    hundredths: int | None
    exact: Fraction | None
    missing: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Mean:
    """A plain mean in the marks' own hundredths, how many marks it is of, and how many lack."""

    mean: Fraction | None
    count: int
    missing: int

    @property
    def hundredths(self) -> int | None:
        """The mean to two decimals, half up."""
        return None if self.mean is None else half_up(self.mean)


@dataclass(frozen=True, slots=True)
class Divergence:
    """How far a proposal's reviews lie apart, in hundredths of a point, and whose they are.

    ``highest`` and ``lowest`` name the reviewers at either end. ``exceeds`` is whether the spread
    is more than the threshold; a spread equal to it is not.
    """

    spread: int
    highest: tuple[Key, ...]
    lowest: tuple[Key, ...]
    threshold: int | None
    exceeds: bool


def half_up(value: Fraction) -> int:
    """Return the nearest whole number, exact halves going up."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def weighted_score(criteria: Sequence[Criterion], marks: Iterable[Mark]) -> WeightedScore:
    """Return the weighted score of one review's marks.

    Raises ``ScoreInvalid`` for a mark on a criterion that is not among ``criteria``, a second mark
    on one, and a mark off its scale.
    """
    given: dict[Key, int | None] = {}
    known = {criterion.key for criterion in criteria}
    for mark in marks:
        if mark.criterion not in known:
            raise ScoreInvalid("unknown_criterion", mark.criterion)
        if mark.criterion in given:
            raise ScoreInvalid("marked_twice", mark.criterion)
        given[mark.criterion] = mark.score
    total, weights = Fraction(0), 0
    missing = []
    for criterion in criteria:
        score = given.get(criterion.key)
        if score is None:
            missing.append(criterion.key)
            continue
        total += criterion.weight * criterion.position(score)
        weights += criterion.weight
    if weights == 0:
        return WeightedScore(None, None, tuple(missing))
    exact = 100 * total / weights
    return WeightedScore(half_up(100 * exact), exact, tuple(missing))


def mean_of(scores: Iterable[int | None]) -> Mean:
    """Return the exact mean of the scores that are there."""
    given = list(scores)
    there = [score for score in given if score is not None]
    mean = Fraction(sum(there), len(there)) if there else None
    return Mean(mean, len(there), len(given) - len(there))


def criterion_means(criteria: Sequence[Criterion], reviews: Iterable[Review]) -> Mapping[Key, Mean]:
    """Return each criterion's plain mean over reviews, in the units of its own scale."""
    marks: dict[Key, list[int | None]] = {criterion.key: [] for criterion in criteria}
    for review in reviews:
        given = {mark.criterion: mark.score for mark in review.marks}
        for key, found in marks.items():
            found.append(given.get(key))
    return {key: mean_of(found) for key, found in marks.items()}


@dataclass(frozen=True, slots=True)
class Scored:
    """A review reduced to its weighted score, in hundredths of a point; ``None``: not scored."""

    reviewer: Key
    proposal: Key
    score: int | None


def scored(criteria: Sequence[Criterion], reviews: Iterable[Review]) -> list[Scored]:
    """Return the weighted score of each review.

    Raises ``ScoreInvalid``; also when one reviewer has two reviews of one proposal, since the
    second would count double in the average.
    """
    found: dict[tuple[Key, Key], Scored] = {}
    for review in reviews:
        pair = (review.reviewer, review.proposal)
        if pair in found:
            raise ScoreInvalid("reviewed_twice", review.proposal)
        score = weighted_score(criteria, review.marks).hundredths
        found[pair] = Scored(review.reviewer, review.proposal, score)
    return list(found.values())


def proposal_means(scores: Iterable[Scored]) -> Mapping[Key, Mean]:
    """Return the mean score of each proposal, by proposal.

    It is the mean of the weighted scores as shown, each to two decimals, so that anyone can
    recompute it from what is printed.
    """
    by_proposal: dict[Key, list[int | None]] = {}
    for one in scores:
        by_proposal.setdefault(one.proposal, []).append(one.score)
    return {key: mean_of(by_proposal[key]) for key in ordered(by_proposal)}


def divergence(scores: Mapping[Key, int | None], threshold: int | None) -> Divergence | None:
    """Return how far one proposal's reviews lie apart, given each reviewer's weighted score.

    ``threshold`` is in hundredths of a point; without one nothing exceeds it. ``None`` when fewer
    than two reviews have a score.
    """
    there = {key: score for key, score in scores.items() if score is not None}
    if len(there) < 2:
        return None
    top, bottom = max(there.values()), min(there.values())
    highest = tuple(key for key in ordered(there) if there[key] == top)
    lowest = tuple(key for key in ordered(there) if there[key] == bottom)
    exceeds = threshold is not None and top - bottom > threshold
    return Divergence(top - bottom, highest, lowest, threshold, exceeds)
