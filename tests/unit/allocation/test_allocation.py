"""Allocation by example: what a grant officer would expect, and input that is refused."""

from __future__ import annotations

import doctest
from dataclasses import replace
from datetime import date
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest

from fundops.allocation import earmarks, flow, plan, position
from fundops.allocation.earmarks import Cap, Dimension, Earmark, GrantFacts
from fundops.allocation.plan import fundable, greedy, plan_award, reroute_for_reversal
from fundops.allocation.position import (
    CapGroup,
    Clearance,
    Draw,
    Fundable,
    LimitKind,
    LotFacts,
    Move,
    NotFundable,
    Plan,
    Position,
    Reservation,
    Shortage,
)
from fundops.money import MAX_MINOR

DAY = date(2026, 6, 15)
COUNTRY = Dimension.COUNTRY
FREE, KENYA_ONLY = Earmark(1), Earmark(3, {COUNTRY: {"KE"}})
ROOMY = Earmark(2, caps=(Cap(COUNTRY, "KE", 60),))
KENYA = GrantFacts(UUID(int=1), "GRT-1", country="KE")
NEPAL = GrantFacts(UUID(int=2), "GRT-2", country="NP")
UGANDA = GrantFacts(UUID(int=3), "GRT-3", country="UG")


def a_lot(number: int, mark: Earmark, free: int, **changes: Any) -> LotFacts:
    lot = LotFacts(UUID(int=100 + number), UUID(int=200 + number), mark, DAY, free)
    return replace(lot, **changes)


@pytest.mark.parametrize("module", [plan, earmarks, flow])
def test_examples_in_the_documentation_hold(module: ModuleType) -> None:
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


def test_tightest_then_oldest_then_by_id() -> None:
    flexible = a_lot(1, FREE, 50)
    young, old = a_lot(2, KENYA_ONLY, 50), a_lot(3, KENYA_ONLY, 50, opened_on=date(2025, 1, 1))
    twin = a_lot(4, KENYA_ONLY, 50)
    draws = greedy(KENYA, 170, Position([twin, flexible, young, old]), DAY)
    assert draws == (
        Draw(KENYA.id, old.id, 50),
        Draw(KENYA.id, young.id, 50),
        Draw(KENYA.id, twin.id, 50),
        Draw(KENYA.id, flexible.id, 20),
    )


def test_money_that_lapses_sooner_goes_first_among_equals() -> None:
    later = a_lot(1, FREE, 50, opened_on=date(2025, 1, 1))
    sooner = a_lot(2, FREE, 50, spend_by_on=date(2026, 12, 31))
    assert greedy(NEPAL, 50, Position([later, sooner]), DAY) == (Draw(NEPAL.id, sooner.id, 50),)


def test_a_lot_may_lapse_before_its_earmark_but_not_after() -> None:
    mark = Earmark(1, spend_by_on=date(2026, 6, 20))
    early = a_lot(1, mark, 50, spend_by_on=date(2026, 6, 10))
    late = a_lot(2, mark, 50, spend_by_on=date(2026, 6, 30))
    assert greedy(NEPAL, 50, Position([early, late]), DAY) == (Draw(NEPAL.id, late.id, 50),)
    assert greedy(NEPAL, 50, Position([early, late]), date(2026, 6, 21)) == Shortage((), 50)


def test_a_shortage_says_what_could_be_had() -> None:
    lot = a_lot(1, FREE, 30)
    assert greedy(NEPAL, 50, Position([lot]), DAY) == Shortage((Draw(NEPAL.id, lot.id, 30),), 20)


