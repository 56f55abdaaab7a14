"""The table of places at risk: countries where being known endangers grantees or their people."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, one_of
from fundops.errors import register_constraints

PLACE_STATUSES = ("flagged", "lifted")


class PlaceAtRisk(Base):
    """A country flagged at risk, for one fund or all: its grants are told as those of a party at
    risk are. One person flags it, another lifts it.
    """

    __tablename__ = "places_at_risk"
    __table_args__ = (
        one_of("status", PLACE_STATUSES),
        CheckConstraint("lifted_by_id <> flagged_by_id", name="two_persons"),
        CheckConstraint("(status = 'lifted') = (lifted_by_id IS NOT NULL)", name="lifted_whole"),
        Index("ix_places_at_risk_country_status", "country", "status"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    country: Mapped[str] = mapped_column(Text(2))
    fund_id: Mapped[UUID | None] = mapped_column(ForeignKey("funds.id"))
    reason: Mapped[str] = mapped_column(Text(2000))
    status: Mapped[str] = mapped_column(Text(10))
    flagged_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    flagged_at: Mapped[datetime]
    lifted_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    lifted_at: Mapped[datetime | None]
    lift_reason: Mapped[str | None] = mapped_column(Text(2000))
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}


register_constraints(
    {"ck_places_at_risk_two_persons": ("same-person", "constraint.place_two_persons")}
)
