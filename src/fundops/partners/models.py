"""Tables of partner risk: what was looked into of a party, and assessments two persons made."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, one_of
from fundops.errors import register_constraints
from fundops.grants.policy_content import TIERS

OUTCOMES = ("passed", "failed", "not_applicable")
ASSESSMENT_STATUSES = ("proposed", "confirmed", "refused", "withdrawn")
BANDS = ("low", "medium", "significant", "high")
"""Bands of capacity, the least risky first."""

MAX_CONTENT = 200_000
"""Longest canonical text of an assessment, in characters."""

_PROPOSED = "status = 'proposed'"


class DueDiligenceCheck(Base):
    """What somebody found when looking into one thing about a party. Never changed.

    ``kind`` is a code of ``partners/lists/checks.toml``; the latest of a kind by ``checked_on``
    counts, until ``valid_until_on``.
    """

    __tablename__ = "due_diligence_checks"
    __table_args__ = (
        one_of("outcome", OUTCOMES),
        CheckConstraint("checked_on <= valid_until_on", name="dates_ordered"),
        CheckConstraint("note IS NOT NULL OR evidence_file_id IS NOT NULL", name="has_evidence"),
        Index("ix_due_diligence_checks_party_id", "party_id"),
        {"info": {"append_only": True}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"))
    kind: Mapped[str] = mapped_column(Text(40))
    outcome: Mapped[str] = mapped_column(Text(20))
    checked_on: Mapped[date]
    valid_until_on: Mapped[date]
    note: Mapped[str | None] = mapped_column(Text(4000))
    evidence_file_id: Mapped[UUID | None] = mapped_column(ForeignKey("files.id"))
    recorded_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    created_at: Mapped[datetime]


class PartnerAssessment(Base):
    """How risky it is to fund a party: answered by one person, confirmed by another.

    ``content`` is canonical JSON of the answers with the questions as they stood, the score, what
    the party did under its grants and how each moved the tier; it never changes. ``computed_tier``
    is what follows from it; ``tier`` differs from it only with ``override_reason``. Confirming
    writes the register that the tranche policy reads (``risk_assessment_id``).
    """

    __tablename__ = "partner_assessments"
    __table_args__ = (
        one_of("status", ASSESSMENT_STATUSES),
        one_of("band", BANDS),
        one_of("computed_tier", TIERS),
        one_of("tier", TIERS),
        CheckConstraint("applicable > 0 AND score >= applicable", name="score_adds_up"),
        CheckConstraint("(tier = computed_tier) = (override_reason IS NULL)", name="override"),
        CheckConstraint("assessed_on <= valid_until_on", name="dates_ordered"),
        CheckConstraint(
            "(status = 'proposed') = (decided_by_id IS NULL)", name="decided_by_somebody"
        ),
        CheckConstraint(
            "status NOT IN ('confirmed', 'refused') OR decided_by_id <> assessed_by_id",
            name="two_persons",
        ),
        CheckConstraint(
            "(status = 'confirmed') = (risk_assessment_id IS NOT NULL)", name="confirmed_counts"
        ),
        Index(
            "uq_partner_assessments_proposed", "party_id", unique=True,
            sqlite_where=text(_PROPOSED), postgresql_where=text(_PROPOSED),
        ),
        Index("ix_partner_assessments_party_id", "party_id"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(80), unique=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"))
    status: Mapped[str] = mapped_column(Text(10))
    assessed_on: Mapped[date]
    valid_until_on: Mapped[date]
    questionnaire: Mapped[int]
    applicable: Mapped[int]
    score: Mapped[int]
    band: Mapped[str] = mapped_column(Text(12))
    computed_tier: Mapped[str] = mapped_column(Text(10))
    tier: Mapped[str] = mapped_column(Text(10))
    override_reason: Mapped[str | None] = mapped_column(Text(2000))
    content: Mapped[str] = mapped_column(Text(MAX_CONTENT))
    assessed_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    assessed_at: Mapped[datetime]
    decided_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str | None] = mapped_column(Text(2000))
    risk_assessment_id: Mapped[UUID | None] = mapped_column(ForeignKey("risk_assessments.id"))
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}


register_constraints(
    {
        "ck_due_diligence_checks_dates_ordered": ("conflict", "constraint.check_dates"),
        "ck_due_diligence_checks_has_evidence": ("conflict", "constraint.check_evidence"),
        "ck_partner_assessments_two_persons": ("same-person", "constraint.assessed_by_two"),
        "ck_partner_assessments_override": ("conflict", "constraint.override_reason"),
        "uq_partner_assessments_proposed": ("already-exists", "constraint.assessment_proposed"),
    }
)
