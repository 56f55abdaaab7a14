"""Tables of payees: the bank accounts that grantees are paid to, encrypted."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, one_of, whole
from fundops.errors import register_constraints

ACCOUNT_KINDS = ("iban", "local", "vendor")
"""An IBAN, a number in a national scheme, or the payee's number at a hosting organisation."""

ACCOUNT_STATUSES = ("proposed", "active", "retired", "refused")
ORIGINS = ("first", "change", "advance", "emergency")
"""Why an account was registered: the first one, instead of another, beside it in advance, or at
once in an emergency."""


class BankAccount(Base):
    """Where a party is paid. ``details`` is ciphertext under the key ``key_id``.

    ``fingerprint`` is a keyed digest of the normalised number: equal numbers are noticed without
    being read. ``usable_from`` is the end of the cooling period. ``cap_minor`` bounds what may be
    paid, in all, to an account of an emergency, in minor units of ``currency``.
    """

    __tablename__ = "bank_accounts"
    __table_args__ = (
        one_of("kind", ACCOUNT_KINDS),
        one_of("status", ACCOUNT_STATUSES),
        one_of("origin", ORIGINS),
        CheckConstraint("approved_by_id <> proposed_by_id", name="two_persons"),
        CheckConstraint(
            "status <> 'active' OR (approved_by_id IS NOT NULL AND usable_from IS NOT NULL)",
            name="active_was_approved",
        ),
        CheckConstraint(
            "(origin = 'emergency') = (cap_minor IS NOT NULL)", name="emergency_capped"
        ),
        CheckConstraint("cap_minor > 0", name="cap_positive"),
        whole("cap_minor"),
        Index("ix_bank_accounts_party_id", "party_id"),
        Index("ix_bank_accounts_fingerprint", "fingerprint"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"))
    kind: Mapped[str] = mapped_column(Text(10))
    currency: Mapped[str] = mapped_column(Text(3))
    country: Mapped[str | None] = mapped_column(Text(2))
    details: Mapped[str] = mapped_column(Text(4000))
    key_id: Mapped[str] = mapped_column(Text(64))
    fingerprint: Mapped[str] = mapped_column(Text(64))
    masked: Mapped[str] = mapped_column(Text(60))
    origin: Mapped[str] = mapped_column(Text(10))
    replaces_id: Mapped[UUID | None] = mapped_column(ForeignKey("bank_accounts.id"))
    reason: Mapped[str] = mapped_column(Text(2000))
    status: Mapped[str] = mapped_column(Text(10))
    proposed_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    proposed_at: Mapped[datetime]
    approved_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    approved_at: Mapped[datetime | None]
    usable_from: Mapped[datetime | None]
    cap_minor: Mapped[int | None] = mapped_column(BigInteger)
    ended_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    created_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}


register_constraints(
    {
        "ck_bank_accounts_two_persons": ("same-person", "constraint.bank_account_two_persons"),
        "ck_bank_accounts_active_was_approved": (
            "conflict", "constraint.bank_account_approved",
        ),
    }
)  # fmt: skip
