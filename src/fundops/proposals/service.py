"""What every step of a proposal shares: taking it, recording it, and how long it may be changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String, Uuid, column, select, table
from sqlalchemy.orm import Session

from fundops import audit
from fundops.authz import Actor
from fundops.calls import deadlines
from fundops.calls.models import Call
from fundops.errors import Problem
from fundops.lifecycle import advance
from fundops.messages import text
from fundops.proposals.models import Proposal
from fundops.proposals.steps import EDITABLE, EVENTS, STEPS
from fundops.records import snapshot

_assignments = table("assignments", column("proposal_id", Uuid()), column("status", String()))
"""Reviewers' parts, of a domain after this one: all that is asked is whether one is submitted."""


def take_step(
    db: Session,
    actor: audit.Author,
    proposal: Proposal,
    action: str,
    reason: str | None = None,
    **values: Any,
) -> int:
    """Take a declared step, set ``values`` with it and record both; return the event's number.

    Raises ``wrong-status`` or ``same-person`` as the table of steps says.
    """
    before = snapshot(proposal)
    advance(proposal, STEPS, action, actor)
    for name, value in values.items():
        setattr(proposal, name, value)
    return record(db, actor, proposal, EVENTS[action], before, reason)


def record(
    db: Session,
    actor: audit.Author,
    proposal: Proposal,
    action: str,
    before: dict[str, Any],
    reason: str | None = None,
) -> int:
    """Record what has changed of ``proposal`` since ``before`` was taken of it."""
    db.flush()
    after = snapshot(proposal)
    changed = [name for name, value in after.items() if value != before[name]]
    return audit.record(
        db,
        actor,
        action,
        "proposal",
        proposal.id,
        fund_id=db.get_one(Call, proposal.call_id).fund_id,
        reason=reason,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
    )


def require_editable(proposal: Proposal, action: str) -> None:
    """Raise ``wrong-status`` unless drafts of ``proposal`` may be saved and files attached."""
    if proposal.status not in EDITABLE:
        raise Problem("wrong-status", action=action, status=proposal.status)


def closes_at(call: Call, proposal: Proposal) -> datetime | None:
    """Return the last instant at which ``proposal`` may be submitted, if there is one."""
    known = [at for at in (call.deadline_at, proposal.reopened_until_at) if at is not None]
    return max(known, default=None)


def is_open(call: Call, proposal: Proposal, at: datetime) -> bool:
    """Return whether ``proposal`` may be submitted at ``at``: its call is open, or it itself is."""
    until = proposal.reopened_until_at
    return deadlines.is_open(call, at) or (until is not None and at <= until)


def may_come_in(call: Call, proposal: Proposal, at: datetime) -> bool:
    """Return whether something of ``proposal`` may still change: a submission, or a late file."""
    if call.status == "open" and not deadlines.is_over(call, at):
        return True
    return is_open(call, proposal, at)


def require_open(call: Call, proposal: Proposal | None, at: datetime) -> None:
    """Raise ``too-late`` after the deadline, ``conflict`` where the call takes nothing at all.

    ``at`` is the server's clock when the request arrived, whatever it then had to wait for.
    """
    if deadlines.is_open(call, at) or (proposal is not None and is_open(call, proposal, at)):
        return
    last = call.deadline_at if proposal is None else closes_at(call, proposal)
    if last is not None and at > last:
        deadline = deadlines.told(last, call.zone)
        arrived = deadlines.told(at, call.zone)
        assert deadline is not None
        assert arrived is not None
        raise Problem("too-late", deadline=deadline["text"], arrived=arrived["text"])
    raise Problem("conflict", detail=text("proposals.call_not_open"))


def reopen(
    db: Session, actor: Actor, proposal: Proposal, *, reason: str, until_at: datetime
) -> Proposal:
    """Let a submitted proposal be submitted once more until an instant; what was submitted counts
    until then, and afterwards if nothing else is.

    Raises ``conflict`` once it has been reviewed: the reviews would be of what it said before.
    """
    reviewed = select(_assignments.c.proposal_id).where(
        _assignments.c.proposal_id == proposal.id, _assignments.c.status == "submitted"
    )
    if db.execute(reviewed.limit(1)).first() is not None:
        raise Problem("conflict", detail=text("proposals.reviewed"))
    action = "reopen_lodged" if proposal.status == "lodged" else "reopen"
    take_step(db, actor, proposal, action, reason, reopened_until_at=until_at)
    return proposal


def withdraw(db: Session, actor: Actor, proposal: Proposal, reason: str | None) -> Proposal:
    """Take a proposal back, for good; what it said stays on record."""
    take_step(db, actor, proposal, "withdraw", reason)
    return proposal
