"""The crossed model: score = mean + proposal + reviewer + noise, by restricted likelihood.

Proposals, reviewers and noise are independent with variances vp, vr and ve. Written with the
ratios a = vp / ve and b = vr / ve, minus twice the restricted log-likelihood, ve profiled out, is

    (N - 1) log Q + log|V| + log|1'V⁻¹1|,     V = I + a Zp Zp' + b Zr Zr',

with Q the generalised sum of squares around the fitted mean. Proposals are eliminated by hand,
(I + a Zp Zp')⁻¹ = I - Zp diag(a / (1 + a n)) Zp', so that only a matrix of the size of the pool of
reviewers is ever decomposed. Its eigenvalues for one ``a`` give the likelihood for every ``b``,
which leaves a search along one line. No starting values and no random numbers: the same scores
give the same answer. The predictors are Henderson's (best linear unbiased predictors).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from fundops.reviews.arrays import Floats, Whole

LEAST, MOST = 1e-6, 1e6
"""Ratios searched; below counts as zero, and at the upper end there is no noise to speak of."""
_DECADES, _GRID, _CLOSE = 13, 49, 1e-7


@dataclass(frozen=True)
class Design:
    """Who reviewed what: number of the proposal and of the reviewer of each score.

    Numbers count from 0 without gaps, and scores are in order of their proposals.
    """

    proposal: Whole
    reviewer: Whole
    proposals: int
    reviewers: int

    @cached_property
    def counts(self) -> Floats:
        """How many scores each proposal has."""
        import numpy as np

        return np.bincount(self.proposal, minlength=self.proposals).astype(float)

    @cached_property
    def starts(self) -> Whole:
        """Where each proposal's scores begin."""
        import numpy as np

        return np.searchsorted(self.proposal, np.arange(self.proposals))

    @cached_property
    def table(self) -> Floats:
        """Per proposal: how many scores, then how many of each reviewer."""
        import numpy as np

        table = np.zeros((self.proposals, 1 + self.reviewers))
        table[:, 0] = self.counts
        np.add.at(table, (self.proposal, 1 + self.reviewer), 1.0)
        return table

    @cached_property
    def cross(self) -> Floats:
        """The products of the columns of the mean and the reviewers."""
        import numpy as np

        loads = self.table[:, 1:].sum(axis=0)
        cross = np.diag(np.concatenate(([len(self.proposal)], loads))).astype(float)
        cross[0, 1:] = cross[1:, 0] = loads
        return cross

    @cached_property
    def squares(self) -> list[tuple[float, Floats]]:
        """For each number of scores a proposal has: the products of the rows of such proposals."""
        import numpy as np

        found = []
        for count in np.unique(self.counts):
            rows = self.table[self.counts == count]
            found.append((float(count), rows.T @ rows))
        return found

    def eliminated(self, ratio: float) -> Floats:
        """Return ``cross`` with the proposals eliminated, at vp / ve = ``ratio``."""
        left = self.cross.copy()
        for count, square in self.squares:
            left -= ratio / (1 + ratio * count) * square
        return left

    def sums(self, scores: Floats) -> tuple[Floats, Floats]:
        """Return sums of ``scores`` (a column per panel): by proposal; overall and by reviewer."""
        import numpy as np

        by_proposal = np.add.reduceat(scores, self.starts, axis=0)
        order = np.argsort(self.reviewer, kind="stable")
        begins = np.searchsorted(self.reviewer[order], np.arange(self.reviewers))
        by_reviewer = np.add.reduceat(scores[order], begins, axis=0)
        return by_proposal, np.concatenate((by_proposal.sum(axis=0)[None], by_reviewer))


@dataclass(frozen=True)
class Fit:
    """Fitted variances and predictors, in the units of the scores.

    ``evidence`` is twice the gain in restricted log-likelihood from reviewers differing at all.
    ``values`` are the mean plus each proposal's predictor, ``effects`` the reviewers' predictors.
    """

    design: Design
    proposal_ratio: float
    reviewer_ratio: float
    noise: float
    evidence: float
    values: Floats
    effects: Floats

    @cached_property
    def inverse(self) -> Floats:
        """The inverse of the equations of the mean and the reviewers, proposals eliminated."""
        import numpy as np

        left = equations(self.design, self.proposal_ratio, self.reviewer_ratio)
        return np.linalg.inv(left).astype(np.float64)

    @cached_property
    def value_errors(self) -> Floats:
        """Standard errors of prediction of ``values``; both ratios must be above zero."""
        import numpy as np

        depth = self.design.counts + 1 / self.proposal_ratio
        lever = -self.design.table / depth[:, None]
        lever[:, 0] += 1
        spread = np.einsum("ij,jk,ik->i", lever, self.inverse, lever, optimize=True)
        errors: Floats = np.sqrt(self.noise * (1 / depth + spread))
        return errors

    @cached_property
    def effect_errors(self) -> Floats:
        """Standard errors of prediction of ``effects``."""
        import numpy as np

        errors: Floats = np.sqrt(self.noise * np.diag(self.inverse)[1:])
        return errors

    def predict(self, scores: Floats) -> tuple[Floats, Floats]:
        """Return values and effects for other scores of the same design, a column per panel.

        The fitted variances are kept, so this is a linear map.
        """
        by_proposal, right = self.design.sums(scores)
        factor = self.proposal_ratio / (1 + self.proposal_ratio * self.design.counts)
        right -= self.design.table.T @ (factor[:, None] * by_proposal)
        solution = self.inverse @ right
        values = factor[:, None] * (by_proposal - self.design.table @ solution) + solution[0]
        return values, solution[1:]


