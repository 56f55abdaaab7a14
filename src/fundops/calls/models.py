"""Tables of calls for proposals, in the form that awards need today."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, one_of, whole

CALL_STATUSES = ("draft", "open", "closed")


class Call(Base):
    """An invitation to apply: whose fund, from when to when, within which envelope.

    ``objectives`` is a JSON list of the targeted objectives (1 to 10).
    """

    __tablename__ = "calls"
    __table_args__ = (
        one_of("status", CALL_STATUSES),
        CheckConstraint(
            "opens_on IS NULL OR closes_on IS NULL OR opens_on <= closes_on", name="dates_ordered"
        ),
        CheckConstraint("envelope_minor IS NULL OR envelope_minor >= 0", name="envelope_positive"),
        whole("envelope_minor"),
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

    __mapper_args__ = {"version_id_col": version}
