"""Two workbooks compared cell by cell, in step, so that neither is ever held in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Context, Decimal

from fundops.exports.read_back import CellRead, Reading, RowRead

AHEAD = 64
"""Rows that are looked ahead to find where two sheets meet again after some were added."""

_FIFTEEN = Context(prec=15)


@dataclass(frozen=True)
class Difference:
    """A cell that differs, as the first file has it: ``at`` such as ``B3``, of sheet ``sheet``.

    ``before`` and ``after`` are what the two files say, ``None`` where one has no such cell.
    A row that only the second has is given cell by cell at ``+`` and its place there.
    ``row`` is all that both files say in that row.
    """

    sheet: str
    at: str
    before: str | None
    after: str | None
    row: tuple[str, ...] = field(repr=False, default=())

    @property
    def key(self) -> tuple[str, str]:
        """The same in two comparisons for one cell of the first file, or one addition to it."""
        return self.sheet, f"+{self.after}" if self.at.startswith("+") else self.at


def differences(first: Reading, second: Reading) -> Iterator[Difference]:
    """Yield what differs, sheet by sheet in the order of the tabs."""
    for name in first.sheets:
        if name not in second.sheets:
            yield Difference(name, "", name, None)
            continue
        yield from _in_sheet(name, first.rows(name), second.rows(name))
    for name in second.sheets:
        if name not in first.sheets:
            yield Difference(name, "", None, name)


class _Buffer:
    """Rows of one file with those that come next."""

    def __init__(self, rows: Iterator[RowRead]) -> None:
        self._rows, self.held = rows, deque[RowRead]()

    def fill(self, count: int) -> bool:
        """Hold ``count`` rows if there are that many; return whether there is any."""
        while len(self.held) < count:
            row = next(self._rows, None)
            if row is None:
                break
            self.held.append(row)
        return bool(self.held)

    def take(self) -> RowRead:
        return self.held.popleft()


def _in_sheet(
    sheet: str, first: Iterator[RowRead], second: Iterator[RowRead]
) -> Iterator[Difference]:
    one, other = _Buffer(first), _Buffer(second)
    while True:
        here, there = one.fill(1), other.fill(1)
        if not here and not there:
            return
        if here and there and _is_same(one.held[0], other.held[0]):
            one.take(), other.take()
        elif not there:
            yield from _row(sheet, one.take(), None)
        elif not here:
            yield from _row(sheet, None, other.take())
        else:
            yield from _apart(sheet, one, other)


def _apart(sheet: str, one: _Buffer, other: _Buffer) -> Iterator[Difference]:
    """Yield what differs of two rows, or the rows that only one file has before they meet again."""
    if one.held[0].values == other.held[0].values:  # only formulas differ
        yield from _row(sheet, one.take(), other.take())
        return
    one.fill(AHEAD)
    other.fill(AHEAD)
    added = _place(one.held[0], other.held)
    gone = _place(other.held[0], one.held)
    if added is not None and (gone is None or added <= gone):
        for _ in range(added):
            yield from _row(sheet, None, other.take())
    elif gone is not None:
        for _ in range(gone):
            yield from _row(sheet, one.take(), None)
    else:
        yield from _row(sheet, one.take(), other.take())


def _place(row: RowRead, among: deque[RowRead]) -> int | None:
    return next((at for at, found in enumerate(among) if found.values == row.values), None)


def _row(sheet: str, one: RowRead | None, other: RowRead | None) -> Iterator[Difference]:
    said = tuple(value for row in (one, other) if row for _, _, value in row.values)
    before = one.cells if one is not None else {}
    after = other.cells if other is not None else {}
    for column in dict.fromkeys((*before, *after)):
        left, right = before.get(column), after.get(column)
        if left is not None and right is not None and _same_cell(left, right, one, other):
            continue
        number = f"{one.number}" if one is not None else f"{other.number if other else 0}"
        at = f"{column}{number}" if one is not None else f"+{column}{number}"
        yield Difference(sheet, at, _shown(left), _shown(right), said)


def _is_same(one: RowRead, other: RowRead) -> bool:
    if one.number == other.number and one.cells == other.cells:
        return True
    if one.cells.keys() != other.cells.keys():
        return False
    return all(_same_cell(cell, other.cells[at], one, other) for at, cell in one.cells.items())


def _same_cell(
    one: CellRead, other: CellRead, in_row: RowRead | None, in_other: RowRead | None
) -> bool:
    """Return whether two cells say the same; formulas name rows, so they are compared in place."""
    moved = in_row is not None and in_other is not None and in_row.number != in_other.number
    if not moved and one.formula != other.formula:
        return False
    if one.kind != other.kind and {one.kind, other.kind} != {"n", "b"}:
        return False  # LibreOffice keeps a flag as a number that looks like one
    return one.value == other.value or (one.kind == "n" and _same_number(one.value, other.value))


def _same_number(one: str, other: str) -> bool:
    """Return whether two numbers are the same to the 15 digits that programs keep."""
    try:
        return _FIFTEEN.plus(Decimal(one)) == _FIFTEEN.plus(Decimal(other))
    except ArithmeticError:  # no number, or one beyond all that a program keeps
        return False


def _shown(cell: CellRead | None) -> str | None:
    if cell is None:
        return None
    return f"{cell.value} (={cell.formula})" if cell.formula else cell.value
