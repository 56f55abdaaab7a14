"""Whether what falls due can be paid, month by month: a flow through time.

Pure arithmetic on minor units. Money lies in **pools** (one earmark each) from the month in which
it comes; what falls due is of a **kind** (grants that the same pools admit). Money that has come
may pay in any later month, and never in an earlier one. Nothing that could be paid in its month is
put off; what could not be paid is made up for, oldest first, as soon as money comes that may pay
it. Reserved money stays what it is, a grant's own, but may change its lot where that lets another
tranche be paid, as an award would move it.

The flow is asked backwards, from what is due to the money, so that a search begins only at what is
still unpaid.

>>> course = run(Question(3, {(0, 0): 50, (1, 2): 70}, {(0, 0): 40, (0, 1): 30, (1, 2): 50},
...                       {0: [0], 1: [0, 1]}))
>>> [(one.due_minor, one.paid_minor, one.unpaid_minor) for one in course.months]
[(40, 40, 0), (30, 10, 20), (50, 50, 20)]
>>> course.late, course.shortage.month, course.shortage.pools
({(0, 1): 20}, 1, ((0, 50),))
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fundops.allocation.flow import UNLIMITED, Network

MAX_MONTHS = 60

Slot = tuple[int, int]
"""A pool or a kind, and a month from 0."""

_NEED, _MONEY = 0, 1


@dataclass(frozen=True)
class Question:
    """What is there, what comes and what falls due, in minor units.

    ``money`` and ``due`` are by (pool, month) and (kind, month). ``admits`` names the pools that
    may pay for a kind. ``held`` is what is reserved already, by (pool, kind): money in its pool
    besides ``money``, and due besides ``due``. ``caps`` names, for a pool and a kind, the place in
    ``room`` of what the pool's agreement may still give to such grants; a cap is of one pool.
    """

    months: int
    money: Mapping[Slot, int]
    due: Mapping[Slot, int]
    admits: Mapping[int, Sequence[int]]
    held: Mapping[tuple[int, int], int] = field(default_factory=dict)
    caps: Mapping[tuple[int, int], int] = field(default_factory=dict)
    room: Sequence[int] = ()


@dataclass(frozen=True)
class Month:
    """What fell due in a month, what was paid in it, and what was unpaid at its end."""

    due_minor: int
    paid_minor: int
    unpaid_minor: int


@dataclass(frozen=True)
class Shortage:
    """What binds in the first month whose dues cannot be paid.

    ``pools`` may pay what is short and are used up, or still empty (with all the money that came
    into them); ``caps`` are reached; ``idle`` have money left that may not pay it.
    """

    month: int
    unpaid_minor: int
    pools: tuple[tuple[int, int], ...]
    caps: tuple[int, ...]
    idle: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Course:
    """What becomes of a question: its months, and what was unpaid when its own month ended."""

    months: tuple[Month, ...]
    late: Mapping[Slot, int]
    shortage: Shortage | None


def run(question: Question) -> Course:
    """Play the months through. Raises ``ValueError`` beyond the stated maxima."""
    if not 1 <= question.months <= MAX_MONTHS:
        raise ValueError(f"a plan has 1 to {MAX_MONTHS} months, not {question.months}")
    return _Run(question).course()


@dataclass
class _Open:
    """Something due: its node and the arc that needs so much."""

    kind: int
    node: int
    arc: int


class _Run:
    def __init__(self, question: Question) -> None:
        self.question = question
        self.network = Network(2)
        self.latest: dict[int, int] = {}
        self.filled: dict[int, list[int]] = {}
        self.backlog: list[_Open] = []
        self.room = list(question.room)
        self.late: dict[Slot, int] = {}
        self.shortage: Shortage | None = None
        self.due_in = _by_month(question.due)
        self.money_in = _by_month(question.money)

    def course(self) -> Course:
        self._hold()
        return Course(
            tuple(self._month(month) for month in range(self.question.months)),
            self.late,
            self.shortage,
        )

    def _hold(self) -> None:
        """Lay out what is reserved, as flow that is never taken from its kind again."""
        network, held = self.network, self.question.held
        in_pool: dict[int, int] = {}
        of_kind: dict[int, dict[int, int]] = {}
        for (pool, kind), minor in sorted(held.items()):
            in_pool[pool] = in_pool.get(pool, 0) + minor
            of_kind.setdefault(kind, {})[pool] = minor
        coming = self.money_in.pop(0, {})
        for pool in sorted(in_pool.keys() | coming.keys()):
            node = self.latest[pool] = network.add_node()
            kept = in_pool.get(pool, 0)
            arc = network.add_arc(node, _MONEY, coming.get(pool, 0) + kept, flow=kept)
            self.filled[pool] = [arc]
        for kind, parts in of_kind.items():
            node, total = network.add_node(), sum(parts.values())
            network.add_arc(_NEED, node, total, flow=total)
            for pool in sorted(parts.keys() | set(self.question.admits.get(kind, ()))):
                if pool not in self.latest:
                    continue
                minor = parts.get(pool, 0)
                free = pool in self.question.admits.get(kind, ())
                bound = UNLIMITED if free and (pool, kind) not in self.question.caps else minor
                if bound:
                    network.add_arc(node, self.latest[pool], bound, flow=minor)

    def _month(self, month: int) -> Month:
        came = self._arrive(self.money_in.get(month, {}))
        capped: dict[int, int] = {}
        paid = 0
        if came and self.backlog:
            self.backlog = [self._again(one, came, capped) for one in self.backlog]
            paid += self._settle()
        due = self.due_in.get(month, {})
        fresh = [self._add(kind, minor, capped) for kind, minor in sorted(due.items())]
        if fresh:
            paid += self._settle()
        for one in fresh:
            if self._rest(one):
                self.late[one.kind, month] = self._rest(one)
        self.backlog = [one for one in (*self.backlog, *fresh) if self._rest(one)]
        unpaid = sum(self._rest(one) for one in self.backlog)
        if unpaid and self.shortage is None:
            self.shortage = self._bound(month, unpaid, capped)
        self._use_up(capped)
        return Month(sum(due.values()), paid, unpaid)

    def _use_up(self, capped: Mapping[int, int]) -> None:
        """Take what a month used of a cap from what later months may use of it."""
        for cap, arc in capped.items():
            self.network.close(arc)
            self.room[cap] -= self.network.flow(arc)

    def _arrive(self, coming: Mapping[int, int]) -> set[int]:
        for pool, minor in sorted(coming.items()):
            node = self.network.add_node()
            if pool in self.latest:
                self.network.add_arc(node, self.latest[pool], UNLIMITED)
            self.latest[pool] = node
            arc = self.network.add_arc(node, _MONEY, minor)
            self.filled.setdefault(pool, []).append(arc)
        return set(coming)

    def _again(self, one: _Open, came: set[int], capped: dict[int, int]) -> _Open:
        """Let what is overdue be paid with what came this month, and leave the past as it was."""
        if came.isdisjoint(self.question.admits.get(one.kind, ())):
            return one
        rest = self._rest(one)
        self.network.close(one.arc)
        return self._add(one.kind, rest, capped)

    def _add(self, kind: int, minor: int, capped: dict[int, int]) -> _Open:
        network = self.network
        node = network.add_node()
        arc = network.add_arc(_NEED, node, minor)
        for pool in self.question.admits.get(kind, ()):
            if pool in self.latest:
                network.add_arc(node, self._way_to(pool, kind, capped), UNLIMITED)
        return _Open(kind, node, arc)

    def _way_to(self, pool: int, kind: int, capped: dict[int, int]) -> int:
        """Return the pool's node, or one before it that lets only a cap's room through."""
        cap = self.question.caps.get((pool, kind))
        if cap is None:
            return self.latest[pool]
        if cap not in capped:
            node = self.network.add_node()
            capped[cap] = self.network.add_arc(node, self.latest[pool], max(self.room[cap], 0))
        return self.network.ends(capped[cap])[0]

    def _settle(self) -> int:
        return self.network.largest_flow(_NEED, _MONEY)

    def _rest(self, one: _Open) -> int:
        return self.network.capacity(one.arc) - self.network.flow(one.arc)

    def _bound(self, month: int, unpaid: int, capped: Mapping[int, int]) -> Shortage:
        network = self.network
        side = network.cut_after(_NEED)
        wanted = {pool for one in self.backlog for pool in self.question.admits.get(one.kind, ())}
        used_up = [(pool, 0) for pool in sorted(wanted - self.filled.keys())]
        idle = []
        for pool, arcs in sorted(self.filled.items()):
            left = sum(network.capacity(arc) - network.flow(arc) for arc in arcs)
            if self.latest[pool] in side:
                used_up.append((pool, sum(network.capacity(arc) for arc in arcs)))
            elif left:
                idle.append((pool, left))
        reached = [cap for cap, arc in capped.items() if _cuts(network.ends(arc), side)]
        return Shortage(month, unpaid, tuple(sorted(used_up)), tuple(sorted(reached)), tuple(idle))


def _cuts(ends: tuple[int, int], side: set[int]) -> bool:
    return ends[0] in side and ends[1] not in side


def _by_month(slots: Mapping[Slot, int]) -> dict[int, dict[int, int]]:
    found: dict[int, dict[int, int]] = {}
    for (one, month), minor in _positive(slots.items()):
        found.setdefault(month, {})[one] = minor
    return found


def _positive(items: Iterable[tuple[Slot, int]]) -> Iterable[tuple[Slot, int]]:
    for slot, minor in items:
        if minor < 0 or slot[1] < 0:
            raise ValueError("amounts and months are not negative")
        if minor:
            yield slot, minor
