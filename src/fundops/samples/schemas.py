"""What the API takes and gives of audit samples."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from fundops.samples.models import MAX_SIZE
from fundops.schemas import (
    Day,
    In,
    Instant,
    LongLine,
    MoneyIn,
    MoneyOut,
    Out,
    Share,
    Whole,
    money_out,
    share_out,
)
from fundops.screening.fields import SCREENED

PopulationName = Literal["disbursements", "receipts", "expenditure"]
MethodName = Literal["monetary_unit", "random", "stratified"]
StatusName = Literal["drafted", "drawn", "evaluated", "reviewed"]
Seed = Annotated[
    str, StringConstraints(strict=True, min_length=8, max_length=64, pattern=r"^[0-9a-z-]+$")
]
MAX_BANDS = 9


class AuditSampleIn(In):
    """A sample to plan: of which population, how, and why so."""

    fund_id: UUID
    grant_id: UUID | None = None
    call_id: UUID | None = None
    population: PopulationName
    as_of_on: Day | None = None
    known_at: Instant | None = None
    method: MethodName
    risk: Share = Field(
        description="Risk of incorrect acceptance, from 0.01 to 0.5.", examples=["0.05"]
    )
    risk_reason: Annotated[LongLine, SCREENED] = Field(
        examples=["No reliance on controls: this is the first audit of the fund."]
    )
    tolerable: MoneyIn
    tolerable_reason: Annotated[LongLine, SCREENED] = Field(
        examples=["Five per cent of what was paid in the year."]
    )
    expected: MoneyIn
    expected_reason: Annotated[LongLine, SCREENED] = Field(
        examples=["What last year's audit found."]
    )
    size: Annotated[Whole, Field(ge=1, le=MAX_SIZE)] | None = Field(
        default=None, description="Items to draw; a monetary-unit sample computes it."
    )
    divided_by: Literal["amount", "grant"] | None = None
    bands: list[MoneyIn] = Field(default=[], max_length=MAX_BANDS)
    allocation: Literal["proportional", "neyman"] | None = None
    seed: Seed | None = Field(
        default=None,
        description="Drawn at random where it is left out; printed on the sample either way.",
        examples=["2026-10-first-audit"],
    )
    difference_reason: Annotated[LongLine, SCREENED] | None = Field(
        default=None, description="Needed where the population differs from the ledger."
    )


class StratumOut(Out):
    """One part of a population."""

    name: str
    items: int
    amount: MoneyOut
    taken: int


class SamplePlanOut(Out):
    """What a sample would be; nothing is stored."""

    as_of_on: str
    known_seq: int
    population_count: int
    population: MoneyOut
    ledger: MoneyOut
    beside: MoneyOut
    difference: MoneyOut
    population_digest: str
    confidence: str = Field(examples=["2.995732"])
    expansion: str | None = Field(examples=["1.6"])
    size: int
    interval: MoneyOut | None
    strata: list[StratumOut]


class AuditSampleOut(Out):
    """A sample, and what it says once it is evaluated."""

    id: UUID
    code: str
    fund_id: UUID
    grant_id: UUID | None
    call_id: UUID | None
    population_kind: PopulationName
    as_of_on: str
    known_seq: int
    method: MethodName
    risk: str
    risk_reason: str
    tolerable: MoneyOut
    tolerable_reason: str
    expected: MoneyOut
    expected_reason: str
    confidence: str
    expansion: str | None
    size: int
    interval: MoneyOut | None
    start: MoneyOut | None
    seed: str
    divided_by: str | None
    allocation: str | None
    population_count: int
    population: MoneyOut
    ledger: MoneyOut
    beside: MoneyOut
    difference: MoneyOut
    difference_reason: str | None
    population_digest: str
    status: StatusName
    prepared_by_id: UUID
    created_at: str
    drawn_at: str | None
    likely: MoneyOut | None
    lower: MoneyOut | None
    upper: MoneyOut | None
    understated_likely: MoneyOut | None
    understated_upper: MoneyOut | None
    apart: MoneyOut | None
    is_accepted: bool | None
    evaluated_by_id: UUID | None
    evaluated_at: str | None
    reviewed_by_id: UUID | None
    reviewed_at: str | None
    version: int


class AuditSamplePage(Out):
    """A page of samples."""

    items: list[AuditSampleOut]
    next_cursor: str | None


class SampleItemOut(Out):
    """One item of a sample, with what it was last found to be."""

    id: UUID
    number: int
    record_type: str
    record_id: UUID
    code: str
    occurred_on: str
    amount: MoneyOut
    first: MoneyOut | None
    last: MoneyOut | None
    point: MoneyOut | None
    stratum: str
    why: str
    audited: MoneyOut | None
    remark: str | None


class SampleItemPage(Out):
    """A page of items."""

    items: list[SampleItemOut]
    next_cursor: str | None


class SampleResultIn(In):
    """What an item was found to be, as a workbook says it."""

    number: Whole
    audited_minor: Whole
    remark: Annotated[LongLine, SCREENED] | None = None


MONEY = {
    "tolerable": "tolerable_minor",
    "expected": "expected_minor",
    "interval": "interval_minor",
    "start": "start_minor",
    "population": "population_minor",
    "ledger": "ledger_minor",
    "beside": "beside_minor",
    "likely": "likely_minor",
    "lower": "lower_minor",
    "upper": "upper_minor",
    "understated_likely": "under_likely_minor",
    "understated_upper": "under_upper_minor",
    "apart": "apart_minor",
}
"""Amounts of a sample by their name on the wire."""


def sample_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a sample."""
    currency = row.base_currency
    found = {
        name: getattr(row, name)
        for name in AuditSampleOut.model_fields
        if name not in MONEY and hasattr(row, name)
    }
    found |= {name: money_out(getattr(row, column), currency) for name, column in MONEY.items()}
    difference = row.population_minor - row.ledger_minor - row.beside_minor
    return found | {
        "population_kind": row.population_kind,
        "risk": share_out(row.risk_ppm),
        "difference": money_out(difference, currency),
    }


def item_out(row: Any) -> dict[str, Any]:
    """Return the wire form of an item."""
    currency = row.base_currency
    found = {
        name: getattr(row, name)
        for name in ("id", "number", "record_type", "record_id", "code", "occurred_on")
    }
    for name in ("amount", "first", "last", "point", "audited"):
        found[name] = money_out(getattr(row, f"{name}_minor"), currency)
    return found | {"stratum": row.stratum, "why": row.why, "remark": row.remark}
