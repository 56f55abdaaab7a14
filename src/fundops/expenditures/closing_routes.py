"""Routes of the closing of grants."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command, etag, read_session
from fundops.expenditures import closing, queries
from fundops.expenditures.closing_schemas import (
    ClosingStateOut,
    GrantClosingOut,
    GrantClosingPage,
    UnreachableIn,
    closing_out,
    state_out,
)
from fundops.expenditures.models import GrantClosing
from fundops.expenditures.schemas import ExpenditureReasonIn
from fundops.expenditures.standing import unspent
from fundops.grants.queries import get_visible
from fundops.grants.schemas import CloseIn
from fundops.ledger.models import Fund
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import COMMANDS, CREATES, LISTS, READS
from fundops.strict import StrictRoute

closing_router = APIRouter(tags=["closing"], route_class=StrictRoute)

READ, PROPOSE, CLOSE = (
    Permission.RECEIVABLE_READ,
    Permission.REQUIREMENT_RECORD,
    Permission.GRANT_CLOSE,
)
Reader = Annotated[Actor, Depends(Can(Permission.RECEIVABLE_READ))]
Proposer = Annotated[Actor, Depends(Can(Permission.REQUIREMENT_RECORD))]
Closer = Annotated[Actor, Depends(Can(Permission.GRANT_CLOSE))]


@closing_router.get(
    "/grants/{grant_id}/closing",
    operation_id="get_closing_state",
    response_model=ClosingStateOut,
    responses=READS,
)
def get_closing_state(request: Request, actor: Reader, grant_id: UUID) -> Response:
    """Read what a grant still lacks to be closed."""
    with read_session(request) as db:
        grant = get_visible(db, actor, grant_id, READ)
        fund = db.get_one(Fund, grant.fund_id)
        lacking = [error.detail for error in closing.missing(db, fund, grant)]
        minimum = closing.minimum_of(db, fund)
        balance = unspent(db, grant).unspent_minor
        found = state_out(grant, lacking, balance, minimum, fund.base_currency)
    return json_response(found)


@closing_router.post(
    "/grants/{grant_id}/close",
    operation_id="close_grant",
    response_model=GrantClosingOut,
    responses=COMMANDS,
)
def close_grant(request: Request, actor: Closer, grant_id: UUID, given: CloseIn) -> Response:
    """Close a grant that lacks nothing; what is unpaid goes back to its lots."""

    def work(db: Session) -> dict[str, Any]:
        grant = get_visible(db, actor, grant_id, CLOSE)
        made = closing.close(db, actor, db.get_one(Fund, grant.fund_id), grant, given)
        return closing_out(queries.row(db, actor, GrantClosing, made.id, CLOSE))

    return command(request, actor, work)


@closing_router.get(
    "/grant_closings",
    operation_id="list_grant_closings",
    response_model=GrantClosingPage,
    responses=LISTS,
)
def list_grant_closings(
    request: Request,
    actor: Reader,
    paging: Paging,
    grant_id: UUID | None = None,
    kind: Literal["ordinary", "force_majeure"] | None = None,
    status: Literal["proposed", "confirmed", "withdrawn"] | None = None,
) -> Response:
    """List how grants were closed; `kind=force_majeure` lists the exceptions."""
    query = queries.listed(actor, GrantClosing, READ, grant_id=grant_id, kind=kind, status=status)
    with read_session(request) as db:
        page = list_page(
            db, query, paging, sorts=queries.CLOSING_SORTS, key=GrantClosing.id, out=closing_out
        )
    return json_response(page)


@closing_router.post(
    "/grants/{grant_id}/grant_closings",
    operation_id="propose_force_majeure",
    status_code=201,
    response_model=GrantClosingOut,
    responses=CREATES,
)
def propose_force_majeure(
    request: Request, actor: Proposer, grant_id: UUID, given: UnreachableIn
) -> Response:
    """Propose to close a grant whose grantee cannot be reached; another person confirms it."""

    def work(db: Session) -> dict[str, Any]:
        grant = get_visible(db, actor, grant_id, PROPOSE)
        made = closing.propose(db, actor, db.get_one(Fund, grant.fund_id), grant, given)
        return closing_out(queries.row(db, actor, GrantClosing, made.id, PROPOSE))

    return command(request, actor, work, status=201, location="/v1/grant_closings/{id}")


@closing_router.get(
    "/grant_closings/{grant_closing_id}",
    operation_id="get_grant_closing",
    response_model=GrantClosingOut,
    responses=READS,
)
def get_grant_closing(request: Request, actor: Reader, grant_closing_id: UUID) -> Response:
    """Read how a grant was closed, or is proposed to be."""
    with read_session(request) as db:
        row = queries.row(db, actor, GrantClosing, grant_closing_id, READ)
    return json_response(closing_out(row), etag=etag(row.version))


@closing_router.post(
    "/grant_closings/{grant_closing_id}/confirm",
    operation_id="confirm_force_majeure",
    response_model=GrantClosingOut,
    responses=COMMANDS,
)
def confirm_force_majeure(request: Request, actor: Closer, grant_closing_id: UUID) -> Response:
    """Confirm a closing that another person proposed; it is carried out."""

    def work(db: Session) -> dict[str, Any]:
        found, grant, fund = queries.get(db, actor, GrantClosing, grant_closing_id, CLOSE)
        closing.confirm(db, actor, fund, grant, found)
        return closing_out(queries.row(db, actor, GrantClosing, found.id, CLOSE))

    return command(request, actor, work)


@closing_router.post(
    "/grant_closings/{grant_closing_id}/withdraw",
    operation_id="withdraw_force_majeure",
    response_model=GrantClosingOut,
    responses=COMMANDS,
)
def withdraw_force_majeure(
    request: Request, actor: Proposer, grant_closing_id: UUID, given: ExpenditureReasonIn
) -> Response:
    """Take a proposed closing back: the grantee was reached after all."""

    def work(db: Session) -> dict[str, Any]:
        found, grant, _ = queries.get(db, actor, GrantClosing, grant_closing_id, PROPOSE)
        closing.withdraw(db, actor, grant, found, given.reason)
        return closing_out(queries.row(db, actor, GrantClosing, found.id, PROPOSE))

    return command(request, actor, work)
