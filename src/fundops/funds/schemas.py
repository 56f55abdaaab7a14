"""What the API takes and gives for funds."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field

from fundops.schemas import NOT_NULL, Code, Currency, In, Line, MoneyOut, Out, money_out, refused


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise refused("validation.zone")
    return value


Zone = Annotated[Line, AfterValidator(_zone)]


class FundIn(In):
    """A new fund."""

    code: Code = Field(examples=["GLO"])
    name: Line = Field(examples=["Global fund against trafficking"])
    base_currency: Currency = Field(examples=["USD"])
    zone: Zone = Field("UTC", examples=["Europe/Vienna"])


AwardBasis = Annotated[
    Literal["cash", "instalment"],
    Field(
        description="What awards may stand on: cash alone, or also the scheduled instalment of a"
        " binding agreement.",
    ),
]


class FundPatch(In):
    """Changes to a fund; its currency and zone stay, because books depend on them."""

    name: Annotated[Line | None, NOT_NULL] = None
    award_basis: Annotated[AwardBasis | None, NOT_NULL] = None


class FundOut(Out):
    """A fund."""

    id: UUID
    code: str
    name: str
    base_currency: str
    zone: str
    operating_reserve: MoneyOut
    award_basis: str
    status: str
    version: int


class FundBalancesOut(Out):
    """The trial balance of a fund by account kind; each amount on its normal side."""

    fund_id: UUID
    as_of: str
    known_seq: int
    balances: dict[str, MoneyOut]


class FundPage(Out):
    """A page of funds."""

    items: list[FundOut]
    next_cursor: str | None


def fund_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a fund row or record."""
    return {
        "id": row.id,
        "code": row.code,
        "name": row.name,
        "base_currency": row.base_currency,
        "zone": row.zone,
        "operating_reserve": money_out(row.operating_reserve_minor, row.base_currency),
        "award_basis": row.award_basis,
        "status": row.status,
        "version": row.version,
    }
