"""Routes of incidents: reported by anybody, read by few, and every read is written down."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command, database, etag, read_session
from fundops.findings import incident_queries as queries
from fundops.findings import incidents, owed_notices
from fundops.findings.incident_schemas import (
    AssessIn,
    CloseIncidentIn,
    FollowedIn,
    FollowedOut,
    HandlerIn,
    IncidentDetail,
    IncidentIn,
    IncidentNoticeOut,
    IncidentPage,
    IncidentReadPage,
    IncidentStatus,
    InvestigateIn,
    NoticeSentIn,
    ReportedOut,
    incident_out,
    notice_out,
    read_out,
)
from fundops.ledger.models import Fund
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import COMMANDS, CREATES, LISTS, READS
from fundops.strict import StrictRoute

router = APIRouter(tags=["incidents"], route_class=StrictRoute)

HANDLE = Permission.INCIDENT_HANDLE
Reporter = Annotated[Actor, Depends(Can(Permission.INCIDENT_REPORT))]
Reader = Annotated[Actor, Depends(Can(Permission.INCIDENT_READ))]
Handler = Annotated[Actor, Depends(Can(Permission.INCIDENT_HANDLE))]


@router.post(
    "/incidents",
    operation_id="report_incident",
    status_code=201,
    response_model=ReportedOut,
    responses=CREATES,
)
def report_incident(request: Request, actor: Reporter, given: IncidentIn) -> Response:
    """Report that something went wrong. The answer's code, shown once, tells how it stands."""

    def work(db: Session) -> dict[str, Any]:
        fund, grant = queries.reportable(db, actor, given)
        made, code = incidents.report(db, actor, fund, grant, given)
        return {"status": made.status, "reported_on": made.reported_on, "follow_up_code": code}

    return command(request, actor, work, status=201, shown_once="follow_up_code")


@router.post(
    "/incidents/check_status",
    operation_id="check_incident_status",
    response_model=FollowedOut,
    responses=COMMANDS,
    openapi_extra={"x-dry-run": True},
)
def check_incident_status(
    request: Request,
    actor: Reporter,  # noqa: ARG001 - whoever has the code has reported it
    given: FollowedIn,
) -> Response:
    """Ask how something that you reported stands, by the code that you were given."""
    with read_session(request) as db:
        found = queries.by_follow_up(db, incidents.digest(given.follow_up_code))
        told = {
            "status": found.status, "reported_on": found.reported_on,
            "is_closed": found.status == "closed",
        }  # fmt: skip
    return json_response(told)


@router.get(
    "/incidents", operation_id="list_incidents", response_model=IncidentPage, responses=LISTS
)
def list_incidents(
    request: Request,
    actor: Reader,
    paging: Paging,
    fund_id: UUID | None = None,
    status: IncidentStatus | None = None,
) -> Response:
    """List incidents, without words; that you saw them is written down."""
    query = queries.incidents(actor)
    for column, value in (("fund_id", fund_id), ("status", status)):
        if value is not None:
            query = query.where(queries.INCIDENTS[column] == value)
    with read_session(request) as db:
        page = list_page(
            db, query, paging, sorts=queries.SORTS, key=queries.INCIDENTS.id, out=incident_out
        )
    queries.write_down(database(request), actor, {one["id"] for one in page["items"]})
    return json_response(page)


@router.get(
    "/incidents/{incident_id}",
    operation_id="get_incident",
    response_model=IncidentDetail,
    responses=READS,
)
def get_incident(request: Request, actor: Reader, incident_id: UUID) -> Response:
    """Read an incident with its words; that you read it is written down."""
    with read_session(request) as db:
        found = queries.detail(db, actor, incident_id)
    queries.write_down(database(request), actor, {incident_id})
    return json_response(found, etag=etag(found["version"]))


