"""Scores adjusted for reviewers' severity, or the reasons why they cannot be.

The crossed model of ``mixed`` is fitted to the weighted scores. A proposal's adjusted score is the
mean plus its predictor: what reviewers of ordinary severity would have given it, drawn towards
the mean of all proposals as far as a few noisy reviews call for. A reviewer's severity is how many
points lower than ordinary they score; negative is lenient. Adjusted scores stand beside the
mean of the scores given and never replace it.

A design that cannot tell reviewers from proposals is refused with every reason at once: there are
then no adjusted scores at all, rather than a copy of the raw ones under a better name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import erfc, sqrt
from typing import TYPE_CHECKING

from fundops.reviews.mixed import MOST, Design, Fit, fit
from fundops.reviews.scoring import Scored, ScoreInvalid
from fundops.reviews.verdict import Key, Reason, Verdict, ordered, reason

if TYPE_CHECKING:
    from fundops.reviews.arrays import Floats

LEAST_REVIEWERS = 3
"""With two reviewers a difference between them says nothing about how reviewers vary."""
LEAST_REVIEWS_EACH = 2
"""Mean number of scores per reviewer. With one each, severity is the proposal's own noise."""
LEAST_FREEDOM = 5
"""Scores left over once every proposal and reviewer has an effect of its own."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and its standard error of prediction, in hundredths of a point."""

    hundredths: int
    error: int


@dataclass(frozen=True, slots=True)
class Variances:
    """Where the variance of single scores comes from, in squared points."""

    proposal: float
    reviewer: float
    noise: float

    def agreement(self, reviews: int = 1) -> float | None:
        """Return ICC(2): the part of the variance of a mean of reviews that is the proposals'.

        For one review, ICC(2,1) of Shrout and Fleiss (1979), from restricted maximum likelihood
        instead of mean squares, so that reviewers need not have read everything.
        """
        whole = self.proposal + (self.reviewer + self.noise) / reviews
        return self.proposal / whole if whole else None


@dataclass(frozen=True, slots=True)
class Component:
    """Reviewers and proposals linked by reviews among themselves and to nobody else."""

    reviewers: tuple[Key, ...]
    proposals: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """The scores that are there, in a fixed order, and who gave them."""

    reviewers: tuple[Key, ...]
    proposals: tuple[Key, ...]
    scores: tuple[Scored, ...]

    def design(self) -> Design:
        """Return who reviewed what, by numbers."""
        import numpy as np

        reviewer = {key: number for number, key in enumerate(self.reviewers)}
        proposal = {key: number for number, key in enumerate(self.proposals)}
        return Design(
            np.array([proposal[one.proposal] for one in self.scores], dtype=np.int64),
            np.array([reviewer[one.reviewer] for one in self.scores], dtype=np.int64),
            len(self.proposals),
            len(self.reviewers),
        )

    def points(self) -> Floats:
        """Return the scores in points."""
        import numpy as np

        return np.array([one.score for one in self.scores], dtype=float) / 100


@dataclass(frozen=True)
class Calibration:
    """What the scores say about reviewers' severity and about proposals free of it.

    ``adjusted`` (by proposal) and ``severity`` (by reviewer, in points below ordinary) are ``None``
    unless the verdict is possible. ``variances`` are there whenever the model could be fitted,
    even if one of them is zero; ``chance`` is the probability of scores that speak so clearly for
    differences of severity if there were none. ``components`` are the separate parts of the panel.
    """

    verdict: Verdict
    components: tuple[Component, ...]
    variances: Variances | None = None
    chance: float | None = None
    adjusted: Mapping[Key, Estimate] | None = None
    severity: Mapping[Key, Estimate] | None = None
    panel: Panel | None = None
    fitted: Fit | None = None

    @cached_property
    def scores(self) -> Mapping[Key, int] | None:
        """The adjusted scores alone, in hundredths of a point."""
        if self.adjusted is None:
            return None
        return {key: estimate.hundredths for key, estimate in self.adjusted.items()}


def panel_of(scores: Iterable[Scored]) -> Panel:
    """Return the scores that are there, by proposal and reviewer.

    Raises ``ScoreInvalid`` when a reviewer scored a proposal twice.
    """
    there: dict[tuple[str, str], Scored] = {}
    for one in scores:
        pair = (str(one.proposal), str(one.reviewer))
        if pair in there:
            raise ScoreInvalid("reviewed_twice", one.proposal)
        there[pair] = one
    kept = tuple(there[pair] for pair in sorted(there) if there[pair].score is not None)
    return Panel(
        tuple(ordered({one.reviewer for one in kept})),
        tuple(ordered({one.proposal for one in kept})),
        kept,
    )


