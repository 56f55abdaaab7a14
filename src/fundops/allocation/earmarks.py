"""Earmarks: which grants a donor's money may pay for.

An earmark is read in the donor's favour. A grant is admitted when, in every dimension that the
earmark includes, the grant matches; an exclusion that matches anything about the grant refuses it;
a grant about which a named dimension says nothing is refused, for nobody can show that it fits.

- **objective**: *all* objectives of which the grant has a share must be included. Money for
  objective 3 that went to a grant for objectives 3 and 7 would partly pay for objective 7.
- **country**, **call**, **grant**: the grant's own code must be included. A grant awarded outside
  any call has no call; that is a known fact, so excluding a call does not refuse it.
- **region**: one of the M49 areas that contain the grant's country must be included (they nest:
  Kenya lies in 014, 202 and 002).

Caps limit how much of the *agreement's* money, over all its lots, goes to grants with one value.
They are amounts in the fund's base currency. A spend-by date refuses every later day.

>>> mark = Earmark(3, include={Dimension.COUNTRY: {"KE"}, Dimension.OBJECTIVE: {3, 5}})
>>> grant = GrantFacts(UUID(int=1), "GRT-2026-0001", objectives={3, 7}, country="KE")
>>> admits(mark, grant, date(2026, 5, 1))
False
>>> refusal(mark, grant, date(2026, 5, 1)).params
{'dimension': 'objective', 'values': '7', 'allowed': '3, 5'}
>>> Earmark.from_json(mark.to_json()) == mark
True
>>> try:
...     Earmark.from_json({"category": 1, "include": {"country": ["KE", "ZZ"]}, "color": "red"})
... except EarmarkInvalid as error:
...     [(problem.pointer, problem.code) for problem in error.problems]
[('', 'unknown_member'), ('/include/country/1', 'country_unknown')]
"""

import json
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any, TypeAlias
from uuid import UUID

from fundops.allocation.earmark_form import (
    Cap,
    Dimension,
    EarmarkInvalid,
    EarmarkProblem,
    Value,
    fitting_categories,
    ordered,
    read_form,
)

__all__ = [
    "Cap",
    "Dimension",
    "Earmark",
    "EarmarkInvalid",
    "EarmarkProblem",
    "GrantFacts",
    "Refusal",
    "RefusalReason",
    "Tightness",
    "Value",
    "admits",
    "fitting_categories",
    "refusal",
    "tightness",
]

Tightness: TypeAlias = tuple[int, int, int, int, int, date]
"""Sorts tighter first; see ``tightness``."""


class RefusalReason(StrEnum):
    """Why an earmark does not admit a grant."""

    EXPIRED = "expired"
    EXCLUDED = "excluded"
    NOT_STATED = "not_stated"
    NOT_INCLUDED = "not_included"


@dataclass(frozen=True)
class GrantFacts:
    """What an earmark can ask about a grant.

    ``objectives`` are those of which the grant has a positive share; ``regions`` all M49 areas
    that contain its country, from the smallest to the largest. ``country`` is None for a grant
    without a country of its own, ``call`` for one awarded outside any call.
    """

    id: UUID
    code: str
    objectives: AbstractSet[int] = frozenset()
    country: str | None = None
    regions: AbstractSet[str] = frozenset()
    call: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "objectives", frozenset(self.objectives))
        object.__setattr__(self, "regions", frozenset(self.regions))

    @cached_property
    def values(self) -> Mapping[Dimension, frozenset[Value]]:
        """The grant's values in each dimension; empty where nothing is known."""
        return {
            Dimension.OBJECTIVE: frozenset(self.objectives),
            Dimension.COUNTRY: frozenset([self.country] if self.country else []),
            Dimension.REGION: frozenset(self.regions),
            Dimension.CALL: frozenset([self.call] if self.call else []),
            Dimension.GRANT: frozenset([self.code]),
        }


@dataclass(frozen=True)
class Refusal:
    """The first reason why an earmark refuses a grant, with the facts for the sentence."""

    reason: RefusalReason
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def message_key(self) -> str:
        """The key of its sentence in the message catalogue."""
        return f"earmark.refuses_{self.reason}"


