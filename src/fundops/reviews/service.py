"""A review from the first save to the last: drafts, submission, and being returned.

Saving and submitting are two things. Every save is a row of its own and stays. What is submitted
is a draft named by its number, so that nobody submits other than what they saw; from then on it is
final unless an officer returns it with a reason, and the returned one is kept beside the next.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.audit import canonical
from fundops.calls.models import Call
from fundops.errors import FieldError, Problem, invalid
from fundops.ids import uuid7
from fundops.messages import text
from fundops.proposals.models import Proposal
from fundops.records import snapshot
from fundops.reviews import divergences, marks
from fundops.reviews.assignments import take_step
from fundops.reviews.marks import Complete
from fundops.reviews.models import Assignment, Review, ReviewDraft, Score
from fundops.reviews.review_schemas import ReviewDraftIn
from fundops.trail import DIGESTED

MAX_DRAFT = 500_000
"""Characters of a draft as it is kept."""
MAX_DRAFTS = 2_000
WRITING = ("accepted", "returned")


def require_writing(db: Session, assignment: Assignment, call: Call) -> None:
    """Raise ``wrong-status`` unless the review is being written, ``conflict`` once it is too late.

    A review that an officer returned after the close may still be corrected.
    """
    if assignment.status not in WRITING:
        raise Problem("wrong-status", action="write", status=assignment.status)
    closed = call.reviews_close_at
    if closed is None or clock.now() <= closed:
        return
    returned = _returned_at(db, assignment)
    if returned is None or returned <= closed:
        raise Problem("conflict", detail=text("reviews.closed"))


def _returned_at(db: Session, assignment: Assignment) -> datetime | None:
    if assignment.status != "returned":
        return None
    query = select(func.max(Review.returned_at)).where(Review.assignment_id == assignment.id)
    return db.execute(query).scalar_one()


def save_draft(
    db: Session, actor: audit.Author, assignment: Assignment, call: Call, given: ReviewDraftIn
) -> ReviewDraft:
    """Keep one save of a review being written, whatever is in it.

    Raises ``wrong-status`` unless it is being written, ``conflict`` after the close or for more
    saves than are kept, ``invalid-request`` for one that is too long.
    """
    require_writing(db, assignment, call)
    content = canonical(given.model_dump())
    if len(content) > MAX_DRAFT:
        raise invalid("", "reviews.draft_too_long", most=MAX_DRAFT)
    if assignment.last_number >= MAX_DRAFTS:
        raise Problem("conflict", detail=text("reviews.too_many_drafts", most=MAX_DRAFTS))
    draft = ReviewDraft(
        id=uuid7(),
        assignment_id=assignment.id,
        number=assignment.last_number + 1,
        content=content,
        sha256=hashlib.sha256(content.encode()).hexdigest(),
        saved_by_id=actor.person_id,
        saved_at=clock.now(),
    )
    before = {"last_number": assignment.last_number}
    assignment.last_number = draft.number
    db.add(draft)
    db.flush()
    audit.record(
        db, actor, "review.draft_kept", "review_draft", draft.id, fund_id=call.fund_id,
        after=snapshot(draft, without=DIGESTED["review_drafts"]),
    )  # fmt: skip
    audit.record(
        db, actor, "review.saved", "assignment", assignment.id, fund_id=call.fund_id,
        before=before, after={"last_number": draft.number},
    )  # fmt: skip
    return draft


def get_draft(db: Session, assignment: Assignment, number: int | None = None) -> ReviewDraft:
    """Return a save by its number, the last one by default; raise ``not-found`` for none."""
    query = select(ReviewDraft).where(
        ReviewDraft.assignment_id == assignment.id,
        ReviewDraft.number == (assignment.last_number if number is None else number),
    )
    found = db.execute(query).scalar_one_or_none()
    if found is None:
        raise Problem("not-found")
    return found


def draft_out(draft: ReviewDraft, version: int) -> dict[str, Any]:
    """Return the wire form of a save."""
    content: dict[str, Any] = json.loads(draft.content)
    return {"number": draft.number, "saved_at": draft.saved_at, "version": version} | content


def validate(db: Session, assignment: Assignment, call: Call) -> dict[str, Any]:
    """Return all that is wrong with the last save, and its weighted score if nothing is."""
    draft = get_draft(db, assignment)
    criteria = marks.criteria_of(db, call.id)
    complete, errors = marks.read(criteria, json.loads(draft.content))
    score = None if complete is None else marks.weighted(criteria, complete.marks).hundredths
    return {
        "number": draft.number,
        "is_complete": complete is not None,
        "weighted": marks.shown(score),
        "errors": [{"pointer": one.pointer, "detail": one.detail} for one in errors],
    }


def submit(
    db: Session, actor: audit.Author, assignment: Assignment, call: Call, number: int
) -> Review:
    """Submit the draft ``number`` as the review, and see whether reviews now diverge.

    Raises ``wrong-status`` unless it is being written, ``conflict`` after the close or while the
    proposal is reopened, so that its applicant may still change it, ``stale`` when a later draft
    was saved, and ``invalid-request`` with every error of the draft.
    """
    require_writing(db, assignment, call)
    _require_settled(db, assignment)
    if number != assignment.last_number:
        raise Problem("stale", detail=text("reviews.not_the_last_draft"))
    criteria = marks.criteria_of(db, call.id)
    draft = get_draft(db, assignment, number)
    complete, errors = marks.read(criteria, json.loads(draft.content))
    if complete is None:
        raise Problem("invalid-request", errors=_first(errors))
    weighted = marks.weighted(criteria, complete.marks).hundredths
    review = _add_review(db, actor, assignment, complete, weighted)
    audit.record(
        db, actor, "review.submitted", "review", review.id, fund_id=call.fund_id,
        after=snapshot(review),
    )  # fmt: skip
    take_step(db, actor, assignment, call, "submit", submitted_at=review.submitted_at)
    divergences.note(db, actor, call, assignment.proposal_id)
    return review


def _require_settled(db: Session, assignment: Assignment) -> None:
    until = db.get_one(Proposal, assignment.proposal_id).reopened_until_at
    if until is not None and clock.now() <= until:
        raise Problem("conflict", detail=text("reviews.reopened"))


def _first(errors: list[FieldError]) -> list[FieldError]:
    """Return as many errors as an answer names; more than a call's criteria can cause."""
    return errors[:500]


