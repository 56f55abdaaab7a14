"""Tables of incidents: what happened in few words, who handles it, what it stopped and who is told.

No table here holds anything of victims: texts are screened before they are kept, there are no
files, and nothing counts or describes persons.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, one_of
from fundops.errors import register_constraints

INCIDENT_STATUSES = ("reported", "assessed", "investigated", "closed")
OUTCOMES = ("substantiated", "not_substantiated", "referred")
NOTICE_STATUSES = ("owed", "sent")
SENT_HOW = ("notice", "letter")


class Incident(Base):
    """Something that went wrong, restricted to who handles it. Its texts stand by themselves.

    ``reported_by_id`` is null where the reporter wants to be nobody; ``follow_up_sha256`` is the
    digest of the code by which whoever reported can ask how it stands.
    """

    __tablename__ = "incidents"
    __table_args__ = (
        one_of("status", INCIDENT_STATUSES),
        one_of("outcome", OUTCOMES),
        CheckConstraint("(status = 'closed') = (closed_by_id IS NOT NULL)", name="closed_by_one"),
        CheckConstraint("(status = 'closed') = (outcome IS NOT NULL)", name="closed_with_outcome"),
        CheckConstraint("assessed_by_id <> reported_by_id", name="assessed_by_other"),
        CheckConstraint("closed_by_id <> assessed_by_id", name="closed_by_other"),
        UniqueConstraint("follow_up_sha256"),
        Index("ix_incidents_fund_id", "fund_id"),
        Index("ix_incidents_grant_id", "grant_id"),
        Index("ix_incidents_party_id", "party_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(80), unique=True)
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    grant_id: Mapped[UUID | None] = mapped_column(ForeignKey("grants.id"))
    party_id: Mapped[UUID | None] = mapped_column(ForeignKey("parties.id"))
    kind: Mapped[str] = mapped_column(Text(40))
    occurred_on: Mapped[date | None]
    status: Mapped[str] = mapped_column(Text(14))
    outcome: Mapped[str | None] = mapped_column(Text(20))
    follow_up_sha256: Mapped[str] = mapped_column(Text(64))
    reported_on: Mapped[date]
    reported_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    reported_at: Mapped[datetime]
    assessed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    assessed_at: Mapped[datetime | None]
    investigated_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    investigated_at: Mapped[datetime | None]
    closed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}


class IncidentText(Base):
    """What was written of an incident at one of its steps; events tell its salted digest alone."""

    __tablename__ = "incident_texts"
    __table_args__ = (
        one_of("kind", ("reported", "assessed", "investigated", "closed")),
        UniqueConstraint("incident_id", "kind"),
        {"info": {"append_only": True}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incidents.id"))
    kind: Mapped[str] = mapped_column(Text(14))
    body: Mapped[str] = mapped_column(Text(4000))
    salt: Mapped[bytes] = mapped_column(LargeBinary(16))
    sha256: Mapped[str] = mapped_column(Text(64))
    created_at: Mapped[datetime]


class IncidentHandler(Base):
    """That a person beside the fund managers and auditors handles an incident. Never changed."""

    __tablename__ = "incident_handlers"
    __table_args__ = (
        UniqueConstraint("incident_id", "person_id"),
        Index("ix_incident_handlers_person_id", "person_id"),
        {"info": {"append_only": True}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incidents.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    named_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    created_at: Mapped[datetime]


class IncidentHold(Base):
    """A hold on payments that an incident placed, which does not say why. Never changed."""

    __tablename__ = "incident_holds"
    __table_args__ = (
        UniqueConstraint("hold_id"),
        Index("ix_incident_holds_incident_id", "incident_id"),
        {"info": {"append_only": True}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incidents.id"))
    hold_id: Mapped[UUID] = mapped_column(ForeignKey("payment_holds.id"))
    created_at: Mapped[datetime]


class IncidentNotice(Base):
    """That a donor whose money is concerned must be told, until when, and how it was.

    ``messages`` are those that were to be sent, ``reference`` is the letter's.
    """

    __tablename__ = "incident_notices"
    __table_args__ = (
        one_of("status", NOTICE_STATUSES),
        one_of("sent_how", SENT_HOW),
        CheckConstraint(
            "(status = 'sent') = (sent_at IS NOT NULL) AND (status = 'sent')"
            " = (sent_by_id IS NOT NULL) AND (status = 'sent') = (sent_how IS NOT NULL)",
            name="sent_whole",
        ),
        CheckConstraint("sent_how <> 'letter' OR reference IS NOT NULL", name="letter_is_named"),
        CheckConstraint("sent_how <> 'notice' OR messages > 0", name="notice_reached"),
        UniqueConstraint("incident_id", "donor_id"),
        Index("ix_incident_notices_due_on", "due_on"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(80), unique=True)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incidents.id"))
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    donor_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"))
    due_on: Mapped[date]
    status: Mapped[str] = mapped_column(Text(8))
    sent_how: Mapped[str | None] = mapped_column(Text(8))
    reference: Mapped[str | None] = mapped_column(Text(140))
    messages: Mapped[int | None]
    sent_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    sent_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}


class IncidentRead(Base):
    """That a person read an incident. Never changed."""

    __tablename__ = "incident_reads"
    __table_args__ = (
        Index("ix_incident_reads_incident_id", "incident_id"),
        {"info": {"append_only": True}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incidents.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    read_at: Mapped[datetime]


register_constraints(
    {
        "ck_incidents_assessed_by_other": ("same-person", "constraint.incident_two_persons"),
        "ck_incidents_closed_by_other": ("same-person", "constraint.incident_two_persons"),
        "uq_incident_handlers_incident_id_person_id": (
            "already-exists", "constraint.incident_handler",
        ),
        "ck_incident_notices_letter_is_named": ("conflict", "constraint.incident_letter"),
        "ck_incident_notices_notice_reached": ("conflict", "constraint.incident_notice"),
    }
)  # fmt: skip
