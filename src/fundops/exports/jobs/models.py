"""The table of export jobs."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, one_of

JOB_STATUSES = ("queued", "running", "done", "failed", "cancelled", "expired")
REASONS = ("no_room", "unexpected", "too_often", "protected_since")


class ExportJob(Base):
    """An audit workbook asked for, on its way, made, or given up.

    ``lease_id`` names the worker that makes it, until ``lease_until``. ``sheets_done`` of
    ``sheets`` are written, with ``rows_done`` rows. ``made_seq`` is the chain's head when it was
    made; ``manifest`` is the signed text.
    """

    __tablename__ = "export_jobs"
    __table_args__ = (
        one_of("scope", ("fund", "donor", "grant", "call")),
        one_of("reader", ("inside", "auditor", "office", "outside")),
        one_of("status", JOB_STATUSES),
        CheckConstraint("(status = 'running') = (lease_id IS NOT NULL)", name="running_is_leased"),
        CheckConstraint("(lease_id IS NULL) = (lease_until IS NULL)", name="lease_whole"),
        CheckConstraint(
            "status <> 'done' OR (sha256 IS NOT NULL AND size_bytes IS NOT NULL"
            " AND manifest IS NOT NULL AND made_seq IS NOT NULL AND expires_at IS NOT NULL)",
            name="done_has_file",
        ),
        CheckConstraint("status <> 'failed' OR reason IS NOT NULL", name="failed_has_reason"),
        CheckConstraint("rows_done >= 0 AND sheets_done >= 0", name="progress_positive"),
        Index("ix_export_jobs_status", "status"),
        Index("ix_export_jobs_person_id", "person_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    scope: Mapped[str] = mapped_column(Text(10))
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    record_id: Mapped[UUID]
    as_of_on: Mapped[date]
    known_seq: Mapped[int] = mapped_column(BigInteger)
    reader: Mapped[str] = mapped_column(Text(10))
    status: Mapped[str] = mapped_column(Text(10))
    attempts: Mapped[int]
    lease_id: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    sheets: Mapped[int]
    sheets_done: Mapped[int]
    rows_done: Mapped[int]
    file_name: Mapped[str] = mapped_column(Text(200))
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(Text(64))
    manifest: Mapped[str | None] = mapped_column(Text(4000))
    made_seq: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str | None] = mapped_column(Text(20))
    requested_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
