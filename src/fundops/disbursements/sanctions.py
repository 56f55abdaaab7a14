"""Sanctions checks: a party looked up on a day, and what a person says of a hit.

The lists themselves are looked up elsewhere; what is kept here is who looked, when, in which
lists, under which names, and what came of it. Money goes only on a check that is recent enough.
"""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Permission
from fundops.disbursements.control_schemas import SanctionsCheckIn
from fundops.disbursements.models import SanctionsCheck
from fundops.errors import invalid
from fundops.ids import uuid7
from fundops.lifecycle import Steps, advance, step
from fundops.messages import text
from fundops.parties.hands import refuse_behind
from fundops.parties.models import Party
from fundops.records import snapshot

STEPS: Steps = {
    "false_match": step("hits", "false_match", Permission.SANCTIONS_RESOLVE, ("checked_by_id",)),
    "true_match": step("hits", "true_match", Permission.SANCTIONS_RESOLVE, ("checked_by_id",)),
}
LETS_GO = frozenset({"clear", "false_match"})


def latest(db: Session, party_id: UUID) -> SanctionsCheck | None:
    """Return the last check of a party: by its day, then by when it was recorded."""
    query = (
        select(SanctionsCheck)
        .where(SanctionsCheck.party_id == party_id)
        .order_by(
            SanctionsCheck.checked_on.desc(),
            SanctionsCheck.checked_at.desc(),
            SanctionsCheck.id.desc(),
        )
        .limit(1)
    )
    return db.execute(query).scalar_one_or_none()


def obstacle(db: Session, party_id: UUID, today: date, valid_days: int) -> str | None:
    """Return why a party's checks keep money back, if they do.

    A hit that nobody has resolved, or a true match, stops money whatever later checks say.
    """
    stopping = select(SanctionsCheck.status).where(
        SanctionsCheck.party_id == party_id, SanctionsCheck.status.in_(("hits", "true_match"))
    )
    found = set(db.execute(stopping).scalars())
    if "true_match" in found:
        return text("sanctions.true_match")
    if found:
        return text("sanctions.unresolved")
    last = latest(db, party_id)
    if last is None:
        return text("sanctions.none")
    if last.checked_on < today - timedelta(days=valid_days):
        return text("sanctions.old", on=last.checked_on, days=valid_days)
    return None


def check(db: Session, actor: Actor, party: Party, given: SanctionsCheckIn) -> SanctionsCheck:
    """Record that a party was looked up. Raises ``invalid-request`` for a day in the future."""
    if given.checked_on > clock.today("UTC"):
        raise invalid("/checked_on", "validation.future")
    made = SanctionsCheck(
        id=uuid7(),
        party_id=party.id,
        checked_on=given.checked_on,
        lists=given.lists,
        names=given.names,
        note=given.note,
        status="hits" if given.has_hits else "clear",
        checked_by_id=actor.person_id,
        checked_at=clock.now(),
    )
    db.add(made)
    db.flush()
    audit.record(
        db, actor, "sanctions_check.recorded", "sanctions_check", made.id, after=snapshot(made)
    )
    return made


def resolve(
    db: Session, actor: Actor, checked: SanctionsCheck, action: str, reason: str
) -> SanctionsCheck:
    """Say what a hit means. Raises ``same-person`` for any hand that looked the party up."""
    refuse_behind(
        db, actor, Permission.SANCTIONS_RESOLVE, checked, [checked.checked_by_id],
        text("constraint.sanctions_two_persons"),
    )  # fmt: skip
    before = {"status": checked.status}
    advance(checked, STEPS, action, actor)
    checked.resolved_by_id = actor.person_id
    checked.resolved_at = clock.now()
    checked.resolution = reason
    db.flush()
    audit.record(
        db, actor, "sanctions_check.resolved", "sanctions_check", checked.id, reason=reason,
        before=before, after=snapshot(checked),
    )  # fmt: skip
    return checked
