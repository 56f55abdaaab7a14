"""Whose single review, or single reviewer, a funding decision hangs on.

Each review is left out in turn, then each reviewer with all their reviews, the ranking is made
again, and every proposal whose standing changes is reported. For adjusted scores the severities and
merits are estimated anew from what is left, exactly, with the variances kept at their
estimates. A proposal left without any review is ``unranked``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from fundops.reviews.calibration import Panel
from fundops.reviews.mixed import Design, Fit
from fundops.reviews.standing import CODES, UNSCORED, Decide, Line, Standing, codes
from fundops.reviews.verdict import Key

if TYPE_CHECKING:
    from fundops.reviews.arrays import Flags, Floats, Whole

_CHUNK = 250
Labels = Sequence[tuple[Key, Key | None]]
"""Per ranking: the reviewer left out, and of which proposal, or ``None`` for all of theirs."""


@dataclass(frozen=True, slots=True)
class Flip:
    """A proposal whose standing changes without a reviewer's review of ``review_of``.

    ``review_of`` is ``None`` when all the reviewer's reviews were left out.
    """

    reviewer: Key
    review_of: Key | None
    proposal: Key
    was: Standing
    becomes: Standing


def of_means(panel: Panel, decide: Line | Decide) -> tuple[Flip, ...]:
    """Return what changes in the decision by mean scores, reviews first, then reviewers.

    Any rule will do, but it is asked once per review and reviewer; a ``Line`` is only asked where
    the answer can differ.
    """
    import numpy as np

    if not panel.scores:
        return ()
    design = panel.design()
    given = np.array([one.score for one in panel.scores], dtype=np.int64)
    totals, counts = _totals(design, given, np.ones(len(given), dtype=bool))
    base = _half_up(totals, counts)
    left = _half_up((totals[design.proposal] - given), counts[design.proposal] - 1)
    asked = np.arange(len(given))
    if isinstance(decide, Line):
        asked = asked[_crossing(base[design.proposal], left, _threshold(panel, base, decide))]

    def without_reviews() -> Iterator[tuple[Labels, Whole]]:
        for start in range(0, len(asked), _CHUNK):
            chosen = asked[start : start + _CHUNK]
            rows = np.repeat(base[None], len(chosen), axis=0)
            rows[np.arange(len(chosen)), design.proposal[chosen]] = left[chosen]
            yield _reviews(panel, chosen), rows

    def without_reviewers() -> Iterator[tuple[Labels, Whole]]:
        for number, reviewer in enumerate(panel.reviewers):
            row = _half_up(*_totals(design, given, design.reviewer != number))
            yield ((reviewer, None),), row[None]

    return _flips(panel, decide, base, chain(without_reviews(), without_reviewers()))


def of_adjusted(panel: Panel, fitted: Fit, decide: Line | Decide) -> tuple[Flip, ...]:
    """Return what changes in the decision by adjusted scores, reviews first, then reviewers."""
    import numpy as np

    points, design = panel.points(), fitted.design

    def without_reviews() -> Iterator[tuple[Labels, Whole]]:
        for start, values in _without_each_review(fitted, points):
            chosen = np.arange(start, start + len(values))
            rows = _shown(values)
            sole = np.flatnonzero(design.counts[design.proposal[chosen]] == 1)
            rows[sole, design.proposal[chosen[sole]]] = UNSCORED
            yield _reviews(panel, chosen), rows

    def without_reviewers() -> Iterator[tuple[Labels, Whole]]:
        for number, reviewer in enumerate(panel.reviewers):
            yield ((reviewer, None),), _without_reviewer(fitted, points, number)[None]

    base = _shown(fitted.values)
    return _flips(panel, decide, base, chain(without_reviews(), without_reviewers()))


def _flips(
    panel: Panel,
    decide: Line | Decide,
    base: Whole,
    rankings: Iterator[tuple[Labels, Whole]],
) -> tuple[Flip, ...]:
    import numpy as np

    was = codes(base[None], panel.proposals, decide)[0]
    found = []
    for labels, rows in rankings:
        table = codes(rows, panel.proposals, decide)
        for row, column in np.argwhere(table != was):
            before, after = CODES[was[column]], CODES[table[row, column]]
            reviewer, review_of = labels[row]
            found.append(Flip(reviewer, review_of, panel.proposals[column], before, after))
    return tuple(found)


def _reviews(panel: Panel, chosen: Whole) -> Labels:
    return [(panel.scores[at].reviewer, panel.scores[at].proposal) for at in chosen]


def _totals(design: Design, given: Whole, kept: Flags) -> tuple[Whole, Whole]:
    """Return sum and number of the scores kept, by proposal."""
    import numpy as np

    totals = np.zeros(design.proposals, dtype=np.int64)
    np.add.at(totals, design.proposal[kept], given[kept])
    return totals, np.bincount(design.proposal[kept], minlength=design.proposals)


def _half_up(totals: Whole, counts: Whole) -> Whole:
    """Return means half up, as ``scoring`` does for one; ``UNSCORED`` where there is no score."""
    import numpy as np

    safe = np.maximum(counts, 1)
    return np.where(counts > 0, (2 * totals + safe) // (2 * safe), UNSCORED)


def _shown(points: Floats) -> Whole:
    import numpy as np

    return np.floor(100 * points + 0.5).astype(np.int64)


def _threshold(panel: Panel, base: Whole, line: Line) -> int | None:
    return line.threshold(dict(zip(panel.proposals, base.tolist(), strict=True)))


def _crossing(before: Whole, after: Whole, threshold: int | None) -> Flags:
    """Return where a score touches or crosses the line; elsewhere every standing stays.

    A score that is lost is asked about in any case.
    """
    import numpy as np

    lost: Flags = after == UNSCORED
    if threshold is None:
        return lost
    over = np.minimum(before, after) > threshold
    under = np.maximum(before, after) < threshold
    crossing: Flags = (~over & ~under) | lost
    return crossing


def _without_each_review(fitted: Fit, points: Floats) -> Iterator[tuple[int, Floats]]:
    """Yield, from which review on, rows of all values without each of some reviews.

    Leaving one score out takes D / (D - 1) v v' from the equations of the mean and the reviewers,
    where D = n + vn / vp of its proposal and v is its row less its proposal's row / D; so the
    solution moves by a multiple of the inverse times v.
    """
    import numpy as np

    design = fitted.design
    depth = design.counts + 1 / fitted.proposal_ratio
    by_proposal, right = (sums[:, 0] for sums in design.sums(points[:, None]))
    solution = fitted.inverse @ (right - design.table.T @ (by_proposal / depth))
    for start in range(0, len(points), _CHUNK):
        chosen = slice(start, start + _CHUNK)
        own, reader, score = design.proposal[chosen], design.reviewer[chosen], points[chosen]
        rows, deep = np.arange(len(own)), depth[own]
        vector = -design.table[own] / deep[:, None]
        vector[:, 0] += 1
        vector[rows, 1 + reader] += 1
        scale = deep / (deep - 1)
        moved = vector @ fitted.inverse
        lever = 1 - scale * (moved * vector).sum(axis=1)
        rest = score - by_proposal[own] / deep - vector @ solution
        without = solution - moved * (scale * rest / lever)[:, None]
        values = without[:, :1] + (by_proposal - without @ design.table.T) / depth
        fitted_own = (without * design.table[own]).sum(axis=1) - without[:, 0]
        fitted_own -= without[rows, 1 + reader]
        values[rows, own] = without[:, 0] + (by_proposal[own] - score - fitted_own) / (deep - 1)
        yield start, values


def _without_reviewer(fitted: Fit, points: Floats, reviewer: int) -> Whole:
    """Return the values as shown without one reviewer; ``UNSCORED`` where no score is left."""
    import numpy as np

    design = fitted.design
    kept = design.reviewer != reviewer
    left, proposal = np.unique(design.proposal[kept], return_inverse=True)
    readers, reader = np.unique(design.reviewer[kept], return_inverse=True)
    smaller = Design(proposal, reader, len(left), len(readers))
    values = replace(fitted, design=smaller).predict(points[kept][:, None])[0][:, 0]
    found = np.full(design.proposals, UNSCORED)
    found[left] = _shown(values)
    return found
