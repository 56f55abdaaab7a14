"""Tables of audits and findings: what was questioned, what was said, what settled it."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, in_range, one_of, whole
from fundops.errors import register_constraints
from fundops.money import MAX_MINOR

AUDIT_KINDS = ("financial_audit", "internal_audit", "special_audit", "spot_check")
OPINIONS = ("unqualified", "qualified", "disclaimer", "adverse")
PRIORITIES = ("high", "medium", "low")
FINDING_STATUSES = ("open", "answered", "closed")
NOTE_KINDS = ("response", "follow_up", "return", "close", "reopen")
SETTLED_AS = ("supported", "refunded", "justified", "written_off")
"""What lowers a finding's unsupported amount: support that came later, money back, a justification
accepted instead of it, and what was given up."""
SETTLEMENT_STATUSES = ("proposed", "accepted", "refused")


class AuditEngagement(Base):
    """An audit or spot check of a fund or of one grant, as its report says. Never changed.

    A spot check has no opinion, a financial audit must have one.
    """

    __tablename__ = "audit_engagements"
    __table_args__ = (
        one_of("kind", AUDIT_KINDS),
        one_of("opinion", OPINIONS),
        CheckConstraint("starts_on <= ends_on AND ends_on <= issued_on", name="dates_ordered"),
        CheckConstraint(
            "(kind <> 'spot_check' OR opinion IS NULL)"
            " AND (kind <> 'financial_audit' OR opinion IS NOT NULL)",
            name="opinion_fits",
        ),
        Index("ix_audit_engagements_fund_id", "fund_id"),
        Index("ix_audit_engagements_grant_id", "grant_id"),
        {"info": {"append_only": True}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(80), unique=True)
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    grant_id: Mapped[UUID | None] = mapped_column(ForeignKey("grants.id"))
    kind: Mapped[str] = mapped_column(Text(20))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    issued_on: Mapped[date]
    opinion: Mapped[str | None] = mapped_column(Text(12))
    auditor_id: Mapped[UUID | None] = mapped_column(ForeignKey("parties.id"))
    reference: Mapped[str | None] = mapped_column(Text(140))
    report_file_id: Mapped[UUID | None] = mapped_column(ForeignKey("files.id"))
    recorded_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    created_at: Mapped[datetime]


class AuditFinding(Base):
    """One finding of an audit. What settles it are entries; ``*_minor`` but the first add them up.

    Pending = questioned - refunded - supported - justified - written off, never below zero.
    ``local_minor`` is what was questioned in the currency of the grantee's books.
    """

    __tablename__ = "audit_findings"
    __table_args__ = (
        one_of("priority", PRIORITIES),
        one_of("status", FINDING_STATUSES),
        CheckConstraint(
            f"questioned_minor >= 0 AND questioned_minor <= {MAX_MINOR}", name="questioned_in_range"
        ),
        *(whole(f"{kind}_minor") for kind in ("questioned", "local", *SETTLED_AS)),
        CheckConstraint(
            "refunded_minor >= 0 AND supported_minor >= 0 AND justified_minor >= 0"
            " AND written_off_minor >= 0 AND refunded_minor + supported_minor + justified_minor"
            " + written_off_minor <= questioned_minor",
            name="pending_not_negative",
        ),
        CheckConstraint("(local_minor IS NULL) = (local_currency IS NULL)", name="local_whole"),
        CheckConstraint("local_minor >= 0", name="local_positive"),
        CheckConstraint("closed_by_id <> answered_by_id", name="two_persons"),
        CheckConstraint("(status = 'closed') = (closed_by_id IS NOT NULL)", name="closed_by_one"),
        Index("ix_audit_findings_engagement_id", "engagement_id"),
        Index("ix_audit_findings_grant_id", "grant_id"),
        UniqueConstraint("receivable_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(80), unique=True)
    engagement_id: Mapped[UUID] = mapped_column(ForeignKey("audit_engagements.id"))
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    grant_id: Mapped[UUID | None] = mapped_column(ForeignKey("grants.id"))
    category: Mapped[str] = mapped_column(Text(40))
    priority: Mapped[str] = mapped_column(Text(8))
    description: Mapped[str] = mapped_column(Text(4000))
    recommendation: Mapped[str] = mapped_column(Text(4000))
    questioned_minor: Mapped[int] = mapped_column(BigInteger)
    local_minor: Mapped[int | None] = mapped_column(BigInteger)
    local_currency: Mapped[str | None] = mapped_column(Text(3))
    supported_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    refunded_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    justified_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    written_off_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    agreed_action: Mapped[str | None] = mapped_column(Text(4000))
    due_on: Mapped[date | None]
    receivable_id: Mapped[UUID | None] = mapped_column(ForeignKey("receivables.id"))
    status: Mapped[str] = mapped_column(Text(10))
    raised_on: Mapped[date]
    raised_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    answered_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    closed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    closed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}

    @property
    def pending_minor(self) -> int:
        """What nothing has settled, in minor units of the fund's base currency."""
        settled: int = sum(getattr(self, f"{kind}_minor") for kind in SETTLED_AS)
        return self.questioned_minor - settled


