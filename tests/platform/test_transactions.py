"""Transactions: fair turns, a busy answer in time, reads that cannot write, durable settings."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from fundops import audit
from fundops.app import create_app
from fundops.authz import Role
from fundops.config import Settings
from fundops.db import Database, FairLock, violated_constraint
from fundops.errors import Problem
from fundops.ledger.models import Fund
from tests.factories import a_fund
from tests.world import World

FUND = {"code": "GLO", "name": "Global fund", "base_currency": "USD"}


def test_turns_come_in_order_of_arrival() -> None:
    lock, served = FairLock(), []
    assert lock.acquire(1)

    def wait(number: int) -> None:
        assert lock.acquire(10)
        served.append(number)
        lock.release()

    threads = []
    for number in range(20):
        thread = threading.Thread(target=wait, args=(number,))
        thread.start()
        threads.append(thread)
        while len(lock._waiting) <= number:
            time.sleep(0.001)
    lock.release()
    for thread in threads:
        thread.join(10)
    assert served == list(range(20))
    assert lock.acquire(0), "the lock is free in the end"


def test_a_turn_that_does_not_come_is_given_up() -> None:
    lock = FairLock()
    assert lock.acquire(1)
    began = time.monotonic()
    assert not lock.acquire(0.2)
    assert 0.15 < time.monotonic() - began < 2
    assert not lock._waiting, "who gave up is not served later"
    lock.release()
    assert lock.acquire(0)


def test_giving_up_and_being_served_at_once_loses_no_turn() -> None:
    """Waiters whose time ends about when the turn comes: each either has it or it goes on."""
    lock, held, most = FairLock(), 0, 0
    guard = threading.Lock()

    def work(number: int) -> None:
        nonlocal held, most
        for step in range(100):
            if lock.acquire(0.0005 * ((number + step) % 4)):
                with guard:
                    held += 1
                    most = max(most, held)
                time.sleep(0.0003)
                with guard:
                    held -= 1
                lock.release()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert most == 1
    assert lock.acquire(0), "a turn was lost"


@contextmanager
def held_turn(database: Database) -> Iterator[None]:
    """Hold the write turn in another thread."""
    ready, done = threading.Event(), threading.Event()

    def hold() -> None:
        with database.write() as db:
            audit.lock_head(db)
            ready.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    assert ready.wait(10)
    try:
        yield
    finally:
        done.set()
        thread.join(10)


def test_who_waits_too_long_is_told_to_come_again(world: World) -> None:
    manager = world.as_role(Role.FUND_MANAGER)
    impatient = create_app(world.app.state.settings.model_copy(update={"lock_timeout_seconds": 1}))
    if world.database.is_sqlite:  # one process has one queue
        impatient.state.database._turns = world.database._turns
    other = World(impatient, impatient.state.database)
    headers = {
        "authorization": f"Bearer {manager.token}",
        "idempotency-key": "the-same-key",
    }
    with other.client:
        with held_turn(world.database):
            began = time.monotonic()
            busy = other.client.post("/v1/funds", json=FUND, headers=headers)
            assert 0.8 < time.monotonic() - began < 8
            assert busy.status_code == 409, busy.text
            assert busy.json()["type"] == "urn:fundops:problem:busy"
            read = other.client.get("/v1/funds", headers=headers)
            assert read.status_code == 200, "reading waits for nobody"
        again = other.client.post("/v1/funds", json=FUND, headers=headers)
        assert again.status_code == 201, "nothing was stored under the key"
    impatient.state.database.close()


def test_another_process_is_waited_for(database: Database) -> None:
    """The lock in the process is not the only one: another process holds the database's own."""
    other = Database(database.settings)
    order: list[str] = []

    def late() -> None:
        with other.write() as db:
            audit.lock_head(db)
            order.append("late")
            a_fund(db, code="LATE")

    thread = threading.Thread(target=late)
    with database.write() as db:
        audit.lock_head(db)
        thread.start()
        time.sleep(0.3)
        order.append("early")
        a_fund(db, code="EARLY")
    thread.join(10)
    other.close()
    assert order == ["early", "late"]


def test_reads_cannot_write(database: Database) -> None:
    statements = (
        "INSERT INTO code_counters (prefix, year, last) VALUES ('X', 2026, 1)",
        "UPDATE audit_head SET seq = seq + 1",
        "DELETE FROM funds",
        "CREATE TABLE planted (id INTEGER)",
    )
    for opened in (database.read, database.export):
        for statement in statements:
            with (
                pytest.raises(DBAPIError, match=r"read-?only|readonly"),
                opened() as db,
            ):
                db.execute(text(statement))
    with database.write() as db:
        assert db.query(Fund).count() == 0


