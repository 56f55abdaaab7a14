"""Numbers and dates that people wrote as text: taken when they can mean one thing, else refused.

``1.250,50`` and ``1,250.50`` mean one thing; ``1,250`` may be a thousand or one and a quarter, and
``03/04/2026`` March or April: those are asked about, never guessed.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import Decimal


class Unclear(ValueError):
    """Text that may mean two things; ``args`` are the two."""


class NotWritten(ValueError):
    """Text that is no number, or no date."""


_SPACES = "\u0020\u00a0\u2007\u2009\u202f"
_GROUP_MARKS = _SPACES + "'\u2019\u066c"
_MINUS = str.maketrans({"\u2212": "-", "\u2010": "-", "\u2011": "-", "\u2013": "-"})
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u061c]")
_FOREIGN_DIGIT = re.compile(r"[^\D0-9]")
_GROUPED = re.compile(rf"[0-9]{{1,3}}(?:[{_GROUP_MARKS}][0-9]{{3}})+(?![0-9])")
_PLAIN = re.compile(r"[0-9]{1,24}(?:\.[0-9]{1,24})?", re.ASCII)
_THOUSANDS = re.compile(r"[0-9]{1,3}(?:(?:,[0-9]{3})+|(?:,[0-9]{2})*,[0-9]{3})", re.ASCII)


def western(text: str) -> str:
    """Return ``text`` with the digits of every script as 0 to 9, without invisible marks."""
    if text.isascii():
        return text.strip()
    plain = _INVISIBLE.sub("", text).translate(_MINUS)
    return _FOREIGN_DIGIT.sub(lambda match: str(unicodedata.decimal(match[0])), plain).strip()


def number(text: str) -> Decimal:
    """Return the number that ``text`` means. Raises ``Unclear`` or ``NotWritten``."""
    body = western(text)
    sign, body = (body[:1], body[1:].strip()) if body[:1] in {"-", "+"} else ("", body)
    exact = _unsigned(body)
    return exact.copy_negate() if sign == "-" else exact


def _unsigned(body: str) -> Decimal:
    grouped = _GROUPED.match(body)
    decided = grouped is not None  # groups are marked by something that is no decimal mark
    if grouped is not None:
        body = re.sub(f"[{_GROUP_MARKS}]", "", grouped[0]) + body[grouped.end() :]
    if "\u066b" in body:
        body, decided = body.replace("\u066b", "."), True
    commas, dots = body.count(","), body.count(".")
    if commas and dots:
        body = _two_marks(body)
    elif commas + dots == 1 and not decided:
        body = _one_mark(body, "," if commas else ".")
    elif commas == 1:
        body = body.replace(",", ".")
    elif commas + dots > 1:
        body = _only_groups(body.replace(".", ","))
    if not _PLAIN.fullmatch(body):
        raise NotWritten(body)
    return Decimal(body)


def _one_mark(body: str, mark: str) -> str:
    """Return ``12,5`` as a number; ``1,250`` may be two, unless it begins with a zero."""
    whole, _, rest = body.partition(mark)
    if len(rest) == 3 and 1 <= len(whole) <= 3 and not whole.startswith("0") and rest.isdigit():
        if not whole.isdigit():
            raise NotWritten(body)
        raise Unclear(whole + rest, f"{whole}.{rest}")
    return f"{whole}.{rest}"


def _two_marks(body: str) -> str:
    """Return ``1.250,50`` or ``1,250.50`` as a number: the last mark is that of decimals."""
    last = "," if body.rfind(",") > body.rfind(".") else "."
    whole, _, rest = body.rpartition(last)
    groups = whole.replace(".", ",")
    if last in whole or "." in rest or "," in rest or not rest:
        raise NotWritten(body)
    return f"{_only_groups(groups)}.{rest}"


def _only_groups(body: str) -> str:
    if not _THOUSANDS.fullmatch(body):
        raise NotWritten(body)
    return body.replace(",", "")


_ISO = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?:[T ][0-9:.]{4,15}Z?)?")
_DOTS = re.compile(r"([0-9]{1,2})\.\s?([0-9]{1,2})\.\s?([0-9]{4})")
_OTHER = re.compile(r"([0-9]{1,2})[/-]([0-9]{1,2})[/-]([0-9]{4})")


def day(text: str) -> date:
    """Return the date that ``text`` means. Raises ``Unclear`` or ``NotWritten``."""
    body = western(text)
    if match := _ISO.fullmatch(body):
        return _date(match[1], match[2], match[3])
    if match := _DOTS.fullmatch(body):
        return _date(match[3], match[2], match[1])
    match = _OTHER.fullmatch(body)
    if match is None:
        raise NotWritten(body)
    first, second, year = match.groups()
    possible = []
    for month, number_of_day in ((second, first), (first, second)):
        try:
            possible.append(_date(year, month, number_of_day))
        except NotWritten:
            continue
    if not possible:
        raise NotWritten(body)
    if len(set(possible)) > 1:
        raise Unclear(possible[0].isoformat(), possible[1].isoformat())
    return possible[0]


def _date(year: str, month: str, number_of_day: str) -> date:
    try:
        return date(int(year), int(month), int(number_of_day))
    except ValueError:
        raise NotWritten(f"{year}-{month}-{number_of_day}") from None
