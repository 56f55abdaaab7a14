"""How a release is laid out: which cells it has of an indicator, and which sums hold between them.

A cell's key is ``indicator|measure|unit|time|dimension|code``. Units are the fund, its regions,
countries and grants; times are the quarters and ``to:DAY``, all until a day. Breakdowns are given
until the release's day, totals by quarter as well. What stands between two releases' days is a cell
too, though it is not published: who reads both can subtract.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from fundops.releases.figures import NO_REGION, Figures, Place, quarter_of
from fundops.reports.dimensions import TOTAL, dimensions
from fundops.suppression.cells import Sum
from fundops.suppression.cube import Axis, cube, merged, tree

FUND = "fund:"
WHOLE = f"{TOTAL}|"
CROWD = 3
"""Grants of a region from which on a protected one is counted in it, not in the fund alone."""

Counts = Mapping[tuple[str, str, str, str], int]


class Key(NamedTuple):
    """The parts of a cell's key."""

    indicator: str
    measure: str
    unit: str
    time: str
    dimension: str
    code: str

    @classmethod
    def of(cls, text: str) -> Key:
        """Return the parts of a key."""
        return cls(*text.split("|"))

    @property
    def level(self) -> str:
        """``fund``, ``region``, ``country`` or ``grant``."""
        return self.unit.partition(":")[0]


@dataclass
class Layout:
    """Every count by its key, and the sums; ``concealed`` units have no cells of their own."""

    counts: dict[str, int] = field(default_factory=dict)
    sums: list[Sum] = field(default_factory=list)
    concealed: frozenset[str] = frozenset()


def lay_out(figures: Figures, until: date, earlier: Iterable[date]) -> Layout:
    """Return the cells of figures until a day, with the days of earlier releases told apart."""
    days = sorted({day for day in earlier if day < until} | {until})
    tables = []
    for (indicator, measure), values in sorted(figures.counts.items()):
        units = _units(figures.places, {at[0] for at in values})
        head = f"{indicator}|{measure}|"
        for own, sums in _tables(values, units, days):
            tables.append(({head + at: n for at, n in own.items()}, _under(head, sums)))
    counts, sums = merged(tables)
    _add_rests(counts, sums)
    hidden = {f"grant:{one.grant}" for one in figures.places.values() if one.is_protected}
    return Layout(counts, sums, frozenset(hidden))


def _under(head: str, sums: Iterable[Sum]) -> list[Sum]:
    return [Sum(head + one.total, tuple(head + part for part in one.parts)) for one in sums]


def _units(places: Mapping[str, Place], grants: Iterable[str]) -> Axis:
    """Return the fund, regions, countries and grants. A protected grant lies in no country, and in
    a region only among others.
    """
    used = [places[grant] for grant in sorted(grants)]
    crowd: dict[str, int] = defaultdict(int)
    for one in used:
        crowd[one.region] += 1
    children: dict[str, set[str]] = defaultdict(set)
    for one in used:
        leaf = f"grant:{one.grant}"
        is_apart = one.is_protected and crowd[one.region] < CROWD
        above = FUND if one.region == NO_REGION or is_apart else f"region:{one.region}"
        if above != FUND:
            children[FUND].add(above)
        if one.country and not one.is_protected:
            country = f"country:{one.country}"
            children[above].add(country)
            above = country
        children[above].add(leaf)
    return tree(children)


def _tables(
    counts: Counts, units: Axis, days: Sequence[date]
) -> Iterator[tuple[dict[str, int], list[Sum]]]:
    """Yield the tables of one indicator: totals over time, and each breakdown until each day."""
    quarters = sorted({at[1] for at in counts})
    totals: dict[tuple[str, ...], int] = {
        (f"grant:{grant}", quarter, WHOLE): count
        for (grant, quarter, dimension, _), count in counts.items()
        if dimension == TOTAL
    }
    yield cube(totals, (units, _quarters(quarters, days), Axis({WHOLE: (WHOLE,)}, ())))
    spans = _spans(days)
    in_span = {quarter: _span_of(quarter, days) for quarter in quarters}
    by_span: dict[tuple[str, str, str, str], int] = defaultdict(int)
    for (grant, quarter, dimension, code), count in counts.items():
        by_span[f"grant:{grant}", in_span[quarter], dimension, code] += count
    for axis, values in _breakdowns(by_span):
        yield cube(values, (units, spans, axis))


