"""Making the files of export jobs, one after the other, under leases that others respect."""

from __future__ import annotations

import errno
import logging
import threading
import time
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.config import Settings
from fundops.db import Database
from fundops.exports import render, write_pieces
from fundops.exports.audit_book import manifest
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.question import Question, Reader, Scope, ScopeKind
from fundops.exports.audit_book.workbook import audit_workbook
from fundops.exports.jobs import service
from fundops.exports.jobs.models import ExportJob
from fundops.exports.watch import Watch
from fundops.folders import make_folder
from fundops.signing import Signer

log = logging.getLogger("fundops.exports")

LEASE = timedelta(minutes=5)
TELL_SECONDS = 1.0
"""How often progress is told, and whether the job is still wanted is asked."""
MAX_ATTEMPTS = 3
MAX_PASS = 100
STRAY_SECONDS = 24 * 60 * 60


class GivenUp(Exception):
    """The job is not ours any more: cancelled, or taken by another after our lease."""


class Stopped(Exception):
    """The process is to end; the job goes back into the queue."""


class _Progress(Watch):
    """Tells how far a job is, renews its lease, and stops when it is not wanted any more."""

    def __init__(self, database: Database, own: tuple[UUID, UUID], stop: threading.Event) -> None:
        super().__init__()
        self._place = (database, *own)
        self._stop = stop
        self._told = time.monotonic()

    def moved(self) -> None:
        """Tell and ask, unless that was just done."""
        if self._stop.is_set():
            raise Stopped
        if time.monotonic() - self._told < TELL_SECONDS:
            return
        self._told = time.monotonic()
        database, job_id, lease = self._place
        with database.write() as db:
            done = db.execute(
                update(ExportJob)
                .where(ExportJob.id == job_id, ExportJob.lease_id == lease)
                .values(sheets_done=self.sheets, rows_done=self.rows,
                        lease_until=clock.now() + LEASE)
            )  # fmt: skip
        if not done.rowcount:  # type: ignore[attr-defined]
            raise GivenUp


def run(
    database: Database, settings: Settings, stop: threading.Event | None = None
) -> Mapping[str, int]:
    """Make what waits, remove what has expired; return the counts."""
    stop = stop or threading.Event()
    done = {"made": 0, "failed": 0, "expired": _expire(database, settings)}
    _sweep(database, settings)
    for _ in range(MAX_PASS):
        taken = None if stop.is_set() else _take(database)
        if taken is None:
            break
        outcome = _make(database, settings, *taken, stop)
        if outcome is not None:
            done[outcome] += 1
    return {name: count for name, count in done.items() if count} or {"made": 0}


def _due() -> ColumnElement[bool]:
    lapsed = and_(ExportJob.status == "running", ExportJob.lease_until <= clock.now())
    return or_(ExportJob.status == "queued", lapsed)


def _take(database: Database) -> tuple[UUID, UUID] | None:
    """Take a lease on the job that has waited longest; return its id and the lease's.

    One that was begun too often fails instead: its worker never came back from it.
    """
    with database.write() as db:
        _fail_spent(db)
        query = select(ExportJob).where(_due()).order_by(ExportJob.id).limit(1)
        job = db.execute(query.with_for_update(skip_locked=True)).scalar_one_or_none()
        if job is None:
            return None
        lease = uuid4()
        job.status, job.lease_id, job.lease_until = "running", lease, clock.now() + LEASE
        job.attempts += 1
        job.sheets_done = job.rows_done = 0
        return job.id, lease


def _fail_spent(db: Session) -> None:
    spent = select(ExportJob).where(_due(), ExportJob.attempts >= MAX_ATTEMPTS)
    if db.execute(spent.limit(1)).first() is None:
        return
    audit.lock_head(db)
    for job in db.execute(spent.with_for_update(skip_locked=True)).scalars():
        service.fail(db, job, "too_often")


