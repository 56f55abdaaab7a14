"""Tables of how grants stand: suspensions and terminations, each by two persons."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, one_of
from fundops.errors import register_constraints

_RUNNING = "ended_at IS NULL"
_PROPOSED = "status = 'proposed'"


class GrantSuspension(Base):
    """A time in which a grant's money stops; it ends when another person resumes or ends it."""

    __tablename__ = "grant_suspensions"
    __table_args__ = (
        CheckConstraint(
            "resumed_by_id IS NULL OR resumed_by_id <> suspended_by_id", name="resumed_by_other"
        ),
        CheckConstraint("resumed_by_id IS NULL OR ended_at IS NOT NULL", name="resumed_ended"),
        Index(
            "uq_grant_suspensions_running", "grant_id", unique=True,
            sqlite_where=text(_RUNNING), postgresql_where=text(_RUNNING),
        ),
        Index("ix_grant_suspensions_grant_id", "grant_id"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("grants.id"))
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    reason: Mapped[str] = mapped_column(Text(2000))
    suspended_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    suspended_at: Mapped[datetime]
    resumed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    resume_reason: Mapped[str | None] = mapped_column(Text(2000))
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}


class GrantTermination(Base):
    """A proposal to end a grant before its time, which another person confirms."""

    __tablename__ = "grant_terminations"
    __table_args__ = (
        one_of("status", ("proposed", "confirmed", "withdrawn")),
        CheckConstraint(
            "status <> 'confirmed' OR (decided_by_id IS NOT NULL AND decided_by_id <> "
            "proposed_by_id)",
            name="two_persons",
        ),
        Index(
            "uq_grant_terminations_proposed", "grant_id", unique=True,
            sqlite_where=text(_PROPOSED), postgresql_where=text(_PROPOSED),
        ),
        Index("ix_grant_terminations_grant_id", "grant_id"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("grants.id"))
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    status: Mapped[str] = mapped_column(Text(10))
    reason: Mapped[str] = mapped_column(Text(2000))
    proposed_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    proposed_at: Mapped[datetime]
    decided_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    decided_at: Mapped[datetime | None]
    effective_on: Mapped[date | None]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}


register_constraints(
    {
        "ck_grant_suspensions_resumed_by_other": ("same-person", "constraint.resumed_by_other"),
        "uq_grant_suspensions_running": ("conflict", "constraint.grant_suspended"),
        "ck_grant_terminations_two_persons": ("same-person", "constraint.terminated_by_two"),
        "uq_grant_terminations_proposed": ("already-exists", "constraint.termination_proposed"),
    }
)
