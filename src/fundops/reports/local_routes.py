"""Routes of what grantees received in their own currency."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops import clock
from fundops.authz import Actor, Can, Permission
from fundops.command import command, read_session
from fundops.disbursements.queries import get_disbursement
from fundops.funds import rates
from fundops.grants.models import Grant
from fundops.grants.policy import policy_in_force
from fundops.grants.queries import get_visible
from fundops.ledger.models import Fund
from fundops.pages import Paging, json_response, list_page
from fundops.reports import local_queries as queries
from fundops.reports import local_receipts as service
from fundops.reports.local_schemas import (
    LocalReceiptIn,
    LocalReceiptOut,
    LocalReceiptPage,
    LocalReversalIn,
    shown,
)
from fundops.schemas import COMMANDS, CREATES, LISTS
from fundops.strict import StrictRoute

router = APIRouter(tags=["local receipts"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.REPORT_READ))]
Writer = Annotated[Actor, Depends(Can(Permission.REPORT_WRITE))]


@router.get(
    "/grants/{grant_id}/local_receipts",
    operation_id="list_local_receipts",
    response_model=LocalReceiptPage,
    responses=LISTS,
)
def list_local_receipts(
    request: Request, actor: Reader, paging: Paging, grant_id: UUID
) -> Response:
    """List what a grantee received in its own currency, each rate beside the one on record."""
    with read_session(request) as db:
        grant = get_visible(db, actor, grant_id, Permission.REPORT_READ)
        page = list_page(
            db,
            queries.receipts(actor, grant_id),
            paging,
            sorts=queries.SORTS,
            key=queries.RECEIPT_ID,
            out=_judge(db, grant),
        )
    return json_response(page)


@router.post(
    "/disbursements/{disbursement_id}/local_receipts",
    operation_id="declare_local_receipt",
    status_code=201,
    response_model=LocalReceiptOut,
    responses=CREATES,
)
def declare_local_receipt(
    request: Request, actor: Writer, disbursement_id: UUID, given: LocalReceiptIn
) -> Response:
    """Declare what was received in local currency for a payment, or for a part of it."""

    def work(db: Session) -> dict[str, Any]:
        disbursement, grant = get_disbursement(db, actor, disbursement_id, Permission.REPORT_WRITE)
        fund = db.get_one(Fund, grant.fund_id)
        made = service.declare(db, actor, fund, grant, disbursement, given)
        return _one(db, actor, grant, made.id)

    return command(request, actor, work, status=201)


@router.post(
    "/local_receipts/{local_receipt_id}/reverse",
    operation_id="reverse_local_receipt",
    response_model=LocalReceiptOut,
    responses=COMMANDS,
)
def reverse_local_receipt(
    request: Request, actor: Writer, local_receipt_id: UUID, given: LocalReversalIn
) -> Response:
    """Reverse what was declared wrongly. What is right is declared anew."""

    def work(db: Session) -> dict[str, Any]:
        receipt, grant = queries.get(db, actor, local_receipt_id, Permission.REPORT_WRITE)
        made = service.reverse(db, actor, grant, receipt, given.reason)
        return _one(db, actor, grant, made.id)

    return command(request, actor, work)


def _judge(db: Session, grant: Grant) -> Callable[[Any], dict[str, Any]]:
    fund = db.get_one(Fund, grant.fund_id)
    currency = queries.currency_of(db, grant.id) or fund.base_currency
    policy = policy_in_force(db, fund.id, clock.today(fund.zone))
    known = rates.known_rates(db, fund.base_currency, currency)
    return shown(known, policy.payments.local_rate_tolerance_percent)


def _one(db: Session, actor: Actor, grant: Grant, receipt_id: UUID) -> dict[str, Any]:
    query = queries.receipts(actor).where(receipt_id == queries.RECEIPT_ID)
    return _judge(db, grant)(db.execute(query).one())
