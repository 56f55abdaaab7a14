"""Tables of impact: targets that a source tells of grants whose agreements are not here."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, whole


class SourceTarget(Base):
    """What a source says was planned for an imported grant: undivided, or under one code.

    It counts as an agreed target where the grant has no agreement here. As known at K those count
    with ``recorded_seq <= K`` and no ``superseded_seq <= K``. ``dimension`` and ``code`` are as in
    ``report_values``.
    """

    __tablename__ = "source_targets"
    __table_args__ = (
        CheckConstraint("target >= 0", name="count"),
        CheckConstraint("superseded_seq > recorded_seq", name="superseded_later"),
        CheckConstraint("(dimension = 'total') = (code = '')", name="total_has_no_code"),
        whole("target"),
        Index(
            "uq_source_targets_standing", "grant_id", "indicator", "dimension", "code",
            unique=True,
            sqlite_where=text("superseded_seq IS NULL"),
            postgresql_where=text("superseded_seq IS NULL"),
        ),
        Index("ix_source_targets_fund_id", "fund_id"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("grants.id"))
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    indicator: Mapped[str] = mapped_column(Text(10))
    dimension: Mapped[str] = mapped_column(Text(20))
    code: Mapped[str] = mapped_column(Text(40))
    target: Mapped[int] = mapped_column(BigInteger)
    recorded_seq: Mapped[int] = mapped_column(BigInteger)
    superseded_seq: Mapped[int | None] = mapped_column(BigInteger)