@dataclass(frozen=True, eq=False)
class Earmark:
    """A donor's conditions on the use of an agreement's money; always valid once made.

    ``category`` is the Grand Bargain's: 1 unearmarked, 2 softly earmarked, 3 earmarked, 4 tightly
    earmarked; it must fit the content (``fitting_categories``). Raises ``EarmarkInvalid``.
    """

    category: int
    include: Mapping[Dimension, AbstractSet[Value]] = field(default_factory=dict)
    exclude: Mapping[Dimension, AbstractSet[Value]] = field(default_factory=dict)
    caps: tuple[Cap, ...] = ()
    spend_by_on: date | None = None

    def __post_init__(self) -> None:
        caps = sorted(self.caps, key=lambda cap: (cap.dimension, str(cap.value)))
        object.__setattr__(self, "caps", tuple(caps))
        form = read_form(self.to_json())
        if form.problems:
            raise EarmarkInvalid(form.problems)
        object.__setattr__(self, "include", MappingProxyType(form.include))
        object.__setattr__(self, "exclude", MappingProxyType(form.exclude))

    @classmethod
    def from_json(cls, raw: object) -> "Earmark":
        """Read parsed JSON strictly; ``EarmarkInvalid`` lists every fault with its pointer."""
        form = read_form(raw)
        if form.problems:
            raise EarmarkInvalid(form.problems)
        return cls(form.category, form.include, form.exclude, form.caps, form.spend_by_on)

    def to_json(self) -> dict[str, Any]:
        """The canonical JSON form: equal earmarks give equal text."""
        return {
            "category": self.category,
            "include": {str(d): ordered(v) for d, v in sorted(self.include.items())},
            "exclude": {str(d): ordered(v) for d, v in sorted(self.exclude.items())},
            "caps": [
                {"dimension": str(c.dimension), "value": c.value, "amount_minor": c.amount_minor}
                for c in self.caps
            ],
            "spend_by_on": self.spend_by_on.isoformat() if self.spend_by_on else None,
        }

    @cached_property
    def key(self) -> str:
        """Canonical text: two earmarks are equal when their keys are."""
        return json.dumps(self.to_json(), separators=(",", ":"))

    @cached_property
    def cap_by_value(self) -> Mapping[Value, Cap]:
        """The cap on each capped value; all caps share ``cap_dimension``."""
        return {cap.value: cap for cap in self.caps}

    @cached_property
    def cap_dimension(self) -> Dimension | None:
        """The one dimension that this earmark's caps speak about."""
        return next((cap.dimension for cap in self.caps), None)

    @cached_property
    def rules(self) -> tuple[tuple[Dimension, frozenset[Value], frozenset[Value] | None], ...]:
        """Per named dimension: what is excluded, and what is included (None: anything)."""
        include = {d: frozenset(v) for d, v in self.include.items()}
        exclude = {d: frozenset(v) for d, v in self.exclude.items()}
        return tuple(
            (d, exclude.get(d, frozenset()), include.get(d))
            for d in Dimension
            if d in include or d in exclude
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Earmark) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


def admits(earmark: Earmark, grant: GrantFacts, on: date) -> bool:
    """Whether this money may pay for this grant on that day (caps apart: they need amounts)."""
    if earmark.spend_by_on is not None and on > earmark.spend_by_on:
        return False
    return _first_clash(earmark, grant) is None


def refusal(earmark: Earmark, grant: GrantFacts, on: date) -> Refusal | None:
    """Why this money may not pay for this grant on that day; None when it may."""
    if earmark.spend_by_on is not None and on > earmark.spend_by_on:
        days = {"spend_by_on": earmark.spend_by_on.isoformat(), "on": on.isoformat()}
        return Refusal(RefusalReason.EXPIRED, days)
    clash = _first_clash(earmark, grant)
    if clash is None:
        return None
    reason, dimension, values = clash
    params = {"dimension": str(dimension)}
    if values:
        params["values"] = _listed(values)
    if reason is RefusalReason.NOT_INCLUDED:
        params["allowed"] = _listed(earmark.include[dimension])
    return Refusal(reason, params)


def _first_clash(
    earmark: Earmark, grant: GrantFacts
) -> tuple[RefusalReason, Dimension, frozenset[Value]] | None:
    """The one place that decides; kept free of formatting because it runs for every pair."""
    for dimension, excluded, included in earmark.rules:
        values = grant.values[dimension]
        if not values and (dimension is not Dimension.CALL or included is not None):
            return RefusalReason.NOT_STATED, dimension, values
        if not excluded.isdisjoint(values):
            return RefusalReason.EXCLUDED, dimension, excluded & values
        if included is None:
            continue
        if dimension is Dimension.REGION:
            if included.isdisjoint(values):
                return RefusalReason.NOT_INCLUDED, dimension, values
        elif not values <= included:
            return RefusalReason.NOT_INCLUDED, dimension, values - included
    return None


def _listed(values: Iterable[Value]) -> str:
    return ", ".join(str(value) for value in ordered(values))


def tightness(earmark: Earmark) -> Tightness:
    """A key that sorts tighter earmarks first, so that flexible money is kept for last.

    In order: higher category; more included dimensions; fewer included values; more excluded
    values; more caps; nearer spend-by date. Equal keys mean equally tight, not equal earmarks.
    """
    return (
        -earmark.category,
        -len(earmark.include),
        sum(len(values) for values in earmark.include.values()),
        -sum(len(values) for values in earmark.exclude.values()),
        -len(earmark.caps),
        earmark.spend_by_on or date.max,
    )
