"""The table of what keeps the digests of reports from being guessed."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text


class ReportSalt(Base):
    """The secret part of the digests of a version and its figures. Never changed, never shown.

    Counts of victims are small: whoever may read a digest without it, an auditor or a finance
    officer, could try out all of them.
    """

    __tablename__ = "report_salts"
    __table_args__ = ({"info": {"append_only": True}},)

    version_id: Mapped[UUID] = mapped_column(ForeignKey("report_versions.id"), primary_key=True)
    salt: Mapped[str] = mapped_column(Text(64))