def components(panel: Panel) -> tuple[Component, ...]:
    """Return the parts of the panel that no review links, the largest first."""
    parent: dict[tuple[str, Key], tuple[str, Key]] = {}

    def root(node: tuple[str, Key]) -> tuple[str, Key]:
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for one in panel.scores:
        parent[root(("reviewer", one.reviewer))] = root(("proposal", one.proposal))
    parts: dict[tuple[str, Key], tuple[list[Key], list[Key]]] = {}
    for reviewer in panel.reviewers:
        parts.setdefault(root(("reviewer", reviewer)), ([], []))[0].append(reviewer)
    for proposal in panel.proposals:
        parts.setdefault(root(("proposal", proposal)), ([], []))[1].append(proposal)
    found = [Component(tuple(readers), tuple(read)) for readers, read in parts.values()]
    return tuple(sorted(found, key=lambda part: (-len(part.proposals), str(part.proposals[0]))))


def design_faults(panel: Panel, parts: Sequence[Component]) -> tuple[Reason, ...]:
    """Return why the design cannot tell severity from merit, before any score is looked at."""
    reviews, reviewers, proposals = map(len, (panel.scores, panel.reviewers, panel.proposals))
    found = []
    if reviewers < LEAST_REVIEWERS or proposals < 2:
        found.append(
            reason(
                "ranking.calibration_too_small",
                reviewers=reviewers, proposals=proposals, least=LEAST_REVIEWERS,
            )
        )  # fmt: skip
    if len(parts) > 1:
        found.append(
            reason(
                "ranking.calibration_disconnected",
                parts=len(parts), largest=len(parts[0].proposals), proposals=proposals,
            )
        )  # fmt: skip
    if reviewers and reviews < LEAST_REVIEWS_EACH * reviewers:
        average = f"{reviews / reviewers:.1f}"
        found.append(
            reason(
                "ranking.calibration_few_reviews", average=average, least=LEAST_REVIEWS_EACH
            )
        )  # fmt: skip
    freedom = reviews - reviewers - proposals + len(parts)
    if freedom < LEAST_FREEDOM:
        found.append(reason("ranking.calibration_no_freedom", freedom=freedom, least=LEAST_FREEDOM))
    return tuple(found)


def calibrate(scores: Iterable[Scored]) -> Calibration:
    """Estimate reviewers' severity, and proposals' scores without it, from weighted scores.

    Scores that are missing are left out. Raises ``ScoreInvalid`` when a reviewer scored a proposal
    twice.
    """
    panel = panel_of(scores)
    parts = components(panel)
    faults = design_faults(panel, parts)
    if not faults and len({one.score for one in panel.scores}) == 1:
        faults = (reason("ranking.calibration_no_variation"),)
    if faults:
        return Calibration(Verdict(faults), parts, panel=panel)
    fitted = fit(panel.design(), panel.points())
    variances = Variances(
        fitted.proposal_ratio * fitted.noise, fitted.reviewer_ratio * fitted.noise, fitted.noise
    )
    # A variance on its boundary: half the mass of the statistic is at zero.
    chance = erfc(sqrt(fitted.evidence / 2)) / 2 if fitted.evidence else 1.0
    faults = _fit_faults(fitted)
    if faults:
        return Calibration(Verdict(faults), parts, variances, chance, panel=panel)
    return Calibration(
        Verdict(), parts, variances, chance,
        _estimates(panel.proposals, fitted.values, fitted.value_errors),
        _estimates(panel.reviewers, -fitted.effects, fitted.effect_errors),
        panel, fitted,
    )  # fmt: skip


def _fit_faults(fitted: Fit) -> tuple[Reason, ...]:
    found = []
    if not fitted.reviewer_ratio:
        found.append(reason("ranking.calibration_same_severity"))
    if not fitted.proposal_ratio:
        found.append(reason("ranking.calibration_same_merit"))
    if max(fitted.proposal_ratio, fitted.reviewer_ratio) > MOST / 2:
        found.append(reason("ranking.calibration_no_noise"))
    return tuple(found)


def _estimates(keys: Sequence[Key], values: Floats, errors: Floats) -> Mapping[Key, Estimate]:
    return {
        key: Estimate(hundredths(float(value)), hundredths(float(error)))
        for key, value, error in zip(keys, values, errors, strict=True)
    }


def hundredths(points: float) -> int:
    """Return points in whole hundredths, half up."""
    from math import floor

    return floor(100 * points + 0.5)
