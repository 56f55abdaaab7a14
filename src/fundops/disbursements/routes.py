"""Routes of disbursements."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command, etag, read_session
from fundops.disbursements import queries, service
from fundops.disbursements.models import Disbursement
from fundops.disbursements.schemas import (
    CancelIn,
    DisbursementIn,
    DisbursementOut,
    DisbursementPage,
    PayIn,
    disbursement_out,
)
from fundops.grants import queries as grants
from fundops.ledger.models import Fund
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import COMMANDS, CREATES, LISTS, READS
from fundops.strict import StrictRoute

router = APIRouter(tags=["disbursements"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.GRANT_READ))]
Requester = Annotated[Actor, Depends(Can(Permission.DISBURSEMENT_REQUEST))]
Payer = Annotated[Actor, Depends(Can(Permission.DISBURSEMENT_PAY))]
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
            sorts=queries.SORTS,
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
        grant = grants.get_visible(db, actor, grant_id, Permission.DISBURSEMENT_REQUEST)
        fund = db.get_one(Fund, grant.fund_id)
        made = service.request(db, actor, fund, grant, given)
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
        service.pay(db, actor, db.get_one(Fund, grant.fund_id), found, grant, given)
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
        service.cancel(db, actor, found, grant, given)
        return disbursement_out(queries.disbursement_row(db, actor, disbursement_id))

    return command(request, actor, work)
