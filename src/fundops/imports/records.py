"""Canonical records: what every source is turned into, whatever its columns are called.

A field's metadata says how its cell is read: ``kind`` (text, currency, amount, rate, date, integer,
year, choice, people, packed, words), whether it is ``needed``, which field holds an amount's
currency, which values a choice allows. Amounts are ``int`` minor units. Two records are equal when
their facts are: the file and the cells as they were written are kept, but not compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any

PARTY_KINDS = (
    "state",
    "intergovernmental",
    "civil_society",
    "private_sector",
    "foundation",
    "media",
    "individual",
)
PARTNER_TYPES = ("national_ngo", "international_ngo", "un_agency", "other")
CONTRIBUTION_STATUSES = ("open", "part_paid", "paid", "written_off")
ROUND_SOURCES = ("standard", "reserve")
WINDOWS = ("rapid_response", "underfunded_emergencies")
TRANSACTION_KINDS = ("commitment", "disbursement", "reimbursement")


def _text(*, needed: bool = False, ident: bool = False) -> Any:
    meta = {"kind": "text", "needed": needed, "ident": ident}
    return field(metadata=meta) if needed else field(default="", metadata=meta)


def _typed(kind: str, *, needed: bool = False, **extra: object) -> Any:
    meta = {"kind": kind, "needed": needed, **extra}
    return field(metadata=meta) if needed else field(default=None, metadata=meta)


def _many(kind: str) -> Any:
    return field(default=(), metadata={"kind": kind, "needed": False})


def _choice(*values: str, needed: bool = False) -> Any:
    return _typed("choice", needed=needed, choices=values)


def _amount(currency: str = "currency", *, needed: bool = False) -> Any:
    return _typed("amount", needed=needed, currency=currency)


@dataclass(frozen=True)
class People:
    """Planned beneficiaries: counts only, never persons."""

    men: int
    women: int
    boys: int
    girls: int


@dataclass(frozen=True, kw_only=True)
class Record:
    """What all records share.

    ``key`` is the natural key: the same in every snapshot of the source and in any row order.
    ``sha256`` covers the canonical values of the mapped columns, so an unchanged row has the same
    one whether it came as CSV, workbook or XML. ``source`` holds every cell as it was written.
    ``currency`` is the fund's base currency.
    """

    key: str
    file: str = field(compare=False)
    row: int
    sha256: str
    source: Mapping[str, str] = field(compare=False, repr=False)
    line: int | None = field(default=None, compare=False)
    currency: str = _typed("currency", needed=True)


@dataclass(frozen=True, kw_only=True)
class ContributionRecord(Record):
    """One line of a donors' list: a promise and what was received on it.

    A ``code`` may have several lines (instalments): the promise belongs to ``code``, the money to
    ``key``. ``outstanding_minor`` is what is still promised, in base currency.
    ``pledge_local_minor`` is the outstanding part or the whole promise: see ``pledge_basis``.
    ``paid_minor`` is the amount booked in base currency; it wins over any recomputation.
    """

    code: str = _text(needed=True, ident=True)
    fund_code: str = _text(needed=True)
    fund_name: str = _text(needed=True)
    donor_name: str = _text(needed=True)
    donor_type: str = _choice(*PARTY_KINDS, needed=True)
    region: str = _text()
    fiscal_year: int = _typed("year", needed=True)
    status: str = _choice(*CONTRIBUTION_STATUSES)
    pledged_on: date | None = _typed("date")
    pledge_currency: str | None = _typed("currency")
    pledge_rate: str | None = _typed("rate")
    pledge_local_minor: int | None = _amount("pledge_currency")
    pledge_basis: str = field(default="outstanding", metadata={"kind": "derived"})
    outstanding_minor: int = _amount(needed=True)
    paid_on: date | None = _typed("date")
    paid_currency: str | None = _typed("currency")
    paid_rate: str | None = _typed("rate")
    paid_local_minor: int | None = _amount("paid_currency")
    paid_minor: int = _amount(needed=True)
    written_off_on: date | None = field(default=None, metadata={"kind": "derived"})
    comment: str = _text()

    @property
    def gross_minor(self) -> int:
        """The promise this line accounts for in base currency: received and still outstanding."""
        return self.paid_minor + self.outstanding_minor


@dataclass(frozen=True, kw_only=True)
class RoundRecord(Record):
    """One allocation round of a fund (a call)."""

    fund_code: str = _text(needed=True)
    fund_name: str = _text(needed=True)
    number: str = _text(needed=True, ident=True)
    title: str = _text(needed=True)
    summary: str = _text()
    source_kind: str = _choice(*ROUND_SOURCES)
    year: int = _typed("year", needed=True)
    planned_minor: int = _amount(needed=True)
    planned_rounding_minor: int = field(default=0, metadata={"kind": "derived"})
    opens_on: date | None = _typed("date")
    closes_on: date | None = _typed("date")
    last_approval_on: date | None = _typed("date")
    projects_approved: int | None = _typed("integer")
    approved_minor: int | None = _amount()
    approved_rounding_minor: int = field(default=0, metadata={"kind": "derived"})
    projects_under_approval: int | None = _typed("integer")
    under_approval_minor: int | None = _amount()
    plans: tuple[tuple[str, ...], ...] = _many("packed")
    documents: tuple[tuple[str, ...], ...] = _many("packed")


@dataclass(frozen=True, kw_only=True)
class ProjectRecord(Record):
    """One project (a grant).

    ``budget_rounding_minor`` is how far the source's own rounding may have moved the budget: 0 when
    exact. ``country_code`` is ISO 3166 alpha-3.
    """

    code: str = _text(needed=True, ident=True)
    fund_code: str = _text(needed=True)
    round_title: str = _text()
    application_code: str = _text(ident=True)
    year: int = _typed("year", needed=True)
    source_kind: str = _choice(*ROUND_SOURCES, *WINDOWS)
    partner_name: str = _text(needed=True)
    partner_short_name: str = _text()
    partner_code: str = _text()
    partner_type: str = _choice(*PARTNER_TYPES)
    partner_kind: str | None = field(default=None, metadata={"kind": "derived"})
    title: str = _text()
    budget_minor: int = _amount(needed=True)
    budget_rounding_minor: int = field(default=0, metadata={"kind": "derived"})
    direct_minor: int | None = _amount()
    support_minor: int | None = _amount()
    starts_on: date | None = _typed("date")
    ends_on: date | None = _typed("date")
    duration: str = _text()
    submitted_on: date | None = _typed("date")
    approved_on: date | None = _typed("date")
    status: str = _text(needed=True)
    status_code: str = _text()
    people: People | None = _typed("people")
    gender_marker: str = _text()
    country_code: str = _text()
    country_name: str = _text()
    region: str = _text()
    sector: str = _text()
    emergency: str = _text()


@dataclass(frozen=True, kw_only=True)
class ApplicationRecord(Record):
    """One country application to a global fund; its projects carry its code."""

    code: str = _text(needed=True, ident=True)
    number: str = _text(ident=True)
    fund_code: str = _text(needed=True)
    year: int = _typed("year", needed=True)
    title: str = _text()
    window: str = _choice(*WINDOWS, needed=True)
    country_code: str = _text(needed=True)
    country_name: str = _text(needed=True)
    region: str = _text()
    emergency: str = _text()
    emergency_group: str = _text()
    agencies: tuple[str, ...] = _many("words")
    people_affected: int | None = _typed("integer")
    approved_minor: int = _amount(needed=True)
    first_approval_on: date | None = _typed("date")
    last_approval_on: date | None = _typed("date")
    status: str = _text()
    overview: str = _text()


@dataclass(frozen=True, kw_only=True)
class TransactionRecord(Record):
    """One movement on a project: a commitment, a payment out, or money back."""

    project_code: str = _text(needed=True, ident=True)
    fund_code: str = _text(needed=True)
    kind: str = _choice(*TRANSACTION_KINDS, needed=True)
    ref: str = _text(needed=True, ident=True)
    on: date = _typed("date", needed=True)
    amount_minor: int = _amount(needed=True)
    receiver: str = _text(needed=True)


@dataclass(frozen=True, kw_only=True)
class ResultRecord(Record):
    """What one project planned and reached in people, by sex and age.

    The totals are those of the parts; where the source gives its own and it differs, the row says
    so and the parts are taken. ``indicator`` is of the catalogue.
    """

    code: str = _text(needed=True, ident=True)
    fund_code: str = _text(needed=True)
    year: int = _typed("year", needed=True)
    indicator: str = _text(needed=True)
    planned_men: int = _typed("integer", needed=True)
    planned_women: int = _typed("integer", needed=True)
    planned_boys: int = _typed("integer", needed=True)
    planned_girls: int = _typed("integer", needed=True)
    planned_total: int | None = _typed("integer")
    reached_men: int = _typed("integer", needed=True)
    reached_women: int = _typed("integer", needed=True)
    reached_boys: int = _typed("integer", needed=True)
    reached_girls: int = _typed("integer", needed=True)
    reached_total: int | None = _typed("integer")


RECORD_KINDS: Mapping[str, type[Record]] = {
    "contribution": ContributionRecord,
    "round": RoundRecord,
    "project": ProjectRecord,
    "application": ApplicationRecord,
    "transaction": TransactionRecord,
    "result": ResultRecord,
}

YEAR_FIELDS: Mapping[str, str] = {
    "contribution": "fiscal_year",
    "round": "year",
    "project": "year",
    "application": "year",
    "transaction": "on",
    "result": "year",
}
"""The field a summary takes the year from."""


def schema(kind: str) -> dict[str, Mapping[str, Any]]:
    """Return the fields a profile may fill for records of ``kind``: name -> metadata, in order."""
    return {
        item.name: item.metadata
        for item in fields(RECORD_KINDS[kind])
        if item.metadata and item.metadata["kind"] != "derived"
    }


def has_field(kind: str, name: str) -> bool:
    """Return whether records of ``kind`` have a field ``name``, derived ones included."""
    return any(item.name == name for item in fields(RECORD_KINDS[kind]))
