"""Groups of an answer: which figures and which money stand under each key.

Pure: rows in, groups out. A result stands under its indicator's objective whole; money is split
over objectives by what the agreed budget lines say. Under lists that a grant may declare several
codes of, and under donors, the same figures stand several times: such rows overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any
from uuid import UUID

from fundops.calls.indicators import ADDED, indicator
from fundops.impact.adder import Figure, Label, Part, add, cost_each, series_of
from fundops.impact.grouping import LISTS, WITHHELD
from fundops.impact.money import AMOUNTS, Flow, Target, split
from fundops.impact.queries import Sums

BY = (
    "fund", "objective", *LISTS, "country", "region", "grant", "call", "donor", "year", "quarter",
    "indicator",
)  # fmt: skip
"""What an answer can be grouped by."""
PERIODS = frozenset({"year", "quarter"})
OVERLAPPING = frozenset({*LISTS, "donor"})
"""Groupings under which a grant may stand several times, so that rows must not be added up."""
NAMELESS = "none"
"""The key of what declares no code."""
WITHHOLDING = frozenset({"grant", "country"})

Shares = Mapping[int, int]


@dataclass(slots=True)
class Group:
    """What stands under one key: figures to add by indicator, targets, and money by what it did."""

    key: str
    grants: set[Any] = field(default_factory=set)
    parts: dict[str, list[Part]] = field(default_factory=dict)
    broken_down: dict[str, dict[str, list[Part]]] = field(default_factory=dict)
    review: dict[str, list[Part]] = field(default_factory=dict)
    targets: dict[str, list[Target]] = field(default_factory=dict)
    planned_for: dict[str, dict[str, list[Target]]] = field(default_factory=dict)
    money: dict[str, int] = field(default_factory=lambda: dict.fromkeys(AMOUNTS, 0))
    spent_for: dict[int | None, int] = field(default_factory=dict)
    has_untold: bool = False
    paid_by_all: int = 0
    requested: int = 0
    proposals: int = 0

    @property
    def size(self) -> int:
        """How many grants stand here, at least."""
        told = [add(parts).grants for parts in self.parts.values()]
        return max([len(self.grants), *told])

    @property
    def indicators(self) -> list[str]:
        """The indicators with a figure or a target here."""
        return sorted({*self.parts, *self.targets, *self.review})

    def absorb(self, other: Group) -> None:
        """Take over all that stands under another key, whose grants are others than these."""
        self.grants |= other.grants
        for mine, theirs in ((self.parts, other.parts), (self.review, other.review)):
            for code, found in theirs.items():
                mine.setdefault(code, []).extend(_of(other.key, found))
        for code, targets in other.targets.items():
            self.targets.setdefault(code, []).extend(targets)
        for code, by_code in other.planned_for.items():
            for one, aims in by_code.items():
                self.planned_for.setdefault(code, {}).setdefault(one, []).extend(aims)
        for code, codes in other.broken_down.items():
            for one, found in codes.items():
                held = self.broken_down.setdefault(code, {}).setdefault(one, [])
                held.extend(_of(other.key, found))
        for what, amount in other.money.items():
            self.money[what] += amount
        for objective, amount in other.spent_for.items():
            self.spent_for[objective] = self.spent_for.get(objective, 0) + amount
        self.has_untold |= other.has_untold
        self.paid_by_all += other.paid_by_all
        self.requested += other.requested
        self.proposals += other.proposals


def _of(key: str, parts: Iterable[Part]) -> list[Part]:
    """Return parts of a group with sums told apart from those of other groups."""
    return [part if part.series is not None else replace(part, series=key) for part in parts]


@lru_cache(maxsize=10_000)
def key_of(by: str, key: Any) -> str:
    """Return the key of a group from what the database groups by, ids as the driver has them."""
    if key is None:
        return WITHHELD if by == "grant" else NAMELESS
    if by in ("grant", "call", "donor") and isinstance(key, str):
        return str(UUID(key))
    return str(key)


def _part(row: Sums) -> Part:
    entry = indicator(row.indicator)
    series = None if row.series is None else series_of(entry, row.series, row.country)
    is_one = entry.aggregation in ("latest", "maximum")
    most = row.highest if is_one else row.numerator
    return Part(row.indicator, most, row.denominator, row.ends_on, series, row.grants)


@dataclass
class Gathering:
    """Groups in the making.

    ``keys`` gives the keys of a grant; ``shares`` what its money weighs by objective. With
    ``objective`` only that objective's money counts, with ``donor_id`` only that donor's.
    """

    by: str
    keys: Callable[[Any], Sequence[str]]
    shares: Mapping[Any, Shares]
    objective: int | None = None
    donor_id: UUID | None = None
    groups: dict[str, Group] = field(default_factory=dict)

    def at(self, key: str) -> Group:
        """Return the group of a key, made when first needed."""
        found = self.groups.get(key)
        if found is None:
            found = self.groups[key] = Group(key)
        return found

    def _group(self, key: Any, code: str) -> Group:
        """Return the group in which figures of an indicator with a key stand."""
        if self.by == "objective":
            return self.at(str(indicator(code).objective or NAMELESS))
        if self.by == "indicator":
            return self.at(code)
        return self.at(self.keys(None)[0] if self.by == "fund" else key_of(self.by, key))

    def take(self, rows: Iterable[Sums], *, broken_down: bool = False) -> None:
        """Put figures that count under their keys."""
        for row in rows:
            group = self._group(row.key, row.indicator)
            if broken_down:
                codes = group.broken_down.setdefault(row.indicator, {})
                codes.setdefault(row.code, []).append(_part(row))
            else:
                group.parts.setdefault(row.indicator, []).append(_part(row))

    def review(self, rows: Iterable[Sums]) -> None:
        """Put figures under review under their keys."""
        for row in rows:
            group = self._group(row.key, row.indicator)
            group.review.setdefault(row.indicator, []).append(_part(row))

    def plan(self, targets: Iterable[Target]) -> None:
        """Put agreed targets under their keys; periods have none."""
        if self.by in PERIODS:
            return
        for target in targets:
            group = self._group(target.key, target.indicator)
            if target.code:
                codes = group.planned_for.setdefault(target.indicator, {})
                codes.setdefault(target.code, []).append(target)
            else:
                group.targets.setdefault(target.indicator, []).append(target)

    def pay(self, flows: Iterable[Flow]) -> None:
        """Put money under its keys, split over objectives where that is asked."""
        if self.by == "indicator":
            return
        for flow in flows:
            parts = self.split(flow)
            if self.by == "donor":
                keys: Sequence[str] = [str(flow.donor_id)]
            else:
                keys = [str(flow.period)] if self.by in PERIODS else self.keys(flow.grant_id)
            for objective, amount in parts:
                if self.objective in (None, objective):
                    self._move(flow, keys, objective, amount)
                if objective is None and flow.what == "spent":
                    self._leave_open(keys)

    def split(self, flow: Flow) -> list[tuple[int | None, int]]:
        """Split what moved over objectives, where anything asks for what it comes to by them."""
        if self.by != "objective" and self.objective is None and flow.what != "spent":
            return [(None, flow.amount_minor)]
        return split(flow.amount_minor, self.shares.get(flow.grant_id, {}))

    def _leave_open(self, keys: Sequence[str]) -> None:
        """Note where figures stand beside money of which nobody told the objective."""
        for key in self.groups if self.by == "objective" else keys:
            if key in self.groups:
                self.groups[key].has_untold = True

    def kept(self, flow: Flow) -> int:
        """Return how much of what moved is of the objective asked for: all where none is."""
        if self.objective is None:
            return flow.amount_minor
        return sum(amount for objective, amount in self.split(flow) if objective == self.objective)

    def _move(self, flow: Flow, keys: Sequence[str], objective: int | None, amount: int) -> None:
        if self.by == "objective":
            keys = [NAMELESS if objective is None else str(objective)]
        for key in keys:
            group = self.at(key)
            group.grants.add(flow.grant_id)
            if flow.what == "paid":
                group.paid_by_all += amount
            if self.donor_id not in (None, flow.donor_id):
                continue
            group.money[flow.what] += amount
            if flow.what == "spent":
                group.spent_for[objective] = group.spent_for.get(objective, 0) + amount

    def withhold(self) -> None:
        """See to it that what is withheld is never a single grant's: the least other joins it."""
        hidden = self.groups.get(WITHHELD)
        if hidden is None or self.by not in WITHHOLDING or hidden.size > 1:
            return
        others = [group for group in self.groups.values() if group.key != WITHHELD]
        if others:
            least = min(others, key=lambda group: (group.size, group.key))
            hidden.absorb(self.groups.pop(least.key))


