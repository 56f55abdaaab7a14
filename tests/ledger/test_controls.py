"""Each check finds what it is there to find: damage done by SQL, past the program."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from fundops import audit
from fundops.db import Database
from fundops.ledger import checks, posting
from fundops.ledger.posting import Movement
from tests.ledger.conftest import Books, open_books, violations
from tests.migrations.schemas import guards_of
from tests.staged import Stages, begins_with
from tests.world import World


def unguarded(world: World) -> Books:
    """Open books with some money in them, and no guards."""
    database = world.database
    with database.write() as db:
        made = open_books(db)
        seq = audit.record(db, audit.SYSTEM, "test.posted", "test")
        lot = made.lots[0]
        movements = [
            Movement("opening", made.ref("bank"), made.ref("opening"), 500, on, "test", uuid4())
            for on in (date(2026, 1, 5), date(2026, 1, 9), date(2026, 2, 3))
        ]
        movements.append(
            Movement("opening_lot", made.ref("opening"), made.ref("lot", lot), 300,
                     date(2026, 2, 3), "test", uuid4(), lot)
        )  # fmt: skip
        posting.post(db, seq, movements)
    with database.read() as db:
        assert violations(db) == []
    with database.writer.begin() as connection:
        for name in guards_of(connection):
            kind, _, rest = name.partition(" ")
            table, _, trigger = rest.partition(".")
            if kind == "trigger":
                on_table = "" if database.is_sqlite else f" ON {table}"
                connection.execute(text(f"DROP TRIGGER {trigger}{on_table}"))
    return made


@pytest.fixture
@begins_with(unguarded)
def books(ledger: Database, app: FastAPI, stages: Stages) -> Books:
    """Give them, built once, in a database whose end nobody checks but the test."""
    made: Books = stages.of(unguarded).scene(World(app, ledger))
    return made


DAMAGE = (
    ("counters_equal_sums", "UPDATE accounts SET credits_minor = credits_minor + 1 "
                            "WHERE kind = 'opening'"),
    ("books_balance", "UPDATE accounts SET credits_minor = credits_minor + 1 "
                      "WHERE kind = 'opening'"),
    ("counters_equal_sums", "UPDATE transfers SET amount_minor = amount_minor + 1"),
    ("days_equal_sums", "UPDATE account_days SET debits_minor = debits_minor + 1 "
                        "WHERE on_date = '2026-01-09'"),
    ("days_equal_sums", "UPDATE transfers SET effective_on = '2026-01-10' "
                        "WHERE effective_on = '2026-01-09'"),
    ("days_equal_sums", "DELETE FROM account_days WHERE on_date = '2026-02-03'"),
    ("months_equal_days", "UPDATE account_months SET credits_minor = credits_minor + 1"),
    ("months_equal_days", "UPDATE account_months SET month_on = '2026-03-01' "
                          "WHERE month_on = '2026-02-01'"),
    ("months_equal_days", "DELETE FROM account_months WHERE month_on = '2026-01-01'"),
    ("every_transfer_has_its_event", "DELETE FROM audit_events WHERE seq = "
                                     "(SELECT MAX(event_seq) FROM transfers)"),
    ("reversals_mirror", "UPDATE transfers SET reverses_id = (SELECT id FROM transfers o "
                         "WHERE o.kind = 'opening_lot') WHERE effective_on = '2026-01-05'"),
)  # fmt: skip


@pytest.mark.parametrize(("check", "damage"), DAMAGE)
def test_damage_is_found(ledger: Database, books: Books, check: str, damage: str) -> None:
    with ledger.writer.connect() as connection:
        if ledger.is_sqlite:
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.rollback()
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("BEGIN")
        else:
            connection.execute(text("SET session_replication_role = replica"))
        assert connection.execute(text(damage)).rowcount >= 1
        connection.commit()
        connection.invalidate()
    with ledger.read() as db:
        assert check in {found.check for found in violations(db)}
    ledger.close()


def test_the_database_itself_refuses_an_overdraft(ledger: Database, books: Books) -> None:
    for statement in (
        "UPDATE accounts SET debits_minor = debits_minor + 301 WHERE kind = 'lot'",
        "UPDATE accounts SET credits_minor = credits_minor + 5000 WHERE kind = 'bank'",
        "UPDATE accounts SET debits_minor = -1",
        "UPDATE accounts SET credits_minor = 100000000000000001 WHERE kind = 'opening'",
        "UPDATE transfers SET amount_minor = 0",
        "UPDATE transfers SET amount_minor = -5",
        "UPDATE transfers SET amount_minor = 1000000000000001",
        "UPDATE transfers SET debit_account_id = credit_account_id",
        "UPDATE transfers SET kind = 'gift'",
    ):
        with (
            pytest.raises(Exception, match=r"(?i)check|constraint"),
            ledger.writer.begin() as connection,
        ):
            connection.execute(text(statement))
    ledger.close()


@pytest.mark.sqlite_only
def test_sqlite_keeps_whole_numbers_only(ledger: Database, books: Books) -> None:
    for value in ("'abc'", "10.5", "x'00'", "9223372036854775808"):
        with (
            pytest.raises(Exception, match="CHECK constraint failed"),
            ledger.writer.begin() as connection,
        ):
            connection.execute(text(f"UPDATE account_days SET debits_minor = {value}"))
    ledger.close()


def test_every_check_names_itself_and_runs(ledger: Database) -> None:
    with ledger.read() as db:
        assert checks.run(db) == []
    names = [check.name for check in checks.CHECKS]
    assert len(set(names)) == len(names)
    ledger.close()
