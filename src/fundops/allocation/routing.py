"""The network behind an allocation question, and the way back from its flow to lots.

Source -> pools -> (caps ->) grants -> sink. A *pool* is all lots that may pay for exactly the same
grants of the question: moving money between them gains nothing, so they are one node, which keeps
two thousand lots small. Lots of a capped agreement form a pool of their own, because the cap is an
arc behind it. Existing reservations enter as flow; leaving them costs nothing by itself, but each
unit that a grant takes up in another pool costs 1: the cheapest flow moves the least money.

A reservation that its lot no longer admits (the date has passed, the earmark was amended) may stay
or leave, never grow. If its lot is capped, the room it leaves under the cap is not used again
within the same plan; the next question sees it.

*Clearing* asks one lot to give up money. Its reservations may also change places with free money of
their own pool, which the network cannot see. So a grant's reservations on other lots of that pool
count as 1 dearer to give up: each such unit makes another reservation leave the lot for its place.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple
from uuid import UUID

from fundops.allocation.earmarks import Cap, Earmark, GrantFacts
from fundops.allocation.flow import UNLIMITED, Network
from fundops.allocation.position import (
    Award,
    CapGroup,
    Draw,
    LotFacts,
    Position,
    cap_group,
)

SOURCE, SINK = 0, 1


class Part(NamedTuple):
    """An amount on a lot."""

    lot_id: UUID
    amount_minor: int


@dataclass(eq=False)
class Pool:
    """Lots that may pay for the same grants; ``held`` is what they hold, per demand."""

    admitted: int
    node: int = -1
    supply_arc: int = -1
    lots: list[LotFacts] = field(default_factory=list)
    free: dict[UUID, int] = field(default_factory=dict)
    held: dict[int, list[Part]] = field(default_factory=dict)
    gates: dict[int, "Gate"] = field(default_factory=dict)
    new_arcs: dict[int, int] = field(default_factory=dict)
    clearing_arc: int | None = None

    def add(self, lot: LotFacts, free: int, parts: Mapping[int, Part]) -> None:
        """Put a lot in the pool, with its free money and what it holds."""
        self.lots.append(lot)
        self.free[lot.id] = free
        for demand, part in parts.items():
            self.held.setdefault(demand, []).append(part)

    def held_minor(self, demand: int) -> int:
        """What a demand holds on all lots of the pool."""
        return sum(part.amount_minor for part in self.held.get(demand, []))


@dataclass(eq=False)
class Demand:
    """A grant's new award, or all that may be moved of its reservations."""

    grant: GrantFacts
    amount_minor: int
    is_new: bool
    node: int
    sink_arc: int


class Route(NamedTuple):
    """An arc on which a demand is served from a pool."""

    arc: int
    pool: Pool
    demand: int
    is_kept: bool


class Gate(NamedTuple):
    """A cap: the arc into the node behind which the capped grants are served."""

    arc: int
    node: int
    pool: Pool
    cap: Cap


