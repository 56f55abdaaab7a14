"""What the API takes and gives for requirements and for conditions of tranches."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from fundops.grants.policy_content import Kind
from fundops.grants.schemas import Reason
from fundops.schemas import Day, In, Line, LongLine, MoneyOut, Out, money_out
from fundops.screening.fields import SCREENED


class EvidenceIn(In):
    """What shows that something is done: words, a file, or both."""

    note: Reason | None = Field(None, examples=["Accepted after two questions."])
    file_id: UUID | None = None


class DoneIn(EvidenceIn):
    """That something is done and accepted."""

    done_on: Day | None = Field(None, description="Today by default, never in the future.")


class RequirementIn(In):
    """Something required on top of what the policy asks for."""

    kind: Kind
    title: Annotated[Line, SCREENED] | None = Field(None, examples=["Visit to the second shelter"])
    due_on: Day
    reason: Reason


class WaiverIn(In):
    """Why something need not be done, or why it must be."""

    reason: Reason


class ConditionIn(In):
    """What a tranche waits for, in words."""

    words: Annotated[LongLine, SCREENED] = Field(examples=["The lease of the shelter is signed"])


class WaiverOut(Out):
    """What was asked to be waived, and who decided."""

    reason: str
    requested_by_id: UUID
    waived_by_id: UUID | None


class RequirementOut(Out):
    """Something a grant needs by a day.

    Reasons, notes and persons are shown to those who work with grantees.
    """

    id: UUID
    grant_id: UUID
    grant_code: str
    kind: str
    origin: str = Field(description="`policy`, or `added` on top of it.")
    number: int
    title: str | None
    is_final: bool
    period_from_on: str | None
    period_to_on: str | None
    due_on: str
    is_overdue: bool
    status: str = Field(description="`due`, `waiver_requested`, `done`, `waived` or `replaced`.")
    policy_id: UUID | None = Field(description="Null for the sample, and for what was added.")
    policy_number: int | None
    rule: str | None = Field(description="Where the policy asks for it, as a JSON pointer.")
    done_on: str | None
    done_by_id: UUID | None
    evidence_note: str | None
    evidence_file_id: UUID | None
    waiver: WaiverOut | None


class RequirementPage(Out):
    """A page of requirements."""

    items: list[RequirementOut]
    next_cursor: str | None


class TrancheConditionOut(Out):
    """What keeps a tranche back, or has.

    Reasons, notes and persons are shown to those who work with grantees.
    """

    id: UUID
    tranche_id: UUID
    requirement_id: UUID | None
    words: str | None
    origin: str
    status: str = Field(
        description="`open`, `waiver_requested`, `met`, `waived` or `replaced`; one on a "
        "requirement is met once that is done."
    )
    met_on: str | None
    met_by_id: UUID | None
    evidence_note: str | None
    evidence_file_id: UUID | None
    waiver: WaiverOut | None


class TrancheConditions(Out):
    """The conditions of a tranche, and in sentences those that keep it back."""

    items: list[TrancheConditionOut]
    next_cursor: str | None
    unmet: list[str]


class ScheduleOut(Out):
    """The plan a grant was last given: by which policy and tier, and from what."""

    id: UUID
    grant_id: UUID
    number: int
    policy_id: UUID | None
    is_sample: bool
    tier: str | None = Field(
        description="Null, as its reason, to those who do not work with grantees."
    )
    tier_reason: str | None
    rule: str
    months: int
    amount: MoneyOut
    starts_on: str
    ends_on: str
    is_emergency: bool
    tranches_given: bool


def requirement_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a requirement's row."""
    return {
        "id": row.id,
        "grant_id": row.grant_id,
        "grant_code": row.grant_code,
        "kind": row.kind,
        "origin": row.origin,
        "number": row.number,
        "title": row.shown_title,
        "is_final": row.is_final,
        "period_from_on": row.period_from_on,
        "period_to_on": row.period_to_on,
        "due_on": row.due_on,
        "is_overdue": bool(row.is_overdue),
        "status": row.status,
        "policy_id": row.policy_id,
        "policy_number": row.policy_number,
        "rule": row.rule,
        "done_on": row.done_on,
        "done_by_id": row.done_by_id if row.is_inside else None,
        "evidence_note": row.evidence_note if row.is_inside else None,
        "evidence_file_id": row.evidence_file_id if row.is_inside else None,
        "waiver": _waiver_out(row) if row.is_inside else None,
    }


def condition_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a condition's row, its status as the requirement has it."""
    return {
        "id": row.id,
        "tranche_id": row.tranche_id,
        "requirement_id": row.requirement_id,
        "words": row.words,
        "origin": row.origin,
        "status": row.shown_status,
        "met_on": row.shown_met_on,
        "met_by_id": row.met_by_id if row.is_inside else None,
        "evidence_note": row.evidence_note if row.is_inside else None,
        "evidence_file_id": row.evidence_file_id if row.is_inside else None,
        "waiver": _waiver_out(row) if row.is_inside else None,
    }


def schedule_out(row: Any, currency: str) -> dict[str, Any]:
    """Return the wire form of a plan; its tier only to those who work with grantees."""
    return {
        "id": row.id,
        "grant_id": row.grant_id,
        "number": row.number,
        "policy_id": row.policy_id,
        "is_sample": row.policy_id is None,
        "tier": row.tier if row.is_inside else None,
        "tier_reason": row.tier_reason if row.is_inside else None,
        "rule": row.rule,
        "months": row.months,
        "amount": money_out(row.amount_minor, currency),
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
        "is_emergency": row.is_emergency,
        "tranches_given": row.tranches_given,
    }


def _waiver_out(row: Any) -> dict[str, Any] | None:
    if row.waiver_requested_by_id is None:
        return None
    return {
        "reason": row.waiver_reason,
        "requested_by_id": row.waiver_requested_by_id,
        "waived_by_id": row.waived_by_id,
    }
