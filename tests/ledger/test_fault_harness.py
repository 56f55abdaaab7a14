"""Every function that posts money is cut off by some test, and a half-done command is noticed."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from fundops import audit, command, idempotency
from fundops.authz import Role
from fundops.engines import make_engine
from fundops.treasury import bank
from tests.donors.cash_factories import wire
from tests.factories import a_fund, a_lot, a_party
from tests.ledger import faults, test_faults, test_faults_banking, test_faults_grants
from tests.ledger.faults import DECLARED, Till, all_posters, posters_in
from tests.world import World

CUT_OFF = (test_faults, test_faults_banking, test_faults_grants)
"""The modules of the tests that cut commands off; each says at its tests what they move."""

ELSEWHERE = {
    "fundops.imports.context:post_all": "a file is loaded in one transaction by a command of its "
    "own, on nobody's request; tests/imports breaks it off",
}
"""Functions that post and are not cut off here, and why."""


def missing(found: set[str]) -> set[str]:
    """Return which functions no test cuts off."""
    return found - set().union(*DECLARED.values()) - set(ELSEWHERE)


def test_every_function_that_posts_money_is_cut_off_by_a_test() -> None:
    found = all_posters()
    assert missing(found) == set()
    assert set().union(*DECLARED.values()) | set(ELSEWHERE) <= found, "a function is gone"
    assert {name.rpartition(".")[0] for name in DECLARED} == {one.__name__ for one in CUT_OFF}


@pytest.mark.parametrize(
    ("imported", "named"),
    [
        ("from fundops.ledger import posting", "posting.post(db, seq, [])"),
        ("from fundops.ledger import posting as books", "books.post_many(db, [])"),
        ("from fundops.ledger.posting import post", "post(db, seq, [])"),
        ("from fundops.ledger.posting import post_many as all_of", "list(map(all_of, []))"),
        ("import fundops.ledger.posting", "fundops.ledger.posting.post(db, seq, [])"),
    ],
)
def test_a_new_function_that_posts_money_would_be_noticed(imported: str, named: str) -> None:
    source = f"""
{imported}

class Gift:
    def give(self, db, seq):
        def inner():
            {named}
        return inner

def harmless(db, client):
    client.post(db)
"""
    found = posters_in("fundops.gifts", source)
    assert found == {"fundops.gifts:Gift.give.<locals>.inner"}
    assert missing(found) == found


def test_the_short_form_cuts_off_at_both_ends_and_evenly_between() -> None:
    assert list(faults.spread(3, 5)) == [1, 2, 3]
    assert list(faults.spread(9, 5)) == [1, 3, 5, 7, 9]
    assert list(faults.spread(56, 2)) == [1, 56]


def test_the_long_form_cuts_off_at_all_writes_and_some_of_the_reads() -> None:
    told = ["SELECT 1", "INSERT INTO a", "SELECT 2", "SELECT 3", "UPDATE a", "DELETE FROM a", "S"]
    assert list(faults.at_all_writes(told, 3)) == [2, 3, 5, 6, 7]
    assert list(faults.at_all_writes(told, 1)) == [1, 2, 3, 4, 5, 6, 7]


class Fee:
    """A bank fee to book, and a flaw to put into it."""

    def __init__(self, world: World, till: Till) -> None:
        self.till = till
        with world.database.write() as db:
            audit.lock_head(db)
            fund = a_fund(db)
            a_lot(db, fund, 500_00)
            self.body = {"fund_id": str(fund.id), "kind": "fee", "amount": wire(4_00),
                         "effective_on": "2026-04-01"}  # fmt: skip

    def cut(self) -> None:
        """Cut the booking off everywhere."""
        self.till.run(Role.FINANCE_OFFICER, "/v1/bank_entries", self.body)


@pytest.fixture
def fee(world: World, till: Till) -> Fee:
    return Fee(world, till)


def test_a_command_in_two_transactions_is_noticed(
    fee: Fee, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = bank.book_bank_entry

    def in_two(db: Session, *given: Any) -> Any:
        a_party(db)
        db.commit()
        audit.lock_head(db)
        return real(db, *given)

    monkeypatch.setattr(bank, "book_bank_entry", in_two)
    with pytest.raises(AssertionError):
        fee.cut()


def test_a_write_on_another_connection_is_noticed(
    world: World, fee: Fee, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a connection that the cuts do not see, before the write turn is taken."""
    engine = make_engine(world.database.settings, read_only=False, size=1)
    real = command._claim

    def aside(request: Any) -> Any:
        with Session(engine) as other:
            a_party(other)
            other.commit()
        return real(request)

    monkeypatch.setattr(command, "_claim", aside)
    try:
        with pytest.raises(AssertionError, match="although cut off"):
            fee.cut()
    finally:
        engine.dispose()


def test_a_command_that_is_done_again_is_noticed(fee: Fee, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "store_answer", lambda *_given: None)
    with pytest.raises(AssertionError):
        fee.cut()


def test_a_test_that_moves_something_else_than_it_says_fails(fee: Fee) -> None:
    @faults.moves("donors.receipts:book")
    def other(*, till: Till) -> None:
        fee.cut()

    DECLARED.popitem()
    with pytest.raises(AssertionError):
        other(till=fee.till)
    assert fee.till.ran == {"fundops.treasury.bank:book_bank_entry"}
