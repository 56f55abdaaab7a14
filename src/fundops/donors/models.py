"""Tables of money in: events, pledges, agreements with earmarks, instalments, receipts and lots.

Pledges, agreements and instalments are registers, off the ledger; receipts and lots are booked.
Amounts stand in minor units beside their currency; ``*_base_minor`` is in the fund's currency.
Shares and rates are parts per million (``130_000`` is 13 %).
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, in_range, one_of, whole
from fundops.errors import register_constraints
from fundops.funds.models import RATE_SOURCES

EVENT_KINDS = ("regional_meeting", "conference", "contact_group", "other")
COMMITMENT_KINDS = ("political", "in_kind")
COMMITMENT_STATUSES = ("open", "done", "dropped")
PLEDGE_STATUSES = ("pipeline", "pledged", "agreed", "cancelled")
AGREEMENT_STATUSES = ("draft", "active", "closed")
SUPPORT_COST_BASES = ("none", "receipt", "expenditure")
RECEIPT_STATUSES = ("booked", "reversed")
LOT_KINDS = ("receipt", "opening", "interest", "fund_transfer", "reprogram")
LOT_STATUSES = ("open", "reversed")
WRITE_OFF_STATUSES = ("requested", "approved", "rejected")
REPORT_KINDS = ("narrative", "financial", "audit", "other")

MILLION = 1_000_000


def share(column: str) -> CheckConstraint:
    """Return the CHECK that parts per million lie between 0 and 1."""
    return CheckConstraint(f"{column} >= 0 AND {column} <= {MILLION}", name=f"{column}_a_share")


class Event(Base):
    """A meeting out of which pledges and commitments come."""

    __tablename__ = "events"
    __table_args__ = (one_of("kind", EVENT_KINDS),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(40), unique=True)
    kind: Mapped[str] = mapped_column(Text(20))
    name: Mapped[str] = mapped_column(Text(300))
    place: Mapped[str | None] = mapped_column(Text(200))
    country: Mapped[str | None] = mapped_column(Text(2))
    held_on: Mapped[date]
    version: Mapped[int] = mapped_column()
    created_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}


class Commitment(Base):
    """A political or in-kind promise: followed up, valued if known, never part of any cash."""

    __tablename__ = "commitments"
    __table_args__ = (
        one_of("kind", COMMITMENT_KINDS),
        one_of("status", COMMITMENT_STATUSES),
        CheckConstraint("(value_minor IS NULL) = (currency IS NULL)", name="value_has_currency"),
        whole("value_minor"),
        Index("ix_commitments_party_id", "party_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(40), unique=True)
    kind: Mapped[str] = mapped_column(Text(20))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"))
    event_id: Mapped[UUID | None] = mapped_column(ForeignKey("events.id"))
    description: Mapped[str] = mapped_column(Text(4000))
    value_minor: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str | None] = mapped_column(Text(3))
    made_on: Mapped[date]
    follow_up_on: Mapped[date | None]
    follow_up_note: Mapped[str | None] = mapped_column(Text(4000))
    status: Mapped[str] = mapped_column(Text(10), default="open")
    version: Mapped[int] = mapped_column()
    created_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}


class Pledge(Base):
    """A donor's promise of cash to a fund, gross, in the donor's currency."""

    __tablename__ = "pledges"
    __table_args__ = (
        one_of("status", PLEDGE_STATUSES),
        in_range("amount_minor"),
        whole("amount_minor"),
        whole("base_minor"),
        Index("ix_pledges_fund_id_donor_id", "fund_id", "donor_id"),
        Index("ix_pledges_donor_id", "donor_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(60), unique=True)
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    donor_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"))
    event_id: Mapped[UUID | None] = mapped_column(ForeignKey("events.id"))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text(3))
    rate: Mapped[str | None] = mapped_column(Text(30))
    base_minor: Mapped[int | None] = mapped_column(BigInteger)
    fiscal_year: Mapped[int | None]
    pipeline_on: Mapped[date | None]
    pledged_on: Mapped[date | None]
    expected_on: Mapped[date | None]
    conditions: Mapped[str | None] = mapped_column(Text(4000))
    source_code: Mapped[str | None] = mapped_column(Text(120), index=True)
    status: Mapped[str] = mapped_column(Text(12))
    version: Mapped[int] = mapped_column()
    created_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}


class Agreement(Base):
    """The text that turns a pledge into money we may count on, with its earmark and charges.

    ``earmark`` is the canonical JSON of ``tracing.earmarks.Earmark``. ``support_cost_ppm`` is the
    rate on direct cost (13 % = 130000), charged on ``support_cost_basis``.
    """

    __tablename__ = "agreements"
    __table_args__ = (
        one_of("status", AGREEMENT_STATUSES),
        one_of("support_cost_basis", SUPPORT_COST_BASES),
        CheckConstraint("category BETWEEN 1 AND 4", name="category_known"),
        share("support_cost_ppm"),
        share("agent_fee_ppm"),
        Index("ix_agreements_fund_id_donor_id", "fund_id", "donor_id"),
        Index("ix_agreements_pledge_id", "pledge_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(60), unique=True)
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    donor_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"))
    pledge_id: Mapped[UUID | None] = mapped_column(ForeignKey("pledges.id"))
    title: Mapped[str] = mapped_column(Text(300))
    is_binding: Mapped[bool]
    conditions: Mapped[str | None] = mapped_column(Text(4000))
    has_return_obligation: Mapped[bool] = mapped_column(default=False)
    conditions_met_on: Mapped[date | None]
    signed_on: Mapped[date | None]
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    spend_by_on: Mapped[date | None]
    category: Mapped[int]
    earmark: Mapped[str] = mapped_column(Text(20_000))
    support_cost_basis: Mapped[str] = mapped_column(Text(12), default="none")
    support_cost_ppm: Mapped[int] = mapped_column(default=0)
    agent_fee_ppm: Mapped[int] = mapped_column(default=0)
    status: Mapped[str] = mapped_column(Text(10))
    version: Mapped[int] = mapped_column()
    created_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}


class AgreementReport(Base):
    """A report that we owe a donor under an agreement, and when it was delivered."""

    __tablename__ = "agreement_reports"
    __table_args__ = (one_of("kind", REPORT_KINDS), Index("ix_agreement_reports_due_on", "due_on"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    agreement_id: Mapped[UUID] = mapped_column(ForeignKey("agreements.id"), index=True)
    kind: Mapped[str] = mapped_column(Text(12))
    due_on: Mapped[date]
    delivered_on: Mapped[date | None]
    created_at: Mapped[datetime]


class Instalment(Base):
    """A scheduled inflow of an agreement. The database refuses matching more than is due."""

    __tablename__ = "instalments"
    __table_args__ = (
        UniqueConstraint("agreement_id", "number"),
        in_range("amount_minor"),
        CheckConstraint("matched_minor >= 0 AND written_off_minor >= 0", name="parts_positive"),
        CheckConstraint(
            "matched_minor + written_off_minor <= amount_minor", name="not_over_matched"
        ),
        whole("amount_minor"),
        whole("matched_minor"),
        whole("written_off_minor"),
        whole("expected_base_minor"),
        Index("ix_instalments_due_on", "due_on"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    agreement_id: Mapped[UUID] = mapped_column(ForeignKey("agreements.id"))
    number: Mapped[int]
    due_on: Mapped[date | None]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text(3))
    expected_base_minor: Mapped[int | None] = mapped_column(BigInteger)
    matched_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    written_off_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    version: Mapped[int] = mapped_column()
    created_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}


class Receipt(Base):
    """Cash that came in: its own currency, the rate, and the booked base amount, which wins.

    ``base_minor`` is what was booked before the bank's own fee (``fee_minor``) and the realised
    exchange difference (``exchange_minor``: gain positive, loss negative), all in base currency.
    ``matched_minor`` counts how much of ``amount_minor`` has been matched to instalments.
    ``booked_by_id`` is whom a reversal of spent money must not be decided by.
    """

    __tablename__ = "receipts"
    __table_args__ = (
        one_of("status", RECEIPT_STATUSES),
        one_of("rate_source", RATE_SOURCES),
        in_range("amount_minor"),
        in_range("base_minor"),
        CheckConstraint("fee_minor >= 0 AND fee_minor < base_minor", name="fee_within"),
        CheckConstraint("exchange_minor > -base_minor", name="exchange_within"),
        CheckConstraint("matched_minor >= 0", name="matched_positive"),
        CheckConstraint("matched_minor <= amount_minor", name="not_over_matched"),
        CheckConstraint("gifts IS NULL OR gifts > 0", name="gifts_positive"),
        whole("amount_minor"),
        whole("base_minor"),
        whole("fee_minor"),
        whole("exchange_minor"),
        whole("matched_minor"),
        # A reversed receipt gives its reference back, so that it can be booked again, rightly.
        Index(
            "uq_receipts_fund_id_bank_reference",
            "fund_id",
            "bank_reference",
            unique=True,
            sqlite_where=text("status = 'booked'"),
            postgresql_where=text("status = 'booked'"),
        ),
        Index("ix_receipts_fund_id_received_on", "fund_id", "received_on"),
        Index("ix_receipts_donor_id", "donor_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(60), unique=True)
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    payer_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"))
    donor_id: Mapped[UUID | None] = mapped_column(ForeignKey("parties.id"))
    received_on: Mapped[date]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text(3))
    rate: Mapped[str] = mapped_column(Text(30))
    rate_on: Mapped[date]
    rate_source: Mapped[str] = mapped_column(Text(20))
    base_minor: Mapped[int] = mapped_column(BigInteger)
    fee_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    exchange_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    matched_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    gifts: Mapped[int | None]
    bank_reference: Mapped[str | None] = mapped_column(Text(140))
    comment: Mapped[str | None] = mapped_column(Text(4000))
    booked_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    status: Mapped[str] = mapped_column(Text(10), default="booked")
    version: Mapped[int] = mapped_column()
    created_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}


class Lot(Base):
    """Matched money of one donor: the smallest thing that is followed from receipt to result.

    ``amount_minor`` is the gross base amount matched; ``receipt_minor`` the same in the receipt's
    currency and ``settled_minor`` in the instalment's. ``earmark`` is frozen from the agreement.
    ``replaces_id`` links a corrected, reprogrammed or transferred lot to the one before.
    """

    __tablename__ = "lots"
    __table_args__ = (
        one_of("kind", LOT_KINDS),
        one_of("status", LOT_STATUSES),
        CheckConstraint("category BETWEEN 1 AND 4", name="category_known"),
        in_range("amount_minor"),
        whole("amount_minor"),
        whole("receipt_minor"),
        whole("settled_minor"),
        Index("ix_lots_fund_id_donor_id", "fund_id", "donor_id"),
        Index("ix_lots_donor_id", "donor_id"),
        Index("ix_lots_agreement_id", "agreement_id"),
        Index("ix_lots_receipt_id", "receipt_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(60), unique=True)
    kind: Mapped[str] = mapped_column(Text(20))
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    donor_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"))
    agreement_id: Mapped[UUID | None] = mapped_column(ForeignKey("agreements.id"))
    instalment_id: Mapped[UUID | None] = mapped_column(ForeignKey("instalments.id"))
    receipt_id: Mapped[UUID | None] = mapped_column(ForeignKey("receipts.id"))
    replaces_id: Mapped[UUID | None] = mapped_column(ForeignKey("lots.id"))
    opened_on: Mapped[date]
    spend_by_on: Mapped[date | None]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    receipt_minor: Mapped[int | None] = mapped_column(BigInteger)
    receipt_currency: Mapped[str | None] = mapped_column(Text(3))
    settled_minor: Mapped[int | None] = mapped_column(BigInteger)
    category: Mapped[int]
    earmark: Mapped[str] = mapped_column(Text(20_000))
    status: Mapped[str] = mapped_column(Text(10), default="open")
    created_at: Mapped[datetime]


class WriteOff(Base):
    """Giving up part of an instalment, or of what a party owes us, by decision of two persons."""

    __tablename__ = "write_offs"
    __table_args__ = (
        one_of("status", WRITE_OFF_STATUSES),
        CheckConstraint("(instalment_id IS NULL) <> (party_id IS NULL)", name="one_subject"),
        CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id <> requested_by_id", name="two_persons"
        ),
        in_range("amount_minor"),
        whole("amount_minor"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(60), unique=True)
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    instalment_id: Mapped[UUID | None] = mapped_column(ForeignKey("instalments.id"), index=True)
    party_id: Mapped[UUID | None] = mapped_column(ForeignKey("parties.id"), index=True)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text(3))
    effective_on: Mapped[date]
    reason: Mapped[str] = mapped_column(Text(4000))
    requested_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    decided_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    decided_at: Mapped[datetime | None]
    status: Mapped[str] = mapped_column(Text(10), default="requested")
    version: Mapped[int] = mapped_column()
    created_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}


class DonorChoice(Base):
    """A donor's written choice about unspent money of a lot: returned, or reprogrammed."""

    __tablename__ = "donor_choices"
    __table_args__ = (
        one_of("kind", ("return", "reprogram")),
        CheckConstraint("(kind = 'reprogram') = (new_lot_id IS NOT NULL)", name="new_lot"),
        in_range("amount_minor"),
        whole("amount_minor"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(60), unique=True)
    kind: Mapped[str] = mapped_column(Text(10))
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lots.id"), index=True)
    new_lot_id: Mapped[UUID | None] = mapped_column(ForeignKey("lots.id"))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    written_on: Mapped[date]
    effective_on: Mapped[date]
    document: Mapped[str] = mapped_column(Text(300))
    created_at: Mapped[datetime]


register_constraints(
    {
        "uq_receipts_fund_id_bank_reference": ("already-exists", "constraint.bank_reference"),
        "uq_instalments_agreement_id_number": ("already-exists", "constraint.instalment_number"),
        "ck_instalments_not_over_matched": ("over-matched", "constraint.instalment_over_matched"),
        "ck_receipts_not_over_matched": ("over-matched", "constraint.receipt_over_matched"),
        "ck_write_offs_two_persons": ("same-person", "constraint.write_off_two_persons"),
    }
)
