"""Tables of what grantees spent and owe: statements, refund requests, receivables, closings.

Every amount is in the fund's base currency, in minor units.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, in_range, one_of, whole
from fundops.errors import register_constraints
from fundops.money import MAX_MINOR

STATEMENT_STATUSES = ("reported", "returned", "accepted", "corrected")
REQUEST_STATUSES = ("requested", "received", "written_off", "withdrawn")
RECEIVABLE_STATUSES = ("open", "settled", "superseded")
ENTRY_KINDS = ("additional_support", "justification_accepted", "refunded", "written_off")
CATEGORIES = ("A", "B", "C", "D", "E", "F", "G")
SPENT, EXCHANGE = "expenditure", "exchange_difference"
LINE_KINDS = (SPENT, EXCHANGE)


class ExpenditureStatement(Base):
    """What a grantee reports to have spent in a period, and what another person accepted of it.

    ``prefinanced_minor`` is the part accepted beyond what the grantee had been paid: no lot stands
    behind it until the next payment. ``disallowed_minor`` is what an audit took back. A correction
    is another statement (``replaces_id``); the original stays, ``corrected``. One that a progress
    report made has the ``currency`` in which the grantee reported; it is decided with it.
    """

    __tablename__ = "expenditure_statements"
    __table_args__ = (
        one_of("status", STATEMENT_STATUSES),
        CheckConstraint(
            f"reported_minor >= 0 AND reported_minor <= {MAX_MINOR}"
            " AND (reported_minor > 0 OR currency IS NOT NULL)",
            name="reported_minor_in_range",
        ),
        whole("reported_minor"),
        whole("accepted_minor"),
        whole("prefinanced_minor"),
        whole("disallowed_minor"),
        CheckConstraint("starts_on <= ends_on", name="period_ordered"),
        CheckConstraint("decided_by_id <> reported_by_id", name="two_persons"),
        CheckConstraint(
            "(status = 'reported') = (decided_by_id IS NULL)", name="decided_by_somebody"
        ),
        CheckConstraint(
            "(status IN ('accepted', 'corrected')) = (accepted_on IS NOT NULL)",
            name="accepted_has_date",
        ),
        CheckConstraint(
            "accepted_minor >= 0 AND accepted_minor <= reported_minor", name="accepted_within"
        ),
        CheckConstraint(
            "prefinanced_minor >= 0 AND disallowed_minor >= 0"
            " AND prefinanced_minor + disallowed_minor <= accepted_minor",
            name="parts_within",
        ),
        CheckConstraint("(replaces_id IS NULL) = (reason IS NULL)", name="correction_has_reason"),
        Index("ix_expenditure_statements_grant_id", "grant_id"),
        Index("ix_expenditure_statements_replaces_id", "replaces_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(80), unique=True)
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("grants.id"))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    reported_minor: Mapped[int] = mapped_column(BigInteger)
    accepted_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    prefinanced_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    disallowed_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    replaces_id: Mapped[UUID | None] = mapped_column(ForeignKey("expenditure_statements.id"))
    reason: Mapped[str | None] = mapped_column(Text(2000))
    status: Mapped[str] = mapped_column(Text(10))
    reported_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    reported_at: Mapped[datetime]
    decided_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str | None] = mapped_column(Text(2000))
    accepted_on: Mapped[date | None]
    currency: Mapped[str | None] = mapped_column(Text(3))
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}


class ExpenditureLine(Base):
    """One line of a statement by budget category; ``accepted_minor`` is null until it is decided.

    ``is_support_cost`` marks the grantee's own indirect cost, which is capped at the agreed share
    of accepted direct expenditure. A line of a progress report is of a line of the agreed budget
    and says what was spent in the grantee's currency (``local_minor``). ``exchange_difference`` is
    what the rates made of earlier reports: a loss, or below zero a gain, which is taken off the
    direct expenditure accepted with it as far as that goes; the rest is left to the next report.
    """

    __tablename__ = "expenditure_lines"
    __table_args__ = (
        UniqueConstraint("statement_id", "number"),
        one_of("category", CATEGORIES),
        one_of("kind", LINE_KINDS),
        CheckConstraint(
            f"reported_minor <= {MAX_MINOR} AND reported_minor >= CASE kind"
            f" WHEN 'exchange_difference' THEN -{MAX_MINOR} ELSE 0 END",
            name="reported_minor_in_range",
        ),
        CheckConstraint(
            "reported_minor > 0 OR local_minor IS NOT NULL OR kind = 'exchange_difference'",
            name="reported_something",
        ),
        whole("local_minor"),
        CheckConstraint("local_minor >= 0", name="local_positive"),
        whole("reported_minor"),
        whole("accepted_minor"),
        whole("unsupported_minor"),
        CheckConstraint(
            "kind = 'expenditure' AND accepted_minor >= 0 AND unsupported_minor >= 0"
            " AND accepted_minor + unsupported_minor = reported_minor"
            " OR kind = 'exchange_difference' AND unsupported_minor = 0"
            " AND (accepted_minor = reported_minor"
            " OR accepted_minor > reported_minor AND accepted_minor <= 0)",
            name="decided_adds_up",
        ),
        CheckConstraint(
            "(accepted_minor IS NULL) = (unsupported_minor IS NULL)", name="decided_whole"
        ),
        CheckConstraint("unsupported_minor = 0 OR reason IS NOT NULL", name="refusal_has_reason"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    statement_id: Mapped[UUID] = mapped_column(ForeignKey("expenditure_statements.id"))
    number: Mapped[int]
    category: Mapped[str] = mapped_column(Text(1))
    description: Mapped[str | None] = mapped_column(Text(400))
    is_support_cost: Mapped[bool]
    reported_minor: Mapped[int] = mapped_column(BigInteger)
    accepted_minor: Mapped[int | None] = mapped_column(BigInteger)
    unsupported_minor: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str | None] = mapped_column(Text(2000))
    kind: Mapped[str] = mapped_column(Text(20), default=SPENT, server_default=SPENT)
    budget_line: Mapped[int | None]
    budget_line_id: Mapped[UUID | None] = mapped_column(ForeignKey("grant_budget_lines.id"))
    local_minor: Mapped[int | None] = mapped_column(BigInteger)


class RefundRequest(Base):
    """Unspent money asked back from a grantee; it comes back in parts, or is written off."""

    __tablename__ = "refund_requests"
    __table_args__ = (
        one_of("status", REQUEST_STATUSES),
        in_range("amount_minor"),
        whole("amount_minor"),
        whole("received_minor"),
        whole("written_off_minor"),
        CheckConstraint(
            "received_minor >= 0 AND written_off_minor >= 0"
            " AND received_minor + written_off_minor <= amount_minor",
            name="within_amount",
        ),
        Index("ix_refund_requests_grant_id", "grant_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(80), unique=True)
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("grants.id"))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    received_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    written_off_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    requested_on: Mapped[date]
    due_on: Mapped[date]
    note: Mapped[str | None] = mapped_column(Text(2000))
    reminders: Mapped[int] = mapped_column(default=0)
    last_reminded_on: Mapped[date | None]
    status: Mapped[str] = mapped_column(Text(12))
    requested_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}


class Receivable(Base):
    """Expenditure without support, which the grantee owes until it is settled by entries."""

    __tablename__ = "receivables"
    __table_args__ = (
        one_of("status", RECEIVABLE_STATUSES),
        one_of("origin", ("statement", "finding", "closing")),
        in_range("amount_minor"),
        whole("amount_minor"),
        whole("settled_minor"),
        CheckConstraint("settled_minor >= 0 AND settled_minor <= amount_minor", name="within"),
        CheckConstraint(
            "origin = 'closing' OR statement_id IS NOT NULL", name="statement_is_named"
        ),
        Index("ix_receivables_grant_id", "grant_id"),
        Index("ix_receivables_statement_id", "statement_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(80), unique=True)
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("grants.id"))
    statement_id: Mapped[UUID | None] = mapped_column(ForeignKey("expenditure_statements.id"))
    origin: Mapped[str] = mapped_column(Text(10))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    settled_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    opened_on: Mapped[date]
    reason: Mapped[str] = mapped_column(Text(2000))
    status: Mapped[str] = mapped_column(Text(10))
    opened_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}


class ReceivableEntry(Base):
    """What settled part of a receivable: support, a justification, money back, a write-off."""

    __tablename__ = "receivable_entries"
    __table_args__ = (
        one_of("kind", ENTRY_KINDS),
        in_range("amount_minor"),
        whole("amount_minor"),
        CheckConstraint("(kind = 'refunded') = (refund_id IS NOT NULL)", name="refund_is_named"),
        Index("ix_receivable_entries_receivable_id", "receivable_id"),
        Index("ix_receivable_entries_refund_id", "refund_id"),
        {"info": {"append_only": True}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    receivable_id: Mapped[UUID] = mapped_column(ForeignKey("receivables.id"))
    kind: Mapped[str] = mapped_column(Text(24))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    on_date: Mapped[date]
    reason: Mapped[str | None] = mapped_column(Text(2000))
    refund_id: Mapped[UUID | None] = mapped_column(ForeignKey("refunds.id"))
    by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    created_at: Mapped[datetime]


class RefundPart(Base):
    """The part of a booked refund that answers a refund request."""

    __tablename__ = "refund_parts"
    __table_args__ = (
        in_range("amount_minor"),
        whole("amount_minor"),
        Index("ix_refund_parts_refund_request_id", "refund_request_id"),
        Index("ix_refund_parts_refund_id", "refund_id"),
        {"info": {"append_only": True}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    refund_request_id: Mapped[UUID] = mapped_column(ForeignKey("refund_requests.id"))
    refund_id: Mapped[UUID] = mapped_column(ForeignKey("refunds.id"))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    created_at: Mapped[datetime]


class AdvanceWriteOff(Base):
    """Giving up money that a grantee holds: asked for by one person, decided by another."""

    __tablename__ = "advance_write_offs"
    __table_args__ = (
        one_of("status", ("requested", "approved", "rejected")),
        in_range("amount_minor"),
        whole("amount_minor"),
        CheckConstraint("decided_by_id <> requested_by_id", name="two_persons"),
        CheckConstraint(
            "(status = 'requested') = (decided_by_id IS NULL)", name="decided_by_somebody"
        ),
        CheckConstraint("receivable_id IS NULL OR refund_request_id IS NULL", name="one_subject"),
        Index("ix_advance_write_offs_grant_id", "grant_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(80), unique=True)
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("grants.id"))
    receivable_id: Mapped[UUID | None] = mapped_column(ForeignKey("receivables.id"))
    refund_request_id: Mapped[UUID | None] = mapped_column(ForeignKey("refund_requests.id"))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    effective_on: Mapped[date]
    reason: Mapped[str] = mapped_column(Text(2000))
    status: Mapped[str] = mapped_column(Text(10))
    requested_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    created_at: Mapped[datetime]
    decided_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    decided_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}


class GrantClosing(Base):
    """How a grant was closed: with everything done, or because nobody can be reached any more.

    ``attempts`` is canonical JSON, a list of ``{"on": …, "channel": …, "outcome": …}``.
    ``unaccounted`` says what becomes of money nobody can account for in a closing by force
    majeure. ``residual_minor`` is what was written off in closing.
    """

    __tablename__ = "grant_closings"
    __table_args__ = (
        one_of("kind", ("ordinary", "force_majeure")),
        one_of("status", ("proposed", "confirmed", "withdrawn")),
        one_of("unaccounted", ("written_off", "kept_open")),
        whole("residual_minor"),
        whole("freed_minor"),
        CheckConstraint("residual_minor >= 0 AND freed_minor >= 0", name="amounts_positive"),
        CheckConstraint(
            "kind = 'ordinary' OR confirmed_by_id <> proposed_by_id", name="two_persons"
        ),
        CheckConstraint(
            "(status = 'confirmed') = (confirmed_by_id IS NOT NULL)", name="confirmed_by_somebody"
        ),
        CheckConstraint(
            "kind = 'ordinary' OR (evidence IS NOT NULL AND attempts IS NOT NULL"
            " AND unaccounted IS NOT NULL)",
            name="exception_is_told",
        ),
        Index("ix_grant_closings_grant_id", "grant_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(80), unique=True)
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("grants.id"))
    kind: Mapped[str] = mapped_column(Text(16))
    closed_on: Mapped[date]
    reason: Mapped[str] = mapped_column(Text(2000))
    evidence: Mapped[str | None] = mapped_column(Text(2000))
    attempts: Mapped[str | None] = mapped_column(Text(20_000))
    unaccounted: Mapped[str | None] = mapped_column(Text(12))
    residual_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    freed_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    status: Mapped[str] = mapped_column(Text(10))
    proposed_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    created_at: Mapped[datetime]
    confirmed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    confirmed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}


register_constraints(
    {
        "ck_expenditure_statements_two_persons": (
            "same-person", "constraint.expenditure_two_persons",
        ),
        "ck_advance_write_offs_two_persons": (
            "same-person", "constraint.advance_write_off_two_persons",
        ),
        "ck_grant_closings_two_persons": ("same-person", "constraint.closing_two_persons"),
        "ck_refund_requests_within_amount": (
            "insufficient-funds", "constraint.refund_request_within",
        ),
        "ck_receivables_within": ("insufficient-funds", "constraint.receivable_within"),
    }
)  # fmt: skip
