"""Tables of audit samples: the plan and outcome, the items drawn, and what each was found to be.

Amounts are in the fund's base currency, in minor units.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, in_range, one_of, whole
from fundops.errors import register_constraints

POPULATIONS = ("disbursements", "receipts", "expenditure")
METHODS = ("monetary_unit", "random", "stratified")
STATUSES = ("drafted", "drawn", "evaluated", "reviewed")
REASONS = ("top_stratum", "interval", "random", "negative", "zero")
DIVIDES = ("amount", "grant")
ALLOCATIONS = ("proportional", "neyman")
MAX_SIZE = 1_000
"""Items of one sample, those tested apart included: one workbook holds them all."""


class AuditSample(Base):
    """One sample: its population as of a day and as known, how it is drawn, and what it says.

    ``population_minor`` is the sum of all items, ``ledger_minor`` the same by the ledger and
    ``beside_minor`` what is known to stand beside it; ``population_digest`` is the SHA-256 of the
    items, one a line. ``strata`` is canonical JSON: name -> items, amount and how many are taken.
    ``confidence`` and ``expansion`` are factors as decimal text. ``under_…`` are understatements
    and ``apart_minor`` the misstatement of items that are not positive; neither is set off.
    ``results`` counts what was recorded of items, corrections included.
    """

    __tablename__ = "audit_samples"
    __table_args__ = (
        one_of("population", POPULATIONS),
        one_of("method", METHODS),
        one_of("status", STATUSES),
        in_range("tolerable_minor"),
        whole("tolerable_minor"),
        whole("expected_minor"),
        whole("population_minor"),
        whole("ledger_minor"),
        whole("beside_minor"),
        whole("interval_minor"),
        whole("start_minor"),
        whole("likely_minor"),
        whole("lower_minor"),
        whole("upper_minor"),
        whole("under_likely_minor"),
        whole("under_upper_minor"),
        whole("apart_minor"),
        CheckConstraint("grant_id IS NULL OR call_id IS NULL", name="one_scope"),
        CheckConstraint("risk_ppm >= 10000 AND risk_ppm <= 500000", name="risk_known"),
        CheckConstraint(
            "expected_minor >= 0 AND expected_minor < tolerable_minor", name="expected_below"
        ),
        CheckConstraint(f"size >= 1 AND size <= {MAX_SIZE}", name="size_within"),
        CheckConstraint(
            "(method = 'monetary_unit') = (interval_minor IS NOT NULL)", name="interval_of_units"
        ),
        CheckConstraint(
            "start_minor IS NULL OR start_minor >= 1 AND start_minor <= interval_minor",
            name="start_within",
        ),
        CheckConstraint(
            "population_minor = ledger_minor + beside_minor OR difference_reason IS NOT NULL",
            name="difference_explained",
        ),
        CheckConstraint(
            "(status IN ('evaluated', 'reviewed')) = (evaluated_by_id IS NOT NULL)"
            " AND (evaluated_by_id IS NULL) = (upper_minor IS NULL)",
            name="evaluated_by_somebody",
        ),
        CheckConstraint(
            "(status = 'reviewed') = (reviewed_by_id IS NOT NULL)", name="reviewed_by_somebody"
        ),
        CheckConstraint(
            "reviewed_by_id <> prepared_by_id AND reviewed_by_id <> evaluated_by_id",
            name="two_persons",
        ),
        Index("ix_audit_samples_fund_id", "fund_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(80), unique=True)
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    grant_id: Mapped[UUID | None] = mapped_column(ForeignKey("grants.id"))
    call_id: Mapped[UUID | None] = mapped_column(ForeignKey("calls.id"))
    population: Mapped[str] = mapped_column(Text(20))
    as_of_on: Mapped[date]
    known_seq: Mapped[int] = mapped_column(BigInteger)
    method: Mapped[str] = mapped_column(Text(20))
    risk_ppm: Mapped[int]
    risk_reason: Mapped[str] = mapped_column(Text(1000))
    tolerable_minor: Mapped[int] = mapped_column(BigInteger)
    tolerable_reason: Mapped[str] = mapped_column(Text(1000))
    expected_minor: Mapped[int] = mapped_column(BigInteger)
    expected_reason: Mapped[str] = mapped_column(Text(1000))
    confidence: Mapped[str] = mapped_column(Text(20))
    expansion: Mapped[str | None] = mapped_column(Text(20))
    size: Mapped[int]
    interval_minor: Mapped[int | None] = mapped_column(BigInteger)
    start_minor: Mapped[int | None] = mapped_column(BigInteger)
    divided_by: Mapped[str | None] = mapped_column(Text(10))
    bands: Mapped[str] = mapped_column(Text(1000))
    allocation: Mapped[str | None] = mapped_column(Text(20))
    strata: Mapped[str] = mapped_column(Text(200_000))
    seed: Mapped[str] = mapped_column(Text(64))
    population_count: Mapped[int]
    population_minor: Mapped[int] = mapped_column(BigInteger)
    ledger_minor: Mapped[int] = mapped_column(BigInteger)
    beside_minor: Mapped[int] = mapped_column(BigInteger)
    difference_reason: Mapped[str | None] = mapped_column(Text(1000))
    population_digest: Mapped[str] = mapped_column(Text(64))
    status: Mapped[str] = mapped_column(Text(10))
    prepared_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    created_at: Mapped[datetime]
    drawn_at: Mapped[datetime | None]
    results: Mapped[int] = mapped_column(default=0)
    likely_minor: Mapped[int | None] = mapped_column(BigInteger)
    lower_minor: Mapped[int | None] = mapped_column(BigInteger)
    upper_minor: Mapped[int | None] = mapped_column(BigInteger)
    under_likely_minor: Mapped[int | None] = mapped_column(BigInteger)
    under_upper_minor: Mapped[int | None] = mapped_column(BigInteger)
    apart_minor: Mapped[int | None] = mapped_column(BigInteger)
    is_accepted: Mapped[bool | None]
    evaluated_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    evaluated_at: Mapped[datetime | None]
    reviewed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    reviewed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}


class SampleItem(Base):
    """One item of a sample as drawn; ``first_minor`` to ``last_minor`` are its monetary units."""

    __tablename__ = "sample_items"
    __table_args__ = (
        UniqueConstraint("sample_id", "number"),
        UniqueConstraint("sample_id", "record_id"),
        one_of("why", REASONS),
        whole("amount_minor"),
        whole("first_minor"),
        whole("last_minor"),
        whole("point_minor"),
        CheckConstraint(
            "point_minor IS NULL OR point_minor >= first_minor AND point_minor <= last_minor",
            name="point_within",
        ),
        {"info": {"append_only": True}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sample_id: Mapped[UUID] = mapped_column(ForeignKey("audit_samples.id"))
    number: Mapped[int]
    record_type: Mapped[str] = mapped_column(Text(30))
    record_id: Mapped[UUID]
    code: Mapped[str] = mapped_column(Text(120))
    grant_id: Mapped[UUID | None] = mapped_column(ForeignKey("grants.id"))
    occurred_on: Mapped[date]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    first_minor: Mapped[int | None] = mapped_column(BigInteger)
    last_minor: Mapped[int | None] = mapped_column(BigInteger)
    point_minor: Mapped[int | None] = mapped_column(BigInteger)
    stratum: Mapped[str] = mapped_column(Text(80))
    why: Mapped[str] = mapped_column(Text(20))


class SampleResult(Base):
    """What an auditor found an item to be; a correction is another row, the last one counts."""

    __tablename__ = "sample_results"
    __table_args__ = (
        UniqueConstraint("item_id", "number"),
        whole("audited_minor"),
        Index("ix_sample_results_sample_id", "sample_id"),
        {"info": {"append_only": True}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sample_id: Mapped[UUID] = mapped_column(ForeignKey("audit_samples.id"))
    item_id: Mapped[UUID] = mapped_column(ForeignKey("sample_items.id"))
    number: Mapped[int]
    audited_minor: Mapped[int] = mapped_column(BigInteger)
    remark: Mapped[str | None] = mapped_column(Text(1000))
    recorded_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    recorded_at: Mapped[datetime]


register_constraints(
    {
        "ck_audit_samples_two_persons": ("same-person", "constraint.sample_two_persons"),
        "ck_audit_samples_expected_below": ("conflict", "constraint.sample_expected"),
        "ck_audit_samples_difference_explained": ("conflict", "constraint.sample_difference"),
    }
)
