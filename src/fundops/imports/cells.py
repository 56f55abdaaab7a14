"""One cell to one value: exact numbers, dates, choices, packed cells, each with its canonical text.

A cell that cannot be read raises ``Unreadable`` with the code of the finding; nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any

from fundops import money
from fundops.imports import limits
from fundops.imports.findings import shown
from fundops.imports.profile import FieldRule
from fundops.imports.records import People

_NUMBER = re.compile(r"[+-]?[0-9]{1,24}(?:\.[0-9]{0,24})?(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)
_ISO_DATES = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S")
_TOO_MUCH = Decimal(money.MAX_MINOR + 1)
_PACK, _PART = "|||", "##"


class Unreadable(Exception):
    """A cell that is not what its field needs: the finding's code and its facts."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


@dataclass(frozen=True)
class Value:
    """A cell as read: the value of the record's field, and the text its hash covers.

    ``exact`` is an amount before rounding to the minor unit, ``rounding_minor`` how far the
    source's own rounding may have moved it.
    """

    value: Any
    canonical: str
    exact: Decimal | None = None
    rounding_minor: int = 0


def parse_number(text: str) -> Decimal:
    """Return the exact number in ``text``: ``"1.065259E+07"`` is 10652590. No float is involved."""
    if not _NUMBER.fullmatch(text):
        raise Unreadable("not_a_number", found=shown(text))
    return Decimal(text)


def parse_amount(text: str, rule: FieldRule, currency: str) -> Value:
    """Return a money amount in minor units of ``currency``, half up; blank is none."""
    if not text:
        return Value(None, "")
    exact = parse_number(text)
    if not currency:
        if exact:
            raise Unreadable("amount_without_currency", found=shown(text))
        return Value(None, "", exact)
    if exact < 0:
        raise Unreadable("negative_amount", found=shown(text))
    try:
        minor = money.to_minor(exact if exact <= money.MAX_MINOR else _TOO_MUCH, currency)
    except money.MoneyError:
        raise Unreadable("amount_too_large", found=shown(text)) from None
    rounding = seven_digit_rounding(exact, currency) if rule.seven_digits else 0
    return Value(minor, plain(exact), exact, rounding)


def plain(number: Decimal) -> str:
    """Return ``number`` without exponent or trailing zeros: one text for each number."""
    return money.canonical_rate(number) if number else "0"


def seven_digit_rounding(exact: Decimal, currency: str) -> int:
    """Return how many minor units a source's single precision may hide in ``exact``, rounded up.

    Such a source stores a number with 24 binary digits and prints 7 decimal ones: the error is at
    most half a unit of each. Below the seventh digit of a cent nothing is lost.
    """
    if not exact:
        return 0
    shown_unit = Decimal(1).scaleb(exact.adjusted() - 6)
    if shown_unit <= Decimal(1).scaleb(-money.exponent(currency)):
        return 0
    binary_unit = Decimal(2) ** (int(exact).bit_length() - 24)
    hidden = ((shown_unit + binary_unit) / 2).scaleb(money.exponent(currency))
    return int(hidden.to_integral_value(rounding=ROUND_CEILING))


def parse_currency(text: str) -> Value:
    """Return an ISO 4217 code, historic ones included; blank is none."""
    if not text:
        return Value(None, "")
    try:
        money.exponent(text)
    except money.UnknownCurrency:
        raise Unreadable("unknown_currency", found=shown(text)) from None
    return Value(text, text)


def parse_rate(text: str) -> Value:
    """Return an exchange rate as canonical text; blank and 0 are none."""
    rate = parse_number(text) if text else Decimal(0)
    if not rate:
        return Value(None, "")
    try:
        canonical = money.canonical_rate(money.parse_rate(plain(rate)))
    except money.MoneyError:
        raise Unreadable("not_a_rate", found=shown(text)) from None
    return Value(canonical, canonical)


