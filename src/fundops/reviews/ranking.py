"""The ranking of a call: raw and adjusted beside each other, how sure, and on whom it hangs.

The raw mean is always there and always first; adjusted scores are an addition with its own places,
intervals and standings, or absent with the reasons. This module puts the pieces together and
computes nothing of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fundops.reviews import influence, uncertainty
from fundops.reviews.agreement import Agreement, alpha, by_proposal, one_way
from fundops.reviews.calibration import Calibration, Estimate, calibrate, panel_of
from fundops.reviews.influence import Flip
from fundops.reviews.scoring import Mean, Scored, proposal_means
from fundops.reviews.standing import Line, Place, Standing, places
from fundops.reviews.uncertainty import DRAWS, Doubt, Uncertainty
from fundops.reviews.verdict import Key


@dataclass(frozen=True, slots=True)
class Ranked:
    """One proposal in one ranking; standing and doubt where a line and draws allow them."""

    place: Place
    standing: Standing | None
    doubt: Doubt | None


@dataclass(frozen=True, slots=True)
class Row:
    """One proposal: its mean score and rank by it; the same adjusted, or ``None``."""

    proposal: Key
    mean: Mean
    raw: Ranked
    estimate: Estimate | None
    adjusted: Ranked | None


@dataclass(frozen=True, slots=True)
class Ranking:
    """A call's ranking, rows by raw place; ``unscored`` are proposals without any score.

    ``flips`` and ``adjusted_flips`` are empty when no line was given.
    """

    rows: tuple[Row, ...]
    unscored: tuple[Key, ...]
    calibration: Calibration
    alpha: Agreement
    one_way: Agreement
    uncertainty: Uncertainty
    adjusted_uncertainty: Uncertainty | None
    flips: tuple[Flip, ...]
    adjusted_flips: tuple[Flip, ...]


def rank(scores: Iterable[Scored], line: Line | None, seed: int, draws: int = DRAWS) -> Ranking:
    """Rank proposals by weighted scores of reviews, in every way this package knows.

    ``seed`` is a whole number of zero or more, to be kept with the result. Raises ``ScoreInvalid``
    when a reviewer scored a proposal twice, ``KeyError`` when the line lacks a proposal's amount.
    """
    given = list(scores)
    panel = panel_of(given)
    means = proposal_means(given)
    raw = {key: shown for key, mean in means.items() if (shown := mean.hundredths) is not None}
    calibration = calibrate(given)
    adjusted, fitted = calibration.scores, calibration.fitted
    doubts = uncertainty.of_means(panel, line, seed, draws)
    adjusted_doubts = None
    adjusted_flips: tuple[Flip, ...] = ()
    by_adjusted: Mapping[Key, Ranked] = {}
    if adjusted is not None and fitted is not None:
        adjusted_doubts = uncertainty.of_adjusted(panel, fitted, line, seed, draws)
        adjusted_flips = influence.of_adjusted(panel, fitted, line) if line else ()
        by_adjusted = _ranked(adjusted, line, adjusted_doubts)
    estimates = calibration.adjusted or {}
    units = by_proposal(given)
    return Ranking(
        tuple(
            Row(key, means[key], ranked, estimates.get(key), by_adjusted.get(key))
            for key, ranked in _ranked(raw, line, doubts).items()
        ),
        tuple(key for key in means if key not in raw),
        calibration,
        alpha(units),
        one_way(units),
        doubts,
        adjusted_doubts,
        influence.of_means(panel, line) if line else (),
        adjusted_flips,
    )


def _ranked(
    scores: Mapping[Key, int], line: Line | None, doubts: Uncertainty
) -> Mapping[Key, Ranked]:
    standings = line(scores) if line else {}
    return {
        key: Ranked(place, standings.get(key), doubts.doubts.get(key))
        for key, place in places(scores).items()
    }
