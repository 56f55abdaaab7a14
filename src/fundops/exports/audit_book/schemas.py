"""What the API takes and gives for audit workbooks."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from fundops.schemas import Day, In, Instant, Out

CodeText = Annotated[str, Field(min_length=1, max_length=60)]


class AuditQuestionOut(Out):
    """What was asked: the same question gives the same bytes."""

    scope: str = Field(description="`fund`, `donor`, `grant` or `call`.")
    fund: str
    record_id: str = Field(description="Id of the fund, donor, grant or call.")
    as_of_on: str
    known_seq: int = Field(description="Sequence number of the last audit event that counts.")
    reader: str = Field(description="`inside`, `auditor`, `office` or `outside`.")
    layout: int
    language: str


class AuditFileOut(Out):
    """The file that answers it."""

    name: str
    size: int = Field(description="Bytes.")
    sha256: str


class ChainPointOut(Out):
    """A place in the audit chain."""

    seq: int
    hash: str


class AuditChainOut(Out):
    """Where the chain stood."""

    known: ChainPointOut = Field(description="At the last event that counts.")
    made: ChainPointOut = Field(description="When the manifest was made.")


class SoftwareOut(Out):
    """What made it."""

    name: str
    version: str


class AuditManifestBody(Out):
    """What is signed: this object as canonical JSON (sorted keys, no spaces, UTF-8)."""

    format: str
    question: AuditQuestionOut
    known_at: str
    file: AuditFileOut
    chain: AuditChainOut
    software: SoftwareOut
    made_at: str


class ManifestSignatureOut(Out):
    """An Ed25519 signature; `GET /v1/signing_keys` lists the public keys."""

    algorithm: str
    key_id: str
    value: str = Field(description="Base64.")


class AuditManifestOut(Out):
    """The manifest of an audit workbook, as the file `….xlsx.manifest.json` has it."""

    manifest: AuditManifestBody
    signature: ManifestSignatureOut | None


class AuditWorkbookIn(In):
    """A workbook to make and record."""

    fund: CodeText | None = None
    donor: CodeText | None = None
    grant: CodeText | None = None
    call: CodeText | None = None
    as_of_on: Day | None = None
    known_at: Instant | None = None


class AuditWorkbookOut(Out):
    """An audit workbook that was handed out."""

    id: UUID
    code: str
    scope: str
    fund_id: UUID
    record_id: UUID
    as_of_on: str
    known_seq: int
    reader: str
    layout: int
    sha256: str
    manifest: AuditManifestOut = Field(description="As it was signed when the workbook was made.")
    made_by_id: UUID | None
    made_at: str


class AuditWorkbookPage(Out):
    """A page of audit workbooks that were handed out."""

    items: list[AuditWorkbookOut]
    next_cursor: str | None
