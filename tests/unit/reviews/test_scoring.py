"""Weighted scores, missing marks, scales that run either way, divergence: exact and half up."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundops.reviews.scoring import (
    BEST,
    Criterion,
    Mark,
    Mean,
    Review,
    Scored,
    ScoreInvalid,
    criterion_means,
    divergence,
    half_up,
    mean_of,
    proposal_means,
    scored,
    weighted_score,
)


def scale(key: str, weight: int, best: Literal["high", "low"] = "high") -> Criterion:
    return Criterion(key, weight, 100, 500, 50, best)


FIT, PLAN, COST = scale("fit", 5000), scale("plan", 3000), scale("cost", 2000, "low")


def marks(**scores: int | None) -> tuple[Mark, ...]:
    return tuple(Mark(key, score) for key, score in scores.items())


def test_a_score_computed_by_hand() -> None:
    found = weighted_score((FIT, PLAN, COST), marks(fit=450, plan=300, cost=150))
    # 0.5 x 87.5 + 0.3 x 50 + 0.2 x 87.5
    assert found.hundredths == 7625
    assert found.exact == Fraction(7625, 100)
    assert found.missing == ()


def test_a_missing_mark_renormalises_and_is_named() -> None:
    found = weighted_score((FIT, PLAN, COST), marks(fit=450, plan=None))
    assert found.hundredths == 8750
    assert found.missing == ("plan", "cost")
    zero_in_its_place = half_up(Fraction(5000 * 875 * 10, 10000))
    assert found.hundredths != zero_in_its_place


def test_nothing_marked_is_no_score() -> None:
    found = weighted_score((FIT, PLAN), ())
    assert (found.hundredths, found.exact, found.missing) == (None, None, ("fit", "plan"))
    weightless = Criterion("note", 0, 0, 100, 1)
    assert weighted_score((weightless,), marks(note=50)).hundredths is None


@pytest.mark.parametrize(
    ("score", "shown"),
    [(1, 5), (0, 0), (1999, 9995), (2000, 10000), (667, 3335)],
)
def test_exact_halves_go_up(score: int, shown: int) -> None:
    assert weighted_score((Criterion("c", 10000, 0, 2000, 1),), marks(c=score)).hundredths == shown


def test_halves_of_hundredths_go_up_and_never_to_even() -> None:
    eighths = Criterion("c", 10000, 0, 80_000, 1)
    assert [
        weighted_score((eighths,), (Mark("c", score),)).hundredths for score in (4, 12, 20, 3)
    ] == [1, 2, 3, 0]
    assert [half_up(Fraction(n, 2)) for n in (1, 3, 5, -1, -3)] == [1, 2, 3, 0, -1]


@pytest.mark.parametrize(
    ("given_marks", "problem"),
    [
        ((Mark("none", 100),), "unknown_criterion"),
        ((Mark("fit", 100), Mark("fit", 200)), "marked_twice"),
        ((Mark("fit", 550),), "off_scale"),
        ((Mark("fit", 50),), "off_scale"),
        ((Mark("fit", 120),), "off_step"),
    ],
)
def test_impossible_marks_are_refused(given_marks: tuple[Mark, ...], problem: str) -> None:
    with pytest.raises(ScoreInvalid) as caught:
        weighted_score((FIT,), given_marks)
    assert caught.value.problem == problem


@pytest.mark.parametrize(
    ("low", "high", "step", "weight"), [(1, 1, 1, 1), (0, 9, 0, 1), (0, 9, 1, -1)]
)
def test_impossible_criteria_are_refused(low: int, high: int, step: int, weight: int) -> None:
    with pytest.raises(ValueError, match="no usable scale"):
        Criterion("c", weight, low, high, step)


def test_a_second_review_by_the_same_person_does_not_count_double() -> None:
    twice = [Review("r", "p", marks(fit=100)), Review("r", "p", marks(fit=500))]
    with pytest.raises(ScoreInvalid) as caught:
        scored((FIT,), twice)
    assert caught.value.problem == "reviewed_twice"


def test_means_are_of_what_is_there() -> None:
    reviews = [
        Review("a", "p", marks(fit=450, plan=None)),
        Review("b", "p", marks(fit=300)),
        Review("c", "q", ()),
    ]
    means = criterion_means((FIT, PLAN), reviews)
    assert means["fit"] == Mean(Fraction(375), 2, 1)
    assert (means["plan"].mean, means["plan"].hundredths, means["plan"].missing) == (None, None, 3)
    by_proposal = proposal_means(scored((FIT, PLAN), reviews))
    assert by_proposal["p"].hundredths == 6875
    assert by_proposal["q"].mean is None


def test_divergence_names_both_ends() -> None:
    found = divergence({"a": 7000, "b": 4000, "c": 7000, "d": None}, 2999)
    assert found is not None
    assert (found.spread, found.highest, found.lowest) == (3000, ("a", "c"), ("b",))
    assert found.exceeds
    at_it = divergence({"a": 7000, "b": 4000}, 3000)
    assert at_it is not None
    assert not at_it.exceeds
    without = divergence({"a": 0, "b": 10000}, None)
    assert without is not None
    assert not without.exceeds
    assert divergence({"a": 7000, "b": None}, 10) is None


@st.composite
def marked(draw: st.DrawFn) -> tuple[tuple[Criterion, ...], tuple[Mark, ...]]:
    """Draw criteria on various scales, and marks on them, some missing."""
    criteria, given_marks = [], []
    for number in range(draw(st.integers(1, 6))):
        step = draw(st.integers(1, 50))
        steps = draw(st.integers(1, 40))
        lowest = draw(st.integers(-500, 500))
        best: Literal["high", "low"] = "high" if draw(st.booleans()) else "low"
        weight = draw(st.integers(0, 10_000))
        criteria.append(Criterion(f"c{number}", weight, lowest, lowest + step * steps, step, best))
        at = draw(st.none() | st.integers(0, steps))
        given_marks.append(Mark(f"c{number}", None if at is None else lowest + step * at))
    return tuple(criteria), tuple(given_marks)


def mirrored(criterion: Criterion) -> Criterion:
    best: Literal["high", "low"] = "low" if criterion.best == "high" else "high"
    return Criterion(
        criterion.key, criterion.weight, criterion.lowest, criterion.highest, criterion.step, best
    )


@given(marked())
def test_scores_stay_within_0_and_100(case: tuple[tuple[Criterion, ...], tuple[Mark, ...]]) -> None:
    found = weighted_score(*case)
    assert found.hundredths is None or 0 <= found.hundredths <= BEST


@given(marked())
def test_turning_a_scale_and_its_marks_changes_nothing(
    case: tuple[tuple[Criterion, ...], tuple[Mark, ...]],
) -> None:
    criteria, given_marks = case
    turned = tuple(
        Mark(m.criterion, None if m.score is None else c.lowest + c.highest - m.score)
        for c, m in zip(criteria, given_marks, strict=True)
    )
    again = tuple(map(mirrored, criteria))
    assert weighted_score(criteria, given_marks) == weighted_score(again, turned)
    only_scale = weighted_score(again, given_marks).exact
    exact = weighted_score(criteria, given_marks).exact
    assert (exact is None) == (only_scale is None)
    if exact is not None and only_scale is not None:
        assert only_scale == 100 - exact


@given(marked(), st.randoms(use_true_random=False))
def test_order_and_unmarked_criteria_change_nothing(
    case: tuple[tuple[Criterion, ...], tuple[Mark, ...]], random: object
) -> None:
    criteria, given_marks = case
    before = weighted_score(criteria, given_marks)
    shuffled = list(given_marks)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert weighted_score(criteria, shuffled) == before
    further = (*criteria, Criterion("further", 700, 0, 10, 1))
    after = weighted_score(further, (*given_marks, Mark("further", None)))
    assert (after.hundredths, after.exact) == (before.hundredths, before.exact)
    assert after.missing == (*before.missing, "further")


@given(marked())
def test_every_criterion_with_weight_counts(
    case: tuple[tuple[Criterion, ...], tuple[Mark, ...]],
) -> None:
    """A better mark never lowers the score, and raises it where the criterion has weight."""
    criteria, given_marks = case
    before = weighted_score(criteria, given_marks).exact
    for number, (criterion, mark) in enumerate(zip(criteria, given_marks, strict=True)):
        step = criterion.step if criterion.best == "high" else -criterion.step
        if mark.score is None or not criterion.lowest <= mark.score + step <= criterion.highest:
            continue
        better = list(given_marks)
        better[number] = Mark(criterion.key, mark.score + step)
        after = weighted_score(criteria, better).exact
        assert after is None or before is None or (after > before) == (criterion.weight > 0)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.none() | st.integers(0, BEST)), max_size=12),
    st.randoms(use_true_random=False),
)
def test_means_do_not_depend_on_order(rows: list[tuple[int, int | None]], random: object) -> None:
    reviews = [Scored(f"r{at}", f"p{p}", score) for at, (p, score) in enumerate(rows)]
    shuffled = list(reviews)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert proposal_means(reviews) == proposal_means(shuffled)
    whole = mean_of(score for _, score in rows)
    assert whole.count + whole.missing == len(rows)
