"""Tables of grants: awards, tranches, refunds and pinned reservations.

Every amount is in the fund's base currency, in minor units.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, in_range, one_of, whole
from fundops.errors import register_constraints

RESERVED = ("awarded", "suspended")
"""Statuses of grants that hold the whole of their award: reserved, or paid."""
ENDED = ("terminated", "closed")
"""Statuses of grants that hold no more than was paid."""
GRANT_STATUSES = ("conditional", "awarded", "suspended", "terminated", "closed", "cancelled")
REFUND_STATUSES = ("booked", "reversed")


class Grant(Base):
    """An award to a grantee: reserved in full when made, paid in tranches.

    ``objectives`` is canonical JSON ``{"1": 60, "4": 40}`` (percent, sum 100) or ``{}`` when the
    source does not say. ``paid_minor`` and ``requested_minor`` count what is paid and what waits;
    the database refuses more than was awarded. ``adjusted_minor`` is the part of the award that
    was added only because imported history paid more than was committed. ``conditional`` awards
    stand on scheduled instalments (``ConditionalAward``) and reserve nothing until those arrive;
    ``suspended`` ones hold their reservation; ``terminated`` ones, like ``closed`` ones, only what
    was paid.
    """

    __tablename__ = "grants"
    __table_args__ = (
        one_of("status", GRANT_STATUSES),
        in_range("awarded_minor"),
        CheckConstraint("requested_minor >= 0 AND paid_minor >= 0", name="counters_positive"),
        CheckConstraint("requested_minor + paid_minor <= awarded_minor", name="not_overdrawn"),
        CheckConstraint(
            "adjusted_minor >= 0 AND adjusted_minor < awarded_minor", name="adjusted_within"
        ),
        whole("awarded_minor"),
        whole("requested_minor"),
        whole("paid_minor"),
        whole("refunded_minor"),
        whole("adjusted_minor"),
        Index("ix_grants_fund_id", "fund_id"),
        Index("ix_grants_grantee_id", "grantee_id"),
        Index("ix_grants_call_id", "call_id"),
        Index("uq_grants_proposal_id", "proposal_id", unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(80), unique=True)
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    call_id: Mapped[UUID | None] = mapped_column(ForeignKey("calls.id"))
    grantee_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"))
    title: Mapped[str] = mapped_column(Text(1000))
    country: Mapped[str | None] = mapped_column(Text(2))
    region: Mapped[str | None] = mapped_column(Text(3))
    objectives: Mapped[str] = mapped_column(Text(200), default="{}")
    awarded_on: Mapped[date]
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    awarded_minor: Mapped[int] = mapped_column(BigInteger)
    requested_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    paid_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    refunded_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    adjusted_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    source_code: Mapped[str | None] = mapped_column(Text(120), index=True)
    status: Mapped[str] = mapped_column(Text(12))
    version: Mapped[int] = mapped_column()
    created_at: Mapped[datetime]
    proposal_id: Mapped[UUID | None] = mapped_column(ForeignKey("proposals.id"))

    __mapper_args__ = {"version_id_col": version}


class ConditionalAward(Base):
    """The part of a conditional grant that stands on one instalment of a binding agreement.

    ``waiting`` until the instalment's money is matched, then ``stood`` on cash; ``void`` when the
    award ends before.
    """

    __tablename__ = "conditional_awards"
    __table_args__ = (
        UniqueConstraint("grant_id", "instalment_id"),
        one_of("status", ("waiting", "stood", "void")),
        in_range("amount_minor"),
        whole("amount_minor"),
        Index("ix_conditional_awards_instalment_id", "instalment_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("grants.id"))
    instalment_id: Mapped[UUID] = mapped_column(ForeignKey("instalments.id"))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(Text(10))
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Tranche(Base):
    """A scheduled outflow of a grant."""

    __tablename__ = "tranches"
    __table_args__ = (
        UniqueConstraint("grant_id", "number"),
        in_range("amount_minor"),
        whole("amount_minor"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("grants.id"))
    number: Mapped[int]
    due_on: Mapped[date | None]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]


class Refund(Base):
    """Money a grantee returned; it goes back to the lots it was paid from."""

    __tablename__ = "refunds"
    __table_args__ = (
        one_of("status", REFUND_STATUSES),
        in_range("amount_minor"),
        whole("amount_minor"),
        Index("ix_refunds_grant_id", "grant_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(80), unique=True)
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("grants.id"))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    received_on: Mapped[date]
    reference: Mapped[str | None] = mapped_column(Text(140))
    status: Mapped[str] = mapped_column(Text(10), default="booked")
    created_at: Mapped[datetime]


class ReservationPin(Base):
    """A reservation of one grant on one lot that re-routing must leave as it is."""

    __tablename__ = "reservation_pins"

    grant_id: Mapped[UUID] = mapped_column(ForeignKey("grants.id"), primary_key=True)
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lots.id"), primary_key=True)
    statement_id: Mapped[UUID | None] = mapped_column(ForeignKey("statements.id"))
    pinned_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    created_at: Mapped[datetime]


register_constraints(
    {
        "ck_grants_not_overdrawn": ("insufficient-funds", "constraint.grant_overdrawn"),
        "uq_tranches_grant_id_number": ("already-exists", "constraint.tranche_number"),
        "uq_grants_proposal_id": ("already-exists", "constraint.grant_proposal"),
        "ck_calls_dates_ordered": ("conflict", "constraint.call_dates"),
    }
)
