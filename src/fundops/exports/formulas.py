"""Formulas, each with its value, and figures: sums over a sheet's columns that know their own.

A reader that does not recalculate shows the value written beside a formula, so every formula has
one. A ``Formula`` is given its value. A ``Figure`` (``Total``, ``Count``, and their sums and
differences) is added up by the engine from the very rows it writes, so its value is what a
spreadsheet program will compute, not what somebody hoped it would be.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from fundops.exports.names import DeclarationError, check_name, place

MAX_FORMULA = 8_192
MAX_CRITERION = 255

Value = str | int | Decimal | date | bool
"""What a formula can come to: ``int`` minor units for amounts, else the plain value."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula as a spreadsheet writes it, without ``=``, and the value it comes to.

    The cell's kind says how ``value`` is read: ``int`` minor units for ``Money``.
    """

    text: str
    value: Value

    def __post_init__(self) -> None:
        check_formula(self.text)


def check_formula(text: str) -> str:
    """Return ``text`` if it can stand in a cell, else raise ``DeclarationError``."""
    if not text or text.startswith("=") or len(text) > MAX_FORMULA:
        raise DeclarationError("a formula has 1 to 8192 characters and is given without its '='")
    if re.search(r"[\x00-\x1f\ud800-\udfff\ufffe\uffff]", text):
        raise DeclarationError("a formula holds no control characters")
    return text


@dataclass(frozen=True, slots=True)
class AtMost:
    """A criterion: the column's date or number is not after ``limit``."""

    limit: date | int


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A criterion: the column's date or number is not before ``limit``."""

    limit: date | int


@dataclass(frozen=True, slots=True)
class Beside:
    """A criterion: equal to the cell ``at`` of the formula's own sheet, which holds ``value``."""

    at: str
    value: str | int | date

    def __post_init__(self) -> None:
        place(self.at)


Criterion = str | int | date | bool | AtMost | AtLeast | Beside


@dataclass(frozen=True, slots=True)
class Figure:
    """What can be recomputed from rows; figures add and subtract."""

    def __add__(self, other: Figure) -> Figure:
        return Combined((*signed(self, 1), *signed(other, 1)))

    def __sub__(self, other: Figure) -> Figure:
        return Combined((*signed(self, 1), *signed(other, -1)))


@dataclass(frozen=True, slots=True)
class Aggregate(Figure):
    """A figure over one table: ``where`` maps column keys to criteria, all of which must hold."""

    table: str
    column: str | None
    where: tuple[tuple[str, Criterion], ...]


@dataclass(frozen=True, slots=True)
class Combined(Figure):
    """Figures added (1) and subtracted (-1)."""

    terms: tuple[tuple[int, Aggregate], ...]


def signed(figure: Figure, sign: int) -> tuple[tuple[int, Aggregate], ...]:
    """Return the terms of ``figure``, all turned around when ``sign`` is -1."""
    if isinstance(figure, Combined):
        return tuple((sign * own, term) for own, term in figure.terms)
    assert isinstance(figure, Aggregate)
    return ((sign, figure),)


def besides(figure: Figure) -> list[Beside]:
    """Return the criteria of ``figure`` that stand in cells beside it."""
    return [
        criterion
        for _, term in signed(figure, 1)
        for _, criterion in term.where
        if isinstance(criterion, Beside)
    ]


def total(table: str, column: str, where: Mapping[str, Criterion] | None = None) -> Aggregate:
    """Return the sum of a column of the sheet whose table is ``table``.

    ``total("receipts", "amount", {"lot": "LOT-1"})`` is written
    ``SUMIFS(receipts_amount,receipts_lot,"LOT-1")``.
    """
    return Aggregate(check_name(table), column, _checked(where))


def count(table: str, where: Mapping[str, Criterion] | None = None) -> Aggregate:
    """Return the number of rows of a table; without criteria, of those with a first cell."""
    return Aggregate(check_name(table), None, _checked(where))


def _checked(where: Mapping[str, Criterion] | None) -> tuple[tuple[str, Criterion], ...]:
    pairs = tuple((where or {}).items())
    for key, criterion in pairs:
        criterion_text(criterion)
        if isinstance(criterion, Beside) and isinstance(criterion.value, str):
            plain = pattern(criterion.value)
            if plain != criterion.value:
                raise DeclarationError(f"the text beside, for {key!r}, would be read as a pattern")
    return pairs


def pattern(text: str) -> str:
    """Return ``text`` as a criterion that matches exactly it: wildcards and operators disarmed."""
    safe = re.sub(r"([~*?])", r"~\1", text)
    return "=" + safe if safe[:1] in {"=", "<", ">"} else safe


def literal(text: str) -> str:
    """Return ``text`` as a string literal inside a formula."""
    return '"' + text.replace('"', '""') + '"'


def date_literal(value: date) -> str:
    """Return ``value`` as formulas write a date."""
    return f"DATE({value.year},{value.month},{value.day})"


def criterion_text(criterion: Criterion) -> str:
    """Return a criterion as ``SUMIFS`` and ``COUNTIFS`` take it.

    Raises ``DeclarationError`` for empty or over-long text, which they would misread.
    """
    match criterion:
        case Beside():
            return criterion.at
        case AtMost() | AtLeast():
            sign = "<=" if isinstance(criterion, AtMost) else ">="
            if isinstance(criterion.limit, date):
                return f'"{sign}"&{date_literal(criterion.limit)}'
            return f'"{sign}{criterion.limit}"'
        case bool():
            return "TRUE" if criterion else "FALSE"
        case int():
            return str(criterion)
        case date():
            return date_literal(criterion)
        case str():
            if not criterion or len(pattern(criterion)) > MAX_CRITERION:
                raise DeclarationError("a criterion has 1 to 255 characters")
            return literal(pattern(criterion))


def column_name(table: str, key: str, part: int = 1) -> str:
    """Return the defined name of a column's cells: ``receipts_amount``, then ``…_part2``."""
    return f"{table}_{key}" if part == 1 else f"{table}_{key}_part{part}"


def aggregate_text(figure: Aggregate, parts: int, first_column: str) -> str:
    """Return the formula of ``figure`` over a table that went on over ``parts`` sheets."""
    return "+".join(_part_text(figure, part, first_column) for part in range(1, parts + 1))


def _part_text(figure: Aggregate, part: int, first_column: str) -> str:
    tests = ",".join(
        f"{column_name(figure.table, key, part)},{criterion_text(criterion)}"
        for key, criterion in figure.where
    )
    if figure.column is None:
        first = column_name(figure.table, first_column, part)
        return f"COUNTIFS({tests})" if tests else f"COUNTA({first})"
    summed = column_name(figure.table, figure.column, part)
    return f"SUMIFS({summed},{tests})" if tests else f"SUM({summed})"
