"""How far a workbook is: sheets and rows counted as they stream, told to whoever watches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fundops.exports.workbook import Row

EVERY = 500
"""Rows between two tellings."""


class Watch:
    """Counts what is written; ``moved`` is called again and again, and may raise to stop it."""

    def __init__(self) -> None:
        self.sheets = 0
        self.rows = 0

    def moved(self) -> None:
        """Be told that more is written."""

    def over(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield the rows of one sheet, counting them."""
        self.moved()
        waiting = 0
        for row in rows:
            yield row
            waiting += 1
            if waiting == EVERY:
                self.rows += waiting
                waiting = 0
                self.moved()
        self.rows += waiting
        self.sheets += 1
        self.moved()
