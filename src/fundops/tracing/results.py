"""What the grants that a donor contributed to have reached, as it was published.

Persons are never divided between donors: a statement says what part of a grant's payments was the
donor's, and beside it what a release for everybody tells of the grant. What a release hides stays
hidden here in the same words, so that the statement tells nothing that the release does not.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from fundops.audit import AuditEvent
from fundops.releases.models import Release, ReleaseCell
from fundops.reports.dimensions import TOTAL
from fundops.tracing.registers import Moment

CHUNK = 500


@dataclass(frozen=True)
class Reached:
    """What a release tells of one count of a grant: at least ``low``, at most ``high``."""

    release_code: str
    as_of_on: date
    grant_code: str
    indicator: str
    measure: str
    low: int
    high: int | None


def reached(db: Session, moment: Moment, grant_codes: Collection[str]) -> list[Reached]:
    """Return what the latest release for everybody tells of grants, as was known then.

    A release counts from its publication until its withdrawal. One that is withheld by now, since
    somebody in it was flagged at risk, is told in no statement, whatever was known then.
    """
    release = _latest(db, moment)
    if release is None:
        return []
    found: list[Reached] = []
    wanted = sorted(grant_codes)
    for start in range(0, len(wanted), CHUNK):
        query = (
            select(ReleaseCell)
            .where(
                ReleaseCell.release_id == release.id,
                ReleaseCell.level == "grant",
                ReleaseCell.unit.in_(wanted[start : start + CHUNK]),
                ReleaseCell.period == f"to:{release.as_of_on.isoformat()}",
                ReleaseCell.dimension == TOTAL,
            )
            .order_by(ReleaseCell.position)
        )
        found += [
            Reached(
                release.code, release.as_of_on, cell.unit, cell.indicator, cell.measure, cell.low,
                cell.high,
            )
            for cell in db.execute(query).scalars()
        ]  # fmt: skip
    return found


def _latest(db: Session, moment: Moment) -> Release | None:
    """Return the release that was out then, of the latest day, the one published last."""
    published, withdrawn = aliased(AuditEvent), aliased(AuditEvent)
    gone = exists(
        select(withdrawn.seq).where(
            withdrawn.record_id == Release.id,
            withdrawn.action == "release.withdrawn",
            withdrawn.seq <= moment.known_seq,
        )
    )
    query = (
        select(Release)
        .join(published, published.record_id == Release.id)
        .where(
            Release.fund_id == moment.fund_id,
            Release.class_name == "outside",
            Release.as_of_on <= moment.as_of_on,
            Release.withheld_at.is_(None),
            published.action == "release.published",
            published.seq <= moment.known_seq,
            ~gone,
        )
        .order_by(Release.as_of_on.desc(), published.seq.desc())
        .limit(1)
    )
    return db.execute(query).scalar_one_or_none()
