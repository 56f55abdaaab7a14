"""What the API takes and gives for suspending and terminating grants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import Field

from fundops.grants.models import Grant
from fundops.grants.schemas import Reason
from fundops.grants.standing_models import GrantSuspension, GrantTermination
from fundops.schemas import Day, In, Out


class StandingIn(In):
    """Why a grant is suspended or resumed, or a termination withdrawn."""

    reason: Reason


class TerminationIn(In):
    """Why a grant is to be terminated, and from which day on."""

    reason: Reason
    on: Day | None = Field(
        None, description="The day of confirmation by default, never in the future."
    )


class SuspensionOut(Out):
    """A suspension; it runs until `ended_at`."""

    id: UUID
    reason: str
    suspended_by_id: UUID
    suspended_at: str
    resumed_by_id: UUID | None
    resume_reason: str | None
    ended_at: str | None


class TerminationOut(Out):
    """A termination: `proposed`, `confirmed` by another person, or `withdrawn`."""

    id: UUID
    status: str
    reason: str
    proposed_by_id: UUID
    proposed_at: str
    decided_by_id: UUID | None
    decided_at: str | None
    effective_on: str | None


class GrantStandingOut(Out):
    """How a grant stands and stood."""

    grant_id: UUID
    status: str
    suspensions: list[SuspensionOut]
    terminations: list[TerminationOut]


_SUSPENSION = (
    "id", "reason", "suspended_by_id", "suspended_at", "resumed_by_id", "resume_reason",
    "ended_at",
)  # fmt: skip
_TERMINATION = (
    "id", "status", "reason", "proposed_by_id", "proposed_at", "decided_by_id", "decided_at",
    "effective_on",
)  # fmt: skip


def standing_out(
    grant: Grant, suspensions: Sequence[GrantSuspension], terminations: Sequence[GrantTermination]
) -> dict[str, Any]:
    """Return the wire form of how a grant stands."""
    return {
        "grant_id": grant.id,
        "status": grant.status,
        "suspensions": [{n: getattr(one, n) for n in _SUSPENSION} for one in suspensions],
        "terminations": [{n: getattr(one, n) for n in _TERMINATION} for one in terminations],
    }