def parse_date(text: str, rule: FieldRule, *, typed: bool = False) -> Value:
    """Return the day; blank is none. ``typed``: a workbook's own date, always ISO."""
    if not text:
        return Value(None, "")
    for layout in (*rule.formats, *(_ISO_DATES if typed else ())):
        try:
            day = datetime.strptime(text, layout).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
        return _plausible(day)
    raise Unreadable("not_a_date", found=shown(text), formats=", ".join(rule.formats))


def _plausible(day: date) -> Value:
    if not limits.FIRST_YEAR <= day.year <= limits.LAST_YEAR:
        raise Unreadable(
            "implausible_date",
            found=day.isoformat(),
            first=limits.FIRST_YEAR,
            last=limits.LAST_YEAR,
        )
    return Value(day, day.isoformat())


def parse_integer(text: str) -> Value:
    """Return a count, zero or more; blank is none."""
    if not text:
        return Value(None, "")
    number = parse_number(text)
    if number != number.to_integral_value() or not 0 <= number <= money.MAX_MINOR:
        raise Unreadable("not_a_count", found=shown(text))
    return Value(int(number), str(int(number)))


def parse_year(text: str) -> Value:
    """Return a year within the stated limits; blank is none."""
    result = parse_integer(text)
    if result.value is not None and not limits.FIRST_YEAR <= result.value <= limits.LAST_YEAR:
        raise Unreadable("not_a_year", found=shown(text))
    return result


def parse_choice(text: str, rule: FieldRule, choices: tuple[str, ...]) -> Value:
    """Return one of ``choices``, through the profile's table of values; blank is none."""
    if not text and text not in rule.values:
        return Value(None, "")
    chosen = rule.values.get(text, text)
    if chosen not in choices:
        raise Unreadable("unknown_value", found=shown(text))
    return Value(chosen, chosen)


def parse_text(text: str, rule: FieldRule) -> Value:
    """Return text, through the profile's table of values if it has one."""
    if rule.values and text and text not in rule.values and rule.unlisted == "refuse":
        raise Unreadable("unknown_value", found=shown(text))
    value = rule.values.get(text, text)
    return Value(value, value)


def parse_people(text: str) -> Value:
    """Return men, women, boys and girls from ``"6336##6864##6336##6864"``; blank is none."""
    if not text:
        return Value(None, "")
    parts = text.split(_PART)
    if len(parts) != 4:
        raise Unreadable("not_people", found=shown(text))
    counts = [parse_integer(part.strip()).value for part in parts]
    if any(count is None for count in counts):
        raise Unreadable("not_people", found=shown(text))
    return Value(People(*counts), _PART.join(str(count) for count in counts))


def parse_packed(text: str) -> Value:
    """Return the entries of a packed cell, each a tuple: ``"a##1|||b##2"``."""
    entries = tuple(
        tuple(part.strip() for part in entry.removesuffix(_PART).split(_PART))
        for entry in text.split(_PACK)
        if entry.strip()
    )
    return Value(entries, _PACK.join(_PART.join(entry) for entry in entries))


def parse_words(text: str, rule: FieldRule) -> Value:
    """Return the words of a list cell: ``"FAO;WHO"`` with separator ``;``."""
    words = tuple(word.strip() for word in text.split(rule.separator) if word.strip())
    return Value(words, "\n".join(words))


_SIMPLE: Mapping[str, Callable[[str], Value]] = {
    "currency": parse_currency,
    "rate": parse_rate,
    "integer": parse_integer,
    "year": parse_year,
    "people": parse_people,
    "packed": parse_packed,
}


def parse(
    text: str, rule: FieldRule, meta: Mapping[str, Any], *, currency: str, typed_date: bool
) -> Value:
    """Return the value of a cleaned cell by the kind of its field. Raises ``Unreadable``."""
    kind = meta["kind"]
    if kind == "amount":
        return parse_amount(text, rule, currency)
    if kind == "date":
        return parse_date(text, rule, typed=typed_date)
    if kind == "choice":
        return parse_choice(text, rule, meta["choices"])
    if kind == "words":
        return parse_words(text, rule)
    if kind == "text":
        return parse_text(text, rule)
    return _SIMPLE[kind](text)
