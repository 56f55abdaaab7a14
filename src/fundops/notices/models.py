"""Tables of notices: the channels by which people and parties are reached, and the outbox.

Channels are a register: no row changes untold. An address is kept in a column of its own, masked
in every answer and never in the audit chain, which knows it by a salted digest.

The outbox is a queue. Its rows are written with the change that they tell of; what becomes of them
after that (``status``) is set by whoever holds their lease, not by steps of a person.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, one_of
from fundops.errors import register_constraints
from fundops.ledger.models import Fund
from fundops.notices.kinds import KINDS

CHANNEL_KINDS = ("email", "phone", "messenger")
CHANNEL_STATUSES = ("active", "retired")
VERIFIED_HOW = ("code", "person")
NOTICE_STATUSES = ("waiting", "sending", "sent", "failed", "dropped")
URGENCIES = ("at_once", "digest")
WHY_NOT = ("no_channel", "by_hand", "expired", "undeliverable")
"""Why a notice is not sent: its person has no channel for it, the channel needs a human, it is
too old to be of use, or every attempt failed."""


class ContactChannel(Base):
    """A way to reach a party, or one person; an address is never changed, but replaced.

    ``address_digest`` is SHA-256 of ``address_salt`` and the address: what the audit chain knows.
    ``secret_hash`` is kept of a code that was sent and may come back until ``code_until``.
    """

    __tablename__ = "contact_channels"
    __table_args__ = (
        one_of("kind", CHANNEL_KINDS),
        one_of("status", CHANNEL_STATUSES),
        one_of("verified_how", VERIFIED_HOW),
        CheckConstraint("(party_id IS NULL) <> (person_id IS NULL)", name="one_owner"),
        CheckConstraint("verified_by_id <> registered_by_id", name="verified_by_another"),
        CheckConstraint("(verified_how IS NULL) = (verified_at IS NULL)", name="verified_when"),
        CheckConstraint(
            "(COALESCE(verified_how, '') = 'person') = (verified_by_id IS NOT NULL)",
            name="verified_by_whom",
        ),
        CheckConstraint("(status = 'retired') = (retired_at IS NOT NULL)", name="retired_when"),
        Index("ix_contact_channels_party_id", "party_id"),
        Index("ix_contact_channels_person_id", "person_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID | None] = mapped_column(ForeignKey("parties.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    kind: Mapped[str] = mapped_column(Text(10))
    address: Mapped[str] = mapped_column(Text(254))
    address_salt: Mapped[bytes] = mapped_column(LargeBinary(16))
    address_digest: Mapped[str] = mapped_column(Text(64))
    language: Mapped[str] = mapped_column(Text(12))
    is_urgent_only: Mapped[bool] = mapped_column(default=False)
    status: Mapped[str] = mapped_column(Text(10))
    replaces_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact_channels.id"))
    registered_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    verified_how: Mapped[str | None] = mapped_column(Text(10))
    verified_at: Mapped[datetime | None]
    verified_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    secret_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    code_until: Mapped[datetime | None]
    code_tries: Mapped[int] = mapped_column(default=0)
    retired_at: Mapped[datetime | None]
    retired_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    version: Mapped[int] = mapped_column()
    created_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}


class Notice(Base):
    """One thing to tell one recipient by one channel; the outbox and, per person, the inbox.

    ``facts`` is JSON of what may be said. ``is_neutral`` says nothing but that there is something.
    ``in_inbox`` marks the one row of a person and event that stands in their inbox.
    ``event_seq`` is the last audit event when it was told. ``digest_id`` names the message that
    several rows share. ``lease_until`` is until when a worker may be sending it.
    """

    __tablename__ = "notices"
    __table_args__ = (
        one_of("kind", KINDS),
        one_of("urgency", URGENCIES),
        one_of("status", NOTICE_STATUSES),
        one_of("why", WHY_NOT),
        CheckConstraint("person_id IS NOT NULL OR party_id IS NOT NULL", name="somebody"),
        CheckConstraint("(status = 'sending') = (lease_until IS NOT NULL)", name="leased"),
        CheckConstraint("(status = 'sent') = (sent_at IS NOT NULL)", name="sent_when"),
        CheckConstraint("(status IN ('failed', 'dropped')) = (why IS NOT NULL)", name="told_why"),
        Index("ix_notices_status_next_try_at", "status", "next_try_at"),
        Index("ix_notices_channel_id", "channel_id", "status"),
        Index("ix_notices_person_id", "person_id"),
        Index("ix_notices_about_id", "about_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text(40))
    channel_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact_channels.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    party_id: Mapped[UUID | None] = mapped_column(ForeignKey("parties.id"))
    fund_id: Mapped[UUID | None] = mapped_column(ForeignKey(Fund.id))
    about_type: Mapped[str | None] = mapped_column(Text(40))
    about_id: Mapped[UUID | None]
    facts: Mapped[str] = mapped_column(Text(200))
    is_neutral: Mapped[bool]
    in_inbox: Mapped[bool]
    language: Mapped[str] = mapped_column(Text(12))
    urgency: Mapped[str] = mapped_column(Text(10))
    status: Mapped[str] = mapped_column(Text(10))
    why: Mapped[str | None] = mapped_column(Text(20))
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    digest_id: Mapped[UUID | None]
    sent_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    event_seq: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]


register_constraints(
    {
        "ck_contact_channels_verified_by_another": ("same-person", "constraint.channel_verified"),
    }
)
