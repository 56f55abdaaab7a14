"""Tables of retention: the rules that two persons set, and the log of disposals."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, one_of
from fundops.errors import register_constraints

RULE_STATUSES = ("proposed", "approved", "refused")
MAX_MONTHS = 600


class RetentionRule(Base):
    """How many months a class of data is kept: proposed by one person, decided by another.

    In force is the approved one that was decided on last. Nothing is disposed of without one.
    """

    __tablename__ = "retention_rules"
    __table_args__ = (
        one_of("status", RULE_STATUSES),
        CheckConstraint(f"months >= 1 AND months <= {MAX_MONTHS}", name="months_in_range"),
        CheckConstraint("decided_by_id <> proposed_by_id", name="two_persons"),
        CheckConstraint("(status = 'proposed') = (decided_by_id IS NULL)", name="decided"),
        Index("ix_retention_rules_data_class", "data_class", "status"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    data_class: Mapped[str] = mapped_column(Text(40))
    months: Mapped[int]
    reason: Mapped[str] = mapped_column(Text(2000))
    status: Mapped[str] = mapped_column(Text(10))
    proposed_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    proposed_at: Mapped[datetime]
    decided_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    decided_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}


class Disposal(Base):
    """That rows of a class were disposed of, under which rule. Never changed, never deleted.

    ``ids_sha256`` is of the sorted ids, one a line: whether a known row was among them can be
    shown, which rows there were cannot be learnt from it.
    """

    __tablename__ = "disposals"
    __table_args__ = (
        CheckConstraint("rows_disposed > 0", name="of_something"),
        Index("ix_disposals_data_class", "data_class"),
        {"info": {"append_only": True}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    data_class: Mapped[str] = mapped_column(Text(40))
    rule_id: Mapped[UUID] = mapped_column(ForeignKey("retention_rules.id"))
    before_at: Mapped[datetime]
    rows_disposed: Mapped[int]
    ids_sha256: Mapped[str] = mapped_column(Text(64))
    disposed_at: Mapped[datetime]


register_constraints(
    {
        "ck_retention_rules_two_persons": ("same-person", "constraint.retention_two_persons"),
        "ck_retention_rules_months_in_range": ("conflict", "constraint.retention_months"),
    }
)
