"""Routes of calls for proposals."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.calls import queries, service
from fundops.calls.list_routes import lists_router, objectives_router
from fundops.calls.parts import Zone
from fundops.calls.question_routes import questions_router
from fundops.calls.question_routes import router as questions
from fundops.calls.schemas import (
    CallExtensionIn,
    CallExtensionOut,
    CallExtensionPage,
    CallIn,
    CallOut,
    CallPage,
    CallPatch,
    call_out,
    extension_out,
)
from fundops.calls.term_routes import router as terms
from fundops.command import check_match, command, etag, read_session
from fundops.errors import invalid
from fundops.ledger.models import Fund
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import CHANGES, COMMANDS, CREATES, LISTS, READS
from fundops.strict import StrictRoute

router = APIRouter(prefix="/calls", tags=["calls"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.CALL_READ))]
Writer = Annotated[Actor, Depends(Can(Permission.CALL_WRITE))]
CallStatus = Literal["draft", "open", "closed"]
ShownZone = Annotated[
    Zone | None,
    Query(description="IANA zone to tell instants in; the call's own, unless given."),
]


@router.get("", operation_id="list_calls", response_model=CallPage, responses=LISTS)
def list_calls(
    request: Request,
    actor: Reader,
    paging: Paging,
    fund_id: UUID | None = None,
    status: CallStatus | None = None,
    zone: ShownZone = None,
) -> Response:
    """List calls for proposals; grantees see those that are open or closed."""
    with read_session(request) as db:
        page = list_page(
            db,
            queries.visible(actor, fund_id=fund_id, status=status),
            paging,
            sorts=queries.SORTS,
            key=queries.COLUMNS[0],
            out=lambda row: call_out(row, zone),
        )
    return json_response(page)


@router.post(
    "", operation_id="create_call", status_code=201, response_model=CallOut, responses=CREATES
)
def create_call(request: Request, actor: Writer, given: CallIn) -> Response:
    """Draft a call for proposals."""

    def work(db: Session) -> dict[str, Any]:
        funds = actor.funds(Permission.CALL_WRITE)
        fund = db.get(Fund, given.fund_id)
        if fund is None or (funds is not None and fund.id not in funds):
            raise invalid("/fund_id", "validation.unknown_record")
        call = service.create_call(db, actor, fund, given)
        return call_out(queries.row(db, actor, call.id))

    return command(request, actor, work, status=201, location="/v1/calls/{id}")


@router.get("/{call_id}", operation_id="get_call", response_model=CallOut, responses=READS)
def get_call(request: Request, actor: Reader, call_id: UUID, zone: ShownZone = None) -> Response:
    """Read one call, its instants told in any IANA zone."""
    with read_session(request) as db:
        row = queries.row(db, actor, call_id)
        return json_response(call_out(row, zone), etag=etag(row.version))


@router.patch("/{call_id}", operation_id="change_call", response_model=CallOut, responses=CHANGES)
def change_call(request: Request, actor: Writer, call_id: UUID, patch: CallPatch) -> Response:
    """Change a call. Once it is open, what decides over applicants stays. Needs If-Match."""

    def work(db: Session) -> dict[str, Any]:
        call = queries.get_visible(db, actor, call_id, Permission.CALL_WRITE)
        check_match(request, call.version)
        service.change_call(db, actor, call, patch)
        return call_out(queries.row(db, actor, call_id))

    return command(request, actor, work)


@router.post(
    "/{call_id}/open", operation_id="open_call", response_model=CallOut, responses=COMMANDS
)
def open_call(request: Request, actor: Writer, call_id: UUID) -> Response:
    """Open a drafted call; with a deadline, everything that is missing is named at once."""
    return _take_step(request, actor, call_id, "open")


@router.post(
    "/{call_id}/close", operation_id="close_call", response_model=CallOut, responses=COMMANDS
)
def close_call(request: Request, actor: Writer, call_id: UUID) -> Response:
    """Close an open call, once its deadline and grace are over."""
    return _take_step(request, actor, call_id, "close")


@router.post(
    "/{call_id}/extend",
    operation_id="extend_call",
    status_code=201,
    response_model=CallExtensionOut,
    responses=COMMANDS,
)
def extend_call(request: Request, actor: Writer, call_id: UUID, given: CallExtensionIn) -> Response:
    """Move the deadline of an open call later, for every applicant alike."""

    def work(db: Session) -> dict[str, Any]:
        call = queries.get_visible(db, actor, call_id, Permission.CALL_WRITE)
        made = service.extend(db, actor, call, given)
        return extension_out(queries.extension_row(db, made.id))

    return command(request, actor, work, status=201)


@router.get(
    "/{call_id}/extensions",
    operation_id="list_call_extensions",
    response_model=CallExtensionPage,
    responses=READS,
)
def list_extensions(
    request: Request, actor: Reader, call_id: UUID, paging: Paging, zone: ShownZone = None
) -> Response:
    """List how often the deadline of a call was moved, and why."""
    with read_session(request) as db:
        queries.row(db, actor, call_id)
        page = list_page(
            db,
            queries.extensions(actor, call_id),
            paging,
            sorts={},
            key=queries.EXTENSION_KEY,
            out=lambda row: extension_out(row, zone),
        )
    return json_response(page)


def _take_step(request: Request, actor: Actor, call_id: UUID, action: str) -> Response:
    def work(db: Session) -> dict[str, Any]:
        call = queries.get_visible(db, actor, call_id, Permission.CALL_WRITE)
        service.take_step(db, actor, call, action)
        return call_out(queries.row(db, actor, call_id))

    return command(request, actor, work)


ROUTERS = (objectives_router, lists_router, router, terms, questions, questions_router)
"""Every router of this package, in the order of the documentation."""
