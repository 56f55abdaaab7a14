"""Tables of the fund's policy and of how risky grantees are."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, one_of
from fundops.errors import register_constraints
from fundops.grants.policy_content import TIERS

MAX_CONTENT = 100_000
"""Longest canonical text of a policy, in characters."""

POLICY_STATUSES = ("proposed", "approved", "refused")


class FundPolicy(Base):
    """A version of a fund's policy: proposed by one person, decided by another, dated.

    ``content`` is the canonical JSON of ``policy_content.PolicyContent``; it never changes. In
    force on a day is the approved one with the latest ``starts_on`` not after it.
    """

    __tablename__ = "fund_policies"
    __table_args__ = (
        UniqueConstraint("fund_id", "number"),
        one_of("status", POLICY_STATUSES),
        CheckConstraint("decided_by_id <> proposed_by_id", name="two_persons"),
        CheckConstraint("(status = 'proposed') = (decided_by_id IS NULL)", name="decided"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    number: Mapped[int]
    starts_on: Mapped[date]
    content: Mapped[str] = mapped_column(Text(MAX_CONTENT))
    reason: Mapped[str] = mapped_column(Text(2000))
    status: Mapped[str] = mapped_column(Text(10))
    proposed_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    proposed_at: Mapped[datetime]
    decided_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    decided_at: Mapped[datetime | None]


class RiskAssessment(Base):
    """How risky it is to fund a party, as somebody assessed it; good until a day. Never changed."""

    __tablename__ = "risk_assessments"
    __table_args__ = (
        one_of("tier", TIERS),
        CheckConstraint("assessed_on <= valid_until_on", name="dates_ordered"),
        Index("ix_risk_assessments_party_id", "party_id"),
        {"info": {"append_only": True}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"))
    tier: Mapped[str] = mapped_column(Text(10))
    assessed_on: Mapped[date]
    valid_until_on: Mapped[date]
    basis: Mapped[str] = mapped_column(Text(4000))
    assessed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    created_at: Mapped[datetime]


register_constraints(
    {
        "ck_fund_policies_two_persons": ("same-person", "constraint.two_persons_set"),
        "uq_fund_policies_fund_id_number": ("stale", "constraint.fund_policy_number"),
        "ck_risk_assessments_dates_ordered": ("conflict", "constraint.risk_dates"),
    }
)
