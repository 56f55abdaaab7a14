"""Goal 1: posting with its audit event, against the same rows written by bare driver SQL.

The services' way is timed on one copy of a database. What it wrote is then read back, row by
row, and written to another copy by the driver alone, with every value at hand beforehand and one
transaction for each posting. At the end both copies must hold the same rows.
"""

from __future__ import annotations

import sqlite3
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import insert, select

from fundops import audit, clock
from fundops.allocation import reserve
from fundops.allocation.position import Draw
from fundops.db import Database
from fundops.donors.models import Lot
from fundops.grants.models import Grant
from fundops.ids import uuid7
from fundops.ledger import posting
from fundops.ledger.models import Fund
from fundops.records import snapshot
from scripts.benchmarks.ground import Ground, Place
from scripts.benchmarks.measure import Result, quotients, seconds
from tests.databases import Kind
from tests.factories import a_fund, a_lot, a_party

Script = list[tuple[str, list[tuple[Any, ...]]]]
"""The statements of one transaction, each with its rows."""

ON = date(2026, 3, 2)
LOTS, GRANTS = 8, 4_000
TABLES = (
    "audit_events", "audit_payloads", "audit_head", "accounts", "transfers", "posted_digests",
    "account_days", "account_months",
)  # fmt: skip


def fill(database: Database) -> None:
    """Make a fund with some lots of ample money and the grants that will be reserved and paid."""
    with database.write() as db:
        audit.lock_head(db)
        fund, grantee = a_fund(db), a_party(db, kind="civil_society")
        for _ in range(LOTS):
            a_lot(db, fund, 10**12)
        common = {
            "fund_id": fund.id, "grantee_id": grantee.id, "title": "A grant", "objectives": "{}",
            "awarded_on": ON, "awarded_minor": 5_000, "requested_minor": 0, "paid_minor": 0,
            "refunded_minor": 0, "adjusted_minor": 0, "status": "awarded", "version": 1,
            "created_at": clock.now(),
        }  # fmt: skip
        db.execute(
            insert(Grant),
            [common | {"id": uuid7(), "code": f"GRT-{number:06d}"} for number in range(GRANTS)],
        )


@dataclass
class Services:
    """Posts as the services do: one write transaction, an audit event, then its transfers."""

    database: Database
    fund_id: UUID
    lots: list[UUID]
    grants: list[Grant]
    reserved: int = 0
    paid: int = 0

    @classmethod
    def on(cls, database: Database) -> Services:
        """Read what there is to reserve and pay."""
        with database.read() as db:
            return cls(
                database,
                db.execute(select(Fund.id)).scalar_one(),
                list(db.execute(select(Lot.id).order_by(Lot.id)).scalars()),
                list(db.execute(select(Grant).order_by(Grant.id)).scalars()),
            )

    def reserve(self, count: int) -> None:
        """Reserve the next ``count`` grants, one transaction each."""
        for number in range(self.reserved, self.reserved + count):
            self._post(number, "grant.awarded", reserve.reserve)
        self.reserved += count

    def pay(self, count: int) -> None:
        """Pay the next ``count`` reserved grants, one transaction each."""
        for number in range(self.paid, self.paid + count):
            self._post(number, "disbursement.paid", reserve.pay)
        self.paid += count

    def _post(self, number: int, action: str, book: Callable[..., Any]) -> None:
        grant = self.grants[number]
        with self.database.write() as db:
            audit.lock_head(db)
            seq = audit.record(
                db, audit.SYSTEM, action, "grant", grant.id, fund_id=self.fund_id,
                before={}, after=snapshot(grant),
            )  # fmt: skip
            draw = Draw(grant.id, self.lots[number % len(self.lots)], grant.awarded_minor)
            source = reserve.Source("grant", grant.id, ON)
            posting.post(db, seq, book(self.fund_id, source, [draw]))


