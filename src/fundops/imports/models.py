"""Tables of imports: each run, each record's source file, row and hash, and rows set aside."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, one_of


class ImportRun(Base):
    """One import of one file under one profile: who, when, and the counts it printed."""

    __tablename__ = "import_runs"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    profile: Mapped[str] = mapped_column(Text(60))
    file: Mapped[str] = mapped_column(Text(300))
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    event_seq: Mapped[int] = mapped_column(BigInteger, ForeignKey("audit_events.seq"))
    counts: Mapped[str] = mapped_column(Text(20_000))
    created_at: Mapped[datetime]


class ImportRecord(Base):
    """Where a record came from: the source's key, file, row and hash of the latest import.

    ``fields`` is the canonical JSON of the record as read, so that a later snapshot can say what
    changed, field by field.
    """

    __tablename__ = "import_records"
    __table_args__ = (
        UniqueConstraint("profile", "key"),
        one_of("status", ("current", "missing")),
        Index("ix_import_records_record_id", "record_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    profile: Mapped[str] = mapped_column(Text(60))
    key: Mapped[str] = mapped_column(Text(300))
    run_id: Mapped[UUID] = mapped_column(ForeignKey("import_runs.id"))
    file: Mapped[str] = mapped_column(Text(300))
    row: Mapped[int]
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    fields: Mapped[str]
    record_type: Mapped[str] = mapped_column(Text(40))
    record_id: Mapped[UUID]
    status: Mapped[str] = mapped_column(Text(10))


class SetAsideRow(Base):
    """A source row that cannot be right: kept with the reason, counted, never dropped."""

    __tablename__ = "set_aside_rows"
    __table_args__ = (UniqueConstraint("run_id", "row"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    run_id: Mapped[UUID] = mapped_column(ForeignKey("import_runs.id"))
    row: Mapped[int]
    key: Mapped[str | None] = mapped_column(Text(300))
    reason: Mapped[str] = mapped_column(Text(2000))
    source: Mapped[str]
