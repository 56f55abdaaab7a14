"""What keeps a tranche back: requirements that are not done, and words that nobody has met."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops import clock
from fundops.authz import Actor, Permission
from fundops.errors import Problem
from fundops.grants import waivers
from fundops.grants.models import Grant, Tranche
from fundops.grants.rules import past_day
from fundops.grants.schedule_models import UNMET, Requirement, TrancheCondition
from fundops.grants.schedule_schemas import ConditionIn, DoneIn
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.lifecycle import Steps, advance, step
from fundops.messages import text
from fundops.records import snapshot

MAX_CONDITIONS = 50
"""Conditions of one tranche."""

_PENDING = " ".join(UNMET)

TRANCHE_CONDITION_STEPS: Steps = {
    "meet": step(_PENDING, "met", Permission.REQUIREMENT_RECORD),
    **waivers.waiver_steps("open"),
    "replace": step(_PENDING, "replaced", Permission.GRANT_AGREEMENT_COUNTERSIGN),
    "restore": step("replaced", "open", Permission.GRANT_AGREEMENT_COUNTERSIGN),
}


def unmet(db: Session, tranche_id: UUID) -> list[str]:
    """Return a sentence for each condition that keeps a tranche back; none: it may be paid.

    A requirement that was waived does not release money: its condition needs a waiver of its own.
    """
    query = (
        select(TrancheCondition, Requirement)
        .outerjoin(Requirement, Requirement.id == TrancheCondition.requirement_id)
        .where(TrancheCondition.tranche_id == tranche_id, TrancheCondition.status.in_(UNMET))
        .order_by(TrancheCondition.id)
        .execution_options(populate_existing=True)
    )
    found = []
    rows: Sequence[Any] = db.execute(query).all()
    for condition, requirement in rows:
        if requirement is None:
            found.append(text("conditions.words_open", words=condition.words))
        elif requirement.status != "done":
            what = {"what": name_of(requirement), "due_on": requirement.due_on.isoformat()}
            if requirement.status in ("waived", "replaced"):
                found.append(text(f"conditions.requirement_{requirement.status}", **what))
            else:
                found.append(text("conditions.requirement_open", **what))
    return found


def name_of(requirement: Requirement) -> str:
    """Return what a requirement is called in a sentence."""
    kind = text(f"requirements.kind_{requirement.kind}")
    if requirement.origin == "added":
        return text("requirements.named_added", kind=kind, number=requirement.number)
    return text("requirements.named", kind=kind, number=requirement.number)


def add(
    db: Session, actor: Actor, grant: Grant, tranche: Tranche, given: ConditionIn
) -> TrancheCondition:
    """Let a tranche wait for something in words, until somebody records that it is met."""
    waivers.check_actor(db, actor, grant)
    count = select(func.count()).where(TrancheCondition.tranche_id == tranche.id)
    if db.execute(count).scalar_one() >= MAX_CONDITIONS:
        raise Problem("conflict", detail=text("conditions.too_many", limit=MAX_CONDITIONS))
    made = TrancheCondition(
        id=uuid7(),
        tranche_id=tranche.id,
        words=given.words,
        origin="added",
        status="open",
        added_by_id=actor.person_id,
        created_at=clock.now(),
    )
    db.add(made)
    waivers.record(db, actor, "added", grant, made, None, None)
    return made


def meet(
    db: Session, actor: Actor, fund: Fund, grant: Grant, condition: TrancheCondition, given: DoneIn
) -> TrancheCondition:
    """Record that a condition in words is met, with what shows it.

    Raises ``conflict`` for one on a requirement, which meets it by being done, and what
    ``requirements.record_done`` raises.
    """
    waivers.check_actor(db, actor, grant)
    if condition.requirement_id is not None:
        raise Problem("conflict", detail=text("conditions.by_requirement"))
    before = snapshot(condition)
    advance(condition, TRANCHE_CONDITION_STEPS, "meet", actor)
    on = past_day(fund, given.done_on, "/done_on")
    condition.met_on, condition.met_by_id = on, actor.person_id
    waivers.forget(condition)
    waivers.put_evidence(db, actor, grant, condition, given)
    waivers.record(db, actor, "met", grant, condition, None, before)
    return condition
