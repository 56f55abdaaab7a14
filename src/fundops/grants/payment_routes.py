"""Routes of disbursements and refunds."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command, etag, read_session
from fundops.grants import payments, queries
from fundops.grants.models import Disbursement, Refund
from fundops.grants.schemas import (
    CancelIn,
    DisbursementIn,
    DisbursementOut,
    DisbursementPage,
    PayIn,
    RefundIn,
    RefundOut,
    RefundPage,
    disbursement_out,
    refund_out,
)
from fundops.ledger.models import Fund
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import COMMANDS, CREATES, LISTS, READS
from fundops.strict import StrictRoute

router = APIRouter(tags=["grants"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.GRANT_READ))]
Requester = Annotated[Actor, Depends(Can(Permission.DISBURSEMENT_REQUEST))]
Payer = Annotated[Actor, Depends(Can(Permission.DISBURSEMENT_PAY))]
Refunder = Annotated[Actor, Depends(Can(Permission.REFUND_WRITE))]
DisbursementStatus = Literal["requested", "paid", "cancelled"]


@router.get(
    "/disbursements",
    operation_id="list_disbursements",
    response_model=DisbursementPage,
    responses=LISTS,
)
def list_disbursements(
    request: Request,
    actor: Reader,
    paging: Paging,
    grant_id: UUID | None = None,
    status: DisbursementStatus | None = None,
) -> Response:
    """List disbursements; a grantee sees its own."""
    with read_session(request) as db:
        page = list_page(
            db,
            queries.disbursements(actor, grant_id=grant_id, status=status),
            paging,
            sorts=queries.DISBURSEMENT_SORTS,
            key=Disbursement.id,
            out=disbursement_out,
        )
    return json_response(page)


@router.get(
    "/disbursements/{disbursement_id}",
    operation_id="get_disbursement",
    response_model=DisbursementOut,
    responses=READS,
)
def get_disbursement(request: Request, actor: Reader, disbursement_id: UUID) -> Response:
    """Read one disbursement."""
    with read_session(request) as db:
        row = queries.disbursement_row(db, actor, disbursement_id)
        return json_response(disbursement_out(row), etag=etag(row.version))


@router.post(
    "/grants/{grant_id}/disbursements",
    operation_id="request_disbursement",
    status_code=201,
    response_model=DisbursementOut,
    responses=CREATES,
)
def request_disbursement(
    request: Request, actor: Requester, grant_id: UUID, given: DisbursementIn
) -> Response:
    """Ask for part of a grant to be paid."""

    def work(db: Session) -> dict[str, Any]:
        grant = queries.get_visible(db, actor, grant_id, Permission.DISBURSEMENT_REQUEST)
        fund = db.get_one(Fund, grant.fund_id)
        made = payments.request(db, actor, fund, grant, given)
        return disbursement_out(queries.disbursement_row(db, actor, made.id))

    return command(request, actor, work, status=201, location="/v1/disbursements/{id}")


@router.post(
    "/disbursements/{disbursement_id}/pay",
    operation_id="pay_disbursement",
    response_model=DisbursementOut,
    responses=COMMANDS,
)
def pay_disbursement(
    request: Request, actor: Payer, disbursement_id: UUID, given: PayIn
) -> Response:
    """Book the payment of a disbursement; another person asked for it."""

    def work(db: Session) -> dict[str, Any]:
        found, grant = queries.get_disbursement(
            db, actor, disbursement_id, Permission.DISBURSEMENT_PAY
        )
        payments.pay(db, actor, db.get_one(Fund, grant.fund_id), found, grant, given)
        return disbursement_out(queries.disbursement_row(db, actor, disbursement_id))

    return command(request, actor, work)


@router.post(
    "/disbursements/{disbursement_id}/cancel",
    operation_id="cancel_disbursement",
    response_model=DisbursementOut,
    responses=COMMANDS,
)
def cancel_disbursement(
    request: Request, actor: Requester, disbursement_id: UUID, given: CancelIn
) -> Response:
    """Withdraw a disbursement that has not been paid."""

    def work(db: Session) -> dict[str, Any]:
        found, grant = queries.get_disbursement(
            db, actor, disbursement_id, Permission.DISBURSEMENT_REQUEST
        )
        payments.cancel(db, actor, found, grant, given)
        return disbursement_out(queries.disbursement_row(db, actor, disbursement_id))

    return command(request, actor, work)


@router.get("/refunds", operation_id="list_refunds", response_model=RefundPage, responses=LISTS)
def list_refunds(
    request: Request, actor: Reader, paging: Paging, grant_id: UUID | None = None
) -> Response:
    """List refunds; a grantee sees its own."""
    with read_session(request) as db:
        page = list_page(
            db,
            queries.refunds(actor, grant_id=grant_id),
            paging,
            sorts=queries.REFUND_SORTS,
            key=Refund.id,
            out=refund_out,
        )
    return json_response(page)


@router.get(
    "/refunds/{refund_id}",
    operation_id="get_refund",
    response_model=RefundOut,
    responses=READS,
)
def get_refund(request: Request, actor: Reader, refund_id: UUID) -> Response:
    """Read one refund."""
    with read_session(request) as db:
        return json_response(refund_out(queries.refund_row(db, actor, refund_id)))


@router.post(
    "/grants/{grant_id}/refunds",
    operation_id="book_refund",
    status_code=201,
    response_model=RefundOut,
    responses=CREATES,
)
def book_refund(request: Request, actor: Refunder, grant_id: UUID, given: RefundIn) -> Response:
    """Book money that a grantee returned; it goes back to the lots the way it came."""

    def work(db: Session) -> dict[str, Any]:
        grant = queries.get_visible(db, actor, grant_id, Permission.REFUND_WRITE)
        fund = db.get_one(Fund, grant.fund_id)
        made = payments.refund(db, actor, fund, grant, given)
        return refund_out(queries.refund_row(db, actor, made.id))

    return command(request, actor, work, status=201, location="/v1/refunds/{id}")