def test_pinned_money_and_reservations_stay() -> None:
    flexible, tight = a_lot(1, FREE, 0), a_lot(2, KENYA_ONLY, 100)
    held = Reservation(KENYA.id, flexible.id, 80)
    moving = plan_award(NEPAL, 80, Position([flexible, tight], [held], [KENYA]), DAY)
    assert moving == Plan(
        (Draw(NEPAL.id, flexible.id, 80),), (Move(KENYA.id, flexible.id, tight.id, 80),)
    )
    pinned = Position([flexible, tight], [replace(held, is_pinned=True)], [KENYA])
    assert isinstance(plan_award(NEPAL, 80, pinned, DAY), NotFundable)
    pinned_lot = Position([replace(flexible, is_pinned=True), tight], [held], [KENYA])
    assert isinstance(plan_award(NEPAL, 80, pinned_lot, DAY), NotFundable)
    assert isinstance(greedy(NEPAL, 1, Position([replace(tight, is_pinned=True)]), DAY), Shortage)


def test_only_what_is_needed_is_moved() -> None:
    flexible, tight = a_lot(1, FREE, 30), a_lot(2, KENYA_ONLY, 100)
    book = Position([flexible, tight], [Reservation(KENYA.id, flexible.id, 80)], [KENYA])
    plan = plan_award(NEPAL, 50, book, DAY)
    assert isinstance(plan, Plan)
    assert plan.moved_minor == 20


def test_a_chain_moves_two_grants_when_one_is_not_enough() -> None:
    """Nepal needs the flexible lot: Kenya leaves it for the shared one, where Uganda makes room."""
    flexible = a_lot(1, FREE, 0)
    shared = a_lot(2, Earmark(2, {COUNTRY: {"KE", "UG"}}), 0)
    own = a_lot(3, Earmark(3, {COUNTRY: {"UG"}}), 10)
    book = Position(
        [flexible, shared, own],
        [Reservation(KENYA.id, flexible.id, 10), Reservation(UGANDA.id, shared.id, 10)],
        [KENYA, UGANDA],
    )
    plan = plan_award(NEPAL, 10, book, DAY)
    assert isinstance(plan, Plan)
    assert plan.moves == (
        Move(KENYA.id, flexible.id, shared.id, 10),
        Move(UGANDA.id, shared.id, own.id, 10),
    )


def test_a_list_is_fundable_where_one_after_the_other_is_not() -> None:
    """Both lots are equally tight; the first award must leave the older one to the second."""
    old = a_lot(1, Earmark(2, {COUNTRY: {"KE", "NP"}}), 10, opened_on=date(2025, 1, 1))
    new = a_lot(2, Earmark(2, {COUNTRY: {"KE", "UG"}}), 10)
    answer = fundable([(KENYA, 10), (NEPAL, 10)], Position([old, new]), DAY)
    assert answer == Fundable(Plan((Draw(KENYA.id, new.id, 10), Draw(NEPAL.id, old.id, 10))))


def test_a_top_up_competes_with_its_own_reservations_for_nothing() -> None:
    flexible, tight = a_lot(1, FREE, 0), a_lot(2, KENYA_ONLY, 40)
    book = Position([flexible, tight], [Reservation(KENYA.id, flexible.id, 60)], [KENYA])
    assert plan_award(KENYA, 40, book, DAY) == Plan((Draw(KENYA.id, tight.id, 40),))
    short = plan_award(KENYA, 41, book, DAY)
    assert isinstance(short, NotFundable)
    assert [claim.is_new for claim in short.binding[0].claims] == [True, False]


def test_caps_bind_and_are_named() -> None:
    lot = a_lot(1, ROOMY, 200)
    book = Position([lot], used_minor={CapGroup(lot.agreement_id, COUNTRY, "KE"): 20})
    assert greedy(KENYA, 41, book, DAY) == Shortage((Draw(KENYA.id, lot.id, 40),), 1)
    answer = fundable([(KENYA, 50), (NEPAL, 50)], book, DAY)
    assert isinstance(answer, NotFundable)
    assert (answer.shortfall_minor, answer.idle_minor) == (10, 110)
    (part,) = answer.binding
    assert [claim.grant_id for claim in part.claims] == [KENYA.id]
    (limit,) = part.limits
    assert (limit.kind, limit.capacity_minor) == (LimitKind.CAP, 40)
    assert (limit.cap, limit.agreement_ids) == (ROOMY.caps[0], (lot.agreement_id,))
    assert limit.message_key == "allocation.limit_cap"


