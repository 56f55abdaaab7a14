"""Collecting everything that is wrong with a content, each with its place: never only the first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

from fundops.errors import FieldError
from fundops.messages import text
from fundops.proposals.values import Wrong, is_empty

T = TypeVar("T")
_DAYS_IN_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class Findings:
    """The problems found so far; reading goes on after each."""

    def __init__(self) -> None:
        self.problems: list[FieldError] = []

    def add(self, pointer: str, key: str, **params: Any) -> None:
        """Note a problem at a JSON pointer."""
        self.problems.append(FieldError(pointer, text(key, **params)))

    def take(self, pointer: str, read: Callable[..., T], value: Any, *args: Any) -> T | None:
        """Return what ``read`` makes of a value that must be there, or note why it cannot."""
        if is_empty(value):
            self.add(pointer, "validation.missing")
            return None
        return self.take_any(pointer, read, value, *args)

    def take_any(self, pointer: str, read: Callable[..., T], value: Any, *args: Any) -> T | None:
        """Return what ``read`` makes of a value that may be left out."""
        if is_empty(value):
            return None
        try:
            return read(value, *args)
        except Wrong as wrong:
            self.problems.append(FieldError(pointer, wrong.args[0]))
            return None

    def codes(self, pointer: str, values: Sequence[Any], read: Callable[[Any], str]) -> list[str]:
        """Return the codes of a list, each once; empty places are passed over."""
        found: list[str] = []
        for at, value in enumerate(values):
            one = self.take_any(f"{pointer}/{at}", read, value)
            if one is not None and one in found:
                self.add(f"{pointer}/{at}", "proposals.repeated")
            elif one is not None:
                found.append(one)
        return found


def is_blank(entry: Mapping[str, Any]) -> bool:
    """Return whether nothing was typed in any place of a line; such lines are passed over."""
    return all(is_empty(value) for value in entry.values())


def add_months(day: date, months: int) -> date:
    """Return the same day ``months`` later, or the last of its month where that is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    leap = month == 1 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return date(year, month + 1, min(day.day, _DAYS_IN_MONTH[month] + leap))
