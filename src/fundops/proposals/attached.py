"""Files that belong to a proposal's content: which there are, and whether they are what is asked.

A required document that is still on its way may be named as awaited: declared (with its size and
SHA-256) before the deadline, it counts when it is complete within the call's grace.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from fundops.calls import codelists
from fundops.calls.models import CallDocument
from fundops.files.models import File, PartyDocument
from fundops.proposals.findings import Findings
from fundops.proposals.models import ProposalAttachment
from fundops.proposals.terms import Terms

MAX_ATTACHMENTS = 40


@dataclass(frozen=True)
class Attached:
    """An attachment in place: the file as its sender knows it, and the dates of its document."""

    id: UUID
    kind: str
    file_id: UUID
    document_id: UUID | None
    name: str
    sha256: str
    stored_sha256: str
    media_type: str
    size_bytes: int
    issued_on: date | None
    expires_on: date | None
    declared_at: datetime
    completed_at: datetime
    added_at: datetime

    def out(self) -> dict[str, Any]:
        """Return the attachment as a submitted content names it; ``sha256`` is of what was sent."""
        return {
            "kind": self.kind,
            "file_id": str(self.file_id),
            "name": self.name,
            "sha256": self.sha256,
        }


@dataclass(frozen=True)
class Awaited:
    """An upload that was declared before the deadline and is not complete yet."""

    kind: str
    upload_id: UUID
    name: str
    sha256: str

    def out(self) -> dict[str, Any]:
        """Return the upload as a submitted content names it."""
        return {
            "kind": self.kind,
            "upload_id": str(self.upload_id),
            "name": self.name,
            "sha256": self.sha256,
        }


def of_proposal(db: Session, proposal_id: UUID) -> list[Attached]:
    """Return the attachments that a proposal has now, oldest first, in one query."""
    query = _every(proposal_id).where(ProposalAttachment.removed_at.is_(None))
    return [Attached(*row) for row in db.execute(query).all()]


def submitted(db: Session, proposal_id: UUID, names: Sequence[tuple[str, UUID]]) -> list[Attached]:
    """Return the attachments that a submitted content names by kind and file, in its order."""
    rows = [Attached(*row) for row in db.execute(_every(proposal_id)).all()]
    found = {(one.kind, one.file_id): one for one in rows}
    return [found[name] for name in names if name in found]


def _every(proposal_id: UUID) -> Select[Any]:
    columns: tuple[Any, ...] = (
        ProposalAttachment.id, ProposalAttachment.kind, ProposalAttachment.file_id,
        ProposalAttachment.document_id, File.name, File.sent_sha256, File.stored_sha256,
        File.media_type, File.sent_bytes, PartyDocument.issued_on, PartyDocument.expires_on,
        File.declared_at, File.completed_at, ProposalAttachment.added_at,
    )  # fmt: skip
    query: Select[Any] = select(*columns)
    return (
        query.join(File, File.id == ProposalAttachment.file_id)
        .outerjoin(PartyDocument, PartyDocument.id == ProposalAttachment.document_id)
        .where(ProposalAttachment.proposal_id == proposal_id)
        .order_by(ProposalAttachment.added_at, ProposalAttachment.id)
    )


def check(
    terms: Terms, files: Sequence[Attached], awaited: Sequence[Awaited], found: Findings
) -> None:
    """Note what is missing of the documents that the call asks for, expired or too old."""
    coming = {one.kind for one in awaited}
    for asked in terms.documents:
        having = [(at, one) for at, one in enumerate(files) if one.kind == asked.kind]
        if not having:
            if asked.is_required and asked.kind not in coming:
                found.add("/attachments", "proposals.document_missing", kind=words(asked.kind))
            continue
        wrong = [
            (at, key, params) for at, one in having for key, params in _wrongs(terms, asked, one)
        ]
        # One good document of a kind is enough; a superseded one beside it does no harm.
        if len({at for at, _, _ in wrong}) == len(having):
            for at, key, params in wrong:
                found.add(f"/attachments/{at}", key, kind=words(asked.kind), **params)


def _wrongs(terms: Terms, asked: CallDocument, one: Attached) -> list[tuple[str, dict[str, Any]]]:
    """Return why a document is not what is asked for."""
    day = terms.deadline_on
    if one.expires_on is not None and one.expires_on < day:
        return [("proposals.document_expired", {"day": one.expires_on.isoformat()})]
    if asked.max_age_days is None:
        return []
    if one.issued_on is None:
        return [("proposals.document_undated", {})]
    if one.issued_on < day - timedelta(days=asked.max_age_days):
        return [("proposals.document_old", {"days": asked.max_age_days})]
    return []


def words(code: str) -> str:
    """Return what a kind of document is called."""
    kinds = codelists.get("document_kind")
    return kinds.said(code) if kinds.has(code) else code.replace("_", " ")
