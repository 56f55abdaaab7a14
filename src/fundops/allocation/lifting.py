"""From a flow through pools back to lots: draws, moves, and the proof that money is short.

Within a pool a grant keeps what it holds as far as its flow allows, on the tightest and oldest lots
first; what it gives up and what was free is handed to those who gain, again tightest and oldest
first. So no reservation changes its lot unless the flow asked for it.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from uuid import UUID

from fundops.allocation.position import Bottleneck, Claim, Draw, Limit, LimitKind, Move, Plan
from fundops.allocation.routing import SINK, Gate, Part, Pool, Route, Routing


def plan_of(routing: Routing) -> Plan:
    """The draws and moves that turn the present reservations into the network's flow."""
    lost: dict[int, list[Part]] = {}
    gained: dict[int, list[Part]] = {}
    flows = _flow_by_pool(routing)
    for pool in routing.pools:
        _settle(routing, pool, flows.get(pool.node, {}), lost, gained)
    draws: list[Draw] = []
    moves: list[Move] = []
    for index, demand in enumerate(routing.demands):
        parts = gained.get(index, [])
        if demand.is_new:
            draws += [Draw(demand.grant.id, *part) for part in parts]
        else:
            moves += _pair(demand.grant.id, lost.get(index, []), parts)
    lots = routing.position.lot_by_id
    draws.sort(key=lambda draw: (draw.grant_id, lots[draw.lot_id].order))
    return Plan(tuple(draws), tuple(moves))


def _flow_by_pool(routing: Routing) -> Mapping[int, dict[int, int]]:
    flows: dict[int, dict[int, int]] = {}
    for route in routing.routes:
        by_demand = flows.setdefault(route.pool.node, {})
        flow = routing.network.flow(route.arc)
        by_demand[route.demand] = by_demand.get(route.demand, 0) + flow
    return flows


def _settle(
    routing: Routing,
    pool: Pool,
    flows: Mapping[int, int],
    lost: dict[int, list[Part]],
    gained: dict[int, list[Part]],
) -> None:
    """Decide for one pool who gives up what on which lot, and who takes it."""
    room = dict(pool.free)
    wants: list[tuple[int, int]] = []
    for index, flow in flows.items():
        change = flow - pool.held_minor(index)
        if change > 0:
            wants.append((index, change))
        for part in _give_up(routing, pool, index, -change):
            lost.setdefault(index, []).append(part)
            room[part.lot_id] += part.amount_minor
    for index, part in _change_places(routing, pool, room, lost):
        lost.setdefault(index, []).append(part)
        wants.append((index, part.amount_minor))
    for index, part in _hand_out(pool, room, wants):
        gained.setdefault(index, []).append(part)


def _give_up(routing: Routing, pool: Pool, demand: int, amount: int) -> Iterator[Part]:
    """Parts that a demand gives up: on the lot to be cleared first, then from the last lot back."""
    clearing_id = routing.clearing.id if routing.clearing else None
    parts = pool.held.get(demand, [])[::-1]
    parts.sort(key=lambda part: part.lot_id != clearing_id)
    for part in parts:
        taken = min(part.amount_minor, amount)
        if taken > 0:
            yield Part(part.lot_id, taken)
            amount -= taken


def _change_places(
    routing: Routing, pool: Pool, room: dict[UUID, int], lost: Mapping[int, Sequence[Part]]
) -> Iterator[tuple[int, Part]]:
    """Take the cleared amount off its lot; what is not free there must go elsewhere in the pool."""
    if routing.clearing is None or pool.clearing_arc is None:
        return
    lot_id = routing.clearing.id
    room[lot_id] -= routing.network.flow(pool.clearing_arc)
    for index, parts in sorted(pool.held.items()):
        left = sum(part.amount_minor for part in parts if part.lot_id == lot_id)
        left -= sum(p.amount_minor for p in lost.get(index, ()) if p.lot_id == lot_id)
        taken = min(left, -room[lot_id])
        if taken > 0:
            room[lot_id] += taken
            yield index, Part(lot_id, taken)


