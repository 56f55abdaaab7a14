"""Asking for a file, giving it up, and what may still be done with one that is made."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.audit import AuditEvent
from fundops.authz import Actor
from fundops.config import Settings
from fundops.db import AnySelect
from fundops.errors import Problem
from fundops.exports.audit_book import manifest
from fundops.exports.audit_book.question import Named, Question, ScopeKind
from fundops.exports.audit_book.workbook import SECTIONS
from fundops.exports.jobs.models import ExportJob
from fundops.ids import uuid7
from fundops.messages import text

OPEN = ("queued", "running")
MAX_OPEN = 5
"""Jobs that a person may have waiting or on their way."""
KEPT = (*OPEN, "done")
MAX_KEPT = 20
"""Jobs that a person may have with those whose files are there: nobody fills the disk."""

_PROTECTS = ("party", "place_at_risk", "release", "disposal")
"""Records whose changes may mean that a file says what must not be said any more."""


def folder(settings: Settings) -> Path:
    """Return where the files of jobs are."""
    return Path(settings.files_path) / "exports"


def path_of(settings: Settings, job_id: UUID) -> Path:
    """Return where the file of one job is."""
    return folder(settings) / f"{job_id}.xlsx"


def ask(db: Session, actor: Actor, question: Question) -> ExportJob:
    """Put a workbook in the queue.

    Raises ``conflict`` for more than a person may have open, or have in the folder.
    """
    for statuses, limit, sentence in (
        (OPEN, MAX_OPEN, "export_jobs.too_many"), (KEPT, MAX_KEPT, "export_jobs.too_many_kept"),
    ):  # fmt: skip
        mine = (ExportJob.person_id == actor.person_id, ExportJob.status.in_(statuses))
        count = select(func.count()).select_from(ExportJob).where(*mine)
        if db.execute(count).scalar_one() >= limit:
            raise Problem("conflict", detail=text(sentence, limit=limit))
    scope = question.scope
    job = ExportJob(
        id=uuid7(), person_id=actor.person_id, scope=scope.kind.value, fund_id=scope.fund_id,
        record_id=scope.record_id, as_of_on=question.as_of_on, known_seq=question.known_seq,
        reader=question.reader.value, status="queued", attempts=0, sheets=len(SECTIONS),
        sheets_done=0, rows_done=0, file_name=manifest.file_name(question),
        requested_at=clock.now(),
    )  # fmt: skip
    db.add(job)
    db.flush()
    told(db, actor, job, "asked")
    return job


def told(db: Session, author: audit.Author, job: ExportJob, what: str) -> None:
    """Write what became of a job into the audit chain."""
    audit.record(
        db, author, f"export_job.{what}", "export_job", job.id, fund_id=job.fund_id,
        after={"status": job.status, "scope": job.scope, "record_id": job.record_id,
               "as_of_on": job.as_of_on, "known_seq": job.known_seq, "reader": job.reader,
               "sha256": job.sha256, "reason": job.reason},
    )  # fmt: skip


def mine(actor: Actor) -> AnySelect:
    """Return the jobs that ``actor`` asked for: nobody else's."""
    return select(*ExportJob.__table__.c).where(ExportJob.person_id == actor.person_id)


def own(db: Session, actor: Actor, job_id: UUID) -> ExportJob:
    """Return a job of one's own, locked; ``not-found`` for any other."""
    query = select(ExportJob).where(ExportJob.id == job_id, ExportJob.person_id == actor.person_id)
    found = db.execute(query.with_for_update()).scalar_one_or_none()
    if found is None:
        raise Problem("not-found")
    return found


def cancel(db: Session, actor: Actor, job_id: UUID, settings: Settings) -> ExportJob:
    """Give a job up; whoever makes it stops within seconds, and what is made is removed.

    Raises ``conflict`` for one that is over already.
    """
    job = own(db, actor, job_id)
    if job.status not in (*OPEN, "done"):
        raise Problem("conflict", detail=text("export_jobs.over", status=job.status))
    _end(job, "cancelled")
    db.flush()
    told(db, actor, job, "cancelled")
    path_of(settings, job.id).unlink(missing_ok=True)
    return job


def _end(job: ExportJob, status: str, reason: str | None = None) -> None:
    job.status, job.reason = status, reason
    job.lease_id = job.lease_until = None
    job.finished_at = job.finished_at or clock.now()


def named_of(db: Session, job: Any) -> Named:
    """Return the scope of a job as a caller names it."""
    kind = ScopeKind(job.scope)
    fund = manifest.code_of(db, ScopeKind.FUND, job.fund_id)
    code = manifest.code_of(db, kind, job.record_id)
    match kind:
        case ScopeKind.DONOR:
            return Named(fund, donor=code)
        case ScopeKind.GRANT:
            return Named(fund, grant=code)
        case ScopeKind.CALL:
            return Named(fund, call=code)
    return Named(fund)


def is_protected_since(db: Session, job: Any) -> bool:
    """Return whether something was changed since that the file may not tell any more.

    Parties, places at risk, releases and disposals: any change of theirs is reason to make the
    file again, which costs little and cannot be wrong.
    """
    query = select(AuditEvent.seq).where(
        AuditEvent.seq > job.made_seq, AuditEvent.record_type.in_(_PROTECTS),
        or_(AuditEvent.fund_id.is_(None), AuditEvent.fund_id == job.fund_id),
    )  # fmt: skip
    return db.execute(query.limit(1)).first() is not None


def expire(db: Session, job: ExportJob, settings: Settings, reason: str | None) -> None:
    """Remove the file of a job."""
    _end(job, "expired", reason)
    db.flush()
    told(db, audit.SYSTEM, job, "expired")
    path_of(settings, job.id).unlink(missing_ok=True)


def finish(
    db: Session, job: ExportJob, made: manifest.Made, signed: str, settings: Settings
) -> None:
    """Record that the file is there, until it expires."""
    job.size_bytes, job.sha256, job.manifest = made.size, made.sha256, signed
    job.made_seq = audit.sequence_at(db, None)
    job.expires_at = clock.now() + timedelta(days=settings.export_job_days)
    _end(job, "done")
    db.flush()
    told(db, audit.SYSTEM, job, "made")


def fail(db: Session, job: ExportJob, reason: str) -> None:
    """Record that a job failed, and why: one of ``REASONS``."""
    _end(job, "failed", reason)
    db.flush()
    told(db, audit.SYSTEM, job, "failed")


def put_back(db: Session, job_id: UUID, lease_id: UUID) -> None:
    """Let another worker begin a job again that this one does not finish."""
    db.execute(
        update(ExportJob)
        .where(ExportJob.id == job_id, ExportJob.lease_id == lease_id)
        .values(status="queued", lease_id=None, lease_until=None, attempts=ExportJob.attempts - 1)
    )
