"""Routes of officers who assign reviewers: planning a call, single assignments, withdrawing."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command, database, read_session
from fundops.pages import Paging, json_response, list_page
from fundops.reviews import assignments, planning, queries
from fundops.reviews.models import Assignment
from fundops.reviews.schemas import (
    AssignedOut,
    AssignIn,
    AssignmentOut,
    AssignmentPage,
    AssignmentStatus,
    ManualIn,
    PlanOut,
    ReviewReasonIn,
    assignment_out,
)
from fundops.schemas import COMMANDS, CREATES, READS, problems
from fundops.strict import StrictRoute

router = APIRouter(prefix="/calls", tags=["assignments"], route_class=StrictRoute)
proposal_router = APIRouter(prefix="/proposals", tags=["assignments"], route_class=StrictRoute)
one_router = APIRouter(prefix="/assignments", tags=["assignments"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.ASSIGNMENT_READ))]
Writer = Annotated[Actor, Depends(Can(Permission.ASSIGNMENT_WRITE))]
WRITE = Permission.ASSIGNMENT_WRITE


@router.post(
    "/{call_id}/plan_assignments",
    operation_id="plan_assignments",
    response_model=PlanOut,
    responses=problems(400, 401, 403, 404, 409, 413, 415, 422),
    openapi_extra={"x-dry-run": True},
)
def plan_assignments(request: Request, actor: Writer, call_id: UUID, given: AssignIn) -> Response:
    """Show who would review what, what was optimised, and who lacks reviewers. Changes nothing."""
    with database(request).read() as db:
        asked = planning.question(db, queries.get_call(db, actor, call_id, WRITE), given)
    return json_response(planning.plan_out(asked, planning.best(asked)))


@router.post(
    "/{call_id}/assign", operation_id="assign_reviewers", response_model=AssignedOut,
    responses=CREATES,
)  # fmt: skip
def assign_reviewers(request: Request, actor: Writer, call_id: UUID, given: AssignIn) -> Response:
    """Assign reviewers to a closed call's proposals in the best way, and invite them all at once.

    What was assigned before stays; only what proposals lack is added.
    """
    with database(request).read() as db:
        asked = planning.question(db, queries.get_call(db, actor, call_id, WRITE), given)
    plan, digest = planning.best(asked), asked.digest()

    def work(db: Session) -> dict[str, Any]:
        call = queries.get_call(db, actor, call_id, WRITE)
        invited = planning.carry_out(db, actor, call, given, digest, plan)
        return planning.plan_out(asked, plan) | {"invited": invited}

    return command(request, actor, work)


@router.get(
    "/{call_id}/assignments",
    operation_id="list_call_assignments",
    response_model=AssignmentPage,
    responses=READS,
)
def list_call_assignments(
    request: Request,
    actor: Reader,
    paging: Paging,
    call_id: UUID,
    proposal_id: UUID | None = None,
    status: AssignmentStatus | None = None,
) -> Response:
    """List a call's assignments: who reviews what, and under which pseudonym others know them."""
    with read_session(request) as db:
        queries.get_call(db, actor, call_id, Permission.ASSIGNMENT_READ)
        page = list_page(
            db,
            queries.call_assignments(actor, call_id, proposal_id=proposal_id, status=status),
            paging,
            sorts=queries.ASSIGNMENT_SORTS,
            key=Assignment.id,
            out=assignment_out,
        )
    return json_response(page)


@proposal_router.post(
    "/{proposal_id}/assignments",
    operation_id="assign_reviewer",
    status_code=201,
    response_model=AssignmentOut,
    responses=CREATES,
)
def assign_reviewer(
    request: Request, actor: Writer, proposal_id: UUID, given: ManualIn
) -> Response:
    """Invite one reviewer to one proposal by hand, such as an extra one where reviews diverge."""

    def work(db: Session) -> dict[str, Any]:
        proposal, call = queries.get_proposal(db, actor, proposal_id, WRITE)
        made = assignments.assign_one(db, actor, proposal, call, given)
        return assignment_out(queries.assignment_row(db, actor, made, WRITE))

    return command(request, actor, work, status=201)


@one_router.post(
    "/{assignment_id}/withdraw",
    operation_id="withdraw_assignment",
    response_model=AssignmentOut,
    responses=COMMANDS,
)
def withdraw_assignment(
    request: Request, actor: Writer, assignment_id: UUID, given: ReviewReasonIn
) -> Response:
    """Take an assignment away from a reviewer who has not submitted, with the reason."""

    def work(db: Session) -> dict[str, Any]:
        assignment, _, call = queries.get_assignment(db, actor, assignment_id, WRITE)
        assignments.withdraw(db, actor, assignment, call, given.reason)
        return assignment_out(queries.assignment_row(db, actor, assignment, WRITE))

    return command(request, actor, work)
