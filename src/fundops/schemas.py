"""Input and output types that every domain shares: money, dates, texts and pages.

Input is strict: no number where a string belongs, no unknown field, no silent conversion.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import pycountry
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

from fundops import money
from fundops.errors import invalid
from fundops.messages import text

FIRST_DAY, LAST_DAY = date(1900, 1, 2), date(2199, 12, 31)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_SHARE = re.compile(r"(0|1|0\.[0-9]{1,6}|1\.0{1,6})", re.ASCII)


def refused(key: str, **params: Any) -> PydanticCustomError:
    """Return a validation error whose message is a catalogue sentence."""
    sentence = text(key, **params)
    shown = sentence.replace("{", "(").replace("}", ")")
    return PydanticCustomError("fundops", shown, {"sentence": sentence})


def sentence_of(error: Mapping[str, Any]) -> str | None:
    """Return the catalogue sentence of a validation error that ``refused`` made, else none."""
    if error["type"] != "fundops":
        return None
    found: str = (error.get("ctx") or {}).get("sentence") or error["msg"]
    return found


def _day(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or _DAY.fullmatch(value) is None:
        raise refused("validation.day")
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise refused("validation.day") from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise refused("validation.day_range")
    return day


def _instant(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if not isinstance(value, str):
        raise refused("validation.instant")
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise refused("validation.instant") from None
    if found.tzinfo is None or not FIRST_DAY.year < found.year <= LAST_DAY.year:
        raise refused("validation.instant")
    return found.astimezone(UTC)


def _country(value: str) -> str:
    if pycountry.countries.get(alpha_2=value) is None and value != "XK":
        raise refused("validation.country")
    return value


def _currency(value: str) -> str:
    try:
        money.exponent(value)
    except money.UnknownCurrency:
        raise refused("money.unknown_currency") from None
    return value


def _clean(value: str) -> str:
    if any(ord(c) < 32 and c not in "\n\t" for c in value):
        raise refused("validation.control_characters")
    return value


def _share(value: Any) -> str:
    if not isinstance(value, str) or _SHARE.fullmatch(value) is None:
        raise refused("validation.share")
    return value


def _rate(value: Any) -> str:
    try:
        return money.canonical_rate(money.parse_rate(value if isinstance(value, str) else ""))
    except money.MoneyError:
        raise refused("money.not_a_rate") from None


def _not_null(value: Any) -> Any:
    if value is None:
        raise refused("validation.not_null")
    return value


NOT_NULL = AfterValidator(_not_null)
"""On a field of a patch: it may be left out, but null cannot be what it becomes."""


def line(maximum: int = 300) -> Any:
    """Return the constraints of one line of text, stripped, not empty."""
    return StringConstraints(
        strict=True,
        strip_whitespace=True,
        min_length=1,
        max_length=maximum,
        pattern=r"^[^\n\r\t]*$",
    )


Line = Annotated[str, line(), AfterValidator(_clean)]
LongLine = Annotated[str, line(1000), AfterValidator(_clean)]
Prose = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=4000),
    AfterValidator(_clean),
]
Code = Annotated[
    str,
    StringConstraints(strict=True, min_length=2, max_length=40, pattern=r"^[A-Z0-9][A-Z0-9_-]*$"),
]
Day = Annotated[date, BeforeValidator(_day)]
Instant = Annotated[datetime, BeforeValidator(_instant)]
Country = Annotated[
    str, StringConstraints(strict=True, pattern=r"^[A-Z]{2}$"), AfterValidator(_country)
]
Currency = Annotated[
    str, StringConstraints(strict=True, pattern=r"^[A-Z]{3}$"), AfterValidator(_currency)
]
Share = Annotated[
    str,
    BeforeValidator(_share),
    Field(
        description="A share between 0 and 1, as text.",
        examples=["0.13"],
        json_schema_extra={"pattern": f"^{_SHARE.pattern}$"},
    ),
]
RateText = Annotated[
    str,
    BeforeValidator(_rate),
    Field(
        description="Foreign units per unit of base currency, as text.",
        examples=["0.79"],
        json_schema_extra={"pattern": f"^{money.RATE.pattern}$"},
    ),
]
Flag = StrictBool
Whole = StrictInt


class In(BaseModel):
    """Base of request bodies: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Out(BaseModel):
    """Base of documented answers."""

    model_config = ConfigDict(frozen=True)


AmountText = Annotated[
    str, StringConstraints(strict=True, max_length=21, pattern=r"^[0-9]{1,16}(\.[0-9]{1,4})?$")
]


class MoneyIn(In):
    """A positive amount as decimal text with its ISO 4217 currency."""

    amount: AmountText = Field(examples=["1250.00"])
    currency: Currency = Field(examples=["USD"])

    def minor(self, pointer: str, *, zero: bool = False) -> int:
        """Return the minor units; raise the problem at ``pointer`` if they cannot be right."""
        try:
            minor = money.parse_amount(self.amount, self.currency)
        except money.MoneyError as error:
            raise invalid(f"{pointer}/amount", error.args[0], **_money_params(error)) from error
        if minor == 0 and not zero:
            raise invalid(f"{pointer}/amount", "money.zero")
        return minor


def _money_params(error: money.MoneyError) -> dict[str, Any]:
    return {"currency": error.args[1], "digits": error.args[2]} if len(error.args) == 3 else {}


class MoneyOut(Out):
    """An amount as exact decimal text with its currency."""

    amount: str = Field(examples=["1250.00"])
    currency: str = Field(examples=["USD"])


class ProblemOut(BaseModel):
    """RFC 9457 problem document."""

    type: str = Field(examples=["urn:fundops:problem:insufficient-funds"])
    title: str
    status: int
    detail: str
    errors: list[dict[str, str]] | None = None
    request_id: str | None = None


def money_out(minor: int | None, currency: str | None) -> dict[str, str] | None:
    """Return the wire form of an amount, ``None`` when there is none."""
    if minor is None or currency is None:
        return None
    return {"amount": money.format_amount(minor, currency), "currency": currency}


def ppm(share: str) -> int:
    """Return a share as parts per million: ``"0.13"`` -> 130000."""
    return int(Decimal(share) * 1_000_000)


def share_out(parts: int) -> str:
    """Return parts per million as share text: 130000 -> ``"0.13"``."""
    return money.canonical_rate(Decimal(parts) / 1_000_000)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the documented error answers of a route, for OpenAPI."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemOut"}}}
    titles = {
        400: "The request cannot be read, or lacks its idempotency key",
        401: "No valid token",
        403: "Not allowed",
        404: "No such record, or none you may see",
        409: "The state of the records does not allow it",
        412: "The record has changed since you read it",
        413: "The body is too large",
        415: "The body is not JSON",
        422: "Some input cannot be right",
        428: "If-Match is missing",
        503: "Try again later",
    }
    return {status: {"description": titles[status], "content": content} for status in statuses}


READS = problems(401, 403, 404, 422)
LISTS = problems(401, 403, 422)
CREATES = problems(400, 401, 403, 404, 409, 413, 415, 422)
COMMANDS = problems(400, 401, 403, 404, 409, 412, 413, 415, 422)
CHANGES = COMMANDS | problems(428)

RecordId = UUID
