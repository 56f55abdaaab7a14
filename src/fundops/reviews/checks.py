"""What must hold of reviews, and of proposals under them, by what the database really holds.

Runs with ``fundops check``. A mark, a weighted score or a ranking changed behind the program's back
no longer fits its seal; a mark or a score that never was right does not recompute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops.calls.models import CallCriterion
from fundops.checking import faults
from fundops.messages import text
from fundops.proposals import integrity
from fundops.proposals.integrity import unsealed
from fundops.reviews import marks
from fundops.reviews.marks import Marked
from fundops.reviews.models import Assignment, Ranking, Review, ReviewDraft, Score
from fundops.reviews.scoring import ScoreInvalid

PAGE = 2_000


def _reviews(db: Session) -> Iterator[tuple[Review, UUID, list[Marked]]]:
    """Yield each review with its call and its marks, page by page."""
    query = (
        select(Review, Assignment.call_id)
        .join(Assignment, Assignment.id == Review.assignment_id)
        .order_by(Review.id)
        .limit(PAGE)
    )
    last: UUID | None = None
    while True:
        page = db.execute(query if last is None else query.where(Review.id > last)).all()
        if not page:
            return
        last = page[-1][0].id
        given: dict[UUID, list[Marked]] = {}
        rows = db.execute(select(Score).where(Score.review_id.in_([one[0].id for one in page])))
        for score in rows.scalars():
            marked = Marked(score.criterion_id, score.score, score.justification)
            given.setdefault(score.review_id, []).append(marked)
        for review, call_id in page:
            yield review, call_id, given.get(review.id, [])
        db.expunge_all()


def reviews_sealed(db: Session) -> Iterator[str]:
    """Yield a sentence for each review whose marks are not those that were submitted."""
    for review, _, given in _reviews(db):
        covered = [(one.criterion_id, one.score, one.justification) for one in given]
        seal = marks.seal(review.assignment_id, review.number, review.weighted, covered)
        if seal != review.sha256:
            yield f"{review.id}: {text('reviews.check.changed')}"


def reviews_recompute(db: Session) -> Iterator[str]:
    """Yield a sentence for each review whose weighted score does not follow from its marks."""
    criteria: dict[UUID, list[CallCriterion]] = {}
    for review, call_id, given in _reviews(db):
        if call_id not in criteria:
            criteria[call_id] = marks.criteria_of(db, call_id)
        try:
            weighted = marks.weighted(criteria[call_id], given).hundredths
        except ScoreInvalid as error:
            yield f"{review.id}: {text('reviews.check.invalid', problem=error.problem)}"
            continue
        if weighted != review.weighted:
            yield f"{review.id}: {text('reviews.check.differs')}"


def rankings_sealed(db: Session) -> Iterator[str]:
    """Yield a sentence for each ranking that is not as it was computed."""
    return unsealed(db, Ranking.id, Ranking.result, Ranking.sha256)


def drafts_sealed(db: Session) -> Iterator[str]:
    """Yield a sentence for each save of a review that is not as it was saved."""
    return unsealed(db, ReviewDraft.id, ReviewDraft.content, ReviewDraft.sha256)


CHECKS: dict[str, Callable[[Session], Iterator[str]]] = {
    "reviews_sealed": reviews_sealed,
    "reviews_recompute": reviews_recompute,
    "rankings_sealed": rankings_sealed,
    "drafts_sealed": drafts_sealed,
} | integrity.CHECKS
"""Each check by its name; ``reviews.check.<name>`` says what holds where it finds nothing."""


def run(db: Session) -> list[tuple[str, str]]:
    """Return (check, sentence) for what does not hold, at most 20 a check."""
    return faults(db, CHECKS)
