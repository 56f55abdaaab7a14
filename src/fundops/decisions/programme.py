"""A call's choice of proposals as a mixed integer programme, checked in whole minor units.

The bounds are those of the line: envelope, floor and ceiling, stated limits, and earmarks. Earmarks
enter as the very network in which awards are allocated (``allocation.routing``): pools of lots,
caps, the reservations that other grants keep, and for each proposal a demand that is met in full
or not at all.

The solver (HiGHS through scipy) counts in floating point, so its answer is not believed: every
portfolio is checked in whole minor units, and one that fails is cut off and the question asked
again. What comes out is therefore feasible to the cent, and the best unless ``is_proven`` says no.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, TypeAlias
from uuid import UUID

from fundops.allocation.earmarks import GrantFacts
from fundops.allocation.plan import fundable
from fundops.allocation.position import Award, Fundable, Position
from fundops.allocation.routing import SINK, SOURCE, Routing
from fundops.decisions.limits import Tally, minimum_targets
from fundops.decisions.line import Candidate, Terms

MAX_VARIABLES = 60_000
SOLVE_SECONDS = 5.0
"""Longest that one question may take the solver."""
MAX_CUTS = 25

Worth: TypeAlias = Callable[[Candidate], int]
"""Says what funding a proposal adds, as a whole number that is not negative."""


class Goal(StrEnum):
    """What is made as large as possible."""

    SCORE = "score"
    SCORE_AMOUNT = "score_amount"
    COUNT = "count"

    def worth(self, candidate: Candidate) -> int:
        """Return what funding a proposal adds, as a whole number."""
        score = candidate.score or 0
        match self:
            case Goal.SCORE:
                return score
            case Goal.SCORE_AMOUNT:
                return score * candidate.item.amount_minor
        return 1


@dataclass(frozen=True)
class Money:
    """The fund's position on a day, and what earmarks ask about each proposal."""

    position: Position
    facts: dict[UUID, GrantFacts]
    on: date

    @property
    def free_minor(self) -> int:
        """All money that is free, whatever it is earmarked for: no awards can exceed it."""
        return sum(lot.available_minor for lot in self.position.lots if not lot.is_pinned)

    def pays(self, chosen: Sequence[Candidate]) -> bool:
        """Whether earmarks allow all of these to be funded together."""
        awards = [(self.facts[c.id], c.item.amount_minor) for c in chosen]
        return isinstance(fundable(awards, self.position, self.on), Fundable)


@dataclass(frozen=True)
class Portfolio:
    """A set of proposals and what it is worth.

    ``bound`` is what the solver proved no portfolio can exceed; ``gap`` the distance to it.
    """

    chosen: tuple[Candidate, ...]
    worth: int
    bound: int
    is_proven: bool

    @property
    def awarded_minor(self) -> int:
        """What the portfolio comes to."""
        return sum(c.item.amount_minor for c in self.chosen)

    @property
    def gap(self) -> int:
        """The most by which a better portfolio could exceed this one."""
        return max(0, self.bound - self.worth)


class TooLarge(ValueError):
    """A question beyond the stated maxima."""


@dataclass
class _Rows:
    """Constraints as they are gathered: (column, coefficient) per row, with bounds."""

    entries: list[tuple[int, int, float]] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)

    def add(self, terms: Iterable[tuple[int, float]], low: float, high: float) -> None:
        row = len(self.low)
        self.entries += [(row, column, value) for column, value in terms if value]
        self.low.append(low)
        self.high.append(high)


