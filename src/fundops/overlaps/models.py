"""The table of activities that others have published, kept to find overlaps with."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text


class PublishedActivity(Base):
    """An activity that somebody published (IATI): who, where, when and what, as far as told.

    ``organisations``, ``countries``, ``regions`` and ``places`` are JSON lists of texts.
    """

    __tablename__ = "published_activities"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    identifier: Mapped[str] = mapped_column(Text(300), unique=True)
    publisher: Mapped[str] = mapped_column(Text(300))
    title: Mapped[str] = mapped_column(Text(1000))
    description: Mapped[str] = mapped_column(Text(20_000))
    organisations: Mapped[str] = mapped_column(Text(20_000))
    countries: Mapped[str] = mapped_column(Text(2000))
    regions: Mapped[str] = mapped_column(Text(2000))
    places: Mapped[str] = mapped_column(Text(20_000))
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    source_sha256: Mapped[str] = mapped_column(Text(64))
    loaded_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}
