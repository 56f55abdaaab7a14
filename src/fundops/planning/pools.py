"""Putting a fund's money and grants into few groups, so that thousands of grants are planned fast.

Money under earmarks that admit the same is one pool; grants that the same pools admit are one
kind. Caps make a pool of each version of an agreement's earmark. An agreement's spend-by day is
not part of a pool: it decides, when the money comes, whether it may still be reserved.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from uuid import UUID

from fundops.allocation.earmarks import Dimension, Earmark, GrantFacts, Value, admits
from fundops.allocation.facts import earmark_of, objectives_of
from fundops.allocation.regions import areas_of
from fundops.tracing.earmark_words import in_words

NO_GRANT = UUID(int=0)
_UNNAMED = "-"


@dataclass(frozen=True)
class Subject:
    """What earmarks ask about a grant, as its row has it."""

    code: str
    objectives: str
    country: str | None
    region: str | None
    call: str | None
    awarded_on: date


@dataclass
class Pools:
    """The pools found so far; a pool is a number."""

    marks: list[Earmark] = field(default_factory=list)
    agreements: list[UUID | None] = field(default_factory=list)
    _at: dict[object, int] = field(default_factory=dict)

    def of(self, stored: str, agreement_id: UUID) -> int:
        """Return the pool of money under an earmark's stored text, a new one if need be."""
        mark = earmark_of(stored)
        owner = agreement_id if mark.caps else None
        key = (mark.rules, mark.caps, owner)
        found = self._at.get(key)
        if found is None:
            found = self._at[key] = len(self.marks)
            self.marks.append(mark)
            self.agreements.append(owner)
        return found

    def words(self, pool: int) -> str:
        """Return what a pool's money may be used for, in one sentence."""
        content = {**self.marks[pool].to_json(), "spend_by_on": None}
        return in_words(json.dumps(content))


class Kinds:
    """The kinds of grants that a fixed list of pools tells apart; a kind is a number."""

    def __init__(self, pools: Pools) -> None:
        self._marks: Sequence[Earmark] = pools.marks
        self._named = frozenset(
            str(value)
            for mark in pools.marks
            for dimension, excluded, included in mark.rules
            if dimension is Dimension.GRANT
            for value in excluded | (included or frozenset())
        ) | frozenset(
            str(cap.value)
            for mark in pools.marks
            for cap in mark.caps
            if cap.dimension is Dimension.GRANT
        )
        self._by_facts: dict[object, int] = {}
        self._by_pools: dict[object, int] = {}
        self.admits: dict[int, tuple[int, ...]] = {}
        self.capped: dict[int, Mapping[int, Value]] = {}
        """Per kind: the pools that have a cap on it, and on which of its values."""

    def of(self, subject: Subject) -> int:
        """Return the kind of a grant."""
        code = subject.code if subject.code in self._named else _UNNAMED
        areas = areas_of(subject.country, subject.region, subject.awarded_on)
        key = (code, subject.objectives, subject.country, areas, subject.call)
        found = self._by_facts.get(key)
        if found is None:
            facts = GrantFacts(
                NO_GRANT, code, _objectives(subject.objectives), subject.country, areas,
                subject.call,
            )  # fmt: skip
            found = self._by_facts[key] = self._kind(facts)
        return found

    def _kind(self, facts: GrantFacts) -> int:
        # Money whose spend-by day is past is left out where money is counted: no day matters here.
        pools = tuple(
            pool for pool, mark in enumerate(self._marks) if admits(mark, facts, date.min)
        )
        capped = {pool: value for pool in pools if (value := self._cap(pool, facts)) is not None}
        key = (pools, tuple(capped.items()))
        found = self._by_pools.get(key)
        if found is None:
            found = self._by_pools[key] = len(self.admits)
            self.admits[found], self.capped[found] = pools, capped
        return found

    def _cap(self, pool: int, facts: GrantFacts) -> Value | None:
        mark = self._marks[pool]
        if mark.cap_dimension is None:
            return None
        values: Iterable[Value] = facts.values[mark.cap_dimension]
        return next((value for value in values if value in mark.cap_by_value), None)


@lru_cache(maxsize=4096)
def _objectives(stored: str) -> frozenset[int]:
    return objectives_of(stored)
