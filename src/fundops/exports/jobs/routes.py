"""Routes of export jobs: asked for, watched, cancelled, taken away."""

from __future__ import annotations

import json
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command, database, read_session
from fundops.config import Settings
from fundops.errors import Problem
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.findings import incidents_told
from fundops.exports.audit_book.question import Moment, Named, Reader
from fundops.exports.audit_book.reach import book_for, reader_for, refuse_unfinished, seen_scope
from fundops.exports.audit_book.schemas import AuditManifestOut, AuditWorkbookIn
from fundops.exports.jobs import runner, service
from fundops.exports.jobs.models import ExportJob
from fundops.exports.routes import WORKBOOK, XLSX
from fundops.findings.incident_queries import write_down
from fundops.messages import text
from fundops.notices.jobs import register
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import CREATES, LISTS, READS, Out, problems
from fundops.strict import StrictRoute

router = APIRouter(tags=["export jobs"], route_class=StrictRoute)

Asker = Annotated[Actor, Depends(Can(Permission.AUDIT_BOOK_READ))]
ADDRESS = "/v1/export_jobs/{id}"


class ProgressOut(Out):
    """How far a job is."""

    sheets: int
    sheets_done: int
    rows_done: int


class ExportJobOut(Out):
    """An audit workbook asked for, on its way, made, or given up."""

    id: UUID
    status: str
    scope: str
    fund_id: UUID
    record_id: UUID
    as_of_on: str
    known_seq: int
    reader: str
    progress: ProgressOut
    file_name: str
    size_bytes: int | None
    sha256: str | None
    manifest: AuditManifestOut | None
    reason: str | None
    detail: str | None
    requested_at: str
    finished_at: str | None
    expires_at: str | None


class ExportJobPage(Out):
    """A page of one's own export jobs."""

    items: list[ExportJobOut]
    next_cursor: str | None


_SAME = (
    "id", "status", "scope", "fund_id", "record_id", "as_of_on", "known_seq", "reader",
    "file_name", "size_bytes", "sha256", "reason", "requested_at", "finished_at", "expires_at",
)  # fmt: skip


def job_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a job."""
    progress = {name: getattr(row, name) for name in ("sheets", "sheets_done", "rows_done")}
    detail = None if row.reason is None else text(f"export_jobs.reason.{row.reason}")
    return {name: getattr(row, name) for name in _SAME} | {
        "progress": progress,
        "manifest": None if row.manifest is None else json.loads(row.manifest),
        "detail": detail,
    }


def settings_of(request: Request) -> Settings:
    """Return the application's settings."""
    found: Settings = request.app.state.settings
    return found


@router.post(
    "/export_jobs", operation_id="create_export_job", status_code=201,
    response_model=ExportJobOut, responses=CREATES,
)  # fmt: skip
def create_export_job(request: Request, actor: Asker, given: AuditWorkbookIn) -> Response:
    """Ask for an audit workbook that is made while nobody waits.

    Its question is fixed now: whenever it is made, it has the same bytes.
    """

    def work(db: Session) -> dict[str, Any]:
        named = Named(given.fund, given.donor, given.grant, given.call)
        scope = seen_scope(db, actor, named)
        moment = Moment(given.as_of_on, given.known_at)
        question = book_for(db, actor, scope, moment).question
        return job_out(service.ask(db, actor, question))

    answer = command(request, actor, work, status=201, location=ADDRESS)
    request.app.state.maker.wake()
    return answer


@router.get(
    "/export_jobs", operation_id="list_export_jobs", response_model=ExportJobPage, responses=LISTS
)
def list_export_jobs(request: Request, actor: Asker, paging: Paging) -> Response:
    """List one's own export jobs."""
    sorts = {"requested_at": ExportJob.requested_at}
    with read_session(request) as db:
        page = list_page(
            db, service.mine(actor), paging, sorts=sorts, key=ExportJob.id, out=job_out
        )
    return json_response(page)


def _row(db: Session, actor: Actor, job_id: UUID) -> Any:
    row = db.execute(service.mine(actor).where(ExportJob.id == job_id)).one_or_none()
    if row is None:
        raise Problem("not-found")
    return row


@router.get(
    "/export_jobs/{export_job_id}", operation_id="get_export_job", response_model=ExportJobOut,
    responses=READS,
)  # fmt: skip
def get_export_job(request: Request, actor: Asker, export_job_id: UUID) -> Response:
    """Read how far a job is; its manifest when it is made."""
    with read_session(request) as db:
        return json_response(job_out(_row(db, actor, export_job_id)))


@router.post(
    "/export_jobs/{export_job_id}/cancel", operation_id="cancel_export_job",
    response_model=ExportJobOut, responses={**CREATES, **problems(404)},
)  # fmt: skip
def cancel_export_job(request: Request, actor: Asker, export_job_id: UUID) -> Response:
    """Give a job up: one on its way stops within seconds; a file that is made is removed."""

    def work(db: Session) -> dict[str, Any]:
        return job_out(service.cancel(db, actor, export_job_id, settings_of(request)))

    return command(request, actor, work)


@router.get(
    "/export_jobs/{export_job_id}/file", operation_id="get_export_job_file",
    responses={**WORKBOOK, **problems(409)}, response_class=FileResponse,
)  # fmt: skip
def get_export_job_file(request: Request, actor: Asker, export_job_id: UUID) -> Response:
    """Download the workbook; `Range` goes on where a connection broke.

    What was protected, withheld or disposed of since it was made is not told by an old file: it is
    then to be asked for again. That you read the incidents in it is written down.
    """
    with database(request).read() as db:
        job = _row(db, actor, export_job_id)
        if job.status != "done":
            raise Problem("conflict", detail=text("export_jobs.no_file", status=job.status))
        if not _may_still(db, actor, job) or service.is_protected_since(db, job):
            raise Problem("conflict", detail=text("export_jobs.ask_again"))
        book = Book(db, runner.question_of(job, ""))
        told = incidents_told(book)
    path = service.path_of(settings_of(request), job.id)
    if not path.is_file():
        raise Problem("conflict", detail=text("export_jobs.ask_again"))
    write_down(database(request), actor, told)
    name = f'attachment; filename="{job.file_name}"'
    headers = {"content-disposition": name, "etag": f'"{job.sha256}"'}
    return FileResponse(path, media_type=XLSX, headers=headers)


def _may_still(db: Session, actor: Actor, job: Any) -> bool:
    """Return whether who asked may still ask, and would get the same reader's workbook."""
    scope = service.named_of(db, job)
    try:
        seen_scope(db, actor, scope)
        refuse_unfinished(db, actor, Book(db, runner.question_of(job, "")))
    except Problem:
        return False
    return reader_for(actor, job.fund_id) is Reader(job.reader)


register("exports", runner.run)
