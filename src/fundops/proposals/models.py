"""Tables of proposals: the proposal, its versions, what a submitted version says, attachments.

Every save is a version of its own and stays. A submitted version is also written out in rows
(codes, budget lines, results, co-funding), so that totals can be cut by any of them. Quantities
and durations are whole hundredths, shares charged basis points, amounts minor units of the fund's
base currency.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, in_range, one_of, whole
from fundops.errors import register_constraints

PROPOSAL_STATUSES = (
    "draft",
    "lodged",
    "submitted",
    "eligible",
    "ineligible",
    "awarded",
    "reserve",
    "rejected",
    "withdrawn",
)
VERSION_KINDS = ("draft", "submitted", "aside")
"""``aside`` was sent from a page that had grown old: kept, but never the draft at work."""
CATEGORIES = ("A", "B", "C", "D", "E", "F", "G")
"""The seven budget categories that UN agencies share."""


class Proposal(Base):
    """An applicant's answer to a call.

    ``lodged`` is submitted by an officer for the applicant, who has yet to confirm it.
    ``last_number`` counts versions; ``submitted_number`` is the version that counts, whose facts
    (title, country, period, amount) stand here for lists.
    """

    __tablename__ = "proposals"
    __table_args__ = (
        one_of("status", PROPOSAL_STATUSES),
        CheckConstraint(
            "submitted_number IS NULL OR submitted_number <= last_number", name="submitted_exists"
        ),
        CheckConstraint(
            "status IN ('draft', 'withdrawn') OR submitted_number IS NOT NULL",
            name="submitted_has_version",
        ),
        CheckConstraint(
            "starts_on IS NULL OR ends_on IS NULL OR starts_on <= ends_on", name="period_ordered"
        ),
        CheckConstraint(
            "requested_minor IS NULL OR requested_minor > 0", name="requested_positive"
        ),
        whole("requested_minor"),
        Index("ix_proposals_call_id_status", "call_id", "status"),
        Index("ix_proposals_party_id", "party_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(60), unique=True)
    call_id: Mapped[UUID] = mapped_column(ForeignKey("calls.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"))
    title: Mapped[str] = mapped_column(Text(500))
    language: Mapped[str] = mapped_column(Text(3))
    country: Mapped[str | None] = mapped_column(Text(2))
    region: Mapped[str | None] = mapped_column(Text(3))
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    requested_minor: Mapped[int | None] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(Text(12))
    last_number: Mapped[int]
    submitted_number: Mapped[int | None]
    submitted_at: Mapped[datetime | None]
    submitted_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    lodged_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    confirmed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    confirmed_at: Mapped[datetime | None]
    reopened_until_at: Mapped[datetime | None]
    created_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    source_code: Mapped[str | None] = mapped_column(Text(120), index=True)
    version: Mapped[int] = mapped_column()
    created_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}


class ProposalVersion(Base):
    """One save of a proposal, whole, as canonical JSON. Never changed, never deleted."""

    __tablename__ = "proposal_versions"
    __table_args__ = (
        UniqueConstraint("proposal_id", "number"),
        one_of("kind", VERSION_KINDS),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    proposal_id: Mapped[UUID] = mapped_column(ForeignKey("proposals.id"))
    number: Mapped[int]
    kind: Mapped[str] = mapped_column(Text(10))
    content: Mapped[str] = mapped_column(Text(1_000_000))
    sha256: Mapped[str] = mapped_column(Text(64))
    saved_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    saved_at: Mapped[datetime]


class ProposalCode(Base):
    """A code that a submitted version declares, with its share in whole percent where shared."""

    __tablename__ = "proposal_codes"
    __table_args__ = (
        UniqueConstraint("version_id", "list_name", "code"),
        CheckConstraint(
            "percent IS NULL OR (percent > 0 AND percent <= 100)", name="percent_known"
        ),
        Index("ix_proposal_codes_list_name_code", "list_name", "code"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version_id: Mapped[UUID] = mapped_column(ForeignKey("proposal_versions.id"))
    list_name: Mapped[str] = mapped_column(Text(30))
    code: Mapped[str] = mapped_column(Text(40))
    percent: Mapped[int | None]


class ProposalBudgetLine(Base):
    """A line of a submitted budget: unit cost x quantity x duration x share charged, rounded."""

    __tablename__ = "proposal_budget_lines"
    __table_args__ = (
        UniqueConstraint("version_id", "number"),
        one_of("category", CATEGORIES),
        CheckConstraint("quantity > 0 AND duration > 0", name="quantities_positive"),
        CheckConstraint("share_bp > 0 AND share_bp <= 10000", name="share_in_range"),
        CheckConstraint("unit_cost_minor > 0 AND total_minor >= 0", name="amounts_positive"),
        whole("unit_cost_minor"),
        whole("total_minor"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version_id: Mapped[UUID] = mapped_column(ForeignKey("proposal_versions.id"))
    number: Mapped[int]
    category: Mapped[str] = mapped_column(Text(1))
    description: Mapped[str] = mapped_column(Text(1000))
    unit: Mapped[str] = mapped_column(Text(60))
    quantity: Mapped[int] = mapped_column(BigInteger)
    unit_cost_minor: Mapped[int] = mapped_column(BigInteger)
    duration: Mapped[int] = mapped_column(BigInteger)
    share_bp: Mapped[int]
    total_minor: Mapped[int] = mapped_column(BigInteger)
    objective: Mapped[int | None]


class ProposalResult(Base):
    """A planned result: an indicator of the catalogue and the target, in whole units."""

    __tablename__ = "proposal_results"
    __table_args__ = (
        UniqueConstraint("version_id", "number"),
        CheckConstraint("target >= 0 AND (baseline IS NULL OR baseline >= 0)", name="counts"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version_id: Mapped[UUID] = mapped_column(ForeignKey("proposal_versions.id"))
    number: Mapped[int]
    indicator: Mapped[str] = mapped_column(Text(10))
    baseline: Mapped[int | None] = mapped_column(BigInteger)
    target: Mapped[int] = mapped_column(BigInteger)
    note: Mapped[str | None] = mapped_column(Text(1000))


class ProposalCofunding(Base):
    """Money from others for the same work, in the currency it comes in."""

    __tablename__ = "proposal_cofunding"
    __table_args__ = (
        UniqueConstraint("version_id", "number"),
        in_range("amount_minor"),
        whole("amount_minor"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version_id: Mapped[UUID] = mapped_column(ForeignKey("proposal_versions.id"))
    number: Mapped[int]
    source: Mapped[str] = mapped_column(Text(300))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text(3))
    is_secured: Mapped[bool]


class ProposalAttachment(Base):
    """A file that belongs to a proposal, uploaded for it or one of the organisation's documents."""

    __tablename__ = "proposal_attachments"
    __table_args__ = (
        CheckConstraint("removed_at IS NULL OR removed_at >= added_at", name="removed_later"),
        Index("ix_proposal_attachments_proposal_id", "proposal_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    proposal_id: Mapped[UUID] = mapped_column(ForeignKey("proposals.id"))
    kind: Mapped[str] = mapped_column(Text(40))
    file_id: Mapped[UUID] = mapped_column(ForeignKey("files.id"))
    document_id: Mapped[UUID | None] = mapped_column(ForeignKey("party_documents.id"))
    added_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    added_at: Mapped[datetime]
    removed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    removed_at: Mapped[datetime | None]


class SubmissionReceipt(Base):
    """What an applicant can show: which content arrived when, signed. Never changed."""

    __tablename__ = "submission_receipts"
    __table_args__ = (UniqueConstraint("proposal_id", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    proposal_id: Mapped[UUID] = mapped_column(ForeignKey("proposals.id"))
    number: Mapped[int]
    body: Mapped[str] = mapped_column(Text(20_000))
    sha256: Mapped[str] = mapped_column(Text(64))
    key_id: Mapped[str] = mapped_column(Text(64))
    signature: Mapped[str] = mapped_column(Text(200))
    issued_at: Mapped[datetime]


class EligibilityDecision(Base):
    """A person's decision on eligibility, beside what the rules found. Never changed."""

    __tablename__ = "eligibility_decisions"
    __table_args__ = (
        one_of("verdict", ("eligible", "ineligible")),
        Index("ix_eligibility_decisions_proposal_id", "proposal_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    proposal_id: Mapped[UUID] = mapped_column(ForeignKey("proposals.id"))
    version_number: Mapped[int]
    verdict: Mapped[str] = mapped_column(Text(12))
    findings: Mapped[str] = mapped_column(Text(20_000))
    is_override: Mapped[bool]
    reason: Mapped[str | None] = mapped_column(Text(2000))
    decided_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    decided_at: Mapped[datetime]


register_constraints(
    {
        "uq_proposal_versions_proposal_id_number": ("stale", "constraint.proposal_version"),
        "ck_proposals_period_ordered": ("conflict", "constraint.proposal_period"),
    }
)