def _quarters(quarters: Sequence[str], days: Sequence[date]) -> Axis:
    held = {q: (q, *(f"to:{day}" for day in days if q <= quarter_of(day))) for q in quarters}
    lines = [(f"to:{day}", tuple(q for q in quarters if q <= quarter_of(day))) for day in days]
    return Axis(held, tuple((total, parts) for total, parts in lines if parts))


def _spans(days: Sequence[date]) -> Axis:
    names = [_span(day, days) for day in days]
    held = {
        name: tuple(dict.fromkeys((name, *(f"to:{day}" for day in days[at:]))))
        for at, name in enumerate(names)
    }
    lines = tuple(
        (f"to:{day}", (f"to:{before}", name))
        for before, day, name in zip(days, days[1:], names[1:], strict=False)
    )
    return Axis(held, lines)


def _span(day: date, days: Sequence[date]) -> str:
    """Return what is between a day and the one before; the first needs no name of its own."""
    return f"to:{day}" if day == days[0] else f"since:{days[days.index(day) - 1]}..{day}"


def _span_of(quarter: str, days: Sequence[date]) -> str:
    return next(_span(day, days) for day in days if quarter <= quarter_of(day))


def _breakdowns(
    by_span: Counts,
) -> Iterator[tuple[Axis, dict[tuple[str, ...], int]]]:
    """Yield an axis for each breakdown that is used, with the values on it."""
    used: dict[str, set[str]] = defaultdict(set)
    for (_, _, dimension, code), count in by_span.items():
        if count:
            used[dimension].add(code)
    for name in sorted(set(used) - {TOTAL}):
        codes = sorted(used[name])
        if dimensions()[name].is_exclusive:
            values: dict[tuple[str, ...], int] = {
                (unit, span, f"{name}|{code}"): count
                for (unit, span, dimension, code), count in by_span.items()
                if dimension == name and count
            }
            yield (_sex_and_age(codes) if name == "sex_age" else _codes(name, codes)), values
        else:
            for code in codes:
                yield _among(name, code), _with_rest(by_span, name, code)


def _codes(name: str, codes: Sequence[str]) -> Axis:
    return tree({WHOLE: [f"{name}|{code}" for code in codes]})


def _sex_and_age(codes: Sequence[str]) -> Axis:
    pairs = [tuple(code.split(".")) for code in codes]
    held = {
        f"sex_age|{sex}.{age}": (f"sex_age|{sex}.{age}", f"sex|{sex}", f"age|{age}", WHOLE)
        for sex, age in pairs
    }
    lines = []
    for name, place in (("sex", 0), ("age", 1)):
        values = sorted({pair[place] for pair in pairs})
        lines.append((WHOLE, tuple(f"{name}|{value}" for value in values)))
        lines += [
            (f"{name}|{value}", tuple(f"sex_age|{'.'.join(p)}" for p in pairs if p[place] == value))
            for value in values
        ]
    return Axis(held, tuple(lines))


def _among(name: str, code: str) -> Axis:
    """Return the axis of a code that a person may have beside others: those with and without it."""
    return tree({WHOLE: [f"{name}|{code}", f"without {name}|{code}"]})


def _with_rest(by_span: Counts, name: str, code: str) -> dict[tuple[str, ...], int]:
    values: dict[tuple[str, ...], int] = defaultdict(int)
    for (unit, span, dimension, own), count in by_span.items():
        if dimension == TOTAL:
            values[unit, span, f"without {name}|{code}"] += count
        elif (dimension, own) == (name, code):
            values[unit, span, f"{name}|{code}"] += count
            values[unit, span, f"without {name}|{code}"] -= count
    return values


def _add_rests(counts: dict[str, int], sums: list[Sum]) -> None:
    """Have each denominator be the sum of its numerator and of those who are not in it."""
    for at in [at for at in counts if Key.of(at).measure == "denominator"]:
        key = Key.of(at)
        above, rest = ("|".join(key._replace(measure=name)) for name in ("numerator", "rest"))
        if above in counts:
            counts[rest] = counts[at] - counts[above]
            sums.append(Sum(at, (above, rest)))
