"""What the API takes and gives for the closing of grants."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from fundops.grants.schemas import Reason, Reference
from fundops.schemas import Day, In, MoneyOut, Out, money_out
from fundops.screening.fields import SCREENED

MAX_ATTEMPTS = 40


class AttemptIn(In):
    """One attempt to reach a grantee: when, by which channel, and what came of it."""

    on: Day
    channel: Annotated[Reference, SCREENED] = Field(examples=["registered letter"])
    outcome: Annotated[Reference, SCREENED] = Field(examples=["returned, address unknown"])


class UnreachableIn(In):
    """Closing a grant whose grantee cannot be reached; another person must confirm it."""

    reason: Reason
    evidence: Reason = Field(description="What shows that the grantee cannot be reached.")
    attempts: Annotated[list[AttemptIn], Field(min_length=1, max_length=MAX_ATTEMPTS)]
    unaccounted: Literal["written_off", "kept_open"] = Field(
        description="What becomes of money that nobody accounts for: given up, or owed still."
    )
    on: Day | None = Field(None, description="Today by default, never in the future.")


class ClosingStateOut(Out):
    """What a grant still lacks to be closed; nothing where ``is_closable``."""

    grant_id: UUID
    status: str
    is_closable: bool
    missing: list[str]
    balance: MoneyOut = Field(description="What the grantee has not accounted for.")
    minimum: MoneyOut = Field(description="Up to this, the balance is written off in closing.")
    reserve_list: str | None = Field(description="Where to see whom returned money can fund.")


class GrantClosingOut(Out):
    """How a grant was closed; a closing by force majeure is an exception and says why."""

    id: UUID
    code: str
    grant_id: UUID
    grant_code: str
    kind: str
    closed_on: str
    reason: str
    evidence: str | None
    attempts: list[dict[str, str]]
    unaccounted: str | None
    residual: MoneyOut
    freed: MoneyOut
    status: str
    proposed_by_id: UUID
    confirmed_by_id: UUID | None
    reserve_list: str | None
    version: int


class GrantClosingPage(Out):
    """A page of closings."""

    items: list[GrantClosingOut]
    next_cursor: str | None


def reserve_list_of(call_id: UUID | None) -> str | None:
    """Return where the proposals that returned money can fund are listed, if under a call."""
    return None if call_id is None else f"/v1/calls/{call_id}/reserve_list"


def closing_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a closing's row."""
    names = (
        "id", "code", "grant_id", "grant_code", "kind", "closed_on", "reason", "evidence",
        "unaccounted", "status", "proposed_by_id", "confirmed_by_id", "version",
    )  # fmt: skip
    return {name: getattr(row, name) for name in names} | {
        "attempts": json.loads(row.attempts) if row.attempts else [],
        "residual": money_out(row.residual_minor, row.base_currency),
        "freed": money_out(row.freed_minor, row.base_currency),
        "reserve_list": reserve_list_of(row.call_id),
    }


def state_out(
    grant: Any, missing: list[str], balance_minor: int, minimum_minor: int, currency: str
) -> dict[str, Any]:
    """Return the wire form of what a grant lacks to be closed."""
    return {
        "grant_id": grant.id,
        "status": grant.status,
        "is_closable": not missing,
        "missing": missing,
        "balance": money_out(balance_minor, currency),
        "minimum": money_out(minimum_minor, currency),
        "reserve_list": reserve_list_of(grant.call_id),
    }
