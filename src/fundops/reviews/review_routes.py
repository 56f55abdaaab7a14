"""Routes of those who judge reviews: reading them under pseudonyms, returning, setting aside."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command, read_session
from fundops.pages import Paging, json_response, list_page
from fundops.reviews import assignments, queries, read_back, service
from fundops.reviews.models import Review
from fundops.reviews.review_schemas import ReviewPage, WholeReviewOut, review_out
from fundops.reviews.schemas import ReviewReasonIn
from fundops.schemas import COMMANDS, LISTS, READS
from fundops.strict import StrictRoute

router = APIRouter(prefix="/reviews", tags=["reviews"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.REVIEW_READ))]
Returner = Annotated[Actor, Depends(Can(Permission.REVIEW_RETURN))]
Status = Literal["submitted", "returned", "set_aside"]


@router.get("", operation_id="list_reviews", response_model=ReviewPage, responses=LISTS)
def list_reviews(
    request: Request,
    actor: Reader,
    paging: Paging,
    call_id: UUID | None = None,
    proposal_id: UUID | None = None,
    status: Status | None = None,
) -> Response:
    """List submitted reviews under their writers' pseudonyms; never drafts.

    Those of proposals that you are in conflict with, or have yet to review, are not among them.
    """
    with_note = actor.allows(Permission.ASSIGNMENT_READ)
    with read_session(request) as db:
        page = list_page(
            db,
            queries.reviews(actor, call_id=call_id, proposal_id=proposal_id, status=status),
            paging,
            sorts=queries.REVIEW_SORTS,
            key=Review.id,
            out=lambda row: review_out(row, with_note=with_note),
        )
    return json_response(page)


@router.get(
    "/{review_id}", operation_id="get_review", response_model=WholeReviewOut, responses=READS
)
def get_review(request: Request, actor: Reader, review_id: UUID) -> Response:
    """Read one submitted review with its marks."""
    with read_session(request) as db:
        return json_response(_whole(db, actor, review_id))


def _whole(db: Session, actor: Actor, review_id: UUID) -> dict[str, Any]:
    row = queries.review_row(db, actor, review_id)
    with_note = actor.allows(Permission.ASSIGNMENT_READ)
    marks = read_back.marks_of(db, [row.id])[row.id]
    return review_out(row, with_note=with_note) | {"marks": marks}


@router.post(
    "/{review_id}/return",
    operation_id="return_review",
    response_model=WholeReviewOut,
    responses=COMMANDS,
)
def return_review(
    request: Request, actor: Returner, review_id: UUID, given: ReviewReasonIn
) -> Response:
    """Return a review to its writer with the reason; it is kept, and counts no more."""

    def work(db: Session) -> dict[str, Any]:
        review, assignment, _, call = queries.get_review(
            db, actor, review_id, Permission.REVIEW_RETURN
        )
        service.give_back(db, actor, review, assignment, call, given.reason)
        return _whole(db, actor, review_id)

    return command(request, actor, work)


@router.post(
    "/{review_id}/set_aside",
    operation_id="set_review_aside",
    response_model=WholeReviewOut,
    responses=COMMANDS,
)
def set_review_aside(
    request: Request, actor: Returner, review_id: UUID, given: ReviewReasonIn
) -> Response:
    """Set a review aside for a conflict of interest that has come to light; for good."""

    def work(db: Session) -> dict[str, Any]:
        review, assignment, proposal, call = queries.get_review(
            db, actor, review_id, Permission.REVIEW_RETURN
        )
        assignments.set_aside(db, actor, assignment, proposal, call, given.reason, review)
        return _whole(db, actor, review_id)

    return command(request, actor, work)
