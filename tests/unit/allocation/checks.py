"""What must hold of every answer; used by the property tests and by their planted-bug controls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from random import Random
from uuid import UUID

from fundops.allocation.plan import fundable, greedy, plan_award, reroute_for_reversal
from fundops.allocation.position import (
    Draw,
    Fundable,
    LimitKind,
    Move,
    NotFundable,
    Plan,
    Position,
    Shortage,
)
from tests.unit.allocation.oracle import (
    TODAY,
    Case,
    best,
    movable,
    naive_admits,
    naive_cap,
)


def check_fundable(case: Case) -> None:
    """The answer is the oracle's, and carries its own proof."""
    expected = best(case)
    assert expected is not None, "reservations can always stay where they are"
    answer = fundable(case.awards, case.position, TODAY)
    if isinstance(answer, Fundable):
        check_plan(case, answer.plan)
        assert (0, answer.plan.moved_minor) == expected
    else:
        check_cut(case, answer)
        assert answer.shortfall_minor == expected[0]


def check_single(case: Case) -> None:
    """Free money comes first; other reservations are touched only when it is not enough."""
    grant, amount = case.awards[0]
    alone = Case(case.position, ((grant, amount),))
    drawn = greedy(grant, amount, case.position, TODAY)
    plan = plan_award(grant, amount, case.position, TODAY)
    if isinstance(drawn, Shortage):
        check_draws(alone, drawn.draws)
        assert drawn.missing_minor + sum(draw.amount_minor for draw in drawn.draws) == amount
        assert not isinstance(plan, Plan) or plan.moves or best(alone) == (0, 0)
    else:
        assert plan == Plan(drawn)
        check_tightest_first(alone, drawn)
    if isinstance(plan, Plan):
        check_plan(alone, plan)


def check_tightest_first(case: Case, draws: Iterable[Draw]) -> None:
    """A lot is used only when every admitting lot before it is empty or stopped by its cap."""
    drawn = {draw.lot_id: draw.amount_minor for draw in draws}
    grant, amount = case.awards[0]
    caps = Counter(case.position.used_minor)
    wanted = amount
    for lot in sorted(case.position.lots, key=lambda lot: lot.order):
        if lot.is_pinned or not naive_admits(lot, grant):
            continue
        most = min(wanted, lot.available_minor)
        capped = naive_cap(lot, grant)
        if capped is not None:
            most = min(most, max(0, capped[1] - caps[capped[0]]))
            caps[capped[0]] += most
        assert drawn.get(lot.id, 0) == most
        wanted -= most


def check_draws(case: Case, draws: Iterable[Draw]) -> None:
    check_effect(case, draws, ())


def check_plan(case: Case, plan: Plan) -> None:
    """Every award is met exactly, and its effect breaks no rule."""
    given: Counter[UUID] = Counter()
    for draw in plan.draws:
        given[draw.grant_id] += draw.amount_minor
    assert given == Counter({grant.id: amount for grant, amount in case.awards})
    check_effect(case, plan.draws, plan.moves)


def check_effect(case: Case, draws: Iterable[Draw], moves: Iterable[Move]) -> None:
    """Nothing is drawn twice, moved twice, taken from nothing, or put where it may not be."""
    draws, moves = list(draws), list(moves)
    position, lots = case.position, {lot.id: lot for lot in case.position.lots}
    free = Counter({lot.id: lot.available_minor for lot in position.lots})
    left = Counter(movable(position))
    used = Counter(position.used_minor)
    for move in moves:
        left[move.grant_id, move.from_lot_id] -= move.amount_minor
        free[move.from_lot_id] += move.amount_minor
        capped = naive_cap(lots[move.from_lot_id], case.grants[move.grant_id])
        if capped and naive_admits(lots[move.from_lot_id], case.grants[move.grant_id]):
            used[capped[0]] -= move.amount_minor
    placed = [(d.grant_id, d.lot_id, d.amount_minor) for d in draws]
    placed += [(m.grant_id, m.to_lot_id, m.amount_minor) for m in moves]
    for grant_id, lot_id, amount in placed:
        assert amount > 0
        assert not lots[lot_id].is_pinned
        assert naive_admits(lots[lot_id], case.grants[grant_id])
        free[lot_id] -= amount
        capped = naive_cap(lots[lot_id], case.grants[grant_id])
        if capped:
            used[capped[0]] += amount
            limit = max(capped[1], position.used_minor.get(capped[0], 0))
            assert used[capped[0]] <= limit
    assert min(free.values(), default=0) >= 0
    assert min(left.values(), default=0) >= 0
    sources = {(move.grant_id, move.from_lot_id) for move in moves}
    assert sources.isdisjoint((move.grant_id, move.to_lot_id) for move in moves)
    assert len({move[:3] for move in moves}) == len(moves)
    assert len({draw[:2] for draw in draws}) == len(draws)


