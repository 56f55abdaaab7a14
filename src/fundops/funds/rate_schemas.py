"""What the API takes and gives for exchange rates."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from fundops.schemas import Currency, Day, In, Out, RateText


class RateIn(In):
    """A published exchange rate: units of ``currency`` per unit of ``base`` from ``starts_on``."""

    source: Literal["un_operational", "ecb", "bank", "other"]
    base: Currency = Field(examples=["USD"])
    currency: Currency = Field(examples=["EUR"])
    starts_on: Day = Field(examples=["2026-03-01"])
    rate: RateText


class RateOut(Out):
    """An exchange rate."""

    id: UUID
    source: str
    base: str
    currency: str
    starts_on: str
    rate: str


class RatePage(Out):
    """A page of exchange rates."""

    items: list[RateOut]
    next_cursor: str | None


def rate_out(row: Any) -> dict[str, Any]:
    """Return the wire form of an exchange rate."""
    return {
        "id": row.id,
        "source": row.source,
        "base": row.base,
        "currency": row.currency,
        "starts_on": row.starts_on,
        "rate": row.rate,
    }