def test_a_cap_already_exceeded_lets_what_is_there_stay() -> None:
    lot, other = a_lot(1, ROOMY, 100), a_lot(2, FREE, 0)
    book = Position(
        [lot, other],
        [Reservation(KENYA.id, lot.id, 80)],
        [KENYA],
        {CapGroup(lot.agreement_id, COUNTRY, "KE"): 90},
    )
    assert plan_award(NEPAL, 100, book, DAY) == Plan((Draw(NEPAL.id, lot.id, 100),))
    assert isinstance(greedy(KENYA, 1, book, DAY), Shortage)


def test_independent_shortages_are_told_apart() -> None:
    kenya, uganda = a_lot(1, KENYA_ONLY, 10), a_lot(2, Earmark(3, {COUNTRY: {"UG"}}), 20)
    answer = fundable([(UGANDA, 25), (KENYA, 12), (NEPAL, 3)], Position([kenya, uganda]), DAY)
    assert isinstance(answer, NotFundable)
    found = {
        part.claims[0].grant_id: (part.shortfall_minor, [x.lot_ids for x in part.limits])
        for part in answer.binding
    }
    assert found == {
        KENYA.id: (2, [(kenya.id,)]),
        UGANDA.id: (5, [(uganda.id,)]),
        NEPAL.id: (3, []),
    }
    assert answer.shortfall_minor == 10


def test_a_reservation_no_longer_admitted_may_leave() -> None:
    lapsed, flexible = a_lot(1, FREE, 50, spend_by_on=date(2026, 6, 1)), a_lot(2, FREE, 10)
    book = Position([lapsed, flexible], [Reservation(KENYA.id, lapsed.id, 30)], [KENYA])
    assert reroute_for_reversal(lapsed.id, 60, book, DAY) == Clearance(
        50, (Move(KENYA.id, lapsed.id, flexible.id, 10),), 0
    )


def test_a_reservation_no_longer_admitted_is_named_where_it_binds() -> None:
    """Kenya keeps 5 on a lapsed lot, whose free money helps nobody any more."""
    lapsed, flexible = a_lot(1, FREE, 50, spend_by_on=date(2026, 6, 1)), a_lot(2, FREE, 0)
    held = [Reservation(KENYA.id, lapsed.id, 5), Reservation(KENYA.id, flexible.id, 10)]
    answer = plan_award(NEPAL, 4, Position([lapsed, flexible], held, [KENYA]), DAY)
    assert isinstance(answer, NotFundable)
    assert (answer.shortfall_minor, answer.idle_minor) == (4, 50)
    (part,) = answer.binding
    assert {claim.grant_id: claim.amount_minor for claim in part.claims} == {
        NEPAL.id: 4,
        KENYA.id: 15,
    }
    assert {limit.kind: (limit.capacity_minor, limit.lot_ids) for limit in part.limits} == {
        LimitKind.LOTS: (10, (flexible.id,)),
        LimitKind.KEPT: (5, (lapsed.id,)),
    }


def test_reversal_uses_free_money_then_moves_then_says_what_is_left() -> None:
    lot, other = a_lot(1, FREE, 10), a_lot(2, KENYA_ONLY, 15)
    held = [Reservation(KENYA.id, lot.id, 30), Reservation(NEPAL.id, lot.id, 5, is_pinned=True)]
    book = Position([lot, other], held, [KENYA, NEPAL])
    assert reroute_for_reversal(lot.id, 10, book, DAY) == Clearance(10, (), 0)
    move = Move(KENYA.id, lot.id, other.id, 15)
    assert reroute_for_reversal(lot.id, 100, book, DAY) == Clearance(10, (move,), 75)
    pinned = replace(book, lots=[replace(lot, is_pinned=True), other])
    assert reroute_for_reversal(lot.id, 12, pinned, DAY) == Clearance(10, (), 2)


