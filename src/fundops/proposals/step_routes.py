"""Routes of steps: submitting, lodging, confirming, reopening, withdrawing; receipts and files."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops import clock
from fundops.authz import Actor, Can, Permission
from fundops.command import command, read_session
from fundops.errors import Problem, invalid
from fundops.pages import Paging, json_response, list_page
from fundops.parties.interests import has_interest
from fundops.proposals import (
    attached,
    attachments,
    queries,
    receipts,
    service,
    submission,
    versions,
)
from fundops.proposals.models import SubmissionReceipt
from fundops.proposals.schemas import (
    AttachmentIn,
    AttachmentPage,
    ProposalOut,
    ReopenIn,
    SubmissionIn,
    SubmissionReceiptOut,
    SubmissionReceiptPage,
    WithdrawIn,
    attachment_out,
    proposal_out,
    receipt_out,
)
from fundops.schemas import COMMANDS, READS
from fundops.strict import StrictRoute

router = APIRouter(prefix="/proposals", tags=["proposals"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.PROPOSAL_READ))]
Writer = Annotated[Actor, Depends(Can(Permission.PROPOSAL_WRITE))]
Lodger = Annotated[Actor, Depends(Can(Permission.PROPOSAL_LODGE))]
Reopener = Annotated[Actor, Depends(Can(Permission.PROPOSAL_REOPEN))]


@router.post(
    "/{proposal_id}/submit",
    operation_id="submit_proposal",
    response_model=SubmissionReceiptOut,
    responses=COMMANDS,
)
def submit_proposal(
    request: Request, actor: Writer, proposal_id: UUID, given: SubmissionIn
) -> Response:
    """Submit the draft that was seen, and get a signed receipt. Names every problem at once.

    Submitting again before the deadline replaces what counts; the same content again gets the same
    receipt.
    """
    arrived = clock.now()

    def work(db: Session) -> dict[str, Any]:
        proposal = queries.get_own(db, actor, proposal_id)
        signer = request.app.state.signer
        made = submission.submit(db, actor, proposal, given, at=arrived, signer=signer)
        return receipt_out(made)

    return command(request, actor, work)


@router.post(
    "/{proposal_id}/lodge",
    operation_id="lodge_proposal",
    response_model=SubmissionReceiptOut,
    responses=COMMANDS,
)
def lodge_proposal(
    request: Request, actor: Lodger, proposal_id: UUID, given: SubmissionIn
) -> Response:
    """Submit for an applicant what was drafted for it; it counts once a person of the applicant
    has confirmed it.
    """
    arrived = clock.now()

    def work(db: Session) -> dict[str, Any]:
        proposal = queries.get_visible(db, actor, proposal_id, Permission.PROPOSAL_LODGE)
        if proposal.lodged_by_id is None or queries.is_applicant(actor, proposal):
            raise Problem("not-allowed")
        if has_interest(db, actor.person_id, proposal.party_id):
            raise Problem("conflict-of-interest")
        signer = request.app.state.signer
        made = submission.submit(
            db, actor, proposal, given, at=arrived, signer=signer, action="lodge"
        )
        return receipt_out(made)

    return command(request, actor, work)


@router.post(
    "/{proposal_id}/confirm",
    operation_id="confirm_proposal",
    response_model=ProposalOut,
    responses=COMMANDS,
)
def confirm_proposal(request: Request, actor: Writer, proposal_id: UUID) -> Response:
    """Confirm, as a person of the applicant, what an officer lodged for it."""

    def work(db: Session) -> dict[str, Any]:
        proposal = queries.get_own(db, actor, proposal_id)
        submission.confirm(db, actor, proposal)
        return proposal_out(queries.row(db, actor, proposal_id))

    return command(request, actor, work)


@router.post(
    "/{proposal_id}/withdraw",
    operation_id="withdraw_proposal",
    response_model=ProposalOut,
    responses=COMMANDS,
)
def withdraw_proposal(
    request: Request, actor: Writer, proposal_id: UUID, given: WithdrawIn
) -> Response:
    """Withdraw a proposal for good, with a reason or without. What it said stays on record."""

    def work(db: Session) -> dict[str, Any]:
        proposal = queries.get_own(db, actor, proposal_id)
        service.withdraw(db, actor, proposal, given.reason)
        return proposal_out(queries.row(db, actor, proposal_id))

    return command(request, actor, work)


@router.post(
    "/{proposal_id}/reopen",
    operation_id="reopen_proposal",
    response_model=ProposalOut,
    responses=COMMANDS,
)
def reopen_proposal(
    request: Request, actor: Reopener, proposal_id: UUID, given: ReopenIn
) -> Response:
    """Let a submitted proposal be submitted once more until an instant, for a reason on record.

    What was submitted counts until then, and afterwards unless something else is.
    """

    def work(db: Session) -> dict[str, Any]:
        proposal = queries.get_visible(db, actor, proposal_id, Permission.PROPOSAL_REOPEN)
        if given.until_at <= clock.now():
            raise invalid("/until_at", "validation.past")
        if has_interest(db, actor.person_id, proposal.party_id):
            raise Problem("conflict-of-interest")
        service.reopen(db, actor, proposal, reason=given.reason, until_at=given.until_at)
        return proposal_out(queries.row(db, actor, proposal_id))

    return command(request, actor, work)


@router.get(
    "/{proposal_id}/receipts",
    operation_id="list_submission_receipts",
    response_model=SubmissionReceiptPage,
    responses=READS,
)
def list_submission_receipts(
    request: Request, actor: Reader, proposal_id: UUID, paging: Paging
) -> Response:
    """List the signed receipts of a proposal, each as it was given out."""
    with read_session(request) as db:
        proposal = queries.get_visible(db, actor, proposal_id)
        page = list_page(
            db,
            receipts.of_proposal(proposal.id),
            paging,
            sorts={"number": SubmissionReceipt.number},
            key=SubmissionReceipt.id,
            out=receipt_out,
        )
    return json_response(page)


@router.get(
    "/{proposal_id}/attachments",
    operation_id="list_attachments",
    response_model=AttachmentPage,
    responses=READS,
)
def list_attachments(request: Request, actor: Reader, proposal_id: UUID) -> Response:
    """List the files of a proposal; who does not write it sees those that were submitted."""
    with read_session(request) as db:
        proposal = queries.get_readable(db, actor, proposal_id)
        if queries.may_write(actor, proposal):
            files = attached.of_proposal(db, proposal.id)
        elif proposal.submitted_number is None:
            files = []
        else:
            content = versions.submitted_content(db, proposal)
            names = [(one["kind"], UUID(one["file_id"])) for one in content.get("attachments", ())]
            files = attached.submitted(db, proposal.id, names)
    items = [attachment_out(one) for one in files]
    return json_response({"items": items, "next_cursor": None})


@router.post(
    "/{proposal_id}/attachments",
    operation_id="attach_file",
    response_model=AttachmentPage,
    responses=COMMANDS,
)
def attach_file(
    request: Request, actor: Writer, proposal_id: UUID, given: AttachmentIn
) -> Response:
    """Attach a completed upload or a document on file. Answers the files there are now.

    After the deadline only a file whose upload was declared before it counts, within the grace; it
    is entered into what was submitted at once, under a new receipt.
    """
    arrived = clock.now()

    def work(db: Session) -> dict[str, Any]:
        proposal = queries.get_visible(db, actor, proposal_id, Permission.PROPOSAL_WRITE)
        made = attachments.attach(db, actor, proposal, given, arrived)
        signer = request.app.state.signer
        submission.add_in_grace(db, actor, proposal, made, at=arrived, signer=signer)
        return _files(db, proposal_id)

    return command(request, actor, work)


@router.post(
    "/{proposal_id}/attachments/{attachment_id}/remove",
    operation_id="remove_attachment",
    response_model=AttachmentPage,
    responses=COMMANDS,
)
def remove_attachment(
    request: Request, actor: Writer, proposal_id: UUID, attachment_id: UUID
) -> Response:
    """Take a file away from the draft; a version already submitted keeps it."""
    arrived = clock.now()

    def work(db: Session) -> dict[str, Any]:
        proposal = queries.get_visible(db, actor, proposal_id, Permission.PROPOSAL_WRITE)
        attachments.remove(db, actor, proposal, attachment_id, arrived)
        return _files(db, proposal_id)

    return command(request, actor, work)


def _files(db: Session, proposal_id: UUID) -> dict[str, Any]:
    items = [attachment_out(one) for one in attached.of_proposal(db, proposal_id)]
    return {"items": items, "next_cursor": None}
