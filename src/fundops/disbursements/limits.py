"""Limits per person: the most that somebody may certify, approve or pay at once for a fund."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops import audit, clock, money
from fundops.authz import Actor, Permission
from fundops.disbursements.control_schemas import PersonLimitIn
from fundops.disbursements.models import PersonLimit
from fundops.errors import Problem, invalid
from fundops.grants.rules import base_minor
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.lifecycle import Steps, advance, step
from fundops.messages import text
from fundops.parties.access_queries import person_by_code
from fundops.parties.hands import refuse_behind
from fundops.records import snapshot

STEPS: Steps = {
    "approve": step("proposed", "approved", Permission.DUTY_APPROVE, ("proposed_by_id",)),
    "refuse": step("proposed", "refused", Permission.DUTY_APPROVE, ("proposed_by_id",)),
    "end": step("approved", "ended", Permission.DUTY_APPROVE),
}


def limit_of(
    db: Session, fund_id: UUID, person_ids: Collection[UUID], duty: str, on: date
) -> int | None:
    """Return the least limit of any of the persons on a day, minor units; none where none is set.

    Who acts on a lent role keeps the lender's limit as well as one's own.
    """
    query = select(func.min(PersonLimit.limit_minor)).where(
        PersonLimit.fund_id == fund_id,
        PersonLimit.person_id.in_(person_ids),
        PersonLimit.duty == duty,
        PersonLimit.status == "approved",
        PersonLimit.starts_on <= on,
        PersonLimit.ends_on.is_(None) | (PersonLimit.ends_on >= on),
    )
    return db.execute(query).scalar_one()


def check(
    db: Session, fund: Fund, person_ids: Collection[UUID], duty: str, amount_minor: int
) -> None:
    """Raise ``over-limit`` where the amount is beyond what the persons may do at once."""
    limit = limit_of(db, fund.id, person_ids, duty, clock.today(fund.zone))
    if limit is not None and amount_minor > limit:
        raise Problem("over-limit", limit=money.display(limit, fund.base_currency))


def propose(db: Session, actor: Actor, fund: Fund, given: PersonLimitIn) -> PersonLimit:
    """Propose a limit for another person.

    Raises ``same-person`` for oneself and ``invalid-request`` for what cannot be.
    """
    person = person_by_code(db, given.person_code)
    if person is None or person.status != "active":
        raise invalid("/person_code", "validation.unknown_record")
    if person.id == actor.person_id:
        raise Problem("same-person", detail=text("constraint.limit_not_ones_own"))
    if given.ends_on is not None and given.ends_on < given.starts_on:
        raise invalid("/ends_on", "validation.dates_order")
    made = PersonLimit(
        id=uuid7(),
        fund_id=fund.id,
        person_id=person.id,
        duty=given.duty,
        limit_minor=base_minor(fund, given.limit, "/limit"),
        starts_on=given.starts_on,
        ends_on=given.ends_on,
        reason=given.reason,
        status="proposed",
        proposed_by_id=actor.person_id,
        proposed_at=clock.now(),
    )
    db.add(made)
    db.flush()
    audit.record(
        db, actor, "person_limit.proposed", "person_limit", made.id, fund_id=fund.id,
        reason=given.reason, after=snapshot(made),
    )  # fmt: skip
    return made


def decide(
    db: Session, actor: Actor, limit: PersonLimit, action: str, reason: str | None
) -> PersonLimit:
    """Approve, refuse or end a limit. Raises ``same-person`` for who proposed it or whose it is.

    Ending one lifts it, so that takes another person than the one it binds.
    """
    refuse_behind(
        db, actor, Permission.DUTY_APPROVE, limit, [limit.person_id],
        text("constraint.limit_not_ones_own"),
    )  # fmt: skip
    before = {"status": limit.status}
    advance(limit, STEPS, action, actor)
    if action != "end":
        limit.decided_by_id = actor.person_id
        limit.decided_at = clock.now()
    db.flush()
    audit.record(
        db, actor, f"person_limit.{limit.status}", "person_limit", limit.id,
        fund_id=limit.fund_id, reason=reason, before=before, after=snapshot(limit),
    )  # fmt: skip
    return limit
