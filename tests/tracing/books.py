"""Reading a statement's workbook the way an auditor does: cells, not our own code."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from decimal import Decimal
from typing import Any

import openpyxl

from fundops.db import Database
from fundops.exports import render, statements
from fundops.exports.statements import Period
from fundops.ledger.models import Fund
from fundops.parties.models import Party


def workbook_bytes(
    database: Database,
    donor: Party,
    fund: Fund | None,
    *,
    from_on: date | None = None,
    as_of: date | None = None,
    known_seq: int | None = None,
) -> bytes:
    """Return the statement of ``donor``; ``known_seq`` asks as known then."""
    with database.export() as db:
        question = statements.question_for(db, donor.id, fund, Period(from_on, as_of, None))
        if known_seq is not None:
            question = type(question)(
                question.donor_id, question.fund_id, question.from_on, question.as_of_on, known_seq
            )
        return b"".join(render(statements.statement_workbook(db, question)))


class Book:
    """A workbook opened for reading values."""

    def __init__(self, data: bytes) -> None:
        self.book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            self.text = "".join(parts.read(name).decode() for name in parts.namelist())

    def table(self, sheet: str) -> list[dict[str, Any]]:
        """Return the rows of a sheet by heading, without its total."""
        rows = list(self.book[sheet].iter_rows(values_only=True))
        return [
            dict(zip(rows[0], row, strict=True))
            for row in rows[1:]
            if row[0] not in ("Total", None)
        ]

    def cover(self, label: str) -> Any:
        """Return the value beside a label of the cover."""
        for row in self.book["Statement"].iter_rows(values_only=True):
            if row[0] == label:
                return row[1]
        raise AssertionError(f"the cover does not say {label!r}")

    def checks(self) -> set[Any]:
        """Return what the control cells say."""
        rows = self.book["Controls"].iter_rows(min_row=5, values_only=True)
        return {row[4] for row in rows if row[4] is not None}

    def total(self, sheet: str, column: str, **where: Any) -> Decimal:
        """Add up a column, as a person with a calculator would."""
        names = {key.replace("_", " ").casefold(): value for key, value in where.items()}
        found = Decimal(0)
        for row in self.table(sheet):
            folded = {str(key).casefold(): value for key, value in row.items()}
            if all(folded[name] == value for name, value in names.items()):
                found += Decimal(str(row[column] or 0))
        return found
