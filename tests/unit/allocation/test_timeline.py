"""Balances over dates: what may be taken on a day without leaving a later one short."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from fundops.allocation.timeline import Timeline

START = date(2026, 1, 1)
CHANGES = st.lists(
    st.tuples(st.integers(0, 9).map(lambda n: START + timedelta(days=n)), st.integers(-5, 9)),
    max_size=12,
)
DAYS = [START + timedelta(days=n) for n in range(-1, 11)]


def balance(changes: list[tuple[date, int]], on: date) -> int:
    return sum(net for day, net in changes if day <= on)


@given(CHANGES, st.sampled_from(DAYS))
def test_the_floor_is_the_lowest_from_the_day_on(changes: list[tuple[date, int]], on: date) -> None:
    course = Timeline(changes)
    assert course.present_minor == balance(changes, DAYS[-1])
    assert course.floor_minor(on) == min(balance(changes, day) for day in DAYS if day >= on)


@given(CHANGES, st.sampled_from(DAYS[1:]), st.integers(1, 9))
def test_the_earliest_day_is_the_first_that_bears_the_amount(
    changes: list[tuple[date, int]], latest: date, amount: int
) -> None:
    course = Timeline(changes)
    if course.floor_minor(latest) < amount:
        return
    found = course.earliest(amount, latest)
    assert course.floor_minor(found) >= amount
    assert course.floor_minor(found - timedelta(days=1)) < amount


def test_a_floor_that_forgets_later_days_is_seen() -> None:
    changes = [(START, 10), (START + timedelta(days=2), -8), (START + timedelta(days=4), 8)]
    assert Timeline(changes).floor_minor(START) == 2
    assert balance(changes, START) == 10
