"""Tables of a fund's treasury: exchange rates, bank entries, transfers between funds.

The fund itself is a set of books and stands in ``ledger.models``.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, in_range, one_of, whole
from fundops.errors import register_constraints

RATE_SOURCES = ("un_operational", "ecb", "bank", "booked", "other")


class ExchangeRate(Base):
    """A published rate: units of ``currency`` per unit of ``base``, from ``starts_on`` on."""

    __tablename__ = "exchange_rates"
    __table_args__ = (
        one_of("source", RATE_SOURCES),
        UniqueConstraint("source", "base", "currency", "starts_on"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(Text(20))
    base: Mapped[str] = mapped_column(Text(3))
    currency: Mapped[str] = mapped_column(Text(3))
    starts_on: Mapped[date]
    rate: Mapped[str] = mapped_column(Text(30))
    created_at: Mapped[datetime]


class BankEntry(Base):
    """Interest earned or a fee charged by the bank, apart from any receipt or payment."""

    __tablename__ = "bank_entries"
    __table_args__ = (
        one_of("kind", ("interest", "fee")),
        in_range("amount_minor"),
        whole("amount_minor"),
        Index("uq_bank_entries_fund_id_bank_reference", "fund_id", "bank_reference", unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(60), unique=True)
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    kind: Mapped[str] = mapped_column(Text(10))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    effective_on: Mapped[date]
    bank_reference: Mapped[str | None] = mapped_column(Text(140))
    lot_id: Mapped[UUID | None] = mapped_column(ForeignKey("lots.id"))
    created_at: Mapped[datetime]


class FundTransfer(Base):
    """Money of one lot moved to another fund, where it becomes a lot of the same donor."""

    __tablename__ = "fund_transfers"
    __table_args__ = (
        in_range("amount_minor"),
        in_range("received_minor"),
        whole("amount_minor"),
        whole("received_minor"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(60), unique=True)
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lots.id"), index=True)
    new_lot_id: Mapped[UUID] = mapped_column(ForeignKey("lots.id"))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    received_minor: Mapped[int] = mapped_column(BigInteger)
    rate: Mapped[str | None] = mapped_column(Text(30))
    effective_on: Mapped[date]
    reason: Mapped[str] = mapped_column(Text(2000))
    created_at: Mapped[datetime]


register_constraints(
    {
        "uq_bank_entries_fund_id_bank_reference": ("already-exists", "constraint.bank_reference"),
        "uq_exchange_rates_source_base_currency_starts_on": (
            "already-exists",
            "constraint.exchange_rate",
        ),
    }
)
