"""What the API takes and gives for releases."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from fundops.grants.schemas import Reason
from fundops.schemas import Day, In, Out

ClassName = Literal["outside", "inside"]
IndicatorCode = Annotated[str, Field(min_length=1, max_length=10, examples=["4.4"])]
MAX_INDICATORS = 60


class ResultReleaseIn(In):
    """A release to prepare."""

    fund_id: UUID
    class_name: ClassName = Field(
        description="`outside`: for everybody; `inside`: for the fund's own people.",
        examples=["outside"],
    )
    as_of_on: Day = Field(
        description="The last day of a quarter that is over.", examples=["2026-03-31"]
    )
    indicators: Annotated[list[IndicatorCode], Field(max_length=MAX_INDICATORS)] = Field(
        [], description="Codes of indicators; none: all that can be added up.", examples=[["4.4"]]
    )


class ReleaseWithdrawalIn(In):
    """Why a release is taken back; everybody who could read it reads this."""

    reason: Reason


class ReleaseOut(Out):
    """A release. ``pattern_id`` names which cells are shown and which bands the others have."""

    id: UUID
    code: str
    fund_id: UUID
    class_name: str
    as_of_on: str
    threshold: int
    indicators: list[str]
    pattern_id: str
    cells: int
    status: str
    reason: str | None
    prepared_at: str
    published_at: str | None
    withdrawn_at: str | None
    withheld_at: str | None = Field(
        description="Since when its cells are given to those alone who may know whom they tell of: "
        "a grantee or place in it was flagged at risk."
    )
    version: int


class ReleasePage(Out):
    """A page of releases."""

    items: list[ReleaseOut]
    next_cursor: str | None


class ReleaseCellOut(Out):
    """What is told of one count: itself, or the least and the greatest that it may be."""

    id: UUID
    indicator: str
    level: str
    unit: str | None
    period: str
    dimension: str
    code: str | None
    measure: str
    count: int | None
    at_least: int
    at_most: int | None
    told: str


class ReleaseCellPage(Out):
    """A page of a release's cells."""

    items: list[ReleaseCellOut]
    next_cursor: str | None


def release_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a release."""
    return {
        "id": row.id,
        "code": row.code,
        "fund_id": row.fund_id,
        "class_name": row.class_name,
        "as_of_on": row.as_of_on,
        "threshold": row.threshold,
        "indicators": row.indicators.split(" "),
        "pattern_id": row.pattern_id,
        "cells": row.cells,
        "status": row.status,
        "reason": row.reason,
        "prepared_at": row.prepared_at,
        "published_at": row.published_at,
        "withdrawn_at": row.withdrawn_at,
        "withheld_at": row.withheld_at,
        "version": row.version,
    }


def cell_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a cell."""
    return {
        "id": row.id,
        "indicator": row.indicator,
        "level": row.level,
        "unit": row.unit or None,
        "period": row.period,
        "dimension": row.dimension,
        "code": row.code or None,
        "measure": row.measure,
        "count": row.low if row.low == row.high else None,
        "at_least": row.low,
        "at_most": row.high,
        "told": told(row.low, row.high),
    }


def told(low: int, high: int | None) -> str:
    """Return a count or a band in words: ``23``, ``1 to 10``, ``11 or more``, ``hidden``."""
    if low == high:
        return str(low)
    if high is not None:
        return f"{low} to {high}"
    return f"{low} or more" if low else "hidden"
