"""Routes of a review as a workbook: getting it, having it checked, and sending it back."""

from __future__ import annotations

import json
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError
from sqlalchemy.orm import Session

from fundops.audit import canonical
from fundops.authz import Actor, Can, Permission
from fundops.command import check_match, command, etag, read_session
from fundops.errors import FieldError
from fundops.forms.answers import (
    WORKBOOK,
    Language,
    checked_answer,
    refuse_file,
    require_form,
    require_readable,
    require_tag,
    with_note,
    workbook_answer,
)
from fundops.forms.render import render
from fundops.messages import text
from fundops.messages.reader import read_by
from fundops.reviews import marks, queries, service
from fundops.reviews.models import Assignment
from fundops.reviews.review_schemas import ReviewDraftIn, ReviewDraftOut
from fundops.reviews.workbook import Returned, filled_in, form_of, read_back
from fundops.schemas import CHANGES, READS, problems, sentence_of
from fundops.strict import RAW_BODY, RawRoute, raw_body

router = APIRouter(prefix="/assignments", tags=["my reviews"], route_class=RawRoute)

Reviewing = Annotated[Actor, Depends(Can(Permission.REVIEW_OWN))]


def _draft(db: Session, assignment: Assignment) -> dict[str, Any]:
    """Return the last save, nothing where there is none yet."""
    if assignment.last_number == 0:
        return {}
    found: dict[str, Any] = json.loads(service.get_draft(db, assignment).content)
    return found


@router.get(
    "/{assignment_id}/workbook",
    operation_id="get_review_workbook",
    response_class=Response,
    responses=WORKBOOK | READS,
)
def get_review_workbook(
    request: Request, actor: Reviewing, assignment_id: UUID, language: Language = None
) -> Response:
    """Write your review as far as it is written as a workbook to fill in offline."""
    with read_session(request) as db:
        assignment, _, call = queries.reading(db, actor, assignment_id)
        criteria = marks.criteria_of(db, call.id)
        form = form_of(criteria, assignment.blind_code, spoken := read_by(language))
        shown, left_out = filled_in(criteria, _draft(db, assignment))
    if left_out:
        note = text("reviews.workbook.left_out", spoken, pointers=", ".join(left_out))
        form = with_note(form, note)
    made = render(form, shown, {"assignment": assignment.blind_code})
    return workbook_answer(made, f"{assignment.blind_code}.xlsx", tag=etag(assignment.version))


def _drafted(returned: Returned) -> tuple[ReviewDraftIn | None, list[FieldError]]:
    """Return what a workbook says as a draft, or where it looks like personal data."""
    try:
        return ReviewDraftIn.model_validate(returned.draft), []
    except ValidationError as wrong:
        return None, [
            FieldError("".join(f"/{part}" for part in one["loc"]), sentence_of(one) or one["msg"])
            for one in wrong.errors()
        ]


@router.post(
    "/{assignment_id}/check_workbook",
    operation_id="check_review_workbook",
    response_class=Response,
    responses=WORKBOOK | problems(400, 401, 403, 404, 413, 415, 422),
    openapi_extra=RAW_BODY | {"x-dry-run": True},
)
def check_review_workbook(
    request: Request, actor: Reviewing, assignment_id: UUID, language: Language = None
) -> Response:
    """Have a filled-in workbook checked: the same one comes back, every problem in its cell.

    Changes nothing; needs no key. The header ``x-problems`` counts what was found.
    """
    raw = raw_body(request)
    with read_session(request) as db:
        assignment, _, call = queries.reading(db, actor, assignment_id)
        criteria = marks.criteria_of(db, call.id)
    form_in = partial(form_of, criteria, assignment.blind_code)
    returned = read_back(form_in, raw, assignment.blind_code, read_by(language))
    require_form(returned.filled)
    _, faults = marks.read(criteria, returned.draft)
    placed = returned.place([*_drafted(returned)[1], *faults])
    return checked_answer(
        raw, returned.filled.problems, placed, returned.language, assignment.blind_code
    )


@router.put(
    "/{assignment_id}/workbook",
    operation_id="send_review_workbook",
    response_model=ReviewDraftOut,
    responses=CHANGES,
    openapi_extra=RAW_BODY,
)
def send_review_workbook(
    request: Request, actor: Reviewing, assignment_id: UUID, language: Language = None
) -> Response:
    """Save a filled-in workbook as your draft. Needs If-Match. Sent once more it changes nothing.

    A workbook with cells that cannot be read is refused, with the cells named; a review that is
    not complete yet is not, as any save.
    """
    require_tag(request)
    raw = raw_body(request)
    with read_session(request) as db:
        assignment, _, call = queries.reading(db, actor, assignment_id)
        form_in = partial(form_of, marks.criteria_of(db, call.id), assignment.blind_code)
        tag = assignment.version
    returned = read_back(form_in, raw, assignment.blind_code, read_by(language))
    require_readable(request, actor, tag, returned.filled)
    given, faults = _drafted(returned)
    if given is None:
        raise refuse_file(request, actor, tag, returned.place(faults))

    def work(db: Session) -> dict[str, Any]:
        assignment, _, call = queries.reading(db, actor, assignment_id)
        if canonical(given.model_dump()) == canonical(_draft(db, assignment)):
            return service.draft_out(service.get_draft(db, assignment), assignment.version)
        check_match(request, assignment.version)
        draft = service.save_draft(db, actor, assignment, call, given)
        return service.draft_out(draft, assignment.version)

    return command(request, actor, work)
