"""Tables of the ledger: funds, accounts, transfers and the totals that answer past dates.

A transfer is one debit account, one credit account and one positive amount, so an unbalanced
posting cannot be written. Accounts carry counters that the database itself keeps from being
overdrawn. Totals per account by day and month are kept by posting.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, one_of, whole
from fundops.errors import register_constraints
from fundops.ledger.chart import ACCOUNT_KINDS, TRANSFER_KINDS
from fundops.money import MAX_MINOR

MAX_COUNTER = 100 * MAX_MINOR
"""Most that one account's debits or credits total, far from where the databases overflow."""

AWARD_BASES = ("cash", "instalment")


class Fund(Base):
    """A pot with its own balance and base currency: one set of books.

    ``operating_reserve_minor`` is the amount the fund means to keep set aside; what really is set
    aside stands in the ``operating_reserve`` accounts. ``award_basis`` is the policy of what awards
    may stand on: cash alone, or also a binding agreement's scheduled instalment.
    """

    __tablename__ = "funds"
    __table_args__ = (
        one_of("status", ("open", "closed")),
        one_of("award_basis", AWARD_BASES),
        CheckConstraint("operating_reserve_minor >= 0", name="reserve_not_negative"),
        whole("operating_reserve_minor"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(40), unique=True)
    name: Mapped[str] = mapped_column(Text(300))
    base_currency: Mapped[str] = mapped_column(Text(3))
    zone: Mapped[str] = mapped_column(Text(60), default="UTC")
    operating_reserve_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    status: Mapped[str] = mapped_column(Text(10), default="open")
    version: Mapped[int] = mapped_column()
    created_at: Mapped[datetime]
    award_basis: Mapped[str] = mapped_column(Text(12), default="cash", server_default="cash")

    __mapper_args__ = {"version_id_col": version}


class Account(Base):
    """One account of a fund's chart. ``normal`` is the side on which its balance is positive."""

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("id", "fund_id"),
        one_of("kind", ACCOUNT_KINDS),
        one_of("normal", ("debit", "credit")),
        CheckConstraint(f"debits_minor BETWEEN 0 AND {MAX_COUNTER}", name="debits_in_range"),
        CheckConstraint(f"credits_minor BETWEEN 0 AND {MAX_COUNTER}", name="credits_in_range"),
        CheckConstraint(
            "may_overdraw OR CASE normal WHEN 'credit' THEN debits_minor <= credits_minor"
            " ELSE credits_minor <= debits_minor END",
            name="not_overdrawn",
        ),
        whole("debits_minor"),
        whole("credits_minor"),
        Index("ix_accounts_fund_id_kind", "fund_id", "kind"),
        Index("ix_accounts_lot_id", "lot_id"),
        Index("ix_accounts_grant_id", "grant_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    kind: Mapped[str] = mapped_column(Text(30))
    normal: Mapped[str] = mapped_column(Text(6))
    may_overdraw: Mapped[bool]
    lot_id: Mapped[UUID | None] = mapped_column(ForeignKey("lots.id"))
    grant_id: Mapped[UUID | None] = mapped_column(ForeignKey("grants.id"))
    party_id: Mapped[UUID | None] = mapped_column(ForeignKey("parties.id"))
    debits_minor: Mapped[int] = mapped_column(BigInteger)
    credits_minor: Mapped[int] = mapped_column(BigInteger)


class Transfer(Base):
    """One movement of money between two accounts. Append-only by trigger; corrected by reversal."""

    __tablename__ = "transfers"
    __table_args__ = (
        ForeignKeyConstraint(["debit_account_id", "fund_id"], ["accounts.id", "accounts.fund_id"]),
        ForeignKeyConstraint(["credit_account_id", "fund_id"], ["accounts.id", "accounts.fund_id"]),
        UniqueConstraint("reverses_id"),
        one_of("kind", TRANSFER_KINDS),
        CheckConstraint(
            f"amount_minor > 0 AND amount_minor <= {MAX_MINOR}", name="amount_in_range"
        ),
        CheckConstraint("debit_account_id <> credit_account_id", name="two_accounts"),
        whole("amount_minor"),
        Index("ix_transfers_debit_account_id_event_seq", "debit_account_id", "event_seq"),
        Index("ix_transfers_credit_account_id_event_seq", "credit_account_id", "event_seq"),
        Index("ix_transfers_lot_id", "lot_id"),
        Index("ix_transfers_grant_id", "grant_id"),
        Index("ix_transfers_source_id", "source_id"),
        Index("ix_transfers_event_seq", "event_seq"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    event_seq: Mapped[int] = mapped_column(BigInteger, ForeignKey("audit_events.seq"))
    line: Mapped[int]
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    kind: Mapped[str] = mapped_column(Text(30))
    debit_account_id: Mapped[UUID]
    credit_account_id: Mapped[UUID]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    effective_on: Mapped[date]
    lot_id: Mapped[UUID | None] = mapped_column(ForeignKey("lots.id"))
    grant_id: Mapped[UUID | None] = mapped_column(ForeignKey("grants.id"))
    source_type: Mapped[str] = mapped_column(Text(30))
    source_id: Mapped[UUID]
    reverses_id: Mapped[UUID | None] = mapped_column(ForeignKey("transfers.id"))


class AccountDay(Base):
    """What an account's transfers effective on one day total; includes later corrections."""

    __tablename__ = "account_days"
    __table_args__ = (whole("debits_minor"), whole("credits_minor"))

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    on_date: Mapped[date] = mapped_column(primary_key=True)
    debits_minor: Mapped[int] = mapped_column(BigInteger)
    credits_minor: Mapped[int] = mapped_column(BigInteger)


class AccountMonth(Base):
    """The same by month, keyed by its first day."""

    __tablename__ = "account_months"
    __table_args__ = (whole("debits_minor"), whole("credits_minor"))

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    month_on: Mapped[date] = mapped_column(primary_key=True)
    debits_minor: Mapped[int] = mapped_column(BigInteger)
    credits_minor: Mapped[int] = mapped_column(BigInteger)


register_constraints(
    {
        "uq_funds_code": ("already-exists", "constraint.fund_code"),
        "ck_accounts_debits_in_range": ("conflict", "constraint.counters_in_range"),
        "ck_accounts_credits_in_range": ("conflict", "constraint.counters_in_range"),
        "ck_accounts_not_overdrawn": ("insufficient-funds", "constraint.not_overdrawn"),
        "pk_transfers": ("already-exists", "constraint.transfer_posted"),
        "uq_transfers_reverses_id": ("already-exists", "constraint.transfer_reversed"),
    }
)
