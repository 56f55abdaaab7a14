"""What the API takes and gives for calls for proposals."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from fundops.calls.deadlines import told
from fundops.calls.objectives import OBJECTIVES
from fundops.calls.parts import Hundredths, Languages, Limits, TargetsIn, Zone, hundredths_text
from fundops.schemas import (
    NOT_NULL,
    Day,
    Flag,
    In,
    Instant,
    Line,
    LongLine,
    MoneyIn,
    MoneyOut,
    Out,
    Prose,
    Whole,
    money_out,
    refused,
)
from fundops.screening.fields import SCREENED

MAX_TITLE = 500


def _title(value: str) -> str:
    if len(value) > MAX_TITLE:
        raise refused("calls.title_too_long", maximum=MAX_TITLE)
    return value


def _distinct(values: list[int]) -> list[int]:
    if len(set(values)) != len(values):
        raise refused("calls.objective_repeated")
    return sorted(values)


Title = Annotated[LongLine, AfterValidator(_title)]
ObjectiveNumber = Annotated[Whole, Field(ge=OBJECTIVES[0], le=OBJECTIVES[-1])]
Objectives = Annotated[
    list[ObjectiveNumber],
    Field(max_length=len(OBJECTIVES), examples=[[1, 4]]),
    AfterValidator(_distinct),
]
Modality = Literal["emergency", "comprehensive"]
Window = Annotated[Line, Field(max_length=120)]
Months = Annotated[Whole, Field(ge=1, le=120)]
Grace = Annotated[Whole, Field(ge=0, le=1440)]
Reviews = Annotated[Whole, Field(ge=1, le=20)]

WINDOW = Field(None, description="The funding window.", examples=["Small grants, first round"])
DEADLINE = Field(
    None,
    description="The one instant that counts; without it a call takes no proposals.",
    examples=["2026-01-20T12:00:00Z"],
)
THRESHOLD = Field(
    None,
    description="Spread of weighted scores (points of 100) above which reviews diverge.",
    examples=["20"],
)


class CallIn(In):
    """A new call, in draft. What is left out can be added until it is opened."""

    fund_id: UUID
    title: Title = Field(examples=["Shelters along the northern route"])
    year: Annotated[Whole, Field(ge=1900, le=2199)] = Field(examples=[2026])
    opens_on: Day | None = None
    closes_on: Day | None = Field(
        None, description="With a deadline: its day in the call's zone, and nothing else."
    )
    envelope: MoneyIn | None = Field(None, description="What may be awarded, base currency.")
    objectives: Objectives = Field([], description="The objectives it is for; none: any.")
    funding_window: Window | None = WINDOW
    modality: Modality | None = None
    summary: Prose | None = Field(None, examples=["Shelter and legal help for those freed."])
    zone: Zone | None = Field(
        None,
        description="IANA zone in which days are meant; the fund's, unless given.",
        examples=["UTC"],
    )
    deadline_at: Instant | None = DEADLINE
    grace_minutes: Grace = Field(
        0, description="How long an upload declared in time may take to complete."
    )
    questions_close_at: Instant | None = Field(
        None, description="Last instant for questions; the deadline, unless given."
    )
    reviews_close_at: Instant | None = None
    floor: MoneyIn | None = Field(None, description="The least a grant may be, base currency.")
    ceiling: MoneyIn | None = Field(None, description="The most a grant may be, base currency.")
    min_months: Months | None = None
    max_months: Months | None = None
    languages: Languages = Field([], description="Languages that proposals may be written in.")
    targets: TargetsIn = TargetsIn()
    limits: Limits = Field([], description="Stated limits of regional and other balance.")
    reviews_per_proposal: Reviews = 3
    divergence_threshold: Hundredths | None = THRESHOLD
    is_blind: Flag = Field(False, description="Reviewers do not learn who applies.")


class CallPatch(In):
    """Changes to a call that is not closed. Null takes an optional value away.

    What decides over applicants stays as it is once the call is open.
    """

    title: Title | None = None
    opens_on: Day | None = None
    closes_on: Day | None = None
    envelope: MoneyIn | None = None
    objectives: Objectives | None = None
    funding_window: Window | None = WINDOW
    modality: Modality | None = None
    summary: Prose | None = None
    zone: Annotated[Zone | None, NOT_NULL] = Field(None, examples=["UTC"])
    deadline_at: Instant | None = DEADLINE
    grace_minutes: Annotated[Grace | None, NOT_NULL] = None
    questions_close_at: Instant | None = None
    reviews_close_at: Instant | None = None
    floor: MoneyIn | None = None
    ceiling: MoneyIn | None = None
    min_months: Months | None = None
    max_months: Months | None = None
    languages: Annotated[Languages | None, NOT_NULL] = None
    targets: Annotated[TargetsIn | None, NOT_NULL] = None
    limits: Annotated[Limits | None, NOT_NULL] = None
    reviews_per_proposal: Annotated[Reviews | None, NOT_NULL] = None
    divergence_threshold: Hundredths | None = THRESHOLD
    is_blind: Annotated[Flag | None, NOT_NULL] = None


class LocalTimeOut(Out):
    """An instant, and how a clock on the wall of a zone shows it."""

    at: str = Field(description="The instant, UTC.")
    zone: str
    local: str = Field(examples=["2026-02-28T23:59:00+08:00"])
    offset: str = Field(description="From UTC, at that time of year.", examples=["+08:00"])
    text: str = Field(examples=["2026-02-28 23:59:00 (UTC+08:00, Asia/Manila)"])


class CallLimitOut(Out):
    """A stated limit of balance; measures that it does not set are null."""

    dimension: str
    code: str | None
    max_share: str | None
    max_amount: MoneyOut | None
    max_count: int | None
    min_share: str | None


class CallOut(Out):
    """A call for proposals."""

    id: UUID
    code: str
    fund_id: UUID
    title: str
    year: int
    opens_on: str | None
    closes_on: str | None
    envelope: MoneyOut | None
    objectives: list[int]
    funding_window: str | None
    modality: str | None
    summary: str | None
    zone: str
    deadline_at: str | None
    deadline: LocalTimeOut | None = Field(description="In the zone asked for, or the call's.")
    grace_minutes: int
    questions_close_at: str | None
    questions_close: LocalTimeOut | None
    reviews_close_at: str | None
    floor: MoneyOut | None
    ceiling: MoneyOut | None
    min_months: int | None
    max_months: int | None
    languages: list[str]
    targets: dict[str, list[str]] = Field(description="Codes by code list; absent: any.")
    limits: list[CallLimitOut]
    reviews_per_proposal: int
    divergence_threshold: str | None
    is_blind: bool
    status: str
    version: int


class CallPage(Out):
    """A page of calls."""

    items: list[CallOut]
    next_cursor: str | None


class CallExtensionIn(In):
    """A later deadline, for everybody alike."""

    deadline_at: Instant = Field(
        description="Later than the deadline, and not past.", examples=["2199-01-20T12:00:00Z"]
    )
    reason: Annotated[Prose, Field(max_length=2000), SCREENED] = Field(
        examples=["The network was down in two provinces for three days."]
    )


class CallExtensionOut(Out):
    """A deadline that was moved later, and why."""

    id: UUID
    call_id: UUID
    old_deadline_at: str
    new_deadline_at: str
    old_deadline: LocalTimeOut
    new_deadline: LocalTimeOut
    reason: str
    extended_at: str


class CallExtensionPage(Out):
    """A page of extensions."""

    items: list[CallExtensionOut]
    next_cursor: str | None


def call_out(row: Any, zone: str | None = None) -> dict[str, Any]:
    """Return the wire form of a call's row; instants are also told in ``zone`` or the call's."""
    shown = zone or row.zone
    threshold = row.divergence_threshold
    return {
        "id": row.id,
        "code": row.code,
        "fund_id": row.fund_id,
        "title": row.title,
        "year": row.year,
        "opens_on": row.opens_on,
        "closes_on": row.closes_on,
        "envelope": money_out(row.envelope_minor, row.base_currency),
        "objectives": json.loads(row.objectives),
        "funding_window": row.funding_window,
        "modality": row.modality,
        "summary": row.summary,
        "zone": row.zone,
        "deadline_at": row.deadline_at,
        "deadline": told(row.deadline_at, shown),
        "grace_minutes": row.grace_minutes,
        "questions_close_at": row.questions_close_at,
        "questions_close": told(row.questions_close_at, shown),
        "reviews_close_at": row.reviews_close_at,
        "floor": money_out(row.floor_minor, row.base_currency),
        "ceiling": money_out(row.ceiling_minor, row.base_currency),
        "min_months": row.min_months,
        "max_months": row.max_months,
        "languages": json.loads(row.languages),
        "targets": json.loads(row.targets),
        "limits": json.loads(row.limits),
        "reviews_per_proposal": row.reviews_per_proposal,
        "divergence_threshold": None if threshold is None else hundredths_text(threshold),
        "is_blind": row.is_blind,
        "status": row.status,
        "version": row.version,
    }


def extension_out(row: Any, zone: str | None = None) -> dict[str, Any]:
    """Return the wire form of an extension's row; who extended is on the audit trail."""
    shown = zone or row.zone
    return {
        "id": row.id,
        "call_id": row.call_id,
        "old_deadline_at": row.old_deadline_at,
        "new_deadline_at": row.new_deadline_at,
        "old_deadline": told(row.old_deadline_at, shown),
        "new_deadline": told(row.new_deadline_at, shown),
        "reason": row.reason,
        "extended_at": row.extended_at,
    }
