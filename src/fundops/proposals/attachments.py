"""Attaching files to a proposal and taking them away."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor
from fundops.calls import codelists
from fundops.calls.models import Call
from fundops.errors import Problem, invalid
from fundops.files import documents
from fundops.files import service as files
from fundops.files.models import PartyDocument
from fundops.ids import uuid7
from fundops.messages import text
from fundops.proposals import attached, service
from fundops.proposals.models import Proposal, ProposalAttachment
from fundops.proposals.schemas import AttachmentIn
from fundops.proposals.terms import Terms
from fundops.records import snapshot


def attach(
    db: Session, actor: Actor, proposal: Proposal, given: AttachmentIn, at: datetime
) -> ProposalAttachment:
    """Attach a completed upload of the applicant, or one of its current documents.

    Raises ``invalid-request`` for what is not there or not the applicant's, ``conflict`` for one
    file too many or the same file twice under one kind.
    """
    service.require_editable(proposal, "attach")
    if not codelists.get("document_kind").has(given.kind):
        raise invalid("/kind", "proposals.unknown_code", list_name="document kind")
    if (given.file_id is None) == (given.document_id is None):
        raise invalid("/file_id", "proposals.file_or_document")
    if given.document_id is not None:
        document = _document(db, proposal, given.document_id)
        if document.kind != given.kind:
            raise invalid("/kind", "proposals.document_kind", kind=attached.words(document.kind))
        return _add(db, actor, proposal, given.kind, document.file_id, document.id, at)
    assert given.file_id is not None
    found = files.of_party(db, actor, proposal.party_id, given.file_id)
    return _add(db, actor, proposal, given.kind, found.id, None, at)


def _document(db: Session, proposal: Proposal, document_id: UUID) -> PartyDocument:
    for one in documents.current(db, proposal.party_id):
        if one.id == document_id:
            return one
    raise invalid("/document_id", "validation.unknown_record")


def _add(
    db: Session, actor: Actor, proposal: Proposal, kind: str, file_id: UUID,
    document_id: UUID | None, at: datetime,
) -> ProposalAttachment:  # fmt: skip
    present = attached.of_proposal(db, proposal.id)
    if len(present) >= attached.MAX_ATTACHMENTS:
        limit = attached.MAX_ATTACHMENTS
        raise Problem("conflict", detail=text("proposals.too_many_files", limit=limit))
    if any(one.file_id == file_id and one.kind == kind for one in present):
        raise Problem("already-exists", detail=text("proposals.attached_already"))
    made = ProposalAttachment(
        id=uuid7(),
        proposal_id=proposal.id,
        kind=kind,
        file_id=file_id,
        document_id=document_id,
        added_by_id=actor.person_id,
        added_at=at,
    )
    db.add(made)
    db.flush()
    audit.record(
        db, actor, "proposal.file_attached", "proposal_attachment", made.id, after=snapshot(made)
    )
    return made


def remove(
    db: Session, actor: Actor, proposal: Proposal, attachment_id: UUID, at: datetime
) -> None:
    """Take a file away from the draft; a version already submitted keeps it.

    Raises ``not-found`` for none that is attached now, ``too-late`` once what was submitted stays
    as it is.
    """
    service.require_editable(proposal, "remove a file")
    if proposal.submitted_number is not None:
        service.require_open(db.get_one(Call, proposal.call_id), proposal, at)
    query = select(ProposalAttachment).where(
        ProposalAttachment.id == attachment_id,
        ProposalAttachment.proposal_id == proposal.id,
        ProposalAttachment.removed_at.is_(None),
    )
    found = db.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if found is None:
        raise Problem("not-found")
    found.removed_by_id, found.removed_at = actor.person_id, max(clock.now(), found.added_at)
    db.flush()
    after = {"removed_by_id": found.removed_by_id, "removed_at": found.removed_at}
    audit.record(
        db, actor, "proposal.file_removed", "proposal_attachment", found.id,
        before={"removed_by_id": None, "removed_at": None}, after=after,
    )  # fmt: skip


def carry(
    db: Session, actor: Actor, proposal: Proposal, terms: Terms, earlier: Proposal | None
) -> None:
    """Attach what the organisation has on file of the kinds that the call asks for.

    Of an earlier proposal the other documents come as well, as long as they are current.
    """
    wanted = {asked.kind for asked in terms.documents}
    before = (
        set()
        if earlier is None
        else {one.document_id for one in attached.of_proposal(db, earlier.id)}
    )
    now, day = clock.now(), terms.deadline_on
    for one in documents.current(db, proposal.party_id)[: attached.MAX_ATTACHMENTS]:
        expired = one.expires_on is not None and one.expires_on < day
        if (one.kind in wanted or one.id in before) and not expired:
            _add(db, actor, proposal, one.kind, one.file_id, one.id, now)
