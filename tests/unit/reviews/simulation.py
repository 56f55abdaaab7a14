"""Panels made up with a known truth: what adjusting for severity gains, and where it does not.

``python -m tests.unit.reviews.simulation`` prints the tables of ``docs/scoring.md``. Panels differ
by seed only. Merits, severities and noise are normal; scores are kept within 0 to 100 and
rounded to hundredths, as weighted scores are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from statistics import fmean

import numpy as np
from scipy.stats import kendalltau, rankdata, spearmanr

from fundops.reviews import uncertainty
from fundops.reviews.calibration import Calibration, Panel, calibrate
from fundops.reviews.scoring import Scored, proposal_means
from fundops.reviews.standing import places
from fundops.reviews.uncertainty import Doubt
from fundops.reviews.verdict import Key

SEEDS = 200


@dataclass(frozen=True)
class Panels:
    """A design: numbers, standard deviations in points, and how unevenly reviewers are loaded.

    ``uneven`` 0 gives every reviewer the same chance; at 1 the k-th is asked 1 / k as often.
    """

    name: str
    proposals: int
    reviewers: int
    each: int = 3
    merit: float = 10.0
    severity: float = 6.0
    noise: float = 8.0
    uneven: float = 0.5


AIBS = Panels("like AIBS: 25 proposals, 23 reviewers", 25, 23)
DESIGNS = (
    AIBS,
    Panels("the same, reviewers very different", 25, 23, severity=10.0),
    Panels("the same, reviewers all alike", 25, 23, severity=0.0),
    Panels("the same, noise as in AIBS", 25, 23, merit=13.0, noise=16.0),
    Panels("60 proposals, 12 reviewers", 60, 12),
    Panels("200 proposals, 30 reviewers", 200, 30),
    Panels("200 proposals, 30 reviewers all alike", 200, 30, severity=0.0),
    Panels("tiny: 8 proposals, 5 reviewers", 8, 5),
    Panels("tiny, reviewers all alike", 8, 5, severity=0.0),
    Panels("everyone reads everything: 12, 5", 12, 5, each=5),
)


@dataclass(frozen=True)
class Made:
    """One panel and the truth behind it, in points."""

    scores: tuple[Scored, ...]
    merit: Mapping[Key, float]
    severity: Mapping[Key, float]


def made(panels: Panels, seed: int) -> Made:
    """Make one panel up."""
    random = np.random.default_rng(seed)
    merit = 60 + panels.merit * random.standard_normal(panels.proposals)
    severity = panels.severity * random.standard_normal(panels.reviewers)
    chances = 1 / np.arange(1, panels.reviewers + 1) ** panels.uneven
    chances /= chances.sum()
    scores = []
    for proposal in range(panels.proposals):
        for reviewer in random.choice(panels.reviewers, panels.each, replace=False, p=chances):
            noise = panels.noise * random.standard_normal()
            points = min(100.0, max(0.0, merit[proposal] - severity[reviewer] + noise))
            scores.append(Scored(f"r{reviewer:03}", f"p{proposal:04}", round(100 * points)))
    return Made(
        tuple(scores),
        {f"p{number:04}": float(one) for number, one in enumerate(merit)},
        {f"r{number:03}": float(one) for number, one in enumerate(severity)},
    )


def raw(panel: Made) -> Mapping[Key, float]:
    """Return the mean scores."""
    means = proposal_means(panel.scores)
    return {key: float(mean.mean) for key, mean in means.items() if mean.mean is not None}


Adjust = Callable[[Made, Calibration], Mapping[Key, float]]


def adjusted(panel: Made, calibration: Calibration) -> Mapping[Key, float]:
    """Return the adjusted scores."""
    assert calibration.scores is not None
    return {key: float(score) for key, score in calibration.scores.items()}


def backwards(panel: Made, calibration: Calibration) -> Mapping[Key, float]:
    """Return what a flipped sign would make: severity taken off once more instead of given back."""
    right = adjusted(panel, calibration)
    return {key: 2 * mean - right[key] for key, mean in raw(panel).items()}


@dataclass(frozen=True)
class Outcome:
    """What 200 panels showed: rank correlations with the truth, means over panels.

    ``adjusted`` is that of the adjusted scores, or of the means where adjusting was refused.
    """

    raw: float
    adjusted: float
    raw_tau: float
    adjusted_tau: float
    better: float
    worse: float
    refused: float


def outcome(panels: Panels, seeds: int = SEEDS, adjust: Adjust = adjusted) -> Outcome:
    """Compare raw means and adjusted scores with the truth over many panels."""
    rows = [_compared(panels, seed, adjust) for seed in range(seeds)]
    raws, gains, taus, after, refused = zip(*rows, strict=True)
    return Outcome(
        fmean(raws),
        fmean(raws) + fmean(gains),
        fmean(taus),
        fmean(after),
        fmean(gain > 0 for gain in gains),
        fmean(gain < 0 for gain in gains),
        fmean(refused),
    )


@cache
def _compared(panels: Panels, seed: int, adjust: Adjust) -> tuple[float, float, float, float, bool]:
    panel = made(panels, seed)
    before = raw(panel)
    calibration = calibrate(panel.scores)
    refused = not calibration.verdict.possible
    after = before if refused else adjust(panel, calibration)
    keys = sorted(before, key=str)
    truth = [panel.merit[key] for key in keys]
    first, second = [before[key] for key in keys], [after[key] for key in keys]
    rho = float(spearmanr(truth, first).statistic)
    return (
        rho,
        float(spearmanr(truth, second).statistic) - rho,
        float(kendalltau(truth, first).statistic),
        float(kendalltau(truth, second).statistic),
        refused,
    )


@dataclass(frozen=True)
class Coverage:
    """How often rank intervals held the true rank, and how wide they were, in ranks."""

    held: float
    width: float


def own_reviews(panel: Panel, seed: int, draws: int) -> Mapping[Key, Doubt]:
    """Return rank intervals from resampling each proposal's own reviews, for comparison."""
    random = np.random.default_rng(seed)
    design, points = panel.design(), panel.points()
    counts = design.counts.astype(int)
    chosen = random.random((draws, len(points))) * counts[design.proposal]
    drawn = points[design.starts[design.proposal] + chosen.astype(int)]
    means = np.add.reduceat(drawn, design.starts, axis=1) / counts
    jitter = 1e-6 * random.random(means.shape)
    ranks = np.sort(rankdata(-(means + jitter), axis=1), axis=0)
    edge = int((1 - uncertainty.COVERAGE) / 2 * draws + 1e-9)
    return {
        key: Doubt(int(least), int(greatest), None)
        for key, least, greatest in zip(
            panel.proposals, ranks[edge], ranks[draws - 1 - edge], strict=True
        )
    }


