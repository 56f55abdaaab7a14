"""The table of what parties confirmed to be nobody's who must be protected."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, one_of

CONFIRMED_AS = ("staff", "official", "published_contact")


class ConfirmedItem(Base):
    """That a grantee confirmed an item found by screening as no victim's, once for all it writes.

    ``item_key`` is a keyed digest: the item itself is not kept.
    """

    __tablename__ = "confirmed_items"
    __table_args__ = (
        UniqueConstraint("party_id", "item_key"),
        one_of("confirmed_as", CONFIRMED_AS),
        {"info": {"append_only": True}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"))
    item_key: Mapped[str] = mapped_column(Text(64))
    confirmed_as: Mapped[str] = mapped_column(Text(20))
    confirmed_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    created_at: Mapped[datetime]
