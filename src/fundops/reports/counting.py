"""Letting figures count, and taking them out: the one writer of accepted versions.

What counts at present is kept beside the versions as rows of its own, with what it is grouped by.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import delete, func, insert, literal, select
from sqlalchemy.orm import Session

from fundops.checking import MAX_SHOWN
from fundops.errors import Problem
from fundops.messages import text
from fundops.reports.models import AcceptedVersion, ProgressReport, ReportValue, StandingValue

CHUNK = 500


def refuse_overlap(db: Session, report: ProgressReport) -> None:
    """Refuse results of a period that shares a day with another report's that count.

    A requirement that was added has no period of its own, so its report could tell of all again.
    """
    query = (
        select(ProgressReport.code)
        .join(AcceptedVersion, AcceptedVersion.report_id == ProgressReport.id)
        .where(
            AcceptedVersion.grant_id == report.grant_id,
            AcceptedVersion.superseded_seq.is_(None),
            AcceptedVersion.starts_on <= report.ends_on,
            AcceptedVersion.ends_on >= report.starts_on,
            ProgressReport.id != report.id,
            ProgressReport.asks_narrative,
        )
    )
    code = db.execute(query.limit(1)).scalar() if report.asks_narrative else None
    if code is not None:
        raise Problem("conflict", detail=text("expenditures.period_overlaps", code=code))


def let_count(db: Session, made: AcceptedVersion) -> None:
    """Add an accepted version, whose values are written already, and let its figures count."""
    db.add(made)
    db.flush()
    stand(db, [made.version_id])


def stand(db: Session, version_ids: Sequence[Any]) -> None:
    """Let the figures of accepted versions count; those that do already are left alone."""
    said, value = AcceptedVersion, ReportValue
    for start in range(0, len(version_ids), CHUNK):
        rows = (
            select(
                value.version_id, value.result_number, value.dimension, value.code, said.fund_id,
                said.grant_id, value.indicator, said.ends_on, value.numerator, value.denominator,
            )
            .join(said, said.version_id == value.version_id)
            .where(value.version_id.in_(version_ids[start : start + CHUNK]))
        )  # fmt: skip
        db.execute(insert(StandingValue).from_select(_COLUMNS, rows))


_COLUMNS = [
    "version_id", "result_number", "dimension", "code", "fund_id", "grant_id", "indicator",
    "ends_on", "numerator", "denominator",
]  # fmt: skip


def take_out(db: Session, earlier: AcceptedVersion, seq: int) -> None:
    """Let a version count no longer from event ``seq`` on: a correction takes its place."""
    earlier.superseded_seq = seq
    db.flush()
    db.execute(delete(StandingValue).where(StandingValue.version_id == earlier.version_id))


def figures_standing(db: Session) -> Iterator[str]:
    """Yield a sentence for each version whose figures that count are not what it says.

    Every version that stands has its figures there, and no other version has any.
    """
    said = _summed(ReportValue)
    held = _summed(StandingValue)
    stands = select(AcceptedVersion.version_id).where(AcceptedVersion.superseded_seq.is_(None))
    due = select(said).where(said.c.version_id.in_(stands))
    there = select(held)
    for wrong in (due.except_(there), there.except_(due)):
        for row in db.execute(wrong.limit(MAX_SHOWN)):
            yield f"report_version {row[0]}: {text('reports.check.standing')}"


def _summed(table: Any) -> Any:
    below = func.coalesce(table.denominator, literal(-1))
    return (
        select(
            table.version_id,
            func.count().label("rows"),
            func.sum(table.numerator).label("above"),
            func.sum(below).label("below"),
        )
        .group_by(table.version_id)
        .subquery()
    )
