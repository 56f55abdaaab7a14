"""Tables of reviews: the pool, conflicts, assignments, saved drafts, reviews, scores, rankings.

Scores are whole hundredths in the criterion's own units; weighted scores are hundredths of a
point out of 100, where 100 is best. A missing mark is null, never zero.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, one_of
from fundops.errors import register_constraints

ASSIGNMENT_STATUSES = (
    "invited",
    "accepted",
    "declined",
    "conflicted",
    "submitted",
    "returned",
    "withdrawn",
)
CONFLICT_KINDS = ("employer", "professional", "personal", "family", "financial", "other")
REVIEW_STATUSES = ("submitted", "returned", "set_aside")


class Reviewer(Base):
    """A person of the pool: what they read, where and what they know, how much they take on.

    ``languages`` and ``regions`` (M49) are JSON lists of codes, ``objectives`` of numbers.
    """

    __tablename__ = "reviewers"
    __table_args__ = (
        one_of("status", ("active", "resting")),
        CheckConstraint("max_load > 0 AND max_load <= 500", name="load_in_range"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"), unique=True)
    languages: Mapped[str] = mapped_column(Text(200))
    regions: Mapped[str] = mapped_column(Text(1000))
    objectives: Mapped[str] = mapped_column(Text(200))
    max_load: Mapped[int]
    status: Mapped[str] = mapped_column(Text(10))
    version: Mapped[int] = mapped_column()
    created_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}


class Conflict(Base):
    """A conflict of interest of a person with a proposal or with a party; declared or found."""

    __tablename__ = "conflicts"
    __table_args__ = (
        one_of("kind", CONFLICT_KINDS),
        CheckConstraint("(proposal_id IS NULL) <> (party_id IS NULL)", name="one_subject"),
        Index("ix_conflicts_person_id", "person_id"),
        Index("ix_conflicts_proposal_id", "proposal_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    proposal_id: Mapped[UUID | None] = mapped_column(ForeignKey("proposals.id"))
    party_id: Mapped[UUID | None] = mapped_column(ForeignKey("parties.id"))
    kind: Mapped[str] = mapped_column(Text(20))
    note: Mapped[str | None] = mapped_column(Text(2000))
    declared_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    declared_at: Mapped[datetime]


class Assignment(Base):
    """One reviewer's part in one proposal; its id is random (UUID4) and tells nothing.

    ``alias`` is the reviewer's pseudonym towards everybody but officers ("Reviewer 2"), and
    ``blind_code`` what the reviewer calls the proposal. ``position`` is a random order.
    ``others_opened_at`` is when an officer let the reviewer read the others' reviews.
    """

    __tablename__ = "assignments"
    __table_args__ = (
        UniqueConstraint("proposal_id", "reviewer_id"),
        UniqueConstraint("proposal_id", "alias"),
        one_of("status", ASSIGNMENT_STATUSES),
        CheckConstraint(
            "status NOT IN ('declined', 'withdrawn') OR reason IS NOT NULL", name="reason_given"
        ),
        Index("ix_assignments_call_id_status", "call_id", "status"),
        Index("ix_assignments_reviewer_id_status", "reviewer_id", "status"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    call_id: Mapped[UUID] = mapped_column(ForeignKey("calls.id"))
    proposal_id: Mapped[UUID] = mapped_column(ForeignKey("proposals.id"))
    reviewer_id: Mapped[UUID] = mapped_column(ForeignKey("reviewers.id"))
    alias: Mapped[str] = mapped_column(Text(20))
    blind_code: Mapped[str] = mapped_column(Text(20), unique=True)
    position: Mapped[int]
    is_extra: Mapped[bool] = mapped_column(default=False)
    status: Mapped[str] = mapped_column(Text(12))
    reason: Mapped[str | None] = mapped_column(Text(2000))
    conflict_id: Mapped[UUID | None] = mapped_column(ForeignKey("conflicts.id"))
    invited_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    invited_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    others_opened_at: Mapped[datetime | None]
    last_number: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}


class ReviewDraft(Base):
    """One save of a review being written, whole, as canonical JSON. Never changed."""

    __tablename__ = "review_drafts"
    __table_args__ = (UniqueConstraint("assignment_id", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("assignments.id"))
    number: Mapped[int]
    content: Mapped[str] = mapped_column(Text(500_000))
    sha256: Mapped[str] = mapped_column(Text(64))
    saved_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    saved_at: Mapped[datetime]


class Review(Base):
    """A submitted review. ``weighted`` is null where no mark was given.

    Returned reviews stay and do not count from ``returned_at`` on; so do those set aside for a
    conflict found later.
    ``sha256`` is of the canonical JSON of all marks, so that a mark changed unseen is found.
    """

    __tablename__ = "reviews"
    __table_args__ = (
        UniqueConstraint("assignment_id", "number"),
        one_of("status", REVIEW_STATUSES),
        CheckConstraint(
            "weighted IS NULL OR (weighted >= 0 AND weighted <= 10000)", name="weighted_in_range"
        ),
        CheckConstraint("status = 'submitted' OR reason IS NOT NULL", name="reason_given"),
        Index("ix_reviews_proposal_id_status", "proposal_id", "status"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("assignments.id"))
    proposal_id: Mapped[UUID] = mapped_column(ForeignKey("proposals.id"))
    number: Mapped[int]
    weighted: Mapped[int | None]
    strengths: Mapped[str | None] = mapped_column(Text(4000))
    weaknesses: Mapped[str | None] = mapped_column(Text(4000))
    private_note: Mapped[str | None] = mapped_column(Text(4000))
    sha256: Mapped[str] = mapped_column(Text(64))
    status: Mapped[str] = mapped_column(Text(10))
    reason: Mapped[str | None] = mapped_column(Text(2000))
    submitted_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    submitted_at: Mapped[datetime]
    returned_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    returned_at: Mapped[datetime | None]


class Score(Base):
    """One mark of a review on one criterion; null is "not marked", with the reason as its text."""

    __tablename__ = "scores"
    __table_args__ = (
        UniqueConstraint("review_id", "criterion_id"),
        Index("ix_scores_criterion_id", "criterion_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    review_id: Mapped[UUID] = mapped_column(ForeignKey("reviews.id"))
    criterion_id: Mapped[UUID] = mapped_column(ForeignKey("call_criteria.id"))
    score: Mapped[int | None]
    justification: Mapped[str] = mapped_column(Text(4000))


class Consensus(Base):
    """What reviewers who diverged agreed on, with minutes; the raw scores stay beside it."""

    __tablename__ = "consensuses"
    __table_args__ = (
        CheckConstraint(
            "agreed IS NULL OR (agreed >= 0 AND agreed <= 10000)", name="agreed_in_range"
        ),
        Index("ix_consensuses_proposal_id", "proposal_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    proposal_id: Mapped[UUID] = mapped_column(ForeignKey("proposals.id"))
    agreed: Mapped[int | None]
    minutes: Mapped[str] = mapped_column(Text(10_000))
    participants: Mapped[str] = mapped_column(Text(4000))
    settled_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    settled_at: Mapped[datetime]


class Ranking(Base):
    """A ranking as computed once: its question, seed and result as JSON. Never changed."""

    __tablename__ = "rankings"
    __table_args__ = (Index("ix_rankings_call_id", "call_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    call_id: Mapped[UUID] = mapped_column(ForeignKey("calls.id"))
    seed: Mapped[int]
    parameters: Mapped[str] = mapped_column(Text(4000))
    result: Mapped[str] = mapped_column(Text(10_000_000))
    sha256: Mapped[str] = mapped_column(Text(64))
    computed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    computed_at: Mapped[datetime]


register_constraints(
    {
        "uq_reviewers_person_id": ("already-exists", "constraint.reviewer_person"),
        "uq_assignments_proposal_id_reviewer_id": ("already-exists", "constraint.assignment"),
        "uq_review_drafts_assignment_id_number": ("stale", "constraint.review_draft"),
        "uq_scores_review_id_criterion_id": ("already-exists", "constraint.score_twice"),
    }
)
