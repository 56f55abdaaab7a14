"""What the API takes and gives for proposals, beside their content."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from fundops.parties.withholding import WithheldOut, marks_out
from fundops.proposals import content
from fundops.schemas import In, Instant, Line, MoneyOut, Out, Prose, Whole, money_out
from fundops.screening.fields import SCREENED, SCREENED_BUT_NAMES

MAX_AWAITED = 20

Language = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z]{2,3}$")]
Kind = Annotated[str, StringConstraints(strict=True, max_length=40, pattern=r"^[a-z][a-z0-9_]*$")]
Reason = Annotated[
    Prose, Field(max_length=2000, examples=["The server was out of reach."]), SCREENED
]


class ProposalIn(In):
    """A new proposal of one organisation to one open call."""

    call_id: UUID
    party_id: UUID = Field(description="The applicant: your own, or any that you lodge for.")
    language: Language = Field(examples=["en"])
    title: Annotated[Line, SCREENED_BUT_NAMES] = Field(examples=["Safe houses along the coast"])
    copy_from: UUID | None = Field(
        None,
        description="An earlier proposal of the same organisation, whose content it begins with.",
        examples=[None],
    )


class AwaitedIn(In):
    """A document on its way."""

    kind: Kind = Field(examples=["registration"])
    upload_id: UUID


class AwaitingIn(In):
    """Documents that a submission would wait for."""

    awaiting: list[AwaitedIn] = Field(
        [],
        max_length=MAX_AWAITED,
        description="Documents whose upload was declared before the deadline and goes on.",
    )


class SubmissionIn(AwaitingIn):
    """Which draft to submit: the one that was seen."""

    version: Annotated[Whole, Field(ge=1, le=1_000_000)] = Field(
        description="The number of the draft at work; refused when another has been saved since.",
        examples=[1],
    )


class ReopenIn(In):
    """Why a submitted proposal may be submitted once more, and until when."""

    reason: Reason
    until_at: Instant = Field(examples=["2199-03-31T12:00:00Z"])


class WithdrawIn(In):
    """Why a proposal is withdrawn, if the applicant wants to say so."""

    reason: Reason | None = None


class AttachmentIn(In):
    """A completed upload of the organisation, or one of its documents: either of the two."""

    kind: Kind = Field(description="A code of the list document_kind.", examples=["registration"])
    file_id: UUID | None = None
    document_id: UUID | None = None


class EligibilityIn(In):
    """A person's decision on eligibility."""

    verdict: Literal["eligible", "ineligible"] = Field(examples=["eligible"])
    reason: Reason | None = Field(
        None, description="Needed where it differs from the rules, or where they cannot decide."
    )


class ProposalOut(Out):
    """A proposal as lists have it; what a draft says is shown to its applicant only."""

    id: UUID
    code: str
    call_id: UUID
    call_code: str
    party_id: UUID
    party_name: str
    party_code: str | None
    title: str | None
    language: str
    country: str | None
    region: str | None
    starts_on: str | None
    ends_on: str | None
    requested: MoneyOut | None
    status: str
    submitted_number: int | None
    submitted_at: str | None
    is_lodged_for: bool
    is_confirmed: bool
    reopened_until_at: str | None
    deadline_at: str | None
    version: int


class ProposalPage(Out):
    """A page of proposals."""

    items: list[ProposalOut]
    next_cursor: str | None


def proposal_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a proposal's row."""
    return {
        "id": row.id,
        "code": row.code,
        "call_id": row.call_id,
        "call_code": row.call_code,
        "party_id": row.party_id,
        "party_name": row.party_name,
        "party_code": row.party_code,
        "title": row.shown_title,
        "language": row.language,
        "country": row.shown_country,
        "region": row.region,
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
        "requested": money_out(row.requested_minor, row.base_currency),
        "status": row.status,
        "submitted_number": row.submitted_number,
        "submitted_at": row.submitted_at,
        "is_lodged_for": row.lodged_by_id is not None,
        "is_confirmed": row.lodged_by_id is None or row.confirmed_at is not None,
        "reopened_until_at": row.reopened_until_at,
        "deadline_at": row.deadline_at,
        "version": row.version,
    }


class ProposalVersionOut(Out):
    """One save: ``draft``, ``submitted``, or ``aside`` (from a page that had grown old)."""

    number: int
    kind: str
    sha256: str
    saved_by_id: UUID | None
    saved_at: str


