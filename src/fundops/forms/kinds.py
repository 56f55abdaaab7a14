"""What an input of a form may hold: kinds of values, as data.

The Python value of each kind is what ``parse`` returns and ``render`` takes: text ``str``, whole
``int``, number and percentage ``Decimal`` (25 means 25 %), money ``int`` minor units, day
``date``, yes or no ``bool``, choice the option's code ``str``. Blank is ``None`` for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from fundops import money
from fundops.forms.limits import FIRST_YEAR, LAST_YEAR, MAX_CELL_CHARS
from fundops.forms.written import western


class DeclarationError(ValueError):
    """A form that cannot be right, or values that do not belong to it: a programmer's error."""


def label_key(text: str) -> str:
    """Return ``text`` as labels are compared: without case, odd spaces or a required mark."""
    return " ".join(western(text).split()).removesuffix("*").rstrip().casefold()


@dataclass(frozen=True, slots=True)
class Text:
    """Text of at most ``max_length`` characters; ``lines`` allows several lines."""

    max_length: int = 1_000
    lines: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.max_length <= MAX_CELL_CHARS:
            raise DeclarationError(f"a cell does not hold {self.max_length} characters")


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from ``least`` to ``most``."""

    least: int = 0
    most: int = money.MAX_MINOR

    def __post_init__(self) -> None:
        if not -money.MAX_MINOR <= self.least <= self.most <= money.MAX_MINOR:
            raise DeclarationError("whole numbers have a range within 10^15")


@dataclass(frozen=True, slots=True)
class Number:
    """A number with at most ``places`` decimals, from ``least`` to ``most``.

    Spreadsheets keep 15 digits; more than that, decimals included, is not declared.
    """

    places: int = 2
    least: Decimal = Decimal(0)
    most: Decimal = Decimal(10**9)

    def __post_init__(self) -> None:
        largest = max(abs(self.least), abs(self.most))
        if self.least > self.most or not 0 <= self.places <= 6:
            raise DeclarationError("numbers have a range, and 0 to 6 decimals")
        if largest.scaleb(self.places) > 10**15:
            raise DeclarationError("a spreadsheet keeps no more than 15 digits")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency, in minor units from ``least`` to ``most``."""

    currency: str
    least: int = 0
    most: int = money.MAX_MINOR

    def __post_init__(self) -> None:
        money.exponent(self.currency)
        if not -money.MAX_MINOR <= self.least <= self.most <= money.MAX_MINOR:
            raise DeclarationError("amounts have a range within 10^15 minor units")


@dataclass(frozen=True, slots=True)
class Percentage:
    """A percentage with at most ``places`` decimals: ``Decimal("12.5")`` is 12.5 %."""

    places: int = 2
    least: Decimal = Decimal(0)
    most: Decimal = Decimal(100)

    def __post_init__(self) -> None:
        if self.least > self.most or not 0 <= self.places <= 6:
            raise DeclarationError("percentages have a range, and 0 to 6 decimals")


@dataclass(frozen=True, slots=True)
class Day:
    """A date from ``first`` to ``last``, both included."""

    first: date = date(FIRST_YEAR, 1, 1)
    last: date = date(LAST_YEAR, 12, 31)

    def __post_init__(self) -> None:
        if not FIRST_YEAR <= self.first.year <= self.last.year <= LAST_YEAR:
            raise DeclarationError(f"dates lie in the years {FIRST_YEAR} to {LAST_YEAR}")
        if self.first > self.last:
            raise DeclarationError("the first date comes before the last")


@dataclass(frozen=True, slots=True)
class YesNo:
    """Yes or no, under the words of the form's language."""

    yes: str = "Yes"
    no: str = "No"

    def __post_init__(self) -> None:
        if len({label_key(self.yes), label_key(self.no), ""}) < 3:
            raise DeclarationError("yes and no need two words")


@dataclass(frozen=True, slots=True)
class Option:
    """One choice: the code that is kept and the label that people see."""

    code: str
    label: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One of ``options``. Codes and labels must not be mistaken for one another."""

    options: tuple[Option, ...]

    def __post_init__(self) -> None:
        meant: dict[str, str] = {}
        for option in self.options:
            for word in (option.code, option.label):
                key = label_key(word)
                if not key or meant.setdefault(key, option.code) != option.code:
                    raise DeclarationError(f"{word!r} stands for two options, or for none")
            if len(option.label) > 255:
                raise DeclarationError(f"the label of {option.code!r} is too long for a list")
        if len({option.code for option in self.options}) != len(self.options) or not self.options:
            raise DeclarationError("a choice needs options with codes of their own")


Kind = Text | Whole | Number | Money | Percentage | Day | YesNo | Choice
Value = str | int | Decimal | date | bool | None
