"""What the API takes and gives for expenditure, and where a grant stands."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from fundops.expenditures.standing import Counted, Standing
from fundops.grants.schemas import Reason
from fundops.schemas import (
    Day,
    Flag,
    In,
    LongLine,
    MoneyIn,
    MoneyOut,
    Out,
    Whole,
    money_out,
    refused,
)
from fundops.screening.fields import SCREENED

MAX_LINES = 400
MAX_DESCRIPTION = 400


def _description(value: str) -> str:
    if len(value) > MAX_DESCRIPTION:
        raise refused("grants.text_too_long", maximum=MAX_DESCRIPTION)
    return value


Description = Annotated[LongLine, AfterValidator(_description), SCREENED]
Category = Literal["A", "B", "C", "D", "E", "F", "G"]


class ExpenditureLineIn(In):
    """What was spent under one budget category, or one budget line of it."""

    category: Category = Field(description="Budget category.", examples=["A"])
    description: Description | None = Field(None, examples=["Two social workers"])
    is_support_cost: Flag = Field(
        False, description="The grantee's own indirect cost, capped by the agreed share."
    )
    reported: MoneyIn


class ExpenditureIn(In):
    """A grantee's statement of what it spent in a period, in the fund's base currency."""

    starts_on: Day = Field(examples=["2026-01-01"])
    ends_on: Day = Field(description="Not in the future.", examples=["2026-01-15"])
    lines: Annotated[list[ExpenditureLineIn], Field(min_length=1, max_length=MAX_LINES)]
    replaces_id: UUID | None = Field(
        None, description="The accepted statement that this one corrects.", examples=[None]
    )
    reason: Reason | None = Field(None, description="Why, for a correction.", examples=[None])


class LineDecisionIn(In):
    """How much of one line is accepted; what is not needs a reason."""

    number: Annotated[Whole, Field(ge=1, le=MAX_LINES)]
    accepted: MoneyIn
    reason: Reason | None = None


class AcceptIn(In):
    """Acceptance of a statement; lines that are not named are accepted as reported."""

    accepted_on: Day | None = Field(None, description="Today by default, never in the future.")
    lines: Annotated[list[LineDecisionIn], Field(max_length=MAX_LINES)] = Field([], examples=[[]])


class ExpenditureReasonIn(In):
    """Why."""

    reason: Reason


class ExpenditureOut(Out):
    """A statement of expenditure; ``prefinanced`` waits for the next payment."""

    id: UUID
    code: str
    grant_id: UUID
    grant_code: str
    starts_on: str
    ends_on: str
    reported: MoneyOut
    accepted: MoneyOut
    prefinanced: MoneyOut
    disallowed: MoneyOut
    replaces_id: UUID | None
    reason: str | None
    status: str
    decision_reason: str | None
    accepted_on: str | None
    currency: str | None = Field(
        description="The grantee's, for the statement of a progress report.", examples=["UAH"]
    )
    version: int


class ExpenditureLineOut(Out):
    """A line; what was accepted and what not is null until somebody has decided.

    ``exchange_difference``: what the rates made of earlier reports, a gain below zero.
    """

    number: int
    category: str
    description: str | None
    is_support_cost: bool
    kind: str = Field(examples=["expenditure"])
    budget_line: int | None = Field(description="Number of the agreed budget's line.")
    spent: MoneyOut | None = Field(description="In the grantee's currency, if it reported so.")
    reported: MoneyOut
    accepted: MoneyOut | None
    unsupported: MoneyOut | None
    reason: str | None


class ExpenditureDetail(ExpenditureOut):
    """A statement of expenditure with its lines."""

    lines: list[ExpenditureLineOut]


class ExpenditurePage(Out):
    """A page of statements of expenditure."""

    items: list[ExpenditureOut]
    next_cursor: str | None


class UnspentLotOut(Out):
    """What happened to one lot's part of a grantee's advance."""

    lot_id: UUID
    paid: MoneyOut
    accepted: MoneyOut
    refunded: MoneyOut
    written_off: MoneyOut
    unspent: MoneyOut


class UnspentOut(Out):
    """Where a grant stands: unspent = paid - accepted - refunded - written off."""

    grant_id: UUID
    paid: MoneyOut
    accepted: MoneyOut
    refunded: MoneyOut
    written_off: MoneyOut
    unspent: MoneyOut
    prefinanced: MoneyOut = Field(description="Accepted, and not paid yet.")
    receivable: MoneyOut = Field(description="The part of what is unspent that nothing supports.")
    asked_back: MoneyOut = Field(description="The part that was asked back and is not here yet.")
    lots: list[UnspentLotOut] = Field(description="Empty for readers who may not trace donors.")


def expenditure_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a statement's row."""
    currency = row.base_currency
    return {
        "id": row.id,
        "code": row.code,
        "grant_id": row.grant_id,
        "grant_code": row.grant_code,
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
        "reported": money_out(row.reported_minor, currency),
        "accepted": money_out(row.accepted_minor, currency),
        "prefinanced": money_out(row.prefinanced_minor, currency),
        "disallowed": money_out(row.disallowed_minor, currency),
        "replaces_id": row.replaces_id,
        "reason": row.reason,
        "status": row.status,
        "decision_reason": row.decision_reason,
        "accepted_on": row.accepted_on,
        "currency": row.currency,
        "version": row.version,
    }


def line_out(row: Any, currency: str, local: str | None) -> dict[str, Any]:
    """Return the wire form of a line; ``local`` is the currency the grantee reported in."""
    return {
        "number": row.number,
        "category": row.category,
        "description": row.description,
        "is_support_cost": row.is_support_cost,
        "kind": row.kind,
        "budget_line": row.budget_line,
        "spent": money_out(row.local_minor, local),
        "reported": money_out(row.reported_minor, currency),
        "accepted": money_out(row.accepted_minor, currency),
        "unsupported": money_out(row.unsupported_minor, currency),
        "reason": row.reason,
    }


def unspent_out(grant_id: UUID, found: Standing, currency: str, *, lots: bool) -> dict[str, Any]:
    """Return the wire form of where a grant stands."""
    return {
        "grant_id": grant_id,
        **_counted(found.total, currency),
        "prefinanced": money_out(found.waiting_minor, currency),
        "receivable": money_out(found.receivable_minor, currency),
        "asked_back": money_out(found.asked_minor, currency),
        "lots": [
            {"lot_id": lot_id, **_counted(one, currency)} for lot_id, one in found.lots.items()
        ]
        if lots
        else [],
    }


def _counted(one: Counted, currency: str) -> dict[str, Any]:
    return {
        "paid": money_out(one.paid_minor, currency),
        "accepted": money_out(one.accepted_minor, currency),
        "refunded": money_out(one.refunded_minor, currency),
        "written_off": money_out(one.written_off_minor, currency),
        "unspent": money_out(one.unspent_minor, currency),
    }
