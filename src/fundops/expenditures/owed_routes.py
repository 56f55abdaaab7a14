"""Routes of refund requests, receivables and write-offs of advances."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command, etag, read_session
from fundops.expenditures import queries, receivables, refund_requests, write_offs
from fundops.expenditures.models import AdvanceWriteOff, Receivable, RefundRequest
from fundops.expenditures.owed_schemas import (
    AdvanceWriteOffIn,
    AdvanceWriteOffOut,
    AdvanceWriteOffPage,
    FindingIn,
    ReceiptPartIn,
    ReceivableDetail,
    ReceivableOut,
    ReceivablePage,
    RefundRequestIn,
    RefundRequestOut,
    RefundRequestPage,
    SupportIn,
    advance_write_off_out,
    entry_out,
    receivable_out,
    refund_request_out,
)
from fundops.expenditures.schemas import ExpenditureReasonIn
from fundops.grants.queries import get_visible
from fundops.ledger.models import Fund
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import COMMANDS, CREATES, LISTS, READS
from fundops.strict import StrictRoute

request_router = APIRouter(tags=["refund requests"], route_class=StrictRoute)
receivable_router = APIRouter(tags=["receivables"], route_class=StrictRoute)
write_off_router = APIRouter(tags=["write-offs of advances"], route_class=StrictRoute)

READ, WRITE = Permission.RECEIVABLE_READ, Permission.RECEIVABLE_WRITE
Reader = Annotated[Actor, Depends(Can(Permission.RECEIVABLE_READ))]
Writer = Annotated[Actor, Depends(Can(Permission.RECEIVABLE_WRITE))]
Accepter = Annotated[Actor, Depends(Can(Permission.EXPENDITURE_ACCEPT))]
Requester = Annotated[Actor, Depends(Can(Permission.WRITE_OFF_REQUEST))]
Approver = Annotated[Actor, Depends(Can(Permission.WRITE_OFF_APPROVE))]


@request_router.get(
    "/refund_requests",
    operation_id="list_refund_requests",
    response_model=RefundRequestPage,
    responses=LISTS,
)
def list_refund_requests(
    request: Request,
    actor: Reader,
    paging: Paging,
    grant_id: UUID | None = None,
    status: Literal["requested", "received", "written_off", "withdrawn"] | None = None,
) -> Response:
    """List what was asked back from grantees."""
    query = queries.listed(actor, RefundRequest, READ, grant_id=grant_id, status=status)
    with read_session(request) as db:
        page = list_page(
            db,
            query,
            paging,
            sorts=queries.REQUEST_SORTS,
            key=RefundRequest.id,
            out=refund_request_out,
        )
    return json_response(page)


@request_router.post(
    "/grants/{grant_id}/refund_requests",
    operation_id="request_refund",
    status_code=201,
    response_model=RefundRequestOut,
    responses=CREATES,
)
def request_refund(
    request: Request, actor: Writer, grant_id: UUID, given: RefundRequestIn
) -> Response:
    """Ask a grantee for its unspent money back."""

    def work(db: Session) -> dict[str, Any]:
        grant = get_visible(db, actor, grant_id, WRITE)
        fund = db.get_one(Fund, grant.fund_id)
        made = refund_requests.request(db, actor, fund, grant, given)
        return _request(db, actor, made.id)

    return command(request, actor, work, status=201, location="/v1/refund_requests/{id}")


@request_router.get(
    "/refund_requests/{refund_request_id}",
    operation_id="get_refund_request",
    response_model=RefundRequestOut,
    responses=READS,
)
def get_refund_request(request: Request, actor: Reader, refund_request_id: UUID) -> Response:
    """Read one refund request."""
    with read_session(request) as db:
        row = queries.row(db, actor, RefundRequest, refund_request_id, READ)
    return json_response(refund_request_out(row), etag=etag(row.version))


@request_router.post(
    "/refund_requests/{refund_request_id}/receive",
    operation_id="receive_refund",
    response_model=RefundRequestOut,
    responses=COMMANDS,
)
def receive_refund(
    request: Request, actor: Writer, refund_request_id: UUID, given: ReceiptPartIn
) -> Response:
    """Note that money came back for a request; a refund not booked before is booked now."""

    def work(db: Session) -> dict[str, Any]:
        asked, grant, fund = queries.get(db, actor, RefundRequest, refund_request_id, WRITE)
        refund_requests.receive(db, actor, fund, grant, asked, given)
        return _request(db, actor, asked.id)

    return command(request, actor, work)


@request_router.post(
    "/refund_requests/{refund_request_id}/remind",
    operation_id="remind_of_refund",
    response_model=RefundRequestOut,
    responses=COMMANDS,
)
def remind_of_refund(request: Request, actor: Writer, refund_request_id: UUID) -> Response:
    """Note that the grantee was reminded; at most once a day."""

    def work(db: Session) -> dict[str, Any]:
        asked, grant, fund = queries.get(db, actor, RefundRequest, refund_request_id, WRITE)
        refund_requests.remind(db, actor, fund, grant, asked)
        return _request(db, actor, asked.id)

    return command(request, actor, work)


@request_router.post(
    "/refund_requests/{refund_request_id}/withdraw",
    operation_id="withdraw_refund_request",
    response_model=RefundRequestOut,
    responses=COMMANDS,
)
def withdraw_refund_request(
    request: Request, actor: Writer, refund_request_id: UUID, given: ExpenditureReasonIn
) -> Response:
    """Take a request back; what was received for it stays received."""

    def work(db: Session) -> dict[str, Any]:
        asked, grant, _ = queries.get(db, actor, RefundRequest, refund_request_id, WRITE)
        refund_requests.withdraw(db, actor, grant, asked, given.reason)
        return _request(db, actor, asked.id)

    return command(request, actor, work)


@receivable_router.get(
    "/receivables",
    operation_id="list_receivables",
    response_model=ReceivablePage,
    responses=LISTS,
)
def list_receivables(
    request: Request,
    actor: Reader,
    paging: Paging,
    grant_id: UUID | None = None,
    status: Literal["open", "settled", "superseded"] | None = None,
) -> Response:
    """List expenditure without support that grantees owe."""
    query = queries.listed(actor, Receivable, READ, grant_id=grant_id, status=status)
    with read_session(request) as db:
        page = list_page(
            db,
            query,
            paging,
            sorts=queries.RECEIVABLE_SORTS,
            key=Receivable.id,
            out=receivable_out,
        )
    return json_response(page)


@receivable_router.post(
    "/grants/{grant_id}/receivables",
    operation_id="open_receivable",
    status_code=201,
    response_model=ReceivableOut,
    responses=CREATES,
)
def open_receivable(request: Request, actor: Writer, grant_id: UUID, given: FindingIn) -> Response:
    """Note an audit's finding: accepted expenditure that nothing supports is owed."""

    def work(db: Session) -> dict[str, Any]:
        grant = get_visible(db, actor, grant_id, WRITE)
        fund = db.get_one(Fund, grant.fund_id)
        made = receivables.open_finding(db, actor, fund, grant, given)
        return receivable_out(queries.row(db, actor, Receivable, made.id, WRITE))

    return command(request, actor, work, status=201, location="/v1/receivables/{id}")


