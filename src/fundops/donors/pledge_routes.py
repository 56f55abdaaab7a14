"""Routes of pledges and of their ageing."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops import clock
from fundops.authz import Actor, Can, Permission
from fundops.command import check_match, command, etag, glance, read_session
from fundops.donors import ageing, pledges
from fundops.donors import register_queries as queries
from fundops.donors.register_schemas import (
    PledgeAgeingPage,
    PledgeConfirming,
    PledgeIn,
    PledgeOut,
    PledgePage,
    PledgePatch,
    PledgeStatus,
    Reason,
)
from fundops.donors.scope import require_fund
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import CHANGES, CREATES, LISTS, READS, Day
from fundops.strict import StrictRoute

router = APIRouter(prefix="/pledges", tags=["pledges"], route_class=StrictRoute)
ageing_router = APIRouter(prefix="/pledge_ageing", tags=["pledges"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.PLEDGE_READ))]
Writer = Annotated[Actor, Depends(Can(Permission.PLEDGE_WRITE))]


def _row(row: Any) -> Any:
    """Leave a row as it is: the page's rows are made into items all together."""
    return row


@router.get("", operation_id="list_pledges", response_model=PledgePage, responses=LISTS)
def list_pledges(
    request: Request,
    actor: Reader,
    paging: Paging,
    fund: UUID | None = None,
    donor: UUID | None = None,
    event: UUID | None = None,
    status: PledgeStatus | None = None,
) -> Response:
    """List the pledges you may see, with what was agreed, received and written off of each."""
    with glance(request) as db:
        page = list_page(
            db,
            queries.pledges(actor, fund=fund, donor=donor, event=event, status=status),
            paging,
            sorts=queries.PLEDGE_SORTS,
            key=queries.PLEDGE_ID,
            out=queries.pledge_out,
        )
    return json_response(page)


@router.post(
    "", operation_id="create_pledge", status_code=201, response_model=PledgeOut, responses=CREATES
)
def create_pledge(request: Request, actor: Writer, wanted: PledgeIn) -> Response:
    """Record a pledge, or one in the pipeline."""

    def work(db: Session) -> dict[str, Any]:
        require_fund(actor, Permission.PLEDGE_WRITE, wanted.fund_id)
        pledge = pledges.create_pledge(db, actor, wanted)
        return queries.written_pledge(db, pledge)

    return command(request, actor, work, status=201, location="/v1/pledges/{id}")


@router.get("/{pledge_id}", operation_id="get_pledge", response_model=PledgeOut, responses=READS)
def get_pledge(request: Request, actor: Reader, pledge_id: UUID) -> Response:
    """Read one pledge."""
    with glance(request) as db:
        found = queries.read_pledge(db, actor, pledge_id)
    return json_response(found, etag=etag(found["version"]))


@router.patch(
    "/{pledge_id}", operation_id="change_pledge", response_model=PledgeOut, responses=CHANGES
)
def change_pledge(request: Request, actor: Writer, pledge_id: UUID, patch: PledgePatch) -> Response:
    """Change a pledge that is not cancelled. Needs If-Match."""

    def work(db: Session) -> dict[str, Any]:
        pledge = queries.get_pledge(db, actor, Permission.PLEDGE_WRITE, pledge_id)
        check_match(request, pledge.version)
        pledges.change_pledge(db, actor, pledge, patch)
        return queries.written_pledge(db, pledge)

    return command(request, actor, work)


@router.post(
    "/{pledge_id}/confirm",
    operation_id="confirm_pledge",
    response_model=PledgeOut,
    responses=CREATES,
)
def confirm_pledge(
    request: Request, actor: Writer, pledge_id: UUID, wanted: PledgeConfirming
) -> Response:
    """Turn a pipeline entry into a pledge."""

    def work(db: Session) -> dict[str, Any]:
        pledge = queries.get_pledge(db, actor, Permission.PLEDGE_WRITE, pledge_id)
        pledges.confirm_pledge(db, actor, pledge, wanted)
        return queries.written_pledge(db, pledge)

    return command(request, actor, work)


@router.post(
    "/{pledge_id}/cancel",
    operation_id="cancel_pledge",
    response_model=PledgeOut,
    responses=CREATES,
)
def cancel_pledge(request: Request, actor: Writer, pledge_id: UUID, wanted: Reason) -> Response:
    """Cancel a pledge of which nothing was received, and say why."""

    def work(db: Session) -> dict[str, Any]:
        pledge = queries.get_pledge(db, actor, Permission.PLEDGE_WRITE, pledge_id)
        pledges.cancel_pledge(db, actor, pledge, wanted)
        return queries.written_pledge(db, pledge)

    return command(request, actor, work)


@ageing_router.get(
    "", operation_id="get_pledge_ageing", response_model=PledgeAgeingPage, responses=READS
)
def get_pledge_ageing(
    request: Request, actor: Reader, paging: Paging, fund: UUID, as_of: Day | None = None
) -> Response:
    """Read what donors have outstanding in a fund, per currency, by days overdue on a day."""
    with read_session(request) as db:
        its_fund, parties = ageing.fund_and_parties(db, actor, fund)
        day = as_of or clock.today(its_fund.zone)
        page = list_page(
            db,
            ageing.donors(its_fund.id, parties, day),
            paging,
            sorts=ageing.PARTY_SORTS,
            key=ageing.PARTY_ID,
            out=_row,
        )
        page["items"] = ageing.ageing_items(db, its_fund, page["items"], day)
    head = {"fund_id": its_fund.id, "as_of": day, "base_currency": its_fund.base_currency}
    return json_response(head | page)
