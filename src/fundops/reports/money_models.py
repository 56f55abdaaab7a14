"""Tables of the money in progress reports: what was received locally, certified and authorised.

``base_minor`` and ``authorised_minor`` are of the fund's base currency, ``local_minor`` of the
grantee's.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, in_range, whole
from fundops.errors import register_constraints


class LocalReceipt(Base):
    """What a grantee got in its currency for part of a payment. Never changed.

    A correction is a row that reverses this one (``reverses_id``, the same amounts, with a reason)
    and a new row. Neither a reversal nor what it reverses counts.
    """

    __tablename__ = "local_receipts"
    __table_args__ = (
        in_range("base_minor"),
        in_range("local_minor"),
        whole("base_minor"),
        whole("local_minor"),
        UniqueConstraint("reverses_id"),
        CheckConstraint("(reverses_id IS NULL) = (reason IS NULL)", name="reversal_has_reason"),
        Index("ix_local_receipts_grant_id", "grant_id"),
        Index("ix_local_receipts_disbursement_id", "disbursement_id"),
        {"info": {"append_only": True}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("grants.id"))
    disbursement_id: Mapped[UUID] = mapped_column(ForeignKey("disbursements.id"))
    received_on: Mapped[date]
    base_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text(3))
    local_minor: Mapped[int] = mapped_column(BigInteger)
    file_id: Mapped[UUID | None] = mapped_column(ForeignKey("files.id"))
    reverses_id: Mapped[UUID | None] = mapped_column(ForeignKey("local_receipts.id"))
    reason: Mapped[str | None] = mapped_column(Text(2000))
    declared_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    created_at: Mapped[datetime]


class ReportCertification(Base):
    """What a grantee certified of a submitted version's money. Never changed.

    ``is_expenditure_certified``: it was spent as agreed and is documented;
    ``is_request_certified``: what is requested is what the plan needs.
    """

    __tablename__ = "report_certifications"
    __table_args__ = (
        UniqueConstraint("version_id"),
        CheckConstraint("is_expenditure_certified", name="expenditure_is_certified"),
        {"info": {"append_only": True}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version_id: Mapped[UUID] = mapped_column(ForeignKey("report_versions.id"))
    is_expenditure_certified: Mapped[bool]
    is_request_certified: Mapped[bool]
    certified_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    certified_at: Mapped[datetime]


class RequestDecision(Base):
    """What an officer authorised of what a version requests under a budget line. Never changed.

    It is never more than was left of the line then, and moves no money.
    """

    __tablename__ = "request_decisions"
    __table_args__ = (
        UniqueConstraint("version_id", "line_number"),
        CheckConstraint("authorised_minor >= 0", name="amount_positive"),
        whole("authorised_minor"),
        {"info": {"append_only": True}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version_id: Mapped[UUID] = mapped_column(ForeignKey("report_versions.id"))
    line_number: Mapped[int]
    authorised_minor: Mapped[int] = mapped_column(BigInteger)
    decided_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    decided_at: Mapped[datetime]


register_constraints(
    {"uq_local_receipts_reverses_id": ("already-exists", "constraint.local_receipt_reversed")}
)
