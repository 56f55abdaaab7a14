"""A section: one sheet of the audit workbook as data, with the controls that hold it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fundops.exports.audit_book.book import Book
from fundops.exports.formulas import Figure
from fundops.exports.kinds import Integer, Kind
from fundops.exports.specs import Spec, described
from fundops.exports.workbook import Control, Grid, Sheet
from fundops.messages import text

Row = tuple[Any, ...]


def no_controls(_book: Book) -> Iterable[Control]:
    """Return no controls: for sheets of words and dates alone."""
    return ()


@dataclass(frozen=True)
class Section:
    """One sheet: its table, columns, rows and totals, and the controls over them.

    Words are in the catalogue: ``audit_book.sheet.<table>``, ``audit_book.<table>.<key>``,
    ``….meaning`` and ``audit_book.<table>.source``. Every column of money must be held by a
    control: ``controls`` return them, with what a second way to the figure says.
    """

    table: str
    columns: tuple[Spec, ...]
    rows: Callable[[Book], Iterable[Row]]
    totals: tuple[str, ...] = ()
    controls: Callable[[Book], Iterable[Control]] = no_controls

    def sheet(self, book: Book) -> Sheet | Grid:
        """Return the sheet for ``book``; its rows are read when it is rendered."""
        return Sheet(
            name=text(f"audit_book.sheet.{self.table}", book.language),
            columns=described(f"audit_book.{self.table}", self.columns, book.language),
            rows=lambda: self._watched(book),
            table_name=self.table,
            currency=book.fund.base_currency,
            freeze_columns=1 if len(self.columns) > 8 else 0,
            totals=self.totals,
        )

    def _watched(self, book: Book) -> Iterable[Sequence[Any]]:
        rows = self.rows(book)
        return rows if book.watch is None else book.watch.over(rows)


def control(
    book: Book, key: str, figure: Figure, expected: int, kind: Kind | None = None, **params: Any
) -> Control:
    """Return a control in words: ``audit_book.control.<key>`` and its ``.meaning``.

    ``kind`` is the fund's money unless it says otherwise.
    """
    return Control(
        text(f"audit_book.control.{key}", book.language, **params),
        figure,
        expected,
        kind or book.money,
        text(f"audit_book.control.{key}.meaning", book.language),
    )


def counted(book: Book, table: str, figure: Figure, expected: int) -> Control:
    """Return the control that a sheet has as many rows as the register."""
    sheet = text(f"audit_book.sheet.{table}", book.language)
    return control(book, "rows", figure, expected, Integer(), sheet=sheet)
