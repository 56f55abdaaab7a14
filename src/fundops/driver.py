"""Bare driver statements for the few hot paths, where a layer in between costs more than the work.

Statements run on the driver's own cursor, inside the session's transaction. Errors come out as
SQLAlchemy's, and listeners to ``before_cursor_execute`` see every statement, as with any other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

Step = tuple[str, Sequence[Sequence[Any]]]
"""A statement with the rows of values it runs for; no rows: it is left out."""

CHUNK = 100
"""Most rows in one statement on PostgreSQL, which are far cheaper than a statement for each."""


def run(connection: Connection, steps: Sequence[Step]) -> list[int]:
    """Run ``steps`` in order; return how many rows each touched (0 where it had no values)."""
    cursor = connection.connection.cursor()
    counts = []
    statement = ""
    try:
        for statement, rows in steps:
            if len(rows) == 1:
                _announce(connection, cursor, statement, rows[0], many=False)
                cursor.execute(statement, rows[0])
            elif rows:
                _announce(connection, cursor, statement, rows, many=True)
                cursor.executemany(statement, rows)
            counts.append(cursor.rowcount if rows else 0)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _translated(connection, statement, error) from error
    finally:
        cursor.close()
    return counts


def rows(connection: Connection, statement: str, values: Sequence[Any] = ()) -> list[Any]:
    """Return the rows that ``statement`` gives."""
    cursor = connection.connection.cursor()
    try:
        _announce(connection, cursor, statement, values, many=False)
        cursor.execute(statement, values)
        return list(cursor.fetchall())
    except connection.dialect.loaded_dbapi.Error as error:
        raise _translated(connection, statement, error) from error
    finally:
        cursor.close()


def _announce(
    connection: Connection, cursor: Any, statement: str, values: Any, *, many: bool
) -> None:
    for listener in connection.dispatch.before_cursor_execute:
        listener(connection, cursor, statement, values, None, many)


def _translated(connection: Connection, statement: str, error: Any) -> BaseException:
    base = connection.dialect.loaded_dbapi.Error
    gone = connection.dialect.is_disconnect(error, None, None)
    found: BaseException = DBAPIError.instance(
        statement, None, error, base, connection_invalidated=gone, dialect=connection.dialect
    )
    return found


@lru_cache(maxsize=256)
def values_list(rows: int, width: int, tail: str = "") -> str:
    """Return PostgreSQL's marks for ``rows`` rows: ``(%s, %s), (%s, %s)``."""
    one = "(" + ", ".join(["%s"] * width) + tail + ")"
    return ", ".join([one] * rows)


def chunks(statement: Callable[[int], str], rows: Sequence[Sequence[Any]]) -> list[Step]:
    """Return the steps that run ``rows`` in statements of many rows each, as PostgreSQL likes it.

    ``statement(n)`` is the text for ``n`` rows.
    """
    steps: list[Step] = []
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        steps.append((statement(len(part)), [flat(part)]))
    return steps


def flat(rows: Sequence[Sequence[Any]]) -> list[Any]:
    """Return the values of ``rows`` one after another."""
    return [value for one in rows for value in one]


def id_decoder(dialect_name: str) -> Callable[[Any], UUID | None]:
    """Return how an id is read from the bare driver."""
    if dialect_name == "sqlite":
        return lambda value: None if value is None else UUID(value)
    return lambda value: value


def instant_encoder(dialect_name: str) -> Callable[[datetime], Any]:
    """Return how an instant is handed to the bare driver: as ``UtcDateTime`` stores it."""
    if dialect_name == "sqlite":
        return lambda value: (
            value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
        )
    return lambda value: value


def instant_decoder(dialect_name: str) -> Callable[[Any], datetime]:
    """Return how an instant is read from the bare driver, aware and in UTC."""
    if dialect_name == "sqlite":
        return lambda value: datetime.fromisoformat(value).replace(tzinfo=UTC)
    return lambda value: value.astimezone(UTC)