def _hand_out(
    pool: Pool, room: dict[UUID, int], wants: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, Part]]:
    lots = deque(lot.id for lot in pool.lots if room[lot.id] > 0)
    for index, wanted in wants:
        while wanted > 0:
            taken = min(wanted, room[lots[0]])
            yield index, Part(lots[0], taken)
            wanted -= taken
            room[lots[0]] -= taken
            if not room[lots[0]]:
                lots.popleft()


def _pair(grant_id: UUID, lost: Sequence[Part], gained: Sequence[Part]) -> list[Move]:
    """Match what one grant gives up with what it takes; a part cleared for nobody stays out."""
    moves: list[Move] = []
    sources = deque(_joined(lost))
    for target in _joined(gained):
        wanted = target.amount_minor
        while wanted:
            source = sources.popleft()
            taken = min(wanted, source.amount_minor)
            moves.append(Move(grant_id, source.lot_id, target.lot_id, taken))
            wanted -= taken
            if source.amount_minor > taken:
                sources.appendleft(Part(source.lot_id, source.amount_minor - taken))
    return moves


def _joined(parts: Iterable[Part]) -> list[Part]:
    """One part per lot, in the order of first mention."""
    total: dict[UUID, int] = {}
    for part in parts:
        total[part.lot_id] = total.get(part.lot_id, 0) + part.amount_minor
    return [Part(lot_id, amount) for lot_id, amount in total.items()]


def bottlenecks_of(routing: Routing) -> tuple[Bottleneck, ...]:
    """What the least cut says, one bottleneck per group of grants that compete; after a full flow.

    The cut nearest to the sink is used: it names the fewest grants, and does not depend on which
    largest flow was found.
    """
    network = routing.network
    found: list[Bottleneck] = []
    for group in network.components(network.cut_before(SINK) - {SINK}):
        claims = tuple(
            Claim(demand.grant.id, demand.amount_minor, demand.is_new)
            for demand in routing.demands
            if demand.node in group
        )
        limits = _limits(routing, network.crossing(group))
        short = sum(c.amount_minor for c in claims) - sum(limit.capacity_minor for limit in limits)
        found.append(Bottleneck(short, claims, limits))
    return tuple(found)


def _limits(routing: Routing, arcs: Iterable[int]) -> tuple[Limit, ...]:
    """What the arcs into a bottleneck stand for; a cap that is used up counts, with nothing."""
    pools = {pool.supply_arc: pool for pool in routing.pools}
    gates = {gate.arc: gate for gate in routing.gates}
    routes = {route.arc: route for route in routing.routes}
    limits: list[Limit] = []
    for arc in arcs:
        capacity = routing.network.capacity(arc)
        if arc in pools:
            limits.append(_limit_of(LimitKind.LOTS, capacity, pools[arc]))
        elif arc in gates:
            gate = gates[arc]
            limits.append(_limit_of(LimitKind.CAP, capacity, gate.pool, gate))
        else:
            route = routes[arc]
            limits.append(_limit_of(LimitKind.KEPT, capacity, route.pool, route))
    return tuple(limits)


def _limit_of(
    kind: LimitKind, capacity: int, pool: Pool, source: Gate | Route | None = None
) -> Limit:
    lots = pool.lots
    if isinstance(source, Route):
        held = {part.lot_id for part in pool.held[source.demand]}
        lots = [lot for lot in lots if lot.id in held]
    return Limit(
        kind,
        capacity,
        agreement_ids=tuple(dict.fromkeys(lot.agreement_id for lot in lots)),
        earmarks=tuple(dict.fromkeys(lot.earmark for lot in lots)),
        lot_ids=tuple(lot.id for lot in lots),
        cap=source.cap if isinstance(source, Gate) else None,
    )
