"""What the API takes and gives for disbursements."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import Field

from fundops.grants.schemas import Reason, Reference
from fundops.schemas import Day, In, MoneyIn, MoneyOut, Out, money_out


class DisbursementIn(In):
    """A request to pay part of a grant."""

    amount: MoneyIn
    tranche_id: UUID | None = None
    requested_on: Day | None = Field(None, description="Today by default.")


class PayIn(In):
    """What the bank did."""

    paid_on: Day
    reference: Reference | None = Field(None, description="The bank's or our own reference.")


class CancelIn(In):
    """Why a request is withdrawn."""

    reason: Reason


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
    }
