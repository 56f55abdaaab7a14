"""Earmarks between the wire and the agreement's column; the only door to the pure module.

On the wire a cap is money in the fund's currency; the canonical form keeps its minor units.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import orjson
from pydantic import Field

from fundops.allocation.earmarks import Earmark, EarmarkInvalid
from fundops.errors import FieldError, Problem, invalid
from fundops.messages import text
from fundops.schemas import Day, In, MoneyIn, MoneyOut, Out, Whole, money_out

MAX_VALUES = 300

Text = Annotated[str, Field(max_length=100)]
Values = Annotated[list[Text], Field(min_length=1, max_length=MAX_VALUES)]
Objectives = Annotated[list[Whole], Field(min_length=1, max_length=10)]


class SelectionIn(In):
    """Values by dimension: objectives by number, countries ISO 3166, regions UN M49, codes."""

    objective: Objectives | None = None
    country: Values | None = Field(None, examples=[["KE", "UG"]])
    region: Values | None = Field(None, examples=[["014"]])
    call: Values | None = None
    grant: Values | None = None


class CapIn(In):
    """At most ``limit`` of the agreement's money, in the fund's currency, goes to this value."""

    dimension: Literal["country", "call", "grant"]
    value: Text
    limit: MoneyIn


class EarmarkIn(In):
    """What a donor allows: the Grand Bargain category and the conditions that make it so."""

    category: Whole = Field(examples=[1])
    include: SelectionIn = SelectionIn()
    exclude: SelectionIn = SelectionIn()
    caps: list[CapIn] = Field(default_factory=list, max_length=MAX_VALUES)
    spend_by_on: Day | None = None


class CapOut(Out):
    """A cap of an earmark."""

    dimension: str
    value: str
    limit: MoneyOut


class SelectionOut(Out):
    """Values by dimension; a dimension without a condition is left out."""

    objective: list[int] | None = None
    country: list[str] | None = None
    region: list[str] | None = None
    call: list[str] | None = None
    grant: list[str] | None = None


class EarmarkOut(Out):
    """An agreement's earmark, in canonical order."""

    category: int
    include: SelectionOut
    exclude: SelectionOut
    caps: list[CapOut]
    spend_by_on: date | None


def read_earmark(given: EarmarkIn, base_currency: str, pointer: str = "/earmark") -> Earmark:
    """Return the earmark a body means.

    Raises ``invalid-request`` with every fault at its place under ``pointer``, and for a cap in
    another currency than ``base_currency``.
    """
    raw = {
        "category": given.category,
        "include": given.include.model_dump(exclude_none=True),
        "exclude": given.exclude.model_dump(exclude_none=True),
        "caps": [
            _read_cap(cap, base_currency, f"{pointer}/caps/{index}")
            for index, cap in enumerate(given.caps)
        ],
        "spend_by_on": given.spend_by_on.isoformat() if given.spend_by_on else None,
    }
    try:
        return Earmark.from_json(raw)
    except EarmarkInvalid as error:
        errors = [
            FieldError(pointer + fault.pointer, text(fault.message_key, **fault.params))
            for fault in error.problems
        ]
        raise Problem("invalid-request", errors=errors) from None


def earmark_out(stored: str, base_currency: str) -> dict[str, Any]:
    """Return the wire form of an agreement's ``earmark`` column."""
    found = orjson.loads(stored)
    return {
        "category": found["category"],
        "include": found.get("include", {}),
        "exclude": found.get("exclude", {}),
        "caps": [
            {
                "dimension": cap["dimension"],
                "value": cap["value"],
                "limit": money_out(cap["amount_minor"], base_currency),
            }
            for cap in found.get("caps", ())
        ],
        "spend_by_on": found.get("spend_by_on"),
    }


def _read_cap(cap: CapIn, base_currency: str, pointer: str) -> dict[str, Any]:
    if cap.limit.currency != base_currency:
        raise invalid(f"{pointer}/limit/currency", "register.currency", expected=base_currency)
    minor = cap.limit.minor(f"{pointer}/limit")
    return {"dimension": cap.dimension, "value": cap.value, "amount_minor": minor}
