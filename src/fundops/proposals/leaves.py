"""Values of cells as a draft keeps them, and what was typed into a draft as cells show it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from fundops import money
from fundops.forms.kinds import Choice, Day, Kind, Money, Number, Percentage, Text, Whole, YesNo
from fundops.proposals import values
from fundops.proposals.values import Wrong


def as_leaf(kind: Kind, value: Any) -> Any:
    """Return a cell's value as a draft keeps it: decimals and days as text."""
    match value:
        case int() if isinstance(kind, Money):
            return money.format_amount(value, kind.currency)
        case Decimal():
            return format(value.normalize(), "f")
        case date():
            return value.isoformat()
    return value


def as_cell(kind: Kind, typed: Any) -> Any:
    """Return what was typed as the value of a cell; raise ``Wrong`` where it cannot be one."""
    match kind:
        case Text():
            return (values.prose if kind.lines else values.line)(typed, kind.max_length)
        case Whole():
            return values.whole(typed, kind.least, kind.most)
        case Money():
            return values.amount(typed, kind.currency)
        case Number() | Percentage():
            return _decimal(kind, typed)
        case Day():
            return values.day(typed)
        case YesNo():
            return values.flag(typed)
        case Choice():
            code = values.line(str(typed) if isinstance(typed, int) else typed, 60)
            if code not in {option.code for option in kind.options}:
                raise Wrong("proposals.not_listed")
            return code


class CellWriter:
    """Turns what was typed into what cells hold, keeping account of what they cannot.

    ``left_out`` are pointers to what no cell can show.
    """

    def __init__(self) -> None:
        self.left_out: list[str] = []

    def value(self, kind: Kind, typed: Any, pointer: str) -> Any:
        """Return what a cell of a kind holds, nothing where it cannot hold what was typed."""
        if values.is_empty(typed):
            return None
        try:
            return as_cell(kind, typed)
        except Wrong:
            self.left_out.append(pointer)
            return None


def _decimal(kind: Number | Percentage, typed: Any) -> Decimal:
    try:
        found = Decimal(typed.strip() if isinstance(typed, str) else repr(typed))
    except InvalidOperation:
        raise Wrong("proposals.decimal") from None
    places = -int(found.as_tuple().exponent) if found.is_finite() else kind.places + 1
    if places > kind.places or not kind.least <= found <= kind.most:
        raise Wrong("proposals.decimal")
    return found
