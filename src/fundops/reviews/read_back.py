"""Reading reviews back: drafts and marks for their writer, marks for officers, others' reviews."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Select
from sqlalchemy.orm import Session

from fundops.calls.models import CallCriterion
from fundops.errors import Problem
from fundops.reviews import queries
from fundops.reviews.marks import shown
from fundops.reviews.models import Assignment, Review, ReviewDraft, Score
from fundops.reviews.review_schemas import mark_out


def drafts(assignment_id: UUID) -> Select[Any]:
    """Return the rows of a review's saves, without what is in them."""
    return queries.rows_of(ReviewDraft.id, ReviewDraft.number, ReviewDraft.saved_at).where(
        ReviewDraft.assignment_id == assignment_id
    )


def draft_line(row: Any) -> dict[str, Any]:
    """Return the wire form of a save in a list."""
    return {"number": row.number, "saved_at": row.saved_at}


def submitted_out(review: Review, assignment: Assignment) -> dict[str, Any]:
    """Return the wire form of a submitted review for its writer."""
    return {
        "status": review.status,
        "number": review.number,
        "weighted": shown(review.weighted),
        "sha256": review.sha256,
        "submitted_at": review.submitted_at,
        "version": assignment.version,
    }


def marks_of(db: Session, review_ids: Collection[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """Return the marks of reviews in the order of the criteria, in one query."""
    rows = db.execute(
        queries.rows_of(
            Score.review_id, CallCriterion.number, CallCriterion.title, Score.score,
            Score.justification,
        )
        .join(CallCriterion, CallCriterion.id == Score.criterion_id)
        .where(Score.review_id.in_(review_ids))
        .order_by(CallCriterion.number)
    )  # fmt: skip
    found: dict[UUID, list[dict[str, Any]]] = {one: [] for one in review_ids}
    for row in rows:
        found[row.review_id].append(mark_out(row))
    return found


def others(db: Session, assignment: Assignment) -> dict[str, Any]:
    """Return the other submitted reviews of an assignment's proposal.

    Raises ``not-found`` unless an officer has opened them and one's own is submitted.
    """
    if assignment.others_opened_at is None or assignment.status != "submitted":
        raise Problem("not-found")
    rows = db.execute(
        queries.rows_of(
            Review.id, Assignment.alias, Review.weighted, Review.strengths, Review.weaknesses
        )
        .join(Assignment, Assignment.id == Review.assignment_id)
        .where(
            Review.proposal_id == assignment.proposal_id,
            Review.status == "submitted",
            Assignment.id != assignment.id,
        )
        .order_by(Assignment.position)
    ).all()
    marks = marks_of(db, [row.id for row in rows])
    return {
        "reviews": [
            {
                "alias": row.alias,
                "weighted": shown(row.weighted),
                "strengths": row.strengths,
                "weaknesses": row.weaknesses,
                "marks": marks[row.id],
            }
            for row in rows
        ]
    }
