"""One cell to one value of its kind, or the reason why not. Nothing is guessed or rounded."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

from fundops import money
from fundops.forms import written
from fundops.forms.book import Cell
from fundops.forms.kinds import (
    Choice,
    Day,
    Kind,
    Money,
    Number,
    Percentage,
    Text,
    Value,
    Whole,
    YesNo,
    label_key,
)
from fundops.forms.limits import FIRST_YEAR, LAST_YEAR
from fundops.forms.problems import shown

_LINE_ENDS = re.compile("\r\n|\r|\u2028|\u2029|\x0b|\x0c|\x85")
_YES, _NO = frozenset({"yes", "true", "1", "y"}), frozenset({"no", "false", "0", "n"})
_PERCENT = re.compile("\\s*[%\u066a\uff05]$")


class Unreadable(Exception):
    """A cell that is not what its field needs: the code of the problem and its facts."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


def value_of(cell: Cell, kind: Kind) -> Value:
    """Return what the cell means as a value of ``kind``; blank is ``None``.

    Raises ``Unreadable``.
    """
    if cell.blank:
        return None
    if cell.kind == "e":
        raise Unreadable("error_cell", found=shown(cell.text))
    if cell.kind == "f":
        raise Unreadable("no_value")
    readers: dict[type[Any], Any] = {
        Text: _text,
        Whole: _whole,
        Number: _number,
        Money: _money,
        Percentage: _percentage,
        Day: _day,
        YesNo: _yes_no,
        Choice: _choice,
    }
    value: Value = readers[type(kind)](cell, kind)
    return value


def expected_value(value: Value, kind: Kind) -> Value:
    """Return ``value`` as it comes back from a cell that shows it."""
    return value_of(Cell("s", value), kind) if isinstance(value, str) else value


def _text(cell: Cell, kind: Text) -> str:
    if cell.kind in {"n", "p"}:
        if len(re.sub(r"[^0-9]", "", cell.text)) > 15 or "e" in cell.text:
            raise Unreadable("digits_lost")
        return cell.text if cell.kind == "n" else f"{_plain(Decimal(cell.text) * 100)}%"
    if cell.kind == "b":
        return "TRUE" if cell.text == "1" else "FALSE"
    text = clean(cell.text)
    if any(_forbidden(char) for char in text):
        raise Unreadable("control_characters")
    if not kind.lines:
        text = " ".join(part for part in text.split("\n") if part)
    if len(text) > kind.max_length:
        raise Unreadable("too_long", limit=kind.max_length, length=len(text))
    return text


def clean(text: str) -> str:
    """Return ``text`` with one kind of line end and no white space around it."""
    return _LINE_ENDS.sub("\n", text).strip()


def _forbidden(char: str) -> bool:
    return (char < " " and char not in "\n\t") or char == "\x7f" or "\ud800" <= char <= "\udfff"


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _exact(cell: Cell) -> Decimal:
    """Return the number in a cell, whether stored as one or written as text."""
    if cell.kind in {"n", "p"}:
        return Decimal(cell.text)
    if cell.kind == "d":
        raise Unreadable("date_for_number", found=cell.text[:10])
    if cell.kind == "b":
        raise Unreadable("not_a_number", found="TRUE" if cell.text == "1" else "FALSE")
    return _written(cell.text)


def _written(text: str) -> Decimal:
    try:
        return written.number(text)
    except written.Unclear as unclear:
        raise Unreadable(
            "unclear_number", found=shown(text), one=unclear.args[0], other=unclear.args[1]
        ) from None
    except written.NotWritten:
        raise Unreadable("not_a_number", found=shown(text)) from None


def _bounded(
    number: Decimal, places: int, least: Decimal | int, most: Decimal | int, unit: str = ""
) -> Decimal:
    """Return the number if it has few enough decimals and lies in its range."""
    if not least <= number <= most:
        raise Unreadable(
            "out_of_range",
            found=shown(f"{number:.15g}{unit}"),
            least=f"{_plain(Decimal(least))}{unit}",
            most=f"{_plain(Decimal(most))}{unit}",
        )
    if number != round(number, places):
        code = "not_whole" if not places else "too_many_decimals"
        raise Unreadable(code, found=shown(f"{_plain(number)}{unit}"), places=places)
    return Decimal(_plain(number))