def _make(
    database: Database, settings: Settings, job_id: UUID, lease: UUID, stop: threading.Event
) -> str | None:
    """Make one file; return what it came to, or none where it is not ours to say."""
    reason, progress = None, _Progress(database, (job_id, lease), stop)
    try:
        make_folder(service.folder(settings))
        made, signed = _write(database, settings, job_id, progress)
    except GivenUp:
        return None
    except Stopped:
        with database.write() as db:
            service.put_back(db, job_id, lease)
        return None
    except OSError as error:
        log.exception("the file of an export job could not be written")
        reason = "no_room" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "unexpected"
    except Exception:
        log.exception("an export job failed")
        reason = "unexpected"
    with database.write() as db:
        audit.lock_head(db)
        job = _held(db, job_id, lease)
        if job is None:
            if not _is_others(db, job_id):
                service.path_of(settings, job_id).unlink(missing_ok=True)
            return None
        if reason is None:
            job.sheets_done, job.rows_done = job.sheets, progress.rows
            service.finish(db, job, made, signed, settings)
            return "made"
        service.fail(db, job, reason)
        return "failed"


def _held(db: Session, job_id: UUID, lease: UUID) -> ExportJob | None:
    query = select(ExportJob).where(ExportJob.id == job_id, ExportJob.lease_id == lease)
    return db.execute(query.with_for_update()).scalar_one_or_none()


def _is_others(db: Session, job_id: UUID) -> bool:
    """Return whether another has taken the job since, so that the file is theirs."""
    query = select(ExportJob.id).where(
        ExportJob.id == job_id, ExportJob.status.in_(("running", "done"))
    )
    return db.execute(query.with_for_update()).first() is not None


def _write(
    database: Database, settings: Settings, job_id: UUID, progress: _Progress
) -> tuple[manifest.Made, str]:
    """Write the file and return what it is and its signed manifest."""
    with database.export() as db:
        job = db.get_one(ExportJob, job_id)
        book = Book(db, question_of(job, manifest.code_of(db, ScopeKind(job.scope), job.record_id)))
        book.watch = progress
        path = service.path_of(settings, job_id)
        written = write_pieces(render(audit_workbook(book)), path)
        made = manifest.Made(job.file_name, written.size, written.sha256)
        signer = Signer(settings.files_path, settings.signing_key)
        return made, manifest.signed_text(manifest.body_of(book, made), signer)


def question_of(job: ExportJob, code: str) -> Question:
    """Return the question that a job asks."""
    scope = Scope(ScopeKind(job.scope), job.fund_id, job.record_id, code)
    return Question(scope, job.as_of_on, job.known_seq, Reader(job.reader))


def _expire(database: Database, settings: Settings) -> int:
    over = and_(ExportJob.status == "done", ExportJob.expires_at <= clock.now())
    with database.read() as db:
        if db.execute(select(ExportJob.id).where(over).limit(1)).first() is None:
            return 0
    with database.write() as db:
        audit.lock_head(db)
        query = select(ExportJob).where(over).order_by(ExportJob.id).limit(MAX_PASS)
        jobs = db.execute(query.with_for_update(skip_locked=True)).scalars().all()
        for job in jobs:
            service.expire(db, job, settings, None)
        return len(jobs)


def _sweep(database: Database, settings: Settings) -> None:
    """Remove what a worker that was killed left in the folder, a day later."""
    folder, before = service.folder(settings), time.time() - STRAY_SECONDS
    if not folder.is_dir():
        return
    files = (one for one in folder.iterdir() if one.is_file() and not one.is_symlink())
    stray = [one for one in files if one.stat().st_mtime < before]
    if not stray:
        return
    with database.read() as db:
        ids = db.execute(select(ExportJob.id).where(ExportJob.status == "done")).scalars()
        kept = {service.path_of(settings, one).name for one in ids}
    for one in stray:
        if one.name not in kept:
            one.unlink(missing_ok=True)


class Maker:
    """A thread of the server that makes what waits: begun when something does, gone after it."""

    def __init__(self, database: Database, settings: Settings, slots: threading.Semaphore) -> None:
        self._place = (database, settings)
        self._slots = slots
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._again = False

    def wake(self) -> None:
        """Let the thread look for jobs, beginning one if none is there."""
        if self._place[1].export_thread == "off":
            return
        with self._lock:
            self._again = True
            if self._thread is None and not self._stop.is_set():
                self._thread = threading.Thread(
                    target=self._run, name="fundops-exports", daemon=True
                )
                self._thread.start()

    def end(self) -> None:
        """Stop within a second or so; what is on its way goes back into the queue."""
        self._stop.set()
        thread = self._thread
        if thread is not None:
            thread.join(timeout=60)

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._again or self._stop.is_set():
                    self._thread = None
                    return
                self._again = False
            try:
                with self._slots:
                    run(*self._place, self._stop)
            except Exception:
                log.exception("the export jobs failed")
