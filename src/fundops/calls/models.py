"""Tables of calls for proposals: terms, criteria, rules, documents, questions and extensions.

JSON columns hold canonical JSON (``audit.canonical``); their shapes are the schemas of this
package. Scores and points are whole hundredths; weights are basis points, a call's sum 10,000.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, one_of, whole
from fundops.errors import register_constraints

CALL_STATUSES = ("draft", "open", "closed")
MODALITIES = ("emergency", "comprehensive")
CRITERION_KINDS = ("criterion", "objective")
BEST = ("high", "low")
RULE_KINDS = (
    "party_kind",
    "registration_age",
    "registration_country",
    "implementation_country",
    "budget_share",
    "own_account",
    "safeguarding_policy",
    "works_directly",
    "assistance_age",
    "proposals_per_applicant",
)
QUESTION_STATUSES = ("asked", "answered", "withheld")
WHOLE_WEIGHT = 10_000
"""The weights of a call's criteria together, in basis points."""


class Call(Base):
    """An invitation to apply: whose fund, until which instant, on which terms.

    ``deadline_at`` is the one instant that counts; ``closes_on`` is its day in the call's zone.
    ``objectives`` is a JSON list of the targeted objectives (1 to 10), none meaning any;
    ``targets`` maps further code lists to the codes the call is for; ``limits`` lists the stated
    limits of regional and objective balance; ``languages`` those a proposal may be written in.
    ``divergence_threshold`` (hundredths of a point out of 100) is the spread of reviews above
    which one more reviewer or a consensus is asked for.
    """

    __tablename__ = "calls"
    __table_args__ = (
        one_of("status", CALL_STATUSES),
        CheckConstraint(
            "opens_on IS NULL OR closes_on IS NULL OR opens_on <= closes_on", name="dates_ordered"
        ),
        CheckConstraint("envelope_minor IS NULL OR envelope_minor >= 0", name="envelope_positive"),
        CheckConstraint(
            "modality IS NULL OR modality IN ('emergency', 'comprehensive')",
            name="modality_known",
        ),
        CheckConstraint(
            "floor_minor IS NULL OR ceiling_minor IS NULL OR floor_minor <= ceiling_minor",
            name="floor_below_ceiling",
        ),
        CheckConstraint(
            "min_months IS NULL OR max_months IS NULL OR min_months <= max_months",
            name="months_ordered",
        ),
        CheckConstraint("grace_minutes >= 0 AND grace_minutes <= 1440", name="grace_in_range"),
        whole("envelope_minor"),
        whole("floor_minor"),
        whole("ceiling_minor"),
        Index("ix_calls_fund_id", "fund_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(60), unique=True)
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    title: Mapped[str] = mapped_column(Text(500))
    year: Mapped[int]
    opens_on: Mapped[date | None]
    closes_on: Mapped[date | None]
    envelope_minor: Mapped[int | None] = mapped_column(BigInteger)
    objectives: Mapped[str] = mapped_column(Text(200), default="[]")
    source_code: Mapped[str | None] = mapped_column(Text(300), index=True)
    status: Mapped[str] = mapped_column(Text(10))
    version: Mapped[int] = mapped_column()
    created_at: Mapped[datetime]
    funding_window: Mapped[str | None] = mapped_column(Text(120))
    modality: Mapped[str | None] = mapped_column(Text(20))
    summary: Mapped[str | None] = mapped_column(Text(4000))
    zone: Mapped[str] = mapped_column(Text(60), default="UTC", server_default="UTC")
    deadline_at: Mapped[datetime | None]
    grace_minutes: Mapped[int] = mapped_column(default=0, server_default="0")
    questions_close_at: Mapped[datetime | None]
    reviews_close_at: Mapped[datetime | None]
    floor_minor: Mapped[int | None] = mapped_column(BigInteger)
    ceiling_minor: Mapped[int | None] = mapped_column(BigInteger)
    min_months: Mapped[int | None]
    max_months: Mapped[int | None]
    languages: Mapped[str] = mapped_column(Text(200), default="[]", server_default="[]")
    targets: Mapped[str] = mapped_column(Text(4000), default="{}", server_default="{}")
    limits: Mapped[str] = mapped_column(Text(4000), default="[]", server_default="[]")
    reviews_per_proposal: Mapped[int] = mapped_column(default=3, server_default="3")
    divergence_threshold: Mapped[int | None]
    is_blind: Mapped[bool] = mapped_column(default=False, server_default="0")

    __mapper_args__ = {"version_id_col": version}


class CallCriterion(Base):
    """What reviewers score, with its weight and scale; ``best`` says which end is better.

    ``kind`` ``objective`` scores one targeted objective. ``anchors`` is a JSON list of
    ``{"score": "3", "text": "…"}``: what a score means.
    """

    __tablename__ = "call_criteria"
    __table_args__ = (
        UniqueConstraint("call_id", "number"),
        one_of("kind", CRITERION_KINDS),
        one_of("best", BEST),
        CheckConstraint("weight_bp >= 0 AND weight_bp <= 10000", name="weight_in_range"),
        CheckConstraint("scale_min < scale_max AND scale_step > 0", name="scale_ordered"),
        CheckConstraint("(kind = 'objective') = (objective IS NOT NULL)", name="objective_named"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    call_id: Mapped[UUID] = mapped_column(ForeignKey("calls.id"))
    number: Mapped[int]
    kind: Mapped[str] = mapped_column(Text(10))
    objective: Mapped[int | None]
    title: Mapped[str] = mapped_column(Text(300))
    description: Mapped[str | None] = mapped_column(Text(4000))
    weight_bp: Mapped[int]
    scale_min: Mapped[int]
    scale_max: Mapped[int]
    scale_step: Mapped[int]
    best: Mapped[str] = mapped_column(Text(4))
    anchors: Mapped[str] = mapped_column(Text(20_000), default="[]")


class CallRule(Base):
    """One eligibility rule of a call: a kind and its parameters, as JSON."""

    __tablename__ = "call_rules"
    __table_args__ = (UniqueConstraint("call_id", "number"), one_of("kind", RULE_KINDS))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    call_id: Mapped[UUID] = mapped_column(ForeignKey("calls.id"))
    number: Mapped[int]
    kind: Mapped[str] = mapped_column(Text(30))
    parameters: Mapped[str] = mapped_column(Text(4000), default="{}")


class CallDocument(Base):
    """A document that a proposal must, or may, come with; ``kind`` is of the document list."""

    __tablename__ = "call_documents"
    __table_args__ = (
        UniqueConstraint("call_id", "number"),
        UniqueConstraint("call_id", "kind"),
        CheckConstraint("max_age_days IS NULL OR max_age_days > 0", name="age_positive"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    call_id: Mapped[UUID] = mapped_column(ForeignKey("calls.id"))
    number: Mapped[int]
    kind: Mapped[str] = mapped_column(Text(40))
    note: Mapped[str | None] = mapped_column(Text(1000))
    is_required: Mapped[bool]
    max_age_days: Mapped[int | None]


class CallQuestion(Base):
    """A question on a call; published with its answer to everybody alike, never with who asked."""

    __tablename__ = "call_questions"
    __table_args__ = (
        one_of("status", QUESTION_STATUSES),
        CheckConstraint("(status = 'asked') = (answered_at IS NULL)", name="answered_has_time"),
        CheckConstraint("status <> 'answered' OR answer IS NOT NULL", name="answered_has_answer"),
        Index("ix_call_questions_call_id", "call_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    call_id: Mapped[UUID] = mapped_column(ForeignKey("calls.id"))
    party_id: Mapped[UUID | None] = mapped_column(ForeignKey("parties.id"))
    asked_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    asked_at: Mapped[datetime]
    question: Mapped[str] = mapped_column(Text(4000))
    answer: Mapped[str | None] = mapped_column(Text(4000))
    answered_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    answered_at: Mapped[datetime | None]
    status: Mapped[str] = mapped_column(Text(10), default="asked")
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}


class CallExtension(Base):
    """A deadline moved later, for everybody alike, with the reason. Never changed."""

    __tablename__ = "call_extensions"
    __table_args__ = (
        CheckConstraint("old_deadline_at < new_deadline_at", name="later"),
        Index("ix_call_extensions_call_id", "call_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    call_id: Mapped[UUID] = mapped_column(ForeignKey("calls.id"))
    old_deadline_at: Mapped[datetime]
    new_deadline_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(Text(2000))
    extended_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    extended_at: Mapped[datetime]


register_constraints(
    {
        "ck_calls_floor_below_ceiling": ("conflict", "constraint.call_floor"),
        "ck_calls_months_ordered": ("conflict", "constraint.call_months"),
        "uq_call_documents_call_id_kind": ("already-exists", "constraint.call_document"),
        "ck_call_extensions_later": ("conflict", "constraint.call_extension"),
    }
)
