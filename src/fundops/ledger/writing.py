"""The statements of a posting: what ``posting`` has worked out, written by the bare driver.

SQLite runs one prepared statement a table. On PostgreSQL every statement is a round trip made
while all other writers wait, so a small posting is two of them: accounts that it opens, then
everything else at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from typing import Any

from sqlalchemy import Connection

from fundops import driver

SMALL = 16
"""Most transfers that PostgreSQL gets in one statement with their counters and totals."""

Rows = Sequence[tuple[Any, ...]]

_ACCOUNT = (
    "INSERT INTO accounts (id, fund_id, kind, normal, may_overdraw, lot_id, grant_id, party_id, "
    "debits_minor, credits_minor) VALUES "
)
_ACCOUNT_WIDTH = 8
_TRANSFER = (
    "INSERT INTO transfers (id, event_seq, line, fund_id, kind, debit_account_id, "
    "credit_account_id, amount_minor, effective_on, lot_id, grant_id, source_type, source_id, "
    "reverses_id) VALUES "
)
_TRANSFER_WIDTH = 14
_UNLESS_OPEN = " ON CONFLICT (id) DO NOTHING"


@dataclass(frozen=True)
class Batch:
    """A posting as rows in the driver's types, in the order of the columns below."""

    opened: Rows
    transfers: Rows
    counters: Rows
    """(debits, credits, account)"""
    days: Rows
    """(account, day, debits, credits)"""
    months: Rows
    """(account, first of the month, debits, credits)"""


def open_accounts(connection: Connection, rows: Rows) -> None:
    """Open the accounts of ``rows`` that are not open yet."""
    driver.run(connection, _opening(connection.dialect.name, rows))


def write(connection: Connection, batch: Batch) -> None:
    """Write a posting; raise the driver's error as SQLAlchemy's when a constraint refuses it."""
    dialect = connection.dialect.name
    steps = _opening(dialect, batch.opened)
    if dialect == "sqlite":
        moving = len(steps) + 1
        steps += _sqlite_steps(batch)
    elif len(batch.transfers) <= SMALL:
        moving = len(steps)
        steps += [_at_once(batch)]
    else:
        steps += driver.chunks(_transfers, batch.transfers)
        moving = len(steps)
        steps += driver.chunks(_moves, batch.counters)
        steps += driver.chunks(partial(_totals, "account_days", "on_date"), batch.days)
        steps += driver.chunks(partial(_totals, "account_months", "month_on"), batch.months)
    counts = driver.run(connection, steps)
    updates = -(-len(batch.counters) // driver.CHUNK) if dialect != "sqlite" else 1
    moved = sum(counts[moving : moving + updates])
    assert moved == len(batch.counters), "an account of the posting is not open"


def _opening(dialect: str, rows: Rows) -> list[driver.Step]:
    if not rows:
        return []
    if dialect == "sqlite":
        marks = ", ".join(["?"] * _ACCOUNT_WIDTH)
        return [(f"{_ACCOUNT}({marks}, 0, 0){_UNLESS_OPEN}", rows)]
    return driver.chunks(_openings, rows)


@cache
def _sqlite_statements() -> tuple[str, str, str, str]:
    return (
        f"{_TRANSFER}({', '.join(['?'] * _TRANSFER_WIDTH)})",
        "UPDATE accounts SET debits_minor = debits_minor + ?, credits_minor = credits_minor + ? "
        "WHERE id = ?",
        _adding("account_days", "on_date", "(?, ?, ?, ?)"),
        _adding("account_months", "month_on", "(?, ?, ?, ?)"),
    )


def _sqlite_steps(batch: Batch) -> list[driver.Step]:
    transfers, moves, days, months = _sqlite_statements()
    return [
        (transfers, batch.transfers),
        (moves, batch.counters),
        (days, batch.days),
        (months, batch.months),
    ]


def _adding(table: str, day: str, values: str) -> str:
    return (
        f"INSERT INTO {table} (account_id, {day}, debits_minor, credits_minor) "  # noqa: S608 - constants
        f"VALUES {values} ON CONFLICT (account_id, {day}) DO UPDATE SET "
        f"debits_minor = {table}.debits_minor + excluded.debits_minor, "
        f"credits_minor = {table}.credits_minor + excluded.credits_minor"
    )


def _openings(count: int) -> str:
    return f"{_ACCOUNT}{driver.values_list(count, _ACCOUNT_WIDTH, ', 0, 0')}{_UNLESS_OPEN}"


def _transfers(count: int) -> str:
    return f"{_TRANSFER}{driver.values_list(count, _TRANSFER_WIDTH)}"


def _totals(table: str, day: str, count: int) -> str:
    return _adding(table, day, driver.values_list(count, 4))


def _moves(count: int) -> str:
    # The first row names the types, which parameters alone would leave to guesswork.
    more = "".join([", (%s, %s, %s)"] * (count - 1))
    return (
        "UPDATE accounts SET debits_minor = accounts.debits_minor + moved.debits, "  # noqa: S608
        "credits_minor = accounts.credits_minor + moved.credits FROM "
        f"(VALUES (%s::bigint, %s::bigint, %s::uuid){more}) "
        "AS moved (debits, credits, id) WHERE accounts.id = moved.id"
    )


@lru_cache(maxsize=512)
def _one_statement(transfers: int, counters: int, days: int, months: int) -> str:
    """Return the statement of a small posting; its own count is that of the accounts it moved."""
    # The update asks for the transfers first, so that a posting that is both a repetition and
    # an overdraft is refused as on SQLite.
    parts: tuple[tuple[str, Callable[[int], str], int], ...] = (
        ("days", partial(_totals, "account_days", "on_date"), days),
        ("months", partial(_totals, "account_months", "month_on"), months),
    )
    named = ", ".join(f"{name} AS ({text(count)})" for name, text, count in parts)
    return (
        f"WITH posted AS ({_transfers(transfers)} RETURNING 1), {named} "  # noqa: S608
        f"{_moves(counters)} AND (SELECT count(*) FROM posted) > 0"
    )


def _at_once(batch: Batch) -> driver.Step:
    parts = (batch.transfers, batch.days, batch.months, batch.counters)
    statement = _one_statement(
        len(batch.transfers), len(batch.counters), len(batch.days), len(batch.months)
    )
    return statement, [[value for part in parts for one in part for value in one]]
