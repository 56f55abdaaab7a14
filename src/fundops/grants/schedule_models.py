"""Tables of what a grantee must do and when, and of what keeps a tranche back until then."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, in_range, one_of, whole
from fundops.errors import register_constraints
from fundops.grants.policy_content import TIERS

KINDS = ("narrative_report", "financial_report", "visit", "spot_check", "audit", "other")
REQUIREMENT_STATUSES = ("due", "waiver_requested", "done", "waived", "replaced")
CONDITION_STATUSES = ("open", "waiver_requested", "met", "waived", "replaced")

PENDING = ("due", "waiver_requested")
"""Statuses of a requirement that is still to be done."""

UNMET = ("open", "waiver_requested")
"""Statuses of a condition that nobody has met or waived."""


class Waivable:
    """The columns of what one person asks to waive and another decides on."""

    waiver_reason: Mapped[str | None] = mapped_column(Text(2000))
    waiver_requested_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    waiver_requested_at: Mapped[datetime | None]
    waived_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    waived_at: Mapped[datetime | None]


class GrantSchedule(Base):
    """That a grant's tranches and requirements were made: by which policy, from what. For good.

    ``policy_id`` is null where the shipped sample was used. ``tranches_given``: the tranches are
    those of the award, not the policy's.
    """

    __tablename__ = "grant_schedules"
    __table_args__ = (
        UniqueConstraint("grant_id", "number"),
        one_of("tier", TIERS),
        in_range("amount_minor"),
        whole("amount_minor"),
        {"info": {"append_only": True}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("grants.id"))
    number: Mapped[int]
    policy_id: Mapped[UUID | None] = mapped_column(ForeignKey("fund_policies.id"))
    tier: Mapped[str] = mapped_column(Text(10))
    tier_reason: Mapped[str] = mapped_column(Text(500))
    rule: Mapped[str] = mapped_column(Text(100))
    months: Mapped[int]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    is_emergency: Mapped[bool]
    tranches_given: Mapped[bool]
    made_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    made_at: Mapped[datetime]


class Requirement(Waivable, Base):
    """One thing a grant needs by a day: a report, a visit, a spot check, an audit.

    It is never deleted: it is done, waived by two persons, or ``replaced`` when an amended
    calendar has no place for it. ``origin`` is ``policy`` or, of what somebody asked for on top,
    ``added``; numbers count by kind within each.
    """

    __tablename__ = "requirements"
    __table_args__ = (
        UniqueConstraint("grant_id", "kind", "origin", "number"),
        one_of("kind", KINDS),
        one_of("origin", ("policy", "added")),
        one_of("status", REQUIREMENT_STATUSES),
        CheckConstraint("waived_by_id <> waiver_requested_by_id", name="two_persons"),
        CheckConstraint("(status = 'done') = (done_on IS NOT NULL)", name="done_has_date"),
        CheckConstraint("(status = 'waived') = (waived_by_id IS NOT NULL)", name="waived_whole"),
        Index("ix_requirements_status_due_on", "status", "due_on"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("grants.id"))
    kind: Mapped[str] = mapped_column(Text(20))
    origin: Mapped[str] = mapped_column(Text(10))
    number: Mapped[int]
    title: Mapped[str | None] = mapped_column(Text(300))
    is_final: Mapped[bool]
    period_from_on: Mapped[date | None]
    period_to_on: Mapped[date | None]
    due_on: Mapped[date]
    status: Mapped[str] = mapped_column(Text(20))
    schedule_id: Mapped[UUID | None] = mapped_column(ForeignKey("grant_schedules.id"))
    rule: Mapped[str | None] = mapped_column(Text(100))
    done_on: Mapped[date | None]
    done_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    evidence_note: Mapped[str | None] = mapped_column(Text(2000))
    evidence_file_id: Mapped[UUID | None] = mapped_column(ForeignKey("files.id"))
    created_at: Mapped[datetime]


class TrancheCondition(Waivable, Base):
    """What keeps a tranche back: a requirement that must be done, or words that somebody meets.

    A condition on a requirement is met by that requirement alone; its own status says only
    whether it was waived.
    """

    __tablename__ = "tranche_conditions"
    __table_args__ = (
        UniqueConstraint("tranche_id", "requirement_id"),
        one_of("origin", ("policy", "added")),
        one_of("status", CONDITION_STATUSES),
        CheckConstraint("(requirement_id IS NULL) <> (words IS NULL)", name="one_subject"),
        CheckConstraint("waived_by_id <> waiver_requested_by_id", name="two_persons"),
        CheckConstraint(
            "(status = 'met') = (met_by_id IS NOT NULL) AND (status <> 'met' OR words IS NOT NULL)",
            name="met_by_somebody",
        ),
        CheckConstraint("(status = 'waived') = (waived_by_id IS NOT NULL)", name="waived_whole"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tranche_id: Mapped[UUID] = mapped_column(ForeignKey("tranches.id"))
    requirement_id: Mapped[UUID | None] = mapped_column(ForeignKey("requirements.id"))
    words: Mapped[str | None] = mapped_column(Text(1000))
    origin: Mapped[str] = mapped_column(Text(10))
    status: Mapped[str] = mapped_column(Text(20))
    added_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    met_on: Mapped[date | None]
    met_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    evidence_note: Mapped[str | None] = mapped_column(Text(2000))
    evidence_file_id: Mapped[UUID | None] = mapped_column(ForeignKey("files.id"))
    created_at: Mapped[datetime]


register_constraints(
    {
        "ck_requirements_two_persons": ("same-person", "constraint.waiver_two_persons"),
        "ck_tranche_conditions_two_persons": ("same-person", "constraint.waiver_two_persons"),
        "uq_tranche_conditions_tranche_id_requirement_id": (
            "already-exists", "constraint.tranche_condition_twice",
        ),
    }
)  # fmt: skip
