"""Routes of suspending, resuming and terminating grants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command, read_session
from fundops.grants import queries, standing
from fundops.grants import standing_queries as stood
from fundops.grants.models import Grant
from fundops.grants.standing_schemas import (
    GrantStandingOut,
    StandingIn,
    TerminationIn,
    standing_out,
)
from fundops.ledger.models import Fund
from fundops.pages import json_response
from fundops.schemas import COMMANDS, READS
from fundops.strict import StrictRoute

router = APIRouter(prefix="/grants", tags=["grants"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.GRANT_AGREEMENT_READ))]
Suspender = Annotated[Actor, Depends(Can(Permission.GRANT_SUSPEND))]


@router.get(
    "/{grant_id}/standing",
    operation_id="get_grant_standing",
    response_model=GrantStandingOut,
    responses=READS,
)
def get_grant_standing(request: Request, actor: Reader, grant_id: UUID) -> Response:
    """Read how a grant stands: its suspensions and terminations, the latest first."""
    with read_session(request) as db:
        grant = queries.get_visible(db, actor, grant_id, Permission.GRANT_AGREEMENT_READ)
        return json_response(_out(db, grant))


@router.post(
    "/{grant_id}/suspend",
    operation_id="suspend_grant",
    response_model=GrantStandingOut,
    responses=COMMANDS,
)
def suspend_grant(
    request: Request, actor: Suspender, grant_id: UUID, given: StandingIn
) -> Response:
    """Suspend a grant: nothing of it is paid, signed or amended until another person resumes it."""
    return _on(
        request, actor, grant_id, lambda db, grant: standing.suspend(db, actor, grant, given.reason)
    )


@router.post(
    "/{grant_id}/resume",
    operation_id="resume_grant",
    response_model=GrantStandingOut,
    responses=COMMANDS,
)
def resume_grant(request: Request, actor: Suspender, grant_id: UUID, given: StandingIn) -> Response:
    """Resume a grant that another person suspended."""
    return _on(
        request, actor, grant_id, lambda db, grant: standing.resume(db, actor, grant, given.reason)
    )


@router.post(
    "/{grant_id}/propose_termination",
    operation_id="propose_termination",
    response_model=GrantStandingOut,
    responses=COMMANDS,
)
def propose_termination(
    request: Request, actor: Suspender, grant_id: UUID, given: TerminationIn
) -> Response:
    """Propose to terminate a grant; nothing changes before another person confirms."""

    def work(db: Session, grant: Grant) -> None:
        fund = db.get_one(Fund, grant.fund_id)
        standing.propose_termination(db, actor, fund, grant, given.reason, given.on)

    return _on(request, actor, grant_id, work)


@router.post(
    "/{grant_id}/confirm_termination",
    operation_id="confirm_termination",
    response_model=GrantStandingOut,
    responses=COMMANDS,
)
def confirm_termination(request: Request, actor: Suspender, grant_id: UUID) -> Response:
    """Terminate a grant as another person proposed; what is unpaid goes back to its lots."""

    def work(db: Session, grant: Grant) -> None:
        standing.confirm_termination(db, actor, db.get_one(Fund, grant.fund_id), grant)

    return _on(request, actor, grant_id, work)


@router.post(
    "/{grant_id}/withdraw_termination",
    operation_id="withdraw_termination",
    response_model=GrantStandingOut,
    responses=COMMANDS,
)
def withdraw_termination(
    request: Request, actor: Suspender, grant_id: UUID, given: StandingIn
) -> Response:
    """Take back the proposal to terminate a grant."""
    return _on(
        request,
        actor,
        grant_id,
        lambda db, grant: standing.withdraw_termination(db, actor, grant, given.reason),
    )


def _on(
    request: Request, actor: Actor, grant_id: UUID, take: Callable[[Session, Grant], Any]
) -> Response:
    def work(db: Session) -> dict[str, Any]:
        grant = queries.get_visible(db, actor, grant_id, Permission.GRANT_SUSPEND)
        take(db, grant)
        return _out(db, grant)

    return command(request, actor, work)


def _out(db: Session, grant: Grant) -> dict[str, Any]:
    return standing_out(grant, stood.suspensions(db, grant.id), stood.terminations(db, grant.id))
