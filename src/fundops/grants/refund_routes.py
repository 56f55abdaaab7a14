"""Routes of refunds."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command, read_session
from fundops.grants import queries, refunds
from fundops.grants.models import Refund
from fundops.grants.schemas import RefundIn, RefundOut, RefundPage, refund_out
from fundops.ledger.models import Fund
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import CREATES, LISTS, READS
from fundops.strict import StrictRoute

router = APIRouter(tags=["grants"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.GRANT_READ))]
Refunder = Annotated[Actor, Depends(Can(Permission.REFUND_WRITE))]


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
        made = refunds.refund(db, actor, fund, grant, given)
        return refund_out(queries.refund_row(db, actor, made.id))

    return command(request, actor, work, status=201, location="/v1/refunds/{id}")
