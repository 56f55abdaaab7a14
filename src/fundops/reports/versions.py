"""Versions of progress reports: writing one, finding the draft at work, and what was submitted."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from fundops import audit, drafted
from fundops.audit import Author
from fundops.errors import Problem
from fundops.ids import uuid7
from fundops.messages import text
from fundops.records import snapshot
from fundops.reports.models import ProgressReport, ReportContent, ReportVersion
from fundops.reports.seal_models import ReportSalt

MAX_VERSIONS = 5_000
"""Saves of one report: one every half minute for forty hours."""


@dataclass(frozen=True)
class Kept:
    """A version with what it says; ``said`` is null once it was disposed of."""

    version: ReportVersion
    said: dict[str, Any] | None

    @property
    def withheld(self) -> list[dict[str, Any]]:
        """What screening left out of it: pointer, kind, start and end."""
        return list((self.said or {}).get("withheld") or ())

    @property
    def content(self) -> dict[str, Any]:
        """What was sent, without what was left out."""
        return {key: one for key, one in (self.said or {}).items() if key != "withheld"}

    def says(self, said: dict[str, Any]) -> bool:
        """Return whether it is the very same content, with what was left out."""
        return self.said is not None and drafted.stored(self.said) == drafted.stored(said)


def add(
    db: Session, author: Author, report: ProgressReport, kind: str, said: dict[str, Any],
    at: datetime, text_id: UUID | None = None,
) -> ReportVersion:  # fmt: skip
    """Append a version and record its salted digest.

    Raises ``conflict`` when the report has as many as it may have.
    """
    if report.last_number >= MAX_VERSIONS:
        raise Problem("conflict", detail=text("reports.too_many_versions", limit=MAX_VERSIONS))
    stored, salt = drafted.stored(said), secrets.token_hex(32)
    report.last_number += 1
    version = ReportVersion(
        id=uuid7(),
        report_id=report.id,
        number=report.last_number,
        kind=kind,
        sha256=drafted.sealed(stored, salt),
        text_id=text_id,
        saved_by_id=author.person_id,
        saved_at=at,
    )
    db.add(version)
    db.flush()
    db.add(ReportContent(version_id=version.id, content=stored))
    db.add(ReportSalt(version_id=version.id, salt=salt))
    db.flush()
    audit.record(
        db, author, "progress_report.version_kept", "report_version", version.id,
        fund_id=report.fund_id, after=snapshot(version),
    )  # fmt: skip
    return version


def get(
    db: Session, report: ProgressReport, number: int | None, *, submitted_only: bool = False
) -> Kept:
    """Return version ``number``; raise ``not-found`` for none, or one that is not to be read."""
    columns: tuple[Any, ...] = (ReportVersion, ReportContent.content)
    query: Select[Any] = (
        select(*columns)
        .outerjoin(ReportContent, ReportContent.version_id == ReportVersion.id)
        .where(ReportVersion.report_id == report.id, ReportVersion.number == number)
    )
    if submitted_only:
        query = query.where(ReportVersion.kind == "submitted")
    found = db.execute(query).one_or_none()
    if found is None:
        raise Problem("not-found")
    return Kept(found[0], None if found[1] is None else drafted.read(found[1]))


def same(db: Session, report_id: UUID, stored: str) -> ReportVersion | None:
    """Return the latest version with this stored content, if there is one."""
    return db.execute(
        select(ReportVersion)
        .join(ReportContent, ReportContent.version_id == ReportVersion.id)
        .where(ReportVersion.report_id == report_id, ReportContent.content == stored)
        .order_by(ReportVersion.number.desc())
        .limit(1)
    ).scalar_one_or_none()


def savers(db: Session, report_id: UUID) -> frozenset[UUID]:
    """Return every person who ever saved or submitted a version of a report."""
    query = select(ReportVersion.saved_by_id).where(ReportVersion.report_id == report_id)
    return frozenset(one for one in db.execute(query.distinct()).scalars() if one is not None)


def listed(report_id: UUID, *, submitted_only: bool) -> Select[Any]:
    """Return the versions of a report without their contents."""
    columns: tuple[Any, ...] = tuple(ReportVersion.__table__.columns)
    query: Select[Any] = select(*columns).where(ReportVersion.report_id == report_id)
    return query.where(ReportVersion.kind == "submitted") if submitted_only else query
