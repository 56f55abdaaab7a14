"""What the API takes and gives for bank accounts: all of a number goes in, none of it comes out."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from fundops.schemas import (
    Country,
    Currency,
    In,
    Instant,
    MoneyIn,
    MoneyOut,
    Out,
    Whole,
    line,
    money_out,
    refused,
)
from fundops.screening.fields import SCREENED

Reason = Annotated[str, line(2000), SCREENED]
Origin = Literal["first", "change", "advance", "emergency"]
Kind = Literal["iban", "local", "vendor"]
Status = Literal["proposed", "active", "blocked", "retired", "refused"]
MAX_NUMBER = 40


def _holder(value: str) -> str:
    if any(ord(character) < 32 for character in value):
        raise refused("validation.control_characters")
    return value


Name = Annotated[str, line(140), AfterValidator(_holder)]
Number = Annotated[
    str,
    StringConstraints(
        strict=True, strip_whitespace=True, min_length=2, max_length=MAX_NUMBER,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9 ./_-]*$",
    ),
]  # fmt: skip
Bic = Annotated[str, StringConstraints(strict=True, min_length=8, max_length=11)]


class BankAccountIn(In):
    """A bank account to be registered. None of its number is ever given back.

    ``iban`` takes an IBAN as ``number``; ``local`` a number with its ``country`` and
    ``bank_name``; ``vendor`` the payee's number at the organisation that hosts the fund. An
    account of an ``emergency`` has a ``cap``: the most that may be paid to it, in all.
    """

    party_id: UUID
    origin: Origin
    kind: Kind
    currency: Currency
    holder: Name = Field(repr=False)
    number: Number = Field(repr=False, examples=["DE89 3704 0044 0532 0130 00"])
    country: Country | None = None
    bank_name: Name | None = Field(None, repr=False)
    bic: Bic | None = Field(None, repr=False, examples=["COBADEFFXXX"])
    reason: Reason = Field(repr=False)
    evidence: Reason | None = Field(
        None, repr=False, description="What shows that the account is the party's own."
    )
    evidence_file_id: UUID | None = None
    cap: MoneyIn | None = None


class ApproveAccountIn(In):
    """The approval of a bank account as it was read: ``version`` is the one approved."""

    version: Annotated[Whole, Field(ge=1, le=1_000_000)]
    elsewhere_reason: Reason | None = Field(
        None, description="Why it is right that another party has registered the same number."
    )


class AccountReasonIn(In):
    """Why a bank account is stopped, freed or ended."""

    reason: Reason


class CallBackIn(In):
    """A call to the payee, on a channel that was verified before the account was proposed."""

    channel_id: UUID
    called_at: Instant
    spoke_to: Annotated[str, line(200), SCREENED] = Field(
        description="The office or function that answered, not a person's name."
    )
    answer: Literal["confirmed", "denied", "unreached"]
    note: Reason | None = None


class BankAccountOut(Out):
    """A bank account as anybody may see it.

    ``state`` says what ``status`` means now: an active account may be ``cooling``, ``usable`` or
    ``replaced``. ``is_elsewhere`` warns that another party has registered the same number;
    ``elsewhere_party_ids`` says whose, to those who may know. Both are null for the party itself.
    """

    id: UUID
    party_id: UUID
    kind: str
    currency: str
    country: str | None
    masked: str
    holder_initials: str
    origin: str
    replaces_id: UUID | None
    reason: str
    evidence: str | None
    evidence_file_id: UUID | None
    status: str
    state: str
    usable_from: str | None
    cap: MoneyOut | None
    proposed_by_id: UUID
    proposed_at: str
    approved_by_id: UUID | None
    approved_at: str | None
    elsewhere_reason: str | None
    blocked_at: str | None
    blocked_reason: str | None
    ended_at: str | None
    ended_reason: str | None
    is_elsewhere: bool | None
    elsewhere_party_ids: list[UUID] | None
    version: int


class BankAccountPage(Out):
    """A page of bank accounts, without whose else a number is."""

    items: list[BankAccountOut]
    next_cursor: str | None


class CallBackOut(Out):
    """A call-back as it was recorded."""

    id: UUID
    account_id: UUID
    channel_id: UUID
    channel_kind: str
    called_masked: str
    channel_verified_at: str
    called_at: str
    called_by_id: UUID
    spoke_to: str
    answer: str
    note: str | None
    recorded_at: str


class CallBackPage(Out):
    """A page of call-backs."""

    items: list[CallBackOut]
    next_cursor: str | None


class ExceptionOut(Out):
    """An account used in an emergency: who, when, up to how much, and how much of that is used."""

    id: UUID
    party_id: UUID
    masked: str
    state: str
    reason: str
    proposed_by_id: UUID
    proposed_at: str
    approved_by_id: UUID | None
    approved_at: str | None
    call_backs: int
    cap: MoneyOut
    used: MoneyOut
    version: int


class ExceptionPage(Out):
    """A page of accounts used in an emergency."""

    items: list[ExceptionOut]
    next_cursor: str | None


SHOWN = (
    "id", "party_id", "kind", "currency", "country", "masked", "holder_initials", "origin",
    "replaces_id", "reason", "evidence", "evidence_file_id", "status", "state", "usable_from",
    "proposed_by_id", "proposed_at", "approved_by_id", "approved_at", "blocked_at",
    "blocked_reason", "ended_at", "ended_reason", "version",
)  # fmt: skip
"""Columns that everybody who sees an account sees."""


def account_out(
    row: Any, *, warns: bool = False, elsewhere: Collection[UUID] | None = None
) -> dict[str, Any]:
    """Return the wire form of an account; ``warns`` tells of equal numbers of other parties."""
    return {name: getattr(row, name) for name in SHOWN} | {
        "cap": money_out(row.cap_minor, row.cap_currency),
        "elsewhere_reason": row.elsewhere_reason if warns else None,
        "is_elsewhere": bool(row.elsewhere) if warns else None,
        "elsewhere_party_ids": list(elsewhere) if elsewhere is not None else None,
    }


def call_back_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a call-back."""
    return {name: getattr(row, name) for name in CallBackOut.model_fields}


def exception_out(row: Any, used_minor: int) -> dict[str, Any]:
    """Return the wire form of an account used in an emergency."""
    return {
        name: getattr(row, name)
        for name in ExceptionOut.model_fields
        if name not in {"cap", "used"}
    } | {
        "cap": money_out(row.cap_minor, row.cap_currency),
        "used": money_out(used_minor, row.cap_currency),
    }
