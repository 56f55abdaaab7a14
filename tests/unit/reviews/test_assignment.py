"""Who reads what: never a conflict, never too much, and nothing better possible."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from fundops.messages import text
from fundops.reviews.assignment import (
    WHOLE,
    Pair,
    Plan,
    PlanInvalid,
    Reader,
    ToRead,
    Weights,
    assign,
)
from fundops.reviews.assignment_flow import Flow
from fundops.reviews.verdict import Key

Forbidden = set[tuple[Key, Key]]
Question = tuple[list[ToRead], list[Reader], Forbidden, Forbidden, Weights]


def proposal(key: str, needed: int = 1, language: str | None = "en", **more: int) -> ToRead:
    shares = {int(name[1:]): share for name, share in more.items()} or {1: 100}
    return ToRead(key, needed, language, frozenset({"014"}), shares)


def reader(key: str, most: int = 5, languages: str = "en", knows: tuple[int, ...] = (1,)) -> Reader:
    return Reader(key, most, frozenset(languages.split()), frozenset({"014"}), frozenset(knows))


def load_cost(load: int, needs: int, readers: int, weight: int) -> int:
    even = max(1, -(-needs // max(1, readers)))
    return sum(weight * WHOLE * (2 * unit + 1) // even for unit in range(load))


def objective(question: Question, made: set[tuple[Key, Key]]) -> int:
    """Return what the plan is worth, computed from its definition."""
    proposals, readers, _, _, weights = question
    by_key = {one.key: one for one in proposals}
    known = {one.key: one for one in readers}
    worth = 0
    for row, column in made:
        one, who = by_key[row], known[column]
        shares = sum(one.objectives.values())
        known_share = sum(s for name, s in one.objectives.items() if name in who.objectives)
        worth += weights.expertise * (WHOLE * known_share // max(shares, 1))
        worth += weights.region * WHOLE * bool(one.regions & who.regions)
    needs = sum(one.needed for one in proposals)
    for column in known:
        load = sum(who == column for _, who in made)
        worth -= load_cost(load, needs, len(readers), weights.balance)
    return worth


def every_plan(question: Question) -> Iterator[set[tuple[Key, Key]]]:
    """Yield every plan that keeps the rules, full or not."""
    proposals, readers, forbidden, fixed, _ = question
    choices = []
    for one in proposals:
        kept = {pair for pair in fixed if pair[0] == one.key}
        open_to = [
            (one.key, who.key)
            for who in readers
            if (one.key, who.key) not in forbidden | kept
            and (one.language is None or one.language in who.languages)
        ]
        further = max(0, one.needed - len(kept))
        sizes = range(min(further, len(open_to)) + 1)
        choices.append([kept | set(some) for n in sizes for some in combinations(open_to, n)])
    most = {who.key: max(who.most, sum(pair[1] == who.key for pair in fixed)) for who in readers}
    for parts in product(*choices):
        made = set().union(*parts) if parts else set()
        if all(sum(who == key for _, who in made) <= most[key] for key in most):
            yield made


def made_by(plan: Plan) -> set[tuple[Key, Key]]:
    return {(pair.proposal, pair.reader) for pair in plan.pairs}


def given_to(question: Question, made: set[tuple[Key, Key]]) -> tuple[int, ...]:
    return tuple(sum(row == one.key for row, _ in made) for one in question[0])


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Draw small questions: conflicts, languages, fixed pairs, tight loads."""
    names = st.frozensets(st.integers(1, 3), max_size=3)
    places = st.frozensets(st.sampled_from(("014", "015")), max_size=2)
    proposals = [
        ToRead(
            f"p{number}",
            draw(st.integers(0, 2)),
            draw(st.sampled_from(("en", "fr", None))),
            draw(places),
            draw(st.dictionaries(st.integers(1, 3), st.integers(0, 100), max_size=3)),
        )
        for number in range(draw(st.integers(0, 3)))
    ]
    readers = [
        Reader(
            f"r{number}",
            draw(st.integers(0, 3)),
            draw(st.frozensets(st.sampled_from(("en", "fr")), max_size=2)),
            draw(places),
            draw(names),
        )
        for number in range(draw(st.integers(0, 4)))
    ]
    pairs: list[tuple[Key, Key]] = [(p.key, r.key) for p in proposals for r in readers]
    some = st.sets(st.sampled_from(pairs), max_size=3) if pairs else st.just(set())
    fixed = draw(some)
    forbidden = draw(some) - fixed
    weights = Weights(*(draw(st.integers(0, 3)) for _ in range(3)))
    return proposals, readers, forbidden, fixed, weights


