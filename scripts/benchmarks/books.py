"""Goal 2: balances and a donor's position in small books and in large ones."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.db import Database
from fundops.grants.models import Grant
from fundops.ids import uuid7
from fundops.ledger import balances, posting
from fundops.ledger.posting import AccountRef, Movement
from fundops.tracing import statement
from scripts.benchmarks.ground import Ground
from scripts.benchmarks.measure import Result, in_turn, quotients
from tests.databases import Kind
from tests.factories import a_fund, a_lot, a_party

FIRST, DAYS = date(2021, 1, 1), 5 * 365
HALFWAY = FIRST + timedelta(days=DAYS // 2 + 11)
OTHER_LOTS, GRANTS, OWN = 200, 20, 200
BATCH = 5_000


@dataclass
class Books:
    """A fund's books with ``size`` transfers, and one donor with few of them."""

    size: int
    donor_id: UUID = field(default_factory=uuid4)
    hot: AccountRef = field(default_factory=lambda: AccountRef(uuid4(), "lot"))

    def fill(self, database: Database) -> None:
        """Post the donor's own transfers, then the rest: a third of it on one busy lot."""
        with database.write() as db:
            audit.lock_head(db)
            fund, donor, other = a_fund(db), a_party(db), a_party(db)
            own = a_lot(db, fund, 10**9, donor=donor, on=FIRST)
            lots = [a_lot(db, fund, 10**12, donor=other, on=FIRST) for _ in range(OTHER_LOTS)]
            grants = self._grants(db, fund.id, other.id)
            self.donor_id, self.hot = donor.id, AccountRef(fund.id, "lot", lots[0].id)
            ids = [lot.id for lot in lots]
            for at, part in self._batches(
                Moves(fund.id, grants, [own.id], OWN), Moves(fund.id, grants, ids, self.size)
            ):
                seq = audit.record(db, audit.SYSTEM, "books.filled", "fund", at)
                posting.post(db, seq, part)

    def _grants(self, db: Session, fund_id: UUID, grantee_id: UUID) -> list[UUID]:
        rows: list[dict[str, Any]] = [
            {
                "id": uuid7(), "code": f"GRT-{number:04d}", "fund_id": fund_id,
                "grantee_id": grantee_id, "title": "A grant", "objectives": "{}",
                "awarded_on": FIRST, "awarded_minor": 10**9, "requested_minor": 0,
                "paid_minor": 0, "refunded_minor": 0, "adjusted_minor": 0, "status": "awarded",
                "version": 1, "created_at": clock.now(),
            }
            for number in range(GRANTS)
        ]  # fmt: skip
        db.execute(insert(Grant), rows)
        return [row["id"] for row in rows]

    def _batches(self, *parts: Moves) -> Iterator[tuple[UUID, list[Movement]]]:
        for part in parts:
            for start in range(0, part.count, BATCH):
                yield part.fund_id, part.movements(start, min(start + BATCH, part.count))


@dataclass
class Moves:
    """Reservations over five years, every third of them on the first lot."""

    fund_id: UUID
    grants: list[UUID]
    lots: list[UUID]
    count: int

    def movements(self, start: int, stop: int) -> list[Movement]:
        """Return the movements numbered ``start`` to ``stop``."""
        found = []
        for number in range(start, stop):
            lot = self.lots[0 if number % 3 == 0 else number % len(self.lots)]
            grant = self.grants[number % len(self.grants)]
            held = AccountRef(self.fund_id, "lot", lot)
            reserved = AccountRef(self.fund_id, "reserved", lot, grant)
            on = FIRST + timedelta(days=number * DAYS // self.count)
            found.append(
                Movement(
                    "reserve", held, reserved, 100, on, "grant", grant, lot, grant, key=str(number)
                )
            )
        return found


def measure(ground: Ground, kind: Kind, *, quick: bool) -> list[Result]:
    """Return how the answers' times grow with the books, and from now to a past date."""
    few, many = Books(10_000), Books(50_000 if quick else 1_000_000)
    repeats, calls = (9, 40) if quick else (21, 60)
    with ground.copies(kind, 1, few.fill) as (a,), ground.copies(kind, 1, many.fill) as (b,):
        small, large = Database(a.settings()), Database(b.settings())
        with small.read() as few_db, large.read() as many_db:
            sides = (few_db, few), (many_db, many)
            found = _compare(kind, sides, repeats, calls)
        small.close()
        large.close()
    return found


Sides = tuple[tuple[Session, Books], tuple[Session, Books]]
Ask = Callable[[Session, Books], object]


def _compare(kind: Kind, sides: Sides, repeats: int, calls: int) -> list[Result]:
    few, many = sides[0][1].size, sides[1][1].size
    sizes = f"{many:,} against {few:,} transfers"
    known = [audit.sequence_at(db, None) for db, _ in sides]
    before = {id(db): seq for (db, _), seq in zip(sides, known, strict=True)}

    def present(db: Session, books: Books) -> object:
        return balances.now(db, books.hot)

    def past(db: Session, books: Books) -> object:
        return balances.as_of(db, books.hot, HALFWAY, before[id(db)])

    def position(db: Session, books: Books) -> object:
        return statement.position(
            db, statement.Question(books.donor_id, None, FIRST, HALFWAY, before[id(db)])
        )

    for db, books in sides:
        _check(db, books, past)
    results = []
    for what, ask in (("balance now", present), ("balance as of a past date", past),
                      ("a donor's position", position)):  # fmt: skip
        pairs = in_turn(
            repeats, lambda ask=ask: _time(ask, *sides[1], calls),  # type: ignore[misc]
            lambda ask=ask: _time(ask, *sides[0], calls),  # type: ignore[misc]
        )  # fmt: skip
        median, spread = quotients(pairs)
        micro = statistics.median(large for large, _ in pairs) * 1e6
        results.append(
            Result("2", f"{what}: time with {sizes}", kind, median, 1.2, False, spread,
                   note=f"{micro:.0f} µs")
        )  # fmt: skip
    pairs = in_turn(
        repeats, lambda: _time(past, *sides[1], calls), lambda: _time(present, *sides[1], calls)
    )
    median, spread = quotients(pairs)
    results.append(
        Result("2", "balance as of a past date: time against now", kind, median, 3.0, False, spread)
    )
    return results


def _check(db: Session, books: Books, past: Ask) -> None:
    """Fail unless the past balance is what the movements say: a wrong answer may be fast."""
    moves = Moves(books.hot.fund_id, [uuid4()] * GRANTS, [uuid4()] * OTHER_LOTS, books.size)
    drawn = sum(
        100
        for number in range(books.size)
        if (number % 3 == 0 or number % OTHER_LOTS == 0)
        and FIRST + timedelta(days=number * DAYS // moves.count) <= HALFWAY
    )
    assert past(db, books) == 10**12 - drawn


def _time(ask: Ask, db: Session, books: Books, calls: int) -> float:
    """Return the median seconds of one call."""
    found = []
    for _ in range(calls):
        began = time.perf_counter()
        ask(db, books)
        found.append(time.perf_counter() - began)
    return statistics.median(found)
