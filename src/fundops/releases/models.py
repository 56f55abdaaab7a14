"""Tables of releases: what is published of a fund's results, and the cells as they were frozen."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, one_of, whole
from fundops.errors import register_constraints

CLASSES = ("outside", "inside")
STATUSES = ("prepared", "published", "withdrawn")
LEVELS = ("fund", "region", "country", "grant")
MEASURES = ("count", "numerator", "denominator")


class Release(Base):
    """Results of a fund as of a day, as known at an event of the audit chain, for some readers.

    ``basis`` is a digest of the releases that were out when it was prepared: it is only published
    while they are the same, since what may be shown depends on what readers know. ``threshold`` is
    the class's at that time. A release once published stays in the list when it is withdrawn, with
    ``published_at``: those who read it know it. ``withheld_at`` is since when only those may read
    it who may know whom it tells of: a grantee or place in it was flagged at risk then.
    """

    __tablename__ = "releases"
    __table_args__ = (
        one_of("class_name", CLASSES),
        one_of("status", STATUSES),
        whole("threshold"),
        CheckConstraint("published_by_id <> prepared_by_id", name="two_persons"),
        CheckConstraint(
            "(published_at IS NULL) = (published_by_id IS NULL)", name="published_whole"
        ),
        CheckConstraint("status <> 'published' OR published_at IS NOT NULL", name="published_by"),
        CheckConstraint("(status = 'withdrawn') = (withdrawn_at IS NOT NULL)", name="withdrawn_at"),
        CheckConstraint("status <> 'withdrawn' OR reason IS NOT NULL", name="withdrawn_why"),
        CheckConstraint(
            "withheld_at IS NULL OR published_at IS NOT NULL", name="withheld_when_out"
        ),
        Index("ix_releases_fund_id", "fund_id", "as_of_on"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(40), unique=True)
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    class_name: Mapped[str] = mapped_column(Text(10))
    as_of_on: Mapped[date]
    known_seq: Mapped[int] = mapped_column(BigInteger)
    threshold: Mapped[int]
    indicators: Mapped[str] = mapped_column(Text(400))
    pattern_id: Mapped[str] = mapped_column(Text(64))
    basis: Mapped[str] = mapped_column(Text(64))
    cells: Mapped[int]
    status: Mapped[str] = mapped_column(Text(10))
    reason: Mapped[str | None] = mapped_column(Text(2000))
    prepared_at: Mapped[datetime]
    prepared_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    published_at: Mapped[datetime | None]
    published_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    withheld_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}


class ReleaseCell(Base):
    """What is told of one count: at least ``low``, at most ``high``; both alike where it is shown.

    A hidden count itself is nowhere in this table. Never changed.
    """

    __tablename__ = "release_cells"
    __table_args__ = (
        UniqueConstraint(
            "release_id", "indicator", "level", "unit", "period", "dimension", "code", "measure",
            name="uq_release_cells_cell",
        ),
        one_of("level", LEVELS),
        one_of("measure", MEASURES),
        CheckConstraint("low >= 0 AND (high IS NULL OR low <= high)", name="ordered"),
        {"info": {"append_only": True}},
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    release_id: Mapped[UUID] = mapped_column(ForeignKey("releases.id"))
    position: Mapped[int]
    indicator: Mapped[str] = mapped_column(Text(10))
    level: Mapped[str] = mapped_column(Text(10))
    unit: Mapped[str] = mapped_column(Text(80))
    period: Mapped[str] = mapped_column(Text(20))
    dimension: Mapped[str] = mapped_column(Text(20))
    code: Mapped[str] = mapped_column(Text(60))
    measure: Mapped[str] = mapped_column(Text(12))
    low: Mapped[int] = mapped_column(BigInteger)
    high: Mapped[int | None] = mapped_column(BigInteger)


register_constraints(
    {
        "ck_releases_two_persons": ("same-person", "constraint.release_two_persons"),
        "uq_releases_code": ("already-exists", "constraint.release_code"),
    }
)
