"""How a grant stands: suspended and resumed, or terminated before its time.

One person suspends, so that money stops at once; another resumes. Terminating takes two persons:
what is unpaid then goes back to its lots, and the grant awaits its closure. A suspended grant keeps
its reservation; nothing of it is paid, signed or amended meanwhile.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Permission
from fundops.errors import Problem
from fundops.grants import releasing
from fundops.grants.models import Grant
from fundops.grants.rules import past_day, refuse_interest
from fundops.grants.standing_models import GrantSuspension, GrantTermination
from fundops.grants.telling import tell_of_suspension
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.lifecycle import Steps, advance, step
from fundops.messages import text
from fundops.parties.hands import refuse_behind
from fundops.records import snapshot

_BY = Permission.GRANT_SUSPEND

STANDING_STEPS: Steps = {
    "suspend": step("awarded", "suspended", _BY),
    "resume": step("suspended", "awarded", _BY),
    "terminate": step("awarded suspended", "terminated", _BY),
}
TERMINATION_STEPS: Steps = {
    "confirm": step("proposed", "confirmed", _BY, ("proposed_by_id",)),
    "withdraw": step("proposed", "withdrawn", _BY),
}
EVENTS = {
    "suspend": "grant.suspended",
    "resume": "grant.resumed",
    "terminate": "grant.terminated",
}


def suspend(db: Session, actor: Actor, grant: Grant, reason: str) -> GrantSuspension:
    """Stop a grant's money. Raises ``wrong-status`` unless it is awarded."""
    refuse_interest(db, actor, grant.grantee_id)
    _advance(db, actor, grant, "suspend", reason)
    made = GrantSuspension(
        id=uuid7(), grant_id=grant.id, fund_id=grant.fund_id, reason=reason,
        suspended_by_id=actor.person_id, suspended_at=clock.now(),
    )  # fmt: skip
    db.add(made)
    db.flush()
    audit.record(
        db, actor, "grant_suspension.begun", "grant_suspension", made.id, fund_id=grant.fund_id,
        reason=reason, after=snapshot(made),
    )  # fmt: skip
    tell_of_suspension(db, grant)
    return made


def resume(db: Session, actor: Actor, grant: Grant, reason: str) -> GrantSuspension:
    """Let a grant's money go on. Raises ``same-person`` for whoever suspended it."""
    refuse_interest(db, actor, grant.grantee_id)
    suspension = running(db, grant)
    if suspension is not None:
        before = [suspension.suspended_by_id]
        refuse_behind(db, actor, _BY, suspension, before, action="resume")
    _advance(db, actor, grant, "resume", reason)
    assert suspension is not None, "a suspended grant has a suspension that runs"
    _end(db, actor, suspension, reason)
    return suspension


def propose_termination(
    db: Session, actor: Actor, fund: Fund, grant: Grant, reason: str, on: date | None
) -> GrantTermination:
    """Propose to terminate a grant, from a day on or from its confirmation."""
    refuse_interest(db, actor, grant.grantee_id)
    if grant.status not in STANDING_STEPS["terminate"].sources:
        raise Problem("wrong-status", action="terminate", status=grant.status)
    if proposed(db, grant) is not None:
        raise Problem("already-exists", detail=text("constraint.termination_proposed"))
    made = GrantTermination(
        id=uuid7(), grant_id=grant.id, fund_id=grant.fund_id, status="proposed", reason=reason,
        proposed_by_id=actor.person_id, proposed_at=clock.now(),
        effective_on=None if on is None else past_day(fund, on, "/on"),
    )  # fmt: skip
    db.add(made)
    db.flush()
    audit.record(
        db, actor, "grant_termination.proposed", "grant_termination", made.id,
        fund_id=grant.fund_id, reason=reason, after=snapshot(made),
    )  # fmt: skip
    return made


