"""The table of organisations' profiles: what eligibility rules ask about, kept across calls."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, whole
from fundops.errors import register_constraints


class OrganisationProfile(Base):
    """What an organisation says of itself, once for every call. Null: not said yet."""

    __tablename__ = "organisation_profiles"
    __table_args__ = (
        CheckConstraint(
            "(annual_budget_minor IS NULL) = (annual_budget_currency IS NULL)",
            name="budget_has_currency",
        ),
        CheckConstraint(
            "annual_budget_minor IS NULL OR annual_budget_minor >= 0", name="budget_positive"
        ),
        whole("annual_budget_minor"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"), unique=True)
    registered_on: Mapped[date | None]
    registration_country: Mapped[str | None] = mapped_column(Text(2))
    registration_number: Mapped[str | None] = mapped_column(Text(120))
    assisting_since_on: Mapped[date | None]
    annual_budget_minor: Mapped[int | None] = mapped_column(BigInteger)
    annual_budget_currency: Mapped[str | None] = mapped_column(Text(3))
    annual_budget_year: Mapped[int | None]
    has_own_account: Mapped[bool | None]
    has_safeguarding_policy: Mapped[bool | None]
    works_directly: Mapped[bool | None]
    languages: Mapped[str] = mapped_column(Text(200), default="[]")
    mission: Mapped[str | None] = mapped_column(Text(4000))
    zone: Mapped[str | None] = mapped_column(Text(64))
    version: Mapped[int] = mapped_column()
    created_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}


register_constraints(
    {"uq_organisation_profiles_party_id": ("already-exists", "constraint.profile_party")}
)
