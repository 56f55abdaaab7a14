"""The stated size, two thousand lots and two hundred grants, within its time."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from uuid import UUID

import pytest

from fundops.allocation.earmarks import Dimension, Earmark, GrantFacts
from fundops.allocation.flow import Network
from fundops.allocation.plan import fundable, plan_award, reroute_for_reversal
from fundops.allocation.position import (
    MAX_PAIRS,
    Fundable,
    LotFacts,
    NotFundable,
    Plan,
    Position,
    Reservation,
)

TODAY = date(2026, 6, 15)
LOTS, GRANTS = 2_000, 200
# The aim is two seconds on a slow machine; the limit leaves room for a busy one.
SECONDS = 8.0
PLACES = ["KE", "UG", "NP", "PE", "GH", "ML", "KH", "PH", "RO", "MD", "UA", "NG"]


def grants_in(random: Random) -> list[GrantFacts]:
    return [
        GrantFacts(
            UUID(int=number),
            f"GRT-{number}",
            objectives=set(random.sample(range(1, 11), 2)),
            country=random.choice(PLACES),
        )
        for number in range(GRANTS)
    ]


def lots_in(random: Random, marks: list[Earmark]) -> list[LotFacts]:
    return [
        LotFacts(
            UUID(int=10_000 + number),
            UUID(int=20_000 + number // 2),
            marks[number // 2 % len(marks)],
            TODAY - timedelta(days=random.randrange(700)),
            random.randrange(1, 200_000),
        )
        for number in range(LOTS)
    ]


def many_marks(random: Random) -> list[Earmark]:
    """A different earmark for every agreement: nothing can be put together."""
    return [
        Earmark(
            2,
            {
                Dimension.COUNTRY: set(random.sample(PLACES, random.randrange(4, 9))),
                Dimension.OBJECTIVE: set(random.sample(range(1, 11), random.randrange(6, 10))),
            },
        )
        for _ in range(LOTS // 2)
    ]


def few_marks(random: Random) -> list[Earmark]:
    """As in life: mostly unearmarked money, some for a few countries."""
    return [Earmark(1), Earmark(1), *many_marks(random)[:30]]


@pytest.mark.parametrize("marks_of", [few_marks, many_marks])
@pytest.mark.parametrize("percent", [60, 95, 130])
def test_two_thousand_lots_and_two_hundred_grants(
    marks_of: Callable[[Random], list[Earmark]], percent: int
) -> None:
    random = Random(percent)
    lots = lots_in(random, marks_of(random))
    total = sum(lot.available_minor for lot in lots)
    share = total * percent // 100 // GRANTS
    awards = [(grant, share) for grant in grants_in(random)]
    started = time.process_time()
    answer = fundable(awards, Position(lots), TODAY)
    assert time.process_time() - started < SECONDS
    if percent > 100:
        assert isinstance(answer, NotFundable)
        assert answer.shortfall_minor >= share * GRANTS - total
    elif isinstance(answer, Fundable):
        assert sum(draw.amount_minor for draw in answer.plan.draws) == share * GRANTS


def reserved_position(random: Random) -> Position:
    """Every grant holds money on lots that admit it, flexible ones included."""
    lots = lots_in(random, few_marks(random))
    grants = grants_in(random)
    held: list[Reservation] = []
    free: list[LotFacts] = []
    for lot in lots:
        able = [grant for grant in random.sample(grants, 20) if lot.admits(grant, TODAY)]
        keep = lot.available_minor // 2 if lot.earmark.category > 1 else 0
        given = lot.available_minor - keep
        if able and given:
            held.append(Reservation(able[0].id, lot.id, given))
            free.append(LotFacts(lot.id, lot.agreement_id, lot.earmark, lot.opened_on, keep))
    return Position(free, held, grants)


def test_rerouting_a_full_book_is_quick() -> None:
    random = Random(7)
    position = reserved_position(random)
    newcomer = GrantFacts(UUID(int=999), "GRT-999", objectives={1}, country=None)
    started = time.process_time()
    plan = plan_award(newcomer, 3_000_000, position, TODAY)
    assert time.process_time() - started < SECONDS
    assert isinstance(plan, Plan)
    assert plan.moved_minor == 3_000_000
    lot_id = position.reservations[0].lot_id
    clearance = reroute_for_reversal(lot_id, 100_000, position, TODAY)
    assert clearance.free_minor + clearance.unmovable_minor <= 100_000


def test_amounts_are_exact_to_the_largest() -> None:
    network = Network(3)
    first = network.add_arc(0, 1, 10**15, cost=1)
    network.add_arc(1, 2, 10**15 - 1)
    assert network.least_cost_flow(0, 2) == (10**15 - 1, 10**15 - 1)
    assert network.flow(first) == 10**15 - 1


def test_more_pairs_than_stated_are_refused() -> None:
    marks = [Earmark(4, {Dimension.GRANT: {f"GRT-{number}"}}) for number in range(2_001)]
    lots = [
        LotFacts(UUID(int=number), UUID(int=number), mark, TODAY, 1)
        for number, mark in enumerate(marks)
    ]
    awards = [(GrantFacts(UUID(int=n), f"OTHER-{n}"), 1) for n in range(400)]
    assert len(lots) * len(awards) > MAX_PAIRS
    with pytest.raises(ValueError, match="pairs of earmark and grant"):
        fundable(awards, Position(lots), TODAY)
