"""Tables of tracing: statements issued to donors, audit workbooks handed out."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, one_of


class Statement(Base):
    """A statement as issued to a donor: its question (scope, dates, knowledge), so that the next
    one can explain every difference from it. ``sha256`` is of the workbook's bytes, laid out as
    ``layout`` says; null is the first layout.
    """

    __tablename__ = "statements"
    __table_args__ = (
        CheckConstraint("from_on <= as_of_on", name="period_ordered"),
        Index("ix_statements_donor_id", "donor_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(60), unique=True)
    donor_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"))
    fund_id: Mapped[UUID | None] = mapped_column(ForeignKey("funds.id"))
    from_on: Mapped[date]
    as_of_on: Mapped[date]
    known_seq: Mapped[int] = mapped_column(BigInteger)
    known_at: Mapped[datetime]
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    layout: Mapped[int | None]
    issued_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    issued_at: Mapped[datetime]


class AuditWorkbook(Base):
    """An audit workbook that was handed out: its question, its SHA-256 in hex and its manifest.

    ``record_id`` is the fund's own for a whole fund. ``manifest`` is the signed text as it was
    given; never changed, never deleted.
    """

    __tablename__ = "audit_workbooks"
    __table_args__ = (
        one_of("scope", ("fund", "donor", "grant", "call")),
        one_of("reader", ("inside", "auditor", "office", "outside")),
        Index("ix_audit_workbooks_fund_id", "fund_id"),
        Index("ix_audit_workbooks_sha256", "sha256"),
        {"info": {"append_only": True}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(60), unique=True)
    scope: Mapped[str] = mapped_column(Text(10))
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    record_id: Mapped[UUID]
    as_of_on: Mapped[date]
    known_seq: Mapped[int] = mapped_column(BigInteger)
    reader: Mapped[str] = mapped_column(Text(10))
    layout: Mapped[int]
    sha256: Mapped[str] = mapped_column(Text(64))
    manifest: Mapped[str] = mapped_column(Text(4000))
    made_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    made_at: Mapped[datetime]
