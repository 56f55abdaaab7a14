"""What the API takes and gives for calls for proposals."""

from __future__ import annotations

import json
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field

from fundops.calls.objectives import OBJECTIVES
from fundops.schemas import Day, In, LongLine, MoneyIn, MoneyOut, Out, Whole, money_out, refused

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


class CallIn(In):
    """A new call, in draft."""

    fund_id: UUID
    title: Title = Field(examples=["Shelters along the northern route"])
    year: Annotated[Whole, Field(ge=1900, le=2199)] = Field(examples=[2026])
    opens_on: Day | None = None
    closes_on: Day | None = None
    envelope: MoneyIn | None = Field(None, description="What may be awarded, base currency.")
    objectives: Objectives = Field([], description="The objectives it is for; none: any.")


class CallPatch(In):
    """Changes to a call that is not closed. Null takes an optional value away."""

    title: Title | None = None
    opens_on: Day | None = None
    closes_on: Day | None = None
    envelope: MoneyIn | None = None
    objectives: Objectives | None = None


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
    status: str
    version: int


class CallPage(Out):
    """A page of calls."""

    items: list[CallOut]
    next_cursor: str | None


def call_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a call's row."""
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
        "status": row.status,
        "version": row.version,
    }
