"""Tables of payees: the bank accounts that grantees are paid to, encrypted, and call-backs."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from fundops import vault
from fundops.db import Base, Text, one_of, whole
from fundops.errors import register_constraints
from fundops.files.models import File

ACCOUNT_KINDS = ("iban", "local", "vendor")
"""An IBAN, a number in a national scheme, or the payee's number at a hosting organisation."""

ACCOUNT_STATUSES = ("proposed", "active", "blocked", "retired", "refused")
ORIGINS = ("first", "change", "advance", "emergency")
"""Why an account was registered: the first one, instead of another, beside it in advance, or at
once in an emergency."""

ANSWERS = ("confirmed", "denied", "unreached")
"""What came of a call-back: they asked for the account, they did not, or nobody answered."""


class BankAccount(Base):
    """Where a party is paid. ``details`` is ciphertext under the key ``key_id``; they never change.

    ``fingerprint`` is a keyed digest of the normalised number: equal numbers are noticed without
    being read; ``is_elsewhere`` says that another party had it when this was proposed.
    ``proposed_hands`` is JSON of the ids of all whose authority the proposal was made on.
    ``usable_from`` is the end of the cooling period. ``cap_minor`` bounds what may be paid, in
    all, to an account of an emergency, in minor units of ``cap_currency``.
    """

    __tablename__ = "bank_accounts"
    __table_args__ = (
        one_of("kind", ACCOUNT_KINDS),
        one_of("status", ACCOUNT_STATUSES),
        one_of("origin", ORIGINS),
        CheckConstraint("approved_by_id <> proposed_by_id", name="two_persons"),
        CheckConstraint(
            "status NOT IN ('active', 'blocked')"
            " OR (approved_by_id IS NOT NULL AND usable_from IS NOT NULL)",
            name="active_was_approved",
        ),
        CheckConstraint(
            "origin <> 'first' OR evidence IS NOT NULL OR evidence_file_id IS NOT NULL",
            name="first_has_evidence",
        ),
        CheckConstraint(
            "(origin = 'emergency') = (cap_minor IS NOT NULL)", name="emergency_capped"
        ),
        CheckConstraint("cap_minor > 0", name="cap_positive"),
        CheckConstraint("(cap_minor IS NULL) = (cap_currency IS NULL)", name="cap_has_currency"),
        CheckConstraint(
            "(status = 'blocked') = (blocked_by_id IS NOT NULL AND blocked_at IS NOT NULL"
            " AND ended_at IS NULL)",
            name="blocked_by_somebody",
        ),
        CheckConstraint(
            "(status IN ('retired', 'refused')) = (ended_at IS NOT NULL)", name="ended_when_over"
        ),
        whole("cap_minor"),
        Index("ix_bank_accounts_party_id", "party_id"),
        Index("ix_bank_accounts_fingerprint", "fingerprint"),
        Index("ix_bank_accounts_replaces_id", "replaces_id"),
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
    holder_initials: Mapped[str] = mapped_column(Text(20))
    is_elsewhere: Mapped[bool] = mapped_column(default=False)
    origin: Mapped[str] = mapped_column(Text(10))
    replaces_id: Mapped[UUID | None] = mapped_column(ForeignKey("bank_accounts.id"))
    reason: Mapped[str] = mapped_column(Text(2000))
    evidence: Mapped[str | None] = mapped_column(Text(2000))
    evidence_file_id: Mapped[UUID | None] = mapped_column(ForeignKey(File.id))
    status: Mapped[str] = mapped_column(Text(10))
    proposed_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    proposed_hands: Mapped[str] = mapped_column(Text(2000))
    proposed_at: Mapped[datetime]
    approved_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    approved_at: Mapped[datetime | None]
    elsewhere_reason: Mapped[str | None] = mapped_column(Text(2000))
    usable_from: Mapped[datetime | None]
    cap_minor: Mapped[int | None] = mapped_column(BigInteger)
    cap_currency: Mapped[str | None] = mapped_column(Text(3))
    blocked_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    blocked_at: Mapped[datetime | None]
    blocked_reason: Mapped[str | None] = mapped_column(Text(2000))
    ended_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    ended_at: Mapped[datetime | None]
    ended_reason: Mapped[str | None] = mapped_column(Text(2000))
    version: Mapped[int] = mapped_column()
    created_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}


class CallBack(Base):
    """A call to a payee about an account of an emergency, on a channel verified before it.

    ``channel_id`` names the contact channel, ``called_masked`` its address as far as it is shown,
    ``spoke_to`` the office or function that answered. ``proposed_by_id`` is the account's.
    """

    __tablename__ = "call_backs"
    __table_args__ = (
        one_of("answer", ANSWERS),
        CheckConstraint("called_by_id <> proposed_by_id", name="not_proposer"),
        Index("ix_call_backs_account_id", "account_id"),
        {"info": {"append_only": True}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey(BankAccount.id))
    channel_id: Mapped[UUID]
    channel_kind: Mapped[str] = mapped_column(Text(20))
    called_masked: Mapped[str] = mapped_column(Text(60))
    channel_verified_at: Mapped[datetime]
    called_at: Mapped[datetime]
    called_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    proposed_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    spoke_to: Mapped[str] = mapped_column(Text(200))
    answer: Mapped[str] = mapped_column(Text(10))
    note: Mapped[str | None] = mapped_column(Text(2000))
    recorded_at: Mapped[datetime]


vault.holds(BankAccount.key_id)

register_constraints(
    {
        "ck_bank_accounts_two_persons": ("same-person", "constraint.bank_account_two_persons"),
        "ck_bank_accounts_active_was_approved": (
            "conflict", "constraint.bank_account_approved",
        ),
        "ck_call_backs_not_proposer": ("same-person", "constraint.call_back_not_proposer"),
    }
)  # fmt: skip