def confirm_termination(db: Session, actor: Actor, fund: Fund, grant: Grant) -> GrantTermination:
    """Terminate a grant as another person proposed: its unpaid rest goes back to its lots.

    Raises ``same-person``, ``conflict`` where nothing is proposed or disbursements wait.
    """
    refuse_interest(db, actor, grant.grantee_id)
    termination = _proposed(db, grant)
    releasing.refuse_waiting(grant)
    before = snapshot(termination)
    _decide(actor, termination, "confirm")
    on = past_day(fund, termination.effective_on, "/on")
    parts = releasing.rest_of(db, grant, on)
    suspension = running(db, grant)
    voided = [[part.lot_id, part.amount_minor] for part in parts]
    seq = _advance(db, actor, grant, "terminate", termination.reason, {"voided": voided})
    releasing.give_back(db, seq, grant, parts, on)
    if suspension is not None:
        _end(db, actor, suspension, None)
    termination.effective_on = on
    _record(db, actor, termination, "grant_termination.confirmed", before)
    return termination


def withdraw_termination(db: Session, actor: Actor, grant: Grant, reason: str) -> GrantTermination:
    """Take back the proposal to terminate a grant."""
    refuse_interest(db, actor, grant.grantee_id)
    termination = _proposed(db, grant)
    before = snapshot(termination)
    _decide(actor, termination, "withdraw")
    _record(db, actor, termination, "grant_termination.withdrawn", before, reason)
    return termination


def running(db: Session, grant: Grant) -> GrantSuspension | None:
    """Return the suspension of a grant that runs, if one does."""
    query = select(GrantSuspension).where(
        GrantSuspension.grant_id == grant.id, GrantSuspension.ended_at.is_(None)
    )
    return db.execute(query).scalar_one_or_none()


def proposed(db: Session, grant: Grant) -> GrantTermination | None:
    """Return the proposal to terminate a grant that waits for another person, if there is one."""
    query = select(GrantTermination).where(
        GrantTermination.grant_id == grant.id, GrantTermination.status == "proposed"
    )
    return db.execute(query).scalar_one_or_none()


def _proposed(db: Session, grant: Grant) -> GrantTermination:
    found = proposed(db, grant)
    if found is None:
        raise Problem("conflict", detail=text("standing.nothing_proposed"))
    return found


def _advance(
    db: Session, actor: Actor, grant: Grant, action: str, reason: str,
    more: dict[str, Any] | None = None,
) -> int:  # fmt: skip
    before = {"status": grant.status}
    advance(grant, STANDING_STEPS, action, actor)
    db.flush()
    return audit.record(
        db, actor, EVENTS[action], "grant", grant.id, fund_id=grant.fund_id, reason=reason,
        before=before, after={"status": grant.status} | (more or {}),
    )  # fmt: skip


def _end(db: Session, actor: Actor, suspension: GrantSuspension, reason: str | None) -> None:
    """End a suspension: by resuming with a reason, or because the grant itself ended."""
    before = snapshot(suspension)
    suspension.ended_at = clock.now()
    if reason is not None:
        suspension.resumed_by_id, suspension.resume_reason = actor.person_id, reason
    db.flush()
    audit.record(
        db, actor, "grant_suspension.ended", "grant_suspension", suspension.id,
        fund_id=suspension.fund_id, reason=reason, before=before, after=snapshot(suspension),
    )  # fmt: skip


def _decide(actor: Actor, termination: GrantTermination, action: str) -> None:
    advance(termination, TERMINATION_STEPS, action, actor)
    termination.decided_by_id, termination.decided_at = actor.person_id, clock.now()


def _record(
    db: Session, actor: Actor, termination: GrantTermination, action: str,
    before: dict[str, Any], reason: str | None = None,
) -> None:  # fmt: skip
    db.flush()
    audit.record(
        db, actor, action, "grant_termination", termination.id, fund_id=termination.fund_id,
        reason=reason, before=before, after=snapshot(termination),
    )  # fmt: skip
