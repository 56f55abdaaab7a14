"""Which lots pay for which grants: drawing, re-routing, and whether a list of awards is fundable.

Pure functions of a ``Position``; nothing is read or written. Answers do not depend on the order in
which lots, grants, reservations or awards are given.

An award is drawn from lots whose earmark admits the grant, tightest first, then oldest. Only when
that is not enough are other grants' unpaid, unpinned reservations re-routed, and then as little
money as possible, each part directly from its old lot to its new one.

>>> from datetime import date
>>> from uuid import UUID
>>> from fundops.allocation.earmarks import Dimension, Earmark, GrantFacts
>>> from fundops.allocation.position import LotFacts, Position, Reservation
>>> day, donor_a, donor_b = date(2026, 3, 1), UUID(int=101), UUID(int=102)
>>> for_kenya = LotFacts(UUID(int=1), donor_a, Earmark(3, {Dimension.COUNTRY: {"KE"}}), day, 500)
>>> for_all = LotFacts(UUID(int=2), donor_b, Earmark(1), day, 100)
>>> kenya = GrantFacts(UUID(int=11), "GRT-2026-0001", country="KE")
>>> nepal = GrantFacts(UUID(int=12), "GRT-2026-0002", country="NP")

Kenya's grant was reserved on the flexible money when nothing else was there. Nepal's needs it:

>>> held = Reservation(kenya.id, for_all.id, 300)
>>> position = Position([for_kenya, for_all], [held], [kenya])
>>> plan = plan_award(nepal, 250, position, day)
>>> [(draw.lot_id.int, draw.amount_minor) for draw in plan.draws]
[(2, 250)]
>>> [(move.from_lot_id.int, move.to_lot_id.int, move.amount_minor) for move in plan.moves]
[(2, 1, 150)]

With 450 for Nepal even that is not enough, and the answer says what binds:

>>> answer = plan_award(nepal, 450, position, day)
>>> answer.shortfall_minor, answer.idle_minor
(50, 200)
>>> [(limit.kind.value, limit.capacity_minor) for limit in answer.binding[0].limits]
[('lots', 400)]
"""

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from fundops.allocation.earmarks import Earmark, GrantFacts
from fundops.allocation.lifting import bottlenecks_of, plan_of
from fundops.allocation.position import (
    MAX_AWARDS,
    Award,
    CapGroup,
    Clearance,
    Draw,
    Fundable,
    LotFacts,
    NotFundable,
    Plan,
    Position,
    Shortage,
    cap_group,
)
from fundops.allocation.routing import SINK, SOURCE, Routing
from fundops.money import MAX_MINOR

__all__ = ["fundable", "greedy", "plan_award", "reroute_for_reversal"]


def greedy(
    grant: GrantFacts, amount_minor: int, position: Position, on: date
) -> tuple[Draw, ...] | Shortage:
    """Draw an award from free money only: tightest lot first, then oldest, ties by id.

    For a single grant this finds as much as there is, caps included. Raises ``ValueError`` when the
    amount is not positive or too large.
    """
    awards = _checked([Award(grant, amount_minor)], position)
    draws = _draw_free(awards, position, on)
    missing = amount_minor - sum(draw.amount_minor for draw in draws)
    return Shortage(draws, missing) if missing else draws


def plan_award(
    grant: GrantFacts, amount_minor: int, position: Position, on: date
) -> Plan | NotFundable:
    """Draws for one award, with the least re-routing when free money alone is not enough."""
    answer = fundable([(grant, amount_minor)], position, on)
    return answer.plan if isinstance(answer, Fundable) else answer


