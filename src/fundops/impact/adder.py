"""The adder: figures of one indicator added up as the catalogue allows, or not at all.

It knows no database. What cannot be added is refused with the reason, never added silently: other
indicators and units, people across services, percentages, the latest figures of several grants.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from fundops.calls.indicators import ADDED, Indicator, indicator


class Label(StrEnum):
    """What a figure is: how it came about and how far it can be relied on."""

    EXACT = "exact"
    MAY_OVERLAP = "may_overlap"
    LATEST = "latest"
    HIGHEST = "highest"
    NOT_ADDED = "not_added"
    NOT_COMPARABLE = "not_comparable"
    NOTHING = "nothing_reported"


@dataclass(frozen=True, slots=True)
class Part:
    """A figure to add: one report's, or several reports' of one series that were added already.

    ``series`` is whose figure it is: the grant's or, for indicators that are a country's, the
    country's; null for a sum of several. ``grants`` are how many stand behind it. Of two figures
    of one day that with the higher ``order`` wins. ``denominator`` is there for ratios alone.
    """

    indicator: str
    numerator: int
    denominator: int | None
    ends_on: date
    series: Hashable
    grants: int = 1
    order: int = 0


@dataclass(frozen=True, slots=True)
class Figure:
    """What parts come to. ``numerator`` is null where nothing can be said, and ``reason`` why.

    ``reason`` names a sentence of the messages. ``grants`` is how many grants stand behind it.
    """

    label: Label
    numerator: int | None = None
    denominator: int | None = None
    ends_on: date | None = None
    grants: int = 0
    reason: str | None = None


NOTHING = Figure(Label.NOTHING)


def add(parts: Iterable[Part]) -> Figure:
    """Add parts of one indicator by its rule; parts of several are refused, never added."""
    found = list(parts)
    if not found:
        return NOTHING
    codes = {part.indicator for part in found}
    grants = _grants(found)
    if len(codes) > 1:
        return Figure(Label.NOT_COMPARABLE, grants=grants, reason=refusal(codes))
    return _RULES[indicator(codes.pop()).aggregation](found, grants)


def refusal(codes: Collection[str]) -> str:
    """Return why several indicators are not added to one figure, as a message's name."""
    entries = [indicator(code) for code in sorted(codes)]
    if len({one.unit for one in entries}) > 1:
        return "impact.units_differ"
    if any(other in one.never_added_with for one in entries for other in codes):
        return "impact.same_people"
    return "impact.indicators_differ"


def series_of(entry: Indicator, grant: Hashable, country: Hashable) -> Hashable:
    """Return whose series a grant's figure is of; a country that is not told is not shared."""
    return country if entry.per == "country" and country is not None else grant


def _grants(parts: list[Part]) -> int:
    """Return how many grants stand behind parts: of each series as many as a part of it says."""
    told: dict[Hashable, int] = {}
    for part in parts:
        told[part.series] = max(part.grants, told.get(part.series, 0))
    return sum(told.values())


def _sum(parts: list[Part], grants: int) -> Figure:
    return Figure(Label.EXACT, _total(parts), None, _last(parts), grants)


def _new(parts: list[Part], grants: int) -> Figure:
    label = Label.MAY_OVERLAP if grants > 1 else Label.EXACT
    reason = "impact.may_overlap" if grants > 1 else None
    return Figure(label, _total(parts), None, _last(parts), grants, reason)


def _ratio(parts: list[Part], grants: int) -> Figure:
    if any(part.denominator is None for part in parts):
        return Figure(Label.NOT_COMPARABLE, grants=grants, reason="impact.no_denominator")
    below = sum(part.denominator or 0 for part in parts)
    return Figure(Label.EXACT, _total(parts), below, _last(parts), grants)


def _latest(parts: list[Part], grants: int) -> Figure:
    if len({part.series for part in parts}) > 1:
        return Figure(
            Label.NOT_ADDED, ends_on=_last(parts), grants=grants, reason="impact.latest_of_each"
        )
    # Several results of one report stand side by side under the same day: none is the latest.
    last = max(parts, key=lambda part: (part.ends_on, part.order))
    return Figure(Label.LATEST, last.numerator, last.denominator, last.ends_on, grants)


def _maximum(parts: list[Part], grants: int) -> Figure:
    if grants > 1:
        return Figure(
            Label.NOT_ADDED, ends_on=_last(parts), grants=grants, reason="impact.highest_of_each"
        )
    most = max(part.numerator for part in parts)
    return Figure(Label.HIGHEST, most, None, _last(parts), grants)


def _none(parts: list[Part], grants: int) -> Figure:
    reason = "impact.never_added"
    return Figure(Label.NOT_COMPARABLE, ends_on=_last(parts), grants=grants, reason=reason)


def _total(parts: list[Part]) -> int:
    return sum(part.numerator for part in parts)


def _last(parts: list[Part]) -> date:
    return max(part.ends_on for part in parts)


_RULES = {
    "sum": _sum,
    "new_persons": _new,
    "ratio": _ratio,
    "latest": _latest,
    "maximum": _maximum,
    "none": _none,
}


def percent(numerator: int, denominator: int) -> str | None:
    """Return a share in percent with two decimals, half up, from the exact fraction.

    ``None`` where there is nothing to have a share of.
    """
    if denominator <= 0:
        return None
    hundredths = (2 * numerator * 10_000 + denominator) // (2 * denominator)
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def cost_each(spent_minor: int, entry: Indicator, figure: Figure) -> int | None:
    """Return minor units spent for each result, half up; none where that means nothing."""
    if entry.aggregation not in ADDED or not figure.numerator:
        return None
    return (2 * spent_minor + figure.numerator) // (2 * figure.numerator)
