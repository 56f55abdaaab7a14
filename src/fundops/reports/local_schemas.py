"""What the API takes and gives for local receipts."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from pydantic import Field

from fundops import money
from fundops.funds.rates import KnownRates
from fundops.grants.schemas import Reason
from fundops.reports import conversion
from fundops.reports.local_queries import local_rate
from fundops.schemas import Day, In, MoneyIn, MoneyOut, Out, money_out

DECIMALS = 6
"""Decimals of a rate that is shown; what counts is the amounts."""


class LocalReceiptIn(In):
    """What was received in local currency for part of a payment; a slip of the bank shows it."""

    received_on: Day = Field(description="The day of the exchange.", examples=["2026-04-10"])
    exchanged: MoneyIn = Field(description="The part of the payment, in the fund's currency.")
    received: MoneyIn = Field(description="What the bank gave for it, in the grantee's currency.")
    file_id: UUID | None = Field(
        None, description="The bank's slip, a file of the grantee.", examples=[None]
    )


class LocalReversalIn(In):
    """Why."""

    reason: Reason


class LocalReceiptOut(Out):
    """A local receipt; ``is_implausible`` when its rate is far from the one on record."""

    id: UUID
    grant_id: UUID
    disbursement_id: UUID
    disbursement_code: str
    received_on: str
    exchanged: MoneyOut
    received: MoneyOut
    rate: str = Field(description="Local units per unit of the fund's currency.", examples=["40"])
    rate_on_record: str | None = Field(description="The fund's own rate of that day, if known.")
    deviation_percent: str | None = Field(
        description="By how much the rate differs from it.", examples=["-2.4"]
    )
    is_implausible: bool | None = Field(description="Null where no rate is on record.")
    file_id: UUID | None
    reverses_id: UUID | None
    reason: str | None
    is_reversed: bool


class LocalReceiptPage(Out):
    """A page of local receipts."""

    items: list[LocalReceiptOut]
    next_cursor: str | None


def shown(rates: KnownRates, tolerance_percent: int) -> Callable[[Any], dict[str, Any]]:
    """Return what gives the wire form of a row, its rate held against the rates on record."""

    def out(row: Any) -> dict[str, Any]:
        found = rates.on(row.received_on) if row.currency == rates.currency else None
        rate = local_rate(row)
        return {
            "id": row.id,
            "grant_id": row.grant_id,
            "disbursement_id": row.disbursement_id,
            "disbursement_code": row.disbursement_code,
            "received_on": row.received_on,
            "exchanged": money_out(row.base_minor, row.base_currency),
            "received": money_out(row.local_minor, row.currency),
            "rate": rate_text(rate, row.currency, row.base_currency),
            **_judged(rate, found.rate if found else None, row, tolerance_percent),
            "file_id": row.file_id,
            "reverses_id": row.reverses_id,
            "reason": row.reason,
            "is_reversed": bool(row.is_reversed),
        }

    return out


def _judged(rate: Fraction, known: Decimal | None, row: Any, percent: int) -> dict[str, Any]:
    if known is None:
        return {"rate_on_record": None, "deviation_percent": None, "is_implausible": None}
    # As rates are quoted: local per base, so that "more" means more local money.
    per_base = 1 / conversion.base_per_local(known, row.currency, row.base_currency)
    return {
        "rate_on_record": money.canonical_rate(known),
        "deviation_percent": tenths(conversion.parts_per_thousand(1 / rate, per_base)),
        "is_implausible": conversion.strays(1 / rate, per_base, percent),
    }


def rate_text(rate: Fraction, currency: str, base: str) -> str:
    """Return base per local (minor units) as local units per unit of base, for people."""
    units = 1 / rate * Fraction(10) ** (money.exponent(base) - money.exponent(currency))
    whole = conversion.half_up(units * 10**DECIMALS)
    return money.canonical_rate(Decimal(whole).scaleb(-DECIMALS))


def tenths(value: int) -> str:
    """Return tenths of a percent as percent: ``-91 -> "-9.1"``."""
    whole, part = divmod(abs(value), 10)
    return f"{'-' if value < 0 else ''}{whole}.{part}"
