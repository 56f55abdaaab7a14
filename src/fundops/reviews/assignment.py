"""Who reads what: the plan of greatest value, without conflicts, with loads kept even.

The value of a pair is how much of the proposal lies in the reader's expertise, and whether a region
is shared. Each further proposal costs a reader more than the one before. The plan with the greatest
sum of values less the cost of loads is found exactly (``assignment_flow``) and comes with what it
was made of and with a bound that no other plan can exceed.

Expertise is in parts of 10,000: the share of the proposal's objectives that the reader knows. A
shared region counts as 10,000. A reader's l-th proposal costs 10,000 x (2l - 1) / even share,
where the even share is all reviews wanted divided by all readers: so loads count as the sum of
their squares, and twice an even share costs four times as much. Each is multiplied by its weight.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fundops.reviews.assignment_flow import Flow
from fundops.reviews.verdict import Key, Reason, reason

if TYPE_CHECKING:
    from fundops.reviews.arrays import Flags, Whole

WHOLE = 10_000
"""Full expertise, or a shared region."""
MOST_WEIGHT = 1_000
Pairs = Collection[tuple[Key, Key]]
"""Pairs of a proposal and a reader."""


@dataclass(frozen=True, slots=True)
class ToRead:
    """A proposal and how many readers it is to have in all, those already fixed included.

    ``language`` is what its readers must read; ``None`` waives it. ``objectives`` are its shares by
    objective, of any sum. Wider regions are the caller's to add to ``regions``.
    """

    key: Key
    needed: int
    language: str | None
    regions: frozenset[str]
    objectives: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Reader:
    """A reviewer who may be assigned, with what they read and know, and their greatest load."""

    key: Key
    most: int
    languages: frozenset[str]
    regions: frozenset[str]
    objectives: frozenset[int]


@dataclass(frozen=True, slots=True)
class Weights:
    """What counts how much; whole numbers from 0 to 1,000."""

    expertise: int = 2
    region: int = 1
    balance: int = 1

    def __post_init__(self) -> None:
        if not all(0 <= one <= MOST_WEIGHT for one in (self.expertise, self.region, self.balance)):
            raise ValueError(f"weights are whole numbers from 0 to {MOST_WEIGHT}")


@dataclass(frozen=True, slots=True)
class Pair:
    """A proposal and its reader, and what speaks for them; ``expertise`` in parts of 10,000."""

    proposal: Key
    reader: Key
    expertise: int
    shares_region: bool
    reads_language: bool
    is_fixed: bool


@dataclass(frozen=True, slots=True)
class Terms:
    """What the plan was chosen by, each weighted: the values of its pairs, less uneven loads."""

    expertise: int
    region: int
    balance: int

    @property
    def objective(self) -> int:
        """What was made as great as possible."""
        return self.expertise + self.region - self.balance


@dataclass(frozen=True, slots=True)
class Shortage:
    """A proposal with fewer readers than needed, and why.

    ``busy`` are the readers who could take it, directly or through exchanges, all at their most.
    """

    proposal: Key
    needed: int
    given: int
    reason: Reason
    busy: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Who reads what, what was optimised, and what could not be had.

    ``bound`` is an objective that no plan with as many readers per proposal can exceed.
    """

    pairs: tuple[Pair, ...]
    loads: Mapping[Key, int]
    terms: Terms
    bound: int
    weights: Weights
    shortages: tuple[Shortage, ...]

    @property
    def is_optimal(self) -> bool:
        """Whether the plan is proved best."""
        return self.terms.objective == self.bound


class PlanInvalid(ValueError):
    """A question that contradicts itself; ``problem`` names how.

    ``problem`` is one of ``repeated``, ``negative``, ``unknown_fixed``, and ``fixed_forbidden``.
    """

    def __init__(self, problem: str, key: object) -> None:
        super().__init__(f"{problem}: {key}")
        self.problem = problem


@dataclass(frozen=True)
class _Tables:
    """The question as arrays: rows are proposals by key, columns readers by key."""

    proposals: Sequence[ToRead]
    readers: Sequence[Reader]
    expertise: Whole
    region: Flags
    language: Flags
    forbidden: Flags
    fixed: Flags


