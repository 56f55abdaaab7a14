"""What the tests of parties and access share: a clock to move, and a count of statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from fundops import clock
from fundops.db import Database


class MovingClock:
    """The clock of a test: it runs, and can be put forward."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def forward(self, **by: float) -> None:
        """Put the clock forward by so many ``days`` or ``hours``."""
        self.ahead += timedelta(**by)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def moving_clock() -> Iterator[MovingClock]:
    """Give a clock that the test can put forward."""
    made = MovingClock()
    clock.set_clock(made)
    yield made
    clock.set_clock(None)


Counting = Callable[[], AbstractContextManager[list[str]]]


@pytest.fixture
def statements(database: Database) -> Counting:
    """Give what opens a block whose SQL statements are collected in a list."""

    @contextmanager
    def counting() -> Iterator[list[str]]:
        seen: list[str] = []

        def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            seen.append(statement)

        engines = (database.reader, database.writer)
        for engine in engines:
            event.listen(engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            for engine in engines:
                event.remove(engine, "before_cursor_execute", note)

    return counting
