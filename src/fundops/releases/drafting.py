"""Drawing a release up: the figures, what readers know already, and what may be told of each."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops.errors import Problem
from fundops.messages import text
from fundops.releases import figures
from fundops.releases.layout import Key, Layout, lay_out
from fundops.releases.models import Release, ReleaseCell
from fundops.reports.dimensions import TOTAL
from fundops.suppression.cells import NOTHING, Band, Cell, Pattern, Readers, Sum, Unsound
from fundops.suppression.release import decide

MAX_RELEASE_CELLS = 20_000
MAX_EARLIER = 40
"""Releases that are out of a fund at most: each bears on what the next may tell."""

_LEVEL_RANK = {"fund": 6, "region": 5, "country": 3, "grant": 1}
_WITH_REST = 50_000


@dataclass(frozen=True)
class Thresholds:
    """Smallest counts that are safe, by class."""

    outside: int
    inside: int

    def of(self, class_name: str) -> int:
        """Return a class's threshold."""
        return self.outside if class_name == "outside" else self.inside


@dataclass(frozen=True)
class Draft:
    """A release drawn up and not stored yet."""

    bands: Mapping[str, Band]
    pattern_id: str
    basis: str
    known_seq: int


@dataclass
class Knowledge:
    """What readers were told: by class, the bands of counts, and figures that were shown of the
    same thing when it was counted otherwise; ``outside``, those that everybody was shown.

    ``counts`` and ``sums`` are what earlier tables had otherwise than the new one: who knows that
    the rest is the same reads them all as one table.
    """

    known: dict[str, dict[str, Band]]
    before: dict[str, set[int]]
    outside: dict[str, set[int]]
    counts: dict[str, int] = field(default_factory=dict)
    sums: dict[Sum, None] = field(default_factory=dict)


def earlier_releases(db: Session, fund_id: UUID) -> list[Release]:
    """Return the releases of a fund that were ever out, the first first."""
    query = select(Release).where(Release.fund_id == fund_id, Release.published_at.is_not(None))
    return list(db.execute(query.order_by(Release.published_at, Release.id)).scalars())


def basis_of(earlier: Iterable[Release]) -> str:
    """Return the digest of the releases that are out."""
    return hashlib.sha256("".join(one.id.hex for one in earlier).encode()).hexdigest()


def draw(
    db: Session,
    fund_id: UUID,
    class_name: str,
    as_of_on: date,
    known_seq: int,
    indicators: Sequence[str],
    thresholds: Thresholds,
) -> Draft:
    """Return what a release of these indicators would tell.

    Raises ``conflict`` for a release that would be too large or has nothing in it, and for a day
    before that of one that is out: what stands between two days is reckoned forwards only.
    """
    earlier = earlier_releases(db, fund_id)
    if len(earlier) >= MAX_EARLIER:
        raise Problem("conflict", detail=text("releases.too_many", limit=MAX_EARLIER))
    days = [one.as_of_on for one in earlier]
    if any(day > as_of_on for day in days):
        raise Problem("conflict", detail=text("releases.not_later", day=max(days).isoformat()))
    layout = lay_out(figures.read(db, fund_id, as_of_on, known_seq, indicators), as_of_on, days)
    bands = {
        at: Band(count, count)
        for at, count in layout.counts.items()
        if _is_published(at, as_of_on, layout) and not figures.is_of_persons(Key.of(at).indicator)
    }
    if len(layout.counts) > _WITH_REST:
        raise Problem("conflict", detail=text("releases.too_large", limit=MAX_RELEASE_CELLS))
    bands |= _protected(db, layout, class_name, as_of_on, earlier, thresholds).bands
    if not bands:
        raise Problem("conflict", detail=text("releases.empty"))
    if len(bands) > MAX_RELEASE_CELLS:
        raise Problem("conflict", detail=text("releases.too_large", limit=MAX_RELEASE_CELLS))
    return Draft(bands, Pattern(bands).id, basis_of(earlier), known_seq)


def _protected(
    db: Session,
    layout: Layout,
    class_name: str,
    as_of_on: date,
    earlier: Sequence[Release],
    thresholds: Thresholds,
) -> Pattern:
    """Decide what is told of persons, so that no reader of any class learns a small count."""
    knowledge = _knowledge(db, layout, earlier, as_of_on)
    own = knowledge.known[class_name]
    shown = knowledge.outside if class_name == "outside" else knowledge.before
    cells = [
        _cell(at, count, as_of_on, layout, own, knowledge.before, count in shown[at])
        for at, count in layout.counts.items()
        if figures.is_of_persons(Key.of(at).indicator)
    ]
    cells += [Cell(at, count, is_published=False) for at, count in knowledge.counts.items()]
    keys = {cell.key for cell in cells}
    sums = [one for one in layout.sums if one.total in keys] + list(knowledge.sums)
    everything = dict(knowledge.known["outside"])
    for at, band in knowledge.known["inside"].items():
        everything[at] = band.meets(everything.get(at, NOTHING))
    readers = [Readers(thresholds.inside, everything)]
    if class_name == "outside":
        readers.insert(0, Readers(thresholds.outside, knowledge.known["outside"]))
    try:
        return decide(cells, sums, thresholds.of(class_name), readers).pattern
    except Unsound:  # counts beyond any real one, or releases made under other thresholds
        raise Problem("conflict", detail=text("releases.unsound")) from None


