"""A person's decision on eligibility, beside what the rules found."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor
from fundops.calls.models import Call
from fundops.errors import Problem, invalid
from fundops.ids import uuid7
from fundops.messages import text
from fundops.parties.interests import has_interest
from fundops.proposals import eligibility, queries, service, submission, versions
from fundops.proposals.eligibility import Finding
from fundops.proposals.models import EligibilityDecision, Proposal
from fundops.proposals.schemas import EligibilityIn
from fundops.records import snapshot


def findings_for(db: Session, actor: Actor, proposal: Proposal) -> tuple[list[Finding], int]:
    """Return what the rules find, and of which version: the one submitted, else one's own draft.

    Raises ``not-found`` for a draft that ``actor`` may not read.
    """
    if proposal.submitted_number is not None:
        content = versions.submitted_content(db, proposal)
        found = eligibility.findings(db, proposal, content, proposal.requested_minor)
        return found, proposal.submitted_number
    if not queries.may_write(actor, proposal):
        raise Problem("not-found")
    checked, draft = submission.examine(db, proposal)
    found = eligibility.findings(db, proposal, checked.content, checked.requested_minor)
    return found, draft.number


def decide(
    db: Session, actor: Actor, proposal: Proposal, given: EligibilityIn
) -> EligibilityDecision:
    """Declare a submitted proposal eligible or not, once nothing of it can change any more.

    Raises ``invalid-request`` without the reason that a decision against the rules, or one where
    they leave something open, needs; ``conflict-of-interest`` for whoever has acted for the
    applicant; ``conflict`` while it may still be submitted anew; ``wrong-status``; ``same-person``
    for the officer who lodged it.
    """
    if has_interest(db, actor.person_id, proposal.party_id):
        raise Problem("conflict-of-interest")
    action = f"declare_{given.verdict}"
    call = db.get_one(Call, proposal.call_id)
    if service.may_come_in(call, proposal, clock.now()):
        raise Problem("conflict", detail=text("eligibility.still_open"))
    found, number = findings_for(db, actor, proposal)
    by_rules = eligibility.verdict(found)
    if by_rules != given.verdict and given.reason is None:
        key = "eligibility.open_reason" if by_rules == "unknown" else "eligibility.reason"
        raise invalid("/reason", key)
    service.take_step(db, actor, proposal, action, given.reason)
    made = EligibilityDecision(
        id=uuid7(),
        proposal_id=proposal.id,
        version_number=number,
        verdict=given.verdict,
        findings=audit.canonical([one.out() for one in found]),
        is_override=by_rules != given.verdict,
        reason=given.reason,
        decided_by_id=actor.person_id,
        decided_at=clock.now(),
    )
    db.add(made)
    db.flush()
    audit.record(
        db, actor, "eligibility.decided", "eligibility_decision", made.id,
        fund_id=call.fund_id, reason=given.reason, after=snapshot(made),
    )  # fmt: skip
    return made


def decisions(db: Session, proposal_id: UUID) -> list[dict[str, Any]]:
    """Return every decision on a proposal's eligibility, the last one first."""
    query = select(EligibilityDecision).where(EligibilityDecision.proposal_id == proposal_id)
    rows = db.execute(query.order_by(EligibilityDecision.id.desc())).scalars()
    return [decision_out(row) for row in rows]


def decision_out(row: EligibilityDecision) -> dict[str, Any]:
    """Return the wire form of a decision."""
    return {
        "id": row.id,
        "proposal_id": row.proposal_id,
        "version_number": row.version_number,
        "verdict": row.verdict,
        "findings": json.loads(row.findings),
        "is_override": row.is_override,
        "reason": row.reason,
        "decided_by_id": row.decided_by_id,
        "decided_at": row.decided_at,
    }
