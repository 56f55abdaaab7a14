"""Tables of parties and persons: who we deal with, who acts, with which role, from when to when."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundops.authz import Role
from fundops.db import Base, Text, one_of
from fundops.errors import register_constraints
from fundops.ledger.models import Fund

PARTY_KINDS = (
    "state",
    "intergovernmental",
    "civil_society",
    "private_sector",
    "foundation",
    "media",
    "individual",
    "pseudo",
)
"""Kinds of party; ``pseudo`` are our own stand-ins, such as "Unattributed opening balance"."""


class Party(Base):
    """An organisation or individual we deal with: donor, payer, grantee.

    ``public_label`` is what outsiders read where the party is at risk or asks for anonymity.
    """

    __tablename__ = "parties"
    __table_args__ = (one_of("kind", PARTY_KINDS), one_of("status", ("active", "frozen")))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(40), unique=True)
    kind: Mapped[str] = mapped_column(Text(20))
    name: Mapped[str] = mapped_column(Text(300))
    country: Mapped[str | None] = mapped_column(Text(2))
    region: Mapped[str | None] = mapped_column(Text(120))
    public_label: Mapped[str] = mapped_column(Text(300))
    is_at_risk: Mapped[bool] = mapped_column(default=False)
    is_anonymous: Mapped[bool] = mapped_column(default=False)
    status: Mapped[str] = mapped_column(Text(10), default="active")
    version: Mapped[int] = mapped_column()
    created_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}


class PartyAlias(Base):
    """Another spelling of a party's name in legacy data, used once a person has reviewed it."""

    __tablename__ = "party_aliases"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    spelling: Mapped[str] = mapped_column(Text(300), unique=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"))
    reviewed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    created_at: Mapped[datetime]


FREEZE_STATUSES = ("in_force", "restore_requested", "restored")


class PartyFreeze(Base):
    """A period in which a party's persons have no access: begun by one, ended by two others."""

    __tablename__ = "party_freezes"
    __table_args__ = (
        one_of("status", FREEZE_STATUSES),
        CheckConstraint(
            "restore_requested_by_id IS NULL OR restored_by_id IS NULL"
            " OR restore_requested_by_id <> restored_by_id",
            name="two_restore",
        ),
        CheckConstraint(
            "(restore_requested_by_id IS NULL OR restore_requested_by_id <> frozen_by_id)"
            " AND (restored_by_id IS NULL OR restored_by_id <> frozen_by_id)",
            name="others_restore",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"), index=True)
    status: Mapped[str] = mapped_column(Text(20), default="in_force")
    reason: Mapped[str] = mapped_column(Text(2000))
    frozen_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    frozen_at: Mapped[datetime]
    restore_requested_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    restore_requested_at: Mapped[datetime | None]
    restored_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    restored_at: Mapped[datetime | None]


class Person(Base):
    """A human who acts, through memberships. Every token and delegation belongs to one."""

    __tablename__ = "persons"
    __table_args__ = (one_of("status", ("active", "left")),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(40), unique=True)
    name: Mapped[str] = mapped_column(Text(200))
    language: Mapped[str | None] = mapped_column(Text(12))
    status: Mapped[str] = mapped_column(Text(10), default="active")
    version: Mapped[int] = mapped_column()
    created_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}


class SamePerson(Base):
    """Two records of one human: where duties are kept apart, both count as the same person."""

    __tablename__ = "same_persons"
    __table_args__ = (
        UniqueConstraint("person_id", "other_id"),
        CheckConstraint("person_id <> other_id", name="two_records"),
        CheckConstraint(
            "recorded_by_id <> person_id AND recorded_by_id <> other_id", name="by_another"
        ),
        {"info": {"append_only": True}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    other_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    reason: Mapped[str] = mapped_column(Text(2000))
    recorded_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    recorded_at: Mapped[datetime]


class Membership(Base):
    """A role one person holds, for a party or not, for one fund or all, from when to when.

    Rows are ended, never deleted, so that who could do what at any past instant can be shown.
    ``delegated_by_id`` marks a delegation: a role lent by its holder between two instants, out of
    the holder's own ``lent_membership_id``, with which it ends.
    """

    __tablename__ = "memberships"
    __table_args__ = (
        one_of("role", [role.value for role in Role]),
        CheckConstraint(
            "(role IN ('donor', 'grantee')) = (party_id IS NOT NULL)", name="party_when_needed"
        ),
        CheckConstraint("valid_until IS NULL OR valid_from <= valid_until", name="period_ordered"),
        CheckConstraint(
            "delegated_by_id IS NULL OR (valid_until IS NOT NULL AND delegated_by_id <> person_id)",
            name="delegation_ends",
        ),
        CheckConstraint(
            "(delegated_by_id IS NULL) = (lent_membership_id IS NULL)", name="delegation_lends"
        ),
        Index("ix_memberships_person_id", "person_id"),
        Index("ix_memberships_party_id", "party_id"),
        Index("ix_memberships_lent_membership_id", "lent_membership_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    role: Mapped[str] = mapped_column(Text(30))
    party_id: Mapped[UUID | None] = mapped_column(ForeignKey("parties.id"))
    fund_id: Mapped[UUID | None] = mapped_column(ForeignKey(Fund.id))
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime | None]
    delegated_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    lent_membership_id: Mapped[UUID | None] = mapped_column(ForeignKey("memberships.id"))
    reason: Mapped[str | None] = mapped_column(Text(2000))
    granted_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    ended_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    created_at: Mapped[datetime]


class Token(Base):
    """A bearer credential of one person; only its SHA-256 is stored.

    ``role``, ``party_id`` and ``fund_id`` narrow it to part of what the person holds.
    ``made_with_id`` is the person's own token that made this one, which dies with it.
    """

    __tablename__ = "tokens"
    __table_args__ = (Index("ix_tokens_person_id", "person_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    label: Mapped[str] = mapped_column(Text(120))
    role: Mapped[str | None] = mapped_column(Text(30))
    party_id: Mapped[UUID | None] = mapped_column(ForeignKey("parties.id"))
    fund_id: Mapped[UUID | None] = mapped_column(ForeignKey(Fund.id))
    made_with_id: Mapped[UUID | None] = mapped_column(ForeignKey("tokens.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


register_constraints(
    {
        "uq_parties_code": ("already-exists", "constraint.party_code"),
        "uq_persons_code": ("already-exists", "constraint.person_code"),
        "uq_same_persons_person_id_other_id": ("already-exists", "constraint.same_person_known"),
        "ck_same_persons_two_records": ("conflict", "constraint.same_person_two"),
        "ck_same_persons_by_another": ("same-person", "constraint.same_person_by_another"),
        "uq_party_aliases_spelling": ("already-exists", "constraint.alias_spelling"),
        "ck_memberships_period_ordered": ("conflict", "constraint.membership_period"),
        "ck_memberships_party_when_needed": ("conflict", "constraint.membership_party"),
        "ck_memberships_delegation_ends": ("conflict", "constraint.delegation_ends"),
        "ck_memberships_delegation_lends": ("conflict", "constraint.delegation_lends"),
        "ck_party_freezes_two_restore": ("same-person", "constraint.two_restore"),
        "ck_party_freezes_others_restore": ("same-person", "constraint.others_restore"),
    }
)
