"""Routes of holds and of sanctions checks."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command, read_session
from fundops.disbursements import control_queries as queries
from fundops.disbursements import holds, sanctions
from fundops.disbursements.control_schemas import (
    HoldIn,
    HoldOut,
    HoldPage,
    PartyHoldIn,
    ResolveIn,
    SanctionsCheckIn,
    SanctionsCheckOut,
    SanctionsCheckPage,
    hold_out,
    sanctions_check_out,
)
from fundops.disbursements.models import PaymentHold, SanctionsCheck
from fundops.disbursements.queries import get_disbursement
from fundops.errors import invalid
from fundops.grants.queries import get_visible as get_grant
from fundops.pages import Paging, json_response, list_page
from fundops.parties.queries import get_visible as get_party
from fundops.schemas import COMMANDS, CREATES, LISTS, READS
from fundops.strict import StrictRoute

router = APIRouter(tags=["duties"], route_class=StrictRoute)

_P = Permission
DutyReader = Annotated[Actor, Depends(Can(_P.DUTY_READ))]
Holder = Annotated[Actor, Depends(Can(_P.DISBURSEMENT_HOLD))]
SanctionsReader = Annotated[Actor, Depends(Can(_P.SANCTIONS_READ))]
SanctionsWriter = Annotated[Actor, Depends(Can(_P.SANCTIONS_WRITE))]
SanctionsResolver = Annotated[Actor, Depends(Can(_P.SANCTIONS_RESOLVE))]


@router.get(
    "/payment_holds", operation_id="list_payment_holds", response_model=HoldPage, responses=LISTS
)
def list_payment_holds(
    request: Request, actor: DutyReader, paging: Paging, is_open: bool | None = None
) -> Response:
    """List stops on payments."""
    with read_session(request) as db:
        page = list_page(
            db, queries.holds(actor, is_open=is_open), paging, sorts=queries.HOLD_SORTS,
            key=PaymentHold.id, out=hold_out,
        )  # fmt: skip
    return json_response(page)


@router.post(
    "/grants/{grant_id}/hold",
    operation_id="hold_grant",
    status_code=201,
    response_model=HoldOut,
    responses=CREATES,
)
def hold_grant(request: Request, actor: Holder, grant_id: UUID, given: HoldIn) -> Response:
    """Stop payments of a grant, at once."""

    def work(db: Session) -> dict[str, Any]:
        grant = get_grant(db, actor, grant_id, _P.DISBURSEMENT_HOLD)
        return hold_out(
            holds.place(db, actor, given.reason, fund_id=grant.fund_id, grant_id=grant.id)
        )

    return command(request, actor, work, status=201)


@router.post(
    "/disbursements/{disbursement_id}/hold",
    operation_id="hold_disbursement",
    status_code=201,
    response_model=HoldOut,
    responses=CREATES,
)
def hold_disbursement(
    request: Request, actor: Holder, disbursement_id: UUID, given: HoldIn
) -> Response:
    """Stop one disbursement, at once."""

    def work(db: Session) -> dict[str, Any]:
        found, grant = get_disbursement(db, actor, disbursement_id, _P.DISBURSEMENT_HOLD)
        return hold_out(
            holds.place(db, actor, given.reason, fund_id=grant.fund_id, disbursement=found)
        )

    return command(request, actor, work, status=201)


@router.post(
    "/parties/{party_id}/hold",
    operation_id="hold_grantee",
    status_code=201,
    response_model=HoldOut,
    responses=CREATES,
)
def hold_grantee(request: Request, actor: Holder, party_id: UUID, given: PartyHoldIn) -> Response:
    """Stop all payments of a fund to a grantee, at once."""

    def work(db: Session) -> dict[str, Any]:
        party = get_party(db, actor, party_id)
        funds = actor.funds(_P.DISBURSEMENT_HOLD)
        known = queries.party_in_fund(db, given.fund_id, party.id)
        if not known or (funds is not None and given.fund_id not in funds):
            raise invalid("/fund_id", "validation.unknown_record")
        return hold_out(
            holds.place(db, actor, given.reason, fund_id=given.fund_id, party_id=party.id)
        )

    return command(request, actor, work, status=201)


@router.post(
    "/payment_holds/{hold_id}/lift",
    operation_id="lift_payment_hold",
    response_model=HoldOut,
    responses=COMMANDS,
)
def lift_payment_hold(request: Request, actor: Holder, hold_id: UUID, given: HoldIn) -> Response:
    """Lift a stop that another person placed."""

    def work(db: Session) -> dict[str, Any]:
        found = queries.get_hold(db, actor, hold_id)
        return hold_out(holds.lift(db, actor, found, given.reason))

    return command(request, actor, work)


@router.get(
    "/parties/{party_id}/sanctions_checks",
    operation_id="list_sanctions_checks",
    response_model=SanctionsCheckPage,
    responses=READS,
)
def list_sanctions_checks(
    request: Request, actor: SanctionsReader, party_id: UUID, paging: Paging
) -> Response:
    """List when a party was looked up in sanctions lists, and what came of it."""
    with read_session(request) as db:
        party = get_party(db, actor, party_id)
        page = list_page(
            db, queries.checks(party.id), paging, sorts=queries.CHECK_SORTS,
            key=SanctionsCheck.id, out=sanctions_check_out,
        )  # fmt: skip
    return json_response(page)


@router.post(
    "/parties/{party_id}/sanctions_checks",
    operation_id="record_sanctions_check",
    status_code=201,
    response_model=SanctionsCheckOut,
    responses=CREATES,
)
def record_sanctions_check(
    request: Request, actor: SanctionsWriter, party_id: UUID, given: SanctionsCheckIn
) -> Response:
    """Record that a party was looked up in sanctions lists."""

    def work(db: Session) -> dict[str, Any]:
        party = get_party(db, actor, party_id)
        return sanctions_check_out(sanctions.check(db, actor, party, given))

    return command(request, actor, work, status=201)


@router.post(
    "/sanctions_checks/{check_id}/resolve",
    operation_id="resolve_sanctions_check",
    response_model=SanctionsCheckOut,
    responses=COMMANDS,
)
def resolve_sanctions_check(
    request: Request, actor: SanctionsResolver, check_id: UUID, given: ResolveIn
) -> Response:
    """Say whether a hit is the party or another of the same name; another person looked."""

    def work(db: Session) -> dict[str, Any]:
        found = queries.get_check(db, check_id)
        get_party(db, actor, found.party_id)
        made = sanctions.resolve(db, actor, found, given.outcome, given.reason)
        return sanctions_check_out(made)

    return command(request, actor, work)