def _whole(cell: Cell, kind: Whole) -> int:
    return int(_bounded(_exact(cell), 0, kind.least, kind.most))


def _number(cell: Cell, kind: Number) -> Decimal:
    return _bounded(_exact(cell), kind.places, kind.least, kind.most)


def _money(cell: Cell, kind: Money) -> int:
    if cell.kind == "p":
        raise Unreadable("percent_for_amount")
    digits = money.exponent(kind.currency)
    exact = _exact(Cell(cell.kind, _without_currency(cell, kind.currency)))
    least, most = (Decimal(limit).scaleb(-digits) for limit in (kind.least, kind.most))
    return int(_bounded(exact, digits, least, most).scaleb(digits))


def _without_currency(cell: Cell, currency: str) -> str:
    """Return a written amount without its own currency's code. Another one is refused."""
    if cell.kind != "s":
        return cell.text
    text = cell.text.strip()
    for code in (text[:3], text[-3:]):
        if code.upper() == currency:
            return text.removeprefix(code).removesuffix(code).strip()
        if code.isascii() and code.isalpha() and _is_currency(code.upper()):
            raise Unreadable("other_currency", found=shown(code), currency=currency)
    return text


def _is_currency(code: str) -> bool:
    try:
        money.exponent(code)
    except money.UnknownCurrency:
        return False
    return True


def _percentage(cell: Cell, kind: Percentage) -> Decimal:
    if cell.kind == "p":
        exact = Decimal(cell.text) * 100
    elif cell.kind == "s" and _PERCENT.search(western := written.western(cell.text)):
        exact = _written(_PERCENT.sub("", western))
    else:
        exact = _exact(cell)
        if 0 < abs(exact) <= 1:
            raise Unreadable(
                "unclear_percentage",
                found=shown(_plain(exact)),
                one=_plain(exact),
                other=_plain(exact * 100),
            )
    return _bounded(exact, kind.places, kind.least, kind.most, "%")


def _day(cell: Cell, kind: Day) -> date:
    found = _any_day(cell)
    if not kind.first <= found <= kind.last:
        raise Unreadable(
            "date_out_of_range",
            found=found.isoformat(),
            first=kind.first.isoformat(),
            last=kind.last.isoformat(),
        )
    return found


def _any_day(cell: Cell) -> date:
    if cell.kind not in {"d", "s"}:
        raise Unreadable("not_a_date", found=shown(cell.text))
    try:
        found = written.day(cell.text)
    except written.Unclear as unclear:
        raise Unreadable(
            "unclear_date", found=shown(cell.text), one=unclear.args[0], other=unclear.args[1]
        ) from None
    except written.NotWritten:
        raise Unreadable("not_a_date", found=shown(cell.text)) from None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise Unreadable("not_a_date", found=found.isoformat())
    return found


def _word(cell: Cell) -> str:
    return label_key(cell.text)


def _yes_no(cell: Cell, kind: YesNo) -> bool:
    word = _word(cell)
    if word in {label_key(kind.yes), *_YES} - {label_key(kind.no)}:
        return True
    if word in {label_key(kind.no), *_NO} - {label_key(kind.yes)}:
        return False
    raise Unreadable("not_yes_or_no", found=shown(cell.text), yes=kind.yes, no=kind.no)


def _choice(cell: Cell, kind: Choice) -> str:
    word = _word(cell)
    for option in kind.options:
        if word in {label_key(option.code), label_key(option.label)}:
            return option.code
    if cell.kind == "n":  # a program took the code 002 for the number 2
        same = [one.code for one in kind.options if one.code.lstrip("0") == cell.text.lstrip("0")]
        if len(same) == 1:
            return same[0]
    raise Unreadable("not_an_option", found=shown(cell.text))
