"""What may be published of accepted reports, as counts by grant, quarter and code.

Only versions that counted at the event asked about are read. What an indicator counts decides:
persons and households are protected, other things (nights, firms, visits) are not. Figures that may
not be added over grants or quarters (``latest``, ``maximum``, ``none``) are in no release.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from fundops.calls import codelists
from fundops.grants.models import Grant
from fundops.parties.labels import is_protected
from fundops.parties.models import Party
from fundops.parties.places import places_at_risk
from fundops.releases.models import ReleaseCell
from fundops.reports.dimensions import TOTAL, dimensions, is_ratio
from fundops.reports.models import AcceptedVersion, ReportValue

PERSONS = frozenset({"persons", "households", "percent"})
"""Units whose small counts could point at somebody; a percentage is of persons."""
ADDED = frozenset({"sum", "new_persons", "ratio"})
"""How figures are added over grants and quarters, where they may be."""

NO_REGION = "none"


@dataclass(frozen=True)
class Place:
    """Where a grant is counted. One of a protected grantee, or in a place at risk, has no cell of
    its own, nor a country.
    """

    grant: str
    region: str
    country: str | None
    is_protected: bool


@dataclass
class Figures:
    """Counts by indicator and measure; within, by (grant, quarter, dimension, code)."""

    places: dict[str, Place] = field(default_factory=dict)
    counts: dict[tuple[str, str], dict[tuple[str, str, str, str], int]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(int))
    )


def publishable() -> tuple[str, ...]:
    """Return the indicators that releases can hold, in the catalogue's order."""
    listed = codelists.get("indicator").entries
    return tuple(one.code for one in listed if one.more["aggregation"] in ADDED)


def is_of_persons(indicator: str) -> bool:
    """Whether an indicator counts persons or households, whose small counts are hidden."""
    return codelists.get("indicator").entry(indicator).more["unit"] in PERSONS


def quarter_of(day: date) -> str:
    """Return the quarter of a day, such as ``2026-Q1``."""
    return f"{day.year}-Q{(day.month + 2) // 3}"


def read(
    db: Session,
    fund_id: UUID,
    as_of_on: date,
    known_seq: int,
    indicators: Iterable[str],
    shown: Collection[str] | None = None,
) -> Figures:
    """Return the figures of periods that ended by a day, as known at an event.

    ``shown`` are the codes of the grants that had cells of their own, for what was laid out
    before: who is protected changes. Without, it is as flags are now.
    """
    found = Figures()
    hides = _hidden_now(db) if shown is None else lambda row: row.code not in shown
    query: Any = (
        select(
            Grant.code, Grant.country, Grant.region, Grant.fund_id,
            Party.is_at_risk, Party.is_anonymous,
            AcceptedVersion.ends_on, ReportValue.indicator, ReportValue.dimension,
            ReportValue.code.label("value_code"), ReportValue.numerator, ReportValue.denominator,
        )
        .select_from(AcceptedVersion)
        .join(ReportValue, ReportValue.version_id == AcceptedVersion.version_id)
        .join(Grant, Grant.id == AcceptedVersion.grant_id)
        .join(Party, Party.id == Grant.grantee_id)
        .where(
            AcceptedVersion.fund_id == fund_id,
            AcceptedVersion.ends_on <= as_of_on,
            AcceptedVersion.accepted_seq <= known_seq,
            or_(
                AcceptedVersion.superseded_seq.is_(None),
                AcceptedVersion.superseded_seq > known_seq,
            ),
            ReportValue.indicator.in_(list(indicators)),
        )
    )  # fmt: skip
    for row in db.execute(query):
        if row.code not in found.places:
            found.places[row.code] = _place(row, hides(row))
        at = (row.code, quarter_of(row.ends_on), row.dimension, row.value_code)
        if is_ratio(row.indicator):
            found.counts[row.indicator, "numerator"][at] += row.numerator
            if row.denominator is not None:  # a breakdown may be of the numerator alone
                found.counts[row.indicator, "denominator"][at] += row.denominator
        else:
            found.counts[row.indicator, "count"][at] += row.numerator
    for counts in found.counts.values():
        _complete(counts)
    return found


def _hidden_now(db: Session) -> Callable[[Any], bool]:
    """Return what says whether a grant's row is of a protected grantee or in a place at risk."""
    places = places_at_risk(db)
    return lambda row: is_protected(row) or places.holds(row.country, row.fund_id)


def shown_though_protected(db: Session, release_id: UUID) -> list[str]:
    """Return the codes of grants that have cells in a release and are protected by now."""
    columns: tuple[Any, ...] = (
        Grant.code, Grant.country, Grant.fund_id, Party.is_at_risk, Party.is_anonymous,
    )  # fmt: skip
    cells = select(ReleaseCell.unit).where(
        ReleaseCell.release_id == release_id, ReleaseCell.level == "grant"
    )
    query = select(*columns).join(Party, Party.id == Grant.grantee_id)
    hides = _hidden_now(db)
    rows = db.execute(query.where(Grant.code.in_(cells)).order_by(Grant.code))
    return [row.code for row in rows if hides(row)]


def _place(row: Any, is_hidden: bool) -> Place:
    region = row.region
    if row.country:
        region = codelists.get("country").entry(row.country).broader or region
    return Place(row.code, region or NO_REGION, row.country, is_hidden)


def _complete(counts: dict[tuple[str, str, str, str], int]) -> None:
    """Count as unknown what a report did not break down, so that codes sum to the total."""
    totals = {at[:2]: count for at, count in counts.items() if at[2] == TOTAL}
    told: dict[tuple[str, str, str], int] = defaultdict(int)
    for (grant, quarter, dimension, _), count in counts.items():
        told[grant, quarter, dimension] += count
    used = {at[2] for at in counts} - {TOTAL}
    for name in sorted(used):
        asked = dimensions()[name]
        if asked.is_exclusive:
            for (grant, quarter), total in totals.items():
                missing = total - told.get((grant, quarter, name), 0)
                if missing > 0:
                    counts[grant, quarter, name, asked.unknown] += missing
