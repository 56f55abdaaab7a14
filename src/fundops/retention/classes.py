"""The classes of data that are kept for a time: what falls due, and how it is disposed of.

Each finds the ids of what is older than an instant, oldest first, and disposes of them in the
transaction it is given. Figures, digests, the ledger and the audit chain are in none of them: what
was reported, by whom and when stays provable after its text is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, exists, select
from sqlalchemy.orm import Session

from fundops import clock
from fundops.db import Base
from fundops.expenditures.models import GrantClosing, Receivable
from fundops.files.models import File, Upload
from fundops.notices.models import Notice
from fundops.reports.models import (
    ProgressReport,
    ReportComment,
    ReportContent,
    ReportEvidence,
    ReportVersion,
)

Find = Callable[[datetime], Select[Any]]
Dispose = Callable[[Session, Sequence[UUID]], None]


@dataclass(frozen=True)
class DataClass:
    """A class of data. ``suggested`` and ``least`` are months; no rule may keep it for less."""

    name: str
    suggested: int
    least: int
    find: Find
    dispose: Dispose


def _over(before: datetime) -> ColumnElement[bool]:
    """Return that a report's grant was closed before a day and owes nothing any more."""
    grant = ProgressReport.grant_id
    return and_(
        exists(
            select(GrantClosing.id).where(
                GrantClosing.grant_id == grant,
                GrantClosing.status == "confirmed",
                GrantClosing.closed_on < before.date(),
            )
        ),
        ~exists(
            select(Receivable.id).where(Receivable.grant_id == grant, Receivable.status == "open")
        ),
    )


def _drafts(before: datetime) -> Select[Any]:
    """Find texts of drafts that an accepted version has overtaken, but for the last: a correction
    begins with it.
    """
    return (
        select(ReportContent.version_id)
        .join(ReportVersion, ReportVersion.id == ReportContent.version_id)
        .join(ProgressReport, ProgressReport.id == ReportVersion.report_id)
        .where(
            ReportVersion.kind != "submitted",
            ProgressReport.status == "accepted",
            ReportVersion.number < ProgressReport.last_number,
            ReportVersion.number != ProgressReport.draft_number,
            ReportVersion.saved_at < before,
        )
        .order_by(ReportContent.version_id)
    )


def _texts(before: datetime) -> Select[Any]:
    """Find texts of reports on grants that are over."""
    return (
        select(ReportContent.version_id)
        .join(ReportVersion, ReportVersion.id == ReportContent.version_id)
        .join(ProgressReport, ProgressReport.id == ReportVersion.report_id)
        .where(_over(before))
        .order_by(ReportContent.version_id)
    )


def _drop_contents(db: Session, ids: Sequence[UUID]) -> None:
    db.execute(delete(ReportContent).where(ReportContent.version_id.in_(ids)))


def _comments(before: datetime) -> Select[Any]:
    """Find officers' comments on reports of grants that are over."""
    return (
        select(ReportComment.id)
        .join(ReportVersion, ReportVersion.id == ReportComment.version_id)
        .join(ProgressReport, ProgressReport.id == ReportVersion.report_id)
        .where(_over(before))
        .order_by(ReportComment.id)
    )


def _drop_comments(db: Session, ids: Sequence[UUID]) -> None:
    db.execute(delete(ReportComment).where(ReportComment.id.in_(ids)))


def _evidence(before: datetime) -> Select[Any]:
    """Find files that were evidence of nothing but reports on grants that are over."""
    used = ReportEvidence.file_id == File.id
    report = ProgressReport.id == ReportEvidence.report_id
    over = exists(select(ReportEvidence.id).join(ProgressReport, report).where(used, _over(before)))
    open_too = exists(
        select(ReportEvidence.id).join(ProgressReport, report).where(used, ~_over(before))
    )
    here = and_(File.disposed_at.is_(None), over, ~open_too, *_shows_nothing_else())
    return select(File.id).where(here).order_by(File.id)


def _shows_nothing_else() -> list[ColumnElement[bool]]:
    """Return that no other record rests on a file: a check of a partner, a bank's slip, …."""
    ours = {ReportEvidence.__tablename__, Upload.__tablename__}
    return [
        ~exists(select(column).where(column == File.id))
        for table in Base.metadata.sorted_tables
        if table.name not in ours
        for column in table.columns
        if any(key.column is File.__table__.c.id for key in column.foreign_keys)
    ]


def _mark_files(db: Session, ids: Sequence[UUID]) -> None:
    """Say of files that their content is disposed of; the store is swept of it after the commit."""
    for file in db.execute(select(File).where(File.id.in_(ids))).scalars():
        file.disposed_at = clock.now()
    db.flush()


def _notices(before: datetime) -> Select[Any]:
    """Find notices that have been sent, or given up."""
    done = ("sent", "failed", "dropped")
    return (
        select(Notice.id)
        .where(Notice.status.in_(done), Notice.created_at < before)
        .order_by(Notice.id)
    )


def _drop_notices(db: Session, ids: Sequence[UUID]) -> None:
    db.execute(delete(Notice).where(Notice.id.in_(ids)))


CLASSES: Mapping[str, DataClass] = {
    one.name: one
    for one in (
        DataClass("report_drafts", 6, 1, _drafts, _drop_contents),
        DataClass("report_texts", 84, 12, _texts, _drop_contents),
        DataClass("report_comments", 84, 12, _comments, _drop_comments),
        DataClass("report_evidence", 84, 60, _evidence, _mark_files),
        DataClass("notices", 12, 1, _notices, _drop_notices),
    )
}
"""Every class that is disposed of, in the order in which that is done."""

KEPT = ("ledger", "audit_chain", "figures", "agreements", "proposals")
"""What is never disposed of here; ``retention.kept.*`` says why."""


def gone_contents() -> Select[Any]:
    """Return the addresses of contents that no file needs any more, as disposals left them."""
    kept = select(File.stored_sha256).where(File.disposed_at.is_(None))
    return (
        select(File.stored_sha256)
        .where(File.disposed_at.is_not(None), File.stored_sha256.not_in(kept))
        .distinct()
    )