def fundable(
    awards: Iterable[tuple[GrantFacts, int]], position: Position, on: date
) -> Fundable | NotFundable:
    """Whether all awards can be funded together, and the plan, or what binds.

    Existing reservations stay funded to the full. A grant may be both in the list and a holder of
    reservations (a top-up). Raises ``ValueError`` for an amount that is not positive, a grant named
    twice or known with other facts, and more than the stated maxima.
    """
    checked = _checked([Award(grant, amount) for grant, amount in awards], position)
    draws = _draw_free(checked, position, on)
    if sum(draw.amount_minor for draw in draws) == sum(award.amount_minor for award in checked):
        return Fundable(Plan(draws))
    routing = Routing(position, checked, on)
    routing.push(draws)
    fullest = routing.network.twin()
    added = fullest.largest_flow(SOURCE, SINK)
    if added < routing.missing_minor:
        shortfall = routing.missing_minor - added
        routing.network = fullest
        free = sum(lot.available_minor for lot in position.lots if not lot.is_pinned)
        given = sum(award.amount_minor for award in checked) - shortfall
        return NotFundable(shortfall, bottlenecks_of(routing), free - given)
    routing.network.least_cost_flow(SOURCE, SINK)
    return Fundable(plan_of(routing))


def reroute_for_reversal(
    lot_id: UUID, amount_minor: int, position: Position, on: date
) -> Clearance:
    """How a lot gives up an amount because the receipt behind it is reversed.

    Its free money goes first, then unpaid reservations move to other lots, moving the least.
    What cannot be given up (paid, pinned, or without another lot to go to) is for a person to
    decide. Raises ``ValueError`` for an unknown lot or an amount out of range.
    """
    lot = position.lot_by_id.get(lot_id)
    if lot is None:
        raise ValueError(f"lot {lot_id} is not in the position")
    _check_amount(amount_minor)
    free = min(amount_minor, lot.available_minor)
    missing = amount_minor - free
    if not missing or lot.is_pinned:
        return Clearance(free, (), missing)
    position.check_pairs(0)
    routing = Routing(position, (), on, clearing=lot, clearing_minor=missing)
    moved, _ = routing.network.least_cost_flow(SOURCE, SINK)
    return Clearance(free, plan_of(routing).moves, missing - moved)


def _checked(awards: Sequence[Award], position: Position) -> list[Award]:
    if len(awards) > MAX_AWARDS:
        raise ValueError(f"{len(awards)} awards are more than the maximum of {MAX_AWARDS}")
    if len({award.grant.id for award in awards}) != len(awards):
        raise ValueError("a grant is listed twice among the awards")
    position.check_pairs(len(awards))
    for award in awards:
        _check_amount(award.amount_minor)
        if position.grant_by_id.get(award.grant.id, award.grant) != award.grant:
            raise ValueError(f"grant {award.grant.id} is known with other facts")
    if sum(award.amount_minor for award in awards) > MAX_MINOR:
        raise ValueError(f"the awards exceed the maximum of {MAX_MINOR} minor units")
    return sorted(awards, key=lambda award: award.grant.id)


def _check_amount(amount_minor: int) -> None:
    if not 0 < amount_minor <= MAX_MINOR:
        raise ValueError(f"an amount is between 1 and {MAX_MINOR} minor units")


def _draw_free(awards: Sequence[Award], position: Position, on: date) -> tuple[Draw, ...]:
    """Draw awards one after the other from free money, as far as it goes."""
    lots = [lot for lot in position.lots if lot.available_minor and not lot.is_pinned]
    lots.sort(key=lambda lot: lot.order)
    free = {lot.id: lot.available_minor for lot in lots}
    room: dict[CapGroup, int] = {}
    draws: list[Draw] = []
    for award in awards:
        wanted = award.amount_minor
        admitted: dict[tuple[Earmark, bool], bool] = {}
        for lot in lots:
            if not wanted or not free[lot.id]:
                continue
            kind = (lot.earmark, on <= lot.last_day)
            if kind not in admitted:
                admitted[kind] = lot.admits(award.grant, on)
            if admitted[kind]:
                taken = _take(lot, award.grant, min(wanted, free[lot.id]), position, room)
                if taken:
                    draws.append(Draw(award.grant.id, lot.id, taken))
                    free[lot.id] -= taken
                    wanted -= taken
    return tuple(draws)


def _take(
    lot: LotFacts, grant: GrantFacts, amount: int, position: Position, room: dict[CapGroup, int]
) -> int:
    """What a cap lets the grant have of an amount; remembers the use."""
    capped = cap_group(lot, grant)
    if capped is None:
        return amount
    group, cap = capped
    taken = min(amount, room.setdefault(group, position.room_minor(group, cap.amount_minor)))
    room[group] -= taken
    return taken
