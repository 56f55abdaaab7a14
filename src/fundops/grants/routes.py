"""Routes of grants and of asking what can be funded."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import check_match, command, etag, read_session
from fundops.donors.scope import parties_held
from fundops.errors import Problem, invalid
from fundops.grants import fundable, queries, service
from fundops.grants.fundable_schemas import FundableIn, FundableOut
from fundops.grants.models import Grant, Tranche
from fundops.grants.schemas import (
    CloseIn,
    GrantConditions,
    GrantIn,
    GrantLots,
    GrantOut,
    GrantPage,
    GrantPatch,
    LotIn,
    TranchePage,
    grant_out,
    tranche_out,
)
from fundops.ledger.models import Fund
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import CHANGES, COMMANDS, CREATES, LISTS, READS, Country, money_out, problems
from fundops.strict import StrictRoute

router = APIRouter(prefix="/grants", tags=["grants"], route_class=StrictRoute)
awards_router = APIRouter(prefix="/awards", tags=["grants"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.GRANT_READ))]
Awarder = Annotated[Actor, Depends(Can(Permission.GRANT_AWARD))]
Tracer = Annotated[Actor, Depends(Can(Permission.TRACE_READ))]
GrantStatus = Literal["conditional", "awarded", "suspended", "terminated", "closed", "cancelled"]


def fund_of_body(db: Session, actor: Actor, fund_id: UUID, permission: Permission) -> Fund:
    """Return the fund a body names; refuse one that ``permission`` is not held for (422)."""
    funds = actor.funds(permission)
    fund = db.get(Fund, fund_id)
    if fund is None or (funds is not None and fund.id not in funds):
        raise invalid("/fund_id", "validation.unknown_record")
    return fund


@awards_router.post(
    "/fundable",
    operation_id="ask_fundable",
    response_model=FundableOut,
    responses=problems(400, 401, 403, 409, 413, 415, 422),
    openapi_extra={"x-dry-run": True},
)
def ask_fundable(request: Request, actor: Awarder, given: FundableIn) -> Response:
    """Ask whether a list of awards can be funded together. Changes nothing; needs no key."""
    with read_session(request) as db:
        fund = fund_of_body(db, actor, given.fund_id, Permission.GRANT_AWARD)
        return json_response(fundable.ask(db, actor, fund, given))


@router.get("", operation_id="list_grants", response_model=GrantPage, responses=LISTS)
def list_grants(
    request: Request,
    actor: Reader,
    paging: Paging,
    fund_id: UUID | None = None,
    call_id: UUID | None = None,
    grantee_id: UUID | None = None,
    country: Annotated[Country | None, Query()] = None,
    status: GrantStatus | None = None,
) -> Response:
    """List grants; a grantee sees its own."""
    with read_session(request) as db:
        page = list_page(
            db,
            queries.visible(
                actor,
                fund_id=fund_id,
                call_id=call_id,
                grantee_id=grantee_id,
                country=country,
                status=status,
            ),
            paging,
            sorts=queries.SORTS,
            key=Grant.id,
            out=grant_out,
        )
    return json_response(page)


@router.post(
    "", operation_id="award_grant", status_code=201, response_model=GrantOut, responses=CREATES
)
def award_grant(request: Request, actor: Awarder, given: GrantIn) -> Response:
    """Award a grant: reserved in full at once, or refused with what binds.

    With ``instalment_id`` it reserves nothing and waits for that instalment.
    """

    def work(db: Session) -> dict[str, Any]:
        fund = fund_of_body(db, actor, given.fund_id, Permission.GRANT_AWARD)
        if given.instalment_id is None:
            grant = service.award(db, actor, fund, given)
        else:
            grant = service.award_on_instalment(db, actor, fund, given, given.instalment_id)
        return grant_out(queries.row(db, actor, grant.id))

    return command(request, actor, work, status=201, location="/v1/grants/{id}")


@router.get("/{grant_id}", operation_id="get_grant", response_model=GrantOut, responses=READS)
def get_grant(request: Request, actor: Reader, grant_id: UUID) -> Response:
    """Read one grant."""
    with read_session(request) as db:
        row = queries.row(db, actor, grant_id)
        return json_response(grant_out(row), etag=etag(row.version))


@router.patch(
    "/{grant_id}", operation_id="change_grant", response_model=GrantOut, responses=CHANGES
)
def change_grant(request: Request, actor: Awarder, grant_id: UUID, patch: GrantPatch) -> Response:
    """Change a grant's title or period. Needs If-Match."""

    def work(db: Session) -> dict[str, Any]:
        grant = queries.get_visible(db, actor, grant_id, Permission.GRANT_AWARD)
        check_match(request, grant.version)
        service.change_grant(db, actor, grant, patch)
        return grant_out(queries.row(db, actor, grant_id))

    return command(request, actor, work)