def _add_review(
    db: Session, actor: audit.Author, assignment: Assignment, complete: Complete,
    weighted: int | None,
) -> Review:  # fmt: skip
    query = select(func.max(Review.number)).where(Review.assignment_id == assignment.id)
    number = (db.execute(query).scalar_one() or 0) + 1
    covered = [(one.criterion_id, one.score, one.justification) for one in complete.marks]
    review = Review(
        id=uuid7(),
        assignment_id=assignment.id,
        proposal_id=assignment.proposal_id,
        number=number,
        weighted=weighted,
        strengths=complete.strengths,
        weaknesses=complete.weaknesses,
        private_note=complete.private_note,
        sha256=marks.seal(assignment.id, number, weighted, covered),
        status="submitted",
        submitted_by_id=actor.person_id,
        submitted_at=clock.now(),
    )
    db.add(review)
    db.flush()
    db.add_all(
        Score(
            id=uuid7(),
            review_id=review.id,
            criterion_id=criterion_id,
            score=score,
            justification=justification,
        )
        for criterion_id, score, justification in covered
    )
    db.flush()
    return review


def give_back(
    db: Session, actor: audit.Author, review: Review, assignment: Assignment, call: Call,
    reason: str,
) -> Review:  # fmt: skip
    """Return a submitted review to its writer with the reason; it stays, and counts no more.

    Raises ``wrong-status`` for one that is not submitted. What was decided on it stands: the
    ranking before the board is frozen.
    """
    if review.status != "submitted":
        raise Problem("wrong-status", action="return", status=review.status)
    names = ("status", "reason", "returned_by_id", "returned_at")
    before = {name: getattr(review, name) for name in names}
    take_step(db, actor, assignment, call, "return", reason, others_opened_at=None)
    review.status, review.reason = "returned", reason
    review.returned_by_id, review.returned_at = actor.person_id, clock.now()
    db.flush()
    audit.record(
        db, actor, "review.returned", "review", review.id, fund_id=call.fund_id, reason=reason,
        before=before, after={name: getattr(review, name) for name in names},
    )  # fmt: skip
    return review


def returned_because(db: Session, assignment: Assignment) -> str | None:
    """Return why the last review was returned, while it is."""
    if assignment.status != "returned":
        return None
    query = (
        select(Review.reason)
        .where(Review.assignment_id == assignment.id, Review.status == "returned")
        .order_by(Review.number.desc())
        .limit(1)
    )
    return db.execute(query).scalar_one_or_none()


def last_review(db: Session, assignment_id: UUID) -> Review:
    """Return the submitted review of an assignment; raise ``not-found`` when there is none."""
    query = select(Review).where(
        Review.assignment_id == assignment_id, Review.status == "submitted"
    )
    found = db.execute(query).scalar_one_or_none()
    if found is None:
        raise Problem("not-found")
    return found
