"""Tables of payments to grantees: disbursements, the duties in them, and what keeps them back.

Amounts are in the fund's base currency, in minor units, unless a currency stands beside them.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, in_range, one_of, whole
from fundops.errors import register_constraints

STATUSES = (
    "requested",
    "sent_back",
    "certified",
    "approved",
    "sent",
    "paid",
    "returned",
    "rejected",
    "failed",
    "cancelled",
)
"""``sent``: released to the bank, which has not answered; ``failed``: the bank refused it;
``returned``: it was paid and came back; ``rejected``: an approver refused it."""

WAITING = ("requested", "sent_back", "certified", "approved", "sent")
"""Statuses in which the amount still counts as asked for."""

EVIDENCE_KINDS = ("bank_statement", "bank_advice", "host_system", "import")
DUTIES = ("certify", "approve", "pay")


class Disbursement(Base):
    """A payment to a grantee: requested, certified, approved, released and paid, once.

    ``certified_digest`` and ``approved_digest`` are of everything that the person answered for
    (``covered``); a change of any of it makes the approval void. ``sent_by_id`` is who released
    the money, ``paid_by_id`` who recorded that the bank had paid it.
    """

    __tablename__ = "disbursements"
    KEEPS_HANDS: ClassVar[bool] = True
    __table_args__ = (
        one_of("status", STATUSES),
        one_of("evidence_kind", EVIDENCE_KINDS),
        in_range("amount_minor"),
        whole("amount_minor"),
        CheckConstraint(
            "paid_by_id IS NULL OR requested_by_id IS NULL OR paid_by_id <> requested_by_id"
            " OR evidence_kind = 'bank_statement'",
            name="two_persons",
        ),
        CheckConstraint("approved_by_id <> certified_by_id", name="certifier_not_approver"),
        CheckConstraint("approved_by_id <> requested_by_id", name="requester_not_approver"),
        CheckConstraint(
            "sent_by_id <> requested_by_id AND sent_by_id <> certified_by_id"
            " AND sent_by_id <> approved_by_id",
            name="payer_is_another",
        ),
        CheckConstraint(
            "status NOT IN ('certified', 'approved', 'sent') OR (certified_by_id IS NOT NULL"
            " AND certified_digest IS NOT NULL)",
            name="certified_by_somebody",
        ),
        CheckConstraint(
            "status NOT IN ('approved', 'sent') OR (approved_by_id IS NOT NULL"
            " AND approved_digest IS NOT NULL)",
            name="approved_by_somebody",
        ),
        CheckConstraint("status <> 'sent' OR sent_by_id IS NOT NULL", name="sent_by_somebody"),
        CheckConstraint("(status IN ('paid', 'returned')) = (paid_on IS NOT NULL)",
            name="paid_has_date",
        ),
        CheckConstraint("(status = 'returned') = (returned_on IS NOT NULL)",
            name="returned_has_date",
        ),
        CheckConstraint(
            "(confirmed_on IS NULL) = (confirmed_minor IS NULL)"
            " AND (confirmed_minor IS NULL) = (confirmed_currency IS NULL)",
            name="confirmation_whole",
        ),
        CheckConstraint("confirmed_minor >= 0 AND confirmed_charges_minor >= 0",
            name="confirmation_positive",
        ),
        whole("confirmed_minor"),
        whole("confirmed_charges_minor"),
        Index("ix_disbursements_grant_id", "grant_id"),
        Index("ix_disbursements_status", "status"),
        Index("ix_disbursements_account_id", "account_id"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(80), unique=True)
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("grants.id"))
    tranche_id: Mapped[UUID | None] = mapped_column(ForeignKey("tranches.id"))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    requested_on: Mapped[date]
    requested_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    paid_on: Mapped[date | None]
    paid_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    reference: Mapped[str | None] = mapped_column(Text(140))
    status: Mapped[str] = mapped_column(Text(10))
    version: Mapped[int] = mapped_column()
    created_at: Mapped[datetime]
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("bank_accounts.id"))
    certified_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    certified_at: Mapped[datetime | None]
    certified_digest: Mapped[str | None] = mapped_column(Text(64))
    approved_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    approved_at: Mapped[datetime | None]
    approved_digest: Mapped[str | None] = mapped_column(Text(64))
    sent_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    sent_at: Mapped[datetime | None]
    evidence_kind: Mapped[str | None] = mapped_column(Text(20))
    evidence_note: Mapped[str | None] = mapped_column(Text(2000))
    evidence_file_id: Mapped[UUID | None] = mapped_column(ForeignKey("files.id"))
    returned_on: Mapped[date | None]
    review_due_on: Mapped[date | None]
    reviewed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    reviewed_at: Mapped[datetime | None]
    review_note: Mapped[str | None] = mapped_column(Text(2000))
    confirmed_on: Mapped[date | None]
    confirmed_minor: Mapped[int | None] = mapped_column(BigInteger)
    confirmed_currency: Mapped[str | None] = mapped_column(Text(3))
    confirmed_charges_minor: Mapped[int | None] = mapped_column(BigInteger)
    confirmed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))

    __mapper_args__ = {"version_id_col": version}


class DisbursementStep(Base):
    """One step that one person took of a disbursement, kept as it was even when it became void.

    ``principals`` is canonical JSON of the ids of whose authority the step stands on: the person,
    who lent the role, who issued the token. ``digest`` is of what was answered for.
    """

    __tablename__ = "disbursement_steps"
    __table_args__ = (
        Index("ix_disbursement_steps_disbursement_id", "disbursement_id"),
        {"info": {"append_only": True}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    disbursement_id: Mapped[UUID] = mapped_column(ForeignKey("disbursements.id"))
    action: Mapped[str] = mapped_column(Text(20))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    principals: Mapped[str] = mapped_column(Text(4000))
    digest: Mapped[str | None] = mapped_column(Text(64))
    reason: Mapped[str | None] = mapped_column(Text(2000))
    taken_at: Mapped[datetime]


class DutyProfile(Base):
    """Which steps of a payment need different persons, per fund and amount; two persons set it.

    ``content`` is canonical JSON of ``duties.Profile``. The profile in force on a day is the one
    approved with the latest ``starts_on`` not after it.
    """

    __tablename__ = "duty_profiles"
    __table_args__ = (
        UniqueConstraint("fund_id", "number"),
        one_of("status", ("proposed", "approved", "refused")),
        CheckConstraint("decided_by_id <> proposed_by_id", name="two_persons"),
        CheckConstraint("(status = 'proposed') = (decided_by_id IS NULL)", name="decided"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    number: Mapped[int]
    starts_on: Mapped[date]
    content: Mapped[str] = mapped_column(Text(20_000))
    reason: Mapped[str] = mapped_column(Text(2000))
    status: Mapped[str] = mapped_column(Text(10))
    proposed_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    proposed_at: Mapped[datetime]
    decided_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    decided_at: Mapped[datetime | None]


class PersonLimit(Base):
    """The most a person may certify, approve or pay at once, for a fund; two persons set it."""

    __tablename__ = "person_limits"
    __table_args__ = (
        one_of("duty", DUTIES),
        one_of("status", ("proposed", "approved", "refused", "ended")),
        in_range("limit_minor"),
        whole("limit_minor"),
        CheckConstraint("decided_by_id <> proposed_by_id", name="two_persons"),
        CheckConstraint(
            "person_id <> proposed_by_id AND person_id <> decided_by_id", name="not_ones_own"
        ),
        Index("ix_person_limits_person_id", "person_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    duty: Mapped[str] = mapped_column(Text(10))
    limit_minor: Mapped[int] = mapped_column(BigInteger)
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    reason: Mapped[str] = mapped_column(Text(2000))
    status: Mapped[str] = mapped_column(Text(10))
    proposed_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    proposed_at: Mapped[datetime]
    decided_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    decided_at: Mapped[datetime | None]


class PaymentHold(Base):
    """A stop on payments of a grantee, a grant or one disbursement; another person lifts it."""

    __tablename__ = "payment_holds"
    __table_args__ = (
        CheckConstraint(
            "(party_id IS NOT NULL AND grant_id IS NULL AND disbursement_id IS NULL)"
            " OR (party_id IS NULL AND grant_id IS NOT NULL AND disbursement_id IS NULL)"
            " OR (party_id IS NULL AND grant_id IS NULL AND disbursement_id IS NOT NULL)",
            name="one_subject",
        ),
        CheckConstraint("lifted_by_id <> placed_by_id", name="two_persons"),
        CheckConstraint("(lifted_by_id IS NULL) = (lifted_at IS NULL)", name="lifted_whole"),
        Index("ix_payment_holds_party_id", "party_id"),
        Index("ix_payment_holds_grant_id", "grant_id"),
        Index("ix_payment_holds_disbursement_id", "disbursement_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    fund_id: Mapped[UUID | None] = mapped_column(ForeignKey("funds.id"))
    party_id: Mapped[UUID | None] = mapped_column(ForeignKey("parties.id"))
    grant_id: Mapped[UUID | None] = mapped_column(ForeignKey("grants.id"))
    disbursement_id: Mapped[UUID | None] = mapped_column(ForeignKey("disbursements.id"))
    reason: Mapped[str] = mapped_column(Text(2000))
    placed_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    placed_at: Mapped[datetime]
    lifted_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    lifted_at: Mapped[datetime | None]
    lift_reason: Mapped[str | None] = mapped_column(Text(2000))


class SanctionsCheck(Base):
    """A party looked up in sanctions lists on a day; a person says what a hit means.

    ``clear`` found nothing; ``hits`` waits for a person, who makes it ``false_match`` or
    ``true_match``. Only ``clear`` and ``false_match`` let money go, for as long as the fund's
    policy says.
    """

    __tablename__ = "sanctions_checks"
    __table_args__ = (
        one_of("status", ("clear", "hits", "false_match", "true_match")),
        CheckConstraint("resolved_by_id <> checked_by_id", name="two_persons"),
        CheckConstraint(
            "(status IN ('false_match', 'true_match')) = (resolved_by_id IS NOT NULL)",
            name="resolved_by_somebody",
        ),
        Index("ix_sanctions_checks_party_id", "party_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"))
    checked_on: Mapped[date]
    lists: Mapped[str] = mapped_column(Text(1000))
    names: Mapped[str] = mapped_column(Text(4000))
    note: Mapped[str | None] = mapped_column(Text(2000))
    status: Mapped[str] = mapped_column(Text(12))
    checked_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    checked_at: Mapped[datetime]
    resolved_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    resolved_at: Mapped[datetime | None]
    resolution: Mapped[str | None] = mapped_column(Text(2000))


register_constraints(
    {
        "ck_disbursements_two_persons": ("same-person", "constraint.disbursement_two_persons"),
        "ck_disbursements_certifier_not_approver": (
            "same-person", "constraint.certifier_not_approver",
        ),
        "ck_disbursements_requester_not_approver": (
            "same-person", "constraint.requester_not_approver",
        ),
        "ck_disbursements_payer_is_another": ("same-person", "constraint.payer_is_another"),
        "ck_duty_profiles_two_persons": ("same-person", "constraint.two_persons_set"),
        "ck_person_limits_two_persons": ("same-person", "constraint.two_persons_set"),
        "ck_person_limits_not_ones_own": ("same-person", "constraint.limit_not_ones_own"),
        "ck_payment_holds_two_persons": ("same-person", "constraint.hold_two_persons"),
        "ck_sanctions_checks_two_persons": ("same-person", "constraint.sanctions_two_persons"),
        "uq_duty_profiles_fund_id_number": ("stale", "constraint.duty_profile_number"),
    }
)  # fmt: skip
