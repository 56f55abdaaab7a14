"""The best portfolio against trying every set, what choices cost, and the same answer always."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fundops.decisions import portfolio as module
from fundops.decisions import programme
from fundops.decisions.limits import Limit
from fundops.decisions.line import Candidate, Terms
from fundops.decisions.portfolio import Goal, TooLarge, what_if
from tests.decisions.pure import (
    a_candidate,
    best_by_trying,
    candidate_lists,
    keeps,
    lot_lists,
    money_for,
    terms_of_calls,
    ways_to_be_best,
)


def test_two_small_ones_may_be_worth_more_than_the_first() -> None:
    candidates = [
        a_candidate(1, 90, score=9_000),
        a_candidate(2, 50, score=8_000),
        a_candidate(3, 50, score=7_000),
    ]
    found = what_if(candidates, Terms(100), Goal.SCORE, forced_in=[candidates[0].id])
    assert [c.code for c in found.best.chosen] == ["PRP-0002", "PRP-0003"]
    assert (found.best.worth, found.best.gap, found.best.is_proven) == (15_000, 0, True)
    assert found.with_choices is not None
    assert found.with_choices.worth == 9_000
    assert [(c.candidate.code, c.is_in, c.cost) for c in found.choices] == [
        ("PRP-0001", True, 6_000)
    ]


def test_a_choice_that_nothing_allows_has_no_cost() -> None:
    candidates = [a_candidate(1, 200), a_candidate(2, 50)]
    found = what_if(candidates, Terms(100), Goal.COUNT, forced_in=[candidates[0].id])
    assert found.with_choices is None
    assert found.choices[0].cost is None
    out = what_if(candidates, Terms(100), Goal.COUNT, forced_out=[candidates[0].id])
    assert out.choices[0].cost == 0


def test_earmarks_bind_the_portfolio_and_reservations_may_move() -> None:
    candidates = [a_candidate(1, 60, country="NP", score=9_000), a_candidate(2, 60, score=100)]
    tight = money_for(candidates, [("KE", 60), (None, 40)])
    found = what_if(candidates, Terms(200), Goal.SCORE, money=tight)
    assert [c.code for c in found.best.chosen] == ["PRP-0002"]
    # A grant of Kenya sits on the flexible money; moved to Kenya's, it makes room for Nepal.
    moved = money_for(candidates, [("KE", 40), (None, 30)], held=40)
    found = what_if(candidates, Terms(200), Goal.SCORE, money=moved)
    assert [c.code for c in found.best.chosen] == ["PRP-0001"]


def test_minimums_are_kept_or_said_to_be_beyond_reach() -> None:
    limits = (Limit("country", "NP", min_share_ppm=300_000),)
    candidates = [
        a_candidate(1, 80, score=9_000),
        a_candidate(2, 30, country="NP", score=100),
        a_candidate(3, 60, score=5_000),
    ]
    found = what_if(candidates, Terms(100, limits=limits), Goal.SCORE)
    assert [c.code for c in found.best.chosen] == ["PRP-0002", "PRP-0003"]
    assert found.keeps_minimums
    poor = money_for(candidates, [("KE", 100)])
    found = what_if(candidates, Terms(100, limits=limits), Goal.SCORE, money=poor)
    assert not found.keeps_minimums
    assert [c.code for c in found.best.chosen] == ["PRP-0001"]


def check(
    candidates: list[Candidate], terms: Terms, goal: Goal, lots: list[tuple[str | None, int]],
    held: int,
) -> None:  # fmt: skip
    money = money_for(candidates, lots, held)
    ids = [c.id for c in candidates]
    ins, outs = frozenset(ids[:1]), frozenset(ids[1:2])
    found = what_if(candidates, terms, goal, forced_in=ins, forced_out=outs, money=money)
    assert found.best.is_proven
    assert keeps(terms, found.best.chosen)
    assert not found.best.chosen or money.pays(found.best.chosen)
    best = best_by_trying(candidates, terms, goal, money)
    assert found.best.worth == best
    assert found.is_unique == (ways_to_be_best(candidates, terms, goal, money) == 1)
    together = best_by_trying(candidates, terms, goal, money, ins, outs)
    if candidates:
        assert (found.with_choices and found.with_choices.worth) == together
    for choice in found.choices:
        one = frozenset([choice.candidate.id])
        must, not_ = (one, frozenset()) if choice.is_in else (frozenset(), one)
        alone = best_by_trying(candidates, terms, goal, money, must, not_)
        assert choice.cost == (None if alone is None or best is None else best - alone)


cases = given(
    candidate_lists(),
    terms_of_calls(),
    st.sampled_from(list(Goal)),
    lot_lists,
    st.sampled_from([0, 15]),
)


@settings(max_examples=30)
@cases
def test_no_set_is_better(
    candidates: list[Candidate], terms: Terms, goal: Goal, lots: list[tuple[str | None, int]],
    held: int,
) -> None:  # fmt: skip
    check(candidates, terms, goal, lots, held)


@pytest.mark.slow
def test_a_solver_that_stops_early_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = programme.Problem._run

    def lazy(self: programme.Problem, *asked: object) -> object:
        found = real(self, *asked)  # type: ignore[arg-type]
        return found and (found[0][1:], found[1], found[2])

    monkeypatch.setattr(programme.Problem, "_run", lazy)
    with pytest.raises(AssertionError):
        test_no_set_is_better()


def test_of_several_best_portfolios_one_is_given_and_said_to_be_one() -> None:
    alike = [a_candidate(1, 60, score=5_000), a_candidate(2, 60, score=5_000)]
    assert what_if(alike, Terms(100), Goal.SCORE).is_unique is False
    assert what_if(alike, Terms(120), Goal.SCORE).is_unique is True
    assert what_if([], Terms(100), Goal.SCORE).is_unique is True


def test_a_solver_that_repeats_itself_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = programme.Problem.solve

    def forgetful(self: programme.Problem, *asked: Any, **_other: Any) -> Any:
        return real(self, *asked)

    monkeypatch.setattr(programme.Problem, "solve", forgetful)
    with pytest.raises(AssertionError):
        test_of_several_best_portfolios_one_is_given_and_said_to_be_one()


def test_what_the_solver_rounds_is_caught_and_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A portfolio that is a cent too dear is within the solver's tolerance, and is not given."""
    big = 10**13
    candidates = [a_candidate(n, big // 3 + 1, score=5_000 + n) for n in (1, 2, 3)]
    found = what_if(candidates, Terms(big), Goal.SCORE)
    assert len(found.best.chosen) == 2
    assert found.best.awarded_minor <= big
    monkeypatch.setattr(programme.Problem, "_holds", lambda _self, _chosen: True)
    believed = what_if(candidates, Terms(big), Goal.SCORE)
    assert believed.best.awarded_minor > big


@settings(max_examples=10)
@given(candidate_lists(), terms_of_calls(), st.randoms())
def test_the_order_of_candidates_changes_nothing(
    candidates: list[Candidate], terms: Terms, order: random.Random
) -> None:
    shuffled = list(candidates)
    order.shuffle(shuffled)
    assert what_if(shuffled, terms, Goal.SCORE) == what_if(candidates, terms, Goal.SCORE)


def test_questions_have_a_stated_size() -> None:
    many = [a_candidate(n, 1) for n in range(1, module.MAX_PROPOSALS + 2)]
    with pytest.raises(TooLarge):
        what_if(many, Terms(10), Goal.COUNT)
    some = many[: module.MAX_CHOICES + 1]
    with pytest.raises(TooLarge):
        what_if(some, Terms(10), Goal.COUNT, forced_in=[c.id for c in some])
