"""Routes of the audit workbook: streamed, and its signed manifest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from fundops.authz import Actor, Can, Permission
from fundops.command import JSON, command, database, read_session, replayed
from fundops.errors import Problem
from fundops.exports import render, render_later
from fundops.exports.audit_book import issued, manifest
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.findings import incidents_told
from fundops.exports.audit_book.question import Moment, Named
from fundops.exports.audit_book.reach import book_for, seen_scope
from fundops.exports.audit_book.schemas import (
    AuditManifestOut,
    AuditWorkbookIn,
    AuditWorkbookOut,
    AuditWorkbookPage,
)
from fundops.exports.audit_book.workbook import audit_workbook
from fundops.exports.routes import WORKBOOK, XLSX, export_slot
from fundops.exports.streams import HeldStream
from fundops.findings.incident_queries import write_down
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import CREATES, LISTS, READS, Day, Instant, problems
from fundops.strict import StrictRoute
from fundops.tracing.models import AuditWorkbook

router = APIRouter(tags=["audit workbooks"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.AUDIT_BOOK_READ))]


def _out(row: Any) -> dict[str, Any]:
    columns = {column.key: getattr(row, column.key) for column in issued.COLUMNS}
    return columns | {"manifest": json.loads(row.manifest)}


Code = Annotated[str | None, Query(min_length=1, max_length=60)]


@dataclass(frozen=True)
class AskedQuery:
    """A question as a request puts it, before anything is looked up."""

    named: Named
    moment: Moment


async def _query(
    fund: Annotated[Code, Query(description="Code of a fund; alone, all of it.")] = None,
    donor: Annotated[Code, Query(description="Code of a donor: its money in the fund.")] = None,
    grant: Annotated[Code, Query(description="Code of a grant.")] = None,
    call: Annotated[Code, Query(description="Code of a call: all its grants.")] = None,
    as_of: Day | None = None,
    known_at: Instant | None = None,
) -> AskedQuery:
    return AskedQuery(Named(fund, donor, grant, call), Moment(as_of, known_at))


Digest = Annotated[str | None, Query(pattern=r"^[0-9a-f]{64}$", description="Of the file.")]
Given = Annotated[AskedQuery, Depends(_query)]


@contextmanager
def asked_book(request: Request, actor: Actor, given: AskedQuery) -> Iterator[Book]:
    """Open what answers a question, in one of the few places; what can be refused is, here."""
    with export_slot(request), database(request).export() as db:
        scope = seen_scope(db, actor, given.named)
        yield book_for(db, actor, scope, given.moment)


@router.get(
    "/audit_workbook", operation_id="get_audit_workbook", responses=WORKBOOK,
    response_class=StreamingResponse,
)  # fmt: skip
def get_audit_workbook(request: Request, actor: Reader, given: Given) -> Response:
    """Write everything that an auditor asks of a fund, donor, grant or call, as a workbook.

    It is sent while it is made; an error on the way breaks the connection. That you read the
    incidents in it is written down.
    """
    with ExitStack() as stack:
        book = stack.enter_context(asked_book(request, actor, given))
        write_down(database(request), actor, incidents_told(book))
        name = manifest.file_name(book.question)
        return HeldStream(
            render_later(lambda: audit_workbook(book)),
            stack.pop_all(),
            media_type=XLSX,
            headers={"content-disposition": f'attachment; filename="{name}"'},
        )


@router.get(
    "/audit_workbook/manifest", operation_id="get_audit_workbook_manifest",
    response_model=AuditManifestOut, responses={**READS, **problems(503)},
)  # fmt: skip
def get_audit_workbook_manifest(request: Request, actor: Reader, given: Given) -> Response:
    """Make the workbook without sending it, and return its size, SHA-256 and place in the audit
    chain, signed.

    For the file that was sent before, ask with `known_at` of then: the same question gives the
    same bytes.
    """
    with asked_book(request, actor, given) as book:
        signed = _signed(request, book)
    return Response(signed, media_type=JSON)


def _signed(request: Request, book: Book) -> str:
    """Make the workbook of ``book``, keeping nothing of it; return its signed manifest."""
    made = manifest.hashed(render(audit_workbook(book)), manifest.file_name(book.question))
    return manifest.signed_text(manifest.body_of(book, made), request.app.state.signer)


@router.post(
    "/audit_workbooks", operation_id="make_audit_workbook", status_code=201,
    response_model=AuditWorkbookOut, responses={**CREATES, **problems(503)},
)  # fmt: skip
def make_audit_workbook(request: Request, actor: Reader, given: AuditWorkbookIn) -> Response:
    """Make a workbook and record its question, SHA-256 and signed manifest for good.

    `GET /v1/audit_workbook` with the manifest's `known_at` sends the file.
    """
    given_before = replayed(request, actor)
    if given_before is not None:
        return given_before
    named = Named(given.fund, given.donor, given.grant, given.call)
    query = AskedQuery(named, Moment(given.as_of_on, given.known_at))
    with asked_book(request, actor, query) as book:
        signed, question = _signed(request, book), book.question
    return command(
        request, actor, lambda db: _out(issued.issue(db, actor, question, signed)), status=201,
        location="/v1/audit_workbooks/{id}",
    )  # fmt: skip


@router.get(
    "/audit_workbooks", operation_id="list_audit_workbooks", response_model=AuditWorkbookPage,
    responses=LISTS,
)  # fmt: skip
def list_audit_workbooks(
    request: Request, actor: Reader, paging: Paging, sha256: Digest = None
) -> Response:
    """List audit workbooks that were handed out; by `sha256`, whether a file is one of them."""
    query = issued.visible(actor)
    if sha256 is not None:
        query = query.where(AuditWorkbook.sha256 == sha256)
    sorts = {"code": AuditWorkbook.code, "as_of_on": AuditWorkbook.as_of_on}
    with read_session(request) as db:
        page = list_page(db, query, paging, sorts=sorts, key=AuditWorkbook.id, out=_out)
    return json_response(page)


@router.get(
    "/audit_workbooks/{audit_workbook_id}", operation_id="get_made_audit_workbook",
    response_model=AuditWorkbookOut, responses=READS,
)  # fmt: skip
def get_made_audit_workbook(request: Request, actor: Reader, audit_workbook_id: UUID) -> Response:
    """Read the record of one audit workbook that was handed out, with its manifest."""
    query = issued.visible(actor).where(AuditWorkbook.id == audit_workbook_id)
    with read_session(request) as db:
        found = db.execute(query).one_or_none()
        if found is None:
            raise Problem("not-found")
        return json_response(_out(found))
