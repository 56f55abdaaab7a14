"""Tables of files: uploads on their way, files kept, and organisations' reusable documents.

Contents lie outside the database, addressed by the SHA-256 of what is stored; rows say what they
are, whose they are, and the hash of what was sent.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, one_of
from fundops.errors import register_constraints

UPLOAD_STATUSES = ("declared", "completed", "refused")
PURPOSES = ("report_evidence",)
"""What a file may be sent for, beside everything else: it is screened for personal data."""
DOCUMENT_STATUSES = ("current", "replaced", "withdrawn")


class File(Base):
    """A file as received and as kept: its metadata taken away, both hashes on record.

    ``screened`` is whether all of it could be screened for personal data; a file with any is not
    kept. Only files with a ``purpose`` are screened.
    """

    __tablename__ = "files"
    __table_args__ = (
        one_of("purpose", PURPOSES),
        CheckConstraint("sent_bytes > 0 AND stored_bytes > 0", name="not_empty"),
        CheckConstraint("(purpose IS NULL) = (screened IS NULL)", name="purpose_screened"),
        Index("ix_files_party_id", "party_id"),
        Index("ix_files_sent_sha256", "sent_sha256"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID | None] = mapped_column(ForeignKey("parties.id"))
    name: Mapped[str] = mapped_column(Text(200))
    media_type: Mapped[str] = mapped_column(Text(120))
    sent_sha256: Mapped[str] = mapped_column(Text(64))
    sent_bytes: Mapped[int] = mapped_column(BigInteger)
    stored_sha256: Mapped[str] = mapped_column(Text(64))
    stored_bytes: Mapped[int] = mapped_column(BigInteger)
    cleaned: Mapped[str] = mapped_column(Text(1000), default="[]")
    purpose: Mapped[str | None] = mapped_column(Text(20))
    screened: Mapped[bool | None] = mapped_column()
    uploaded_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    declared_at: Mapped[datetime]
    completed_at: Mapped[datetime]


class Upload(Base):
    """A file declared by size and SHA-256, received part by part; ``received_bytes`` so far.

    ``declared_at`` is what a deadline asks about; ``completed_at`` what its grace asks about.
    """

    __tablename__ = "uploads"
    __table_args__ = (
        one_of("status", UPLOAD_STATUSES),
        one_of("purpose", PURPOSES),
        CheckConstraint(
            "size_bytes > 0 AND received_bytes >= 0 AND received_bytes <= size_bytes",
            name="received_within",
        ),
        CheckConstraint("(status = 'completed') = (file_id IS NOT NULL)", name="completed_file"),
        Index("ix_uploads_person_id_status", "person_id", "status"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID | None] = mapped_column(ForeignKey("parties.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    name: Mapped[str] = mapped_column(Text(200))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(Text(64))
    purpose: Mapped[str | None] = mapped_column(Text(20))
    received_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    status: Mapped[str] = mapped_column(Text(10))
    reason: Mapped[str | None] = mapped_column(Text(1000))
    file_id: Mapped[UUID | None] = mapped_column(ForeignKey("files.id"))
    declared_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}


class PartyDocument(Base):
    """A document of an organisation, kept once and used in every call that asks for it."""

    __tablename__ = "party_documents"
    __table_args__ = (
        one_of("status", DOCUMENT_STATUSES),
        CheckConstraint(
            "issued_on IS NULL OR expires_on IS NULL OR issued_on <= expires_on",
            name="dates_ordered",
        ),
        Index("ix_party_documents_party_id", "party_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"))
    kind: Mapped[str] = mapped_column(Text(40))
    file_id: Mapped[UUID] = mapped_column(ForeignKey("files.id"))
    title: Mapped[str] = mapped_column(Text(300))
    issued_on: Mapped[date | None]
    expires_on: Mapped[date | None]
    status: Mapped[str] = mapped_column(Text(10))
    added_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    added_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}


register_constraints(
    {
        "ck_party_documents_dates_ordered": ("conflict", "constraint.document_dates"),
    }
)
