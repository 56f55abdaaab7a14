"""The scores: every mark of every review, by the reviewer's pseudonym and the criterion.

Texts stay in the dossiers. Who a reviewer is, is told to readers who know names, by code alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, select

from fundops.calls.models import Call, CallCriterion
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.registers import REVIEWS, proposed
from fundops.exports.audit_book.section import Row, Section, control, counted
from fundops.exports.formulas import count, total
from fundops.exports.kinds import Code, Flag, Instant, Integer, Money, Share, Text
from fundops.exports.workbook import Control
from fundops.messages import text
from fundops.proposals.models import Proposal
from fundops.reviews.models import Assignment, Review, Reviewer, Score

POINTS = Money(exponent=2)
"""Points: whole hundredths, shown as decimals."""


def score_rows(book: Book) -> Iterator[Row]:
    """Yield the marks of reviews submitted by the day, by proposal, pseudonym and criterion."""
    reviews = {one.id: one for one in REVIEWS.known(book) if book.by_then(one.submitted_at)}
    found = [row for row in book.db.execute(_marks(book)) if row.review_id in reviews]
    found.sort(key=lambda row: (row.call, row.proposal, row.alias, row.review, row.criterion))
    for row in found:
        review = reviews[row.review_id]
        is_gone = book.by_then(review.returned_at)
        yield (
            row.call, row.proposal, row.alias,
            book.person(row.person_id) if book.reader.knows_judges else None,
            row.review, review.status if is_gone else "submitted",
            review.submitted_at, not is_gone, row.criterion, row.title, _scale(book, row),
            Decimal(row.weight_bp) / 10_000, row.score, row.characters,
        )  # fmt: skip


def _proposals(book: Book) -> Any:
    return select(Proposal.id).where(proposed(book))


def _scale(book: Book, row: Any) -> str:
    """Return a scale in words: its ends, its steps, and which end is better."""
    points = [f"{one // 100}.{one % 100:02d}" for one in (row.low, row.high, row.step)]
    better = text(f"audit_book.scores.best.{row.best}", book.language)
    return text(
        "audit_book.scores.scale.words", book.language, low=points[0], high=points[1],
        step=points[2], better=better,
    )  # fmt: skip


def _marks(book: Book) -> Select[Any]:
    columns: tuple[Any, ...] = (
        Call.code.label("call"), Proposal.code.label("proposal"), Assignment.alias,
        Reviewer.person_id, Review.id.label("review_id"), Review.number.label("review"),
        CallCriterion.number.label("criterion"), CallCriterion.title,
        CallCriterion.scale_min.label("low"), CallCriterion.scale_max.label("high"),
        CallCriterion.scale_step.label("step"), CallCriterion.best, CallCriterion.weight_bp,
        Score.score, func.length(Score.justification).label("characters"),
    )  # fmt: skip
    return (
        select(*columns)
        .select_from(Score)
        .join(Review, Review.id == Score.review_id)
        .join(Assignment, Assignment.id == Review.assignment_id)
        .join(Reviewer, Reviewer.id == Assignment.reviewer_id)
        .join(CallCriterion, CallCriterion.id == Score.criterion_id)
        .join(Proposal, Proposal.id == Review.proposal_id)
        .join(Call, Call.id == Proposal.call_id)
        .where(Review.proposal_id.in_(_proposals(book)))
    )


def score_controls(book: Book) -> Iterator[Control]:
    """Yield: rows, and the sum of points of each call, added up in the database."""
    columns: tuple[Any, ...] = (Call.code, func.count(), func.coalesce(func.sum(Score.score), 0))
    query = (
        select(*columns)
        .select_from(Score)
        .join(Review, Review.id == Score.review_id)
        .join(Proposal, Proposal.id == Review.proposal_id)
        .join(Call, Call.id == Proposal.call_id)
        .where(
            Review.proposal_id.in_(_proposals(book)),
            Review.submitted_at < book.ends_at,
            Review.id.in_(book.known_ids("review")),
        )
        .group_by(Call.code)
    )
    sums = sorted(book.db.execute(query).all())
    yield counted(book, "scores", count("scores"), sum(row[1] for row in sums))
    for code, _, points in sums:
        figure = total("scores", "score", {"call": code})
        yield control(book, "scores_points", figure, int(points), POINTS, call=code)


SCORES = Section(
    "scores",
    (
        ("call", Code(), 24), ("proposal", Code(), 24), ("alias", Code(), 14),
        ("reviewer", Code(), 18), ("review", Integer(), 9), ("status", Code(), 12),
        ("submitted_at", Instant(), 20), ("counts", Flag(), 9), ("criterion", Integer(), 10),
        ("title", Text(), 34), ("scale", Text(), 38), ("weight", Share(), 10),
        ("score", POINTS, 10), ("characters", Integer(), 13),
    ),
    score_rows,
    controls=score_controls,
)  # fmt: skip
