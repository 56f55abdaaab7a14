"""Submitting: what counts, from when, exactly once, and with a receipt the applicant can show.

The instant that counts is when the request reached the server, before it waited for its turn. The
last draft is read as a submission, with the files attached to it; nothing of it is rounded or
left out. Who submits the same again gets the same receipt, so that a double click does no harm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from fundops import clock, drafted
from fundops.authz import Actor
from fundops.calls import codelists, deadlines
from fundops.calls.models import Call
from fundops.errors import FieldError, Problem
from fundops.files.models import File, Upload
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.messages.said import Word
from fundops.proposals import attached, content, receipts, service, version_rows, versions
from fundops.proposals.attached import Attached, Awaited
from fundops.proposals.checks import Checked, check
from fundops.proposals.models import (
    Proposal,
    ProposalAttachment,
    ProposalVersion,
    SubmissionReceipt,
)
from fundops.proposals.queries import is_applicant
from fundops.proposals.receipts import Signs
from fundops.proposals.schemas import AwaitedIn, SubmissionIn
from fundops.proposals.terms import Terms, terms_of


def examine(
    db: Session, proposal: Proposal, awaiting: Sequence[AwaitedIn] = ()
) -> tuple[Checked, ProposalVersion]:
    """Return what a submission of the draft at work would come to, and that draft."""
    draft = versions.current_draft(db, proposal.id)
    terms = terms_of(db, db.get_one(Call, proposal.call_id))
    given = content.read(draft.content)
    return examine_content(db, proposal, terms, given, awaiting), draft


def examine_content(
    db: Session,
    proposal: Proposal,
    terms: Terms,
    given: Mapping[str, Any],
    awaiting: Sequence[AwaitedIn] = (),
) -> Checked:
    """Return what submitting ``given``, with the files attached now, would come to."""
    awaited, problems = _awaited(db, proposal, terms.call, awaiting)
    checked = check(terms, given, attached.of_proposal(db, proposal.id), awaited)
    checked.problems += problems
    return checked


def submit(
    db: Session, actor: Actor, proposal: Proposal, given: SubmissionIn, *, at: datetime,
    signer: Signs, action: str = "submit",
) -> SubmissionReceipt:  # fmt: skip
    """Submit (or ``lodge``) the draft that the actor saw; return the signed receipt.

    Raises ``too-late``, ``stale`` when another draft has been saved since, ``invalid-request`` with
    every problem of the content, ``wrong-status`` or ``same-person``.
    """
    call = db.get_one(Call, proposal.call_id)
    service.require_editable(proposal, action)
    service.require_open(call, proposal, at)
    checked, draft = examine(db, proposal, given.awaiting)
    if draft.number != given.version:
        raise Problem("stale", detail=text("proposals.draft_changed", number=draft.number))
    if not checked.is_right:
        raise Problem("invalid-request", errors=checked.problems)
    same = _submitted_already(db, proposal, checked, action)
    if same is not None:
        return same
    return _enter(db, actor, proposal, checked, at=at, signer=signer, action=action)


def _submitted_already(
    db: Session, proposal: Proposal, checked: Checked, action: str
) -> SubmissionReceipt | None:
    """Return the receipt of this very content if it is what counts now."""
    status = "lodged" if action == "lodge" else "submitted"
    if proposal.submitted_number is None or proposal.status != status:
        return None
    if versions.submitted(db, proposal).sha256 != drafted.sealed(drafted.stored(checked.content)):
        return None
    return receipts.latest(db, proposal.id)


def _enter(
    db: Session, actor: Actor, proposal: Proposal, checked: Checked, *, at: datetime,
    signer: Signs, action: str,
) -> SubmissionReceipt:  # fmt: skip
    """Make the version that counts, its rows and its receipt."""
    kept = drafted.stored(checked.content)
    version = versions.add(db, actor, proposal, "submitted", kept, at)
    facts: dict[str, Any] = {
        "title": checked.content["title"],
        "language": checked.content["language"],
        "country": checked.country,
        "region": checked.region,
        "starts_on": checked.starts_on,
        "ends_on": checked.ends_on,
        "requested_minor": checked.requested_minor,
        "submitted_number": version.number,
        "submitted_at": at,
        "submitted_by_id": actor.person_id,
    }
    if not is_applicant(actor, proposal):
        facts["lodged_by_id"] = actor.person_id
    elif action == "submit" and proposal.lodged_by_id is not None:
        # What an officer began, the applicant's own person has made theirs.
        facts |= {"confirmed_by_id": actor.person_id, "confirmed_at": at}
    seq = service.take_step(db, actor, proposal, action, None, **facts)
    call = db.get_one(Call, proposal.call_id)
    currency = db.get_one(Fund, call.fund_id).base_currency
    version_rows.write(db, version.id, checked.content, currency)
    return receipts.issue(db, actor, proposal, version, seq=seq, at=at, signer=signer)


def _awaited(
    db: Session, proposal: Proposal, call: Call, given: Sequence[AwaitedIn]
) -> tuple[list[Awaited], list[FieldError]]:
    """Return the uploads that a submission waits for, each declared in time and not complete."""
    found: list[Awaited] = []
    problems: list[FieldError] = []
    for at, one in enumerate(given):
        if not codelists.get("document_kind").has(one.kind):
            sentence = text("proposals.unknown_code", list_name=Word("document kind"))
            problems.append(FieldError(f"/awaiting/{at}/kind", sentence))
        upload = db.get(Upload, one.upload_id)
        if upload is None or upload.party_id != proposal.party_id or upload.status != "declared":
            sentence = text("proposals.not_awaited")
            problems.append(FieldError(f"/awaiting/{at}/upload_id", sentence))
        elif not deadlines.counts(call, upload.declared_at, upload.declared_at):
            sentence = text("proposals.declared_late")
            problems.append(FieldError(f"/awaiting/{at}/upload_id", sentence))
        else:
            found.append(Awaited(one.kind, upload.id, upload.name, upload.sha256))
    return found, problems


def add_in_grace(
    db: Session, actor: Actor, proposal: Proposal, made: ProposalAttachment, *, at: datetime,
    signer: Signs,
) -> SubmissionReceipt | None:  # fmt: skip
    """Let a file attached after the deadline count, if its upload was declared in time.

    What was submitted is entered anew with the file, under a new receipt; a draft saved meanwhile
    stays out of it. What a submission named as awaited may be attached later still, since its own
    upload shows that it was in time; anything else within the grace. Before the deadline nothing
    happens here: the applicant submits again. Raises ``too-late`` for a file that does not count.
    """
    call = db.get_one(Call, proposal.call_id)
    if service.is_open(call, proposal, at) or proposal.submitted_number is None:
        return None
    file = db.get_one(File, made.file_id)
    kept = content.read(versions.submitted(db, proposal).content)
    awaiting = kept.get("awaiting") or ()
    is_awaited = any(is_arrival(one, file) for one in awaiting)
    in_time = deadlines.counts(call, file.declared_at, file.completed_at)
    if not in_time or (deadlines.is_over(call, at) and not is_awaited):
        service.require_open(call, proposal, at)
    names = {(one["kind"], one["file_id"]) for one in kept.get("attachments") or ()}
    files = [
        one
        for one in attached.of_proposal(db, proposal.id)
        if (one.kind, str(one.file_id)) in names or one.id == made.id
    ]
    awaited = [
        Awaited(one["kind"], UUID(one["upload_id"]), one["name"], one["sha256"])
        for one in awaiting
        if not is_arrival(one, file)
    ]
    checked = check(terms_of(db, call), kept, files, awaited)
    if not checked.is_right:
        raise Problem("invalid-request", errors=checked.problems)
    action = "lodge" if proposal.status == "lodged" else "submit"
    return _enter(db, actor, proposal, checked, at=at, signer=signer, action=action)


def is_arrival(awaited: Mapping[str, Any], file: File | Attached) -> bool:
    """Return whether ``file`` is what an awaited upload declared: told by its SHA-256."""
    sent = file.sent_sha256 if isinstance(file, File) else file.sha256
    return bool(awaited["sha256"] == sent)


def confirm(db: Session, actor: Actor, proposal: Proposal) -> Proposal:
    """Confirm what an officer lodged, as a person of the applicant; then it counts as submitted.

    Raises ``same-person`` for whoever lodged it.
    """
    service.take_step(
        db, actor, proposal, "confirm",
        confirmed_by_id=actor.person_id, confirmed_at=clock.now(),
    )  # fmt: skip
    return proposal
