"""Routes of the pool of reviewers, and of conflicts of interest with organisations."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import check_match, command, etag, read_session
from fundops.pages import Paging, json_response, list_page
from fundops.reviews import conflicts, pool, pool_queries, queries
from fundops.reviews.models import Conflict, Reviewer
from fundops.reviews.schemas import (
    ConflictIn,
    ConflictOut,
    ConflictPage,
    ReviewerIn,
    ReviewerOut,
    ReviewerPage,
    ReviewerPatch,
    ReviewerStatus,
    conflict_out,
    reviewer_out,
)
from fundops.schemas import CHANGES, CREATES, LISTS, READS
from fundops.strict import StrictRoute

router = APIRouter(prefix="/reviewers", tags=["reviewers"], route_class=StrictRoute)
conflicts_router = APIRouter(prefix="/conflicts", tags=["reviewers"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.REVIEWER_READ))]
Writer = Annotated[Actor, Depends(Can(Permission.REVIEWER_WRITE))]
Declarer = Annotated[Actor, Depends(Can(Permission.CONFLICT_DECLARE))]
READ, WRITE = Permission.REVIEWER_READ, Permission.REVIEWER_WRITE


@router.get("", operation_id="list_reviewers", response_model=ReviewerPage, responses=LISTS)
def list_reviewers(
    request: Request, actor: Reader, paging: Paging, status: ReviewerStatus | None = None
) -> Response:
    """List the pool: who reads and knows what, and how much they have to do."""
    with read_session(request) as db:
        page = list_page(
            db,
            pool_queries.pool(actor, READ, status=status),
            paging,
            sorts=pool_queries.REVIEWER_SORTS,
            key=Reviewer.id,
            out=reviewer_out,
        )
    return json_response(page)


@router.post(
    "", operation_id="enrol_reviewer", status_code=201, response_model=ReviewerOut,
    responses=CREATES,
)  # fmt: skip
def enrol_reviewer(request: Request, actor: Writer, given: ReviewerIn) -> Response:
    """Take a person who holds the role of reviewer into the pool."""

    def work(db: Session) -> dict[str, Any]:
        reviewer = pool.enrol(db, actor, given)
        return reviewer_out(pool_queries.reviewer_row(db, actor, reviewer.id, WRITE))

    return command(request, actor, work, status=201, location="/v1/reviewers/{id}")


@router.get(
    "/{reviewer_id}", operation_id="get_reviewer", response_model=ReviewerOut, responses=READS
)
def get_reviewer(request: Request, actor: Reader, reviewer_id: UUID) -> Response:
    """Read one reviewer of the pool."""
    with read_session(request) as db:
        row = pool_queries.reviewer_row(db, actor, reviewer_id, READ)
        return json_response(reviewer_out(row), etag=etag(row.version))


@router.patch(
    "/{reviewer_id}", operation_id="change_reviewer", response_model=ReviewerOut, responses=CHANGES
)
def change_reviewer(
    request: Request, actor: Writer, reviewer_id: UUID, patch: ReviewerPatch
) -> Response:
    """Change what a reviewer reads, knows or takes on, or let them rest. Needs If-Match."""

    def work(db: Session) -> dict[str, Any]:
        reviewer = pool_queries.get_reviewer(db, actor, reviewer_id, WRITE)
        check_match(request, reviewer.version)
        pool.change(db, actor, reviewer, patch)
        return reviewer_out(pool_queries.reviewer_row(db, actor, reviewer_id, WRITE))

    return command(request, actor, work)


@router.post(
    "/{reviewer_id}/conflicts",
    operation_id="record_reviewer_conflict",
    status_code=201,
    response_model=ConflictOut,
    responses=CREATES,
)
def record_reviewer_conflict(
    request: Request, actor: Writer, reviewer_id: UUID, given: ConflictIn
) -> Response:
    """Record a conflict that a reviewer has told of, such as on a form; it holds for good."""

    def work(db: Session) -> dict[str, Any]:
        reviewer = pool_queries.get_reviewer(db, actor, reviewer_id, WRITE)
        made = conflicts.declare(
            db, actor, reviewer.person_id, given.kind, given.note, party_id=given.party_id
        )
        return conflict_out(made)

    return command(request, actor, work, status=201)


@conflicts_router.get(
    "", operation_id="list_own_conflicts", response_model=ConflictPage, responses=LISTS
)
def list_own_conflicts(request: Request, actor: Declarer, paging: Paging) -> Response:
    """List the conflicts of interest that hold for you."""
    with read_session(request) as db:
        page = list_page(
            db, queries.own_conflicts(actor), paging, sorts={}, key=Conflict.id, out=conflict_out
        )
    return json_response(page)


@conflicts_router.post(
    "", operation_id="declare_conflict", status_code=201, response_model=ConflictOut,
    responses=CREATES,
)  # fmt: skip
def declare_conflict(request: Request, actor: Declarer, given: ConflictIn) -> Response:
    """Declare a conflict of interest of your own with an organisation; it cannot be taken back."""

    def work(db: Session) -> dict[str, Any]:
        made = conflicts.declare(
            db, actor, actor.person_id, given.kind, given.note, party_id=given.party_id
        )
        return conflict_out(made)

    return command(request, actor, work, status=201)