class Problem:
    """One call's question as a mixed integer programme; choices only change bounds."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        terms: Terms,
        worth: Worth,
        money: Money | None,
        seconds: float = SOLVE_SECONDS,
    ) -> None:
        self.candidates, self.terms, self.worth = candidates, terms, worth
        self.money, self.seconds = money, seconds
        items = [*terms.spent, *(c.item for c in candidates)]
        self.spent = Tally(terms.limits, terms.envelope_minor)
        for item in terms.spent:
            self.spent.add(item)
        self.targets = minimum_targets(terms.limits, terms.envelope_minor, items)
        self.keeps_minimums = True
        self.usable = [self._is_usable(c) for c in candidates]
        # Amounts are counted in parts of the largest, which is what the solver's tolerances like.
        self.unit = max([c.item.amount_minor for c in candidates], default=1)
        self.rows = _Rows()
        self.columns = len(candidates)
        self.upper: list[float] = [1.0] * len(candidates)
        self._bound_envelope()
        self._bound_limits()
        self._bound_earmarks()
        if self.columns > MAX_VARIABLES:
            raise TooLarge(f"more than {MAX_VARIABLES} variables")
        self._add_minimums()

    def _is_usable(self, candidate: Candidate) -> bool:
        amount, terms = candidate.item.amount_minor, self.terms
        return (terms.floor_minor is None or amount >= terms.floor_minor) and (
            terms.ceiling_minor is None or amount <= terms.ceiling_minor
        )

    def _scaled(self, amount: int) -> float:
        """Return an amount as the solver takes it; what it answers is recomputed exactly."""
        from fractions import Fraction

        return float(Fraction(amount, self.unit))

    def _bound_envelope(self) -> None:
        if self.terms.left_minor is not None:
            amounts = [(n, self._scaled(c.item.amount_minor)) for n, c in self._numbered()]
            self.rows.add(amounts, 0, self._scaled(self.terms.left_minor))

    def _numbered(self) -> list[tuple[int, Candidate]]:
        return list(enumerate(self.candidates))

    def _bound_limits(self) -> None:
        for number, limit in enumerate(self.terms.limits):
            most = limit.most_minor(self.terms.envelope_minor)
            if most is None and limit.max_count is None:
                continue
            members: dict[str, list[tuple[int, int]]] = {}
            for column, candidate in self._numbered():
                for code, minor in self.spent.parts(limit, candidate.item).items():
                    members.setdefault(code, []).append((column, minor))
            for code in sorted(members):
                if most is not None:
                    left = max(0, most - self.spent.used(number, code))
                    parts = [(column, self._scaled(minor)) for column, minor in members[code]]
                    self.rows.add(parts, 0, self._scaled(left))
                if limit.max_count is not None:
                    left = max(0, limit.max_count - self.spent.count(number, code))
                    self.rows.add([(column, 1.0) for column, _ in members[code]], 0, left)

    def _add_minimums(self) -> None:
        self.without_minimums = len(self.rows.low), len(self.rows.entries)
        for number, missing in self.spent.unmet(self.targets).items():
            limit = self.terms.limits[number]
            parts = [
                (column, self._scaled(sum(self.spent.parts(limit, c.item).values())))
                for column, c in self._numbered()
            ]
            self.rows.add(parts, self._scaled(missing), float("inf"))

    def drop_minimums(self) -> None:
        """Ask from now on without the stated minimums, which cannot all be met."""
        rows, entries = self.without_minimums
        del self.rows.low[rows:], self.rows.high[rows:], self.rows.entries[entries:]
        self.keeps_minimums, self.targets = False, {}

    def _bound_earmarks(self) -> None:
        """Add the allocation's network: flow on each arc, and balance at each inner node."""
        if self.money is None or not self.candidates:
            return
        money = self.money
        awards = [Award(money.facts[c.id], c.item.amount_minor) for c in self.candidates]
        routing = Routing(money.position, awards, money.on)
        column_of = {c.id: column for column, c in self._numbered()}
        balance: dict[int, list[tuple[int, float]]] = {}
        wanted: dict[int, tuple[int | None, int]] = {}
        for demand in routing.demands:
            column = column_of[demand.grant.id] if demand.is_new else None
            wanted[demand.node] = column, demand.amount_minor
        arcs = [pool.supply_arc for pool in routing.pools]
        arcs += [gate.arc for gate in routing.gates]
        arcs += [route.arc for route in routing.routes]
        for arc in arcs:
            tail, head = routing.network.ends(arc)
            most = routing.network.capacity(arc)
            if head in wanted:
                most = min(most, wanted[head][1])
            column = self.columns
            self.columns += 1
            self.upper.append(self._scaled(most))
            for node, sign in ((tail, -1.0), (head, 1.0)):
                if node not in (SOURCE, SINK):
                    balance.setdefault(node, []).append((column, sign))
        for node in sorted({*balance, *wanted}):
            column, amount = wanted.get(node, (None, 0))
            flows = balance.get(node, [])
            if column is not None:
                self.rows.add([*flows, (column, -self._scaled(amount))], 0, 0)
            else:
                self.rows.add(flows, self._scaled(amount), self._scaled(amount))

    def solve(
        self,
        ins: frozenset[UUID] = frozenset(),
        outs: frozenset[UUID] = frozenset(),
        *,
        other_than: Portfolio | None = None,
    ) -> Portfolio | None:
        """Return the best portfolio with these in and out, or none where there is no such.

        With ``other_than`` it is the best of those that are not this very portfolio.
        """
        size = len(self.candidates)
        low = [1.0 if c.id in ins else 0.0 for c in self.candidates]
        high = [
            1.0 if usable and c.id not in outs else 0.0
            for c, usable in zip(self.candidates, self.usable, strict=True)
        ]
        if any(one > other for one, other in zip(low, high, strict=True)):
            return None
        cuts: list[list[int]] = []
        if other_than is not None:
            cuts.append([n for n, c in self._numbered() if c in other_than.chosen])
        for _ in range(MAX_CUTS):
            found = self._run(low, high, cuts)
            if found is None:
                return None
            chosen, bound, is_proven = found
            if self._holds(chosen):
                return self._portfolio(chosen, bound, is_proven=is_proven)
            cuts.append(chosen)
        raise TooLarge(f"more than {MAX_CUTS} roundings of {size} proposals")

    def _portfolio(self, chosen: Sequence[int], bound: int, *, is_proven: bool) -> Portfolio:
        members = tuple(self.candidates[column] for column in chosen)
        worth = sum(self.worth(c) for c in members)
        return Portfolio(members, worth, worth if is_proven else max(bound, worth), is_proven)

    def _holds(self, chosen: Sequence[int]) -> bool:
        """Check a portfolio in whole minor units."""
        members = [self.candidates[column] for column in chosen]
        left = self.terms.left_minor
        if left is not None and sum(c.item.amount_minor for c in members) > left:
            return False
        if self.spent.refusal([c.item for c in members]) is not None:
            return False
        trial = self.spent.copy()
        for candidate in members:
            trial.add(candidate.item)
        if trial.unmet(self.targets):
            return False
        return self.money is None or not members or self.money.pays(members)

    def _run(
        self, low: Sequence[float], high: Sequence[float], cuts: Sequence[Sequence[int]]
    ) -> tuple[list[int], int, bool] | None:
        """Ask the solver once; return the chosen columns, the proven bound and whether it ended."""
        import numpy as np
        from scipy.optimize import Bounds, milp

        size = len(self.candidates)
        if size == 0:
            return [], 0, True
        worth = [self.worth(c) for c in self.candidates]
        scale = max(max(worth) / 1_000_000, 1)
        costs = np.zeros(self.columns)
        costs[:size] = [-one / scale for one in worth]
        integrality = np.zeros(self.columns)
        integrality[:size] = 1
        upper = np.array([*high, *self.upper[size:]])
        lower = np.concatenate([np.array(low), np.zeros(self.columns - size)])
        answer = milp(
            costs,
            integrality=integrality,
            bounds=Bounds(lower, upper),
            constraints=self._constraints(cuts),
            options={"time_limit": self.seconds, "mip_rel_gap": 0.0},
        )
        if answer.x is None:
            if answer.status == _INFEASIBLE:
                return None
            raise TooLarge(f"no answer within {self.seconds} s")
        chosen = [column for column in range(size) if answer.x[column] > _HALF]
        bound = answer.mip_dual_bound
        most = sum(worth) if bound is None or not np.isfinite(bound) else -bound * scale
        return chosen, int(np.floor(most + _HALF)), answer.status == 0

    def _constraints(self, cuts: Sequence[Sequence[int]]) -> Any:
        from scipy.optimize import LinearConstraint
        from scipy.sparse import csr_array

        entries, low, high = list(self.rows.entries), list(self.rows.low), list(self.rows.high)
        size = len(self.candidates)
        for cut in cuts:
            # Exactly these and no others is what failed, so at least one must change.
            members = frozenset(cut)
            entries += [(len(low), c, 1.0 if c in members else -1.0) for c in range(size)]
            low.append(-float("inf"))
            high.append(len(members) - 1)
        if not low:
            entries, low, high = [(0, 0, 0.0)], [0.0], [1.0]
        rows, columns, values = zip(*entries, strict=True) if entries else ((), (), ())
        matrix = csr_array((values, (rows, columns)), shape=(len(low), self.columns))
        return LinearConstraint(matrix, low, high)


_HALF = 0.5
_INFEASIBLE = 2
"""The solver's word that there is no such portfolio."""
