"""What the API takes and gives for the fund's accounts, voucher profiles and batches."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from fundops.banking.profile import Profile
from fundops.schemas import (
    Country,
    Currency,
    Day,
    In,
    MoneyOut,
    Out,
    line,
    money_out,
    refused,
)
from fundops.screening.fields import SCREENED

MAX_ITEMS = 5_000
"""Payments of one batch."""

Bic = Annotated[
    str,
    StringConstraints(strict=True, pattern=r"^[A-Z]{6}[A-Z2-9][A-NP-Z0-9]([A-Z0-9]{3})?$"),
    Field(examples=["BKAUATWW"]),
]
Number = Annotated[
    str,
    StringConstraints(
        strict=True, min_length=3, max_length=42, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ./-]*$"
    ),
    Field(examples=["AT61 1904 3002 3457 3201"]),
]


def _holder(value: str) -> str:
    from fundops.banking.charset import Unwritable, plain

    try:
        plain(value, 70)
    except Unwritable:
        raise refused("banking.name_unwritable") from None
    return value


class FundBankAccountIn(In):
    """An account of the fund: at a bank, or in a host's finance system."""

    fund_id: UUID
    name: Annotated[str, line(120)] = Field(examples=["Main account"])
    kind: Literal["bank", "host"]
    currency: Currency
    holder: Annotated[str, line(140), AfterValidator(_holder)] = Field(
        examples=["Fund against Trafficking"]
    )
    number: Number
    is_iban: bool = Field(False, description="Whether the number is an IBAN.")
    bic: Bic | None = None
    clearing: Annotated[str, line(35)] | None = None
    bank_name: Annotated[str, line(140)] | None = None
    country: Country | None = None
    host_code: Annotated[str, line(60)] | None = Field(
        None, description="What the host's system calls the fund's account."
    )


class FundBankAccountOut(Out):
    """An account of the fund; its number is masked."""

    id: UUID
    fund_id: UUID
    name: str
    kind: str
    currency: str
    masked: str
    host_code: str | None
    status: str
    proposed_by_id: UUID
    proposed_at: str
    decided_by_id: UUID | None
    decided_at: str | None
    version: int


class FundBankAccountPage(Out):
    """A page of the fund's accounts."""

    items: list[FundBankAccountOut]
    next_cursor: str | None


class VoucherProfileIn(In):
    """A host's vouchers and results, as proposed for a fund."""

    fund_id: UUID
    name: Annotated[str, line(120)] = Field(examples=["Host finance system"])
    profile: Profile


class VoucherProfileOut(Out):
    """A profile and who answers for it."""

    id: UUID
    fund_id: UUID
    number: int
    name: str
    profile: Profile
    status: str
    proposed_by_id: UUID
    proposed_at: str
    decided_by_id: UUID | None
    decided_at: str | None
    version: int


class VoucherProfilePage(Out):
    """A page of voucher profiles."""

    items: list[VoucherProfileOut]
    next_cursor: str | None


class PaymentBatchIn(In):
    """Approved payments to gather: those named, or all that wait, oldest first, up to 5,000."""

    account_id: UUID = Field(description="The fund's account that they leave.")
    execution_on: Day
    disbursement_ids: list[UUID] | None = Field(None, min_length=1, max_length=MAX_ITEMS)
    charges: Literal["SHAR", "DEBT", "CRED", "SLEV"] = Field(
        "SHAR", description="Who bears charges; SLEV for euro payments by SEPA."
    )
    profile_id: UUID | None = Field(None, description="Of an account at a host: how to write.")

    @model_validator(mode="after")
    def no_twice(self) -> Self:
        """Refuse a payment that is named twice."""
        ids = self.disbursement_ids or []
        if len(set(ids)) != len(ids):
            raise refused("banking.named_twice")
        return self


class PaymentBatchOut(Out):
    """A batch and its control totals; ``sha256`` is that of the file, once it is written."""

    id: UUID
    code: str
    fund_id: UUID
    account_id: UUID
    profile_id: UUID | None
    execution_on: str
    charges: str
    count: int
    sum: MoneyOut
    items_sha256: str
    status: str
    made_by_id: UUID
    made_at: str
    released_by_id: UUID | None
    released_at: str | None
    sha256: str | None
    version: int


class PaymentBatchPage(Out):
    """A page of batches."""

    items: list[PaymentBatchOut]
    next_cursor: str | None


class BatchItemOut(Out):
    """A payment in a batch, and what has become of it."""

    position: int
    disbursement_id: UUID
    disbursement_code: str
    grant_code: str
    masked: str
    amount: MoneyOut
    status: str


class BatchItemPage(Out):
    """A page of a batch's payments."""

    items: list[BatchItemOut]
    next_cursor: str | None


class BankReasonIn(In):
    """Why something is refused, retired or cancelled."""

    reason: Annotated[str, line(2000), SCREENED]


class ReleaseIn(In):
    """The control totals that the person who releases has seen; others refuse the release."""

    count: int = Field(ge=1, le=MAX_ITEMS, strict=True)
    sum: Annotated[str, StringConstraints(strict=True, max_length=21)] = Field(
        examples=["1250.00"], description="In the account's currency."
    )


class ResultRowOut(Out):
    """A row of a host's results: what is wrong with it, or what it says."""

    row: int
    outcome: Literal["paid", "rejected", "waiting", "before", "problem"]
    disbursement_code: str | None
    amount: MoneyOut | None
    problem: str | None


class ResultsOut(Out):
    """What a results file says, row by row; ``is_known`` when it was taken in before."""

    sha256: str
    is_known: bool
    paid: int
    rejected: int
    waiting: int
    before: int
    problems: int
    rows: list[ResultRowOut]


def fund_account_out(row: Any) -> dict[str, Any]:
    """Return the wire form of an account of the fund."""
    return {name: getattr(row, name) for name in FundBankAccountOut.model_fields}


def profile_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a voucher profile."""
    shown = {name: getattr(row, name, None) for name in VoucherProfileOut.model_fields}
    return shown | {"profile": json.loads(row.content)}


def batch_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a batch."""
    shown = {name: getattr(row, name, None) for name in PaymentBatchOut.model_fields}
    return shown | {"sum": money_out(row.sum_minor, row.currency)}


def item_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a payment in a batch."""
    return {
        "position": row.position,
        "disbursement_id": row.disbursement_id,
        "disbursement_code": row.disbursement_code,
        "grant_code": row.grant_code,
        "masked": row.masked,
        "amount": money_out(row.amount_minor, row.currency),
        "status": row.status,
    }
