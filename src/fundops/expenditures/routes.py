"""Routes of statements of expenditure and of what grants have unspent."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command, etag, read_session
from fundops.donors.scope import parties_held
from fundops.expenditures import queries, service
from fundops.expenditures.closing_routes import closing_router
from fundops.expenditures.models import ExpenditureStatement
from fundops.expenditures.owed_routes import OWED_ROUTERS
from fundops.expenditures.schemas import (
    AcceptIn,
    ExpenditureDetail,
    ExpenditureIn,
    ExpenditureOut,
    ExpenditurePage,
    ExpenditureReasonIn,
    UnspentOut,
    expenditure_out,
    line_out,
    unspent_out,
)
from fundops.expenditures.standing import unspent
from fundops.grants.queries import get_visible
from fundops.ledger.models import Fund
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import COMMANDS, CREATES, LISTS, READS
from fundops.strict import StrictRoute

router = APIRouter(tags=["expenditure"], route_class=StrictRoute)

READ = Permission.EXPENDITURE_READ
Reader = Annotated[Actor, Depends(Can(Permission.EXPENDITURE_READ))]
Reporter = Annotated[Actor, Depends(Can(Permission.EXPENDITURE_REPORT))]
Accepter = Annotated[Actor, Depends(Can(Permission.EXPENDITURE_ACCEPT))]
Status = Literal["reported", "returned", "accepted", "corrected"]


@router.get(
    "/expenditure_statements",
    operation_id="list_expenditure_statements",
    response_model=ExpenditurePage,
    responses=LISTS,
)
def list_expenditure_statements(
    request: Request,
    actor: Reader,
    paging: Paging,
    grant_id: UUID | None = None,
    status: Status | None = None,
) -> Response:
    """List statements of expenditure; a grantee sees its own."""
    query = queries.listed(actor, ExpenditureStatement, READ, grant_id=grant_id, status=status)
    with read_session(request) as db:
        page = list_page(
            db,
            query,
            paging,
            sorts=queries.STATEMENT_SORTS,
            key=ExpenditureStatement.id,
            out=expenditure_out,
        )
    return json_response(page)


@router.post(
    "/grants/{grant_id}/expenditure_statements",
    operation_id="report_expenditure",
    status_code=201,
    response_model=ExpenditureDetail,
    responses=CREATES,
)
def report_expenditure(
    request: Request, actor: Reporter, grant_id: UUID, given: ExpenditureIn
) -> Response:
    """Report what a grantee spent in a period. Another person accepts it."""

    def work(db: Session) -> dict[str, Any]:
        grant = get_visible(db, actor, grant_id, Permission.EXPENDITURE_REPORT)
        made = service.report(db, actor, db.get_one(Fund, grant.fund_id), grant, given)
        return _detail(db, actor, made.id, Permission.EXPENDITURE_REPORT)

    location = "/v1/expenditure_statements/{id}"
    return command(request, actor, work, status=201, location=location)


@router.get(
    "/expenditure_statements/{expenditure_statement_id}",
    operation_id="get_expenditure_statement",
    response_model=ExpenditureDetail,
    responses=READS,
)
def get_expenditure_statement(
    request: Request, actor: Reader, expenditure_statement_id: UUID
) -> Response:
    """Read one statement of expenditure with its lines."""
    with read_session(request) as db:
        found = _detail(db, actor, expenditure_statement_id, READ)
    return json_response(found, etag=etag(found["version"]))


@router.post(
    "/expenditure_statements/{expenditure_statement_id}/accept",
    operation_id="accept_expenditure",
    response_model=ExpenditureOut,
    responses=COMMANDS,
)
def accept_expenditure(
    request: Request, actor: Accepter, expenditure_statement_id: UUID, given: AcceptIn
) -> Response:
    """Accept what another person reported, in all or in part; the lots' shares are booked."""

    def work(db: Session) -> dict[str, Any]:
        statement, grant, fund = queries.get(
            db, actor, ExpenditureStatement, expenditure_statement_id, Permission.EXPENDITURE_ACCEPT
        )
        service.accept(db, actor, fund, grant, statement, given)
        return _one(db, actor, statement.id, Permission.EXPENDITURE_ACCEPT)

    return command(request, actor, work)


@router.post(
    "/expenditure_statements/{expenditure_statement_id}/return",
    operation_id="return_expenditure",
    response_model=ExpenditureOut,
    responses=COMMANDS,
)
def return_expenditure(
    request: Request, actor: Accepter, expenditure_statement_id: UUID, given: ExpenditureReasonIn
) -> Response:
    """Send a statement back, with the reason; a new one takes its place."""

    def work(db: Session) -> dict[str, Any]:
        statement, grant, _ = queries.get(
            db, actor, ExpenditureStatement, expenditure_statement_id, Permission.EXPENDITURE_ACCEPT
        )
        service.send_back(db, actor, statement, grant, given.reason)
        return _one(db, actor, statement.id, Permission.EXPENDITURE_ACCEPT)

    return command(request, actor, work)


@router.get(
    "/grants/{grant_id}/unspent",
    operation_id="get_unspent",
    response_model=UnspentOut,
    responses=READS,
)
def get_unspent(request: Request, actor: Reader, grant_id: UUID) -> Response:
    """Read what a grant has unspent: paid - accepted - refunded - written off, and per lot."""
    with read_session(request) as db:
        grant = get_visible(db, actor, grant_id, READ)
        currency = db.get_one(Fund, grant.fund_id).base_currency
        # Lots are of all donors; a grantee is not told whose money it has.
        held = actor.allows(Permission.TRACE_READ)
        traces = held and parties_held(actor, Permission.TRACE_READ, grant.fund_id) is None
        found = unspent_out(grant.id, unspent(db, grant), currency, lots=traces)
    return json_response(found)


def _one(db: Session, actor: Actor, statement_id: UUID, permission: Permission) -> dict[str, Any]:
    return expenditure_out(queries.row(db, actor, ExpenditureStatement, statement_id, permission))


def _detail(
    db: Session, actor: Actor, statement_id: UUID, permission: Permission
) -> dict[str, Any]:
    row = queries.row(db, actor, ExpenditureStatement, statement_id, permission)
    found = queries.lines(db, statement_id)
    lines = [line_out(line, row.base_currency, row.currency) for line in found]
    return expenditure_out(row) | {"lines": lines}


ROUTERS: tuple[APIRouter, ...] = (router, *OWED_ROUTERS, closing_router)
