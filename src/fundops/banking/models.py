"""Tables of banking: the fund's own accounts, batches of payments, statements and their matches.

What a bank or a host has said never changes: statements, their entries and what persons made of
them are append-only. Bank details and whole files are ciphertext under the key ``key_id``.
Amounts are in minor units of the currency beside them; balances of accounts may be negative.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, in_range, one_of, whole
from fundops.errors import register_constraints
from fundops.vault import holds

ACCOUNT_KINDS = ("bank", "host")
"""An account at a bank, or a larger organisation's finance system that pays for the fund."""

FILE_KINDS = ("payments", "vouchers", "results", "statement", "lines")
"""``lines``: who stands on the other side of each line of a statement, and what came with it."""

CONFIRMED_KINDS = ("paid", "returned", "failed", "refund", "receipt", "fee", "interest")
"""What a statement's entry was, as a person has confirmed."""

APPEND_ONLY: dict[str, Any] = {"info": {"append_only": True}}


class FundBankAccount(Base):
    """An account that the fund pays from and is paid to; one person proposes it, another decides.

    ``details`` is ciphertext of holder, number, BIC and the bank's name. ``host_code`` is what the
    host's system calls the fund's account.
    """

    __tablename__ = "fund_bank_accounts"
    __table_args__ = (
        one_of("kind", ACCOUNT_KINDS),
        one_of("status", ("proposed", "active", "refused", "retired")),
        CheckConstraint("decided_by_id <> proposed_by_id", name="two_persons"),
        CheckConstraint("(status = 'proposed') = (decided_by_id IS NULL)", name="decided"),
        UniqueConstraint("fund_id", "name"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    name: Mapped[str] = mapped_column(Text(120))
    currency: Mapped[str] = mapped_column(Text(3))
    kind: Mapped[str] = mapped_column(Text(10))
    details: Mapped[str] = mapped_column(Text(4000))
    key_id: Mapped[str] = mapped_column(Text(64))
    masked: Mapped[str] = mapped_column(Text(60))
    host_code: Mapped[str | None] = mapped_column(Text(60))
    status: Mapped[str] = mapped_column(Text(10))
    proposed_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    proposed_at: Mapped[datetime]
    decided_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    decided_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    created_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}


class VoucherProfile(Base):
    """How vouchers are written for a host's system, and how its results are read; two persons.

    ``content`` is canonical JSON of ``profile.Profile``.
    """

    __tablename__ = "voucher_profiles"
    __table_args__ = (
        UniqueConstraint("fund_id", "number"),
        one_of("status", ("proposed", "approved", "refused")),
        CheckConstraint("decided_by_id <> proposed_by_id", name="two_persons"),
        CheckConstraint("(status = 'proposed') = (decided_by_id IS NULL)", name="decided"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    number: Mapped[int]
    name: Mapped[str] = mapped_column(Text(120))
    content: Mapped[str] = mapped_column(Text(20_000))
    status: Mapped[str] = mapped_column(Text(10))
    proposed_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    proposed_at: Mapped[datetime]
    decided_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    decided_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    created_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}


class PaymentBatch(Base):
    """Approved payments that leave one account together: made by one person, released by another.

    ``count`` and ``sum_minor`` are its control totals. ``sha256`` is that of the file as written
    at release, once; the file itself is a ``BankFile``.
    """

    __tablename__ = "payment_batches"
    __table_args__ = (
        one_of("status", ("draft", "released", "cancelled")),
        in_range("sum_minor"),
        whole("sum_minor"),
        CheckConstraint("count > 0", name="count_positive"),
        CheckConstraint("released_by_id <> made_by_id", name="two_persons"),
        CheckConstraint(
            "(status = 'released') = (released_by_id IS NOT NULL AND sha256 IS NOT NULL)",
            name="released_whole",
        ),
        Index("ix_payment_batches_account_id", "account_id"),
        Index("ix_payment_batches_fund_id", "fund_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(35), unique=True)
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("fund_bank_accounts.id"))
    profile_id: Mapped[UUID | None] = mapped_column(ForeignKey("voucher_profiles.id"))
    currency: Mapped[str] = mapped_column(Text(3))
    execution_on: Mapped[date]
    charges: Mapped[str] = mapped_column(Text(4))
    count: Mapped[int]
    sum_minor: Mapped[int] = mapped_column(BigInteger)
    items_sha256: Mapped[str] = mapped_column(Text(64))
    status: Mapped[str] = mapped_column(Text(10))
    made_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    made_at: Mapped[datetime]
    released_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    released_at: Mapped[datetime | None]
    sha256: Mapped[str | None] = mapped_column(Text(64))
    version: Mapped[int] = mapped_column()
    created_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}


class BatchItem(Base):
    """A payment in a batch, with what it was when it was put there.

    ``held_id`` is the payment while the batch stands and null once it is cancelled: the database
    itself keeps a payment out of two batches.
    """

    __tablename__ = "batch_items"
    __table_args__ = (
        UniqueConstraint("held_id"),
        UniqueConstraint("batch_id", "position"),
        in_range("amount_minor"),
        whole("amount_minor"),
        Index("ix_batch_items_disbursement_id", "disbursement_id"),
    )

    batch_id: Mapped[UUID] = mapped_column(ForeignKey("payment_batches.id"), primary_key=True)
    disbursement_id: Mapped[UUID] = mapped_column(ForeignKey("disbursements.id"), primary_key=True)
    position: Mapped[int]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("bank_accounts.id"))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    held_id: Mapped[UUID | None] = mapped_column(ForeignKey("disbursements.id"))


class BankFile(Base):
    """A file that went to a bank or host or came from one: ciphertext, and its SHA-256.

    ``content`` is packed and encrypted under a key of its own, which ``details`` holds, encrypted
    by the vault: keys of the vault can change without the file being written anew.
    """

    __tablename__ = "bank_files"
    __table_args__ = (
        UniqueConstraint("fund_id", "kind", "sha256"),
        one_of("kind", FILE_KINDS),
        Index("ix_bank_files_batch_id", "batch_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    batch_id: Mapped[UUID | None] = mapped_column(ForeignKey("payment_batches.id"))
    kind: Mapped[str] = mapped_column(Text(10))
    sha256: Mapped[str] = mapped_column(Text(64))
    size_bytes: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    details: Mapped[str] = mapped_column(Text(4000))
    key_id: Mapped[str] = mapped_column(Text(64))
    kept_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    created_at: Mapped[datetime]


class BankStatement(Base):
    """What the bank says of one account over some days. ``findings`` is a JSON list of keys.

    ``position`` is the statement's in its file, from 1; ``lines_id`` the file of who paid or was
    paid.
    """

    __tablename__ = "bank_statements"
    __table_args__ = (
        UniqueConstraint("account_id", "reference", "sequence"),
        whole("opening_minor"),
        whole("closing_minor"),
        CheckConstraint("from_on <= to_on", name="days_ordered"),
        Index("ix_bank_statements_account_id_to_on", "account_id", "to_on"),
        Index("ix_bank_statements_file_id", "file_id"),
        APPEND_ONLY,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("fund_bank_accounts.id"))
    file_id: Mapped[UUID] = mapped_column(ForeignKey("bank_files.id"))
    lines_id: Mapped[UUID] = mapped_column(ForeignKey("bank_files.id"))
    position: Mapped[int]
    reference: Mapped[str] = mapped_column(Text(35))
    sequence: Mapped[int] = mapped_column(BigInteger)
    from_on: Mapped[date]
    to_on: Mapped[date]
    currency: Mapped[str] = mapped_column(Text(3))
    opening_minor: Mapped[int] = mapped_column(BigInteger)
    closing_minor: Mapped[int] = mapped_column(BigInteger)
    entry_count: Mapped[int]
    content_sha256: Mapped[str] = mapped_column(Text(64))
    findings: Mapped[str] = mapped_column(Text(4000))
    imported_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    created_at: Mapped[datetime]


class StatementEntry(Base):
    """One line of a statement: money in or out, as the bank tells it.

    ``amount_minor`` is positive for money in and negative for money out. ``mentions`` are our own
    codes that the text of the entry names, separated by spaces.
    """

    __tablename__ = "statement_entries"
    __table_args__ = (
        UniqueConstraint("statement_id", "position"),
        whole("amount_minor"),
        whole("instructed_minor"),
        whole("charges_minor"),
        CheckConstraint("amount_minor <> 0", name="amount_not_zero"),
        Index("ix_statement_entries_end_to_end", "end_to_end"),
        APPEND_ONLY,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    statement_id: Mapped[UUID] = mapped_column(ForeignKey("bank_statements.id"))
    position: Mapped[int]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    booked_on: Mapped[date]
    value_on: Mapped[date | None]
    is_reversal: Mapped[bool]
    code: Mapped[str | None] = mapped_column(Text(60))
    bank_reference: Mapped[str | None] = mapped_column(Text(35))
    message_id: Mapped[str | None] = mapped_column(Text(35))
    end_to_end: Mapped[str | None] = mapped_column(Text(35))
    return_reason: Mapped[str | None] = mapped_column(Text(120))
    instructed_minor: Mapped[int | None] = mapped_column(BigInteger)
    charges_minor: Mapped[int | None] = mapped_column(BigInteger)
    mentions: Mapped[str] = mapped_column(Text(600))


class EntryConfirmation(Base):
    """What a person confirmed that an entry is: once, and for good."""

    __tablename__ = "entry_confirmations"
    __table_args__ = (one_of("kind", CONFIRMED_KINDS), APPEND_ONLY)

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("statement_entries.id"), primary_key=True)
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    kind: Mapped[str] = mapped_column(Text(10))
    confirmed_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    confirmed_at: Mapped[datetime]


class EntryMatch(Base):
    """A record of ours that a confirmed entry is about, and how much of the entry is.

    ``record_id`` is a payment, refund, receipt or bank entry, by ``kind``; each is matched once.
    """

    __tablename__ = "entry_matches"
    __table_args__ = (
        UniqueConstraint("kind", "record_id"),
        one_of("kind", CONFIRMED_KINDS),
        whole("amount_minor"),
        Index("ix_entry_matches_entry_id", "entry_id"),
        Index("ix_entry_matches_record_id", "record_id"),
        APPEND_ONLY,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("entry_confirmations.entry_id"))
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    kind: Mapped[str] = mapped_column(Text(10))
    record_id: Mapped[UUID]
    amount_minor: Mapped[int] = mapped_column(BigInteger)


register_constraints(
    {
        "ck_fund_bank_accounts_two_persons": ("same-person", "constraint.fund_account_two_persons"),
        "uq_fund_bank_accounts_fund_id_name": ("already-exists", "constraint.fund_account_name"),
        "ck_voucher_profiles_two_persons": ("same-person", "constraint.voucher_profile_two"),
        "uq_voucher_profiles_fund_id_number": ("stale", "constraint.voucher_profile_number"),
        "ck_payment_batches_two_persons": ("same-person", "constraint.batch_two_persons"),
        "uq_batch_items_held_id": ("conflict", "constraint.batch_item_held"),
        "uq_bank_files_fund_id_kind_sha256": ("already-exists", "constraint.bank_file_known"),
        "uq_bank_statements_account_id_reference_sequence": (
            "already-exists", "constraint.bank_statement_known",
        ),
        "pk_entry_confirmations": ("wrong-status", "constraint.entry_confirmed"),
        "uq_entry_matches_kind_record_id": ("conflict", "constraint.record_matched"),
    }
)  # fmt: skip

holds(FundBankAccount.key_id)
holds(BankFile.key_id)
