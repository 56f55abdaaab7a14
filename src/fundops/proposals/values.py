"""Reading what a person typed as what it must be: a day, a count, an amount, a code.

Every function returns the normal form (whole numbers, dates, stripped texts) or raises ``Wrong``
with the sentence for the person. Numbers may come as numbers or as digits in a text, since forms
and workbooks send either; a number with more decimals than asked for is refused, never rounded.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter, ValidationError

from fundops import money
from fundops.calls import codelists
from fundops.messages import text
from fundops.messages.said import Word
from fundops.schemas import Currency, Day, sentence_of

_WHOLE = re.compile(r"[0-9]{1,15}", re.ASCII)
_DECIMAL = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,2}))?", re.ASCII)
_DAY: TypeAdapter[Any] = TypeAdapter(Day)
_CURRENCY: TypeAdapter[Any] = TypeAdapter(Currency)
HUNDRED = 100


class Wrong(ValueError):
    """A value that cannot be right; ``args[0]`` is the sentence for the person."""

    def __init__(self, key: str, **params: Any) -> None:
        super().__init__(text(key, **params))


def is_empty(value: Any) -> bool:
    """Return whether nothing was typed."""
    return value is None or (isinstance(value, str) and not value.strip())


def prose(value: Any, maximum: int) -> str:
    """Return a text of one or more lines, stripped; numbers stand for their digits."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Wrong("validation.string_type")
    found = str(value).strip().replace("\r\n", "\n").replace("\r", "\n")
    if any((ord(c) < 32 and c not in "\n\t") or ord(c) == 127 for c in found):
        raise Wrong("validation.control_characters")
    if len(found) > maximum:
        raise Wrong("proposals.text_too_long", maximum=maximum, length=len(found))
    return found


def line(value: Any, maximum: int) -> str:
    """Return a text of one line, stripped."""
    found = prose(value, maximum)
    if "\n" in found or "\t" in found:
        raise Wrong("proposals.one_line")
    return found


def whole(value: Any, low: int, high: int) -> int:
    """Return a whole number from ``low`` (at least 0) to ``high``."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        value = int(value.strip())
    if isinstance(value, bool) or not isinstance(value, int):
        raise Wrong("validation.int_type")
    if not low <= value <= high:
        raise Wrong("proposals.number_range", low=low, high=high)
    return value


def hundredths(value: Any, high: int) -> int:
    """Return a positive decimal of at most two digits after the point, in hundredths.

    ``high`` is the greatest value, in units.
    """
    match = _DECIMAL.fullmatch(_digits(value))
    if match is None:
        raise Wrong("proposals.decimal")
    found = int(match[1]) * HUNDRED + int((match[2] or "").ljust(2, "0"))
    if not 0 < found <= high * HUNDRED:
        raise Wrong("proposals.decimal_range", high=high)
    return found


def amount(value: Any, currency: str) -> int:
    """Return a positive amount of ``currency`` in minor units."""
    try:
        found = money.parse_amount(_digits(value), currency)
    except money.MoneyError as error:
        params = dict(zip(("currency", "digits"), error.args[1:], strict=False))
        raise Wrong(error.args[0], **params) from error
    if found <= 0:
        raise Wrong("money.zero")
    return found


def _digits(value: Any) -> str:
    """Return the plain digits of a number as typed."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Wrong("proposals.decimal")
    # Through the shortest text of a binary fraction: 0.1 typed is 0.1 meant.
    return format(Decimal(repr(value)), "f").removesuffix(".0")


def day(value: Any) -> date:
    """Return a date typed as ``2026-03-31``."""
    found: date = _by_schema(_DAY, value.strip() if isinstance(value, str) else value)
    return found


def currency(value: Any) -> str:
    """Return an ISO 4217 code."""
    found: str = _by_schema(_CURRENCY, line(value, 3))
    return found


def flag(value: Any) -> bool:
    """Return a yes or no."""
    if not isinstance(value, bool):
        raise Wrong("validation.bool_type")
    return value


def code(value: Any, list_name: str) -> str:
    """Return a code of the list ``list_name``; capitals and small letters are told apart."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    found = line(value, 60)
    if not codelists.get(list_name).has(found):
        raise Wrong("proposals.unknown_code", list_name=Word(list_name.replace("_", " ")))
    return found


def _by_schema(adapter: TypeAdapter[Any], value: Any) -> Any:
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        wrong = Wrong("proposals.currency" if adapter is _CURRENCY else "validation.day")
        own = sentence_of(error.errors()[0])
        if own is not None:
            wrong.args = (own,)
        raise wrong from error