def coverage(panels: Panels, seeds: int, draws: int = 400) -> Iterator[tuple[str, Coverage]]:
    """Yield, for each kind of interval, how often it holds the true rank."""
    found: dict[str, list[tuple[bool, int]]] = {"raw": [], "adjusted": [], "own reviews": []}
    for seed in range(seeds):
        panel = made(panels, seed)
        truth = places({key: round(1e9 * merit) for key, merit in panel.merit.items()})
        calibration = calibrate(panel.scores)
        if calibration.fitted is None or calibration.panel is None:
            continue
        kinds = {
            "raw": uncertainty.of_means(calibration.panel, None, seed, draws).doubts,
            "adjusted": uncertainty.of_adjusted(
                calibration.panel, calibration.fitted, None, seed, draws
            ).doubts,
            "own reviews": own_reviews(calibration.panel, seed, draws),
        }
        for name, doubts in kinds.items():
            found[name] += [
                (doubt.least <= truth[key].number <= doubt.greatest, doubt.greatest - doubt.least)
                for key, doubt in doubts.items()
            ]
    for name, rows in found.items():
        yield name, Coverage(fmean(held for held, _ in rows), fmean(width for _, width in rows))


def gains_table() -> Iterator[str]:
    """Yield the lines of the table of gains."""
    yield "| design | mean, raw | mean, adjusted | better | worse | refused | tau, raw | adjusted |"
    yield "|---|---|---|---|---|---|---|---|"
    for panels in DESIGNS:
        one = outcome(panels)
        shares = " | ".join(f"{share:.0%}" for share in (one.better, one.worse, one.refused))
        yield (
            f"| {panels.name} | {one.raw:.3f} | {one.adjusted:.3f} | {shares}"
            f" | {one.raw_tau:.3f} | {one.adjusted_tau:.3f} |"
        )


def coverage_table() -> Iterator[str]:
    """Yield the lines of the table of intervals."""
    yield "| design | intervals | hold the true rank | mean width |"
    yield "|---|---|---|---|"
    for panels in (AIBS, *DESIGNS[4:6]):
        for name, one in coverage(panels, 50):
            yield f"| {panels.name} | {name} | {one.held:.0%} | {one.width:.1f} |"


if __name__ == "__main__":
    print("\n".join((*gains_table(), "", *coverage_table())))
