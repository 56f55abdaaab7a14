"""What the API takes and gives for disbursements."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, model_validator

from fundops.grants.schemas import Reason, Reference
from fundops.schemas import Day, In, MoneyIn, MoneyOut, Out, money_out, refused

PAID_EXAMPLE: dict[str, JsonValue] = {
    "paid_on": "2026-03-02",
    "evidence_kind": "bank_advice",
    "evidence_note": "Debit advice 117 of the bank",
}


class DisbursementIn(In):
    """A request to pay part of a grant."""

    amount: MoneyIn
    tranche_id: UUID | None = Field(
        None, description="The tranche; required where the grant is paid in tranches."
    )
    account_id: UUID | None = Field(
        None, description="The bank account to pay to; the grantee's current one by default."
    )
    requested_on: Day | None = Field(None, description="Today by default.")


class ResubmitIn(In):
    """A request that was sent back, mended."""

    amount: MoneyIn | None = None
    account_id: UUID | None = Field(None, description="The grantee's current account by default.")


class SetBackIn(In):
    """Why a disbursement is sent back, rejected, cancelled or failed."""

    reason: Reason


class PaidIn(In):
    """What the bank did, and how that is known."""

    model_config = ConfigDict(json_schema_extra={"examples": [PAID_EXAMPLE]})

    paid_on: Day
    reference: Reference | None = Field(None, description="The bank's or our own reference.")
    evidence_kind: Literal["bank_statement", "bank_advice", "host_system"]
    evidence_note: Reason | None = Field(None, examples=["Debit advice 117 of the bank"])
    evidence_file_id: UUID | None = None

    @model_validator(mode="after")
    def _said(self) -> PaidIn:
        if self.evidence_note is None and self.evidence_file_id is None:
            raise refused("disbursements.evidence")
        return self


class ReturnIn(In):
    """A payment that the bank brought back."""

    returned_on: Day
    reason: Reason


class ArrivalIn(In):
    """What the grantee says has arrived."""

    received_on: Day
    received: MoneyIn = Field(description="What was credited, in the currency of the account.")
    charges: MoneyIn | None = Field(None, description="What banks kept, in the same currency.")


class ReviewIn(In):
    """What a review after the fact found."""

    note: Reason


class DisbursementOut(Out):
    """A payment to a grantee."""

    id: UUID
    code: str
    grant_id: UUID
    grant_code: str
    tranche_id: UUID | None
    amount: MoneyOut
    requested_on: str
    requested_by_id: UUID | None
    paid_on: str | None
    paid_by_id: UUID | None
    reference: str | None
    status: str
    version: int
    account_id: UUID | None
    certified_by_id: UUID | None
    certified_at: str | None
    approved_by_id: UUID | None
    approved_at: str | None
    sent_by_id: UUID | None
    sent_at: str | None
    evidence_kind: str | None
    evidence_note: str | None
    returned_on: str | None
    review_due_on: str | None
    reviewed_by_id: UUID | None
    confirmed_on: str | None
    confirmed: MoneyOut | None
    confirmed_charges: MoneyOut | None


class DisbursementPage(Out):
    """A page of disbursements."""

    items: list[DisbursementOut]
    next_cursor: str | None


def disbursement_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a disbursement's row."""
    return {
        "id": row.id,
        "code": row.code,
        "grant_id": row.grant_id,
        "grant_code": row.grant_code,
        "tranche_id": row.tranche_id,
        "amount": money_out(row.amount_minor, row.base_currency),
        "requested_on": row.requested_on,
        "requested_by_id": row.requested_by_id,
        "paid_on": row.paid_on,
        "paid_by_id": row.paid_by_id,
        "reference": row.reference,
        "status": row.status,
        "version": row.version,
        "account_id": row.account_id,
        "certified_by_id": row.certified_by_id,
        "certified_at": row.certified_at,
        "approved_by_id": row.approved_by_id,
        "approved_at": row.approved_at,
        "sent_by_id": row.sent_by_id,
        "sent_at": row.sent_at,
        "evidence_kind": row.evidence_kind,
        "evidence_note": row.evidence_note,
        "returned_on": row.returned_on,
        "review_due_on": row.review_due_on,
        "reviewed_by_id": row.reviewed_by_id,
        "confirmed_on": row.confirmed_on,
        "confirmed": money_out(row.confirmed_minor, row.confirmed_currency),
        "confirmed_charges": money_out(row.confirmed_charges_minor, row.confirmed_currency),
    }


class ObstacleOut(Out):
    """One thing that keeps a payment back."""

    gate: str = Field(examples=["sanctions"])
    reason: str


class StepOut(Out):
    """A step of a disbursement as it was taken."""

    action: str
    person_id: UUID | None
    reason: str | None
    taken_at: str


class DisbursementStateOut(Out):
    """What keeps a disbursement back now, whether signatures still count, and its history."""

    obstacles: list[ObstacleOut]
    is_approval_void: bool
    confirmation: str = Field(description="`confirmed`, `waiting`, `missing`, or `none` to come.")
    steps: list[StepOut]
