"""What the API takes and gives for the pool, assignments and conflicts of interest."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import pycountry
from pydantic import AfterValidator, Field

from fundops.allocation.regions import AREAS
from fundops.calls.schemas import Objectives
from fundops.schemas import NOT_NULL, Flag, In, Out, Prose, Whole, refused
from fundops.screening.fields import SCREENED, SCREENED_BUT_NAMES

ConflictKind = Literal["employer", "professional", "personal", "family", "financial", "other"]
AssignmentStatus = Literal[
    "invited", "accepted", "declined", "conflicted", "submitted", "returned", "withdrawn"
]
OwnStatus = Literal["invited", "accepted", "submitted", "returned"]
ReviewerStatus = Literal["active", "resting"]
Because = Annotated[Prose, Field(max_length=2000, examples=["Too many at the moment"]), SCREENED]
Relation = Annotated[Prose, Field(max_length=2000), SCREENED_BUT_NAMES]
"""Whom somebody is related to may have to be named."""


def _language(value: str) -> str:
    found = pycountry.languages.get(**{f"alpha_{len(value)}": value})
    if found is None:
        raise refused("reviews.language")
    return value


def _area(value: str) -> str:
    if value not in AREAS:
        raise refused("reviews.region")
    return value


def _distinct(values: list[str]) -> list[str]:
    if len(set(values)) != len(values):
        raise refused("reviews.repeated")
    return sorted(values)


Language = Annotated[
    str, Field(strict=True, pattern=r"^[a-z]{2,3}$", examples=["en"]), AfterValidator(_language)
]
Area = Annotated[
    str, Field(strict=True, pattern=r"^[0-9]{3}$", examples=["014"]), AfterValidator(_area)
]
Languages = Annotated[
    list[Language],
    Field(min_length=1, max_length=30, examples=[["en", "fr"]], description="ISO 639 codes."),
    AfterValidator(_distinct),
]
Areas = Annotated[
    list[Area],
    Field(max_length=60, examples=[["014", "202"]], description="M49 codes; none: anywhere."),
    AfterValidator(_distinct),
]
Load = Annotated[Whole, Field(ge=1, le=500, description="Reviews to be written at one time.")]


class ReviewerIn(In):
    """A person of the pool, who holds the role of reviewer."""

    person_id: UUID
    languages: Languages
    regions: Areas = []
    objectives: Objectives = Field([], description="The objectives they know; none: any.")
    max_load: Load = Field(examples=[10])


class ReviewerPatch(In):
    """Changes to a reviewer; a resting one gets no new assignments."""

    languages: Annotated[Languages | None, NOT_NULL] = None
    regions: Annotated[Areas | None, NOT_NULL] = None
    objectives: Annotated[Objectives | None, NOT_NULL] = None
    max_load: Annotated[Load | None, NOT_NULL] = None
    status: Annotated[ReviewerStatus | None, NOT_NULL] = None


class ReviewerOut(Out):
    """A reviewer of the pool; ``open_load`` is how many reviews they have yet to submit."""

    id: UUID
    person_id: UUID
    person_code: str
    person_name: str
    languages: list[str]
    regions: list[str]
    objectives: list[int]
    max_load: int
    open_load: int
    status: ReviewerStatus
    version: int


class ReviewerPage(Out):
    """A page of the pool."""

    items: list[ReviewerOut]
    next_cursor: str | None


class ConflictIn(In):
    """A conflict of interest with an organisation. It cannot be taken back."""

    party_id: UUID
    kind: ConflictKind
    note: Relation | None = None


class OwnConflictIn(In):
    """A conflict of interest with the proposal of an assignment. It cannot be taken back."""

    kind: ConflictKind
    note: Relation | None = None


class ConflictOut(Out):
    """A conflict that holds; ``party_id`` is null for one declared with a single proposal."""

    id: UUID
    party_id: UUID | None
    kind: ConflictKind
    note: str | None
    declared_at: datetime


class ConflictPage(Out):
    """A page of conflicts."""

    items: list[ConflictOut]
    next_cursor: str | None


class ReviewReasonIn(In):
    """Why."""

    reason: Because


class WeightsIn(In):
    """What counts how much in choosing who reviews what."""

    expertise: Annotated[Whole, Field(ge=0, le=1000)] = 2
    region: Annotated[Whole, Field(ge=0, le=1000)] = 1
    balance: Annotated[Whole, Field(ge=0, le=1000)] = 1


class AssignIn(In):
    """How reviewers are to be assigned to the proposals of a call."""

    reviews_per_proposal: Annotated[Whole, Field(ge=1, le=20)] | None = Field(
        None, description="How many each is to have in all; as the call says by default."
    )
    include_submitted: Flag = Field(
        False, description="Also proposals whose eligibility is not decided yet."
    )
    ignore_languages: Flag = Field(
        False, description="Also reviewers who do not read a proposal's language."
    )
    weights: WeightsIn = WeightsIn()


class PlannedOut(Out):
    """One pairing of the plan. ``expertise`` is the part of the objectives known, in percent."""

    proposal_id: UUID
    proposal_code: str
    reviewer_id: UUID
    person_code: str
    expertise: str
    shares_region: bool
    reads_language: bool
    is_new: bool


class LoadOut(Out):
    """How many proposals of the call a reviewer has under the plan, of how many they may."""

    reviewer_id: UUID
    person_code: str
    load: int
    most: int


class ShortageOut(Out):
    """A proposal that lacks reviewers, and why."""

    proposal_id: UUID
    proposal_code: str
    needed: int
    given: int
    reason: str
    busy: list[str] = Field(description="Codes of reviewers who could, but are full.")


class OptimisedOut(Out):
    """What was made as great as possible, with its parts, and what no plan can exceed."""

    expertise: int
    region: int
    balance: int = Field(description="The cost of uneven loads, which is taken off.")
    objective: int
    bound: int
    is_optimal: bool
    weights: WeightsIn


class PlanOut(Out):
    """Who is to review what, what was optimised, and who lacks reviewers."""

    pairs: list[PlannedOut]
    loads: list[LoadOut]
    optimised: OptimisedOut
    shortages: list[ShortageOut]
    conflicts: int = Field(description="Pairs left out for a conflict of interest.")


class AssignedOut(PlanOut):
    """The plan as carried out."""

    invited: int


class ManualIn(In):
    """One reviewer for one proposal; an extra one where reviews diverge."""

    reviewer_id: UUID
    is_extra: Flag = False


class AssignmentOut(Out):
    """An assignment as officers see it: who reviews what under which pseudonym."""

    id: UUID
    proposal_id: UUID
    proposal_code: str
    reviewer_id: UUID
    person_id: UUID
    person_code: str
    person_name: str
    alias: str
    is_extra: bool
    status: AssignmentStatus
    reason: str | None
    conflict_kind: ConflictKind | None
    invited_at: datetime
    answered_at: datetime | None
    submitted_at: datetime | None
    others_opened_at: datetime | None
    is_in_conflict: bool = Field(
        description="A conflict is known by now: the reviewer has no access, whatever the status."
    )
    version: int


class AssignmentPage(Out):
    """A page of a call's assignments."""

    items: list[AssignmentOut]
    next_cursor: str | None


def reviewer_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a reviewer's row."""
    lists = {name: json.loads(getattr(row, name)) for name in _LISTS}
    return {name: getattr(row, name) for name in ReviewerOut.model_fields} | lists


_LISTS = ("languages", "regions", "objectives")


def conflict_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a conflict."""
    return {name: getattr(row, name) for name in ConflictOut.model_fields}


def assignment_out(row: Any) -> dict[str, Any]:
    """Return the wire form of an assignment as officers see it."""
    out = {name: getattr(row, name) for name in AssignmentOut.model_fields}
    return out | {"is_in_conflict": bool(row.is_in_conflict)}