@receivable_router.get(
    "/receivables/{receivable_id}",
    operation_id="get_receivable",
    response_model=ReceivableDetail,
    responses=READS,
)
def get_receivable(request: Request, actor: Reader, receivable_id: UUID) -> Response:
    """Read one receivable with what settled it."""
    with read_session(request) as db:
        row = queries.row(db, actor, Receivable, receivable_id, READ)
        entries = [entry_out(one, row.base_currency) for one in queries.entries(db, row.id)]
    return json_response(receivable_out(row) | {"entries": entries}, etag=etag(row.version))


@receivable_router.post(
    "/receivables/{receivable_id}/support",
    operation_id="support_receivable",
    response_model=ReceivableOut,
    responses=COMMANDS,
)
def support_receivable(
    request: Request, actor: Accepter, receivable_id: UUID, given: SupportIn
) -> Response:
    """Accept later support or a justification; that part is accepted expenditure after all."""
    accept = Permission.EXPENDITURE_ACCEPT

    def work(db: Session) -> dict[str, Any]:
        owed, grant, fund = queries.get(db, actor, Receivable, receivable_id, accept)
        receivables.support(db, actor, fund, grant, owed, given)
        return receivable_out(queries.row(db, actor, Receivable, owed.id, accept))

    return command(request, actor, work)


@receivable_router.post(
    "/receivables/{receivable_id}/receive",
    operation_id="receive_receivable",
    response_model=ReceivableOut,
    responses=COMMANDS,
)
def receive_receivable(
    request: Request, actor: Writer, receivable_id: UUID, given: ReceiptPartIn
) -> Response:
    """Settle part of a receivable with money that came back."""

    def work(db: Session) -> dict[str, Any]:
        owed, grant, fund = queries.get(db, actor, Receivable, receivable_id, WRITE)
        receivables.receive(db, actor, fund, grant, owed, given)
        return receivable_out(queries.row(db, actor, Receivable, owed.id, WRITE))

    return command(request, actor, work)