def equations(design: Design, proposal_ratio: float, reviewer_ratio: float) -> Floats:
    """Return the equations of the mean and the reviewers with the proposals eliminated."""
    import numpy as np

    left = design.eliminated(proposal_ratio)
    left[np.arange(1, len(left)), np.arange(1, len(left))] += 1 / reviewer_ratio
    return left


class _Profile:
    """The likelihood along the reviewers' ratio, for one ratio of the proposals."""

    def __init__(
        self, design: Design, sums: tuple[Floats, Floats], squares: float, ratio: float
    ) -> None:
        """Take sums by proposal and by reviewer of scores whose squares sum to ``squares``."""
        import numpy as np

        factor = ratio / (1 + ratio * design.counts)
        by_proposal, right = sums
        self.left = design.eliminated(ratio)
        self.right = right - design.table.T @ (factor * by_proposal)
        mean = self.right[0] ** 2 / self.left[0, 0]
        self.squares = float(squares - factor @ by_proposal**2 - mean)
        self.floor = 1e-12 * squares
        self.freedom = len(design.proposal) - 1
        self.constant = float(np.log1p(ratio * design.counts).sum() + np.log(self.left[0, 0]))

    @cached_property
    def spectrum(self) -> tuple[Floats, Floats]:
        """What reviewers explain, by independent directions: eigenvalues and squared parts."""
        import numpy as np
        from scipy.linalg import eigh

        left, right = self.left, self.right
        inner = left[1:, 1:] - np.outer(left[1:, 0], left[0, 1:]) / left[0, 0]
        roots, axes = eigh((inner + inner.T) / 2, driver="evr", check_finite=False)
        parts = axes.T @ (right[1:] - left[1:, 0] * right[0] / left[0, 0])
        return np.maximum(roots, 0.0), parts**2

    def alone(self) -> float:
        """Return the criterion without reviewers' effects."""
        import numpy as np

        return float(self.freedom * np.log(max(self.squares, self.floor)) + self.constant)

    def residual(self, ratios: Floats) -> Floats:
        """Return Q at each of the reviewers' ratios, kept above rounding noise."""
        import numpy as np

        roots, parts = self.spectrum
        explained = (parts / (1 + ratios[:, None] * roots)).sum(axis=1)
        residual: Floats = np.maximum(self.squares - ratios * explained, self.floor)
        return residual

    def criterion(self, ratios: Floats) -> Floats:
        """Return minus twice the profiled restricted log-likelihood, up to a constant."""
        import numpy as np

        determinant = np.log1p(ratios[:, None] * self.spectrum[0]).sum(axis=1)
        criterion: Floats = self.freedom * np.log(self.residual(ratios)) + determinant
        criterion += self.constant
        return criterion

    def lowest(self) -> tuple[float, float]:
        """Return the best of the reviewers' ratios, and the criterion there.

        A grid in the logarithm, then ever finer grids around the best point.
        """
        import numpy as np

        at, width = np.log(LEAST * MOST) / 2, np.log(MOST / LEAST) / 2
        points, value = _GRID, np.inf
        while width > _CLOSE:
            grid = np.clip(at + width * np.linspace(-1, 1, points), np.log(LEAST), np.log(MOST))
            found = self.criterion(np.exp(grid))
            best = int(found.argmin())
            at, value = float(grid[best]), float(found[best])
            width, points = 2 * width / (points - 1), 9
        return _or_zero(float(np.exp(at)), value, self.alone())


def _or_zero(ratio: float, value: float, at_zero: float) -> tuple[float, float]:
    """Return zero unless the likelihood says otherwise: it wins ties."""
    return (0.0, at_zero) if at_zero <= value + 1e-9 else (ratio, value)


def _lowest(criterion: Callable[[float], float]) -> tuple[float, float]:
    """Return where ``criterion`` is lowest, at 0 or a ratio searched, and its value there."""
    import numpy as np
    from scipy.optimize import minimize_scalar

    grid = np.linspace(np.log(LEAST), np.log(MOST), _DECADES)
    found = [criterion(float(np.exp(point))) for point in grid]
    best = int(np.argmin(found))
    near = minimize_scalar(
        lambda point: criterion(float(np.exp(point))),
        bounds=(grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]),
        method="bounded",
        options={"xatol": _CLOSE},
    )
    at, value = float(grid[best]), found[best]
    if near.fun < value:
        at, value = float(near.x), float(near.fun)
    return _or_zero(float(np.exp(at)), value, criterion(0.0))


def fit(design: Design, scores: Floats) -> Fit:
    """Fit the model. Scores must vary; a ratio of 0 means that its variance is estimated as 0.

    Where a ratio is 0 there are no predictors: values are the mean, and effects 0.
    """
    import numpy as np

    centre = scores.mean()
    centred = scores - centre
    by_proposal, right = (sums[:, 0] for sums in design.sums(centred[:, None]))
    squares = float(centred @ centred)

    def profile(ratio: float) -> _Profile:
        return _Profile(design, (by_proposal, right), squares, ratio)

    proposal_ratio = _lowest(lambda ratio: profile(ratio).lowest()[1])[0]
    best = profile(proposal_ratio)
    reviewer_ratio, value = best.lowest()
    without = _lowest(lambda ratio: profile(ratio).alone())[1]
    noise = float(best.residual(np.array([reviewer_ratio]))[0]) / best.freedom
    values, effects = np.full(design.proposals, centre), np.zeros(design.reviewers)
    evidence = max(without - value, 0.0)
    found = Fit(design, proposal_ratio, reviewer_ratio, noise, evidence, values, effects)
    if proposal_ratio and reviewer_ratio:
        column, effect = found.predict(centred[:, None])
        values += column[:, 0]
        effects += effect[:, 0]
    return found
