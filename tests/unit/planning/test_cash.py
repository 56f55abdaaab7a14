"""The flow through time against least cuts found by trying every one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundops.planning import cash
from fundops.planning.cash import Course, Month, Question, Slot, run

MONTHS, POOLS, KINDS = 3, 3, 3


def payable(question: Question, until: int) -> int:
    """Return the most that can be paid, each in its month, of what is due by ``until``.

    The largest flow equals the least cut: over every set of dues, what is outside the set plus
    what money can reach it. What is held is always paid, and its money may be exchanged.
    """
    needs: list[tuple[int, int, int]] = [
        (kind, month, minor) for (kind, month), minor in question.due.items() if month <= until
    ]
    held: dict[int, int] = {}
    for (_, kind), minor in question.held.items():
        held[kind] = held.get(kind, 0) + minor
    needs += [(kind, -1, minor) for kind, minor in held.items()]
    best = total = sum(minor for _, _, minor in needs)
    for size in range(1, len(needs) + 1):
        for chosen in combinations(range(len(needs)), size):
            reached = set()
            for at in chosen:
                kind, month, _ = needs[at]
                reached |= {
                    (pool, when)
                    for pool in question.admits[kind]
                    for when in range(max(month, 0) + 1)
                }
            money = sum(minor for slot, minor in question.money.items() if slot in reached)
            money += sum(
                minor for (pool, _), minor in question.held.items() if (pool, 0) in reached
            )
            best = min(best, total - sum(needs[at][2] for at in chosen) + money)
    return best - sum(held.values())


def due_by(question: Question, until: int) -> int:
    return sum(minor for (_, month), minor in question.due.items() if month <= until)


def check(question: Question, course: Course) -> None:
    """Hold a course against the cuts and against what must balance in any case."""
    short = next(
        (m for m in range(question.months) if payable(question, m) < due_by(question, m)), None
    )
    first = course.shortage.month if course.shortage else None
    assert first == short
    if short is not None:
        assert course.shortage is not None
        missing = due_by(question, short) - payable(question, short)
        assert course.shortage.unpaid_minor == course.months[short].unpaid_minor == missing
    unpaid = money = 0
    for month, one in enumerate(course.months):
        assert one.due_minor == sum(v for (_, m), v in question.due.items() if m == month)
        unpaid += one.due_minor - one.paid_minor
        assert one.unpaid_minor == unpaid >= 0
        money += sum(v for (_, m), v in question.money.items() if m == month) - one.paid_minor
        assert money >= 0
        late = sum(v for (_, m), v in course.late.items() if m == month)
        assert late <= one.unpaid_minor
    if short is None:
        assert not course.late


def slots(ones: int) -> st.SearchStrategy[dict[Slot, int]]:
    keys = st.tuples(st.integers(0, ones - 1), st.integers(0, MONTHS - 1))
    return st.dictionaries(keys, st.integers(1, 9), max_size=4)


@st.composite
def questions(draw: st.DrawFn) -> Question:
    admits = {
        kind: sorted(draw(st.sets(st.integers(0, POOLS - 1), max_size=POOLS)))
        for kind in range(KINDS)
    }
    held = draw(
        st.dictionaries(
            st.tuples(st.integers(0, POOLS - 1), st.integers(0, KINDS - 1)), st.integers(1, 9),
            max_size=3,
        )
    )  # fmt: skip
    held = {(pool, kind): v for (pool, kind), v in held.items() if pool in admits[kind]}
    return Question(MONTHS, draw(slots(POOLS)), draw(slots(KINDS)), admits, held)


@given(questions())
def test_the_first_short_month_is_that_of_the_least_cut(question: Question) -> None:
    check(question, run(question))


def one_pot(question: Question) -> Course:
    """The fault to be found: adding up, as though any money could pay for anything."""
    pots = {kind: list(range(POOLS)) for kind in question.admits}
    return run(replace(question, admits=pots, held={}))


def any_time(question: Question) -> Course:
    """The other fault: money that is still to come pays for what is due before."""
    early: dict[Slot, int] = {}
    for (pool, _), minor in question.money.items():
        early[pool, 0] = early.get((pool, 0), 0) + minor
    return run(replace(question, money=early))


TIGHT = Question(2, {(0, 0): 10, (1, 0): 10}, {(0, 0): 10, (0, 1): 5}, {0: [0]})
LATE = Question(2, {(0, 1): 10}, {(0, 0): 10}, {0: [0]})


@pytest.mark.parametrize(("wrong", "question"), [(one_pot, TIGHT), (any_time, LATE)])
def test_a_plan_that_only_adds_up_is_caught(wrong, question: Question) -> None:  # type: ignore[no-untyped-def]
    check(question, run(question))
    with pytest.raises(AssertionError):
        check(question, wrong(question))


def test_what_is_overdue_is_paid_when_money_comes() -> None:
    course = run(Question(3, {(0, 0): 5, (0, 2): 20}, {(0, 0): 12, (0, 2): 4}, {0: [0]}))
    assert course.months == (Month(12, 5, 7), Month(0, 0, 7), Month(4, 11, 0))
    assert course.late == {(0, 0): 7}
    assert course.shortage is not None
    assert course.shortage.pools == ((0, 5),)


def test_money_paid_early_is_not_had_again_later() -> None:
    """What comes in month 1 admits kind 0 only, which was due, and paid by pool 0, in month 0."""
    question = Question(2, {(0, 0): 10, (1, 1): 10}, {(0, 0): 10, (1, 1): 10}, {0: [0, 1], 1: [0]})
    course = run(question)
    assert [one.unpaid_minor for one in course.months] == [0, 10]
    assert course.shortage is not None
    assert (course.shortage.pools, course.shortage.idle) == (((0, 10),), ((1, 10),))


def test_reserved_money_is_exchanged_but_never_lost() -> None:
    """Kind 0 holds pool 0, which alone may pay kind 1; pool 1 can take kind 0 over."""
    admits: Mapping[int, list[int]] = {0: [0, 1], 1: [0]}
    question = Question(1, {(1, 0): 10}, {(1, 0): 10}, admits, {(0, 0): 10})
    assert run(question).shortage is None
    poor = replace(question, money={})
    assert run(poor).late == {(1, 0): 10}


def test_a_cap_lets_only_its_room_through() -> None:
    money = {(0, 0): 100, (0, 1): 100}
    due = {(0, 0): 30, (0, 1): 30, (1, 1): 100}
    admits: Mapping[int, list[int]] = {0: [0], 1: [0]}
    question = Question(2, money, due, admits, caps={(0, 0): 0}, room=(40,))
    course = run(question)
    assert [one.unpaid_minor for one in course.months] == [0, 20]
    assert course.shortage is not None
    assert (course.shortage.caps, course.shortage.pools) == ((0,), ())
    assert course.shortage.idle == ((0, 60),)


def test_the_stated_maxima_hold() -> None:
    for months in (0, cash.MAX_MONTHS + 1):
        with pytest.raises(ValueError, match="months"):
            run(Question(months, {}, {}, {}))
    with pytest.raises(ValueError, match="negative"):
        run(Question(1, {(0, 0): -1}, {}, {}))
