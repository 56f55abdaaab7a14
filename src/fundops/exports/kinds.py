"""What a column or cell can hold: the kinds, their number formats and the types they take.

A kind is data. Money is an ``int`` of minor units and becomes decimal digits without ever being
a float; how many decimals comes from the kind, never from the value.
"""

from __future__ import annotations

from dataclasses import dataclass

from fundops import money
from fundops.exports.names import DeclarationError

MAX_EXPONENT = 6


@dataclass(frozen=True, slots=True)
class Text:
    """Free text (``str``), inline in its sheet."""


@dataclass(frozen=True, slots=True)
class Code:
    """Short text that repeats (codes, names, statuses): stored once and pointed to."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount: ``int`` minor units.

    At most one of: ``currency`` (ISO 4217, its own exponent), ``exponent`` (decimals), or
    ``currency_from``, the key of the column that holds each row's currency. With none of them
    the sheet's currency counts.
    """

    currency: str | None = None
    exponent: int | None = None
    currency_from: str | None = None

    def __post_init__(self) -> None:
        named = [self.currency, self.exponent, self.currency_from]
        if sum(value is not None for value in named) > 1:
            raise DeclarationError("an amount's decimals come from one place only")
        if self.exponent is not None and not 0 <= self.exponent <= MAX_EXPONENT:
            raise DeclarationError(f"{self.exponent} is no exponent of a currency")
        if self.currency is not None:
            money.exponent(self.currency)


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number (``int``), a count."""


@dataclass(frozen=True, slots=True)
class Date:
    """A ``datetime.date``. Days before 1900-03-01, which spreadsheets disagree on, are text."""


@dataclass(frozen=True, slots=True)
class Instant:
    """An aware ``datetime``, shown in UTC to the second."""


@dataclass(frozen=True, slots=True)
class Share:
    """A ``Decimal`` fraction of a whole (``0.125``), shown in per cent."""


@dataclass(frozen=True, slots=True)
class Rate:
    """An exchange rate as canonical decimal text (``"0.9215"``): its digits are kept."""


@dataclass(frozen=True, slots=True)
class Flag:
    """A ``bool``."""


@dataclass(frozen=True, slots=True)
class Computed:
    """A formula over the row's own cells, with its value in the row.

    ``template`` names columns by key in braces: ``"{paid}-{refunded}"``. The value in the row is
    what ``result`` takes (``int`` minor units for ``Money``; ``None`` where the formula gives "").
    """

    template: str
    result: Money | Integer | Share | Text | Flag


Kind = Text | Code | Money | Integer | Date | Instant | Share | Rate | Flag | Computed

GENERAL = "General"
AS_TEXT = "@"


def number_format(kind: Kind, exponent: int = 2) -> str:
    """Return the number format of ``kind``; ``exponent`` is the decimals of an amount."""
    match kind:
        case Text() | Code():
            return AS_TEXT
        case Money():
            plain = "#,##0" + ("." + "0" * exponent if exponent else "")
            return f"{plain}_ ;[Red]\\-{plain}\\ "
        case Integer():
            return "#,##0_ ;[Red]\\-#,##0\\ "
        case Date():
            return "yyyy-mm-dd"
        case Instant():
            return "yyyy-mm-dd hh:mm:ss"
        case Share():
            return "0.00%"
        case Computed():
            return number_format(kind.result, exponent)
        case Flag():
            # For LibreOffice, where truth is a number; Excel shows TRUE and FALSE by itself.
            return '"TRUE";"TRUE";"FALSE"'
        case Rate():
            return GENERAL


def is_text(kind: Kind) -> bool:
    """Return whether cells of ``kind`` stand on the left, as text does."""
    if isinstance(kind, Computed):
        return is_text(kind.result)
    return isinstance(kind, Text | Code | Flag)


def exponent_of(kind: Kind, sheet_currency: str | None) -> int:
    """Return the decimals of ``kind`` (0 for all but amounts).

    Raises ``DeclarationError`` for an amount whose decimals nothing states.
    """
    if isinstance(kind, Computed):
        return exponent_of(kind.result, sheet_currency)
    if not isinstance(kind, Money) or kind.currency_from is not None:
        return 0
    if kind.exponent is not None:
        return kind.exponent
    currency = kind.currency or sheet_currency
    if currency is None:
        raise DeclarationError("an amount needs a currency, an exponent or its sheet's currency")
    return money.exponent(currency)
