"""The calendar of a grant: what is required is done, or waived by two persons; never deleted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops import clock
from fundops.authz import Actor, Permission
from fundops.errors import Problem, invalid
from fundops.grants import waivers
from fundops.grants.models import Grant
from fundops.grants.rules import past_day
from fundops.grants.schedule_models import PENDING, Requirement
from fundops.grants.schedule_schemas import DoneIn, RequirementIn
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.lifecycle import Steps, advance, step
from fundops.messages import text
from fundops.records import snapshot

MAX_ADDED = 200
"""Requirements that may be added to one grant on top of its policy's."""

_PENDING = " ".join(PENDING)

ANSWERED_BY: list[Callable[[Session, Requirement], str | None]] = []
"""Each returns the code of a report that answers a requirement, if there is one: then it is done by
accepting that, which another person does than who wrote it."""

REQUIREMENT_STEPS: Steps = {
    "record": step(_PENDING, "done", Permission.REQUIREMENT_RECORD),
    **waivers.waiver_steps("due"),
    "replace": step(_PENDING, "replaced", Permission.GRANT_AGREEMENT_COUNTERSIGN),
    "restore": step("replaced", "due", Permission.GRANT_AGREEMENT_COUNTERSIGN),
}


def add(db: Session, actor: Actor, grant: Grant, given: RequirementIn) -> Requirement:
    """Ask for something on top of what the policy does, such as an audit after a finding.

    Raises ``invalid-request`` for a day before the award, ``conflict`` for too many.
    """
    waivers.check_actor(db, actor, grant)
    if given.due_on < grant.awarded_on:
        raise invalid("/due_on", "grants.before_award")
    count, last = db.execute(
        select(
            func.count(),
            func.max(Requirement.number).filter(Requirement.kind == given.kind),
        ).where(Requirement.grant_id == grant.id, Requirement.origin == "added")
    ).one()
    if count >= MAX_ADDED:
        raise Problem("conflict", detail=text("requirements.too_many", limit=MAX_ADDED))
    made = Requirement(
        id=uuid7(),
        grant_id=grant.id,
        kind=given.kind,
        origin="added",
        number=(last or 0) + 1,
        title=given.title,
        is_final=False,
        due_on=given.due_on,
        status="due",
        created_at=clock.now(),
    )
    db.add(made)
    waivers.record(db, actor, "asked_for", grant, made, given.reason, None)
    return made


def record_done(
    db: Session, actor: Actor, fund: Fund, grant: Grant, requirement: Requirement, given: DoneIn
) -> Requirement:
    """Record that a requirement is done and accepted, with what shows it.

    A waiver that was asked for is not needed any more. Raises ``wrong-status`` for what is done or
    waived, ``conflict-of-interest`` for an actor with a role for the grantee, ``invalid-request``
    without evidence, or for a day in the future or before the award, ``conflict`` for what a report
    answers: that is accepted instead.
    """
    waivers.check_actor(db, actor, grant)
    for answered_by in ANSWERED_BY:
        code = answered_by(db, requirement)
        if code is not None and requirement.status in PENDING:
            raise Problem("conflict", detail=text("requirements.accept_report", code=code))
    before = snapshot(requirement)
    advance(requirement, REQUIREMENT_STEPS, "record", actor)
    on = past_day(fund, given.done_on, "/done_on")
    if on < grant.awarded_on:
        raise invalid("/done_on", "grants.before_award")
    requirement.done_on, requirement.done_by_id = on, actor.person_id
    waivers.forget(requirement)
    waivers.put_evidence(db, actor, grant, requirement, given)
    waivers.record(db, actor, "done", grant, requirement, None, before)
    return requirement


def record_reported(
    db: Session, actor: Actor, grant: Grant, requirement: Requirement, on: date, note: str
) -> Requirement:
    """Record that a requirement is done by a report accepted now and submitted on a day.

    What is done is done by the acceptance; the day tells whether it was in time. Raises
    ``wrong-status`` for what is done or waived, ``conflict-of-interest``.
    """
    waivers.check_actor(db, actor, grant)
    before = snapshot(requirement)
    advance(requirement, REQUIREMENT_STEPS, "record", actor)
    requirement.done_on, requirement.done_by_id = on, actor.person_id
    requirement.evidence_note = note
    waivers.forget(requirement)
    waivers.record(db, actor, "done", grant, requirement, None, before)
    return requirement