def assign(
    proposals: Collection[ToRead],
    readers: Collection[Reader],
    forbidden: Pairs = (),
    fixed: Pairs = (),
    weights: Weights | None = None,
) -> Plan:
    """Return the best plan; where there is none, one that places as many readers as possible.

    ``forbidden`` pairs are never made; those unknown here are ignored. ``fixed`` pairs are kept
    whatever speaks against them, and count towards needs and loads. Equal plans are told apart by
    the order of keys, so the same question has the same answer. Raises ``PlanInvalid``.
    """
    import numpy as np

    weights = weights or Weights()
    tables = _tables(proposals, readers, frozenset(forbidden), frozenset(fixed))
    needs = np.array([one.needed for one in tables.proposals], dtype=np.int64)
    value = weights.expertise * tables.expertise + weights.region * WHOLE * tables.region
    already = tables.fixed.sum(axis=0)
    most = np.array([one.most for one in tables.readers], dtype=np.int64)
    most = np.minimum(np.maximum(most, already), len(needs))
    even = max(1, -(-int(needs.sum()) // max(1, len(most))))
    step = weights.balance * WHOLE * (2 * np.arange(len(needs) + 1) + 1) // even
    allowed = tables.language & ~tables.forbidden
    flow = Flow(-value, allowed, tables.fixed, most, step)
    short = flow.place(np.maximum(needs - tables.fixed.sum(axis=1), 0))
    return _plan(tables, flow, value, weights, short)


def _tables(
    proposals: Collection[ToRead],
    readers: Collection[Reader],
    forbidden: frozenset[tuple[Key, Key]],
    fixed: frozenset[tuple[Key, Key]],
) -> _Tables:
    import numpy as np

    rows = sorted(proposals, key=lambda one: str(one.key))
    columns = sorted(readers, key=lambda one: str(one.key))
    row = {one.key: number for number, one in enumerate(rows)}
    column = {one.key: number for number, one in enumerate(columns)}
    _check(rows, columns, forbidden, fixed)
    shape = (len(rows), len(columns))

    def marked(pairs: Collection[tuple[Key, Key]]) -> Flags:
        table = np.zeros(shape, dtype=bool)
        for proposal, reader in pairs:
            if proposal in row and reader in column:
                table[row[proposal], column[reader]] = True
        return table

    language = [[p.language is None or p.language in r.languages for r in columns] for p in rows]
    region = [[not p.regions.isdisjoint(r.regions) for r in columns] for p in rows]
    return _Tables(
        rows,
        columns,
        _expertise(rows, columns),
        np.array(region, dtype=bool).reshape(shape),
        np.array(language, dtype=bool).reshape(shape),
        marked(forbidden),
        marked(fixed),
    )


def _check(
    proposals: Sequence[ToRead],
    readers: Sequence[Reader],
    forbidden: frozenset[tuple[Key, Key]],
    fixed: frozenset[tuple[Key, Key]],
) -> None:
    known = {one.key for one in proposals}, {one.key for one in readers}
    if (len(known[0]), len(known[1])) != (len(proposals), len(readers)):
        raise PlanInvalid("repeated", "a proposal or reader is there twice")
    for one in proposals:
        if one.needed < 0 or any(share < 0 for share in one.objectives.values()):
            raise PlanInvalid("negative", one.key)
    for reader in readers:
        if reader.most < 0:
            raise PlanInvalid("negative", reader.key)
    for pair in fixed:
        if pair[0] not in known[0] or pair[1] not in known[1]:
            raise PlanInvalid("unknown_fixed", pair)
        if pair in forbidden:
            raise PlanInvalid("fixed_forbidden", pair)


def _expertise(proposals: Sequence[ToRead], readers: Sequence[Reader]) -> Whole:
    """Return how much of each proposal lies in each reader's expertise, rounded down."""
    import numpy as np

    names = sorted({name for one in proposals for name in one.objectives})
    shares = np.array(
        [[one.objectives.get(name, 0) for name in names] for one in proposals], dtype=np.int64
    ).reshape(len(proposals), len(names))
    knows = np.array(
        [[name in one.objectives for name in names] for one in readers], dtype=np.int64
    ).reshape(len(readers), len(names))
    whole = np.maximum(shares.sum(axis=1), 1)[:, None]
    expertise: Whole = WHOLE * (shares @ knows.T) // whole
    return expertise


def _plan(
    tables: _Tables, flow: Flow, value: Whole, weights: Weights, short: Sequence[int]
) -> Plan:
    import numpy as np

    made = flow.placed | tables.fixed
    pairs = tuple(
        Pair(
            tables.proposals[row].key,
            tables.readers[column].key,
            int(tables.expertise[row, column]),
            bool(tables.region[row, column]),
            bool(tables.language[row, column]),
            bool(tables.fixed[row, column]),
        )
        for row, column in np.argwhere(made).tolist()
    )
    sums = np.concatenate(([0], np.cumsum(flow.step)))
    terms = Terms(
        weights.expertise * int(tables.expertise[made].sum()),
        weights.region * WHOLE * int(tables.region[made].sum()),
        int(sums[flow.loads].sum()),
    )
    kept = int(value[tables.fixed].sum()) - int(sums[flow.start].sum())
    loads = {one.key: int(load) for one, load in zip(tables.readers, flow.loads, strict=True)}
    shortages = tuple(_shortage(tables, flow, row) for row in short)
    return Plan(pairs, loads, terms, kept - flow.bound(), weights, shortages)


def _shortage(tables: _Tables, flow: Flow, row: int) -> Shortage:
    one = tables.proposals[row]
    fixed = tables.fixed[row]
    conflicts = tables.forbidden[row] & ~fixed
    unread = ~tables.language[row] & ~conflicts & ~fixed
    eligible = int(flow.free[row].sum()) + int(fixed.sum())
    given = int(flow.placed[row].sum()) + int(fixed.sum())
    busy = tuple(tables.readers[column].key for column in flow.stuck(row))
    if eligible < one.needed:
        why = reason(
            "ranking.assignment_few_readers",
            needed=one.needed, eligible=eligible, readers=len(tables.readers),
            conflicts=int(conflicts.sum()), unread=int(unread.sum()),
        )  # fmt: skip
    else:
        why = reason(
            "ranking.assignment_readers_full",
            needed=one.needed, given=given, busy=len(busy),
        )  # fmt: skip
    return Shortage(one.key, one.needed, given, why, busy)
