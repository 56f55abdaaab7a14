"""Routes of reviewers: their own assignments, what they read, and the reviews they write.

Everything here is found through the assignment's own random id and the person asking; whatever is
not theirs, not theirs any more, or not open to them yet, does not exist.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import check_match, command, etag, read_session
from fundops.files import service as files
from fundops.files.kinds import KINDS
from fundops.files.routes import download, store
from fundops.pages import Paging, json_response, list_page
from fundops.reviews import assignments, content, marks, queries, read_back, service
from fundops.reviews.models import Assignment, ReviewDraft
from fundops.reviews.review_schemas import (
    AnsweredOut,
    ContentOut,
    DraftPage,
    OthersOut,
    OwnOut,
    OwnPage,
    ReviewDraftIn,
    ReviewDraftOut,
    ReviewSubmitIn,
    SubmittedOut,
    ValidatedOut,
    criterion_out,
    own_out,
)
from fundops.reviews.schemas import OwnConflictIn, OwnStatus, ReviewReasonIn
from fundops.schemas import CHANGES, COMMANDS, LISTS, READS, problems
from fundops.strict import StrictRoute

router = APIRouter(prefix="/assignments", tags=["my reviews"], route_class=StrictRoute)

Reviewing = Annotated[Actor, Depends(Can(Permission.REVIEW_OWN))]
Place = Annotated[int, Path(ge=1, le=1000)]
DraftNumber = Annotated[int | None, Query(ge=1, le=1_000_000)]
_BINARY = {"schema": {"type": "string", "format": "binary"}}
FILE = READS | {
    200: {
        "description": "The file as kept",
        "content": {kind.media_type: _BINARY for kind in KINDS},
    }
}


@router.get("", operation_id="list_own_assignments", response_model=OwnPage, responses=LISTS)
def list_own_assignments(
    request: Request, actor: Reviewing, paging: Paging, status: OwnStatus | None = None
) -> Response:
    """List your assignments, in an order that means nothing."""
    if paging.sort is None:
        paging = replace(paging, sort="position")
    with read_session(request) as db:
        page = list_page(
            db,
            queries.own_assignments(actor, status=status),
            paging,
            sorts={"position": Assignment.position},
            key=Assignment.id,
            out=own_out,
        )
    return json_response(page)


@router.get(
    "/{assignment_id}", operation_id="get_own_assignment", response_model=OwnOut, responses=READS
)
def get_own_assignment(request: Request, actor: Reviewing, assignment_id: UUID) -> Response:
    """Read an assignment: what it is about, what is to be marked, by when."""
    with read_session(request) as db:
        found = _own_answer(db, actor, assignment_id)
    return json_response(found, etag=etag(found["version"]))


def _own_answer(db: Session, actor: Actor, assignment_id: UUID) -> dict[str, Any]:
    assignment, proposal, call = queries.own(db, actor, assignment_id)
    row = queries.one(
        db.execute(
            queries.own_assignments(actor).where(Assignment.id == assignment_id)
        ).one_or_none()
    )
    return own_out(row) | {
        "about": content.about(db, actor, proposal, call),
        "criteria": [criterion_out(one) for one in marks.criteria_of(db, call.id)],
        "returned_because": service.returned_because(db, assignment),
    }


@router.post(
    "/{assignment_id}/accept",
    operation_id="accept_assignment",
    response_model=OwnOut,
    responses=COMMANDS,
)
def accept_assignment(request: Request, actor: Reviewing, assignment_id: UUID) -> Response:
    """Take an invitation on; from now on the proposal can be read."""

    def work(db: Session) -> dict[str, Any]:
        assignment, _, call = queries.own(db, actor, assignment_id)
        assignments.accept(db, actor, assignment, call)
        return _own_answer(db, actor, assignment_id)

    return command(request, actor, work)


@router.post(
    "/{assignment_id}/decline",
    operation_id="decline_assignment",
    response_model=AnsweredOut,
    responses=COMMANDS,
)
def decline_assignment(
    request: Request, actor: Reviewing, assignment_id: UUID, given: ReviewReasonIn
) -> Response:
    """Give an assignment back, with the reason. Access to it ends."""

    def work(db: Session) -> dict[str, Any]:
        assignment, _, call = queries.own(db, actor, assignment_id)
        assignments.decline(db, actor, assignment, call, given.reason)
        return {"status": assignment.status}

    return command(request, actor, work)


@router.post(
    "/{assignment_id}/conflict",
    operation_id="declare_assignment_conflict",
    response_model=AnsweredOut,
    responses=COMMANDS,
)
def declare_assignment_conflict(
    request: Request, actor: Reviewing, assignment_id: UUID, given: OwnConflictIn
) -> Response:
    """Declare a conflict of interest, at any time. Access ends at once; a review is set aside."""

    def work(db: Session) -> dict[str, Any]:
        assignment, proposal, call = queries.own(db, actor, assignment_id)
        assignments.declare_conflict(db, actor, assignment, proposal, call, given)
        return {"status": assignment.status}

    return command(request, actor, work)


@router.get(
    "/{assignment_id}/proposal",
    operation_id="read_assigned_proposal",
    response_model=ContentOut,
    responses=READS,
)
def read_assigned_proposal(request: Request, actor: Reviewing, assignment_id: UUID) -> Response:
    """Read the proposal of an assignment that you have accepted."""
    with read_session(request) as db:
        assignment, proposal, call = queries.reading(db, actor, assignment_id)
        return json_response(content.content_out(db, actor, assignment, proposal, call))


@router.get(
    "/{assignment_id}/attachments/{number}",
    operation_id="download_assigned_attachment",
    response_class=Response,
    responses=FILE,
)
def download_assigned_attachment(
    request: Request, actor: Reviewing, assignment_id: UUID, number: Place
) -> Response:
    """Download a file of the proposal by its place; without its name where the review is blind."""
    with read_session(request) as db:
        _, proposal, call = queries.reading(db, actor, assignment_id)
        shown = content.attachment(db, actor, proposal, call, number)
    return download(shown.media_type, shown.name, files.content(store(request), shown.file))


@router.get(
    "/{assignment_id}/draft",
    operation_id="read_review_draft",
    response_model=ReviewDraftOut,
    responses=READS,
)
def read_review_draft(
    request: Request, actor: Reviewing, assignment_id: UUID, number: DraftNumber = None
) -> Response:
    """Read the last save of your review, or any earlier one by its number."""
    with read_session(request) as db:
        assignment, _, _ = queries.reading(db, actor, assignment_id)
        draft = service.get_draft(db, assignment, number)
        found = service.draft_out(draft, assignment.version)
    return json_response(found, etag=etag(found["version"]))


@router.get(
    "/{assignment_id}/drafts",
    operation_id="list_review_drafts",
    response_model=DraftPage,
    responses=READS,
)
def list_review_drafts(
    request: Request, actor: Reviewing, paging: Paging, assignment_id: UUID
) -> Response:
    """List every save of your review."""
    with read_session(request) as db:
        queries.reading(db, actor, assignment_id)
        page = list_page(
            db,
            read_back.drafts(assignment_id),
            paging,
            sorts={"number": ReviewDraft.number},
            key=ReviewDraft.id,
            out=read_back.draft_line,
        )
    return json_response(page)


@router.put(
    "/{assignment_id}/draft",
    operation_id="save_review_draft",
    response_model=ReviewDraftOut,
    responses=CHANGES,
)
def save_review_draft(
    request: Request, actor: Reviewing, assignment_id: UUID, given: ReviewDraftIn
) -> Response:
    """Save your review as far as it is written; nothing in it is judged yet. Needs If-Match."""

    def work(db: Session) -> dict[str, Any]:
        assignment, _, call = queries.reading(db, actor, assignment_id)
        check_match(request, assignment.version)
        draft = service.save_draft(db, actor, assignment, call, given)
        return service.draft_out(draft, assignment.version)

    return command(request, actor, work)


@router.post(
    "/{assignment_id}/validate",
    operation_id="validate_review",
    response_model=ValidatedOut,
    responses=problems(400, 401, 403, 404, 409, 422),
    openapi_extra={"x-dry-run": True},
)
def validate_review(request: Request, actor: Reviewing, assignment_id: UUID) -> Response:
    """See all that keeps the last save from being submitted. Changes nothing; needs no key."""
    with read_session(request) as db:
        assignment, _, call = queries.reading(db, actor, assignment_id)
        return json_response(service.validate(db, assignment, call))


@router.post(
    "/{assignment_id}/submit",
    operation_id="submit_review",
    response_model=SubmittedOut,
    responses=COMMANDS,
)
def submit_review(
    request: Request, actor: Reviewing, assignment_id: UUID, given: ReviewSubmitIn
) -> Response:
    """Submit the last save as your review. It is final unless it is returned to you."""

    def work(db: Session) -> dict[str, Any]:
        assignment, _, call = queries.reading(db, actor, assignment_id)
        review = service.submit(db, actor, assignment, call, given.number)
        return read_back.submitted_out(review, assignment)

    return command(request, actor, work)


@router.get(
    "/{assignment_id}/review",
    operation_id="read_own_review",
    response_model=SubmittedOut,
    responses=READS,
)
def read_own_review(request: Request, actor: Reviewing, assignment_id: UUID) -> Response:
    """Read what stands of your submitted review: its score and its seal."""
    with read_session(request) as db:
        assignment, _, _ = queries.reading(db, actor, assignment_id)
        review = service.last_review(db, assignment.id)
        return json_response(read_back.submitted_out(review, assignment))


@router.get(
    "/{assignment_id}/others",
    operation_id="read_other_reviews",
    response_model=OthersOut,
    responses=READS,
)
def read_other_reviews(request: Request, actor: Reviewing, assignment_id: UUID) -> Response:
    """Read the others' reviews, once an officer has opened them so that you can agree."""
    with read_session(request) as db:
        assignment, _, _ = queries.reading(db, actor, assignment_id)
        return json_response(read_back.others(db, assignment))
