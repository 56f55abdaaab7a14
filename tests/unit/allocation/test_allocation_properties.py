"""Allocation against an oracle that tries everything; controls show that the tests see bugs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from uuid import UUID

import pytest
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from fundops.allocation import lifting, position, routing
from fundops.allocation.earmarks import GrantFacts, admits
from fundops.allocation.flow import Network
from fundops.allocation.plan import fundable, reroute_for_reversal
from fundops.allocation.position import LotFacts, Position
from fundops.allocation.routing import Routing
from tests.depth import DEPTH
from tests.unit.allocation.checks import check_fundable, check_reversal, check_single, shuffled
from tests.unit.allocation.oracle import TODAY, Case, cases


@settings(max_examples=50 * DEPTH)
@given(cases())
def test_lists_of_awards_agree_with_the_oracle(case: Case) -> None:
    check_fundable(case)


@settings(max_examples=35 * DEPTH)
@given(cases())
def test_one_award_uses_free_money_first(case: Case) -> None:
    check_single(case)


@settings(max_examples=50 * DEPTH)
@given(cases(), st.data())
def test_clearing_a_lot_agrees_with_the_oracle(case: Case, data: st.DataObject) -> None:
    lot = data.draw(st.sampled_from(case.position.lots))
    check_reversal(case, lot.id, data.draw(st.integers(1, 8)))


@settings(max_examples=35 * DEPTH)
@given(cases(), st.integers(0, 1000))
def test_the_order_of_the_input_does_not_matter(case: Case, order: int) -> None:
    other = shuffled(case, order)
    assert fundable(other.awards, other.position, TODAY) == fundable(
        case.awards, case.position, TODAY
    )
    lot = case.position.lots[0]
    assert reroute_for_reversal(lot.id, 3, other.position, TODAY) == reroute_for_reversal(
        lot.id, 3, case.position, TODAY
    )


SEED = 4
"""Of the search for faults; with this one the rarest of those planted below are met soon."""


def finds_a_fault(check: Callable[[Case], None], examples: int = 2000) -> bool:
    """Whether some case makes the check fail."""

    @seed(SEED)
    @settings(
        max_examples=examples,
        database=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
    )
    @given(cases())
    def search(case: Case) -> None:
        check(case)

    try:
        search()
    except (AssertionError, IndexError, KeyError, StopIteration):
        return True
    return False


def check_clearing_first(case: Case) -> None:
    check_reversal(case, case.position.lots[0].id, 4)


CHECKS = (check_fundable, check_single, check_clearing_first)


@pytest.mark.parametrize("check", CHECKS)
def test_control_sound_code_passes(check: Callable[[Case], None]) -> None:
    assert not finds_a_fault(check, 100 * DEPTH)


@pytest.mark.parametrize("check", CHECKS)
def test_control_admitting_everything_is_seen(
    check: Callable[[Case], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(position, "admits", lambda *_: True)
    assert finds_a_fault(check)


def test_control_forgotten_caps_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Position, "room_minor", lambda *_: 10)
    assert finds_a_fault(check_fundable)
    assert finds_a_fault(check_single)


def test_control_ignored_lapse_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(self: LotFacts, grant: GrantFacts, on: date) -> bool:
        return admits(self.earmark, grant, on)

    monkeypatch.setattr(LotFacts, "admits", forgetful)
    assert finds_a_fault(check_fundable)


def test_control_moving_more_than_needed_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def from_scratch(self: Network, source: int, sink: int) -> tuple[int, int]:
        for arc in range(0, len(self._room), 2):
            self._room[arc], self._room[arc + 1] = self.capacity(arc), 0
        return self.largest_flow(source, sink), 0

    monkeypatch.setattr(Network, "least_cost_flow", from_scratch)
    assert finds_a_fault(check_fundable)


def test_control_a_wrong_cut_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def whole(self: Network, sink: int) -> set[int]:
        return set(range(2, len(self._arcs_at))) | {sink}

    monkeypatch.setattr(Network, "cut_before", whole)
    assert finds_a_fault(check_fundable)


def test_control_dear_places_priced_flat_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def flat(self: Routing, pool: routing.Pool, demand: int) -> list[tuple[int, int]]:
        total = pool.held_minor(demand)
        return [(total, 0)] if total else []

    monkeypatch.setattr(Routing, "_held_amounts", flat)
    assert finds_a_fault(check_clearing_first)


def test_control_a_lost_part_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    hand_out = lifting._hand_out

    def leaky(pool: object, room: dict[UUID, int], wants: list[tuple[int, int]]) -> object:
        return list(hand_out(pool, room, wants))[1:]  # type: ignore[arg-type]

    monkeypatch.setattr(lifting, "_hand_out", leaky)
    assert finds_a_fault(check_fundable)