def _cell(
    at: str,
    count: int,
    as_of_on: date,
    layout: Layout,
    told: Mapping[str, Band],
    before: Mapping[str, set[int]],
    is_known: bool,
) -> Cell:
    """Return a cell; ``is_known`` says that this very count was shown to the same readers as of an
    earlier day, before its grant was flagged: nothing of it is left to be concealed.
    """
    key = Key.of(at)
    is_now, is_whole = key.time == f"to:{as_of_on}", key.dimension == TOTAL
    coarse = 2 if is_whole else 1 if key.dimension in ("sex", "age") else 0
    is_concealed = key.unit in layout.concealed
    return Cell(
        at,
        count,
        rank=_LEVEL_RANK[key.level] + coarse + is_now,
        is_published=_is_published(at, as_of_on, layout),
        is_presence=is_whole and is_now and key.measure in ("count", "denominator"),
        is_concealed=is_concealed and is_now and count > 0 and not is_known,
        keep=told.get(at) if _is_published(at, as_of_on, layout) else None,
        before=tuple(sorted(before.get(at, ()))),
    )


def _is_published(at: str, as_of_on: date, layout: Layout) -> bool:
    key = Key.of(at)
    is_own = key.measure != "rest" and not key.dimension.startswith("without ")
    is_of_a_time = key.time == f"to:{as_of_on}" or (":" not in key.time)
    return is_own and is_of_a_time and key.unit not in layout.concealed


def _knowledge(
    db: Session, layout: Layout, earlier: Sequence[Release], as_of_on: date
) -> Knowledge:
    """Return what earlier releases tell of these counts.

    Each is laid out again as it was known then, with the grants that had cells. Where a count is
    still the same its band holds; where it is not, it is a cell of its own beside the new one, and
    a figure that was shown is one that the new one may not lie close to.
    """
    now_sums = set(layout.sums)
    found = Knowledge({"outside": {}, "inside": {}}, defaultdict(set), defaultdict(set))
    for release in earlier:
        told = _told(db, release)
        indicators = release.indicators.split(" ")
        days = [one.as_of_on for one in earlier]
        units = {Key.of(at).unit.partition(":") for at in told}
        shown = {code for level, _, code in units if level == "grant"}
        held = figures.read(
            db, release.fund_id, release.as_of_on, release.known_seq, indicators, shown
        )
        then = lay_out(held, release.as_of_on, days)
        known = found.known[release.class_name]
        names = _names(then, layout)
        _apart(found, then, names, now_sums)
        for at, band in told.items():
            name = names.get(at)
            is_same = name == at
            if name is not None:
                known[name] = band.meets(known.get(name, NOTHING))
            if band.is_exact:
                key = Key.of(at)
                now = "|".join(key._replace(time=f"to:{as_of_on}")) if ":" in key.time else at
                if now != at or not is_same:
                    found.before[now].add(band.low)
                    if release.class_name == "outside":
                        found.outside[now].add(band.low)
    return found


def _apart(found: Knowledge, then: Layout, names: Mapping[str, str], now: Collection[Sum]) -> None:
    """Add to ``found`` the sums of an earlier table that the new one has not, and their cells."""
    for one in then.sums:
        if not figures.is_of_persons(Key.of(one.total).indicator):
            continue
        old = Sum(names[one.total], tuple(names[part] for part in one.parts))
        if old not in now:
            found.sums[old] = None
            for at in (one.total, *one.parts):
                if names[at] != at:
                    found.counts[names[at]] = then.counts[at]


def _names(then: Layout, now: Layout) -> dict[str, str]:
    """Return by key what the cells of an earlier table are called beside those of the new one.

    A count that is the same is the same cell, one that is not is another: the same in all earlier
    tables that had it so.
    """
    return {
        at: at if now.counts.get(at) == count else f"{at}|was {count}"
        for at, count in then.counts.items()
    }


def _told(db: Session, release: Release) -> dict[str, Band]:
    columns = ReleaseCell
    query = select(
        columns.indicator, columns.measure, columns.level, columns.unit, columns.period,
        columns.dimension, columns.code, columns.low, columns.high,
    ).where(columns.release_id == release.id)  # fmt: skip
    return {
        "|".join(
            Key(
                row.indicator, row.measure, f"{row.level}:{row.unit}", row.period, row.dimension,
                row.code,
            )
        ): Band(row.low, row.high)
        for row in db.execute(query)
    }  # fmt: skip
