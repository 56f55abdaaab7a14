"""What the API takes and gives for policies and for how risky grantees are."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from fundops.grants.policy import Policy, stored_content
from fundops.grants.policy_content import Tier
from fundops.grants.policy_wire import PolicyContentIn, PolicyContentOut, shown_form
from fundops.grants.risk import RiskTier
from fundops.grants.schemas import Reason
from fundops.schemas import Day, In, Out, Prose
from fundops.screening.fields import SCREENED_BUT_NAMES


class PolicyIn(In):
    """A version of a fund's policy; its content has the form that reading one gives."""

    fund_id: UUID
    starts_on: Day = Field(description="The day from which it holds: today or later.")
    reason: Reason
    content: PolicyContentIn


class PolicyReasonIn(In):
    """Why a version is refused."""

    reason: Reason


class PolicyOut(Out):
    """A version of a fund's policy."""

    id: UUID
    fund_id: UUID
    number: int
    starts_on: str
    status: str = Field(description="`proposed`, `approved` or `refused`.")
    reason: str
    proposed_by_id: UUID
    proposed_at: str
    decided_by_id: UUID | None
    decided_at: str | None
    content: PolicyContentOut


class PolicyPage(Out):
    """A page of versions."""

    items: list[PolicyOut]
    next_cursor: str | None


class PolicyInForceOut(Out):
    """The policy that holds on a day; of the sample, without id, number and start."""

    id: UUID | None
    fund_id: UUID
    number: int | None
    starts_on: str | None
    on: str
    is_sample: bool
    notice: str | None = Field(description="What to know about it: that it is a sample.")
    content: PolicyContentOut


class RiskAssessmentIn(In):
    """How risky it is to fund a party, on what basis and until when that is good."""

    tier: Tier = Field(examples=["medium"])
    assessed_on: Day
    valid_until_on: Day = Field(description="At most four years later.", examples=["2027-01-20"])
    basis: Annotated[Prose, SCREENED_BUT_NAMES] = Field(
        examples=["Capacity assessment, 62 of 100 points; two visits."]
    )


class RiskAssessmentOut(Out):
    """An assessment; it is never changed."""

    id: UUID
    party_id: UUID
    tier: str
    assessed_on: str
    valid_until_on: str
    basis: str
    assessed_by_id: UUID | None


class RiskAssessmentPage(Out):
    """A page of assessments."""

    items: list[RiskAssessmentOut]
    next_cursor: str | None


class RiskTierOut(Out):
    """The tier of a party on a day, and why it is that."""

    party_id: UUID
    on: str
    tier: str
    reason: str
    assessment_id: UUID | None


def policy_out(row: Any, currency: str) -> dict[str, Any]:
    """Return the wire form of a version."""
    return {
        "id": row.id,
        "fund_id": row.fund_id,
        "number": row.number,
        "starts_on": row.starts_on,
        "status": row.status,
        "reason": row.reason,
        "proposed_by_id": row.proposed_by_id,
        "proposed_at": row.proposed_at,
        "decided_by_id": row.decided_by_id,
        "decided_at": row.decided_at,
        "content": shown_form(stored_content(row.content), currency),
    }


def in_force_out(policy: Policy, on: Any) -> dict[str, Any]:
    """Return the wire form of the policy in force on a day."""
    return {
        "id": policy.id,
        "fund_id": policy.fund_id,
        "number": policy.number,
        "starts_on": policy.starts_on,
        "on": on,
        "is_sample": policy.is_sample,
        "notice": policy.notice,
        "content": shown_form(policy.content, policy.currency),
    }


def assessment_out(row: Any) -> dict[str, Any]:
    """Return the wire form of an assessment."""
    return {
        "id": row.id,
        "party_id": row.party_id,
        "tier": row.tier,
        "assessed_on": row.assessed_on,
        "valid_until_on": row.valid_until_on,
        "basis": row.basis,
        "assessed_by_id": row.assessed_by_id,
    }


def tier_out(found: RiskTier, party_id: UUID, on: Any) -> dict[str, Any]:
    """Return the wire form of a party's tier."""
    return {
        "party_id": party_id,
        "on": on,
        "tier": found.tier,
        "reason": found.reason,
        "assessment_id": found.assessment_id,
    }
