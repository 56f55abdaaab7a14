"""Flows prove themselves: balance, a cut of the same size, and no cheaper way round."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundops.allocation import flow
from fundops.allocation.flow import UNLIMITED, Network

Arcs = list[tuple[int, int, int, int]]
NODES = 6
SOURCE, SINK = 0, NODES - 1


@st.composite
def arcs(draw: st.DrawFn) -> Arcs:
    ends = st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1))
    return [
        (tail, head, draw(st.integers(0, 9)), draw(st.integers(0, 4)))
        for tail, head in draw(st.lists(ends.filter(lambda e: e[0] != e[1]), max_size=16))
    ]


def network_of(arcs: Arcs) -> tuple[Network, list[int]]:
    network = Network(NODES)
    return network, [network.add_arc(t, h, c, cost=cost) for t, h, c, cost in arcs]


def least_cut(arcs: Arcs) -> int:
    """The least capacity over every way to part the nodes."""
    inner = range(1, NODES - 1)
    sides = [{SOURCE, *some} for size in range(NODES - 1) for some in combinations(inner, size)]
    return min(
        sum(capacity for tail, head, capacity, _ in arcs if tail in side and head not in side)
        for side in sides
    )


def check_balance(arcs: Arcs, flows: list[int], value: int) -> None:
    net = [0] * NODES
    for (tail, head, capacity, _), amount in zip(arcs, flows, strict=True):
        assert 0 <= amount <= capacity
        net[tail] -= amount
        net[head] += amount
    assert net[SINK] == value == -net[SOURCE]
    assert not any(net[1:SINK])


def has_cheaper_way(arcs: Arcs, flows: list[int]) -> bool:
    """Whether some cycle of changes would cost less than nothing (Bellman-Ford)."""
    steps = [(t, h, cost) for (t, h, c, cost), f in zip(arcs, flows, strict=True) if f < c]
    steps += [(h, t, -cost) for (t, h, _, cost), f in zip(arcs, flows, strict=True) if f]
    distance = [0] * NODES
    for _ in range(NODES):
        changed = False
        for tail, head, cost in steps:
            if distance[tail] + cost < distance[head]:
                distance[head], changed = distance[tail] + cost, True
    return changed


@given(arcs())
def test_the_largest_flow_equals_the_least_cut(arcs: Arcs) -> None:
    network, ids = network_of(arcs)
    value = network.largest_flow(SOURCE, SINK)
    check_balance(arcs, [network.flow(arc) for arc in ids], value)
    assert value == least_cut(arcs)
    side = network.cut_before(SINK)
    assert SOURCE not in side
    assert sum(network.capacity(arc) for arc in network.crossing(side)) == value


@given(arcs())
def test_the_cheapest_flow_is_largest_and_has_no_cheaper_way(arcs: Arcs) -> None:
    network, ids = network_of(arcs)
    value, cost = network.least_cost_flow(SOURCE, SINK)
    flows = [network.flow(arc) for arc in ids]
    check_balance(arcs, flows, value)
    assert value == least_cut(arcs)
    assert cost == sum(a[3] * amount for a, amount in zip(arcs, flows, strict=True))
    assert not has_cheaper_way(arcs, flows)


@given(arcs())
def test_the_cut_does_not_depend_on_the_flow_found(arcs: Arcs) -> None:
    one, _ = network_of(arcs)
    one.largest_flow(SOURCE, SINK)
    other, _ = network_of(arcs)
    other.least_cost_flow(SOURCE, SINK)
    assert one.cut_before(SINK) == other.cut_before(SINK)


@given(arcs())
def test_a_twin_leaves_the_first_alone(arcs: Arcs) -> None:
    network, ids = network_of(arcs)
    value = network.twin().largest_flow(SOURCE, SINK)
    assert not any(network.flow(arc) for arc in ids)
    assert network.largest_flow(SOURCE, SINK) == value
    assert network.largest_flow(SOURCE, SINK) == 0


@given(arcs())
def test_the_same_network_gives_the_same_flow(arcs: Arcs) -> None:
    first, ids = network_of(arcs)
    second, _ = network_of(arcs)
    assert first.least_cost_flow(SOURCE, SINK) == second.least_cost_flow(SOURCE, SINK)
    assert [first.flow(arc) for arc in ids] == [second.flow(arc) for arc in ids]


def test_control_a_dearer_flow_is_seen() -> None:
    arcs = [(0, 1, 5, 0), (1, 5, 5, 3), (0, 2, 5, 0), (2, 5, 5, 1), (1, 2, 5, 0)]
    assert has_cheaper_way(arcs, [5, 5, 0, 0, 0])
    assert not has_cheaper_way(arcs, [0, 0, 5, 5, 0])


def test_flow_already_there_is_kept_and_built_on() -> None:
    network = Network(4)
    first = network.add_arc(0, 1, 5, flow=3)
    through = network.add_arc(1, 3, 3, flow=3)
    across = network.add_arc(1, 2, UNLIMITED, cost=1)
    network.add_arc(2, 3, 9)
    assert network.least_cost_flow(0, 3) == (2, 2)
    assert [network.flow(arc) for arc in (first, through, across)] == [5, 3, 2]
    assert network.ends(across) == (1, 2)


def test_flow_is_taken_back_where_that_is_cheaper() -> None:
    network = Network(5)
    network.add_arc(0, 1, 1, flow=1)
    held = network.add_arc(1, 3, 1, flow=1)
    network.add_arc(0, 2, 1)
    network.add_arc(2, 3, 1, cost=1)
    network.add_arc(3, 4, 1, flow=1)
    other = network.add_arc(1, 4, 1)
    assert network.least_cost_flow(0, 4) == (1, 1)
    assert (network.flow(held), network.flow(other)) == (0, 1)


def test_a_start_that_is_not_cheapest_is_refused() -> None:
    network = Network(2)
    network.add_arc(0, 1, 1, cost=-1)
    with pytest.raises(ValueError, match="negative cost"):
        network.least_cost_flow(0, 1)
    network = Network(2)
    network.add_arc(0, 1, 1, cost=1, flow=1)
    with pytest.raises(ValueError, match="negative cost"):
        network.least_cost_flow(0, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"capacity": -1},
        {"capacity": UNLIMITED + 1},
        {"capacity": 1, "flow": 2},
        {"capacity": 1, "flow": -1},
        {"capacity": 1, "cost": flow.MAX_COST + 1},
    ],
)
def test_numbers_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="out of range"):
        Network(2).add_arc(0, 1, **wrong)


def test_pushing_more_than_there_is_room_for_is_refused() -> None:
    network = Network(2)
    arc = network.add_arc(0, 1, 3)
    network.push(arc, 2)
    assert network.flow(arc) == 2
    with pytest.raises(ValueError, match="room for 1"):
        network.push(arc, 2)


def test_stated_maxima_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    for nodes in (1, flow.MAX_NODES + 1):
        with pytest.raises(ValueError, match="nodes"):
            Network(nodes)
    monkeypatch.setattr(flow, "MAX_NODES", 3)
    monkeypatch.setattr(flow, "MAX_ARCS", 1)
    network = Network(2)
    assert network.add_node() == 2
    with pytest.raises(ValueError, match="at most 3 nodes"):
        network.add_node()
    network.add_arc(0, 1, 1)
    with pytest.raises(ValueError, match="at most 1 arcs"):
        network.add_arc(1, 2, 1)


def test_parts_are_found_by_arcs_that_can_carry_something() -> None:
    network = Network(6)
    network.add_arc(1, 2, 1)
    network.add_arc(2, 3, 0)
    network.add_arc(4, 3, 1)
    assert network.components({1, 2, 3, 4}) == [{1, 2}, {3, 4}]