@router.get(
    "/incidents/{incident_id}/reads",
    operation_id="list_incident_reads",
    response_model=IncidentReadPage,
    responses=READS,
)
def list_incident_reads(
    request: Request, actor: Reader, incident_id: UUID, paging: Paging
) -> Response:
    """List who read an incident."""
    with read_session(request) as db:
        queries.get(db, actor, incident_id, Permission.INCIDENT_READ)
        page = list_page(
            db, queries.reads(incident_id), paging, sorts=queries.READ_SORTS,
            key=queries.READS.id, out=read_out,
        )  # fmt: skip
    return json_response(page)


@router.post(
    "/incidents/{incident_id}/assess",
    operation_id="assess_incident",
    response_model=IncidentDetail,
    responses=COMMANDS,
)
def assess_incident(
    request: Request, actor: Handler, incident_id: UUID, given: AssessIn
) -> Response:
    """Say what a first look came to, stop payments, and whether donors must be told."""

    def work(db: Session) -> dict[str, Any]:
        found = queries.get(db, actor, incident_id, HANDLE)
        incidents.assess(db, actor, db.get_one(Fund, found.fund_id), found, given)
        return incidents.shown(db, actor, found)

    return command(request, actor, work)


@router.post(
    "/incidents/{incident_id}/investigate",
    operation_id="investigate_incident",
    response_model=IncidentDetail,
    responses=COMMANDS,
)
def investigate_incident(
    request: Request, actor: Handler, incident_id: UUID, given: InvestigateIn
) -> Response:
    """Say what looking into it came to."""

    def work(db: Session) -> dict[str, Any]:
        found = queries.get(db, actor, incident_id, HANDLE)
        incidents.investigate(db, actor, found, given.findings)
        return incidents.shown(db, actor, found)

    return command(request, actor, work)


@router.post(
    "/incidents/{incident_id}/close",
    operation_id="close_incident",
    response_model=IncidentDetail,
    responses=COMMANDS,
)
def close_incident(
    request: Request, actor: Handler, incident_id: UUID, given: CloseIncidentIn
) -> Response:
    """Close an incident, as another person than reported and assessed it. Holds stay."""

    def work(db: Session) -> dict[str, Any]:
        found = queries.get(db, actor, incident_id, HANDLE)
        incidents.close(db, actor, found, given.outcome, given.conclusion)
        return incidents.shown(db, actor, found)

    return command(request, actor, work)


@router.post(
    "/incidents/{incident_id}/hold",
    operation_id="hold_for_incident",
    response_model=IncidentDetail,
    responses=COMMANDS,
)
def hold_for_incident(request: Request, actor: Handler, incident_id: UUID) -> Response:
    """Stop payments of what an incident is about, at once. Another person lifts the hold."""

    def work(db: Session) -> dict[str, Any]:
        found = queries.get(db, actor, incident_id, HANDLE)
        incidents.place_hold(db, actor, found)
        return incidents.shown(db, actor, found)

    return command(request, actor, work)


@router.post(
    "/incidents/{incident_id}/handlers",
    operation_id="name_incident_handler",
    response_model=IncidentDetail,
    responses=COMMANDS,
)
def name_incident_handler(
    request: Request, actor: Handler, incident_id: UUID, given: HandlerIn
) -> Response:
    """Name a person who is to read and handle an incident beside the fund managers."""

    def work(db: Session) -> dict[str, Any]:
        found = queries.get(db, actor, incident_id, HANDLE)
        incidents.name_handler(db, actor, found, given.person_code)
        return incidents.shown(db, actor, found)

    return command(request, actor, work)


@router.post(
    "/incident_notices/{incident_notice_id}/send",
    operation_id="send_incident_notice",
    response_model=IncidentNoticeOut,
    responses=COMMANDS,
)
def send_incident_notice(
    request: Request, actor: Handler, incident_notice_id: UUID, given: NoticeSentIn
) -> Response:
    """Tell a donor that there is something, without what, or note the letter that did."""

    def work(db: Session) -> dict[str, Any]:
        found, _ = queries.get_notice(db, actor, incident_notice_id, HANDLE)
        return notice_out(owed_notices.send(db, actor, found, given))

    return command(request, actor, work)
