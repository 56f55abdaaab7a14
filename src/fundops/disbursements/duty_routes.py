"""Routes of duty profiles and of limits per person."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command, read_session
from fundops.disbursements import control_queries as queries
from fundops.disbursements import limits, profiles
from fundops.disbursements.control_schemas import (
    DecideIn,
    DutyProfileIn,
    DutyProfileOut,
    DutyProfilePage,
    PersonLimitIn,
    PersonLimitOut,
    PersonLimitPage,
    duty_profile_out,
    person_limit_out,
)
from fundops.disbursements.models import DutyProfile, PersonLimit
from fundops.ledger.models import Fund
from fundops.pages import Paging, json_response, list_page
from fundops.records import snapshot
from fundops.schemas import COMMANDS, CREATES, READS
from fundops.strict import StrictRoute

router = APIRouter(tags=["duties"], route_class=StrictRoute)

_P = Permission
DutyReader = Annotated[Actor, Depends(Can(_P.DUTY_READ))]
DutyWriter = Annotated[Actor, Depends(Can(_P.DUTY_WRITE))]
DutyApprover = Annotated[Actor, Depends(Can(_P.DUTY_APPROVE))]
Holder = Annotated[Actor, Depends(Can(_P.DISBURSEMENT_HOLD))]
SanctionsReader = Annotated[Actor, Depends(Can(_P.SANCTIONS_READ))]
SanctionsWriter = Annotated[Actor, Depends(Can(_P.SANCTIONS_WRITE))]
SanctionsResolver = Annotated[Actor, Depends(Can(_P.SANCTIONS_RESOLVE))]


class _Row:
    """A record beside its fund's currency, as lists have it."""

    def __init__(self, record: Any, currency: str) -> None:
        self.__dict__ |= snapshot(record) | {"base_currency": currency}


@router.get(
    "/funds/{fund_id}/duty_profiles",
    operation_id="list_duty_profiles",
    response_model=DutyProfilePage,
    responses=READS,
)
def list_duty_profiles(
    request: Request, actor: DutyReader, fund_id: UUID, paging: Paging
) -> Response:
    """List a fund's duty profiles; without an approved one, every duty takes another person."""
    with read_session(request) as db:
        queries.fund_for(db, actor, fund_id, _P.DUTY_READ)
        page = list_page(
            db, queries.profiles(actor, fund_id), paging, sorts=queries.PROFILE_SORTS,
            key=DutyProfile.id, out=duty_profile_out,
        )  # fmt: skip
    return json_response(page)


@router.post(
    "/funds/{fund_id}/duty_profiles",
    operation_id="propose_duty_profile",
    status_code=201,
    response_model=DutyProfileOut,
    responses=CREATES,
)
def propose_duty_profile(
    request: Request, actor: DutyWriter, fund_id: UUID, given: DutyProfileIn
) -> Response:
    """Propose a duty profile; another person decides."""

    def work(db: Session) -> dict[str, Any]:
        fund = queries.fund_for(db, actor, fund_id, _P.DUTY_WRITE)
        made = profiles.propose(db, actor, fund, given)
        return duty_profile_out(_Row(made, fund.base_currency))

    return command(request, actor, work, status=201)


def _decide_profile(
    request: Request, actor: Actor, profile_id: UUID, action: str, given: DecideIn
) -> Response:
    def work(db: Session) -> dict[str, Any]:
        found, fund = queries.get_profile(db, actor, profile_id, _P.DUTY_APPROVE)
        profiles.decide(db, actor, fund, found, action, given.reason)
        return duty_profile_out(_Row(found, fund.base_currency))

    return command(request, actor, work)


@router.post(
    "/duty_profiles/{profile_id}/approve",
    operation_id="approve_duty_profile",
    response_model=DutyProfileOut,
    responses=COMMANDS,
)
def approve_duty_profile(
    request: Request, actor: DutyApprover, profile_id: UUID, given: DecideIn
) -> Response:
    """Approve a duty profile that another person proposed."""
    return _decide_profile(request, actor, profile_id, "approve", given)


@router.post(
    "/duty_profiles/{profile_id}/refuse",
    operation_id="refuse_duty_profile",
    response_model=DutyProfileOut,
    responses=COMMANDS,
)
def refuse_duty_profile(
    request: Request, actor: DutyApprover, profile_id: UUID, given: DecideIn
) -> Response:
    """Refuse a duty profile that another person proposed."""
    return _decide_profile(request, actor, profile_id, "refuse", given)


@router.get(
    "/funds/{fund_id}/person_limits",
    operation_id="list_person_limits",
    response_model=PersonLimitPage,
    responses=READS,
)
def list_person_limits(
    request: Request, actor: DutyReader, fund_id: UUID, paging: Paging
) -> Response:
    """List the limits of persons for a fund."""
    with read_session(request) as db:
        queries.fund_for(db, actor, fund_id, _P.DUTY_READ)
        page = list_page(
            db, queries.limits(actor, fund_id), paging, sorts=queries.LIMIT_SORTS,
            key=PersonLimit.id, out=person_limit_out,
        )  # fmt: skip
    return json_response(page)


@router.post(
    "/funds/{fund_id}/person_limits",
    operation_id="propose_person_limit",
    status_code=201,
    response_model=PersonLimitOut,
    responses=CREATES,
)
def propose_person_limit(
    request: Request, actor: DutyWriter, fund_id: UUID, given: PersonLimitIn
) -> Response:
    """Propose the most that another person may certify, approve or pay at once."""

    def work(db: Session) -> dict[str, Any]:
        fund = queries.fund_for(db, actor, fund_id, _P.DUTY_WRITE)
        made = limits.propose(db, actor, fund, given)
        return person_limit_out(_Row(made, fund.base_currency))

    return command(request, actor, work, status=201)


def _decide_limit(
    request: Request, actor: Actor, limit_id: UUID, action: str, given: DecideIn
) -> Response:
    def work(db: Session) -> dict[str, Any]:
        found = queries.get_limit(db, actor, limit_id, _P.DUTY_APPROVE)
        limits.decide(db, actor, found, action, given.reason)
        return person_limit_out(_Row(found, db.get_one(Fund, found.fund_id).base_currency))

    return command(request, actor, work)


@router.post(
    "/person_limits/{limit_id}/approve",
    operation_id="approve_person_limit",
    response_model=PersonLimitOut,
    responses=COMMANDS,
)
def approve_person_limit(
    request: Request, actor: DutyApprover, limit_id: UUID, given: DecideIn
) -> Response:
    """Approve a limit that another person proposed, for a third."""
    return _decide_limit(request, actor, limit_id, "approve", given)


@router.post(
    "/person_limits/{limit_id}/refuse",
    operation_id="refuse_person_limit",
    response_model=PersonLimitOut,
    responses=COMMANDS,
)
def refuse_person_limit(
    request: Request, actor: DutyApprover, limit_id: UUID, given: DecideIn
) -> Response:
    """Refuse a limit that another person proposed."""
    return _decide_limit(request, actor, limit_id, "refuse", given)


@router.post(
    "/person_limits/{limit_id}/end",
    operation_id="end_person_limit",
    response_model=PersonLimitOut,
    responses=COMMANDS,
)
def end_person_limit(
    request: Request, actor: DutyApprover, limit_id: UUID, given: DecideIn
) -> Response:
    """End a limit of another person."""
    return _decide_limit(request, actor, limit_id, "end", given)
