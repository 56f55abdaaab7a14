"""The server killed at random points, the database restarted: nothing acknowledged is lost."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from fundops.db import migrate
from tests.conftest import NewDatabase
from tests.databases import a_server, run_server
from tests.depth import DEPTH
from tests.disbursements.killing import PATIENCE, Served, Storm

KILLS = 9 if DEPTH == 1 else 20 * DEPTH
ROUNDS = 12
"""How often a planted fault is given the chance to show itself."""


@contextmanager
def storm(
    url: str, folder: Path, fault: str | None = None, *, is_brittle: bool = True
) -> Iterator[Storm]:
    """Open a block with writers on a served application that may be killed.

    One that ``is_brittle`` also kills itself, at the worst moment: committed and not answered.
    """
    served = Served(url, folder / "files", fault, is_brittle=is_brittle)
    try:
        yield Storm(url, served)
    finally:
        served.close()


def kill_and_start(raging: Storm) -> None:
    raging.served.kill()
    raging.served.start()


def rage_and_verify(raging: Storm, strike: Callable[[], None]) -> None:
    """Strike a few times and verify, again and again: a fault needs a moment that hurts."""
    for seed in range(ROUNDS):
        raging.rage(5, strike, seed)
        raging.verify()


@pytest.mark.slow
def test_a_server_killed_again_and_again_loses_nothing(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    with new_database() as url, storm(url, tmp_path) as raging:
        raging.rage(KILLS, lambda: kill_and_start(raging), seed=2)
        raging.verify()


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["forget", "lose"])
def test_what_is_lost_or_done_twice_would_be_noticed(
    new_database: NewDatabase, tmp_path: Path, fault: str
) -> None:
    with (
        new_database() as url,
        storm(url, tmp_path, fault) as raging,
        pytest.raises(AssertionError),
    ):
        rage_and_verify(raging, lambda: kill_and_start(raging))


class OwnServer:
    """A PostgreSQL server of a test's own, which can be stopped without ceremony."""

    def __init__(self, folder: Path, commits: str) -> None:
        self.data = folder / "postgres"
        self.server = a_server(folder, f"""
fsync = off
synchronous_commit = {commits}
wal_writer_delay = 10000
max_connections = 60
""")  # fmt: skip

    @property
    def url(self) -> str:
        """Its address, as the program takes it."""
        url = make_url(str(self.server.get_uri())).set(drivername="postgresql+psycopg")
        return url.render_as_string(hide_password=False)

    def stop(self) -> None:
        """Stop it at once, without a checkpoint: it recovers from its log when started again."""
        file, lock = self.data / "postmaster.pid", self.data / ".s.PGSQL.5432.lock"
        pid = int(file.read_text(encoding="utf-8").splitlines()[0])
        os.kill(pid, signal.SIGQUIT)
        until = time.monotonic() + PATIENCE
        while (file.exists() or lock.exists()) and time.monotonic() < until:
            time.sleep(0.05)

    def restart(self) -> None:
        """Stop it and start it again; return when it answers."""
        self.stop()
        run_server(self.server)
        plain = make_url(self.url).set(drivername="postgresql")
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                psycopg.connect(plain.render_as_string(hide_password=False)).close()
            except psycopg.OperationalError:
                time.sleep(0.1)
            else:
                return


@contextmanager
def own_server(folder: Path, commits: str) -> Iterator[OwnServer]:
    """Open a block with a PostgreSQL server, migrated."""
    server = OwnServer(folder, commits)
    try:
        migrate(server.url)
        yield server
    finally:
        server.stop()


@pytest.mark.slow
def test_a_restarted_postgresql_loses_nothing(tmp_path: Path) -> None:
    with (
        own_server(tmp_path, "on") as server,
        storm(server.url, tmp_path, is_brittle=False) as raging,
    ):
        raging.rage(max(5, KILLS // 4), server.restart, seed=4)
        raging.verify()


@pytest.mark.slow
def test_a_postgresql_that_answers_before_it_writes_would_be_noticed(tmp_path: Path) -> None:
    with (
        own_server(tmp_path, "off") as server,
        storm(server.url, tmp_path, is_brittle=False) as raging,
        pytest.raises(AssertionError),
    ):
        rage_and_verify(raging, server.restart)
