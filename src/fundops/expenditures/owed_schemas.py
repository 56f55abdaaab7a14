"""What the API takes and gives for refund requests, receivables and write-offs of advances."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from fundops.grants.schemas import Reason, Reference
from fundops.schemas import Day, In, MoneyIn, MoneyOut, Out, money_out


class RefundRequestIn(In):
    """Money asked back: by default all that is unspent, not owed and not asked for yet."""

    due_on: Day = Field(description="Not in the past.", examples=["2199-01-31"])
    amount: MoneyIn | None = None
    note: Reason | None = None


class ReceiptPartIn(In):
    """Money that came back: a refund booked before, by its id, or one to book now."""

    refund_id: UUID | None = Field(None, examples=[None])
    amount: MoneyIn | None = None
    received_on: Day | None = None
    reference: Reference | None = None


class RefundRequestOut(Out):
    """A refund request and what came of it."""

    id: UUID
    code: str
    grant_id: UUID
    grant_code: str
    amount: MoneyOut
    received: MoneyOut
    written_off: MoneyOut
    requested_on: str
    due_on: str
    note: str | None
    reminders: int
    last_reminded_on: str | None
    status: str
    version: int


class RefundRequestPage(Out):
    """A page of refund requests."""

    items: list[RefundRequestOut]
    next_cursor: str | None


class FindingIn(In):
    """Accepted expenditure that an audit found to be unsupported."""

    expenditure_statement_id: UUID
    amount: MoneyIn
    reason: Reason
    found_on: Day | None = Field(None, description="Today by default, never in the future.")


class SupportIn(In):
    """Support that came later, or a justification that was accepted instead of it."""

    kind: Literal["additional_support", "justification_accepted"]
    amount: MoneyIn
    reason: Reason
    accepted_on: Day | None = Field(None, description="Today by default, never in the future.")


class ReceivableOut(Out):
    """A receivable; ``pending`` is what entries have not settled."""

    id: UUID
    code: str
    grant_id: UUID
    grant_code: str
    statement_id: UUID | None
    origin: str = Field(description="`statement`, an audit's `finding`, or `closing`.")
    amount: MoneyOut
    pending: MoneyOut
    opened_on: str
    reason: str
    status: str
    version: int


class ReceivableEntryOut(Out):
    """What settled part of a receivable."""

    id: UUID
    kind: str
    amount: MoneyOut
    on: str
    reason: str | None
    refund_id: UUID | None
    by_id: UUID | None


class ReceivableDetail(ReceivableOut):
    """A receivable with its entries, oldest first; the latest 1,000 of them."""

    entries: list[ReceivableEntryOut]


class ReceivablePage(Out):
    """A page of receivables."""

    items: list[ReceivableOut]
    next_cursor: str | None


class AdvanceWriteOffIn(In):
    """Money of a grantee's advance to give up: of a receivable, a refund request, or neither."""

    amount: MoneyIn
    effective_on: Day = Field(description="Never in the future.", examples=["2026-01-20"])
    reason: Reason
    receivable_id: UUID | None = Field(None, examples=[None])
    refund_request_id: UUID | None = Field(None, examples=[None])


class AdvanceWriteOffOut(Out):
    """A write-off of part of a grantee's advance."""

    id: UUID
    code: str
    grant_id: UUID
    grant_code: str
    receivable_id: UUID | None
    refund_request_id: UUID | None
    amount: MoneyOut
    effective_on: str
    reason: str
    status: str
    requested_by_id: UUID
    decided_by_id: UUID | None
    version: int


class AdvanceWriteOffPage(Out):
    """A page of write-offs of advances."""

    items: list[AdvanceWriteOffOut]
    next_cursor: str | None


def refund_request_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a refund request's row."""
    currency = row.base_currency
    names = (
        "id", "code", "grant_id", "grant_code", "requested_on", "due_on", "note", "reminders",
        "last_reminded_on", "status", "version",
    )  # fmt: skip
    return {name: getattr(row, name) for name in names} | {
        "amount": money_out(row.amount_minor, currency),
        "received": money_out(row.received_minor, currency),
        "written_off": money_out(row.written_off_minor, currency),
    }


def receivable_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a receivable's row; one that was superseded is not owed any more."""
    currency = row.base_currency
    names = (
        "id", "code", "grant_id", "grant_code", "statement_id", "origin", "opened_on", "reason",
        "status", "version",
    )  # fmt: skip
    pending = 0 if row.status == "superseded" else row.amount_minor - row.settled_minor
    return {name: getattr(row, name) for name in names} | {
        "amount": money_out(row.amount_minor, currency),
        "pending": money_out(pending, currency),
    }


def entry_out(row: Any, currency: str) -> dict[str, Any]:
    """Return the wire form of an entry."""
    names = ("id", "kind", "reason", "refund_id", "by_id")
    return {name: getattr(row, name) for name in names} | {
        "amount": money_out(row.amount_minor, currency),
        "on": row.on_date,
    }


def advance_write_off_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a write-off's row."""
    names = (
        "id", "code", "grant_id", "grant_code", "receivable_id", "refund_request_id",
        "effective_on", "reason", "status", "requested_by_id", "decided_by_id", "version",
    )  # fmt: skip
    return {name: getattr(row, name) for name in names} | {
        "amount": money_out(row.amount_minor, row.base_currency)
    }
