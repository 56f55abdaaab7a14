"""Versions of proposals: writing one, finding the draft at work, and what was submitted.

A version is never changed or deleted. ``draft`` versions follow each other as the applicant
saves; ``submitted`` ones are what counts; ``aside`` ones arrived from a page that had grown old
and are kept beside the draft, so that the applicant can get back what was typed there.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from fundops import audit, drafted
from fundops.audit import Author
from fundops.calls.models import Call
from fundops.errors import Problem
from fundops.ids import uuid7
from fundops.messages import text
from fundops.proposals import content
from fundops.proposals.models import Proposal, ProposalVersion
from fundops.records import snapshot
from fundops.trail import DIGESTED

MAX_VERSIONS = 5_000
"""Saves of one proposal: one every half minute for forty hours."""


def add(
    db: Session, author: Author, proposal: Proposal, kind: str, stored: str, at: datetime,
) -> ProposalVersion:  # fmt: skip
    """Append a version and record its digest.

    Raises ``conflict`` when the proposal has as many as it may have.
    """
    if proposal.last_number >= MAX_VERSIONS:
        raise Problem("conflict", detail=text("proposals.too_many_versions", limit=MAX_VERSIONS))
    proposal.last_number += 1
    version = ProposalVersion(
        id=uuid7(),
        proposal_id=proposal.id,
        number=proposal.last_number,
        kind=kind,
        content=stored,
        sha256=drafted.sealed(stored),
        saved_by_id=author.person_id,
        saved_at=at,
    )
    db.add(version)
    db.flush()
    audit.record(
        db, author, "proposal.version_kept", "proposal_version", version.id,
        fund_id=db.get_one(Call, proposal.call_id).fund_id,
        after=snapshot(version, without=DIGESTED["proposal_versions"]),
    )  # fmt: skip
    return version


def current_draft(db: Session, proposal_id: UUID) -> ProposalVersion:
    """Return the draft at work: the last one saved."""
    return db.execute(
        select(ProposalVersion)
        .where(ProposalVersion.proposal_id == proposal_id, ProposalVersion.kind == "draft")
        .order_by(ProposalVersion.number.desc())
        .limit(1)
    ).scalar_one()


def get(
    db: Session, proposal: Proposal, number: int, *, submitted_only: bool = False
) -> ProposalVersion:
    """Return version ``number``; raise ``not-found`` for none, or one that is not to be read."""
    query = select(ProposalVersion).where(
        ProposalVersion.proposal_id == proposal.id, ProposalVersion.number == number
    )
    if submitted_only:
        query = query.where(ProposalVersion.kind == "submitted")
    found = db.execute(query).scalar_one_or_none()
    if found is None:
        raise Problem("not-found")
    return found


def same(db: Session, proposal_id: UUID, sha256: str) -> ProposalVersion | None:
    """Return the latest version with this content, if there is one."""
    return db.execute(
        select(ProposalVersion)
        .where(ProposalVersion.proposal_id == proposal_id, ProposalVersion.sha256 == sha256)
        .order_by(ProposalVersion.number.desc())
        .limit(1)
    ).scalar_one_or_none()


LIST_COLUMNS: tuple[Any, ...] = (
    ProposalVersion.id,
    ProposalVersion.number,
    ProposalVersion.kind,
    ProposalVersion.sha256,
    ProposalVersion.saved_by_id,
    ProposalVersion.saved_at,
)


def listed(proposal_id: UUID, *, submitted_only: bool) -> Select[Any]:
    """Return the versions of a proposal without their contents."""
    query: Select[Any] = select(*LIST_COLUMNS).where(ProposalVersion.proposal_id == proposal_id)
    return query.where(ProposalVersion.kind == "submitted") if submitted_only else query


def submitted(db: Session, proposal: Proposal) -> ProposalVersion:
    """Return the version that counts; raise ``not-found`` when nothing has been submitted."""
    if proposal.submitted_number is None:
        raise Problem("not-found")
    return get(db, proposal, proposal.submitted_number)


def submitted_content(db: Session, proposal: Proposal) -> dict[str, Any]:
    """Return the submitted content; raise ``not-found`` when nothing has been submitted."""
    return content.read(submitted(db, proposal).content)


def submitted_contents(db: Session, ids: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
    """Return the submitted content of each of these proposals that has one, in one query."""
    query = (
        select(ProposalVersion.proposal_id, ProposalVersion.content)
        .join(
            Proposal,
            and_(
                Proposal.id == ProposalVersion.proposal_id,
                Proposal.submitted_number == ProposalVersion.number,
            ),
        )
        .where(Proposal.id.in_(list(ids)))
    )
    return {proposal_id: content.read(kept) for proposal_id, kept in db.execute(query).all()}