@router.get(
    "/{grant_id}/tranches",
    operation_id="list_tranches",
    response_model=TranchePage,
    responses=READS,
)
def list_tranches(request: Request, actor: Reader, grant_id: UUID, paging: Paging) -> Response:
    """List the scheduled outflows of a grant."""
    with read_session(request) as db:
        queries.row(db, actor, grant_id)
        page = list_page(
            db,
            queries.tranches(actor, grant_id),
            paging,
            sorts=queries.TRANCHE_SORTS,
            key=Tranche.id,
            out=tranche_out,
        )
    return json_response(page)


@router.get(
    "/{grant_id}/lots", operation_id="list_grant_lots", response_model=GrantLots, responses=READS
)
def list_grant_lots(request: Request, actor: Tracer, grant_id: UUID) -> Response:
    """List what a grant holds of each lot: reserved, advanced, pinned."""
    with read_session(request) as db:
        grant = queries.get_visible(db, actor, grant_id)
        if parties_held(actor, Permission.TRACE_READ, grant.fund_id) is not None:
            # Lots are of all donors; who traces as one of them reads the trace instead.
            raise Problem("not-found")
        currency = db.get_one(Fund, grant.fund_id).base_currency
        items = [
            {
                "lot_id": lot["lot_id"],
                "lot_code": lot["lot_code"],
                "reserved": money_out(lot["reserved_minor"], currency),
                "advanced": money_out(lot["advanced_minor"], currency),
                "is_pinned": lot["is_pinned"],
            }
            for lot in service.lots_of(db, grant)
        ]
    return json_response({"items": items, "next_cursor": None})


@router.post(
    "/{grant_id}/cancel", operation_id="cancel_grant", response_model=GrantOut, responses=COMMANDS
)
def cancel_grant(request: Request, actor: Awarder, grant_id: UUID, given: CloseIn) -> Response:
    """Cancel a grant of which nothing was paid."""

    def work(db: Session) -> dict[str, Any]:
        grant = queries.get_visible(db, actor, grant_id, Permission.GRANT_AWARD)
        service.cancel_grant(db, actor, db.get_one(Fund, grant.fund_id), grant, given)
        return grant_out(queries.row(db, actor, grant_id))

    return command(request, actor, work)


@router.post(
    "/{grant_id}/stand", operation_id="stand_grant", response_model=GrantOut, responses=COMMANDS
)
def stand_grant(request: Request, actor: Awarder, grant_id: UUID) -> Response:
    """Let a conditional grant stand on the fund's free money, without its instalment."""

    def work(db: Session) -> dict[str, Any]:
        grant = queries.get_visible(db, actor, grant_id, Permission.GRANT_AWARD)
        service.stand(db, actor, db.get_one(Fund, grant.fund_id), grant)
        return grant_out(queries.row(db, actor, grant_id))

    return command(request, actor, work)


@router.get(
    "/{grant_id}/conditions",
    operation_id="list_grant_conditions",
    response_model=GrantConditions,
    responses=READS,
)
def list_grant_conditions(request: Request, actor: Tracer, grant_id: UUID) -> Response:
    """List the instalments a grant waits for or waited for, and what they still lack."""
    with read_session(request) as db:
        grant = queries.get_visible(db, actor, grant_id)
        if parties_held(actor, Permission.TRACE_READ, grant.fund_id) is not None:
            # Agreements are of all donors; who traces as one of them reads the trace instead.
            raise Problem("not-found")
        items = service.conditions_of(db, grant)
    return json_response({"items": items, "next_cursor": None})


@router.post(
    "/{grant_id}/pins", operation_id="pin_reservation", response_model=GrantOut, responses=COMMANDS
)
def pin_reservation(request: Request, actor: Awarder, grant_id: UUID, given: LotIn) -> Response:
    """Keep a grant's reservation on a lot from being re-routed."""
    return _pin(request, actor, grant_id, given, is_pinned=True)


@router.post(
    "/{grant_id}/unpin",
    operation_id="unpin_reservation",
    response_model=GrantOut,
    responses=COMMANDS,
)
def unpin_reservation(request: Request, actor: Awarder, grant_id: UUID, given: LotIn) -> Response:
    """Allow a grant's reservation on a lot to be re-routed again."""
    return _pin(request, actor, grant_id, given, is_pinned=False)


def _pin(
    request: Request, actor: Actor, grant_id: UUID, given: LotIn, *, is_pinned: bool
) -> Response:
    def work(db: Session) -> dict[str, Any]:
        grant = queries.get_visible(db, actor, grant_id, Permission.GRANT_AWARD)
        (service.pin if is_pinned else service.unpin)(db, actor, grant, given.lot_id)
        return grant_out(queries.row(db, actor, grant_id))

    return command(request, actor, work)
