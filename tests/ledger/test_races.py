"""Many threads at one account: never overdrawn, and spent to the last unit."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from uuid import UUID, uuid4

import pytest

from fundops import audit
from fundops.db import Database
from fundops.errors import Problem
from fundops.ledger import balances, posting
from fundops.ledger.posting import Movement
from tests.ledger.conftest import Books, open_books, violations

ON = date(2026, 1, 5)
THREADS = 16


def stocked(ledger: Database, amount: int) -> Books:
    """Return books with ``amount`` in the first lot."""
    with ledger.write() as db:
        books = open_books(db)
        seq = audit.record(db, audit.SYSTEM, "test.posted", "test")
        lot = books.ref("lot", books.lots[0])
        posting.post(db, seq, [
            Movement("interest", books.ref("bank"), lot, amount, ON, "test", uuid4(), lot.lot_id)
        ])  # fmt: skip
    return books


def draw(ledger: Database, books: Books, amount: int, source: UUID) -> str:
    """Reserve from the lot for the grant; return what came of it."""
    lot, grant = books.lots[0], books.grants[0]
    try:
        with ledger.write() as db:
            seq = audit.record(db, audit.SYSTEM, "test.posted", "test")
            posting.post(db, seq, [
                Movement("reserve", books.ref("lot", lot), books.ref("reserved", lot, grant),
                         amount, ON, "test", source, lot, grant)
            ])  # fmt: skip
    except Problem as problem:
        return problem.slug
    return "done"


@pytest.mark.parametrize(("stock", "amount"), [(500, 10), (500, 7)])
def test_sixteen_threads_draw_exactly_to_the_limit(
    ledger: Database, stock: int, amount: int
) -> None:
    books = stocked(ledger, stock)

    def until_empty(_: int) -> Counter[str]:
        outcomes: Counter[str] = Counter()
        while not outcomes["insufficient-funds"]:
            outcomes[draw(ledger, books, amount, uuid4())] += 1
        return outcomes

    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = sum(pool.map(until_empty, range(THREADS)), Counter[str]())
    assert outcomes == {"done": stock // amount, "insufficient-funds": THREADS}
    with ledger.read() as db:
        assert balances.now(db, books.ref("lot", books.lots[0])) == stock % amount
        reserved = books.ref("reserved", books.lots[0], books.grants[0])
        assert balances.now(db, reserved) == stock - stock % amount
        assert violations(db) == []
    ledger.close()


def test_the_same_movement_at_once_is_booked_once(ledger: Database) -> None:
    books, source = stocked(ledger, 500), uuid4()
    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = Counter(pool.map(lambda _: draw(ledger, books, 10, source), range(THREADS)))
    assert outcomes == {"done": 1, "already-exists": THREADS - 1}
    with ledger.read() as db:
        assert balances.now(db, books.ref("lot", books.lots[0])) == 490
        assert violations(db) == []
    ledger.close()


def test_two_may_not_reverse_the_same(ledger: Database) -> None:
    books, source = stocked(ledger, 500), uuid4()
    assert draw(ledger, books, 10, source) == "done"
    lot, grant = books.lots[0], books.grants[0]

    def undo(_: int) -> str:
        reserve = Movement(
            "reserve", books.ref("lot", lot), books.ref("reserved", lot, grant), 10, ON, "test",
            source, lot, grant,
        )  # fmt: skip
        undoing = Movement(
            "reserve", reserve.credit, reserve.debit, 10, ON, "test", uuid4(), lot, grant,
            reserve.id,
        )  # fmt: skip
        try:
            with ledger.write() as db:
                seq = audit.record(db, audit.SYSTEM, "test.posted", "test")
                posting.post(db, seq, [undoing])
        except Problem as problem:
            return problem.slug
        return "done"

    with ThreadPoolExecutor(8) as pool:
        outcomes = Counter(pool.map(undo, range(8)))
    assert outcomes["done"] == 1
    assert outcomes.keys() <= {"done", "already-exists", "insufficient-funds"}
    with ledger.read() as db:
        assert balances.now(db, books.ref("lot", lot)) == 500
        assert violations(db) == []
    ledger.close()
