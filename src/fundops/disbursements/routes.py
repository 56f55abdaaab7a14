"""Routes of disbursements."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command, etag, read_session
from fundops.disbursements import queries, service, state
from fundops.disbursements.models import Disbursement
from fundops.disbursements.schemas import (
    DisbursementIn,
    DisbursementOut,
    DisbursementPage,
    DisbursementStateOut,
    disbursement_out,
)
from fundops.grants import queries as grants
from fundops.ledger.models import Fund
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import CREATES, LISTS, READS
from fundops.strict import StrictRoute

router = APIRouter(tags=["disbursements"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.GRANT_READ))]
DutyReader = Annotated[Actor, Depends(Can(Permission.DUTY_READ))]
Requester = Annotated[Actor, Depends(Can(Permission.DISBURSEMENT_REQUEST))]
DisbursementStatus = Literal[
    "requested", "sent_back", "certified", "approved", "sent", "paid", "returned", "rejected",
    "failed", "cancelled",
]  # fmt: skip


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


@router.get(
    "/disbursements/{disbursement_id}/state",
    operation_id="get_disbursement_state",
    response_model=DisbursementStateOut,
    responses=READS,
)
def get_disbursement_state(request: Request, actor: DutyReader, disbursement_id: UUID) -> Response:
    """Read what keeps a disbursement back now, whether signatures still count, and its steps."""
    with read_session(request) as db:
        found, grant = queries.get_disbursement(db, actor, disbursement_id, Permission.DUTY_READ)
        return json_response(state.state_of(db, found, grant))
