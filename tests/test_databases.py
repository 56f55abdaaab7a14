"""The test databases themselves: if these were wrong, every other test would prove less."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from tests import conftest, databases
from tests.databases import (
    KINDS,
    SERVER_URL,
    Kind,
    PostgresDatabases,
    PostgresUnavailable,
    Run,
    SqliteDatabases,
    TemplateFailed,
)


def make_notes(url: str) -> None:
    """Stand in for the migrations: one table with one row."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE notes (body TEXT NOT NULL)"))
        connection.execute(text("INSERT INTO notes VALUES ('from the template')"))
    engine.dispose()


def notes(url: str, *, add: str | None = None) -> list[str]:
    """Add a note if one is given, and return them all."""
    engine = create_engine(url)
    with engine.begin() as connection:
        if add is not None:
            connection.execute(text("INSERT INTO notes VALUES (:body)"), {"body": add})
        found = connection.execute(text("SELECT body FROM notes ORDER BY body")).scalars().all()
    engine.dispose()
    return [str(body) for body in found]


@pytest.fixture(params=KINDS)
def source(
    request: pytest.FixtureRequest, database_run: Run, tmp_path: Path
) -> Iterator[SqliteDatabases | PostgresDatabases]:
    """Give databases of each kind, migrated by ``make_notes``."""
    if request.param == "sqlite":
        yield SqliteDatabases(tmp_path, make_notes)
        return
    postgres = PostgresDatabases(database_run, make_notes)
    yield postgres
    postgres.close()


@pytest.fixture
def postgres(database_run: Run) -> Iterator[PostgresDatabases]:
    """Give PostgreSQL databases, migrated by ``make_notes``."""
    made = PostgresDatabases(database_run, make_notes)
    yield made
    made.close()


def postgres_names(run: Run) -> set[str]:
    """Return the names of all databases on the server."""
    address = run.server_url().set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as connection:
        return {str(name) for (name,) in connection.execute("SELECT datname FROM pg_database")}


def test_databases_are_copies_that_share_nothing(
    source: SqliteDatabases | PostgresDatabases,
) -> None:
    with source.fresh() as one, source.fresh() as other:
        assert notes(one, add="mine") == ["from the template", "mine"]
        assert notes(other) == ["from the template"]
    with source.fresh() as later:
        assert notes(later) == ["from the template"]


def test_sqlite_copies_hold_what_the_log_held(tmp_path: Path) -> None:
    held: list[sqlite3.Connection] = []

    def migrate(url: str) -> None:
        connection = sqlite3.connect(make_url(url).database or "")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("CREATE TABLE notes (body TEXT NOT NULL)")
        connection.execute("INSERT INTO notes VALUES ('in the log')")
        connection.commit()
        held.append(connection)

    with SqliteDatabases(tmp_path, migrate).fresh() as url:
        assert notes(url) == ["in the log"]
    held[0].close()


def test_a_migration_that_keeps_reading_is_reported(tmp_path: Path) -> None:
    held: list[sqlite3.Connection] = []

    def migrate(url: str) -> None:
        path = make_url(url).database or ""
        writer = sqlite3.connect(path)
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("CREATE TABLE notes (body TEXT)")
        reader = sqlite3.connect(path, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM notes").fetchall()
        writer.execute("INSERT INTO notes VALUES ('after the snapshot')")
        writer.commit()
        held.extend((writer, reader))

    with (
        pytest.raises(AssertionError, match="left a connection open"),
        SqliteDatabases(tmp_path, migrate).fresh(),
    ):
        pytest.fail("the template must not be used")
    for connection in held:
        connection.close()


def test_connections_left_open_do_not_keep_a_postgres_database(
    postgres: PostgresDatabases, database_run: Run
) -> None:
    with postgres.fresh() as url:
        name = make_url(url).database
        left = psycopg.connect(
            make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        )
        assert name in postgres_names(database_run)
    assert name not in postgres_names(database_run)
    with pytest.raises(psycopg.OperationalError):
        left.execute("SELECT 1")
    left.close()


def test_a_worker_leaves_no_template_behind(database_run: Run) -> None:
    source = PostgresDatabases(database_run, make_notes)
    with source.fresh() as url:
        prefix = str(make_url(url).database).rpartition("_")[0]
        assert f"{prefix}_template" in postgres_names(database_run)
    source.close()
    assert not [name for name in postgres_names(database_run) if name.startswith(prefix)]


def test_a_failed_migration_is_told_each_time_but_tried_once(tmp_path: Path) -> None:
    tried: list[str] = []

    def migrate(url: str) -> None:
        tried.append(url)
        raise LookupError("no such revision")

    source = SqliteDatabases(tmp_path, migrate)
    for expected in (LookupError, TemplateFailed, TemplateFailed):
        with pytest.raises(expected, match="no such revision"), source.fresh():
            pytest.fail("there is no database to use")
    assert len(tried) == 1


def test_a_server_that_does_not_start_is_told_each_time_but_tried_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Path] = []

    def fail(folder: Path) -> str:
        tried.append(folder)
        raise OSError("no room")

    monkeypatch.delenv(SERVER_URL, raising=False)
    monkeypatch.setattr(databases, "start_server", fail)
    for worker in (Run(tmp_path), Run(tmp_path)):
        with pytest.raises(PostgresUnavailable, match="OSError: no room"):
            worker.server_url()
    assert tried == [tmp_path]


