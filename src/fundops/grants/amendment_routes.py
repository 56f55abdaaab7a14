"""Routes of amendments: asked for, changed, approved, rejected, withdrawn."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import check_match, command, etag, read_session
from fundops.grants import amendment_queries as queries
from fundops.grants import amendments
from fundops.grants import queries as grants
from fundops.grants.agreement_routes import Number
from fundops.grants.amendment_models import GrantAmendment
from fundops.grants.amendment_schemas import (
    AmendmentDetailOut,
    AmendmentIn,
    AmendmentKind,
    AmendmentPage,
    AmendmentPatch,
    AmendmentReasonIn,
    ApproveAmendmentIn,
    amendment_out,
    detail_out,
)
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import CHANGES, COMMANDS, CREATES, LISTS, READS
from fundops.strict import StrictRoute

list_router = APIRouter(prefix="/grant_amendments", tags=["amendments"], route_class=StrictRoute)
router = APIRouter(prefix="/grants", tags=["amendments"], route_class=StrictRoute)

_P = Permission
Reader = Annotated[Actor, Depends(Can(_P.GRANT_AGREEMENT_READ))]
Requester = Annotated[Actor, Depends(Can(_P.AMENDMENT_REQUEST))]
Approver = Annotated[Actor, Depends(Can(_P.AMENDMENT_APPROVE))]
AmendmentStatus = Literal["requested", "approved", "in_force", "rejected", "withdrawn", "lapsed"]
PLACE = "/{grant_id}/amendments/{number}"


@list_router.get(
    "", operation_id="list_grant_amendments", response_model=AmendmentPage, responses=LISTS
)
def list_grant_amendments(
    request: Request,
    actor: Reader,
    paging: Paging,
    fund_id: UUID | None = None,
    grant_id: UUID | None = None,
    kind: AmendmentKind | None = None,
    status: AmendmentStatus | None = None,
) -> Response:
    """List amendments; a grantee sees its own."""
    query = queries.visible(actor, fund_id=fund_id, grant_id=grant_id, kind=kind, status=status)
    with read_session(request) as db:
        page = list_page(
            db, query, paging, sorts=queries.SORTS, key=GrantAmendment.id, out=amendment_out
        )
    return json_response(page)


@router.post(
    "/{grant_id}/amendments",
    operation_id="request_amendment",
    status_code=201,
    response_model=AmendmentDetailOut,
    responses=CREATES,
)
def request_amendment(
    request: Request, actor: Requester, grant_id: UUID, given: AmendmentIn
) -> Response:
    """Ask, as the grantee or for the fund, for a change of the agreement in force."""

    def work(db: Session) -> dict[str, Any]:
        grant = grants.get_visible(db, actor, grant_id, _P.AMENDMENT_REQUEST)
        made = amendments.request(db, actor, db.get_one(Fund, grant.fund_id), grant, given)
        return _out(db, actor, made)

    place = "/v1/grants/{grant_id}/amendments/{number}"
    return command(request, actor, work, status=201, location=place)


@router.get(
    PLACE,
    operation_id="get_grant_amendment",
    response_model=AmendmentDetailOut,
    responses=READS,
)
def get_grant_amendment(
    request: Request, actor: Reader, grant_id: UUID, number: Number
) -> Response:
    """Read an amendment with what would be agreed, and its approvals."""
    with read_session(request) as db:
        amendment = queries.get(db, actor, grant_id, number)[1]
        out = _out(db, actor, amendment)
    return json_response(out, etag=etag(out["version"]))


@router.patch(
    PLACE,
    operation_id="change_amendment",
    response_model=AmendmentDetailOut,
    responses=CHANGES,
)
def change_amendment(
    request: Request, actor: Requester, grant_id: UUID, number: Number, patch: AmendmentPatch
) -> Response:
    """Ask for another change instead. Approvals that were given are void."""

    def work(db: Session) -> dict[str, Any]:
        grant, amendment = queries.get(db, actor, grant_id, number, _P.AMENDMENT_REQUEST)
        check_match(request, amendment.version)
        fund = db.get_one(Fund, grant.fund_id)
        amendments.change(db, actor, fund, grant, amendment, patch)
        return _out(db, actor, amendment)

    return command(request, actor, work)


@router.post(
    PLACE + "/approve",
    operation_id="approve_amendment",
    response_model=AmendmentDetailOut,
    responses=COMMANDS,
)
def approve_amendment(
    request: Request, actor: Approver, grant_id: UUID, number: Number, given: ApproveAmendmentIn
) -> Response:
    """Approve what was seen. The last approval that is needed lets it go on."""

    def work(db: Session) -> dict[str, Any]:
        grant, amendment = queries.get(db, actor, grant_id, number, _P.AMENDMENT_APPROVE)
        fund = db.get_one(Fund, grant.fund_id)
        amendments.approve(db, actor, fund, grant, amendment, given)
        return _out(db, actor, amendment)

    return command(request, actor, work)


@router.post(
    PLACE + "/reject",
    operation_id="reject_amendment",
    response_model=AmendmentDetailOut,
    responses=COMMANDS,
)
def reject_amendment(
    request: Request, actor: Approver, grant_id: UUID, number: Number, given: AmendmentReasonIn
) -> Response:
    """Refuse what is asked for; nothing changes."""
    return _end(request, actor, grant_id, number, _P.AMENDMENT_APPROVE, given)


@router.post(
    PLACE + "/withdraw",
    operation_id="withdraw_amendment",
    response_model=AmendmentDetailOut,
    responses=COMMANDS,
)
def withdraw_amendment(
    request: Request, actor: Requester, grant_id: UUID, number: Number, given: AmendmentReasonIn
) -> Response:
    """Take back what one's own side asked for."""
    return _end(request, actor, grant_id, number, _P.AMENDMENT_REQUEST, given)


def _end(
    request: Request,
    actor: Actor,
    grant_id: UUID,
    number: Number,
    permission: Permission,
    given: AmendmentReasonIn,
) -> Response:
    def work(db: Session) -> dict[str, Any]:
        found: tuple[Grant, GrantAmendment] = queries.get(db, actor, grant_id, number, permission)
        grant, amendment = found
        if permission is _P.AMENDMENT_APPROVE:
            amendments.reject(db, actor, grant, amendment, given.reason)
        else:
            amendments.withdraw(db, actor, grant, amendment, given.reason)
        return _out(db, actor, amendment)

    return command(request, actor, work)


def _out(db: Session, actor: Actor, amendment: GrantAmendment) -> dict[str, Any]:
    query = queries.visible(actor, grant_id=amendment.grant_id)
    row = db.execute(query.where(GrantAmendment.id == amendment.id)).one()
    return detail_out(row, amendment, queries.approvals(db, amendment.id))
