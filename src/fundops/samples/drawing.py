"""From a population and parameters to a plan, and from a plan to the items it takes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fundops.errors import Problem, invalid
from fundops.samples.models import MAX_SIZE
from fundops.samples.populations import Population, Unit
from fundops.sampling import strata as stratifying
from fundops.sampling.factors import confidence_factor, expansion_factor, normal_quantile
from fundops.sampling.selection import (
    Chosen,
    Item,
    Why,
    at_random,
    by_monetary_unit,
    parted,
    random_start,
)
from fundops.sampling.size import CannotPlan, planned

ALL = "all"
"""The stratum of a sample that has only one."""
GRANTLESS = "-"


@dataclass(frozen=True)
class Parameters:
    """What an auditor decides: amounts in minor units; ``bands`` are limits of strata."""

    method: str
    risk: Decimal
    tolerable: int
    expected: int
    size: int | None
    divided_by: str | None
    bands: tuple[int, ...]
    allocation: str | None


@dataclass(frozen=True)
class Plan:
    """What follows from parameters and population; ``strata`` says per name what is taken."""

    size: int
    confidence: Decimal
    expansion: Decimal | None
    interval: int | None
    strata: Mapping[str, Mapping[str, int]]

    @property
    def strata_text(self) -> str:
        """The strata as canonical JSON."""
        return json.dumps(self.strata, sort_keys=True, separators=(",", ":"))


def plan(parameters: Parameters, found: Population) -> Plan:
    """Return the plan; raise ``invalid-request`` where no sample can be drawn."""
    if not any(one.amount_minor > 0 for one in found.units):
        raise invalid("/population", "samples.empty")
    if parameters.expected >= parameters.tolerable:
        raise invalid("/expected", "samples.expected")
    made = _units(parameters, found) if parameters.method == "monetary_unit" else None
    made = made or _random(parameters, found)
    apart = sum(one.amount_minor <= 0 for one in found.units)
    if sum(one["taken"] for one in made.strata.values()) > MAX_SIZE or apart > MAX_SIZE:
        raise invalid("/size", "samples.too_many", limit=MAX_SIZE)
    return made


def _units(parameters: Parameters, found: Population) -> Plan:
    book = sum(max(one.amount_minor, 0) for one in found.units)
    confidence = confidence_factor(0, parameters.risk)
    expansion = expansion_factor(parameters.risk)
    try:
        size = planned(book, parameters.tolerable, parameters.expected, confidence, expansion)
    except CannotPlan:
        raise invalid("/expected", "samples.no_room") from None
    if size.count > MAX_SIZE:
        raise invalid("/tolerable", "samples.too_many", limit=MAX_SIZE)
    parts = parted(_items(found.units), size.interval)
    rest = sum(one.amount for one in parts.rest)
    strata = {
        "top": _stratum(parts.top, len(parts.top)),
        "rest": _stratum(parts.rest, -(-rest // size.interval)),
        "apart": _stratum(parts.apart, len(parts.apart)),
    }
    return Plan(size.count, confidence, expansion, size.interval, strata)


def _random(parameters: Parameters, found: Population) -> Plan:
    assert parameters.size is not None, "a random sample is given its size"
    divided = _divided(parameters, found)
    weigh = stratifying.neyman if parameters.allocation == "neyman" else stratifying.proportional
    try:
        taken = stratifying.allocated(divided, weigh(divided), parameters.size)
    except ValueError:
        raise invalid("/size", "samples.size") from None
    strata = {name: _stratum(items, taken[name]) for name, items in divided.items()}
    apart = [one for one in _items(found.units) if one.amount <= 0]
    strata["apart"] = _stratum(apart, len(apart))
    return Plan(parameters.size, normal_quantile(parameters.risk), None, None, strata)


def _divided(parameters: Parameters, found: Population) -> dict[str, list[Item]]:
    """Return the positive items by stratum."""
    positive = [one for one in found.units if one.amount_minor > 0]
    if parameters.divided_by == "amount":
        return stratifying.banded(_items(positive), parameters.bands)
    names = {
        one.code: ALL if parameters.divided_by is None else str(one.grant_id or GRANTLESS)
        for one in positive
    }
    divided: dict[str, list[Item]] = {name: [] for name in sorted(set(names.values()))}
    for item in _items(positive):
        divided[names[item.key]].append(item)
    return divided


def _stratum(items: Sequence[Item], taken: int) -> dict[str, int]:
    amount = sum(one.amount for one in items)
    return {"items": len(items), "amount_minor": amount, "taken": taken}


def _items(units: Sequence[Unit]) -> list[Item]:
    return [Item(one.code, one.amount_minor) for one in units]


def draw(parameters: Parameters, sample: Any, found: Population) -> tuple[int | None, list[Chosen]]:
    """Return the random start, where there is one, and the items that a sample takes.

    Raises ``conflict`` where the population is not the one that the sample was planned for.
    """
    if found.digest != sample.population_digest:
        raise Problem("conflict")
    items = _items(found.units)
    if sample.interval_minor is not None:
        start = random_start(sample.seed, sample.interval_minor)
        return start, by_monetary_unit(items, sample.interval_minor, start)
    taken = json.loads(sample.strata)
    chosen: list[Chosen] = []
    for name, members in _divided(parameters, found).items():
        chosen += at_random(members, taken[name]["taken"], sample.seed, name)
    apart = [one for one in items if one.amount <= 0]
    chosen += [Chosen(one, Why.NEGATIVE if one.amount < 0 else Why.ZERO) for one in apart]
    return None, chosen