def test_a_read_sees_one_moment(database: Database) -> None:
    with database.read() as db:
        before = audit.sequence_at(db, None)
        with database.write() as writing:
            audit.lock_head(writing)
            a_fund(writing)
        assert audit.sequence_at(db, None) == before
        assert db.query(Fund).count() == 0
    with database.read() as db:
        assert audit.sequence_at(db, None) == before + 1


def test_a_block_that_raises_changes_nothing(database: Database) -> None:
    class Stop(Exception):
        pass

    def stopping() -> None:
        with database.write() as db:
            audit.lock_head(db)
            a_fund(db)
            raise Stop

    with pytest.raises(Stop):
        stopping()
    with database.read() as db:
        assert db.query(Fund).count() == 0
        assert audit.sequence_at(db, None) == 0


PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    "recursive_triggers": 1,
}


@pytest.mark.sqlite_only
def test_every_connection_has_its_settings(database: Database) -> None:
    for engine, read_only in (
        (database.writer, 0),
        (database.reader, 1),
        (database.exporter, 1),
    ):
        connections = [engine.connect() for _ in range(engine.pool.size())]  # type: ignore[attr-defined]
        for connection in connections:
            for name, value in (PRAGMAS | {"query_only": read_only}).items():
                assert connection.exec_driver_sql(f"PRAGMA {name}").scalar() == value, name
            connection.close()


@pytest.mark.postgres_only
def test_every_postgres_connection_has_its_settings(database: Database) -> None:
    for engine, read_only, isolation in (
        (database.writer, "off", "read committed"),
        (database.reader, "on", "repeatable read"),
        (database.exporter, "on", "repeatable read"),
    ):
        with engine.connect() as connection:
            for name, value in {
                "transaction_read_only": read_only,
                "transaction_isolation": isolation,
                "TimeZone": "UTC",
                "lock_timeout": "10s",
            }.items():
                assert connection.execute(text(f"SHOW {name}")).scalar() == value, name


@pytest.mark.postgres_only
def test_a_connection_ended_in_the_middle_is_told_as_unavailable(database: Database) -> None:
    other = Database(database.settings)

    def cut_off() -> None:
        with database.write() as db:
            audit.lock_head(db)
            a_fund(db)
            pid = db.execute(text("SELECT pg_backend_pid()")).scalar()
            with other.write() as killer:
                killer.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
            db.execute(text("SELECT 1"))

    with pytest.raises(Problem) as told:
        cut_off()
    assert told.value.slug == "unavailable"
    other.close()
    with database.write() as db:  # the pool notices and connects anew
        audit.lock_head(db)
        assert db.query(Fund).count() == 0


def test_constraints_are_named_the_same_on_both(database: Database) -> None:

    def twice() -> None:
        with database.write() as db:
            audit.lock_head(db)
            a_fund(db, code="SAME")
            a_fund(db, code="SAME")

    with pytest.raises(Problem) as told:
        twice()
    assert told.value.slug == "already-exists"
    with database.write() as db:
        audit.lock_head(db)
        fund = a_fund(db, code="ONE")
        with pytest.raises(DBAPIError) as found:
            db.execute(text("UPDATE accounts SET credits_minor = 0, debits_minor = 5 "
                            "WHERE kind = 'opening'"))  # fmt: skip
        assert violated_constraint(found.value) == "ck_accounts_not_overdrawn"
        db.rollback()
        assert fund is not None


def test_a_disk_that_is_full_is_told_as_unavailable() -> None:
    import sqlite3

    from fundops.db import translate

    for code, slug in (
        (sqlite3.SQLITE_FULL, "unavailable"),
        (sqlite3.SQLITE_IOERR, "unavailable"),
        (sqlite3.SQLITE_CANTOPEN, "unavailable"),
        (sqlite3.SQLITE_READONLY, None),
        (sqlite3.SQLITE_ERROR, None),
    ):
        original: Any = sqlite3.OperationalError("something")
        original.sqlite_errorcode = code
        error = OperationalError("INSERT", {}, original)
        told = translate(error)
        assert (told.slug if isinstance(told, Problem) else None) == slug


def test_settings_that_cannot_be_right_are_refused() -> None:
    for wrong in ({"pool_size": 65}, {"lock_timeout_seconds": 0}, {"max_body_bytes": 10}):
        with pytest.raises(ValueError, match="validation error"):
            Settings(**wrong)  # type: ignore[arg-type]
