"""Reviews that lie further apart than the call allows, and what is done about it.

Above the call's threshold one more reviewer or a consensus is asked for. It is settled by an extra
review that is submitted, or by a consensus recorded with minutes after the last review came in.
Neither changes the reviews: they stay beside whatever was agreed.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.audit import canonical
from fundops.calls.models import Call
from fundops.errors import Problem, invalid
from fundops.ids import uuid7
from fundops.messages import text
from fundops.proposals.models import Proposal
from fundops.records import snapshot
from fundops.reviews import queries
from fundops.reviews.marks import shown
from fundops.reviews.models import Assignment, Consensus, Review
from fundops.reviews.scoring import Divergence, divergence

ASKED, AWAITED, EXTRA, AGREED = "asked", "awaited", "extra_review", "consensus"
"""What stands: nothing yet, an extra reviewer at work, an extra review, a consensus."""


@dataclass(frozen=True)
class Diverging:
    """A proposal whose reviews diverge, by how much, and what is done about it."""

    proposal_id: UUID
    divergence: Divergence
    state: str

    @property
    def is_settled(self) -> bool:
        """Whether there is an extra review or a consensus."""
        return self.state in (EXTRA, AGREED)


@dataclass(frozen=True)
class Submitted:
    """What divergence asks of one submitted review."""

    proposal_id: UUID
    alias: str
    weighted: int | None
    is_extra: bool
    submitted_at: datetime


def submitted(db: Session, proposal_ids: Collection[UUID] | None, call_id: UUID) -> list[Submitted]:
    """Return the reviews of a call that count, all or of some proposals, in one query."""
    query = (
        queries.rows_of(
            Review.proposal_id, Assignment.alias, Review.weighted, Assignment.is_extra,
            Review.submitted_at,
        )
        .join(Assignment, Assignment.id == Review.assignment_id)
        .where(Assignment.call_id == call_id, Review.status == "submitted")
        .order_by(Review.id)
    )  # fmt: skip
    if proposal_ids is not None:
        query = query.where(Review.proposal_id.in_(proposal_ids))
    return [Submitted(*row) for row in db.execute(query)]


def diverging(db: Session, call: Call, reviews: Iterable[Submitted]) -> dict[UUID, Diverging]:
    """Return the proposals whose reviews lie further apart than the call allows.

    ``reviews`` are those that count; takes two queries however many there are.
    """
    by_proposal: dict[UUID, list[Submitted]] = {}
    for one in reviews:
        by_proposal.setdefault(one.proposal_id, []).append(one)
    found = {
        proposal_id: apart
        for proposal_id, those in by_proposal.items()
        if (apart := spread(those, call.divergence_threshold)) is not None and apart.exceeds
    }
    if not found:
        return {}
    settled = _last_consensus(db, call.id)
    awaited = set(
        db.execute(
            select(Assignment.proposal_id).where(
                Assignment.call_id == call.id,
                Assignment.is_extra,
                Assignment.status.in_(queries.UNFINISHED),
            )
        ).scalars()
    )
    return {
        proposal_id: Diverging(
            proposal_id,
            apart,
            _state(proposal_id, by_proposal[proposal_id], settled, awaited),
        )
        for proposal_id, apart in found.items()
    }


def spread(reviews: Collection[Submitted], threshold: int | None) -> Divergence | None:
    """Return how far one proposal's reviews lie apart, by pseudonym."""
    return divergence({one.alias: one.weighted for one in reviews}, threshold)


def _last_consensus(db: Session, call_id: UUID) -> dict[UUID, datetime]:
    query = (
        select(Consensus.proposal_id, Consensus.settled_at)
        .join(Proposal, Proposal.id == Consensus.proposal_id)
        .where(Proposal.call_id == call_id)
        .order_by(Consensus.settled_at)
    )
    return queries.mapping(db, query)


def _state(
    proposal_id: UUID,
    reviews: list[Submitted],
    settled: Mapping[UUID, datetime],
    awaited: Collection[UUID],
) -> str:
    last = max(one.submitted_at for one in reviews)
    if proposal_id in settled and settled[proposal_id] >= last:
        return AGREED
    if any(one.is_extra for one in reviews):
        return EXTRA
    return AWAITED if proposal_id in awaited else ASKED


def note(db: Session, author: audit.Author, call: Call, proposal_id: UUID) -> Diverging | None:
    """Compute the divergence of one proposal after a submission; record it where it exceeds."""
    reviews = submitted(db, [proposal_id], call.id)
    found = diverging(db, call, reviews).get(proposal_id)
    if found is not None:
        audit.record(
            db, author, "reviews.diverged", "divergence", proposal_id, fund_id=call.fund_id,
            after={
                "spread": found.divergence.spread,
                "threshold": found.divergence.threshold,
                "state": found.state,
            },
        )  # fmt: skip
    return found


def open_others(
    db: Session, actor: audit.Author, proposal: Proposal, call: Call, reason: str
) -> int:
    """Let those who submitted read each other's reviews, to find a consensus; return how many.

    Raises ``conflict`` while a review is still to come, or where fewer than two are submitted.
    """
    query = select(Assignment).where(
        Assignment.proposal_id == proposal.id, Assignment.status.in_(queries.ACTIVE)
    )
    active = list(db.execute(query.execution_options(populate_existing=True)).scalars())
    if any(one.status != "submitted" for one in active):
        raise Problem("conflict", detail=text("reviews.reviews_to_come"))
    if len(active) < 2:
        raise Problem("conflict", detail=text("reviews.too_few_for_consensus"))
    now = clock.now()
    for one in active:
        one.others_opened_at = one.others_opened_at or now
    db.flush()
    audit.record(
        db, actor, "reviews.opened_to_reviewers", "divergence", proposal.id,
        fund_id=call.fund_id, reason=reason, after={"reviews": len(active)},
    )  # fmt: skip
    return len(active)


def settle(
    db: Session,
    actor: audit.Author,
    proposal: Proposal,
    call: Call,
    minutes: str,
    agreed: int | None,
    participants: list[str],
) -> Consensus:
    """Record what reviewers agreed on, with minutes; their reviews stay as they are.

    ``agreed`` is in hundredths of a point, ``None`` where they agreed to differ; ``participants``
    are pseudonyms. Raises ``conflict`` with fewer than two reviews, ``invalid-request`` for a
    participant who has submitted none.
    """
    assert actor.person_id is not None, "a consensus is recorded by a person"
    known = {one.alias for one in submitted(db, [proposal.id], call.id)}
    if len(known) < 2:
        raise Problem("conflict", detail=text("reviews.too_few_for_consensus"))
    for index, alias in enumerate(participants):
        if alias not in known:
            raise invalid(f"/participants/{index}", "reviews.no_review_of_theirs")
    made = Consensus(
        id=uuid7(),
        proposal_id=proposal.id,
        agreed=agreed,
        minutes=minutes,
        participants=canonical(sorted(participants)),
        settled_by_id=actor.person_id,
        settled_at=clock.now(),
    )
    db.add(made)
    db.flush()
    audit.record(
        db, actor, "consensus.recorded", "consensus", made.id, fund_id=call.fund_id,
        after=snapshot(made),
    )  # fmt: skip
    return made


def consensus_out(made: Any) -> dict[str, Any]:
    """Return the wire form of a consensus."""
    return {
        "id": made.id,
        "proposal_id": made.proposal_id,
        "agreed": shown(made.agreed),
        "minutes": made.minutes,
        "participants": json.loads(made.participants),
        "settled_at": made.settled_at,
    }
