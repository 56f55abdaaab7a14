"""Tables of progress reports: the report, its versions, what a submitted version says, evidence.

Every save is a version and stays; its text lies in a table of its own, so that what must be
disposed of can be while its digest and the audit chain stay. A submitted version is also written
out in rows, and those of accepted versions alone count. Counts are whole; amounts are minor units,
``local_minor`` of the report's currency, the others of the fund's base currency.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, one_of, whole
from fundops.errors import register_constraints
from fundops.ids import uuid7
from fundops.money import MAX_MINOR

REPORT_STATUSES = ("draft", "submitted", "returned", "accepted")
VERSION_KINDS = ("draft", "submitted", "aside")
"""``aside`` was sent from a page that had grown old: kept, but never the draft at work."""
ACCEPTED_BY = ("fund", "source")
EVIDENCE_KINDS = ("file", "register")


class ProgressReport(Base):
    """What a grantee reports of a period of a grant.

    ``asks_narrative`` (with results) and ``asks_expenditure`` say what its requirements ask for.
    ``due_at`` is the instant at which ``due_on`` ends in ``zone``, the grantee's. ``last_number``
    counts versions; ``draft_number`` is the draft at work; ``submitted_number`` the one under
    review or decided on last; ``accepted_number`` the one that counts, which stays so while a
    correction is on its way.
    ``currency`` and ``method`` are those of the expenditure submitted last: a grant keeps both.
    """

    __tablename__ = "progress_reports"
    __table_args__ = (
        UniqueConstraint("grant_id", "number"),
        one_of("status", REPORT_STATUSES),
        CheckConstraint("starts_on <= ends_on", name="period_ordered"),
        CheckConstraint("asks_narrative OR asks_expenditure", name="asks_something"),
        CheckConstraint("decided_by_id <> submitted_by_id", name="two_persons"),
        CheckConstraint(
            "status <> 'accepted' OR accepted_number IS NOT NULL", name="accepted_which"
        ),
        CheckConstraint(
            "status IN ('draft') OR submitted_number IS NOT NULL", name="submitted_which"
        ),
        CheckConstraint(
            "(correction_reason IS NULL) OR accepted_number IS NOT NULL", name="correction_of"
        ),
        Index("ix_progress_reports_fund_id_status", "fund_id", "status"),
        Index("ix_progress_reports_due_at", "due_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(80), unique=True)
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("grants.id"))
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    number: Mapped[int]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    due_on: Mapped[date]
    due_at: Mapped[datetime]
    zone: Mapped[str] = mapped_column(Text(64))
    is_final: Mapped[bool]
    asks_narrative: Mapped[bool]
    asks_expenditure: Mapped[bool]
    language: Mapped[str] = mapped_column(Text(3))
    currency: Mapped[str | None] = mapped_column(Text(3))
    method: Mapped[str | None] = mapped_column(Text(20))
    status: Mapped[str] = mapped_column(Text(10))
    last_number: Mapped[int]
    draft_number: Mapped[int]
    submitted_number: Mapped[int | None]
    submitted_at: Mapped[datetime | None]
    submitted_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    accepted_number: Mapped[int | None]
    correction_reason: Mapped[str | None] = mapped_column(Text(2000))
    statement_id: Mapped[UUID | None] = mapped_column(ForeignKey("expenditure_statements.id"))
    created_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}


class ReportRequirement(Base):
    """A requirement that a progress report answers; its acceptance is what does it."""

    __tablename__ = "report_requirements"
    __table_args__ = (
        Index("ix_report_requirements_report_id", "report_id"),
        {"info": {"append_only": True}},
    )

    requirement_id: Mapped[UUID] = mapped_column(ForeignKey("requirements.id"), primary_key=True)
    report_id: Mapped[UUID] = mapped_column(ForeignKey("progress_reports.id"))
    created_at: Mapped[datetime]


class ReportVersion(Base):
    """That a progress report was saved, by its digest. Never changed, never deleted.

    ``text_id`` is the text of the agreement that a submitted version answers: its numbers of lines
    and results are that text's.
    """

    __tablename__ = "report_versions"
    __table_args__ = (
        UniqueConstraint("report_id", "number"),
        one_of("kind", VERSION_KINDS),
        {"info": {"append_only": True}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    report_id: Mapped[UUID] = mapped_column(ForeignKey("progress_reports.id"))
    number: Mapped[int]
    kind: Mapped[str] = mapped_column(Text(10))
    sha256: Mapped[str] = mapped_column(Text(64))
    text_id: Mapped[UUID | None] = mapped_column(ForeignKey("grant_agreement_texts.id"))
    saved_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    saved_at: Mapped[datetime]


class ReportContent(Base):
    """What a version says, whole, as canonical JSON; gone once it was disposed of."""

    __tablename__ = "report_contents"

    version_id: Mapped[UUID] = mapped_column(ForeignKey("report_versions.id"), primary_key=True)
    content: Mapped[str] = mapped_column(Text(1_000_000))


class ReportReceipt(Base):
    """What a grantee can show: which figures arrived when, signed. Never changed."""

    __tablename__ = "report_receipts"
    __table_args__ = (UniqueConstraint("version_id"), {"info": {"append_only": True}})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version_id: Mapped[UUID] = mapped_column(ForeignKey("report_versions.id"))
    body: Mapped[str] = mapped_column(Text(20_000))
    sha256: Mapped[str] = mapped_column(Text(64))
    key_id: Mapped[str] = mapped_column(Text(64))
    signature: Mapped[str] = mapped_column(Text(200))
    issued_at: Mapped[datetime]


class ReportValue(Base):
    """One figure of a submitted version: an agreed result, undivided or under one code.

    ``dimension`` is ``total`` with the code ``""``, or one of ``reports.dimensions``. Zeros under a
    code are not written. ``denominator`` is there for ratios alone.
    """

    __tablename__ = "report_values"
    __table_args__ = (
        CheckConstraint(
            "numerator >= 0 AND (denominator IS NULL OR denominator >= 0)", name="counts"
        ),
        CheckConstraint("denominator IS NULL OR numerator <= denominator", name="share"),
        CheckConstraint("(dimension = 'total') = (code = '')", name="total_has_no_code"),
        CheckConstraint(f"numerator <= {MAX_MINOR}", name="numerator_bounded"),
        whole("numerator"),
        whole("denominator"),
        # All that adding up asks for, in the order of versions: it reads the index alone.
        Index(
            "ix_report_values_dimension_version_id", "dimension", "version_id", "indicator",
            "code", "numerator", "denominator",
        ),
        {"info": {"append_only": True}},
    )  # fmt: skip

    version_id: Mapped[UUID] = mapped_column(ForeignKey("report_versions.id"), primary_key=True)
    result_number: Mapped[int] = mapped_column(primary_key=True)
    dimension: Mapped[str] = mapped_column(Text(20), primary_key=True)
    code: Mapped[str] = mapped_column(Text(40), primary_key=True)
    indicator: Mapped[str] = mapped_column(Text(10))
    numerator: Mapped[int] = mapped_column(BigInteger)
    denominator: Mapped[int | None] = mapped_column(BigInteger)


class ReportExpenditure(Base):
    """What a submitted version reports under one agreed budget line, and asks for next.

    ``line_number`` is the budget line's. ``reported_minor`` is ``local_minor`` converted by the
    report's method. What is accepted stands in the expenditure statement's line of that number.
    """

    __tablename__ = "report_expenditures"
    __table_args__ = (
        whole("local_minor"),
        whole("reported_minor"),
        whole("requested_minor"),
        CheckConstraint(
            "local_minor >= 0 AND reported_minor >= 0 AND requested_minor >= 0",
            name="amounts_positive",
        ),
        CheckConstraint(
            f"local_minor <= {MAX_MINOR} AND reported_minor <= {MAX_MINOR}"
            f" AND requested_minor <= {MAX_MINOR}",
            name="amounts_bounded",
        ),
        {"info": {"append_only": True}},
    )

    version_id: Mapped[UUID] = mapped_column(ForeignKey("report_versions.id"), primary_key=True)
    line_number: Mapped[int] = mapped_column(primary_key=True)
    local_minor: Mapped[int] = mapped_column(BigInteger)
    reported_minor: Mapped[int] = mapped_column(BigInteger)
    requested_minor: Mapped[int] = mapped_column(BigInteger, default=0)


class AcceptedVersion(Base):
    """A version that counts, or counted until a correction took its place.

    ``accepted_seq`` and ``superseded_seq`` are sequences of the audit chain: as known at K those
    count with ``accepted_seq <= K`` and no ``superseded_seq <= K``. Of a report one stands.
    ``origin`` is ``source`` for figures that were imported: the source accepted them, nobody here.
    """

    __tablename__ = "accepted_versions"
    __table_args__ = (
        UniqueConstraint("version_id"),
        one_of("origin", ACCEPTED_BY),
        CheckConstraint("superseded_seq > accepted_seq", name="superseded_later"),
        Index(
            "uq_accepted_versions_standing", "report_id", unique=True,
            sqlite_where=text("superseded_seq IS NULL"),
            postgresql_where=text("superseded_seq IS NULL"),
        ),
        Index("ix_accepted_versions_fund_id", "fund_id", "ends_on"),
        Index("ix_accepted_versions_grant_id", "grant_id"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    version_id: Mapped[UUID] = mapped_column(ForeignKey("report_versions.id"))
    report_id: Mapped[UUID] = mapped_column(ForeignKey("progress_reports.id"))
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("grants.id"))
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    accepted_on: Mapped[date]
    accepted_seq: Mapped[int] = mapped_column(BigInteger)
    superseded_seq: Mapped[int | None] = mapped_column(BigInteger)
    origin: Mapped[str] = mapped_column(Text(10), default="fund")


class StandingValue(Base):
    """A figure that counts at present: of an accepted version that no correction has replaced.

    A copy of its ``report_values`` row with what figures are grouped by, kept by acceptance alone
    (``reports.counting``), so that adding up a fund's figures reads one index in its own order.
    """

    __tablename__ = "standing_values"
    __table_args__ = (
        whole("numerator"),
        whole("denominator"),
        Index(
            "ix_standing_values_fund_id", "fund_id", "dimension", "indicator", "grant_id", "code",
            "ends_on", "version_id", "numerator", "denominator",
        ),
    )  # fmt: skip

    version_id: Mapped[UUID] = mapped_column(ForeignKey("report_versions.id"), primary_key=True)
    result_number: Mapped[int] = mapped_column(primary_key=True)
    dimension: Mapped[str] = mapped_column(Text(20), primary_key=True)
    code: Mapped[str] = mapped_column(Text(40), primary_key=True)
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("grants.id"))
    indicator: Mapped[str] = mapped_column(Text(10))
    ends_on: Mapped[date]
    numerator: Mapped[int] = mapped_column(BigInteger)
    denominator: Mapped[int | None] = mapped_column(BigInteger)


class ReportComment(Base):
    """What an officer says of one field of a version when returning it; ``pointer`` names it."""

    __tablename__ = "report_comments"
    __table_args__ = (Index("ix_report_comments_version_id", "version_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version_id: Mapped[UUID] = mapped_column(ForeignKey("report_versions.id"))
    pointer: Mapped[str] = mapped_column(Text(200))
    comment: Mapped[str] = mapped_column(Text(2000))
    by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    created_at: Mapped[datetime]


class ReportEvidence(Base):
    """What shows a reported expenditure or result: a file, or a number in the grantee's register.

    For victim assistance it is always the register, which the grantee holds: its number, and the
    SHA-256 of the paper if the grantee has one. ``content_sha256`` is that, or the file's as sent:
    the same one twice, in any grant, is flagged, and so is the same register number twice, in any
    grant of the same grantee. ``line_number`` and ``result_number`` say what it is for; without
    either it is for the whole report.
    """

    __tablename__ = "report_evidence"
    __table_args__ = (
        one_of("kind", EVIDENCE_KINDS),
        CheckConstraint("(kind = 'file') = (file_id IS NOT NULL)", name="file_is_named"),
        CheckConstraint(
            "(kind = 'register') = (register_number IS NOT NULL)", name="register_is_named"
        ),
        CheckConstraint("kind <> 'file' OR content_sha256 IS NOT NULL", name="file_has_digest"),
        CheckConstraint("(removed_at IS NULL) = (removed_by_id IS NULL)", name="removed_whole"),
        Index("ix_report_evidence_report_id", "report_id"),
        Index("ix_report_evidence_content_sha256", "content_sha256"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    report_id: Mapped[UUID] = mapped_column(ForeignKey("progress_reports.id"))
    kind: Mapped[str] = mapped_column(Text(10))
    line_number: Mapped[int | None]
    result_number: Mapped[int | None]
    file_id: Mapped[UUID | None] = mapped_column(ForeignKey("files.id"))
    register_number: Mapped[str | None] = mapped_column(Text(80))
    content_sha256: Mapped[str | None] = mapped_column(Text(64))
    added_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    added_at: Mapped[datetime]
    removed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    removed_at: Mapped[datetime | None]


class EvidenceInspection(Base):
    """That an auditor saw a piece of evidence on site. Never changed."""

    __tablename__ = "evidence_inspections"
    __table_args__ = (
        Index("ix_evidence_inspections_evidence_id", "evidence_id"),
        {"info": {"append_only": True}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    evidence_id: Mapped[UUID] = mapped_column(ForeignKey("report_evidence.id"))
    inspected_on: Mapped[date]
    agrees: Mapped[bool]
    note: Mapped[str | None] = mapped_column(Text(2000))
    inspected_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    created_at: Mapped[datetime]


class ReportRead(Base):
    """That a person read a report's narrative and results. Never changed."""

    __tablename__ = "report_reads"
    __table_args__ = (
        Index("ix_report_reads_report_id", "report_id"),
        {"info": {"append_only": True}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    report_id: Mapped[UUID] = mapped_column(ForeignKey("progress_reports.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    read_at: Mapped[datetime]


register_constraints(
    {
        "uq_progress_reports_grant_id_number": ("already-exists", "constraint.report_number"),
        "ck_progress_reports_two_persons": ("same-person", "constraint.report_two_persons"),
        "uq_accepted_versions_standing": ("conflict", "constraint.report_accepted"),
        "uq_confirmed_items_party_id_item_key": ("already-exists", "constraint.item_confirmed"),
        "pk_report_requirements": ("already-exists", "constraint.requirement_reported"),
        "ck_report_values_share": ("conflict", "constraint.value_share"),
    }
)
