"""From which day re-routed money counts, when a receipt turns out not to be there."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from fundops import audit
from fundops.db import Database
from fundops.ledger import balances, checks
from fundops.ledger.models import Fund
from fundops.ledger.posting import AccountRef
from tests.conftest import NewDatabase
from tests.depth import DEPTH
from tests.factories import a_fund, a_lot
from tests.grants.grant_factories import (
    a_desk,
    a_grant,
    closing,
    end,
    for_country,
    lowest_ever,
    reserved,
    reverse_lot,
)
from tests.grants.test_money_out_machine import MoneyOut

BEGIN = date(2020, 1, 1)


def day(number: int) -> date:
    return BEGIN + timedelta(days=number)


def test_a_move_waits_for_the_one_that_makes_room_for_it(database: Database) -> None:
    """Two moves fit alone but not together; a third makes room, on a day long ago.

    Whichever is looked at first, each counts from the day on which all of them could, so that the
    grants can still be ended on any day since.
    """
    with database.write() as db:
        audit.lock_head(db)
        fund, desk = a_fund(db), a_desk(db)
        flexible = a_lot(db, fund, 8, on=day(1))
        first, second = (a_grant(db, fund, n, country="KE", on=day(2)) for n in (5, 3))
        shared = a_lot(db, fund, 8, on=day(3), earmark=for_country("KE", "NP"), category=3)
        moved = a_grant(db, fund, 3, country="NP", on=day(4))
        narrow = a_lot(db, fund, 3, on=day(5), earmark=for_country("NP"), category=3)
        assert reserved(db, moved) == {shared.id: 3}
        reverse_lot(db, flexible)
        assert reserved(db, first) == {shared.id: 5}
        assert reserved(db, second) == {shared.id: 3}
        assert reserved(db, moved) == {narrow.id: 3}
        for grant, lot, minor in ((first, shared, 5), (second, shared, 3), (moved, narrow, 3)):
            ref = AccountRef(fund.id, "reserved", lot.id, grant.id)
            assert balances.as_of(db, ref, day(6)) == minor, grant.code
        assert lowest_ever(db, fund) == 0
        for grant in (first, second, moved):
            end(db, desk.manager, fund, grant, "close", closing(day(7)))
        for lot in (shared, narrow):
            reverse_lot(db, lot)
        assert lowest_ever(db, db.get_one(Fund, fund.id)) == 0
    with database.read() as db:
        assert checks.run(db) == []


SEQUENCES = [
    (*marks, country, amount)
    for row, marks in enumerate((("any", "any"), ("any", "KE"), ("two", "any"), ("KE", "two")))
    for column, country in enumerate(("KE", "AT"))
    for amount in (1, 2)
    if DEPTH > 1 or (row + column + amount) % 2
]
"""Every two of marks, country and amount meet; all three do at greater depth."""


@pytest.mark.sqlite_only
@pytest.mark.parametrize(("first", "second", "country", "amount"), SEQUENCES)
def test_receive_award_reverse_close_reverse_leaves_no_day_overdrawn(
    new_database: NewDatabase, first: str, second: str, country: str, amount: int
) -> None:
    class Machine(MoneyOut):
        open_database = staticmethod(new_database)

    machine = Machine()
    try:
        machine.receive(first, 2)
        machine.award(country, amount)
        machine.receive(second, 2)
        machine.award("KE", 1)
        for pick in (0, 0):
            machine.reverse(pick)
            machine.every_cent_is_somewhere()
            if machine.grants:
                machine.end(pick, "close")
            machine.every_cent_is_somewhere()
            machine.receive(first, 1)
        machine.reverse(1)
        machine.every_cent_is_somewhere()
    finally:
        machine.teardown()
