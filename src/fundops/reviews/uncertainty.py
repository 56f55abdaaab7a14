"""How sure a ranking is: rank intervals and the probability of being funded, by bootstrap.

*Of the mean scores.* In each draw every proposal gets as many new reviews as it has: its mean plus
differences drawn from all differences between reviews and their proposal's mean in the call, each
widened by sqrt(n / (n - 1)) because a mean of n follows its own reviews. Resampling a proposal's
own reviews instead would say that three reviewers who happen to agree leave no doubt at all, and
be too sure by a factor of sqrt(2/3) for three reviews; pooling over the call avoids both. The
question answered: how else might the list look, had other reviewers like these read?

*Of the adjusted scores.* In each draw a whole panel of the same design is made up, with merits,
severities and noise drawn from the estimated ones (each set widened back to its variance, since
predictors are drawn towards zero), and it is adjusted in the same way with the variances kept. How
far the adjustment missed the made-up merits is added to the adjusted scores. The question
answered: where might the proposals truly stand, given these reviews? (A random effects residual
bootstrap; Carpenter, Goldstein and Rasbash 2003. Conditional on the variances.)

Draws come from PCG64 with the stated seed. The same seed, scores and numpy version give the same
result. Ties in a draw are broken at random, so a proposal tied at the line has a share of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fundops.reviews.calibration import Panel
from fundops.reviews.mixed import Design, Fit
from fundops.reviews.standing import Line
from fundops.reviews.verdict import Key, Verdict, reason

if TYPE_CHECKING:
    import numpy as np

    from fundops.reviews.arrays import Floats, Whole

DRAWS = 1000
COVERAGE = 0.9
"""How much of the draws an interval of ranks holds."""
_CHUNK = 250


@dataclass(frozen=True, slots=True)
class Doubt:
    """The least and greatest rank in the middle 90 % of draws; how often it was funded.

    ``funded`` is ``None`` when no line was given.
    """

    least: int
    greatest: int
    funded: float | None


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """The doubt about each proposal's rank, what it was drawn with, or why there is none."""

    verdict: Verdict
    seed: int
    draws: int
    doubts: Mapping[Key, Doubt]


def of_means(panel: Panel, line: Line | None, seed: int, draws: int = DRAWS) -> Uncertainty:
    """Return how sure the ranking by mean scores is.

    It cannot be said when no proposal has two reviews.
    """
    if not panel.scores or len(panel.scores) == len(panel.proposals):
        verdict = Verdict((reason("ranking.uncertainty_no_repeats"),))
        return Uncertainty(verdict, seed, draws, {})
    design, points = panel.design(), panel.points()
    generator = _generator(seed)
    return _doubts(panel, line, seed, draws, generator, _other_means(design, points, generator))


def of_adjusted(
    panel: Panel, fitted: Fit, line: Line | None, seed: int, draws: int = DRAWS
) -> Uncertainty:
    """Return how sure the ranking by adjusted scores is."""
    generator = _generator(seed)
    merits = _true_merits(fitted, panel.points(), generator)
    return _doubts(panel, line, seed, draws, generator, merits)


def _generator(seed: int) -> np.random.Generator:
    import numpy as np

    return np.random.Generator(np.random.PCG64(seed))


def _other_means(
    design: Design, points: Floats, generator: np.random.Generator
) -> Iterator[Floats]:
    """Yield chunks of draws: a row per draw, the proposals' means in points."""
    import numpy as np

    counts = design.counts
    means = np.add.reduceat(points, design.starts) / counts
    several = counts[design.proposal] > 1
    widen = np.sqrt(counts / np.maximum(counts - 1, 1))[design.proposal]
    pool = ((points - means[design.proposal]) * widen)[several]
    while True:
        drawn = pool[generator.integers(len(pool), size=(len(points), _CHUNK))]
        yield (means + (np.add.reduceat(drawn, design.starts, axis=0).T / counts))


def _true_merits(fitted: Fit, points: Floats, generator: np.random.Generator) -> Iterator[Floats]:
    """Yield chunks of draws: a row per draw, what the proposals' merits may truly be."""
    design = fitted.design
    centre = float(fitted.values.mean())
    merit = fitted.values - centre
    noise = points - fitted.values[design.proposal] - fitted.effects[design.reviewer]
    sets = (
        _widened(merit, fitted.proposal_ratio * fitted.noise),
        _widened(fitted.effects, fitted.reviewer_ratio * fitted.noise),
        _widened(noise, fitted.noise),
    )
    sizes = (design.proposals, design.reviewers, len(points))
    while True:
        merits, severities, rest = (
            values[generator.integers(len(values), size=(size, _CHUNK))]
            for values, size in zip(sets, sizes, strict=True)
        )
        scores = merits[design.proposal] + severities[design.reviewer] + rest
        missed = merits - fitted.predict(scores)[0]
        yield fitted.values + missed.T


def _widened(values: Floats, variance: float) -> Floats:
    """Return values around zero whose mean square is ``variance``."""
    import numpy as np

    centred = values - values.mean()
    spread = float(np.sqrt((centred**2).mean()))
    widened: Floats = centred * (np.sqrt(variance) / spread) if spread else centred
    return widened


def _amounts(panel: Panel, line: Line | None) -> Whole | None:
    import numpy as np

    if line is None:
        return None
    return np.array([line.amount(key) for key in panel.proposals], dtype=np.int64)


def _doubts(
    panel: Panel,
    line: Line | None,
    seed: int,
    draws: int,
    generator: np.random.Generator,
    chunks: Iterator[Floats],
) -> Uncertainty:
    import numpy as np

    amounts = _amounts(panel, line)
    ranks = np.empty((draws, len(panel.proposals)), dtype=np.int32)
    funded = np.zeros(len(panel.proposals))
    numbers = np.arange(1, len(panel.proposals) + 1, dtype=np.int32)[None]
    for start in range(0, draws, _CHUNK):
        points = next(chunks)[: draws - start]
        shown = np.floor(100 * points + 0.5) + generator.random(points.shape) / 2
        order = np.argsort(-shown, axis=1)
        np.put_along_axis(ranks[start : start + len(points)], order, numbers, axis=1)
        if line is not None and amounts is not None:
            within = (np.cumsum(amounts[order], axis=1) <= line.available).astype(float)
            share = np.empty(points.shape)
            np.put_along_axis(share, order, within, axis=1)
            funded += share.sum(axis=0)
    edge = int((1 - COVERAGE) / 2 * draws + 1e-9)
    ranks.partition((edge, draws - 1 - edge), axis=0)
    chance = [None] * len(funded) if line is None else [float(one) / draws for one in funded]
    doubts = {
        key: Doubt(int(least), int(greatest), one)
        for key, least, greatest, one in zip(
            panel.proposals, ranks[edge], ranks[draws - 1 - edge], chance, strict=True
        )
    }
    return Uncertainty(Verdict(), seed, draws, doubts)
