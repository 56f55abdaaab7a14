"""The whole ranking: raw first and always, adjusted beside it or absent with reasons."""

from __future__ import annotations

import ast
import tomllib
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from string import Formatter

import pytest

import fundops.reviews
from fundops.messages import catalogue
from fundops.reviews.assignment import Reader, ToRead, assign
from fundops.reviews.ranking import Ranking, rank
from fundops.reviews.scoring import Scored
from fundops.reviews.standing import Line, Standing
from tests.unit.reviews.simulation import AIBS, Panels, made


def test_raw_and_adjusted_stand_beside_each_other() -> None:
    panel = made(AIBS, 1)
    found = rank(panel.scores, Line(6), seed=9, draws=200)
    assert [row.raw.place.number for row in found.rows] == sorted(
        row.raw.place.number for row in found.rows
    )
    assert found.uncertainty.seed == 9
    assert found.calibration.verdict.possible
    assert any(
        row.adjusted is not None and row.adjusted.place.number != row.raw.place.number
        for row in found.rows
    )
    for row in found.rows:
        assert row.adjusted is not None
        assert row.estimate is not None
        assert row.raw.doubt is not None
        assert row.adjusted.doubt is not None
        assert row.raw.standing in {Standing.ABOVE, Standing.TIED, Standing.BELOW}
    given = [one.score or 0 for one in panel.scores if one.proposal == found.rows[0].proposal]
    assert found.rows[0].mean.mean == Fraction(sum(given), 3)
    assert found.flips
    assert found.adjusted_flips


def test_the_same_scores_and_seed_give_the_same_ranking() -> None:
    panel = made(AIBS, 1)
    first, second = (rank(order, Line(6), 3, 100) for order in (panel.scores, panel.scores[::-1]))
    assert (first.rows, set(first.flips)) == (second.rows, set(second.flips))


def without_severity() -> Ranking:
    scores = [
        Scored(f"r{p}{r}", f"p{p}", 5000 + 700 * p + 100 * r) for p in range(4) for r in (1, 2)
    ]
    return rank([*scores, Scored("r", "q", None)], None, seed=1, draws=50)


def test_refused_adjustment_leaves_nothing_that_looks_adjusted() -> None:
    found = without_severity()
    assert not found.calibration.verdict.possible
    assert found.adjusted_uncertainty is None
    assert found.adjusted_flips == found.flips == ()
    assert all(row.adjusted is None and row.estimate is None for row in found.rows)
    assert [str(row.proposal) for row in found.rows] == ["p3", "p2", "p1", "p0"]
    assert all(row.raw.standing is None for row in found.rows)


def test_a_proposal_without_scores_is_named_and_not_ranked() -> None:
    assert without_severity().unscored == ("q",)
    empty = rank([], Line(1), seed=1)
    assert (empty.rows, empty.unscored, empty.flips) == ((), (), ())


def reasons_given() -> dict[str, set[str]]:
    """Return the key of every reason that the package gives, with the names of its facts."""
    found: dict[str, set[str]] = {}
    for path in Path(fundops.reviews.__file__).parent.glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "reason":
                key = ast.literal_eval(call.args[0])
                found.setdefault(key, set()).update(word.arg for word in call.keywords if word.arg)
    return found


def test_every_reason_has_its_sentence_and_every_sentence_its_facts() -> None:
    given = reasons_given()
    assert len(given) > 10
    for key, facts in given.items():
        asked = {name for _, name, _, _ in Formatter().parse(catalogue()[key]) if name}
        assert asked == facts, key
    own = files("fundops.messages").joinpath("en", "ranking.toml").read_text(encoding="utf-8")
    assert set(tomllib.loads(own)) >= set(given)


@pytest.mark.slow
def test_a_large_call_is_ranked_and_assigned_whole() -> None:
    """The size that the figures of ``docs/scoring.md`` are of."""
    panel = made(Panels("large", 2000, 60, uneven=0.0), 1)
    found = rank(panel.scores, Line(200), seed=1)
    assert len(found.rows) == 2000
    assert found.calibration.verdict.possible
    proposals = [
        ToRead(f"p{n:04}", 3, "en", frozenset({"014"}), {1 + n % 10: 60, 1 + n % 7: 40})
        for n in range(2000)
    ]
    readers = [
        Reader(f"r{n:03}", 130, frozenset({"en"}), frozenset({"014"}), frozenset({1 + n % 10}))
        for n in range(60)
    ]
    plan = assign(proposals, readers)
    assert len(plan.pairs) == 6000
    assert plan.is_optimal
