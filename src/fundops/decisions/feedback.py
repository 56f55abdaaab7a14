"""What an applicant is told of how its proposal was judged: figures and reasons, no names.

Only once it is decided: when a person has found it ineligible, or when two have confirmed what a
board carried. Comments come in an order that tells nothing of who wrote them, with the names of
reviewers and board members taken out, and their pseudonyms as well.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops.calls.models import CallCriterion
from fundops.calls.terms import criteria
from fundops.decisions.feedback_names import Nameless, judges
from fundops.decisions.models import Board, BoardItem
from fundops.errors import Problem
from fundops.messages import text
from fundops.proposals.models import EligibilityDecision, Proposal
from fundops.reviews.models import Review, Score
from fundops.reviews.scoring import Mean, mean_of


@dataclass(frozen=True)
class Feedback:
    """The answer: outcome and reason, the mean of the weighted scores and of each criterion."""

    proposal: Proposal
    outcome: str
    reason: str | None
    score: int | None
    criteria: tuple[tuple[CallCriterion, Mean], ...]
    strengths: tuple[str, ...]
    weaknesses: tuple[str, ...]


def feedback(db: Session, proposal: Proposal) -> Feedback:
    """Return the feedback on a decided proposal; raise ``conflict`` for one that is not yet."""
    if proposal.status == "ineligible":
        return _on_eligibility(db, proposal)
    item = db.execute(
        select(BoardItem)
        .join(Board, Board.id == BoardItem.board_id)
        .where(
            BoardItem.proposal_id == proposal.id,
            BoardItem.status == "carried_out",
            Board.status == "confirmed",
        )
        .order_by(Board.second_confirmed_at.desc(), BoardItem.id)
        .limit(1)
    ).scalar_one_or_none()
    if item is None:
        raise Problem("conflict", detail=text("feedback.not_decided"))
    reviews = db.execute(
        select(Review).where(Review.proposal_id == proposal.id, Review.status == "submitted")
    ).scalars()
    counted = sorted(reviews, key=lambda one: hashlib.sha256(one.id.bytes).digest())
    plain = Nameless(*judges(db, Proposal.call_id == proposal.call_id, Board.id == item.board_id))
    # Promoted from the reserve list is awarded.
    is_promoted = item.promotion_confirmed_at is not None
    return Feedback(
        proposal,
        "award" if is_promoted else item.outcome,
        plain(item.reason),
        mean_of(review.weighted for review in counted).hundredths,
        _means(db, proposal, {review.id for review in counted}),
        tuple(plain(one.strengths) for one in counted if one.strengths),
        tuple(plain(one.weaknesses) for one in counted if one.weaknesses),
    )


def _on_eligibility(db: Session, proposal: Proposal) -> Feedback:
    query = select(EligibilityDecision.reason).where(EligibilityDecision.proposal_id == proposal.id)
    latest = query.order_by(EligibilityDecision.decided_at.desc(), EligibilityDecision.id.desc())
    reason = db.execute(latest.limit(1)).scalar()
    return Feedback(proposal, "ineligible", reason, None, (), (), ())


def _means(
    db: Session, proposal: Proposal, review_ids: set[UUID]
) -> tuple[tuple[CallCriterion, Mean], ...]:
    marks: dict[UUID, list[int | None]] = defaultdict(list)
    query = select(Score.criterion_id, Score.score).where(Score.review_id.in_(review_ids))
    for criterion_id, score in db.execute(query):
        marks[criterion_id].append(score)
    return tuple((one, mean_of(marks[one.id])) for one in criteria(db, proposal.call_id))
