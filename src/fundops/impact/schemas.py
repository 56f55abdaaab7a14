"""What the API gives of impact."""

from __future__ import annotations

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from fundops.schemas import MoneyOut, Out

FigureLabel = Literal[
    "exact", "may_overlap", "latest", "highest", "not_added", "not_comparable", "nothing_reported"
]


class FigureOut(Out):
    """A figure and what it is. ``value`` is null where nothing can be said; ``because`` says why.

    Of a ratio ``value`` and ``of`` are the numerator and denominator, each added up.
    """

    value: int | None
    of: int | None
    percent: str | None = Field(examples=["62.50"])
    label: FigureLabel
    until: date | None = Field(description="Day on which the last period behind it ends.")
    grants: int = Field(description="Grants behind it.")
    because: str | None


class ResultOut(Out):
    """One indicator: planned (agreed targets), reached (accepted reports alone), and beside it
    what is reported and under review.
    """

    indicator: str = Field(examples=["4.4"])
    label: str
    unit: str
    aggregation: str
    objective: int | None
    is_verified: bool = Field(description="False for this fund's own wording.")
    planned: FigureOut
    planned_breakdown: dict[str, FigureOut] | None = Field(
        description="What sources planned under each code; null where none did. Its `grants` says "
        "of how many: agreements have undivided targets alone."
    )
    reached: FigureOut
    under_review: FigureOut = Field(description="Never part of what was reached.")
    breakdown: dict[str, FigureOut] | None = Field(description="What was reached, by code.")
    cost_each: MoneyOut | None = Field(description="Accepted expenditure for each result.")
    no_cost_because: str | None


class ContributionOut(Out):
    """What one donor paid of what all paid to these grants. Persons are never split."""

    paid: MoneyOut
    of: MoneyOut
    percent: str | None = Field(description="From the exact fraction.", examples=["33.33"])


class GroupOut(Out):
    """What stands under one key. Money is null where the grouping has none."""

    key: str
    label: str | None
    grants: int
    proposals: int | None
    requested: MoneyOut | None
    awarded: MoneyOut | None
    paid: MoneyOut | None
    spent: MoneyOut | None
    contribution: ContributionOut | None
    results: list[ResultOut]


class ProvenanceOut(Out):
    """Where an answer can be recomputed from: accepted reports, their rows, and the rules."""

    reports: int = Field(description="Accepted reports that were asked.")
    rows: str = Field(description="Address of these reports and their rows.")
    catalogue_sha256: str = Field(description="Digest of the rules by which figures were added.")


class ImpactOut(Out):
    """An answer. Totals count everything once; rows of an overlapping grouping exceed them."""

    fund_id: UUID
    fund_code: str
    by: str
    as_of: date
    known_seq: int
    is_overlapping: bool = Field(description="Rows must not be added up.")
    requested: MoneyOut | None
    awarded: MoneyOut
    paid: MoneyOut
    spent: MoneyOut
    items: list[GroupOut]
    next_cursor: str | None
    provenance: ProvenanceOut


class RowValueOut(Out):
    """One figure of an accepted report."""

    result: int
    indicator: str
    dimension: str
    code: str
    numerator: int
    denominator: int | None


class ImpactRowOut(Out):
    """An accepted report that counts, with the figures asked for."""

    id: UUID = Field(description="The accepted version.")
    report_id: UUID
    report_code: str | None
    version: int
    grant_id: UUID | None
    grant_code: str | None
    starts_on: date
    ends_on: date
    accepted_on: date
    accepted_seq: int
    accepted_by: Literal["fund", "source"] = Field(
        description="`source`: imported, as the source accepted it."
    )
    values: list[RowValueOut]


class ImpactRowPage(Out):
    """One page of accepted reports."""

    items: list[ImpactRowOut]
    next_cursor: str | None
