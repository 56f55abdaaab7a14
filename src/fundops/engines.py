"""Engines: connections to SQLite and PostgreSQL, prepared so that both behave alike.

An engine's transactions are all writes or all reads, and the database itself refuses to write in
the latter.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import InvalidatePoolError

from fundops import driver
from fundops.config import Settings

SQLITE_BUSY_SECONDS = 30
PING_AFTER_SECONDS = 1.0
"""Idle for longer, a connection to PostgreSQL may have been closed by the other side."""


def make_engine(settings: Settings, *, read_only: bool, size: int) -> Engine:
    """Return an engine whose transactions are all writes or all database-enforced reads."""
    if settings.is_sqlite:
        return _sqlite_engine(make_url(settings.database_url), read_only, size)
    isolation = "REPEATABLE READ" if read_only else "READ COMMITTED"
    return _postgres_engine(settings, isolation, size, read_only=read_only)


def make_glancer(settings: Settings) -> Engine:
    """Return an engine of PostgreSQL that makes every query a transaction, reads only."""
    return _postgres_engine(settings, "AUTOCOMMIT", settings.threads, read_only=True)


def _sqlite_engine(url: URL, read_only: bool, size: int) -> Engine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        pool_size=size,
        max_overflow=0,
        connect_args={"check_same_thread": False, "timeout": SQLITE_BUSY_SECONDS},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions of its own: its deferred BEGIN makes writers
        # fail instead of wait (and releases savepoints early).
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "recursive_triggers=ON",
            f"query_only={'ON' if read_only else 'OFF'}",
        ):
            connection.execute(f"PRAGMA {pragma}")
        assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        if read_only:  # never waits and never fails, so the driver itself will do
            connection.connection.driver_connection.execute("BEGIN")
        else:
            driver.run(connection, [("BEGIN IMMEDIATE", [()])])

    event.listen(engine, "checkin", _end_transaction)
    return engine


def _postgres_engine(settings: Settings, isolation: str, size: int, *, read_only: bool) -> Engine:
    url = make_url(settings.database_url)
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    options = f"-c lock_timeout={settings.lock_timeout_seconds}s -c timezone=UTC"
    if read_only:
        options += " -c default_transaction_read_only=on"
    engine = create_engine(
        url,
        pool_size=size,
        max_overflow=0,
        isolation_level=isolation,
        connect_args={"options": options},
    )
    event.listen(engine, "checkin", _end_transaction)
    _ping_when_idle(engine)
    return engine


def _ping_when_idle(engine: Engine) -> None:
    """Try a connection before use, but not one that has just been used: busy ones need no ping."""

    @event.listens_for(engine, "checkin")
    def note(_connection: Any, record: Any) -> None:
        record.info["used_at"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ping(connection: Any, record: Any, _proxy: Any) -> None:
        used_at = record.info.get("used_at")
        if used_at is None or time.monotonic() - used_at < PING_AFTER_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error


def _end_transaction(connection: Any, _record: Any) -> None:
    """Give a connection back without a transaction.

    A commit that failed may leave its own open, and the pool would hand it to the next request,
    or keep it with its locks.
    """
    if connection is not None and not getattr(connection, "closed", False):
        connection.rollback()
