"""Routes of funds."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Can, Permission
from fundops.command import check_match, command, etag, glance, read_session
from fundops.funds import queries, service
from fundops.funds.schemas import (
    FundBalancesOut,
    FundIn,
    FundOut,
    FundPage,
    FundPatch,
    fund_out,
)
from fundops.ledger import balances
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import CHANGES, CREATES, LISTS, READS, Day, Instant, money_out
from fundops.strict import StrictRoute

router = APIRouter(prefix="/funds", tags=["funds"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.FUND_READ))]
Writer = Annotated[Actor, Depends(Can(Permission.FUND_WRITE))]


@router.get("", operation_id="list_funds", response_model=FundPage, responses=LISTS)
def list_funds(request: Request, actor: Reader, paging: Paging) -> Response:
    """List the funds you may see."""
    with glance(request) as db:
        page = list_page(
            db,
            queries.visible(actor),
            paging,
            sorts=queries.SORTS,
            key=queries.COLUMNS[0],
            out=fund_out,
        )
    return json_response(page)


@router.post(
    "", operation_id="create_fund", status_code=201, response_model=FundOut, responses=CREATES
)
def create_fund(request: Request, actor: Writer, given: FundIn) -> Response:
    """Open a fund with its own books and base currency."""

    def work(db: Session) -> dict[str, Any]:
        return fund_out(service.create_fund(db, actor, given))

    return command(request, actor, work, status=201, location="/v1/funds/{id}")


@router.get("/{fund_id}", operation_id="get_fund", response_model=FundOut, responses=READS)
def get_fund(request: Request, actor: Reader, fund_id: UUID) -> Response:
    """Read one fund."""
    with glance(request) as db:
        fund = queries.get_visible(db, actor, fund_id)
        return json_response(fund_out(fund), etag=etag(fund.version))


@router.patch("/{fund_id}", operation_id="change_fund", response_model=FundOut, responses=CHANGES)
def change_fund(request: Request, actor: Writer, fund_id: UUID, patch: FundPatch) -> Response:
    """Change a fund's name or what its awards may stand on. Needs If-Match."""

    def work(db: Session) -> dict[str, Any]:
        fund = queries.get_visible(db, actor, fund_id, lock=True)
        check_match(request, fund.version)
        return fund_out(service.change_fund(db, actor, fund, patch))

    return command(request, actor, work)


@router.get(
    "/{fund_id}/balances",
    operation_id="get_fund_balances",
    response_model=FundBalancesOut,
    responses=READS,
)
def get_fund_balances(
    request: Request,
    actor: Annotated[Actor, Depends(Can(Permission.BALANCES_READ))],
    fund_id: UUID,
    as_of: Day | None = None,
    known_at: Instant | None = None,
) -> Response:
    """Read a fund's trial balance, now or as of a date and as known at an instant."""
    with read_session(request) as db:
        fund = queries.get_visible(db, actor, fund_id)
        on: date = as_of or clock.today(fund.zone)
        seq = audit.sequence_at(db, known_at)
        found = balances.by_kind(db, fund.id, on, seq)
        body = {
            "fund_id": fund.id,
            "as_of": on.isoformat(),
            "known_seq": seq,
            "balances": {
                kind: money_out(found[kind].minor, fund.base_currency) for kind in sorted(found)
            },
        }
    return json_response(body)
