"""The FACE form as the API gives it, every amount as money."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import Field

from fundops.expenditures.terms import percent
from fundops.ledger.models import Fund
from fundops.reports.exchange import Exchange
from fundops.reports.face import Face, FaceRow
from fundops.reports.models import ProgressReport
from fundops.reports.money_models import ReportCertification
from fundops.schemas import MoneyOut, Out, money_out


class FaceRowOut(Out):
    """A line of the form. ``balance`` = authorised - accepted; ``outstanding`` = balance +
    authorised of the request.
    """

    kind: str = Field(
        description="`budget_line`; `former_line`: no longer agreed; `without_line`; "
        "`exchange_difference`; `category`; `total`.",
        examples=["budget_line"],
    )
    number: int | None
    category: str | None
    description: str | None
    authorised: MoneyOut = Field(description="A: the agreed budget.")
    spent: MoneyOut | None = Field(description="In the grantee's currency, by this report.")
    reported: MoneyOut = Field(description="B: by this report.")
    reported_to_date: MoneyOut
    under_review: MoneyOut = Field(description="Reported and not decided on: no part of C.")
    accepted_of_report: MoneyOut = Field(description="The part of C that is of this report.")
    accepted: MoneyOut = Field(description="C: of all reports.")
    balance: MoneyOut = Field(description="D = A - C.")
    requested: MoneyOut = Field(description="E: for the next period.")
    request_authorised: MoneyOut | None = Field(description="F: null until it is decided.")
    outstanding: MoneyOut | None = Field(description="G = D + F.")
    over: str | None = Field(
        description="More was spent than authorised: `within_category`, `within_threshold`, "
        "`beyond_threshold`.",
        examples=[None],
    )


class FaceReportOut(Out):
    """The report that the form is of."""

    id: UUID
    code: str
    starts_on: str
    ends_on: str
    status: str
    currency: str | None = Field(examples=["UAH"])
    method: str | None = Field(examples=["first_in_first_out"])


class CertificationOut(Out):
    """What the grantee certified when it submitted the report."""

    expenditure: bool
    request: bool
    certified_at: str


class ReallocationOut(Out):
    """What categories spent beyond their budgets, as a share of the whole budget."""

    moved_percent: str = Field(examples=["2.5"])
    threshold_percent: str | None = Field(
        description="What the policy lets be moved in the lightest way.", examples=["10"]
    )
    is_beyond: bool


class ExchangeOut(Out):
    """What the grantee says of the money it received in its own currency."""

    declared: MoneyOut = Field(description="The part of what was paid that it accounts for.")
    undeclared: MoneyOut
    implausible: int = Field(description="Receipts whose rate is far from the one on record.")


class FaceOut(Out):
    """What is authorised, reported, accepted and left of a grant, and what is requested."""

    grant_id: UUID
    grant_code: str
    currency: str
    report: FaceReportOut | None
    certification: CertificationOut | None
    rows: list[FaceRowOut]
    categories: list[FaceRowOut]
    total: FaceRowOut
    reallocation: ReallocationOut
    exchange: ExchangeOut | None = Field(
        description="Null where reports are in the fund's own currency, and in a form of the past."
    )
    as_of: date | None = Field(None, description="The day of a form of the past.")
    known_seq: int | None = Field(None, description="The last event that such a form knows.")


def face_out(
    made: Face, grant: Any, fund: Fund, report: ProgressReport | None,
    certified: ReportCertification | None, exchange: Exchange | None,
) -> dict[str, Any]:  # fmt: skip
    """Return the wire form of the form."""
    base, local = fund.base_currency, report.currency if report is not None else None
    return {
        "grant_id": grant.id,
        "grant_code": grant.code,
        "currency": base,
        "report": None if report is None else _report(report),
        "certification": None if certified is None else _certified(certified),
        "rows": [_row(row, base, local) for row in made.rows],
        "categories": [_row(row, base, local) for row in made.categories],
        "total": _row(made.total, base, local),
        "reallocation": {
            "moved_percent": percent(made.moved_bp),
            "threshold_percent": None if made.threshold_bp is None else percent(made.threshold_bp),
            "is_beyond": made.is_beyond,
        },
        "exchange": None if exchange is None else _exchange(exchange, grant, base),
        "as_of": None,
        "known_seq": None,
    }


def _exchange(exchange: Exchange, grant: Any, base: str) -> dict[str, Any]:
    return {
        "declared": money_out(exchange.declared_minor, base),
        "undeclared": money_out(grant.paid_minor - exchange.declared_minor, base),
        "implausible": exchange.implausible,
    }


def _report(report: ProgressReport) -> dict[str, Any]:
    names = ("id", "code", "starts_on", "ends_on", "status", "currency", "method")
    return {name: getattr(report, name) for name in names}


def _certified(certified: ReportCertification) -> dict[str, Any]:
    return {
        "expenditure": certified.is_expenditure_certified,
        "request": certified.is_request_certified,
        "certified_at": certified.certified_at,
    }


def _row(row: FaceRow, base: str, local: str | None) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "number": row.number,
        "category": row.category,
        "description": row.description,
        "authorised": money_out(row.authorised_minor, base),
        "spent": money_out(row.local_minor, local),
        "reported": money_out(row.reported_minor, base),
        "reported_to_date": money_out(row.reported_to_date_minor, base),
        "under_review": money_out(row.under_review_minor, base),
        "accepted_of_report": money_out(row.accepted_now_minor, base),
        "accepted": money_out(row.accepted_minor, base),
        "balance": money_out(row.balance_minor, base),
        "requested": money_out(row.requested_minor, base),
        "request_authorised": money_out(row.request_authorised_minor, base),
        "outstanding": money_out(row.outstanding_minor, base),
        "over": row.over,
    }
