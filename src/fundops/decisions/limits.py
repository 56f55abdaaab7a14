"""The stated limits of a call: how much of its envelope may, or must, go where.

A limit speaks of one dimension: the ``region`` (M49) or ``country`` of the work, the ``objective``
it serves or the ``party`` that asks. With a code it is about that code; without one about every
code of the dimension by itself ("no country more than 30 %"). Shares are parts of the envelope, in
parts per million. A proposal counts with its whole amount in each area that contains it, and with
its declared shares, by largest remainder, in the objectives it serves.

>>> from uuid import UUID
>>> limit = Limit("country", None, max_share_ppm=400_000)
>>> kenya = Item(UUID(int=1), 60_00, "KE", None, frozenset(), {4: 100}, UUID(int=9))
>>> found = breaches([limit], 100_00, [kenya])[0]
>>> found.code, found.used_minor, found.allowed_minor
('KE', 6000, 4000)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, NamedTuple, TypeAlias
from uuid import UUID

from fundops import money
from fundops.allocation.regions import areas_of
from fundops.messages import text
from fundops.schemas import ppm

Dimension: TypeAlias = Literal["region", "country", "objective", "party"]
DIMENSIONS: tuple[Dimension, ...] = ("region", "country", "objective", "party")
MILLION = 1_000_000


@dataclass(frozen=True)
class Limit:
    """One stated limit; amounts are minor units of the fund's base currency."""

    dimension: Dimension
    code: str | None = None
    max_share_ppm: int | None = None
    max_amount_minor: int | None = None
    max_count: int | None = None
    min_share_ppm: int | None = None

    def most_minor(self, envelope_minor: int | None) -> int | None:
        """Return the most that may go to one code, rounded down, or none."""
        found = [] if self.max_amount_minor is None else [self.max_amount_minor]
        if self.max_share_ppm is not None and envelope_minor is not None:
            found.append(envelope_minor * self.max_share_ppm // MILLION)
        return min(found, default=None)

    def least_minor(self, envelope_minor: int | None) -> int:
        """Return what must go to the code, rounded up; nothing where no minimum is stated."""
        if self.min_share_ppm is None or envelope_minor is None:
            return 0
        return -(-envelope_minor * self.min_share_ppm // MILLION)


@dataclass(frozen=True)
class Item:
    """What limits ask about an amount: a proposal that may be funded, or a grant that was made.

    ``regions`` are all M49 areas that contain the work, ``region`` its own; ``objectives`` maps
    numbers to whole percents.
    """

    id: UUID
    amount_minor: int
    country: str | None
    region: str | None
    regions: frozenset[str]
    objectives: Mapping[int, int]
    party_id: UUID

    def parts(self, dimension: Dimension, *, each: bool = False) -> dict[str, int]:
        """Return what of the amount counts in which codes of a dimension, minor units.

        Areas nest, so a limit on ``each`` area counts the work's own only.
        """
        match dimension:
            case "region" if each:
                codes = [self.region] if self.region else []
            case "region":
                codes = sorted(self.regions)
            case "country":
                codes = [self.country] if self.country else []
            case "party":
                codes = [str(self.party_id)]
            case "objective":
                numbers = sorted(self.objectives)
                if not numbers:
                    return {}
                shares = money.allocate(self.amount_minor, [self.objectives[n] for n in numbers])
                return {str(n): share for n, share in zip(numbers, shares, strict=True) if share}
        return dict.fromkeys(codes, self.amount_minor)


def an_item(
    item_id: UUID,
    amount_minor: int,
    *,
    country: str | None,
    region: str | None,
    objectives: Mapping[int, int],
    party_id: UUID,
    on: date,
) -> Item:
    """Return the item of a proposal or grant whose areas are those of ``on``."""
    areas = areas_of(country, region, on)
    return Item(item_id, amount_minor, country, region, areas, objectives, party_id)


class Breach(NamedTuple):
    """A limit that is not kept: for which code, by how much or how many."""

    limit: Limit
    code: str
    kind: Literal["amount", "count", "minimum"]
    used_minor: int
    allowed_minor: int
    awards: int

    def sentence(self, currency: str, names: Mapping[str, str] | None = None) -> str:
        """Return what is not kept, for people; ``names`` says how codes are shown."""
        shown = (names or {}).get(self.code, self.code)
        return text(
            f"decisions.limit_{self.kind}",
            dimension=text(f"decisions.dimension_{self.limit.dimension}"),
            code=shown,
            used=money.display(self.used_minor, currency),
            allowed=money.display(self.allowed_minor, currency),
            count=self.awards,
            most=self.limit.max_count if self.limit.max_count is not None else "",
        )


class Tally:
    """What has been placed so far, per limit and code; adding and asking cost no search."""

    def __init__(self, limits: Sequence[Limit], envelope_minor: int | None) -> None:
        self.limits = tuple(limits)
        self.envelope_minor = envelope_minor
        self._used: list[dict[str, int]] = [{} for _ in limits]
        self._count: list[dict[str, int]] = [{} for _ in limits]

    def parts(self, limit: Limit, item: Item) -> dict[str, int]:
        """Return what of ``item`` a limit counts, by code."""
        found = item.parts(limit.dimension, each=limit.code is None)
        if limit.code is None:
            return found
        return {limit.code: found[limit.code]} if limit.code in found else {}

    def add(self, item: Item) -> None:
        """Place ``item``, whether or not it keeps the limits."""
        for limit, used, count in zip(self.limits, self._used, self._count, strict=True):
            for code, minor in self.parts(limit, item).items():
                used[code] = used.get(code, 0) + minor
                count[code] = count.get(code, 0) + 1

    def used(self, number: int, code: str) -> int:
        """Return what is placed under the limit with this number for one code."""
        return self._used[number].get(code, 0)

    def count(self, number: int, code: str) -> int:
        """Return how many are placed under the limit with this number for one code."""
        return self._count[number].get(code, 0)

    def refusal(self, items: Iterable[Item]) -> Breach | None:
        """Return the first maximum that placing all ``items`` as well would exceed."""
        return next(iter(self.refusals(items)), None)

    def refusals(self, items: Iterable[Item]) -> list[Breach]:
        """Return every maximum that placing all ``items`` as well would exceed.

        A maximum that is exceeded already refuses only what would add to it.
        """
        trial = self.copy()
        touched: set[tuple[int, str]] = set()
        for item in items:
            trial.add(item)
            touched |= {
                (number, code)
                for number, limit in enumerate(self.limits)
                for code in self.parts(limit, item)
            }
        return [found for place, found in trial.exceeded_places() if place in touched]

    def exceeded(self) -> list[Breach]:
        """Return every maximum that what is placed exceeds."""
        return [found for _, found in self.exceeded_places()]

    def exceeded_places(self) -> Iterator[tuple[tuple[int, str], Breach]]:
        """Yield the same with the limit's number and the code."""
        for number, (limit, used, counts) in enumerate(
            zip(self.limits, self._used, self._count, strict=True)
        ):
            most = limit.most_minor(self.envelope_minor)
            for code in sorted(used):
                minor, count = used[code], counts[code]
                if most is not None and minor > most:
                    yield (number, code), Breach(limit, code, "amount", minor, most, count)
                if limit.max_count is not None and count > limit.max_count:
                    yield (number, code), Breach(limit, code, "count", minor, most or 0, count)

    def unmet(self, targets: Mapping[int, int]) -> dict[int, int]:
        """Return what of the minimum ``targets`` (limit number -> minor) is still missing."""
        return {
            number: target - used
            for number, target in targets.items()
            if (used := self.used(number, self.limits[number].code or "")) < target
        }

    def copy(self) -> Tally:
        """Return a tally of the same state on which something can be tried."""
        other = Tally(self.limits, self.envelope_minor)
        other._used = [dict(used) for used in self._used]
        other._count = [dict(count) for count in self._count]
        return other


def minimum_targets(
    limits: Sequence[Limit], envelope_minor: int | None, items: Sequence[Item]
) -> dict[int, int]:
    """Return what each minimum can ask for: its share, or all that anybody asked for, if less."""
    tally = Tally(limits, envelope_minor)
    found: dict[int, int] = {}
    for number, limit in enumerate(limits):
        least = limit.least_minor(envelope_minor)
        if least and limit.code is not None:
            asked = sum(sum(tally.parts(limit, item).values()) for item in items)
            found[number] = min(least, asked)
    return found


def breaches(
    limits: Sequence[Limit], envelope_minor: int | None, items: Iterable[Item]
) -> list[Breach]:
    """Return every maximum that ``items`` together exceed; minimums bind the line, not a board."""
    tally = Tally(limits, envelope_minor)
    for item in items:
        tally.add(item)
    return tally.exceeded()


def limits_of(stored: str, currency: str) -> list[Limit]:
    """Return a call's limits from its stored JSON.

    Each is ``{"dimension", "code", "max_share", "max_amount", "max_count", "min_share"}``: shares
    are text between 0 and 1, amounts decimal text in the fund's base currency; what is absent or
    null is not limited.
    """
    return [_limit(one, currency) for one in json.loads(stored)]


def _limit(given: Mapping[str, Any], currency: str) -> Limit:
    dimension = given["dimension"]
    assert dimension in DIMENSIONS, "a call's limits are checked when they are stated"
    code = given.get("code")
    amount = given.get("max_amount")
    if isinstance(amount, Mapping):
        amount = amount["amount"]
    return Limit(
        dimension,
        None if code is None else str(code),
        max_share_ppm=_share(given.get("max_share")),
        max_amount_minor=None if amount is None else money.parse_amount(amount, currency),
        max_count=given.get("max_count"),
        min_share_ppm=_share(given.get("min_share")),
    )


def _share(given: str | None) -> int | None:
    return None if given is None else ppm(given)