class Routing:
    """The network of one question. Everything is built in a fixed order, whatever the input's."""

    def __init__(
        self,
        position: Position,
        awards: Iterable[Award],
        on: date,
        clearing: LotFacts | None = None,
        clearing_minor: int = 0,
    ) -> None:
        self.position, self.on, self.clearing = position, on, clearing
        self.network = Network(2)
        self.demands: list[Demand] = []
        self.routes: list[Route] = []
        self.gates: list[Gate] = []
        self.pool_of_lot: dict[UUID, Pool] = {}
        self._add_demands(awards)
        self._bits = self._number_grants()
        self._masks: dict[tuple[Earmark, bool], int] = {}
        self.pools = self._gather_pools()
        for pool in self.pools:
            self._connect(pool)
        if clearing is not None:
            self._connect_clearing(clearing, clearing_minor)

    def _add_demands(self, awards: Iterable[Award]) -> None:
        held: dict[UUID, int] = {}
        for (grant_id, _), amount in self.position.movable.items():
            held[grant_id] = held.get(grant_id, 0) + amount
        for award in sorted(awards, key=lambda award: award.grant.id):
            self._add_demand(award.grant, award.amount_minor, is_new=True)
        for grant_id in sorted(held):
            grant = self.position.grant_by_id[grant_id]
            self._add_demand(grant, held[grant_id], is_new=False)

    def _add_demand(self, grant: GrantFacts, amount: int, *, is_new: bool) -> None:
        node = self.network.add_node()
        arc = self.network.add_arc(node, SINK, amount, flow=0 if is_new else amount)
        self.demands.append(Demand(grant, amount, is_new, node, arc))

    def _number_grants(self) -> Mapping[UUID, int]:
        """A bit per grant; a grant with both an award and reservations has one."""
        ids = sorted({demand.grant.id for demand in self.demands})
        return {grant_id: 1 << index for index, grant_id in enumerate(ids)}

    def _mask(self, lot: LotFacts) -> int:
        """Bits of the grants that the lot admits; the same for all lots of an earmark and state."""
        key = (lot.earmark, self.on <= lot.last_day)
        if key not in self._masks:
            grants = {demand.grant.id: demand.grant for demand in self.demands}
            self._masks[key] = sum(
                self._bits[grant.id] for grant in grants.values() if lot.admits(grant, self.on)
            )
        return self._masks[key]

    def _gather_pools(self) -> list[Pool]:
        pools: dict[tuple[int, UUID | None, bool], Pool] = {}
        held = self._held_by_lot()
        for lot in sorted(self.position.lots, key=lambda lot: lot.order):
            parts = held.get(lot.id, {})
            is_clearing = lot is self.clearing
            free = 0 if is_clearing else lot.available_minor
            if lot.is_pinned or not (free or parts):
                continue
            admitted = self._mask(lot)
            agreement = lot.agreement_id if lot.earmark.caps and admitted else None
            staying = {d: part for d, part in parts.items() if not self._is_admitted(d, admitted)}
            if is_clearing and staying:
                # These cannot change places within the pool, so they stand alone.
                apart = pools.setdefault((admitted, agreement, True), Pool(0))
                apart.add(lot, 0, staying)
                parts = {d: part for d, part in parts.items() if d not in staying}
            pool = pools.setdefault((admitted, agreement, False), Pool(admitted))
            pool.add(lot, free, parts)
            self.pool_of_lot[lot.id] = pool
        return list(pools.values())

    def _held_by_lot(self) -> Mapping[UUID, dict[int, Part]]:
        number = {d.grant.id: index for index, d in enumerate(self.demands) if not d.is_new}
        held: dict[UUID, dict[int, Part]] = {}
        for grant_id, lot_id in sorted(self.position.movable):
            part = Part(lot_id, self.position.movable[grant_id, lot_id])
            held.setdefault(lot_id, {})[number[grant_id]] = part
        return held

    def _is_admitted(self, demand: int, mask: int) -> bool:
        return bool(mask & self._bits[self.demands[demand].grant.id])

    def _connect(self, pool: Pool) -> None:
        held = sum(pool.held_minor(demand) for demand in pool.held)
        supply = held + sum(pool.free.values())
        pool.node = self.network.add_node()
        pool.supply_arc = self.network.add_arc(SOURCE, pool.node, supply, flow=held)
        self._open_gates(pool)
        for index, demand in enumerate(self.demands):
            admitted = self._is_admitted(index, pool.admitted)
            tail = pool.gates[index].node if index in pool.gates else pool.node
            for amount, cost in self._held_amounts(pool, index):
                arc = self.network.add_arc(tail, demand.node, amount, cost=cost, flow=amount)
                self.routes.append(Route(arc, pool, index, is_kept=not admitted))
            if admitted:
                cost = 0 if demand.is_new else 1
                arc = self.network.add_arc(tail, demand.node, UNLIMITED, cost=cost)
                self.routes.append(Route(arc, pool, index, is_kept=False))
                if demand.is_new:
                    pool.new_arcs[index] = arc

    def _held_amounts(self, pool: Pool, demand: int) -> list[tuple[int, int]]:
        """What a demand holds in a pool as (amount, cost); a lower cost is dearer to give up."""
        total = pool.held_minor(demand)
        if self.clearing is None or pool is not self.pool_of_lot.get(self.clearing.id):
            amounts = [(total, 0)]
        else:
            parts = pool.held.get(demand, [])
            here = sum(part.amount_minor for part in parts if part.lot_id == self.clearing.id)
            amounts = [(total - here, -1), (here, 0)]
        return [(amount, cost) for amount, cost in amounts if amount]

    def _open_gates(self, pool: Pool) -> None:
        """Put a node for each cap behind the pool, through which its grants are served."""
        members: dict[CapGroup, list[int]] = {}
        caps: dict[CapGroup, Cap] = {}
        for index, demand in enumerate(self.demands):
            capped = cap_group(pool.lots[0], demand.grant)
            if capped is not None and self._is_admitted(index, pool.admitted):
                group, cap = capped
                members.setdefault(group, []).append(index)
                caps[group] = cap
        for group, indexes in members.items():
            held = sum(pool.held_minor(index) for index in indexes)
            room = self.position.room_minor(group, caps[group].amount_minor)
            node = self.network.add_node()
            arc = self.network.add_arc(pool.node, node, held + room, flow=held)
            gate = Gate(arc, node, pool, caps[group])
            self.gates.append(gate)
            pool.gates.update(dict.fromkeys(indexes, gate))

    def _connect_clearing(self, lot: LotFacts, amount: int) -> None:
        """A further demand, which only the reservations on the lot to be cleared can meet."""
        node = self.network.add_node()
        self.network.add_arc(node, SINK, amount)
        for pool in self.pools:
            parts = [part for parts in pool.held.values() for part in parts]
            here = sum(part.amount_minor for part in parts if part.lot_id == lot.id)
            if here:
                pool.clearing_arc = self.network.add_arc(pool.node, node, here)

    def push(self, draws: Iterable[Draw]) -> None:
        """Let draws of new awards that were already found flow through the network."""
        number = {d.grant.id: index for index, d in enumerate(self.demands) if d.is_new}
        for draw in draws:
            index, pool = number[draw.grant_id], self.pool_of_lot[draw.lot_id]
            arcs = [pool.supply_arc, pool.new_arcs[index], self.demands[index].sink_arc]
            if index in pool.gates:
                arcs.append(pool.gates[index].arc)
            for arc in arcs:
                self.network.push(arc, draw.amount_minor)

    @property
    def missing_minor(self) -> int:
        """What the awards still lack in the present flow."""
        return sum(
            demand.amount_minor - self.network.flow(demand.sink_arc) for demand in self.demands
        )