class FindingNote(Base):
    """What was said of a finding: an answer, a follow-up, why it was returned. Never changed.

    An internal note is not for the grantee.
    """

    __tablename__ = "finding_notes"
    __table_args__ = (
        one_of("kind", NOTE_KINDS),
        Index("ix_finding_notes_finding_id", "finding_id"),
        {"info": {"append_only": True}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    finding_id: Mapped[UUID] = mapped_column(ForeignKey("audit_findings.id"))
    kind: Mapped[str] = mapped_column(Text(10))
    body: Mapped[str] = mapped_column(Text(4000))
    is_internal: Mapped[bool]
    by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    created_at: Mapped[datetime]


class FindingSettlement(Base):
    """What somebody proposes to settle part of a finding with; another person decides.

    Money that came back is a refund in the ledger, what was given up an approved write-off; of a
    finding with a receivable it is an entry of that receivable. One that reverses takes back an
    accepted settlement as a whole.
    """

    __tablename__ = "finding_settlements"
    __table_args__ = (
        one_of("kind", SETTLED_AS),
        one_of("status", SETTLEMENT_STATUSES),
        in_range("amount_minor"),
        whole("amount_minor"),
        CheckConstraint("kind <> 'refunded' OR refund_id IS NOT NULL", name="refund_is_named"),
        CheckConstraint(
            "kind <> 'written_off' OR write_off_id IS NOT NULL OR receivable_entry_id IS NOT NULL",
            name="write_off_is_named",
        ),
        CheckConstraint("decided_by_id <> proposed_by_id", name="two_persons"),
        CheckConstraint("(status = 'proposed') = (decided_by_id IS NULL)", name="decided_by_one"),
        Index("ix_finding_settlements_finding_id", "finding_id"),
        Index("ix_finding_settlements_refund_id", "refund_id"),
        Index("ix_finding_settlements_write_off_id", "write_off_id"),
        Index("ix_finding_settlements_receivable_entry_id", "receivable_entry_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    finding_id: Mapped[UUID] = mapped_column(ForeignKey("audit_findings.id"))
    kind: Mapped[str] = mapped_column(Text(12))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    on_date: Mapped[date]
    reason: Mapped[str] = mapped_column(Text(2000))
    refund_id: Mapped[UUID | None] = mapped_column(ForeignKey("refunds.id"))
    write_off_id: Mapped[UUID | None] = mapped_column(ForeignKey("advance_write_offs.id"))
    receivable_entry_id: Mapped[UUID | None] = mapped_column(ForeignKey("receivable_entries.id"))
    reverses_id: Mapped[UUID | None] = mapped_column(ForeignKey("finding_settlements.id"))
    status: Mapped[str] = mapped_column(Text(10))
    proposed_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    proposed_at: Mapped[datetime]
    decided_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str | None] = mapped_column(Text(2000))
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}


class FindingEntry(Base):
    """What settled part of a finding, by a settlement that two persons agreed on. Never changed.

    An entry that reverses another is its amount below zero.
    """

    __tablename__ = "finding_entries"
    __table_args__ = (
        one_of("kind", SETTLED_AS),
        whole("amount_minor"),
        CheckConstraint(
            f"amount_minor <> 0 AND amount_minor BETWEEN -{MAX_MINOR} AND {MAX_MINOR}"
            " AND (amount_minor > 0) = (reverses_id IS NULL)",
            name="amount_fits",
        ),
        UniqueConstraint("settlement_id"),
        UniqueConstraint("reverses_id"),
        Index("ix_finding_entries_finding_id", "finding_id"),
        {"info": {"append_only": True}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    finding_id: Mapped[UUID] = mapped_column(ForeignKey("audit_findings.id"))
    settlement_id: Mapped[UUID] = mapped_column(ForeignKey("finding_settlements.id"))
    kind: Mapped[str] = mapped_column(Text(12))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    on_date: Mapped[date]
    reverses_id: Mapped[UUID | None] = mapped_column(ForeignKey("finding_entries.id"))
    by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    created_at: Mapped[datetime]


register_constraints(
    {
        "ck_audit_engagements_dates_ordered": ("conflict", "constraint.audit_dates"),
        "ck_audit_engagements_opinion_fits": ("conflict", "constraint.audit_opinion"),
        "ck_audit_findings_pending_not_negative": (
            "insufficient-funds", "constraint.finding_pending",
        ),
        "ck_audit_findings_two_persons": ("same-person", "constraint.finding_two_persons"),
        "ck_finding_settlements_two_persons": ("same-person", "constraint.settled_by_two"),
    }
)  # fmt: skip