@write_off_router.get(
    "/advance_write_offs",
    operation_id="list_advance_write_offs",
    response_model=AdvanceWriteOffPage,
    responses=LISTS,
)
def list_advance_write_offs(
    request: Request,
    actor: Reader,
    paging: Paging,
    grant_id: UUID | None = None,
    status: Literal["requested", "approved", "rejected"] | None = None,
) -> Response:
    """List write-offs of what grantees hold."""
    query = queries.listed(actor, AdvanceWriteOff, READ, grant_id=grant_id, status=status)
    with read_session(request) as db:
        page = list_page(
            db,
            query,
            paging,
            sorts=queries.WRITE_OFF_SORTS,
            key=AdvanceWriteOff.id,
            out=advance_write_off_out,
        )
    return json_response(page)


@write_off_router.post(
    "/grants/{grant_id}/advance_write_offs",
    operation_id="request_advance_write_off",
    status_code=201,
    response_model=AdvanceWriteOffOut,
    responses=CREATES,
)
def request_advance_write_off(
    request: Request, actor: Requester, grant_id: UUID, given: AdvanceWriteOffIn
) -> Response:
    """Ask to give up part of what a grantee holds; another person decides."""
    ask = Permission.WRITE_OFF_REQUEST

    def work(db: Session) -> dict[str, Any]:
        grant = get_visible(db, actor, grant_id, ask)
        fund = db.get_one(Fund, grant.fund_id)
        made = write_offs.request(db, actor, fund, grant, given)
        return advance_write_off_out(queries.row(db, actor, AdvanceWriteOff, made.id, ask))

    return command(request, actor, work, status=201, location="/v1/advance_write_offs/{id}")


@write_off_router.get(
    "/advance_write_offs/{advance_write_off_id}",
    operation_id="get_advance_write_off",
    response_model=AdvanceWriteOffOut,
    responses=READS,
)
def get_advance_write_off(request: Request, actor: Reader, advance_write_off_id: UUID) -> Response:
    """Read one write-off of an advance."""
    with read_session(request) as db:
        row = queries.row(db, actor, AdvanceWriteOff, advance_write_off_id, READ)
    return json_response(advance_write_off_out(row), etag=etag(row.version))


@write_off_router.post(
    "/advance_write_offs/{advance_write_off_id}/approve",
    operation_id="approve_advance_write_off",
    response_model=AdvanceWriteOffOut,
    responses=COMMANDS,
)
def approve_advance_write_off(
    request: Request, actor: Approver, advance_write_off_id: UUID
) -> Response:
    """Approve a write-off that another person asked for; the advance is cleared without cash."""
    decide = Permission.WRITE_OFF_APPROVE

    def work(db: Session) -> dict[str, Any]:
        found, grant, fund = queries.get(db, actor, AdvanceWriteOff, advance_write_off_id, decide)
        write_offs.approve(db, actor, fund, grant, found)
        return advance_write_off_out(queries.row(db, actor, AdvanceWriteOff, found.id, decide))

    return command(request, actor, work)


@write_off_router.post(
    "/advance_write_offs/{advance_write_off_id}/reject",
    operation_id="reject_advance_write_off",
    response_model=AdvanceWriteOffOut,
    responses=COMMANDS,
)
def reject_advance_write_off(
    request: Request, actor: Approver, advance_write_off_id: UUID, given: ExpenditureReasonIn
) -> Response:
    """Refuse a write-off that another person asked for; nothing is given up."""
    decide = Permission.WRITE_OFF_APPROVE

    def work(db: Session) -> dict[str, Any]:
        found, grant, _ = queries.get(db, actor, AdvanceWriteOff, advance_write_off_id, decide)
        write_offs.reject(db, actor, grant, found, given.reason)
        return advance_write_off_out(queries.row(db, actor, AdvanceWriteOff, found.id, decide))

    return command(request, actor, work)


def _request(db: Session, actor: Actor, request_id: UUID) -> dict[str, Any]:
    return refund_request_out(queries.row(db, actor, RefundRequest, request_id, WRITE))


OWED_ROUTERS: tuple[APIRouter, ...] = (request_router, receivable_router, write_off_router)
