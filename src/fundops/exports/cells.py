"""Values into cells: one value at a time, and a column of a chunk at a time.

The text of a cell after its reference, its *tail*, is ``' s="4"><v>12.50</v></c>'``. A ``Writer``
makes the tails of one column. It looks at a whole chunk's column at once: the set of its types
decides between a tight loop and a careful one, so that a wrong type is always an error and
costs a few nanoseconds a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal
from functools import cache
from typing import Any, NoReturn

from fundops.exports.escape import escaped, fitted, inline

EXACT = 10**15
"""Every integer below this has at most 15 digits, which spreadsheet programs keep exactly."""

FIRST_DATE = date(1900, 3, 1)
_DAY_ZERO = date(1899, 12, 30)
_INSTANT_ZERO = datetime(1899, 12, 30, tzinfo=UTC)
_FIRST_INSTANT = datetime(1900, 3, 1, tzinfo=UTC) - _INSTANT_ZERO
_FIRST_INSTANT_YEAR = 1900
_ORDINAL_ZERO = _INSTANT_ZERO.toordinal()
_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1) // _MICROSECOND
_RATE = re.compile(r"-?[0-9]{1,32}(?:\.[0-9]{1,32})?", re.ASCII)
_FIFTEEN = Context(prec=15)
_REMEMBERED = 50_000

_NONE = type(None)


class WrongValue(TypeError):
    """A value its column does not take; ``index`` is its position in the chunk."""

    def __init__(self, index: int, value: object) -> None:
        super().__init__(f"a {type(value).__name__}")
        self.index = index


Writer = Callable[[Sequence[Any]], Sequence[str]]


def digits(minor: int, exponent: int) -> str:
    """Return ``minor`` as plain decimal digits: ``digits(-5, 2) == "-0.05"``."""
    if exponent == 0:
        return str(minor)
    text = str(abs(minor)).rjust(exponent + 1, "0")
    return f"{'-' if minor < 0 else ''}{text[:-exponent]}.{text[-exponent:]}"


def is_exact(number: int) -> bool:
    """Return whether a spreadsheet program keeps every digit of ``number``."""
    return -EXACT < number < EXACT or len(str(abs(number)).rstrip("0")) <= 15


def date_serial(value: date) -> int | None:
    """Return the day number of ``value``, ``None`` before programs agree on them."""
    return (value - _DAY_ZERO).days if value >= FIRST_DATE else None


def instant_serial(value: datetime) -> str | None:
    """Return the day number of an aware instant to 10 decimals, ``None`` when too early."""
    if value.tzinfo is UTC and value.microsecond == 0 and value.year > _FIRST_INSTANT_YEAR:
        # The common case, without the arithmetic of intervals.
        seconds = (value.hour * 60 + value.minute) * 60 + value.second
        return f"{value.toordinal() - _ORDINAL_ZERO}{_fraction_of_day(seconds)}"
    since = value - _INSTANT_ZERO
    if since < _FIRST_INSTANT:
        return None
    scaled = (since // _MICROSECOND * 10**10 + _DAY // 2) // _DAY
    return digits(scaled, 10)


@cache
def _fraction_of_day(seconds: int) -> str:
    """Return what a second of the day is of a day: ``.5000000000`` for noon."""
    return digits((seconds * 10**10 + 43_200) // 86_400, 10)[1:]


def share_digits(value: Decimal) -> str:
    """Return a finite share as decimal digits, at most 15 of them."""
    text = format(_FIFTEEN.plus(value), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def text_tail(style: int, text: str, language: str = "en") -> str:
    """Return the tail of a cell with inline text; empty text is an empty cell."""
    if not text:
        return f' s="{style}"/>'
    return f' s="{style}" t="inlineStr">{inline(fitted(text, language))}</c>'


def number_tail(style: int, number: str) -> str:
    """Return the tail of a cell with a number."""
    return f' s="{style}"><v>{number}</v></c>'


def formula_tail(style: int, formula: str, number: str) -> str:
    """Return the tail of a cell whose formula (already markup) comes to a number."""
    return f' s="{style}"><f>{formula}</f><v>{number}</v></c>'


def formula_text_tail(style: int, formula: str, text: str, language: str = "en") -> str:
    """Return the tail of a cell whose formula (already markup) comes to text."""
    return f' s="{style}" t="str"><f>{formula}</f><v>{escaped(fitted(text, language))}</v></c>'


def formula_flag_tail(style: int, formula: str, value: bool) -> str:
    """Return the tail of a cell whose formula (already markup) comes to true or false."""
    return f' s="{style}" t="b"><f>{formula}</f><v>{int(value)}</v></c>'


def _refuse(values: Sequence[Any], taken: tuple[type, ...]) -> NoReturn:
    for index, value in enumerate(values):
        if type(value) not in taken:
            raise WrongValue(index, value)
    raise AssertionError("a chunk was refused without a wrong value in it")


def money_tail(style: int, text_style: int, exponent: int) -> Callable[[int], str]:
    """Return a function from minor units to a tail; what 15 digits cannot hold is text."""

    def tail(minor: int) -> str:
        if is_exact(minor):
            return number_tail(style, digits(minor, exponent))
        return text_tail(text_style, digits(minor, exponent))

    return tail


class Remembered(dict[Any, str]):
    """Tails by value, made on first use; a full memory starts again."""

    def __init__(self, make: Callable[[Any], str]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, value: Any) -> str:
        if len(self) >= _REMEMBERED:
            self.clear()
        tail = self[value] = self._make(value)
        return tail


def money_writer(style: int, text_style: int, exponent: int) -> Writer:
    """Return the writer of a column of minor units."""
    one = money_tail(style, text_style, exponent)
    small = Remembered(lambda text: one(int(text)))
    cut, short = -exponent, exponent + 1
    head, blank = f' s="{style}"><v>', f' s="{style}"/>'

    def exact(values: Sequence[int]) -> list[str]:
        if max(values) >= EXACT or min(values) <= -EXACT:
            return [one(value) for value in values]
        if exponent == 0:
            return [f"{head}{value}</v></c>" for value in values]
        return [
            f"{head}{text[:cut]}.{text[cut:]}</v></c>" if len(text) > short else small[text]
            for text in map(str, values)
        ]

    return _with_blanks(exact, blank, int)


def _with_blanks(write: Writer, blank: str, taken: type) -> Writer:
    """Return a writer that checks types, and lays ``write`` around the empty cells."""

    def writer(values: Sequence[Any]) -> Sequence[str]:
        found = set(map(type, values))
        if found == {taken}:
            return write(values)
        if not found <= {taken, _NONE}:
            _refuse(values, (taken, _NONE))
        given = [value for value in values if value is not None]
        if not given:
            return [blank] * len(values)
        tails = iter(write(given))
        return [blank if value is None else next(tails) for value in values]

    return writer


def text_writer(style: int, language: str = "en") -> Writer:
    """Return the writer of a column of free text.

    A chunk of plain text (printable, no edge spaces, nothing too long) is escaped in one go as a
    single string; any other chunk goes value by value.
    """
    head, tail = f' s="{style}" t="inlineStr"><is><t>', "</t></is></c>"
    blank, between = f' s="{style}"/>', f"{tail}\n{head}"

    def given(values: Sequence[str]) -> Sequence[str]:
        if all(map(str.isprintable, values)):
            whole = "\n".join(values)
            # A space or "_x" needs care; 16,383 is what fits even if every character counts twice.
            plain = "\n " not in whole and " \n" not in whole and "_x" not in whole
            if plain and whole[0] != " " != whole[-1] and max(map(len, values)) <= 16_383:
                whole = whole.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
                return f"{head}{whole.replace(chr(10), between)}{tail}".split("\n")
        return [text_tail(style, value, language) for value in values]

    def writer(values: Sequence[Any]) -> Sequence[str]:
        if not set(map(type, values)) <= {str, _NONE}:
            values = _plain_text(values)
        filled = list(filter(None, values))
        if len(filled) == len(values):
            return given(filled)
        tails = iter(given(filled) if filled else ())
        return [next(tails) if value else blank for value in values]

    return writer


def _plain_text(values: Sequence[Any]) -> list[str | None]:
    """Return ``values`` with subclasses of ``str`` (enumerations) as plain text, else raise."""
    for index, value in enumerate(values):
        if value is not None and not isinstance(value, str):
            raise WrongValue(index, value)
    return [None if value is None else str.__str__(value) for value in values]


def remembering_writer(make: Callable[[Any], str], taken: type, blank: str) -> Writer:
    """Return a writer for values that repeat: each distinct one is made once."""
    tails = Remembered(make)
    return _with_blanks(lambda values: list(map(tails.__getitem__, values)), blank, taken)


def integer_writer(style: int, text_style: int) -> Writer:
    """Return the writer of a column of whole numbers."""
    return money_writer(style, text_style, 0)


def date_tail(style: int, text_style: int, value: date) -> str:
    """Return the tail of a date; one that programs disagree on is text."""
    serial = date_serial(value)
    if serial is None:
        return text_tail(text_style, value.isoformat())
    return number_tail(style, str(serial))


def instant_tail(style: int, text_style: int, value: datetime) -> str:
    """Return the tail of an instant; raises ``TypeError`` for one without a zone."""
    if value.tzinfo is not UTC and value.utcoffset() is None:
        raise TypeError("an instant without a time zone")
    serial = instant_serial(value)
    if serial is None:
        return text_tail(text_style, value.astimezone(UTC).isoformat(sep=" "))
    return number_tail(style, serial)


def share_tail(style: int, value: Decimal) -> str:
    """Return the tail of a share; raises ``TypeError`` for infinity and not-a-number."""
    if not value.is_finite():
        raise TypeError("a share that is no number")
    return number_tail(style, share_digits(value))


def rate_tail(style: int, text_style: int, value: str) -> str:
    """Return the tail of a rate, its digits as given; more than 15 of them stay as text."""
    if _RATE.fullmatch(value) is None:
        raise TypeError("a rate that is no plain decimal")
    if len(value.lstrip("-").replace(".", "").strip("0")) > 15:
        return text_tail(text_style, value)
    return number_tail(style, value)


def flag_tail(style: int, value: bool) -> str:
    """Return the tail of a flag."""
    return f' s="{style}" t="b"><v>{int(value)}</v></c>'


def each_writer(make: Callable[[Any], str], taken: type, blank: str) -> Writer:
    """Return a writer for values that seldom repeat."""
    return _with_blanks(lambda values: [make(value) for value in values], blank, taken)