def test_reversal_under_a_cap_stays_within_the_agreement_where_it_can() -> None:
    """The cap is full, yet a reservation may change lots of the same agreement."""
    lot = a_lot(1, ROOMY, 0)
    sibling = replace(lot, id=UUID(int=150), available_minor=60)
    group = CapGroup(lot.agreement_id, COUNTRY, "KE")
    book = Position([lot, sibling], [Reservation(KENYA.id, lot.id, 60)], [KENYA], {group: 60})
    move = Move(KENYA.id, lot.id, sibling.id, 60)
    assert reroute_for_reversal(lot.id, 60, book, DAY) == Clearance(0, (move,), 0)


LOT = a_lot(1, FREE, 10)
HELD = Reservation(KENYA.id, LOT.id, 5)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"lots": [LOT, LOT]}, "a lot is listed twice"),
        ({"grants": [KENYA, KENYA]}, "a grant is listed twice"),
        ({"grants": [KENYA, replace(NEPAL, code="GRT-1")]}, "a grant code is listed twice"),
        ({"reservations": [HELD, HELD]}, "a reservation is listed twice"),
        ({"grants": []}, "unknown grant"),
        ({"lots": []}, "unknown grant"),
        ({"lots": [replace(LOT, available_minor=-1)]}, "less than nothing"),
        ({"lots": [replace(LOT, available_minor=MAX_MINOR)]}, "exceeds the maximum"),
        ({"reservations": [replace(HELD, amount_minor=0)]}, "not positive"),
        ({"lots": [replace(LOT, earmark=ROOMY)]}, "understated"),
        ({"used_minor": {CapGroup(UUID(int=9), COUNTRY, "KE"): -1}}, "out of range"),
        (
            {"lots": [LOT, a_lot(2, ROOMY, 1, agreement_id=LOT.agreement_id)]},
            "differ in earmark",
        ),
    ],
)
def test_a_position_that_contradicts_itself_is_refused(wrong: dict[str, Any], message: str) -> None:
    right: dict[str, Any] = {"lots": [LOT], "reservations": [HELD], "grants": [KENYA]}
    Position(**right)
    with pytest.raises(ValueError, match=message):
        Position(**(right | wrong))


@pytest.mark.parametrize("name", ["LOTS", "GRANTS", "RESERVATIONS"])
def test_a_position_has_stated_maxima(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(position, f"MAX_{name}", 0)
    with pytest.raises(ValueError, match=f"1 {name.lower()} are more than the maximum of 0"):
        Position([LOT], [HELD], [KENYA]) if name != "LOTS" else Position([LOT])


@pytest.mark.parametrize("amount", [0, -1, MAX_MINOR + 1])
def test_amounts_out_of_range_are_refused(amount: int) -> None:
    book = Position([LOT])
    with pytest.raises(ValueError, match="between 1 and"):
        greedy(KENYA, amount, book, DAY)
    with pytest.raises(ValueError, match="between 1 and"):
        plan_award(KENYA, amount, book, DAY)
    with pytest.raises(ValueError, match="between 1 and"):
        reroute_for_reversal(LOT.id, amount, book, DAY)


def test_other_wrong_questions_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    book = Position([LOT], [HELD], [KENYA])
    with pytest.raises(ValueError, match="listed twice among the awards"):
        fundable([(NEPAL, 1), (NEPAL, 2)], book, DAY)
    with pytest.raises(ValueError, match="other facts"):
        fundable([(replace(KENYA, country="UG"), 1)], book, DAY)
    with pytest.raises(ValueError, match="awards exceed"):
        fundable([(NEPAL, MAX_MINOR), (UGANDA, 1)], book, DAY)
    with pytest.raises(ValueError, match="not in the position"):
        reroute_for_reversal(UUID(int=5), 1, book, DAY)
    monkeypatch.setattr(plan, "MAX_AWARDS", 1)
    with pytest.raises(ValueError, match="more than the maximum of 1"):
        fundable([(NEPAL, 1), (UGANDA, 1)], book, DAY)
