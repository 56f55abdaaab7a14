"""Databases to measure on: the tests' own kinds, filled once and copied, and made durable.

The tests' PostgreSQL server does not wait for its disk; here it does, as a production server
would, and autovacuum keeps its statistics.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from fundops.config import Settings
from fundops.db import Database, migrate
from tests.databases import SERVER_URL, Kind, PostgresDatabases, Run, SqliteDatabases

DURABLE = (
    "ALTER SYSTEM SET fsync = on",
    "ALTER SYSTEM SET synchronous_commit = on",
    "ALTER SYSTEM SET full_page_writes = on",
    "ALTER SYSTEM SET autovacuum = on",
    "SELECT pg_reload_conf()",
)

Fill = Callable[[Database], None]
"""What puts the records to measure on into a migrated database."""


@dataclass(frozen=True)
class Place:
    """A database to measure on."""

    kind: Kind
    url: str

    def settings(self) -> Settings:
        """Return the settings of a program on this database."""
        return Settings(database_url=self.url, log_level="error")

    def raw_url(self) -> str:
        """Return what the bare driver connects to: a path or a connection string."""
        url = make_url(self.url)
        if self.kind == "sqlite":
            return str(url.database)
        return url.set(drivername="postgresql").render_as_string(hide_password=False)


class Ground:
    """The folder and the PostgreSQL server of one run of the benchmarks."""

    def __init__(self, run: Run, folder: Path) -> None:
        self._run = run
        self._folder = folder
        self._is_durable = False

    @contextmanager
    def copies(self, kind: Kind, count: int, fill: Fill) -> Iterator[list[Place]]:
        """Open ``count`` copies of a database migrated and filled once."""

        def prepare(url: str) -> None:
            migrate(url)
            database = Database(Settings(database_url=url, log_level="error"))
            try:
                fill(database)
            finally:
                database.close()

        with ExitStack() as stack:
            source: SqliteDatabases | PostgresDatabases
            if kind == "sqlite":
                source = SqliteDatabases(self._folder, prepare)
            else:
                self._make_durable()
                source = PostgresDatabases(self._run, prepare)
                stack.callback(source.close)
            urls = [stack.enter_context(source.fresh()) for _ in range(count)]
            places = [Place(kind, url) for url in urls]
            for place in places:
                analyse(place)
            yield places

    def _make_durable(self) -> None:
        """Let the run's own server wait for its disk; a server given by its URL is left alone."""
        if self._is_durable or os.environ.get(SERVER_URL):
            return
        admin = self._run.server_url().set(drivername="postgresql")
        address = admin.render_as_string(hide_password=False)
        with psycopg.connect(address, autocommit=True) as connection:
            for statement in DURABLE:
                connection.execute(statement.encode())
        self._is_durable = True


def analyse(place: Place) -> None:
    """Let the database count its rows, so that its plans fit them."""
    if place.kind == "postgresql":
        with psycopg.connect(place.raw_url(), autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")


MEMORY = Path("/dev/shm")  # noqa: S108 - a file system in memory, where there is one


@contextmanager
def ground(*, on_disk: bool) -> Iterator[Ground]:
    """Open the ground of one run; its server is stopped and its files removed at the end.

    Files are kept in memory where that can be had, unless the disk is part of the question: its
    time is the same on both sides of a comparison, and would only hide what the sides do.
    """
    before = tempfile.tempdir
    if not on_disk and os.access(MEMORY, os.W_OK):
        tempfile.tempdir = str(MEMORY)
    run = Run.begin()
    try:
        with tempfile.TemporaryDirectory(prefix="fundops-bench-", dir=run.folder) as folder:
            yield Ground(run, Path(folder))
    finally:
        run.end()
        tempfile.tempdir = before
