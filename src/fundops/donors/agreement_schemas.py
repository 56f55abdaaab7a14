"""What the API takes and gives for agreements, their instalments and the reports we owe."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from fundops.donors.earmark_input import EarmarkIn, EarmarkOut, earmark_out
from fundops.donors.register_schemas import Because, left_out
from fundops.schemas import (
    Day,
    Flag,
    In,
    Line,
    MoneyIn,
    MoneyOut,
    Out,
    Prose,
    Share,
    Whole,
    money_out,
    share_out,
)
from fundops.screening.fields import SCREENED_BUT_NAMES

MAX_INSTALMENTS, MAX_REPORTS = 200, 200

AgreementStatus = Literal["draft", "active", "closed"]
SupportCostBasis = Literal["none", "receipt", "expenditure"]
ReportKind = Literal["narrative", "financial", "audit", "other"]
Number = Annotated[Whole, Field(ge=1, le=10_000)]


class SupportCost(In):
    """Programme support cost: the share of direct cost and what it is charged on.

    ``receipt`` charges it when money comes in, ``expenditure`` as spending is accepted.
    """

    basis: SupportCostBasis = "none"
    rate: Share = "0"


class InstalmentIn(In):
    """A scheduled inflow; without a number it gets the next one."""

    number: Number | None = None
    due_on: Day | None = None
    amount: MoneyIn


class InstalmentPatch(In):
    """A new date or amount, never below what was received and written off."""

    due_on: Day | None = None
    amount: MoneyIn = left_out()


class OwedReportIn(In):
    """A report that we owe the donor."""

    kind: ReportKind
    due_on: Day


class Delivery(In):
    """The day on which an owed report was delivered."""

    delivered_on: Day


class AgreementIn(In):
    """A new agreement of one donor with one fund, as a draft."""

    fund_id: UUID
    donor_id: UUID
    pledge_id: UUID | None = None
    title: Annotated[Line, SCREENED_BUT_NAMES]
    is_binding: Flag
    conditions: Annotated[Prose, SCREENED_BUT_NAMES] | None = None
    has_return_obligation: Flag = False
    signed_on: Day | None = None
    starts_on: Day | None = None
    ends_on: Day | None = None
    earmark: EarmarkIn
    support_cost: SupportCost = SupportCost()
    agent_fee: Share = "0"
    instalments: list[InstalmentIn] = Field(default_factory=list, max_length=MAX_INSTALMENTS)
    reports: list[OwedReportIn] = Field(default_factory=list, max_length=MAX_REPORTS)


class AgreementPatch(In):
    """Changes to an agreement: anything here while a draft, title and period while active."""

    pledge_id: UUID | None = None
    title: Annotated[Line, SCREENED_BUT_NAMES] = left_out()
    is_binding: Flag = left_out()
    conditions: Annotated[Prose, SCREENED_BUT_NAMES] | None = None
    has_return_obligation: Flag = left_out()
    signed_on: Day | None = None
    starts_on: Day | None = None
    ends_on: Day | None = None
    earmark: EarmarkIn = left_out()
    support_cost: SupportCost = left_out()
    agent_fee: Share = left_out()


class Activation(In):
    """The day of signature, unless the draft has it already."""

    signed_on: Day | None = None


class ConditionsMet(In):
    """The day on which the agreement's conditions were met."""

    met_on: Day


class EarmarkChange(In):
    """A donor's new earmark for money not yet received, and the document that says so."""

    earmark: EarmarkIn
    document: Annotated[Line, SCREENED_BUT_NAMES]
    reason: Because


class AgreementOut(Out):
    """An agreement with its earmark, charges, and the sums of its instalments.

    The sums are null while there are no instalments. Of a draft nothing is outstanding.
    """

    id: UUID
    code: str
    fund_id: UUID
    donor_id: UUID
    pledge_id: UUID | None
    title: str
    is_binding: bool
    conditions: str | None
    has_return_obligation: bool
    conditions_met_on: date | None
    signed_on: date | None
    starts_on: date | None
    ends_on: date | None
    earmark: EarmarkOut
    support_cost: SupportCost
    agent_fee: str
    amount: MoneyOut | None
    received: MoneyOut | None
    written_off: MoneyOut | None
    outstanding: MoneyOut | None
    status: str
    version: int


class AgreementPage(Out):
    """A page of agreements."""

    items: list[AgreementOut]
    next_cursor: str | None


class InstalmentOut(Out):
    """A scheduled inflow and what became of it. ``expected_base`` is in the fund's currency."""

    id: UUID
    agreement_id: UUID
    number: int
    due_on: date | None
    amount: MoneyOut
    received: MoneyOut
    written_off: MoneyOut
    outstanding: MoneyOut
    expected_base: MoneyOut | None
    version: int


class InstalmentPage(Out):
    """A page of instalments."""

    items: list[InstalmentOut]
    next_cursor: str | None


class OwedReportOut(Out):
    """A report owed under an agreement."""

    id: UUID
    agreement_id: UUID
    agreement_code: str
    kind: str
    due_on: date
    delivered_on: date | None


class OwedReportPage(Out):
    """A page of owed reports."""

    items: list[OwedReportOut]
    next_cursor: str | None


def agreement_out(row: Any) -> dict[str, Any]:
    """Return the wire form of an agreement row; its sums are filled in by the query."""
    return {
        "id": row.id,
        "code": row.code,
        "fund_id": row.fund_id,
        "donor_id": row.donor_id,
        "pledge_id": row.pledge_id,
        "title": row.title,
        "is_binding": row.is_binding,
        "conditions": row.conditions,
        "has_return_obligation": row.has_return_obligation,
        "conditions_met_on": row.conditions_met_on,
        "signed_on": row.signed_on,
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
        "earmark": earmark_out(row.earmark, row.base_currency),
        "support_cost": {
            "basis": row.support_cost_basis,
            "rate": share_out(row.support_cost_ppm),
        },
        "agent_fee": share_out(row.agent_fee_ppm),
        "amount": None,
        "received": None,
        "written_off": None,
        "outstanding": None,
        "status": row.status,
        "version": row.version,
    }


def instalment_out(row: Any) -> dict[str, Any]:
    """Return the wire form of an instalment row."""
    rest = row.amount_minor - row.matched_minor - row.written_off_minor
    return {
        "id": row.id,
        "agreement_id": row.agreement_id,
        "number": row.number,
        "due_on": row.due_on,
        "amount": money_out(row.amount_minor, row.currency),
        "received": money_out(row.matched_minor, row.currency),
        "written_off": money_out(row.written_off_minor, row.currency),
        "outstanding": money_out(0 if row.status == "draft" else rest, row.currency),
        "expected_base": money_out(row.expected_base_minor, row.base_currency),
        "version": row.version,
    }


def owed_report_out(row: Any) -> dict[str, Any]:
    """Return the wire form of an owed report's row."""
    return {
        "id": row.id,
        "agreement_id": row.agreement_id,
        "agreement_code": row.agreement_code,
        "kind": row.kind,
        "due_on": row.due_on,
        "delivered_on": row.delivered_on,
    }
