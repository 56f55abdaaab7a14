"""What the API takes and gives for partner risk."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from fundops.grants.policy_content import Tier
from fundops.grants.schemas import AnyReason
from fundops.schemas import Day, In, Line, Out, Prose, Whole
from fundops.screening.fields import SCREENED_BUT_NAMES

Outcome = Literal["passed", "failed", "not_applicable"]
Status = Literal["proposed", "confirmed", "refused", "withdrawn"]
MAX_ANSWERS = 100

ScreenedProse = Annotated[Prose, SCREENED_BUT_NAMES]
ScreenedNote = Annotated[AnyReason, SCREENED_BUT_NAMES]


class DueCheckIn(In):
    """What was found when one thing about a party was looked into; a note or a file shows it."""

    kind: Annotated[Line, Field(max_length=40, examples=["registration"])]
    outcome: Outcome
    checked_on: Day
    valid_until_on: Day | None = Field(
        None, description="As long as the kind of check allows, by default and at most."
    )
    note: ScreenedProse | None = Field(
        None, examples=["Certificate of 2019, seen in the original."]
    )
    evidence_file_id: UUID | None = None


class DueCheckOut(Out):
    """A check that was recorded; it is never changed."""

    id: UUID
    party_id: UUID
    kind: str
    outcome: str
    checked_on: str
    valid_until_on: str
    note: str | None
    evidence_file_id: UUID | None
    recorded_by_id: UUID


class DueCheckPage(Out):
    """A page of checks."""

    items: list[DueCheckOut]
    next_cursor: str | None


class DueCheckStandingOut(Out):
    """How one check stands."""

    kind: str
    label: str
    labels: dict[str, str] = Field(description="In every language there is.")
    is_required: bool
    is_known: bool = Field(description="fundops knows it from its own records; nobody types it.")
    state: str = Field(description="`passed`, `failed`, `not_applicable`, `expired` or `missing`.")
    reason: str
    checked_on: str | None
    valid_until_on: str | None
    check_id: UUID | None


class DueDiligenceOut(Out):
    """How due diligence of a party stands on a day."""

    party_id: UUID
    on: str
    is_complete: bool
    checks: list[DueCheckStandingOut]


class BehindFigureOut(Out):
    """A record behind a figure."""

    record_type: str
    id: UUID
    code: str


class PartnerFigureOut(Out):
    """One figure of performance, the points it moves, and why."""

    code: str
    part: int = Field(description="Rows; of `ineligible`, minor units of `currency`.")
    whole: int
    percent: str
    currency: str | None
    points: int = Field(description="Upwards is riskier.")
    reason: str
    rows: list[BehindFigureOut] = Field(description="At most 50, of funds that you may read.")
    rows_total: int


class PartnerPerformanceOut(Out):
    """What a grantee did under its grants in a window of days, and what that moves."""

    from_on: str
    to_on: str
    source: str
    figures: list[PartnerFigureOut]
    points: int


class PartyPerformanceOut(PartnerPerformanceOut):
    """A party's performance as it stands today."""

    party_id: UUID


class CapacityQuestionOut(Out):
    """A question of the capacity assessment."""

    code: str
    area: str
    weight: int
    text: str


class QuestionnaireOut(Out):
    """The capacity assessment in use."""

    version: int
    source: str
    applicable_percent: int
    bands: dict[str, int] = Field(description="Shares of the range in percent, where bands end.")
    areas: dict[str, str]
    questions: list[CapacityQuestionOut]


class CapacityAnswerIn(In):
    """An answer: 1 in place and works, 2 small gaps, 3 partly, 4 missing; null: not applicable."""

    question: Annotated[Line, Field(max_length=20, examples=["GOV1"])]
    answer: Annotated[Whole, Field(ge=1, le=4)] | None
    note: ScreenedNote | None = Field(
        None, description="Needed where a question is not applicable."
    )


class PartnerAssessmentIn(In):
    """The answers about a party; ``tier`` only to override what follows from them."""

    party_id: UUID
    answers: Annotated[list[CapacityAnswerIn], Field(min_length=1, max_length=MAX_ANSWERS)]
    valid_until_on: Day | None = Field(
        None, description="At most four years on, and no longer than the checks stand."
    )
    tier: Tier | None = None
    override_reason: ScreenedNote | None = None


class PartnerReasonIn(In):
    """Why an assessment is refused or withdrawn."""

    reason: ScreenedNote


class CapacityAnswerOut(Out):
    """An answer with the question as it stood, and what it counted."""

    question: str
    text: str
    weight: int
    answer: int | None
    counts: int
    note: str | None


class CapacityAreaOut(Out):
    """One area's answers and its part of the score."""

    code: str
    title: str
    score: int
    applicable: int
    answers: list[CapacityAnswerOut]


class BandLimitOut(Out):
    """Where a band ends: a score below this is in it."""

    band: str
    below: str


class CapacityOut(Out):
    """How the score came about."""

    questionnaire: int
    source: str
    score: int
    applicable: int
    lowest: int
    highest: int
    limits: list[BandLimitOut]
    band: str
    areas: list[CapacityAreaOut]


class PartnerPartyOut(Out):
    """Who was assessed; of a party at risk, its label."""

    id: UUID
    code: str | None
    name: str


class PartnerAssessmentOut(Out):
    """How risky it is to fund a party, and who says so."""

    id: UUID
    code: str
    party: PartnerPartyOut
    status: str
    assessed_on: str
    valid_until_on: str
    score: int
    applicable: int
    band: str
    computed_tier: str
    tier: str
    is_override: bool
    override_reason: str | None
    assessed_by_id: UUID
    decided_by_id: UUID | None
    decided_at: str | None
    decision_reason: str | None
    risk_assessment_id: UUID | None
    version: int


class PartnerAssessmentPage(Out):
    """A page of assessments."""

    items: list[PartnerAssessmentOut]
    next_cursor: str | None


class PartnerAssessmentDetail(PartnerAssessmentOut):
    """An assessment that explains itself."""

    steps: list[str] = Field(description="How the tier came about, a sentence each.")
    capacity: CapacityOut
    performance: PartnerPerformanceOut
    due_diligence: list[DueCheckStandingOut]