@given(questions())
def test_plans_are_the_best_of_all_plans(question: Question) -> None:
    plan = assign(*question)
    made = made_by(plan)
    plans = list(every_plan(question))
    assert made in plans  # it keeps every rule
    assert len(made) == max(map(len, plans))
    same_numbers = [one for one in plans if given_to(question, one) == given_to(question, made)]
    assert objective(question, made) == max(objective(question, one) for one in same_numbers)
    assert plan.terms.objective == objective(question, made)
    assert plan.is_optimal
    short = {one.proposal: one.given for one in plan.shortages}
    for one, number in zip(question[0], given_to(question, made), strict=True):
        assert (number < one.needed) == (one.key in short)
        assert short.get(one.key, number) == number


@given(questions(), st.randoms(use_true_random=False))
def test_plans_do_not_depend_on_the_order_of_the_question(
    question: Question, random: object
) -> None:
    proposals, readers, forbidden, fixed, weights = question
    before = assign(proposals, readers, forbidden, fixed, weights)
    for one in (proposals, readers):
        random.shuffle(one)  # type: ignore[attr-defined]
    assert assign(proposals, readers, list(forbidden)[::-1], fixed, weights) == before


def test_conflicts_language_and_fixed_pairs_are_kept() -> None:
    proposals = [proposal("p1", 2), proposal("p2", 1, "fr"), proposal("p3", 1, None)]
    readers = [reader("a"), reader("b"), reader("c", languages="en fr"), reader("d", 1, "ar")]
    plan = assign(proposals, readers, {("p1", "a"), ("p9", "a")}, {("p2", "d")})
    assert made_by(plan) == {("p1", "b"), ("p1", "c"), ("p2", "d"), ("p3", "a")}
    assert Pair("p2", "d", WHOLE, True, False, True) in plan.pairs
    assert plan.loads == {"a": 1, "b": 1, "c": 1, "d": 1}
    assert plan.is_optimal
    assert not plan.shortages


def test_loads_are_even_where_readers_are_alike() -> None:
    plan = assign([proposal(f"p{n}", 2) for n in range(9)], [reader(f"r{n}", 9) for n in range(6)])
    assert set(plan.loads.values()) == {3}
    specialist = [reader(f"r{n}", 9, knows=(1,) if n == 0 else (2,)) for n in range(6)]
    by_expertise = assign(
        [proposal(f"p{n}") for n in range(9)], specialist, weights=Weights(9, 0, 0)
    )
    assert by_expertise.loads["r0"] == 9
    assert assign([proposal(f"p{n}") for n in range(9)], specialist).loads["r0"] < 9


def test_expertise_is_the_share_of_what_the_reader_knows() -> None:
    plan = assign([proposal("p", 1, "en", o1=50, o4=30, o7=20)], [reader("a", knows=(4, 7))])
    (pair,) = plan.pairs
    assert pair.expertise == 5000
    assert plan.terms.expertise == 2 * 5000


def test_a_shortage_says_why() -> None:
    proposals = [proposal("p1", 3), proposal("p2", 1, "fr"), proposal("p3", 2)]
    readers = [reader("a", 2), reader("b", 1), reader("c", 1, "es")]
    plan = assign(proposals, readers, {("p1", "b")})
    by_key = {one.proposal: one for one in plan.shortages}
    assert set(by_key) == {"p1", "p2"}
    few = by_key["p1"].reason
    assert few.message_key == "ranking.assignment_few_readers"
    assert few.params == {"needed": 3, "eligible": 1, "readers": 3, "conflicts": 1, "unread": 1}
    assert by_key["p2"].reason.params["unread"] == 3
    full = assign([proposal("p1"), proposal("p2")], [reader("a", 1)]).shortages
    (only,) = full
    assert (only.proposal, only.busy) == ("p2", ("a",))
    assert only.reason.message_key == "ranking.assignment_readers_full"
    for one in (*plan.shortages, only):
        sentence = text(one.reason.message_key, **one.reason.params)
        assert sentence.endswith(".")
        assert "{" not in sentence


def test_a_shortage_is_spread() -> None:
    plan = assign([proposal(f"p{n}", 3) for n in range(4)], [reader(f"r{n}", 2) for n in range(4)])
    numbers = [sum(pair.proposal == f"p{n}" for pair in plan.pairs) for n in range(4)]
    assert numbers == [2, 2, 2, 2]


def test_nobody_to_read_is_a_shortage_and_not_an_error() -> None:
    plan = assign([proposal("p", 2)], [])
    assert [one.given for one in plan.shortages] == [0]
    assert assign([], [reader("a")]).loads == {"a": 0}
    assert assign([], []).is_optimal


