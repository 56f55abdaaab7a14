"""What is written once stays: the database itself refuses to change or remove it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from fundops.config import Settings
from fundops.engines import make_engine
from fundops.models import metadata
from tests.filler import fill

APPEND_ONLY = ("transfers", "audit_events", "import_runs", "statements")
GUARDED = (*APPEND_ONLY, "audit_payloads", "audit_head")


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Give a database with a row in every table."""
    made = make_engine(Settings(database_url=database_url), read_only=False, size=2)
    with made.begin() as connection:
        fill(connection)
    yield made
    made.dispose()


def refused(engine: Engine, statement: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize("table", GUARDED)
def test_rows_are_not_deleted(engine: Engine, table: str) -> None:
    refused(engine, f"DELETE FROM {table}")


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_no_column_is_changed(engine: Engine, table: str) -> None:
    for column in metadata.tables[table].columns:
        refused(engine, f"UPDATE {table} SET {column.name} = {column.name}")


@pytest.mark.sqlite_only
@pytest.mark.parametrize("table", GUARDED)
def test_rows_are_not_replaced(engine: Engine, table: str) -> None:
    """``REPLACE`` deletes without asking the guards, unless recursive triggers are on."""
    refused(engine, f"REPLACE INTO {table} SELECT * FROM {table}")
    refused(engine, f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
    refused(engine, f"UPDATE OR REPLACE {table} SET {_key(table)} = {_key(table)}"
            + (" , seq = 0" if table == "audit_head" else ""))  # fmt: skip


@pytest.mark.sqlite_only
def test_without_recursive_triggers_a_replacement_would_pass(engine: Engine) -> None:
    """The control: this is what the setting of each connection is for."""
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA recursive_triggers=OFF")
        connection.rollback()
        connection.exec_driver_sql("PRAGMA recursive_triggers=OFF")
        connection.execute(text("PRAGMA defer_foreign_keys=ON"))
        assert connection.exec_driver_sql("PRAGMA recursive_triggers").scalar() == 0
        connection.execute(text("REPLACE INTO statements SELECT * FROM statements"))
        connection.rollback()
        connection.invalidate()


@pytest.mark.postgres_only
@pytest.mark.parametrize("table", GUARDED)
def test_tables_are_not_emptied(engine: Engine, table: str) -> None:
    refused(engine, f"TRUNCATE {table} CASCADE")


def _key(table: str) -> str:
    return next(iter(metadata.tables[table].primary_key)).name


def test_a_payload_is_only_ever_disposed_of(engine: Engine) -> None:
    for change in (
        "payload = 'other'",
        "salt = salt",
        "payload = NULL",
        "payload = NULL, salt = NULL",
        "disposed_seq = 1",
        "payload = NULL, salt = NULL, disposed_seq = 1, seq = 2",
    ):
        refused(engine, f"UPDATE audit_payloads SET {change}")
    with engine.begin() as connection:
        disposing = "UPDATE audit_payloads SET payload = NULL, salt = NULL, disposed_seq = 1"
        assert connection.execute(text(disposing)).rowcount == 1


def test_a_disposal_cannot_be_moved_or_undone(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE audit_payloads SET payload = NULL, salt = NULL, disposed_seq = 1")
        )
    refused(engine, "UPDATE audit_payloads SET payload = 'again', salt = NULL")
    refused(engine, "UPDATE audit_payloads SET disposed_seq = NULL")


def test_the_head_moves_forward_only(engine: Engine) -> None:
    refused(engine, "UPDATE audit_head SET seq = seq - 1")
    for earlier in ("1970-01-01 00:00:00.000000", "2025-12-31 23:59:59.000000"):
        refused(engine, f"UPDATE audit_head SET recorded_at = '{earlier}'")
    with engine.begin() as connection:
        assert connection.execute(text("UPDATE audit_head SET seq = seq + 1")).rowcount == 1
