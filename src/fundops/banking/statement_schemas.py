"""What the API takes and gives for statements, proposals, confirmations and reconciliation."""

from __future__ import annotations

import json
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from fundops import money
from fundops.banking.accounts import masked
from fundops.banking.matching import Proposal
from fundops.errors import invalid
from fundops.messages import text
from fundops.schemas import In, MoneyIn, MoneyOut, Out, money_out, refused

MAX_AT_ONCE = 500
"""Entries confirmed by one request."""

Kind = Literal["paid", "returned", "failed", "refund", "receipt", "fee", "interest"]
RECORDS: dict[str, tuple[str, ...]] = {
    "paid": ("disbursement_id", "batch_id"),
    "returned": ("disbursement_id",),
    "failed": ("disbursement_id",),
    "refund": ("grant_id", "refund_id"),
    "receipt": ("receipt_id",),
    "fee": ("bank_entry_id",),
    "interest": ("bank_entry_id",),
}
"""What an entry of each kind may be about."""

NEEDS_NONE = frozenset({"fee", "interest"})


class EntryConfirmIn(In):
    """What an entry was. A fee or interest without a bank entry is booked by confirming it."""

    kind: Kind
    disbursement_id: UUID | None = None
    batch_id: UUID | None = Field(None, description="A batch that the bank debited as a whole.")
    grant_id: UUID | None = Field(None, description="The grant that money comes back of.")
    refund_id: UUID | None = None
    receipt_id: UUID | None = None
    bank_entry_id: UUID | None = None
    charges: MoneyIn | None = Field(
        None,
        description="What the bank took in the same entry, of a payment or of one that came back.",
    )

    def require_one_record(self) -> None:
        """Require the one record that an entry of its kind is about (422)."""
        names = {name for kind in RECORDS.values() for name in kind}
        given = {name for name in names if getattr(self, name) is not None}
        allowed = RECORDS[self.kind]
        if given - set(allowed) or len(given) > 1 or (not given and self.kind not in NEEDS_NONE):
            raise invalid("/kind", "banking.one_record", names=", ".join(allowed))
        if self.charges is not None and self.disbursement_id is None:
            raise invalid("/charges", "banking.charges_of_payment")


class ConfirmExactIn(In):
    """Entries to confirm as proposed, exact ones only; all of them by default."""

    entry_ids: list[UUID] | None = Field(None, min_length=1, max_length=MAX_AT_ONCE)

    @model_validator(mode="after")
    def no_twice(self) -> Self:
        """Refuse an entry that is named twice."""
        if len(set(self.entry_ids or [])) != len(self.entry_ids or []):
            raise refused("banking.named_twice")
        return self


class ConfirmedManyOut(Out):
    """How many entries were confirmed, and how many exact proposals are left."""

    confirmed: int
    left: int


class BankStatementOut(Out):
    """A bank's statement of an account. ``findings`` are sentences for a person."""

    id: UUID
    fund_id: UUID
    account_id: UUID
    reference: str
    sequence: int
    from_on: str
    to_on: str
    opening: MoneyOut
    closing: MoneyOut
    entry_count: int
    open_count: int
    findings: list[str]
    imported_by_id: UUID


class BankStatementPage(Out):
    """A page of statements."""

    items: list[BankStatementOut]
    next_cursor: str | None


class ImportedOut(Out):
    """The statements of a file; ``is_known`` when all were taken in before."""

    is_known: bool
    statements: list[BankStatementOut]


class StatementEntryOut(Out):
    """A line of a statement: money in is positive, money out negative.

    ``other_name``, ``other_number`` (masked) and ``note`` reach those who confirm entries.
    """

    id: UUID
    statement_id: UUID
    position: int
    amount: MoneyOut
    booked_on: str
    value_on: str | None
    is_reversal: bool
    code: str | None
    bank_reference: str | None
    message_id: str | None
    end_to_end: str | None
    return_reason: str | None
    charges: MoneyOut | None
    other_name: str | None
    other_number: str | None
    note: str | None
    confirmed_kind: str | None
    confirmed_by_id: UUID | None
    confirmed_at: str | None


class EntryPage(Out):
    """A page of entries."""

    items: list[StatementEntryOut]
    next_cursor: str | None


class EntryProposalOut(Out):
    """What an entry may be, how sure that is, and why."""

    entry_id: UUID
    kind: Kind
    record: str | None
    record_id: UUID | None
    grade: Literal["exact", "likely", "unclear", "blocked"]
    reason: str
    difference: MoneyOut | None


class EntryProposalsOut(Out):
    """Proposals of the open entries after a position; ``next_after`` asks for the next ones."""

    items: list[EntryProposalOut]
    exact: int
    without: int
    next_after: int | None


class DifferenceOut(Out):
    """One thing that the bank and the books do not have alike."""

    what: Literal["bank_only", "books_only", "other_amount"]
    amount: MoneyOut
    on: str | None
    statement_id: UUID | None
    entry_id: UUID | None
    source_type: str | None
    source_id: UUID | None


class ReconciliationOut(Out):
    """The bank's balance beside the books', and all that lies between them, to the cent.

    ``books`` less ``bank`` is ``start`` (what differed before the first statement) plus the sum
    of all differences; ``unexplained`` is what that leaves, and is never anything but zero.
    """

    statement_id: UUID
    on: str
    bank: MoneyOut
    books: MoneyOut
    difference: MoneyOut
    start: MoneyOut
    bank_only: MoneyOut
    books_only: MoneyOut
    other_amount: MoneyOut
    unexplained: MoneyOut
    accounts: int
    differences: list[DifferenceOut]
    left_out: int


def statement_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a statement."""
    shown = {name: getattr(row, name, None) for name in BankStatementOut.model_fields}
    return shown | {
        "opening": money_out(row.opening_minor, row.currency),
        "closing": money_out(row.closing_minor, row.currency),
        "findings": [text(f"banking.finding.{name}") for name in json.loads(row.findings)],
    }


def entry_out(row: Any, others: dict[int, list[str | None]]) -> dict[str, Any]:
    """Return the wire form of an entry; ``others`` is empty for those who need not know."""
    name, number, note = others.get(row.position, [None, None, None])
    shown = {field: getattr(row, field, None) for field in StatementEntryOut.model_fields}
    return shown | {
        "amount": money_out(row.amount_minor, row.currency),
        "charges": money_out(row.charges_minor, row.currency),
        "other_name": name,
        "other_number": None if number is None else masked(number),
        "note": note,
    }


def proposal_out(one: Proposal, currency: str) -> dict[str, Any]:
    """Return the wire form of a proposal, its reason as a sentence."""
    params = {}
    if one.difference_minor is not None:
        params["difference"] = money.display(one.difference_minor, currency)
    return {
        "entry_id": one.entry_id,
        "kind": one.kind,
        "record": one.record,
        "record_id": one.record_id,
        "grade": one.grade,
        "reason": text(one.reason, **params),
        "difference": money_out(one.difference_minor, currency),
    }
