"""Routes of a drawn sample as a workbook: getting it, having it checked, and sending it back."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import check_match, command, etag, read_session
from fundops.forms.answers import (
    WORKBOOK,
    Language,
    checked_answer,
    refuse_file,
    require_form,
    require_tag,
    workbook_answer,
)
from fundops.forms.render import render
from fundops.messages.reader import read_by
from fundops.samples import queries, service
from fundops.samples.drawn import drawn
from fundops.samples.schemas import AuditSampleOut, sample_out
from fundops.samples.workbook import (
    form_of,
    identity_of,
    read_back,
    shown_values,
    unreadable,
)
from fundops.schemas import CHANGES, READS, problems
from fundops.strict import RAW_BODY, RawRoute, raw_body

router = APIRouter(prefix="/audit_samples", tags=["audit samples"], route_class=RawRoute)

Reader = Annotated[Actor, Depends(Can(Permission.SAMPLE_READ))]
Writer = Annotated[Actor, Depends(Can(Permission.SAMPLE_WRITE))]


@router.get(
    "/{audit_sample_id}/workbook",
    operation_id="get_sample_workbook",
    response_class=Response,
    responses=WORKBOOK | READS | problems(409),
)
def get_sample_workbook(
    request: Request, actor: Reader, audit_sample_id: UUID, language: Language = None
) -> Response:
    """Write a drawn sample as a workbook to fill in: each item with the documents behind it."""
    spoken = read_by(language)
    with read_session(request) as db:
        found = drawn(db, actor, audit_sample_id, spoken)
    made = render(form_of(found, spoken), shown_values(found, spoken), identity_of(found))
    return workbook_answer(made, f"{found.sample.code}.xlsx", tag=etag(found.sample.version))


@router.post(
    "/{audit_sample_id}/check_workbook",
    operation_id="check_sample_workbook",
    response_class=Response,
    responses=WORKBOOK | problems(400, 401, 403, 404, 409, 413, 415, 422),
    openapi_extra=RAW_BODY | {"x-dry-run": True},
)
def check_sample_workbook(
    request: Request, actor: Writer, audit_sample_id: UUID, language: Language = None
) -> Response:
    """Have a filled-in workbook checked: the same one comes back, every problem in its cell.

    Changes nothing; needs no key. The header ``x-problems`` counts what was found.
    """
    raw, spoken = raw_body(request), read_by(language)
    with read_session(request) as db:
        found = drawn(db, actor, audit_sample_id, spoken)
    returned = read_back(found, raw, spoken)
    require_form(returned.filled)
    changed = {(one.sheet, one.cell) for one in returned.faults}
    read = [one for one in returned.filled.problems if (one.sheet, one.cell) not in changed]
    return checked_answer(raw, read, returned.faults, returned.language, found.sample.code)


@router.put(
    "/{audit_sample_id}/workbook",
    operation_id="send_sample_workbook",
    response_model=AuditSampleOut,
    responses=CHANGES,
    openapi_extra=RAW_BODY,
)
def send_sample_workbook(
    request: Request, actor: Writer, audit_sample_id: UUID, language: Language = None
) -> Response:
    """Keep what a filled-in workbook says of the items. Needs If-Match. Sent once more it changes
    nothing.

    Items may be left blank until they are tested. Refused with the cells named: values that cannot
    be read, and whatever was drawn and no longer stands there as it was drawn.
    """
    require_tag(request)
    raw, spoken = raw_body(request), read_by(language)
    with read_session(request) as db:
        queries.get_visible(db, actor, audit_sample_id, Permission.SAMPLE_WRITE)
        found = drawn(db, actor, audit_sample_id, spoken)
    returned = read_back(found, raw, spoken)
    wrong = unreadable(returned)
    if wrong:
        raise refuse_file(request, actor, found.sample.version, wrong)

    def work(db: Session) -> dict[str, Any]:
        sample = queries.get_visible(db, actor, audit_sample_id, Permission.SAMPLE_WRITE)
        if service.new_results(db, actor, sample, returned.results):
            check_match(request, sample.version)
            service.record_results(db, actor, sample, returned.results)
        return sample_out(queries.sample_row(db, actor, sample.id))

    return command(request, actor, work)
