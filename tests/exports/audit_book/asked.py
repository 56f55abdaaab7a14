"""Audit workbooks asked for in tests: declared, rendered, and every amount of money in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from fundops.exports import Computed, Control, Controls, Money, Sheet, Workbook, render
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.question import Moment, Named, Reader, question_for, scope_of
from fundops.exports.audit_book.workbook import audit_workbook
from fundops.exports.formulas import Figure, signed
from fundops.exports.tally import matches


def a_book(
    db: Session, named: Named, moment: Moment | None = None, reader: Reader = Reader.AUDITOR
) -> Book:
    """Return what answers a question."""
    question = question_for(db, scope_of(db, named), moment or Moment(), reader)
    return Book(db, question)


def rendered(db: Session, named: Named, moment: Moment | None = None) -> bytes:
    """Return the file that answers a question."""
    return b"".join(render(audit_workbook(a_book(db, named, moment))))


@dataclass(frozen=True)
class Amount:
    """One cell of money: where it stands and the values of its row by column."""

    table: str
    column: str
    row: int
    values: dict[str, Any]


def amounts(workbook: Workbook) -> Iterator[Amount]:
    """Yield every cell of money in the rows of a workbook."""
    for sheet in workbook.sheets:
        if not isinstance(sheet, Sheet) or sheet.table_name is None:
            continue
        keys = [column.key for column in sheet.columns]
        money = [column.key for column in sheet.columns if is_money(column.kind)]
        rows = sheet.rows() if callable(sheet.rows) else sheet.rows
        for number, row in enumerate(rows, 1):
            values = dict(zip(keys, row, strict=True))
            for key in money:
                if values[key] is not None:
                    yield Amount(sheet.table_name, key, number, values)


def is_money(kind: object) -> bool:
    """Return whether cells of a kind are amounts."""
    return isinstance(kind.result if isinstance(kind, Computed) else kind, Money)


def controls(workbook: Workbook) -> tuple[Control, ...]:
    """Return the controls of a workbook."""
    (found,) = (sheet for sheet in workbook.sheets if isinstance(sheet, Controls))
    return found.controls


def unheld(workbook: Workbook) -> list[Amount]:
    """Return the amounts that could change by a cent without any control of a sum turning."""
    by_column: dict[tuple[str, str], list[dict[str, tuple[int, Any]]]] = {}
    for control in controls(workbook):
        if isinstance(control.formula, Figure):
            terms: dict[tuple[str, str], list[tuple[int, Any]]] = {}
            for sign, term in signed(control.formula, 1):
                if term.column is not None:
                    terms.setdefault((term.table, term.column), []).append((sign, term.where))
            for place, wheres in terms.items():
                by_column.setdefault(place, []).append(wheres)  # type: ignore[arg-type]
    return [one for one in amounts(workbook) if not _is_held(one, by_column)]


def _is_held(amount: Amount, by_column: Any) -> bool:
    return any(
        sum(
            sign
            for sign, where in wheres
            if all(matches(criterion, amount.values[key]) for key, criterion in where)
        )
        for wheres in by_column.get((amount.table, amount.column), ())
    )
