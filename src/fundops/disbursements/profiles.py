"""Duty profiles of a fund: proposed by one person, decided by another, dated, never changed."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Permission
from fundops.disbursements.control_schemas import DutyProfileIn
from fundops.disbursements.duties import FOUR, Profile, profile_of
from fundops.disbursements.models import DutyProfile
from fundops.errors import invalid
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.lifecycle import Steps, advance, step
from fundops.records import snapshot

STEPS: Steps = {
    "approve": step("proposed", "approved", Permission.DUTY_APPROVE, ("proposed_by_id",)),
    "refuse": step("proposed", "refused", Permission.DUTY_APPROVE, ("proposed_by_id",)),
}


def profile_in_force(db: Session, fund_id: UUID, on: date) -> Profile:
    """Return the approved profile with the latest start not after ``on``; four duties if none."""
    query = (
        select(DutyProfile.content)
        .where(
            DutyProfile.fund_id == fund_id,
            DutyProfile.status == "approved",
            DutyProfile.starts_on <= on,
        )
        .order_by(DutyProfile.starts_on.desc(), DutyProfile.number.desc())
        .limit(1)
    )
    stored = db.execute(query).scalar_one_or_none()
    return FOUR if stored is None else profile_of(stored)


def propose(db: Session, actor: Actor, fund: Fund, given: DutyProfileIn) -> DutyProfile:
    """Propose a profile; it counts once another person approves it, and never for the past.

    Raises ``invalid-request`` for a start before today.
    """
    if given.starts_on < clock.today(fund.zone):
        raise invalid("/starts_on", "validation.past")
    last = select(func.coalesce(func.max(DutyProfile.number), 0)).where(
        DutyProfile.fund_id == fund.id
    )
    made = DutyProfile(
        id=uuid7(),
        fund_id=fund.id,
        number=int(db.execute(last).scalar_one()) + 1,
        starts_on=given.starts_on,
        content=given.profile(fund.base_currency).stored(),
        reason=given.reason,
        status="proposed",
        proposed_by_id=actor.person_id,
        proposed_at=clock.now(),
    )
    db.add(made)
    db.flush()
    audit.record(
        db, actor, "duty_profile.proposed", "duty_profile", made.id, fund_id=fund.id,
        reason=given.reason, after=snapshot(made),
    )  # fmt: skip
    return made


def decide(
    db: Session, actor: Actor, fund: Fund, profile: DutyProfile, action: str, reason: str | None
) -> DutyProfile:
    """Approve or refuse a proposed profile. Raises ``same-person`` for whoever proposed it.

    Raises ``conflict`` for approving one whose start has passed: the past keeps its rules.
    """
    if action == "approve" and profile.starts_on < clock.today(fund.zone):
        raise invalid("/starts_on", "validation.past")
    before = {"status": profile.status}
    advance(profile, STEPS, action, actor)
    profile.decided_by_id = actor.person_id
    profile.decided_at = clock.now()
    db.flush()
    audit.record(
        db, actor, f"duty_profile.{profile.status}", "duty_profile", profile.id,
        fund_id=fund.id, reason=reason, before=before, after=snapshot(profile),
    )  # fmt: skip
    return profile
