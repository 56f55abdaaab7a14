"""Routes of what keeps a tranche back."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command, read_session
from fundops.grants import conditions, waivers
from fundops.grants import schedule_queries as queries
from fundops.grants.conditions import TRANCHE_CONDITION_STEPS as STEPS_OF
from fundops.grants.schedule_models import TrancheCondition
from fundops.grants.schedule_schemas import (
    ConditionIn,
    DoneIn,
    TrancheConditionOut,
    TrancheConditions,
    WaiverIn,
    condition_out,
)
from fundops.pages import json_response
from fundops.schemas import COMMANDS, CREATES, READS
from fundops.strict import StrictRoute

tranche_router = APIRouter(
    prefix="/tranches", tags=["conditions of tranches"], route_class=StrictRoute
)
router = APIRouter(
    prefix="/tranche_conditions", tags=["conditions of tranches"], route_class=StrictRoute
)

Reader = Annotated[Actor, Depends(Can(Permission.GRANT_READ))]
Recorder = Annotated[Actor, Depends(Can(Permission.REQUIREMENT_RECORD))]
Waiver = Annotated[Actor, Depends(Can(Permission.REQUIREMENT_WAIVE))]


@tranche_router.get(
    "/{tranche_id}/conditions",
    operation_id="list_tranche_conditions",
    response_model=TrancheConditions,
    responses=READS,
)
def list_tranche_conditions(request: Request, actor: Reader, tranche_id: UUID) -> Response:
    """List what a tranche waits for or waited for, and what still keeps it back."""
    query = (
        queries.conditions(actor)
        .where(TrancheCondition.tranche_id == tranche_id)
        .order_by(TrancheCondition.id)
    )
    with read_session(request) as db:
        queries.get_tranche(db, actor, tranche_id, Permission.GRANT_READ)
        items = [condition_out(row) for row in db.execute(query)]
        unmet = conditions.unmet(db, tranche_id)
    return json_response({"items": items, "next_cursor": None, "unmet": unmet})


@tranche_router.post(
    "/{tranche_id}/conditions",
    operation_id="add_tranche_condition",
    status_code=201,
    response_model=TrancheConditionOut,
    responses=CREATES,
)
def add_tranche_condition(
    request: Request, actor: Recorder, tranche_id: UUID, given: ConditionIn
) -> Response:
    """Let a tranche wait for something in words."""

    def work(db: Session) -> dict[str, Any]:
        tranche, grant = queries.get_tranche(db, actor, tranche_id, Permission.REQUIREMENT_RECORD)
        made = conditions.add(db, actor, grant, tranche, given)
        return _out(db, actor, made.id)

    return command(request, actor, work, status=201)


@router.post(
    "/{tranche_condition_id}/meet",
    operation_id="meet_tranche_condition",
    response_model=TrancheConditionOut,
    responses=COMMANDS,
)
def meet_tranche_condition(
    request: Request, actor: Recorder, tranche_condition_id: UUID, given: DoneIn
) -> Response:
    """Record that a condition in words is met, with what shows it."""

    def work(db: Session) -> dict[str, Any]:
        found, grant, fund = _get(db, actor, tranche_condition_id, Permission.REQUIREMENT_RECORD)
        conditions.meet(db, actor, fund, grant, found, given)
        return _out(db, actor, found.id)

    return command(request, actor, work)


@router.post(
    "/{tranche_condition_id}/request_waiver",
    operation_id="request_condition_waiver",
    response_model=TrancheConditionOut,
    responses=COMMANDS,
)
def request_condition_waiver(
    request: Request, actor: Recorder, tranche_condition_id: UUID, given: WaiverIn
) -> Response:
    """Ask that a tranche need not wait for a condition."""

    def work(db: Session) -> dict[str, Any]:
        found, grant, _ = _get(db, actor, tranche_condition_id, Permission.REQUIREMENT_RECORD)
        waivers.request(db, actor, grant, found, STEPS_OF, given.reason)
        return _out(db, actor, found.id)

    return command(request, actor, work)


@router.post(
    "/{tranche_condition_id}/waive",
    operation_id="waive_tranche_condition",
    response_model=TrancheConditionOut,
    responses=COMMANDS,
)
def waive_tranche_condition(
    request: Request, actor: Waiver, tranche_condition_id: UUID
) -> Response:
    """Waive a condition as another person asked."""

    def work(db: Session) -> dict[str, Any]:
        found, grant, _ = _get(db, actor, tranche_condition_id, Permission.REQUIREMENT_WAIVE)
        waivers.waive(db, actor, grant, found, STEPS_OF)
        return _out(db, actor, found.id)

    return command(request, actor, work)


@router.post(
    "/{tranche_condition_id}/refuse_waiver",
    operation_id="refuse_condition_waiver",
    response_model=TrancheConditionOut,
    responses=COMMANDS,
)
def refuse_condition_waiver(
    request: Request, actor: Waiver, tranche_condition_id: UUID, given: WaiverIn
) -> Response:
    """Refuse a waiver that another person asked for; the tranche goes on waiting."""

    def work(db: Session) -> dict[str, Any]:
        found, grant, _ = _get(db, actor, tranche_condition_id, Permission.REQUIREMENT_WAIVE)
        waivers.refuse(db, actor, grant, found, STEPS_OF, given.reason)
        return _out(db, actor, found.id)

    return command(request, actor, work)


_get = queries.get_condition


def _out(db: Session, actor: Actor, condition_id: UUID) -> dict[str, Any]:
    return condition_out(queries.condition_row(db, actor, condition_id))


CONDITION_ROUTERS: tuple[APIRouter, ...] = (tranche_router, router)
