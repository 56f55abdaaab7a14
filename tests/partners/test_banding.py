"""Scores and bands computed by hand, and performance's rules: no database at all."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundops.grants.policy_content import TIERS
from fundops.partners import lists
from fundops.partners.banding import Answered, band_of, limit_of, plain, score_of
from fundops.partners.evaluation import percent_text, reason_of
from fundops.partners.lists import FigureRule
from fundops.partners.models import BANDS
from fundops.partners.tiering import Figure, judge, moved

SHARES = {"low": 15, "medium": 30, "significant": 50}
RULES = lists.performance_rules()


def test_a_score_worked_out_by_hand() -> None:
    """A 1 counts 1 even at weight 2; what does not apply counts nothing and is not in n."""
    answers = [
        Answered("A", 2, 1),  # 1, not 2
        Answered("B", 2, 2),  # 4
        Answered("C", 1, 3),  # 3
        Answered("D", 2, 4),  # 8
        Answered("E", 2, None),
    ]
    assert score_of(answers) == (1 + 4 + 3 + 8, 4)


# n = 20: range 60, so the bands end at 20 + 9 = 29, 20 + 18 = 38 and 20 + 30 = 50.
# n = 7: range 21, so they end at 7 + 3.15 = 10.15, 7 + 6.3 = 13.3 and 7 + 10.5 = 17.5.
@pytest.mark.parametrize(
    ("score", "n", "band"),
    [
        (20, 20, "low"), (28, 20, "low"), (29, 20, "medium"), (37, 20, "medium"),
        (38, 20, "significant"), (49, 20, "significant"), (50, 20, "high"), (80, 20, "high"),
        (7, 7, "low"), (10, 7, "low"), (11, 7, "medium"), (13, 7, "medium"),
        (14, 7, "significant"), (17, 7, "significant"), (18, 7, "high"),
    ],
)  # fmt: skip
def test_bands_end_where_they_were_worked_out(score: int, n: int, band: str) -> None:
    assert band_of(score, n, SHARES) == band


def test_limits_are_exact() -> None:
    assert [plain(limit_of(7, share)) for share in SHARES.values()] == ["10.15", "13.3", "17.5"]
    assert plain(limit_of(20, 15)) == "29"


@given(st.lists(st.tuples(st.integers(1, 3), st.none() | st.integers(1, 4)), min_size=1))
def test_a_worse_answer_never_makes_a_better_band(given: list[tuple[int, int | None]]) -> None:
    answers = [Answered(str(n), weight, answer) for n, (weight, answer) in enumerate(given)]
    score, n = score_of(answers)
    assert score >= n
    if n == 0:
        return
    worst = [Answered(one.code, one.weight, None if one.answer is None else 4) for one in answers]
    before, after = band_of(score, n, SHARES), band_of(score_of(worst)[0], n, SHARES)
    assert BANDS.index(before) <= BANDS.index(after)


def test_the_shipped_lists_are_whole() -> None:
    asked = lists.questionnaire()
    assert {one.area for one in asked.questions} == set(asked.areas)
    assert len({one.code for one in asked.questions}) == len(asked.questions)
    assert list(asked.bands) == list(BANDS[:-1])
    assert all(set(kind.labels) == {"en", "fr", "es", "ar", "ru", "zh"}
               for kind in lists.checks().values())  # fmt: skip
    assert all((kind.months is None) is (kind.comes_from is not None)
               for kind in lists.checks().values())  # fmt: skip
    assert set(RULES.tiers) == set(BANDS)
    assert set(RULES.tiers.values()) <= set(TIERS)


def figure(code: str, part: int, whole: int) -> Figure:
    return Figure(code, part, whole, whole)


def test_a_figure_counts_only_beyond_its_limit_and_with_enough_behind_it() -> None:
    rule = FigureRule("late", "percent", 4, 1, ((25, 1), (50, 2)))
    expected = {(0, 3): 0, (3, 3): 0, (0, 4): -1, (1, 4): 0, (2, 4): 1, (3, 4): 2, (26, 100): 1}
    for (part, whole), points in expected.items():
        assert judge(figure("late", part, whole), rule).points == points, (part, whole)
    assert "Too little to say anything" in reason_of(judge(figure("late", 1, 3), rule))
    assert reason_of(judge(figure("late", 2, 4), rule)) == (
        "Reports and other duties handed in late: 2 of 4 (50.00 %). "
        "That is more than 25: points +1."
    )


def test_performance_moves_a_band_within_bounds() -> None:
    good = [figure("late", 0, 10), figure("ineligible", 0, 10)]
    assert (moved("medium", good, RULES).points, moved("medium", good, RULES).band) == (-2, "low")
    assert moved("low", good, RULES).steps == 0
    assert moved("high", good, RULES).tier == "high"  # significant is high as well
    assert moved("significant", good, RULES).tier == "medium"
    bad = [
        figure("late", 9, 10), figure("overdue", 3, 3), figure("returned", 3, 3),
        figure("ineligible", 9, 10), figure("unpaid_refunds", 1, 1), figure("findings", 3, 3),
    ]  # fmt: skip
    worst = moved("low", bad, RULES)
    assert (worst.points, worst.steps, worst.band, worst.tier) == (13, 2, "significant", "high")
    assert moved("low", [figure("overdue", 1, 1)], RULES).steps == 0  # one point is half a step


def test_percentages_are_rounded_half_up() -> None:
    assert percent_text(Fraction(200, 3)) == "66.67"
    assert percent_text(Fraction(1, 200)) == "0.01"
    assert percent_text(Fraction(0)) == "0.00"