def check_cut(case: Case, answer: NotFundable) -> None:
    """The named limits prove by themselves that the money is short."""
    assert answer.shortfall_minor == sum(part.shortfall_minor for part in answer.binding)
    position, movables = case.position, movable(case.position)
    for part in answer.binding:
        wanted = sum(claim.amount_minor for claim in part.claims)
        available = sum(limit.capacity_minor for limit in part.limits)
        assert wanted == available + part.shortfall_minor
        assert part.shortfall_minor > 0
        _check_claims(case, part.claims)
        shut = [limit for limit in part.limits if limit.kind is LimitKind.LOTS]
        emptied = [lot_id for limit in shut for lot_id in limit.lot_ids]
        assert len(set(emptied)) == len(emptied)
        for limit in shut:
            money = sum(lot.available_minor for lot in position.lots if lot.id in limit.lot_ids)
            money += sum(a for (_, lot), a in movables.items() if lot in limit.lot_ids)
            assert money == limit.capacity_minor
        for lot in position.lots:
            if lot.id not in emptied and not lot.is_pinned:
                _check_other_lot(case, answer, lot.id)
    claims = [claim[::2] for part in answer.binding for claim in part.claims]
    assert len(set(claims)) == len(claims)


def _check_claims(case: Case, claims: Iterable[tuple[UUID, int, bool]]) -> None:
    awards = {grant.id: amount for grant, amount in case.awards}
    held: Counter[UUID] = Counter()
    for (grant_id, _), amount in movable(case.position).items():
        held[grant_id] += amount
    for grant_id, amount, is_new in claims:
        assert amount == (awards[grant_id] if is_new else held[grant_id])


def _check_other_lot(case: Case, answer: NotFundable, lot_id: UUID) -> None:
    """A lot outside a bottleneck gives its grants nothing but through a cap or a kept part."""
    lot = next(lot for lot in case.position.lots if lot.id == lot_id)
    money = lot.available_minor + sum(
        amount for (_, held_on), amount in movable(case.position).items() if held_on == lot_id
    )
    for part in answer.binding:
        if any(lot_id in limit.lot_ids for limit in part.limits if limit.kind is LimitKind.LOTS):
            continue
        for claim in part.claims:
            grant = case.grants[claim.grant_id]
            capped = naive_cap(lot, grant)
            caps = {
                (limit.agreement_ids, limit.cap.dimension, limit.cap.value)
                for limit in part.limits
                if limit.cap is not None
            }
            if naive_admits(lot, grant) and money:
                assert capped is not None
                assert ((lot.agreement_id,), capped[0].dimension, capped[0].value) in caps
            elif not claim.is_new and (claim.grant_id, lot_id) in movable(case.position):
                kept = [limit for limit in part.limits if limit.kind is LimitKind.KEPT]
                assert any(lot_id in limit.lot_ids for limit in kept)


def check_reversal(case: Case, lot_id: UUID, amount: int) -> None:
    """As much leaves the lot as can, moving as little as can be, by the oracle's count."""
    position = case.position
    answer = reroute_for_reversal(lot_id, amount, position, TODAY)
    lot = next(lot for lot in position.lots if lot.id == lot_id)
    cleared = sum(move.amount_minor for move in answer.moves if move.from_lot_id == lot_id)
    cleared -= sum(move.amount_minor for move in answer.moves if move.to_lot_id == lot_id)
    assert answer.free_minor == min(amount, lot.available_minor)
    assert answer.free_minor + max(cleared, 0) + answer.unmovable_minor == amount
    check_effect(_less(case, lot_id, answer.free_minor), (), answer.moves)
    wanted = amount - answer.free_minor
    if not wanted or lot.is_pinned:
        assert answer.moves == ()
        return
    capacity = {lot.id: lot.available_minor for lot in position.lots if not lot.is_pinned}
    for (_, held_on), held in movable(position).items():
        capacity[held_on] += held
    capacity[lot_id] -= answer.free_minor
    for give in range(min(wanted, capacity[lot_id]), -1, -1):
        result = best(case, capacity | {lot_id: capacity[lot_id] - give}, with_awards=False)
        if result is not None:
            assert answer.unmovable_minor == wanted - give
            assert sum(move.amount_minor for move in answer.moves) == result[1]
            return
    raise AssertionError("reservations can always stay where they are")


def _less(case: Case, lot_id: UUID, amount: int) -> Case:
    lots = [
        replace(lot, available_minor=lot.available_minor - amount) if lot.id == lot_id else lot
        for lot in case.position.lots
    ]
    return Case(replace(case.position, lots=lots), case.awards)


def shuffled(case: Case, order: int) -> Case:
    """The same question with everything given in another order."""
    random, position = Random(order), case.position
    lots, grants = list(position.lots), list(position.grants)
    reservations = list(position.reservations)
    used, awards = list(position.used_minor.items()), list(case.awards)
    random.shuffle(lots)
    random.shuffle(grants)
    random.shuffle(reservations)
    random.shuffle(used)
    random.shuffle(awards)
    return Case(Position(lots, reservations, grants, dict(used)), tuple(awards))
