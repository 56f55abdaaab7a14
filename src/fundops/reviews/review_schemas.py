"""What the API takes and gives for a reviewer's own work, and for reviews once submitted."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from fundops.reviews.marks import shown
from fundops.reviews.schemas import OwnStatus
from fundops.schemas import Flag, In, Out, Whole
from fundops.screening.fields import SCREENED

MAX_MARKS = 100
Number = Annotated[Whole, Field(ge=1, le=2_000_000_000)]
Typed = Annotated[str, StringConstraints(strict=True, max_length=20_000), SCREENED]
ScoreText = Annotated[str, StringConstraints(strict=True, max_length=40), Field(examples=["3.5"])]
_WHY = "The work plan names who does what by when."


class MarkDraft(In):
    """One criterion's mark as far as it is written. Nothing is judged until it is submitted."""

    criterion: Number = Field(description="The criterion's number.", examples=[1])
    score: ScoreText | None = Field(None, description="On the criterion's scale, as text.")
    cannot_judge: Flag = Field(False, description="No score; the justification says why.")
    justification: Typed | None = Field(None, examples=[_WHY])


class ReviewDraftIn(In):
    """A review as far as it is written, whole; every save is kept."""

    marks: Annotated[list[MarkDraft], Field(max_length=MAX_MARKS)] = []
    strengths: Typed | None = None
    weaknesses: Typed | None = None
    private_note: Typed | None = Field(None, description="For the fund's officers only.")


class ReviewDraftOut(Out):
    """A saved draft; ``version`` is the assignment's, for If-Match of the next save."""

    number: int
    saved_at: datetime
    marks: list[MarkDraft]
    strengths: str | None
    weaknesses: str | None
    private_note: str | None
    version: int


class DraftLine(Out):
    """One save among others."""

    number: int
    saved_at: datetime


class DraftPage(Out):
    """A page of saves; any of them can be read again."""

    items: list[DraftLine]
    next_cursor: str | None


class ReviewSubmitIn(In):
    """Which draft is to be the review: the last one saved, as its number shows."""

    number: Number


class Fault(Out):
    """What is wrong in one place of a draft."""

    pointer: str
    detail: str


class ValidatedOut(Out):
    """All that keeps a draft from being submitted; what its weighted score would be if nothing."""

    number: int
    is_complete: bool
    weighted: str | None = Field(description="Out of 100, 100 being best.")
    errors: list[Fault]


class CriterionOut(Out):
    """What is to be marked, with the scale and what its scores mean."""

    number: int
    kind: Literal["criterion", "objective"]
    objective: int | None
    title: str
    description: str | None
    weight: str = Field(description="In percent.")
    scale_min: str
    scale_max: str
    scale_step: str
    best: Literal["high", "low"]
    anchors: list[dict[str, Any]]


class AboutOut(Out):
    """What a reviewer is told before accepting; who applies and what is left out when blind."""

    language: str
    objectives: list[dict[str, Any]]
    regions: list[str]
    country: str | None
    title: str | None
    applicant: str | None


class OwnLine(Out):
    """An assignment in the reviewer's own list, which is in random order."""

    id: UUID
    blind_code: str
    call_title: str
    is_blind: bool
    title: str | None
    applicant: str | None
    reviews_close_at: datetime | None
    status: OwnStatus
    drafts: int
    others_open: bool
    version: int


class OwnPage(Out):
    """A page of the reviewer's own assignments."""

    items: list[OwnLine]
    next_cursor: str | None


class OwnOut(OwnLine):
    """An assignment with what it is about, what is to be marked, and why it was returned."""

    about: AboutOut
    criteria: list[CriterionOut]
    returned_because: str | None


class AttachmentLine(Out):
    """A file of the proposal, by its place; without its name where the review is blind."""

    number: int
    kind: str
    label: str = Field(examples=["Attachment 1 (work plan)"])
    media_type: str


class ContentOut(Out):
    """The proposal as the reviewer may read it."""

    blind_code: str
    is_masked: bool
    warning: str | None = Field(description="What masking cannot do, where text was masked.")
    content: dict[str, Any]
    attachments: list[AttachmentLine]


class AnsweredOut(Out):
    """What has become of an assignment that the reviewer no longer reaches."""

    status: Literal["declined", "conflicted"]


class MarkOut(Out):
    """One mark of a review; without a score it was not judged, and the text says why."""

    criterion: int
    title: str
    score: str | None
    justification: str


class ReviewOut(Out):
    """A submitted review under its writer's pseudonym; ``weighted`` is out of 100."""

    id: UUID
    call_id: UUID
    proposal_id: UUID
    proposal_code: str
    alias: str
    is_extra: bool
    number: int
    weighted: str | None
    strengths: str | None
    weaknesses: str | None
    private_note: str | None = Field(description="Null except for those who assign reviewers.")
    sha256: str
    status: Literal["submitted", "returned", "set_aside"]
    reason: str | None
    submitted_at: datetime
    returned_at: datetime | None


class ReviewPage(Out):
    """A page of reviews."""

    items: list[ReviewOut]
    next_cursor: str | None


class WholeReviewOut(ReviewOut):
    """A review with its marks."""

    marks: list[MarkOut]


class OtherOut(Out):
    """Another's review of the same proposal, opened so that a consensus can be found."""

    alias: str
    weighted: str | None
    strengths: str | None
    weaknesses: str | None
    marks: list[MarkOut]


class OthersOut(Out):
    """The others' reviews."""

    reviews: list[OtherOut]


class SubmittedOut(Out):
    """A review as submitted by its writer."""

    status: Literal["submitted"]
    number: int
    weighted: str | None
    sha256: str
    submitted_at: datetime
    version: int


def criterion_out(one: Any) -> dict[str, Any]:
    """Return the wire form of a criterion as reviewers see it; its id tells nothing and is not."""
    return {
        "number": one.number,
        "kind": one.kind,
        "objective": one.objective,
        "title": one.title,
        "description": one.description,
        "weight": shown(one.weight_bp),
        "scale_min": shown(one.scale_min),
        "scale_max": shown(one.scale_max),
        "scale_step": shown(one.scale_step),
        "best": one.best,
        "anchors": json.loads(one.anchors),
    }


def own_out(row: Any) -> dict[str, Any]:
    """Return the wire form of an assignment in the reviewer's own list."""
    return {
        "id": row.id,
        "blind_code": row.blind_code,
        "call_title": row.call_title,
        "is_blind": row.is_blind,
        "title": row.shown_title,
        "applicant": row.shown_applicant,
        "reviews_close_at": row.reviews_close_at,
        "status": row.status,
        "drafts": row.last_number,
        "others_open": row.others_opened_at is not None,
        "version": row.version,
    }


def review_out(row: Any, *, with_note: bool) -> dict[str, Any]:
    """Return the wire form of a review's row."""
    out = {name: getattr(row, name) for name in ReviewOut.model_fields}
    out["weighted"] = shown(row.weighted)
    if not with_note:
        out["private_note"] = None
    return out


def mark_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a mark's row."""
    return {
        "criterion": row.number,
        "title": row.title,
        "score": shown(row.score),
        "justification": row.justification,
    }