class Bare:
    """A driver connection: the same rows, one transaction for each posting."""

    def __init__(self, place: Place) -> None:
        self.kind: Kind = place.kind
        self.connection: Any
        if place.kind == "sqlite":
            self.connection = sqlite3.connect(place.raw_url(), isolation_level=None)
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                self.connection.execute(f"PRAGMA {pragma}")
        else:
            self.connection = psycopg.connect(place.raw_url())
        self.mark = "?" if place.kind == "sqlite" else "%s"

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a query written with ``?``."""
        found: list[tuple[Any, ...]] = self.connection.execute(
            query.replace("?", self.mark), values
        ).fetchall()
        if self.kind == "postgresql":
            self.connection.rollback()
        return found

    def write(self, script: Script) -> None:
        """Write one posting: a statement for each table, many rows at once where there are many."""
        cursor = self.connection.cursor()
        if self.kind == "sqlite":
            cursor.execute("BEGIN IMMEDIATE")
        for statement, rows in script:
            if len(rows) == 1:
                cursor.execute(statement, rows[0])
            else:
                cursor.executemany(statement, rows)
        self.connection.commit()

    def inserting(self, table: str, width: int, conflict: str = "") -> str:
        """Return the statement that inserts a whole row."""
        marks = ", ".join([self.mark] * width)
        return f"INSERT INTO {table} VALUES ({marks}) {conflict}"  # noqa: S608 - constants only


@dataclass
class Replay:
    """Turns what the services wrote into scripts for the bare driver."""

    source: Bare
    target: Bare
    next_seq: int
    opened: set[Any] = field(default_factory=set)

    def scripts(self) -> list[Script]:
        """Return one script for each event since the last call."""
        found = []
        last = self.source.rows("SELECT seq FROM audit_head")[0][0]
        for seq in range(self.next_seq, last + 1):
            found.append(self._script(seq))
        self.next_seq = last + 1
        return found

    def _script(self, seq: int) -> Script:
        read, mark, into = self.source.rows, self.target.mark, self.target.inserting
        event = read("SELECT * FROM audit_events WHERE seq = ?", seq)
        payload = read("SELECT * FROM audit_payloads WHERE seq = ?", seq)
        seal = read("SELECT * FROM posted_digests WHERE event_seq = ?", seq)
        head = read(
            "SELECT e.seq, s.hash, e.recorded_at FROM audit_events e "
            "JOIN posted_digests s ON s.event_seq = e.seq WHERE e.seq = ?",
            seq,
        )
        transfers = read("SELECT * FROM transfers WHERE event_seq = ? ORDER BY line", seq)
        sides = read(
            "SELECT debit_account_id, credit_account_id, amount_minor, effective_on "
            "FROM transfers WHERE event_seq = ?",
            seq,
        )
        net: dict[Any, list[int]] = {}
        for debit, credit, amount, _ in sides:
            net.setdefault(debit, [0, 0])[0] += amount
            net.setdefault(credit, [0, 0])[1] += amount
        fresh = [account for account in sorted(net) if account not in self.opened]
        self.opened.update(fresh)
        opened = [read("SELECT * FROM accounts WHERE id = ?", account)[0] for account in fresh]
        on = sides[0][3]
        first = date.fromisoformat(on).replace(day=1).isoformat() if isinstance(on, str) else None
        month = first or on.replace(day=1)
        totals = (
            "ON CONFLICT ({0}) DO UPDATE SET debits_minor = {1}.debits_minor + "
            "excluded.debits_minor, credits_minor = {1}.credits_minor + excluded.credits_minor"
        )
        days = totals.format("account_id, on_date", "account_days")
        months = totals.format("account_id, month_on", "account_months")
        script = [
            (into("audit_events", len(event[0])), event),
            (into("audit_payloads", len(payload[0])), payload),
            ("UPDATE audit_head SET seq = ?, hash = ?, recorded_at = ?".replace("?", mark), head),
            (into("accounts", 10), [(*row[:8], 0, 0) for row in opened]),
            (into("transfers", len(transfers[0])), transfers),
            (into("posted_digests", len(seal[0])), seal),
            (
                f"UPDATE accounts SET debits_minor = debits_minor + {mark}, "  # noqa: S608
                f"credits_minor = credits_minor + {mark} WHERE id = {mark}",
                [(*sums, account) for account, sums in sorted(net.items())],
            ),
            (into("account_days", 4, days), [(a, on, *s) for a, s in sorted(net.items())]),
            (into("account_months", 4, months), [(a, month, *s) for a, s in sorted(net.items())]),
        ]
        return [(statement, rows) for statement, rows in script if rows]


def measure(ground: Ground, kind: Kind, *, quick: bool, on_disk: bool) -> list[Result]:
    """Return the rate of reservations and of payments, as shares of the bare driver's rate.

    On the disk, where every transaction ends when the disk has it, the goal applies. In memory
    nothing waits for anything: that line shows what the program's own work costs.
    """
    repeats, batch = (9, 25) if quick else (31, 50)
    bound, place = (0.5, "on the disk") if on_disk else (None, "in memory")
    with ground.copies(kind, 2, fill) as (ours, theirs):
        database = Database(ours.settings())
        services, source, target = Services.on(database), Bare(ours), Bare(theirs)
        opened = {row[0] for row in source.rows("SELECT id FROM accounts")}
        replay = Replay(source, target, source.rows("SELECT seq FROM audit_head")[0][0] + 1, opened)
        results = []
        for what, act in (("reservation", services.reserve), ("payment", services.pay)):
            pairs = []
            for number in range(repeats + 1):
                by_services = seconds(lambda act=act: act(batch))  # type: ignore[misc]
                scripts = replay.scripts()
                by_driver = seconds(lambda scripts=scripts: write_all(target, scripts))  # type: ignore[misc]
                if number:  # the first round warms both up
                    pairs.append((by_driver, by_services))
            median, spread = quotients(pairs)
            rate = batch / statistics.median(ours for _, ours in pairs)
            results.append(
                Result(
                    "1", f"posting a {what} {place}: rate against bare driver SQL", kind, median,
                    bound, True, spread, note=f"{rate:.0f} a second",
                )
            )  # fmt: skip
        same(source, target)
        database.close()
    return results


def write_all(target: Bare, scripts: list[Script]) -> None:
    """Write several postings, one transaction each."""
    for script in scripts:
        target.write(script)


def same(one: Bare, other: Bare) -> None:
    """Fail unless both databases hold the same rows: the comparison is only fair then."""
    for table in TABLES:
        query = f"SELECT * FROM {table}"  # noqa: S608 - constants only
        rows = [sorted(map(repr, bare.rows(query))) for bare in (one, other)]
        assert rows[0] == rows[1], f"the two ways wrote different rows of {table}"
