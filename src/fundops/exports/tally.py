"""Tallies: the figures of a workbook, added up from the rows as they stream past.

A tally adds what a spreadsheet program would add: cells that are numbers. An amount of more
digits than it keeps is a text cell, so it counts neither there nor here, and the control that
expects it says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from fundops.exports.cells import EXACT, FIRST_DATE, is_exact
from fundops.exports.formulas import (
    Aggregate,
    AtLeast,
    AtMost,
    Beside,
    Criterion,
    Figure,
    aggregate_text,
    signed,
)
from fundops.exports.kinds import Code, Date, Flag, Integer, Kind, Money, Text, exponent_of
from fundops.exports.names import DeclarationError
from fundops.exports.workbook import Sheet, Workbook, check_summable

MAX_GROUPS = 1_000_000

_Need = tuple[int | None, tuple[int, ...]]


class SheetTally:
    """The running sums one sheet's figures need."""

    def __init__(self, sheet: Sheet, figures: Iterable[Aggregate]) -> None:
        self._sheet = sheet
        self._sums: dict[_Need, Counter[Any]] = {}
        self.parts = 0
        for figure in figures:
            self._sums.setdefault(self._need(figure), Counter())

    def _need(self, figure: Aggregate) -> _Need:
        if figure.column is not None:
            check_summable(self._sheet, figure.column, figure.where)
        for key, criterion in figure.where:
            check_criterion(self._sheet.columns[self._sheet.position(key)].kind, key, criterion)
        keys = tuple(self._sheet.position(key) for key, _ in figure.where)
        summed = None if figure.column is None else self._sheet.position(figure.column)
        return summed, keys

    def add(self, columns: Sequence[Sequence[Any]]) -> None:
        """Add one chunk, given by columns."""
        for (summed, keys), sums in self._sums.items():
            if not keys:
                sums[()] += _plain_sum(columns, summed)
                continue
            groups: Iterable[Any] = zip(*(columns[key] for key in keys), strict=True)
            if summed is None:
                sums.update(groups)
            else:
                _add_groups(sums, groups, columns[summed])
            if len(sums) > MAX_GROUPS:
                raise DeclarationError(f"the figures of {self._sheet.name!r} need too many groups")

    def value(self, figure: Aggregate) -> int:
        """Return what ``figure`` comes to over the rows added so far."""
        need = self._need(figure)
        criteria = [criterion for _, criterion in figure.where]
        return sum(
            amount
            for group, amount in self._sums[need].items()
            if all(map(matches, criteria, group))
        )


def _plain_sum(columns: Sequence[Sequence[Any]], summed: int | None) -> int:
    if summed is None:
        return sum(value is not None and value != "" for value in columns[0])
    given = list(filter(None, columns[summed]))
    if given and (max(given) >= EXACT or min(given) <= -EXACT):
        given = list(filter(is_exact, given))
    return sum(given)


def _add_groups(sums: Counter[Any], groups: Iterable[Any], values: Sequence[int | None]) -> None:
    for group, value in zip(groups, values, strict=True):
        if value is not None and (-EXACT < value < EXACT or is_exact(value)):
            sums[group] += value


def check_criterion(kind: Kind, key: str, criterion: Criterion) -> None:
    """Raise ``DeclarationError`` when a criterion cannot be compared with a column of ``kind``."""
    sample = compared(criterion)
    taken: type
    match kind:
        case Text() | Code():
            taken = str
        case Integer():
            taken = int
        case Date():
            taken = date
        case Flag():
            taken = bool
        case _:
            raise DeclarationError(f"column {key!r} cannot be used as a criterion")
    if type(sample) is not taken:
        raise DeclarationError(f"the criterion on {key!r} is not a {taken.__name__}")


def compared(criterion: Criterion) -> str | int | date | bool:
    """Return the value that a criterion compares with."""
    match criterion:
        case AtMost() | AtLeast():
            return criterion.limit
        case Beside():
            return criterion.value
    return criterion


def matches(criterion: Criterion, value: Any) -> bool:
    """Return whether a spreadsheet program takes a cell of ``value`` to meet ``criterion``.

    Empty cells and dates that are text meet none; text is compared without regard to case, and
    text that reads as a number as that number.
    """
    if value is None or (isinstance(value, date) and value < FIRST_DATE):
        return False
    other: Any = compared(criterion)
    match criterion:
        case AtMost():
            return bool(value <= other)
        case AtLeast():
            return bool(value >= other)
    return bool(_as_compared(value) == _as_compared(other))


def _as_compared(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return Decimal(value)
    except InvalidOperation:
        return value.casefold()


@dataclass(frozen=True, slots=True)
class Tallies:
    """The tallies of all tables of a workbook."""

    workbook: Workbook
    by_table: dict[str, SheetTally]

    @classmethod
    def of(cls, workbook: Workbook, figures: Iterable[Figure]) -> Tallies:
        """Return tallies for ``figures``; raises ``DeclarationError`` for a figure of nothing."""
        wanted: dict[str, list[Aggregate]] = {}
        for figure in figures:
            for _, aggregate in signed(figure, 1):
                wanted.setdefault(aggregate.table, []).append(aggregate)
            unit(workbook, figure)
        return cls(
            workbook,
            {name: SheetTally(workbook.table(name), many) for name, many in wanted.items()},
        )

    def value(self, figure: Figure) -> int:
        """Return what ``figure`` comes to, once its rows have streamed past."""
        return sum(sign * self.by_table[term.table].value(term) for sign, term in signed(figure, 1))

    def text(self, figure: Figure) -> str:
        """Return the formula of ``figure`` over the parts its tables came to."""
        written = ""
        for sign, term in signed(figure, 1):
            sheet = self.workbook.table(term.table)
            parts = self.by_table[term.table].parts
            one = aggregate_text(term, parts, sheet.columns[0].key)
            if sign < 0:
                written += f"-({one})" if parts > 1 else f"-{one}"
            else:
                written += f"+{one}" if written else one
        return written


def unit(workbook: Workbook, figure: Figure) -> tuple[str | None, int] | None:
    """Return (currency if stated, decimals) of what ``figure`` adds up, ``None`` for counts.

    Raises ``DeclarationError`` when it adds amounts of two currencies, or counts to amounts.
    """
    found: set[tuple[str | None, int] | None] = set()
    for _, term in signed(figure, 1):
        sheet = workbook.table(term.table)
        kind = None if term.column is None else check_summable(sheet, term.column, term.where)
        if isinstance(kind, Money):
            currency = None if kind.exponent is not None else kind.currency or sheet.currency
            found.add((currency, exponent_of(kind, sheet.currency)))
        else:
            found.add(None)
    if len(found) != 1:
        raise DeclarationError("a figure adds up amounts of one currency, or counts, not a mix")
    return found.pop()
