"""Routes of calls for proposals."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.calls import queries, service
from fundops.calls.list_routes import lists_router, objectives_router
from fundops.calls.schemas import CallIn, CallOut, CallPage, CallPatch, call_out
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


@router.get("", operation_id="list_calls", response_model=CallPage, responses=LISTS)
def list_calls(
    request: Request,
    actor: Reader,
    paging: Paging,
    fund_id: UUID | None = None,
    status: CallStatus | None = None,
) -> Response:
    """List calls for proposals; grantees see those that are open or closed."""
    with read_session(request) as db:
        page = list_page(
            db,
            queries.visible(actor, fund_id=fund_id, status=status),
            paging,
            sorts=queries.SORTS,
            key=queries.COLUMNS[0],
            out=call_out,
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
def get_call(request: Request, actor: Reader, call_id: UUID) -> Response:
    """Read one call."""
    with read_session(request) as db:
        row = queries.row(db, actor, call_id)
        return json_response(call_out(row), etag=etag(row.version))


@router.patch("/{call_id}", operation_id="change_call", response_model=CallOut, responses=CHANGES)
def change_call(request: Request, actor: Writer, call_id: UUID, patch: CallPatch) -> Response:
    """Change a call that is not closed. Needs If-Match."""

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
    """Open a drafted call to proposals."""
    return _take_step(request, actor, call_id, "open")


@router.post(
    "/{call_id}/close", operation_id="close_call", response_model=CallOut, responses=COMMANDS
)
def close_call(request: Request, actor: Writer, call_id: UUID) -> Response:
    """Close an open call."""
    return _take_step(request, actor, call_id, "close")


def _take_step(request: Request, actor: Actor, call_id: UUID, action: str) -> Response:
    def work(db: Session) -> dict[str, Any]:
        call = queries.get_visible(db, actor, call_id, Permission.CALL_WRITE)
        service.take_step(db, actor, call, action)
        return call_out(queries.row(db, actor, call_id))

    return command(request, actor, work)


ROUTERS = (objectives_router, lists_router, router)
"""Every router of this package, in the order of the documentation."""