@pytest.mark.parametrize(
    ("proposals", "readers", "forbidden", "fixed", "problem"),
    [
        ([proposal("p"), proposal("p")], [], set(), set(), "repeated"),
        ([], [reader("a"), reader("a")], set(), set(), "repeated"),
        ([proposal("p", -1)], [], set(), set(), "negative"),
        ([], [reader("a", -1)], set(), set(), "negative"),
        ([proposal("p", 1, "en", o1=-5)], [], set(), set(), "negative"),
        ([proposal("p")], [reader("a")], set(), {("p", "b")}, "unknown_fixed"),
        ([proposal("p")], [reader("a")], {("p", "a")}, {("p", "a")}, "fixed_forbidden"),
    ],
)
def test_questions_that_contradict_themselves_are_refused(
    proposals: list[ToRead],
    readers: list[Reader],
    forbidden: Forbidden,
    fixed: Forbidden,
    problem: str,
) -> None:
    with pytest.raises(PlanInvalid) as caught:
        assign(proposals, readers, forbidden, fixed)
    assert caught.value.problem == problem


def test_weights_have_limits() -> None:
    with pytest.raises(ValueError, match="whole numbers"):
        Weights(expertise=1001)
    with pytest.raises(ValueError, match="whole numbers"):
        Weights(balance=-1)


def medium(seed: int, most: int = 9) -> Question:
    """Return a question of 40 proposals and 18 readers, too large to try every plan."""
    random = np.random.default_rng(seed)
    proposals = [
        ToRead(
            f"p{number:02}", 3, str(random.choice(["en", "fr", "es"])),
            frozenset({str(random.choice(["014", "015", "017"]))}),
            dict(zip(random.choice(10, 3, replace=False).tolist(), (50, 30, 20), strict=True)),
        )
        for number in range(40)
    ]  # fmt: skip
    readers = [
        Reader(
            f"r{number:02}", most,
            frozenset({"en", str(random.choice(["fr", "es"]))}),
            frozenset({str(random.choice(["014", "015", "017"]))}),
            frozenset(int(name) for name in random.choice(10, 4, replace=False)),
        )
        for number in range(18)
    ]  # fmt: skip
    forbidden: Forbidden = {
        (f"p{random.integers(40):02}", f"r{random.integers(18):02}") for _ in range(50)
    }
    return proposals, readers, forbidden, set(), Weights()


@pytest.mark.parametrize("seed", range(4))
def test_a_general_solver_finds_nothing_better(seed: int) -> None:
    question = medium(seed)
    proposals, readers, forbidden, _, weights = question
    plan = assign(*question)
    assert not plan.shortages
    pairs = [
        (row, column)
        for row, one in enumerate(proposals)
        for column, who in enumerate(readers)
        if (one.key, who.key) not in forbidden and one.language in who.languages
    ]
    needs = sum(one.needed for one in proposals)
    single: list[int] = []
    for row, column in pairs:
        alone = {(proposals[row].key, readers[column].key)}
        free = replace(weights, balance=0)
        single.append(-objective((proposals, readers, set(), set(), free), alone))
    steps = [
        load_cost(unit + 1, needs, len(readers), 1) - load_cost(unit, needs, len(readers), 1)
        for unit in range(readers[0].most)
    ]
    width = len(pairs) + len(readers) * len(steps)
    equal = np.zeros((len(proposals) + len(readers), width))
    for at, (row, column) in enumerate(pairs):
        equal[row, at] = 1
        equal[len(proposals) + column, at] = 1
    for column in range(len(readers)):
        begin = len(pairs) + column * len(steps)
        equal[len(proposals) + column, begin : begin + len(steps)] = -1
    right = [one.needed for one in proposals] + [0] * len(readers)
    found = linprog(single + steps * len(readers), A_eq=equal, b_eq=right, bounds=(0, 1))
    assert found.status == 0
    assert -round(found.fun) == plan.terms.objective == plan.bound


def test_a_plan_that_is_not_the_best_would_not_be_called_so() -> None:
    """The bound is computed from prices alone: spoil the plan, and it no longer agrees."""
    cost = np.array([[-5, -1], [-4, -3]])
    everything = np.ones((2, 2), dtype=bool)
    step = np.array([2, 6, 10])

    def made(first: int) -> Flow:
        flow = Flow(cost, everything, ~everything, np.array([2, 2]), step)
        for row, column in ((0, first), (1, 1 - first)):
            flow.placed[row, column] = True
        flow.loads = np.array([1, 1])
        for column in range(2):
            flow._renew(column)
        return flow

    assert made(0).total() == made(0).bound() == -5 - 3 + 4
    assert made(1).bound() <= -4 < made(1).total()