class ProposalVersionPage(Out):
    """A page of versions."""

    items: list[ProposalVersionOut]
    next_cursor: str | None


def version_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a version without its content."""
    return {
        "number": row.number,
        "kind": row.kind,
        "sha256": row.sha256,
        "saved_by_id": row.saved_by_id,
        "saved_at": row.saved_at,
    }


class ProposalContentOut(ProposalVersionOut):
    """A version with its content, as it was sent; ``withheld`` marks what screening left out."""

    proposal_id: UUID
    content: dict[str, Any]
    withheld: list[WithheldOut]


def content_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a version with its content."""
    kept = content.read(row.content)
    return {
        "proposal_id": row.proposal_id,
        **version_out(row),
        "content": kept,
        "withheld": marks_out(content.withheld(row.content)),
    }


class DraftOut(ProposalContentOut):
    """The draft at work. ``version`` is its number and, in quotes, its entity tag."""

    version: int
    closes_at: str | None = Field(description="The last instant at which it may be submitted.")


class SubmissionReceiptOut(Out):
    """A signed receipt; the signature is of the bytes of ``body`` in UTF-8."""

    id: UUID
    proposal_id: UUID
    number: int
    body: str
    key_id: str
    signature: str
    issued_at: str
    receipt: dict[str, Any] = Field(description="The body, read.")


class SubmissionReceiptPage(Out):
    """The receipts of a proposal."""

    items: list[SubmissionReceiptOut]
    next_cursor: str | None


def receipt_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a receipt."""
    return {
        "id": row.id,
        "proposal_id": row.proposal_id,
        "number": row.number,
        "body": row.body,
        "key_id": row.key_id,
        "signature": row.signature,
        "issued_at": row.issued_at,
        "receipt": json.loads(row.body),
    }


class AttachmentOut(Out):
    """A file attached to a proposal; ``sha256`` is of what was sent, ``stored_sha256`` of what
    was kept once its metadata was taken away.
    """

    id: UUID
    kind: str
    file_id: UUID
    document_id: UUID | None
    name: str
    media_type: str
    size_bytes: int
    sha256: str
    stored_sha256: str
    issued_on: str | None
    expires_on: str | None
    added_at: str


class AttachmentPage(Out):
    """The files of a proposal."""

    items: list[AttachmentOut]
    next_cursor: str | None


def attachment_out(one: Any) -> dict[str, Any]:
    """Return the wire form of an attachment."""
    return {name: getattr(one, name) for name in AttachmentOut.model_fields}


class ErrorOut(Out):
    """One problem and its place."""

    pointer: str
    detail: str


class ValidationOut(Out):
    """What a submission of the draft would come to now: every problem, and the sums."""

    is_right: bool
    version: int
    problems: list[ErrorOut]
    requested: MoneyOut | None
    by_category: dict[str, MoneyOut]
    closes_at: str | None
    is_open: bool
    withheld: list[WithheldOut]


class CallTotalOut(Out):
    """What was asked for under one code; ``code`` is null for proposals that declare none."""

    code: str | None
    label: str | None
    proposals: int
    requested: MoneyOut


class CallTotalsOut(Out):
    """What was asked for in a call, cut by a list. ``is_overlapping``: a proposal may stand under
    several codes with its whole amount, so that the rows must not be added up.
    """

    call_id: UUID
    by: str
    proposals: int
    requested: MoneyOut
    is_overlapping: bool
    items: list[CallTotalOut]


class FindingOut(Out):
    """What one eligibility rule found, in a sentence, with the facts it looked at."""

    rule: str
    outcome: Literal["pass", "fail", "unknown"]
    sentence: str
    facts: dict[str, Any]


class EligibilityDecisionOut(Out):
    """A person's decision; ``is_override`` where the rules alone say otherwise, or nothing."""

    id: UUID
    proposal_id: UUID
    version_number: int
    verdict: str
    findings: list[FindingOut]
    is_override: bool
    reason: str | None
    decided_by_id: UUID
    decided_at: str


class EligibilityOut(Out):
    """What the rules find, and what was decided, the last decision first."""

    proposal_id: UUID
    version_number: int
    verdict: Literal["eligible", "ineligible", "unknown"]
    findings: list[FindingOut]
    decisions: list[EligibilityDecisionOut]
