"""Audit workbooks of what was published: each is held against the cells of the published files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from io import BytesIO
from typing import Any

from openpyxl import load_workbook
from sqlalchemy import select

from fundops.db import Database
from fundops.exports.audit_book.question import Named
from fundops.ledger.models import Fund
from tests.exports.audit_book.asked import rendered

Rows = list[dict[str, Any]]


def books_of(database: Database) -> dict[str, bytes]:
    """Return the audit workbook of every fund, as of today."""
    with database.export() as db:
        codes = sorted(db.execute(select(Fund.code)).scalars())
        return {code: rendered(db, Named(fund=code)) for code in codes}


class Opened:
    """A workbook as a reader sees it: the values shown, no formulas computed."""

    def __init__(self, data: bytes) -> None:
        self._book = load_workbook(BytesIO(data), data_only=True, read_only=True)

    def rows(self, sheet: str) -> Rows:
        """Return the rows of a sheet by heading, without the totals below."""
        lines = self._book[sheet].iter_rows(values_only=True)
        headings = next(lines)
        found: Rows = []
        for line in lines:
            if not any(value is not None for value in line):
                break
            found.append(dict(zip(headings, line, strict=True)))
        return found

    def checks(self) -> list[str]:
        """Return what the controls say."""
        lines = self._book["Controls"].iter_rows(min_row=5, values_only=True)
        return [str(line[4]) for line in lines if line[0]]


def cents(value: Any) -> int:
    """Return an amount as a reader sees it in cents."""
    return int((Decimal(str(value or 0)) * 100).to_integral_value())


def added(rows: Sequence[Mapping[str, Any]], amount: str) -> int:
    """Return the sum of a column in cents."""
    return sum(cents(row[amount]) for row in rows)


def check_books(
    made: Mapping[str, bytes],
    received: Mapping[tuple[str, int], int],
    awarded: Mapping[str, int],
    grants: Mapping[str, Mapping[str, int]],
) -> int:
    """Hold every fund's workbook against the source's sums; return how many grants were compared.

    ``received`` is by fund and fiscal year, ``awarded`` by fund, ``grants`` by code as committed
    (2), disbursed (3) and refunded (7).
    """
    by_year: dict[tuple[str, int], int] = defaultdict(int)
    compared = 0
    for fund, data in made.items():
        book = Opened(data)
        said = book.checks()
        assert len(said) > 100, fund
        assert set(said) == {"OK"}, fund
        for row in book.rows("Pledges"):
            by_year[fund, int(row["Year"] or 0)] += cents(row["Received, base"])
        awards = book.rows("Awards")
        assert added(awards, "At award") == awarded[fund], fund
        for row in awards:
            if row["Grant"] in grants:
                source = grants[row["Grant"]]
                # One source paid a cent more than it had committed; its award was raised by that.
                assert cents(row["Awarded"]) == max(source["2"], source["3"]), row["Grant"]
                assert cents(row["Paid"]) == source["3"], row["Grant"]
                assert cents(row["Refunded"]) == source["7"], row["Grant"]
                compared += 1
    assert {key: sum_ for key, sum_ in by_year.items() if sum_} == received
    return compared
