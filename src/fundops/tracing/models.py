"""Tables of tracing: statements issued to donors."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text


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
