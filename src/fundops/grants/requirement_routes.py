"""Routes of the calendar: what grants must do, that it is done, and waivers."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command, read_session
from fundops.grants import queries as grants
from fundops.grants import requirements, waivers
from fundops.grants import schedule_queries as queries
from fundops.grants.policy_content import Kind
from fundops.grants.requirements import REQUIREMENT_STEPS
from fundops.grants.schedule_schemas import (
    DoneIn,
    RequirementIn,
    RequirementOut,
    RequirementPage,
    ScheduleOut,
    WaiverIn,
    requirement_out,
    schedule_out,
)
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import COMMANDS, CREATES, LISTS, READS, Day
from fundops.strict import StrictRoute

router = APIRouter(prefix="/requirements", tags=["requirements"], route_class=StrictRoute)
grant_router = APIRouter(prefix="/grants", tags=["requirements"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.GRANT_READ))]
Recorder = Annotated[Actor, Depends(Can(Permission.REQUIREMENT_RECORD))]
Waiver = Annotated[Actor, Depends(Can(Permission.REQUIREMENT_WAIVE))]
Status = Literal["due", "waiver_requested", "done", "waived", "replaced"]


@router.get("", operation_id="list_requirements", response_model=RequirementPage, responses=LISTS)
def list_requirements(
    request: Request,
    actor: Reader,
    paging: Paging,
    fund_id: UUID | None = None,
    grant_id: UUID | None = None,
    kind: Kind | None = None,
    status: Status | None = None,
    overdue: bool | None = None,
    due_by: Annotated[Day | None, Query(description="Due on this day or before.")] = None,
) -> Response:
    """List what grants must do; a grantee sees its own."""
    with read_session(request) as db:
        page = list_page(
            db,
            queries.requirements(
                actor,
                queries.todays(db),
                fund_id=fund_id,
                grant_id=grant_id,
                kind=kind,
                status=status,
                overdue=overdue,
                due_by=due_by,
            ),
            paging,
            sorts=queries.REQUIREMENT_SORTS,
            key=queries.REQUIREMENTS.id,
            out=requirement_out,
        )
    return json_response(page)


@router.get(
    "/{requirement_id}",
    operation_id="get_requirement",
    response_model=RequirementOut,
    responses=READS,
)
def get_requirement(request: Request, actor: Reader, requirement_id: UUID) -> Response:
    """Read one requirement."""
    with read_session(request) as db:
        return json_response(_out(db, actor, requirement_id))


@grant_router.get(
    "/{grant_id}/schedule",
    operation_id="get_grant_schedule",
    response_model=ScheduleOut,
    responses=READS,
)
def get_grant_schedule(request: Request, actor: Reader, grant_id: UUID) -> Response:
    """Read by what policy and tier a grant's tranches and calendar were last made."""
    query = queries.latest_schedule(actor, grant_id)
    with read_session(request) as db:
        row = grants.one(db.execute(query).one_or_none())
    return json_response(schedule_out(row, row.base_currency))


@grant_router.post(
    "/{grant_id}/requirements",
    operation_id="add_requirement",
    status_code=201,
    response_model=RequirementOut,
    responses=CREATES,
)
def add_requirement(
    request: Request, actor: Recorder, grant_id: UUID, given: RequirementIn
) -> Response:
    """Require something of a grant on top of what the policy asks for."""

    def work(db: Session) -> dict[str, Any]:
        grant = grants.get_visible(db, actor, grant_id, Permission.REQUIREMENT_RECORD)
        made = requirements.add(db, actor, grant, given)
        return _out(db, actor, made.id)

    return command(request, actor, work, status=201, location="/v1/requirements/{id}")


@router.post(
    "/{requirement_id}/record_done",
    operation_id="record_requirement_done",
    response_model=RequirementOut,
    responses=COMMANDS,
)
def record_requirement_done(
    request: Request, actor: Recorder, requirement_id: UUID, given: DoneIn
) -> Response:
    """Record that a requirement is done and accepted, with what shows it."""

    def work(db: Session) -> dict[str, Any]:
        found, grant, fund = _get(db, actor, requirement_id, Permission.REQUIREMENT_RECORD)
        requirements.record_done(db, actor, fund, grant, found, given)
        return _out(db, actor, found.id)

    return command(request, actor, work)


@router.post(
    "/{requirement_id}/request_waiver",
    operation_id="request_requirement_waiver",
    response_model=RequirementOut,
    responses=COMMANDS,
)
def request_requirement_waiver(
    request: Request, actor: Recorder, requirement_id: UUID, given: WaiverIn
) -> Response:
    """Ask that a requirement need not be done."""

    def work(db: Session) -> dict[str, Any]:
        found, grant, _ = _get(db, actor, requirement_id, Permission.REQUIREMENT_RECORD)
        waivers.request(db, actor, grant, found, REQUIREMENT_STEPS, given.reason)
        return _out(db, actor, found.id)

    return command(request, actor, work)


@router.post(
    "/{requirement_id}/waive",
    operation_id="waive_requirement",
    response_model=RequirementOut,
    responses=COMMANDS,
)
def waive_requirement(request: Request, actor: Waiver, requirement_id: UUID) -> Response:
    """Waive a requirement as another person asked."""

    def work(db: Session) -> dict[str, Any]:
        found, grant, _ = _get(db, actor, requirement_id, Permission.REQUIREMENT_WAIVE)
        waivers.waive(db, actor, grant, found, REQUIREMENT_STEPS)
        return _out(db, actor, found.id)

    return command(request, actor, work)


@router.post(
    "/{requirement_id}/refuse_waiver",
    operation_id="refuse_requirement_waiver",
    response_model=RequirementOut,
    responses=COMMANDS,
)
def refuse_requirement_waiver(
    request: Request, actor: Waiver, requirement_id: UUID, given: WaiverIn
) -> Response:
    """Refuse a waiver that another person asked for; the requirement stays due."""

    def work(db: Session) -> dict[str, Any]:
        found, grant, _ = _get(db, actor, requirement_id, Permission.REQUIREMENT_WAIVE)
        waivers.refuse(db, actor, grant, found, REQUIREMENT_STEPS, given.reason)
        return _out(db, actor, found.id)

    return command(request, actor, work)


_get = queries.get_requirement


def _out(db: Session, actor: Actor, requirement_id: UUID) -> dict[str, Any]:
    return requirement_out(queries.requirement_row(db, actor, requirement_id))


REQUIREMENT_ROUTERS: tuple[APIRouter, ...] = (router, grant_router)
