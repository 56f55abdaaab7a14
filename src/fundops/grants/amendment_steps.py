"""The steps of an amendment, and those it takes because of what becomes of its version."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Permission
from fundops.grants.amendment_models import GrantAmendment
from fundops.lifecycle import Steps, advance, step
from fundops.records import snapshot
from fundops.trail import DIGESTED

AMENDMENT_STEPS: Steps = {
    "approve": step(
        "requested", "approved", Permission.AMENDMENT_APPROVE, ("requested_by_id", "written_by_id")
    ),
    "take_effect": step("approved", "in_force", Permission.GRANT_AGREEMENT_COUNTERSIGN),
    "reject": step("requested", "rejected", Permission.AMENDMENT_APPROVE, ("requested_by_id",)),
    "withdraw": step("requested", "withdrawn", Permission.AMENDMENT_REQUEST),
    "lapse": step("approved", "lapsed", Permission.GRANT_AGREEMENT_WRITE),
}
AMENDMENT_EVENTS = {
    "approve": "grant_amendment.approved",
    "take_effect": "grant_amendment.took_effect",
    "reject": "grant_amendment.rejected",
    "withdraw": "grant_amendment.withdrawn",
    "lapse": "grant_amendment.lapsed",
}


def take(
    db: Session, actor: Actor, amendment: GrantAmendment, action: str, reason: str | None = None
) -> None:
    """Take a step of an amendment and record it; a step with a reason ends it."""
    before = snapshot(amendment, without=DIGESTED["grant_amendments"])
    advance(amendment, AMENDMENT_STEPS, action, actor)
    if action in ("reject", "withdraw", "lapse"):
        amendment.ended_by_id, amendment.ended_at = actor.person_id, clock.now()
        amendment.end_reason = reason
    db.flush()
    audit.record(
        db, actor, AMENDMENT_EVENTS[action], "grant_amendment", amendment.id,
        fund_id=amendment.fund_id, reason=reason, before=before,
        after=snapshot(amendment, without=DIGESTED["grant_amendments"]),
    )  # fmt: skip


def follow(
    db: Session, actor: Actor, amendment_id: UUID | None, action: str, reason: str | None = None
) -> None:
    """Let the amendment behind a version, if there is one, follow what became of the version."""
    if amendment_id is not None:
        take(db, actor, db.get_one(GrantAmendment, amendment_id), action, reason)
