"""Severity by a mixed model: against a plain dense computation, and when it is refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize

from fundops.messages import text
from fundops.reviews.calibration import calibrate, components, panel_of
from fundops.reviews.mixed import Design, fit
from fundops.reviews.scoring import Scored, ScoreInvalid
from tests.unit.reviews.simulation import Panels, made

Floats = NDArray[np.float64]


def scores(*rows: tuple[str, str, int | None]) -> list[Scored]:
    return [Scored(reviewer, proposal, score) for reviewer, proposal, score in rows]


def dense(design: Design, points: Floats) -> tuple[Floats, Floats, Floats]:
    """Return variances, values and effects from the textbook's matrices, by a general search."""
    of_proposal = np.eye(design.proposals)[design.proposal]
    of_reviewer = np.eye(design.reviewers)[design.reviewer]
    ones = np.ones(len(points))

    def parts(logs: Floats) -> tuple[float, Floats, float, Floats]:
        merit, severity, noise = np.exp(logs)
        cover = merit * of_proposal @ of_proposal.T + severity * of_reviewer @ of_reviewer.T
        cover += noise * np.eye(len(points))
        inverse = np.linalg.inv(cover)
        weight = float(ones @ inverse @ ones)
        mean = float(ones @ inverse @ points) / weight
        rest = inverse @ (points - mean)
        value = np.linalg.slogdet(cover)[1] + np.log(weight) + (points - mean) @ rest
        return float(value), np.array([merit, severity, noise]), mean, rest

    start = np.log(np.full(3, points.var() / 3))
    options = {"xatol": 1e-9, "fatol": 1e-11, "maxiter": 4000}
    found = minimize(lambda logs: parts(logs)[0], start, method="Nelder-Mead", options=options)
    _, variances, mean, rest = parts(found.x)
    values = mean + variances[0] * of_proposal.T @ rest
    return variances, values, variances[1] * of_reviewer.T @ rest


@pytest.mark.parametrize("seed", range(3))
def test_the_fit_is_that_of_the_textbooks_matrices(seed: int) -> None:
    panel = panel_of(made(Panels("small", 14, 9, severity=8), seed).scores)
    design, points = panel.design(), panel.points()
    found = fit(design, points)
    variances, values, effects = dense(design, points)
    ratios = np.array([found.proposal_ratio, found.reviewer_ratio, 1])
    assert ratios * found.noise == pytest.approx(variances, rel=1e-4)
    assert found.values == pytest.approx(values, abs=1e-3)
    assert found.effects == pytest.approx(effects, abs=1e-3)


def test_errors_are_those_of_the_full_equations() -> None:
    panel = panel_of(made(Panels("small", 14, 9, severity=8), 1).scores)
    design = panel.design()
    found = fit(design, panel.points())
    rows = np.hstack(
        [
            np.ones((len(panel.scores), 1)),
            np.eye(design.proposals)[design.proposal],
            np.eye(design.reviewers)[design.reviewer],
        ]
    )
    full = rows.T @ rows
    at = np.arange(1, 1 + design.proposals)
    full[at, at] += 1 / found.proposal_ratio
    at = np.arange(1 + design.proposals, len(full))
    full[at, at] += 1 / found.reviewer_ratio
    cover = np.linalg.inv(full) * found.noise
    value = cover[0, 0] + 2 * cover[0, 1:15] + np.diag(cover)[1:15]
    assert found.value_errors == pytest.approx(np.sqrt(value))
    assert found.effect_errors == pytest.approx(np.sqrt(np.diag(cover)[15:]))


def test_a_severe_reviewer_is_found_and_their_proposals_lifted() -> None:
    panel = made(Panels("clear", 40, 8, severity=0.0, noise=3.0), 5)
    harsh = [
        Scored(one.reviewer, one.proposal, (one.score or 0) - 1500 * (one.reviewer == "r002"))
        for one in panel.scores
    ]
    found = calibrate(harsh)
    assert found.verdict.possible
    assert found.severity is not None
    assert found.adjusted is not None
    severity = {key: one.hundredths for key, one in found.severity.items()}
    assert severity.pop("r002") - sum(severity.values()) / 7 == pytest.approx(1500, abs=400)
    assert abs(sum(one.hundredths for one in found.severity.values())) < 10
    assert found.chance is not None
    assert found.chance < 1e-6