def planned(code: str, targets: Sequence[Target]) -> Figure:
    """Return what targets of one indicator come to, where they have a sum."""
    if not targets:
        return Figure(Label.NOTHING)
    grants = sum(target.grants for target in targets)
    if indicator(code).aggregation in ADDED:
        label = Label.EXACT
        if indicator(code).aggregation == "new_persons" and grants > 1:
            label = Label.MAY_OVERLAP
        return Figure(label, sum(target.target for target in targets), grants=grants)
    if grants > 1 or sum(target.results for target in targets) > 1:
        return Figure(Label.NOT_ADDED, grants=grants, reason="impact.target_not_added")
    return Figure(Label.EXACT, targets[0].target, grants=1)


@dataclass(frozen=True)
class Cost:
    """What each result cost in minor units, or why that means nothing."""

    minor: int | None = None
    reason: str | None = None


def cost(group: Group, code: str, reached: Figure, *, is_whole: bool) -> Cost:
    """Return what each result of one indicator cost in a group, where that means anything.

    Only counts have a cost, only where all the money of the indicator's objective in the group was
    for this one indicator, and only of grants as wholes: not of a period or a donor's part, and
    not where other indicators were left out, for nobody then sees what else was paid for.
    """
    entry = indicator(code)
    if entry.aggregation not in ADDED:
        return Cost(reason="impact.cost_not_counted")
    if not is_whole:
        return Cost(reason="impact.cost_not_here")
    if not entry.objective or group.has_untold:
        return Cost(reason="impact.cost_no_objective")
    rivals = [one for one in group.indicators if indicator(one).objective == entry.objective]
    if len(rivals) > 1:
        return Cost(reason="impact.cost_shared")
    spent = group.spent_for.get(entry.objective, 0)
    each = cost_each(spent, entry, reached) if spent else None
    return Cost(each, None if each is not None else "impact.cost_nothing")


def reached(group: Group, code: str) -> Figure:
    """Return what a group reached in one indicator."""
    return add(group.parts.get(code, ()))
