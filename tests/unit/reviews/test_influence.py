"""Whose review decides: against doing the whole ranking again without it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from fundops.reviews import influence
from fundops.reviews.calibration import Panel, calibrate, hundredths, panel_of
from fundops.reviews.influence import Flip
from fundops.reviews.mixed import Fit
from fundops.reviews.scoring import Scored, proposal_means
from fundops.reviews.standing import Line, Standing
from fundops.reviews.verdict import Key
from tests.unit.reviews.simulation import Panels, made

SMALL = Panels("small", 12, 7, each=2)
Scores = Mapping[Key, int]


def means(scores: list[Scored]) -> Scores:
    found = proposal_means(scores)
    return {key: one.hundredths for key, one in found.items() if one.hundredths is not None}


def refitted(scores: list[Scored], fitted: Fit) -> Scores:
    panel = panel_of(scores)
    again = replace(fitted, design=panel.design()).predict(panel.points()[:, None])[0][:, 0]
    return {key: hundredths(float(v)) for key, v in zip(panel.proposals, again, strict=True)}


def flips_of(
    reviewer: Key, review_of: Key | None, line: Line, base: Scores, left: Scores
) -> list[Flip]:
    was, becomes = line(base), line(left)
    return [
        Flip(reviewer, review_of, key, was[key], becomes.get(key, Standing.UNRANKED))
        for key in was
        if becomes.get(key, Standing.UNRANKED) is not was[key]
    ]


def without_one_by_one(panel: Panel, line: Line, fitted: Fit | None) -> set[Flip]:
    """Rank again without each review and each reviewer, the long way."""
    scores = list(panel.scores)

    def ranked(kept: list[Scored]) -> Scores:
        return means(kept) if fitted is None else refitted(kept, fitted)

    base, found = ranked(scores), []
    for one in scores:
        kept = [other for other in scores if other is not one]
        found += flips_of(one.reviewer, one.proposal, line, base, ranked(kept))
    for reviewer in panel.reviewers:
        kept = [other for other in scores if other.reviewer != reviewer]
        found += flips_of(reviewer, None, line, base, ranked(kept))
    return set(found)


AMOUNTS: dict[Key, int] = {f"p{number:04}": 10 + 7 * number % 11 for number in range(12)}
LINES = [Line(4), Line(0), Line(12), Line(60, AMOUNTS), Line(1000, AMOUNTS)]


@pytest.mark.parametrize("line", LINES, ids=lambda line: str(line.available))
@pytest.mark.parametrize("seed", range(3))
def test_flips_are_those_of_ranking_again(seed: int, line: Line) -> None:
    given = made(SMALL, seed).scores
    lonely = [one for at, one in enumerate(given) if at != 7]  # one proposal with a single review
    panel = panel_of(lonely)
    found = influence.of_means(panel, line)
    assert set(found) == without_one_by_one(panel, line, None)
    assert set(influence.of_means(panel, lambda scores: line(scores))) == set(found)
    assert len(found) == len(set(found))
    if line.available == 4:
        assert {flip.becomes for flip in found} >= {Standing.ABOVE, Standing.BELOW}


@pytest.mark.parametrize("seed", [0, 2, 3, 4])
def test_flips_of_adjusted_scores_are_those_of_estimating_again(seed: int) -> None:
    given = made(Panels("small", 12, 7, each=3, severity=15), seed).scores
    lonely = [one for at, one in enumerate(given) if at not in (7, 8)]
    calibration = calibrate(lonely)
    assert calibration.panel is not None
    assert calibration.fitted is not None, calibration.verdict
    for line in (Line(4), Line(60, AMOUNTS)):
        found = influence.of_adjusted(calibration.panel, calibration.fitted, line)
        assert set(found) == without_one_by_one(calibration.panel, line, calibration.fitted)
        assert found


def test_a_decision_that_hangs_on_one_review_is_found() -> None:
    scores = [
        Scored("a", "p", 9000), Scored("b", "p", 9000), Scored("c", "p", 9000),
        Scored("a", "q", 7000), Scored("b", "q", 7000), Scored("c", "q", 1000),
        Scored("a", "s", 6000), Scored("b", "s", 6000), Scored("c", "s", 6000),
    ]  # fmt: skip
    found = influence.of_means(panel_of(scores), Line(2))
    assert Flip("c", "q", "q", Standing.BELOW, Standing.ABOVE) in found
    assert Flip("c", "q", "s", Standing.ABOVE, Standing.BELOW) in found
    assert Flip("c", None, "q", Standing.BELOW, Standing.ABOVE) in found
    assert {flip.reviewer for flip in found} == {"c"}


def test_the_only_review_leaves_a_proposal_unranked() -> None:
    scores = [Scored("a", "p", 9000), Scored("b", "q", 5000)]
    found = influence.of_means(panel_of(scores), Line(1))
    assert Flip("a", "p", "p", Standing.ABOVE, Standing.UNRANKED) in found
    assert Flip("a", "p", "q", Standing.BELOW, Standing.ABOVE) in found
    assert influence.of_means(panel_of([]), Line(1)) == ()


def test_a_wrong_update_would_be_noticed() -> None:
    """Leaving a review out without estimating the severities again gives other scores."""
    given = made(Panels("small", 12, 7, each=3, severity=15), 2).scores
    calibration = calibrate(given)
    fitted, panel = calibration.fitted, calibration.panel
    assert fitted is not None
    assert panel is not None
    free = panel.points() - fitted.effects[fitted.design.reviewer]
    kept = np.arange(len(free)) != 4
    lazy = free[kept & (fitted.design.proposal == fitted.design.proposal[4])].mean()
    again = refitted([one for at, one in enumerate(panel.scores) if at != 4], fitted)
    assert abs(hundredths(float(lazy)) - again[panel.scores[4].proposal]) > 10