def test_the_order_of_reviews_changes_nothing() -> None:
    given = list(made(Panels("small", 14, 9), 3).scores)
    before = calibrate(given)
    assert calibrate(given[::-1]).adjusted == before.adjusted
    assert calibrate(given[5:] + given[:5]).severity == before.severity
    missing = [*given, Scored("r000", "p-none", None)]
    assert calibrate(missing).adjusted == before.adjusted


def test_adjusted_scores_are_drawn_towards_the_mean() -> None:
    found = calibrate(made(Panels("small", 30, 9, noise=15), 3).scores)
    assert found.fitted is not None
    assert found.panel is not None
    design, points = found.fitted.design, found.panel.points()
    free = points - found.fitted.effects[design.reviewer]
    means = np.add.reduceat(free, design.starts) / design.counts
    assert found.fitted.values.std() < 0.9 * means.std()


CASES: dict[str, Callable[[], list[Scored]]] = {
    "ranking.calibration_too_small": lambda: [
        Scored(f"r{r}", f"p{p}", 100 * p + 37 * r) for p in range(9) for r in range(2)
    ],
    "ranking.calibration_disconnected": lambda: [
        Scored(f"r{r + 4 * (p // 9)}", f"p{p:02}", 500 + 91 * p % 700 + 10 * r)
        for p in range(18)
        for r in range(4)
    ],
    "ranking.calibration_few_reviews": lambda: [
        Scored(f"r{(3 * p + r) % 40}", f"p{p:02}", 100 * p + r) for p in range(20) for r in range(3)
    ],
    "ranking.calibration_no_freedom": lambda: [
        Scored(f"r{r % 4}", f"p{p}", 100 * p + r) for p in range(4) for r in (p, p + 1)
    ],
    "ranking.calibration_no_variation": lambda: [
        Scored(f"r{r}", f"p{p}", 5000) for p in range(9) for r in range(4)
    ],
    "ranking.calibration_same_severity": lambda: [
        Scored(f"r{r}", f"p{p}", 1000 * p + (300 if (p + r) % 2 else -300))
        for p in range(8)
        for r in range(4)
    ],
    "ranking.calibration_same_merit": lambda: [
        Scored(f"r{r}", f"p{p}", 5000 + 1000 * r + (300 if (p + r) % 2 else -300))
        for p in range(8)
        for r in range(4)
    ],
    "ranking.calibration_no_noise": lambda: [
        Scored(f"r{r}", f"p{p}", 1000 + 500 * p + 300 * r) for p in range(8) for r in range(4)
    ],
}


@pytest.mark.parametrize("key", CASES)
def test_what_cannot_be_estimated_is_refused_with_the_reason(key: str) -> None:
    found = calibrate(CASES[key]())
    assert not found.verdict.possible
    assert key in {why.message_key for why in found.verdict.reasons}
    assert found.adjusted is None
    assert found.severity is None
    assert found.scores is None
    for why in found.verdict.reasons:
        sentence = text(why.message_key, **why.params)
        assert sentence.endswith(".")
        assert "{" not in sentence


def test_a_panel_that_allows_it_is_not_refused() -> None:
    found = calibrate(made(Panels("usual", 25, 23), 1).scores)
    assert found.verdict.possible
    assert found.scores is not None
    assert set(found.scores) == {f"p{number:04}" for number in range(25)}


def test_nothing_at_all_is_refused_without_an_error() -> None:
    assert not calibrate([]).verdict.possible
    assert not calibrate(scores(("a", "p", None))).verdict.possible


def test_separate_parts_are_named() -> None:
    panel = panel_of(
        scores(("a", "p", 1), ("b", "p", 2), ("b", "q", 3), ("c", "x", 4), ("d", "y", None))
    )
    first, second = components(panel)
    assert (first.reviewers, first.proposals) == (("a", "b"), ("p", "q"))
    assert (second.reviewers, second.proposals) == (("c",), ("x",))


def test_a_reviewer_cannot_score_twice() -> None:
    with pytest.raises(ScoreInvalid):
        calibrate(scores(("a", "p", 1), ("a", "p", 2)))
