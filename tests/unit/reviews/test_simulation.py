"""Adjusting for severity brings rankings nearer the truth, on average; and where it does not."""

from __future__ import annotations

import pytest

from tests.unit.reviews.simulation import (
    AIBS,
    DESIGNS,
    SEEDS,
    Adjust,
    Outcome,
    Panels,
    adjusted,
    backwards,
    coverage_table,
    gains_table,
    outcome,
    raw,
)

LEAST_GAIN = 0.01
"""By how much the mean rank correlation over many panels must be better. Its own standard error is
about 0.003 over 200 panels, 0.006 over 60."""


def gains(found: Outcome) -> bool:
    return (
        found.adjusted - found.raw > LEAST_GAIN
        and found.adjusted_tau - found.raw_tau > LEAST_GAIN
        and found.better > 2 * found.worse
    )


@pytest.mark.parametrize("seeds", [60, pytest.param(SEEDS, marks=pytest.mark.slow)])
def test_planted_severity_is_recovered_in_panels_like_a_real_one(seeds: int) -> None:
    found = outcome(AIBS, seeds)
    assert gains(found), found
    assert found.refused < 0.1


def test_an_adjustment_that_does_nothing_or_harm_would_be_noticed() -> None:
    planted: tuple[Adjust, ...] = (backwards, lambda panel, _: raw(panel))
    assert [gains(outcome(AIBS, 30, one)) for one in (adjusted, *planted)] == [True, False, False]


def test_it_helps_more_the_more_reviewers_differ() -> None:
    more = outcome(Panels("very different", 25, 23, severity=10.0), 20)
    usual = outcome(AIBS, 20)
    assert more.adjusted - more.raw > 2 * (usual.adjusted - usual.raw)


def test_where_reviewers_do_not_differ_little_is_lost() -> None:
    found = outcome(Panels("alike", 25, 23, severity=0.0), 50)
    assert found.refused > 0.3
    assert -0.005 < found.adjusted - found.raw < LEAST_GAIN / 2


def test_where_everybody_reads_everything_there_is_nothing_to_gain() -> None:
    found = outcome(Panels("complete", 12, 5, each=5), 20)
    assert found.adjusted == pytest.approx(found.raw, abs=0.002)


@pytest.mark.slow
@pytest.mark.parametrize("panels", DESIGNS, ids=lambda panels: panels.name)
def test_no_design_loses_and_large_ones_gain(panels: Panels) -> None:
    found = outcome(panels)
    assert found.adjusted > found.raw - 0.005
    if panels.proposals >= 60 and panels.severity:
        assert gains(found), found
        assert found.better > 0.9


@pytest.mark.slow
def test_the_figures_of_the_page_are_those_printed(pytestconfig: pytest.Config) -> None:
    page = (pytestconfig.rootpath / "docs" / "scoring.md").read_text(encoding="utf-8").splitlines()
    for line in (*gains_table(), *coverage_table()):
        assert line in page
