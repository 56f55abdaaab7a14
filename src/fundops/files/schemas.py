"""What the API takes and gives for uploads, files, organisations' documents and signing keys."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from fundops.config import Settings
from fundops.files.evidence import notice
from fundops.schemas import Day, In, Line, LongLine, Out, Whole
from fundops.screening.fields import SCREENED_BUT_NAMES

_SHA256 = "SHA-256 of the whole file, 64 hex digits in lower case."
_SAMPLE = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

Purpose = Literal["report_evidence"]
Sha256 = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=400)]
DocumentKind = Annotated[
    str, StringConstraints(strict=True, min_length=2, max_length=40, pattern=r"^[a-z][a-z0-9_]*$")
]


class UploadIn(In):
    """A file that is about to be sent. The deadline of a call asks when it was declared."""

    name: FileName = Field(
        description="Folders, control and hidden characters in it are left out.",
        examples=["statutes.pdf"],
    )
    size_bytes: Whole = Field(ge=1, le=2**40, examples=[4])
    sha256: Sha256 = Field(description=_SHA256, examples=[_SAMPLE])
    party_id: UUID | None = Field(
        None, description="Whose file it is; may be left out by who acts for one party only."
    )
    purpose: Purpose | None = Field(
        None,
        description="Evidence of a report is screened for personal data when the upload is "
        "completed, and refused with the places where some was found. Its name is screened here.",
    )


class UploadOut(Out):
    """An upload. Send parts from ``received_bytes`` on, then complete it."""

    id: UUID
    party_id: UUID | None
    name: str
    size_bytes: int
    sha256: str
    purpose: Purpose | None
    received_bytes: int = Field(description="Safely received so far; go on from here.")
    part_bytes: int = Field(description="The largest part that is taken at once.")
    status: Literal["declared", "completed", "refused"]
    reason: str | None = Field(description="Why it was refused.")
    file_id: UUID | None
    declared_at: str
    expires_at: str = Field(description="Given up then, unless it is complete.")
    completed_at: str | None
    version: int


class UploadPage(Out):
    """A page of one's own uploads."""

    items: list[UploadOut]
    next_cursor: str | None


class FileOut(Out):
    """A file as kept. Its metadata were taken out, so the two hashes differ for most kinds."""

    id: UUID
    party_id: UUID | None
    name: str
    media_type: str = Field(examples=["application/pdf"], description="Told by its content.")
    sent_sha256: str = Field(description="Of what was sent; it is not kept.")
    sent_bytes: int
    stored_sha256: str = Field(description="Of what is kept and downloaded.")
    stored_bytes: int
    cleaned: list[str] = Field(description="What was taken out.", examples=[["exif", "gps"]])
    purpose: Purpose | None = Field(description="What it was sent for; such a file is screened.")
    screened: bool | None = Field(
        description="Whether all of it was screened for personal data: not if it is a picture, a "
        "scan, or holds pictures."
    )
    notice: str | None = Field(description="What to know where it was not.")
    uploaded_by_id: UUID
    declared_at: str
    completed_at: str


class DocumentIn(In):
    """A document of an organisation, to be used in every call that asks for its kind."""

    kind: DocumentKind = Field(
        description="A code of the list document_kind.", examples=["registration_certificate"]
    )
    file_id: UUID
    title: Annotated[Line, SCREENED_BUT_NAMES] = Field(examples=["Certificate of registration"])
    issued_on: Day | None = None
    expires_on: Day | None = Field(None, description="Last day on which it is valid.")


class ReplacementIn(In):
    """A newer document in place of one; what is left out stays as it was, but for the dates."""

    file_id: UUID
    title: Annotated[Line, SCREENED_BUT_NAMES] | None = None
    issued_on: Day | None = None
    expires_on: Day | None = Field(None, description="Last day on which it is valid.")


class WithdrawalIn(In):
    """Why a document is withdrawn; it is kept in the audit chain."""

    reason: Annotated[LongLine, SCREENED_BUT_NAMES] = Field(
        examples=["Issued for another organisation of the same name"]
    )


class DocumentOut(Out):
    """A document of an organisation."""

    id: UUID
    party_id: UUID
    kind: str
    file_id: UUID
    title: str
    issued_on: str | None
    expires_on: str | None
    status: Literal["current", "replaced", "withdrawn"]
    added_by_id: UUID
    added_at: str
    version: int


class DocumentPage(Out):
    """A page of documents."""

    items: list[DocumentOut]
    next_cursor: str | None


class SigningKeyOut(Out):
    """A public key with which signatures of the fund can be verified."""

    key_id: str = Field(description="The first 16 hex digits of the SHA-256 of the key's bytes.")
    algorithm: Literal["Ed25519"]
    public_key: str = Field(description="PEM, as `openssl pkeyutl -verify -pubin` reads it.")
    is_current: bool = Field(description="Whether new signatures are made with it.")


class SigningKeys(Out):
    """Every key of the fund, the current one first."""

    items: list[SigningKeyOut]


def expires_at(declared_at: datetime, settings: Settings) -> datetime:
    """Return when an upload declared then is given up."""
    return declared_at + timedelta(days=settings.upload_days)


def upload_out(row: Any, settings: Settings, on_disk: int | None = None) -> dict[str, Any]:
    """Return the wire form of an upload; ``on_disk`` bytes are there of one under way."""
    received = row.received_bytes
    if row.status == "declared" and on_disk is not None:
        received = min(received, on_disk)
    return {
        "id": row.id,
        "party_id": row.party_id,
        "name": row.name,
        "size_bytes": row.size_bytes,
        "sha256": row.sha256,
        "purpose": row.purpose,
        "received_bytes": received,
        "part_bytes": settings.upload_part_bytes,
        "status": row.status,
        "reason": row.reason,
        "file_id": row.file_id,
        "declared_at": row.declared_at,
        "expires_at": expires_at(row.declared_at, settings),
        "completed_at": row.completed_at,
        "version": row.version,
    }


_FILE_FIELDS = tuple(name for name in FileOut.model_fields if name not in {"cleaned", "notice"})
_DOCUMENT_FIELDS = tuple(DocumentOut.model_fields)


def file_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a file."""
    return {name: getattr(row, name) for name in _FILE_FIELDS} | {
        "cleaned": json.loads(row.cleaned),
        "notice": notice(row.media_type, row.screened),
    }


def document_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a document."""
    return {name: getattr(row, name) for name in _DOCUMENT_FIELDS}