def test_without_postgres_the_run_fails_and_does_not_skip() -> None:
    probe = f"{Path(__file__).name}::test_each_kind_is_what_its_name_says"
    # Port 1 of this machine: nothing listens there.
    unreachable = {SERVER_URL: "postgresql://nobody@127.0.0.1:1/none"}
    answer = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"tests/{probe}"],
        cwd=Path(__file__).parents[1],
        env={**os.environ, **unreachable},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert "1 passed" in answer.stdout, answer.stdout
    assert "1 error" in answer.stdout, answer.stdout
    assert "databases: 1 tests on sqlite, 0 tests on postgresql" in answer.stdout


def test_each_kind_is_what_its_name_says(database_url: str, request: pytest.FixtureRequest) -> None:
    kind = make_url(database_url).get_backend_name()
    assert request.node.name.endswith(f"[{kind}]")
    engine = create_engine(database_url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar_one() == 1
    engine.dispose()


@pytest.mark.sqlite_only
def test_sqlite_only_runs_on_sqlite(database_url: str) -> None:
    assert database_url.startswith("sqlite:")


@pytest.mark.postgres_only
def test_postgres_only_runs_on_postgres(database_url: str) -> None:
    assert database_url.startswith("postgresql+psycopg:")


def test_both_kinds_at_once(both_database_urls: Mapping[Kind, str]) -> None:
    assert [make_url(url).get_backend_name() for url in both_database_urls.values()] == list(KINDS)


def test_a_test_cannot_be_for_one_kind_and_another() -> None:
    definition = SimpleNamespace(nodeid="tests/test_x.py::test_y", get_closest_marker=bool)
    metafunc: Any = SimpleNamespace(fixturenames=["new_database"], definition=definition)
    with pytest.raises(pytest.UsageError, match="test_y is marked for one kind and another"):
        conftest.pytest_generate_tests(metafunc)


@pytest.mark.parametrize(
    ("folder", "fixture", "refused"),
    [
        ("unit", "database_url", True),
        ("unit", "new_database", True),
        ("unit", "tmp_path", False),
        ("ledger", "database_url", False),
    ],
)
def test_a_unit_test_cannot_ask_for_a_database(
    folder: str, fixture: str, refused: bool, pytestconfig: pytest.Config
) -> None:
    path = pytestconfig.rootpath / "tests" / folder / "test_x.py"
    item: Any = SimpleNamespace(nodeid="test_x", path=path, fixturenames=[fixture])
    if not refused:
        conftest.pytest_collection_modifyitems(pytestconfig, [item])
        return
    with pytest.raises(pytest.UsageError, match="unit test but asks for a database"):
        conftest.pytest_collection_modifyitems(pytestconfig, [item])


def test_the_tally_counts_tests_that_ran() -> None:
    tally = conftest.Tally()
    for when, kind in (("setup", "sqlite"), ("call", "sqlite"), ("call", "postgresql")):
        report: Any = SimpleNamespace(when=when, user_properties=[("database", kind)])
        tally.pytest_runtest_logreport(report)
    assert tally.ran == Counter(sqlite=1, postgresql=1)


def test_a_new_run_clears_away_only_runs_that_were_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "MEMORY", tmp_path)
    monkeypatch.setattr(databases, "MEMORY_BYTES", 0)
    long_ago = time.time() - 2 * databases.ABANDONED_AFTER_SECONDS
    folders = {
        name: tmp_path / f"{databases.RUN_PREFIX}{name}" for name in ("dead", "alive", "new")
    }
    for name, folder in folders.items():
        folder.mkdir()
        (folder / "owner").touch()
        if name != "new":
            os.utime(folder, (long_ago, long_ago))
    with (folders["alive"] / "owner").open() as owner:
        fcntl.flock(owner, fcntl.LOCK_EX)
        run = Run.begin()
        assert {name for name, folder in folders.items() if folder.exists()} == {"alive", "new"}
        assert run.folder.exists()
        run.end()
        assert not run.folder.exists()


def test_without_room_in_memory_a_run_is_kept_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    folders = []
    for place, needed in ((tmp_path / "absent", 0), (tmp_path, 2**80)):
        monkeypatch.setattr(databases, "MEMORY", place)
        monkeypatch.setattr(databases, "MEMORY_BYTES", needed)
        run = Run.begin()
        folders.append(run.folder.parent)
        run.end()
    assert folders == [tmp_path, tmp_path]


def test_what_fills_a_database_is_done_once_for_all_its_copies(
    source: SqliteDatabases | PostgresDatabases,
) -> None:
    filled = source.filled(lambda url: print(notes(url, add="filled")))
    with filled.fresh() as one, filled.fresh() as other:
        assert notes(one, add="mine") == ["filled", "from the template", "mine"]
        assert notes(other) == ["filled", "from the template"]
    with source.fresh() as empty:
        assert notes(empty) == ["from the template"]
    if isinstance(filled, PostgresDatabases):
        filled.close()
