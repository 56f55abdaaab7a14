"""Taking money off a lot: reservations move first; a lot restated as another keeps every figure."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.allocation.reroute import relot, reroute_from_lot
from fundops.db import Database
from fundops.donors.models import Lot
from fundops.errors import Problem
from fundops.grants import service
from fundops.ids import uuid7
from fundops.ledger import balances
from fundops.ledger.posting import AccountRef
from tests.factories import a_fund, a_lot, a_party
from tests.grants.grant_factories import (
    DAY,
    LATER,
    a_desk,
    a_grant,
    a_payment,
    a_refund,
    balances_of,
    for_country,
    lowest_ever,
    mark,
    reserved,
    reverse_lot,
)


def seq_of(db: Session, lot: Lot) -> int:
    return audit.record(db, audit.SYSTEM, "receipt.reversed", "lot", lot.id, fund_id=lot.fund_id)


def test_reservations_leave_a_reversed_lot_and_the_past_is_sound(database: Database) -> None:
    with database.write() as db:
        fund = a_fund(db)
        wrong = a_lot(db, fund, 300, on=date(2026, 1, 5), earmark=for_country("KE"), category=3)
        right = a_lot(db, fund, 500, on=date(2026, 1, 6))
        grant = a_grant(db, fund, 300, on=DAY)
        assert reserved(db, grant) == {wrong.id: 300}
        reverse_lot(db, wrong)
        assert reserved(db, grant) == {right.id: 300}
        assert lowest_ever(db, fund) == 0
        ref = AccountRef(fund.id, "reserved", right.id, grant.id)
        assert balances.as_of(db, ref, DAY) == 300
        assert balances.as_of(db, ref, DAY - timedelta(days=1)) == 0


def test_a_move_counts_from_when_the_other_lot_could_carry_it(database: Database) -> None:
    with database.write() as db:
        fund = a_fund(db)
        wrong = a_lot(db, fund, 300, on=date(2026, 1, 5))
        grant = a_grant(db, fund, 300, on=DAY)
        late = a_lot(db, fund, 300, on=LATER)
        reverse_lot(db, wrong)
        ref = AccountRef(fund.id, "reserved", late.id, grant.id)
        assert balances.as_of(db, ref, LATER) == 300
        assert balances.as_of(db, ref, LATER - timedelta(days=1)) == 0


def test_free_money_counts_first(database: Database) -> None:
    with database.write() as db:
        fund = a_fund(db)
        lot = a_lot(db, fund, 300)
        a_lot(db, fund, 300)
        grant = a_grant(db, fund, 200)
        seq = seq_of(db, lot)
        reroute_from_lot(db, audit.SYSTEM, seq, lot.id, 100)
        assert reserved(db, grant) == {lot.id: 200}
        reroute_from_lot(db, audit.SYSTEM, seq, lot.id, 150)
        assert reserved(db, grant)[lot.id] == 150
        reroute_from_lot(db, audit.SYSTEM, seq, lot.id, 300)
        assert lot.id not in reserved(db, grant)


@pytest.mark.parametrize("why", ["paid", "pinned", "nowhere", "earmark"])
def test_what_cannot_move_is_refused(database: Database, why: str) -> None:
    with database.write() as db:
        fund, desk = a_fund(db), a_desk(db)
        lot = a_lot(db, fund, 300)
        grant = a_grant(db, fund, 300)
        if why == "earmark":
            a_lot(db, fund, 300, earmark=for_country("NP"), category=3)
        elif why != "nowhere":
            a_lot(db, fund, 300)
        if why == "paid":
            a_payment(db, desk, fund, grant, 1)
        if why == "pinned":
            service.pin(db, desk.manager, grant, lot.id)
        before = balances_of(db, fund)
        with pytest.raises(Problem) as refused:
            reroute_from_lot(db, desk.manager, seq_of(db, lot), lot.id, 300)
        assert refused.value.slug == "not-fundable"
        assert ("0.01" if why == "paid" else "3.00") in refused.value.detail
        assert balances_of(db, fund) == before


def new_lot_of(db: Session, old: Lot, **over: object) -> Lot:
    values = {column.name: getattr(old, column.name) for column in Lot.__table__.columns} | {
        "id": uuid7(),
        "code": f"{old.code}-B",
        "replaces_id": old.id,
        "created_at": clock.now(),
    }
    lot = Lot(**(values | over))
    db.add(lot)
    db.flush()
    return lot


def test_a_lot_restated_as_another_keeps_every_figure(database: Database) -> None:
    with database.write() as db:
        fund, desk = a_fund(db), a_desk(db)
        old = a_lot(db, fund, 500)
        grant = a_grant(db, fund, 400)
        a_payment(db, desk, fund, grant, 300)
        a_refund(db, desk, fund, grant, 50)
        service.pin(db, desk.manager, grant, old.id)
        before = {key[0]: minor for key, minor in balances_of(db, fund).items()}
        cash = balances.now(db, AccountRef(fund.id, "bank"))
        new = new_lot_of(db, old, donor_id=a_party(db).id)
        relot(db, seq_of(db, old), old.id, new)
        old.status = "reversed"
        found = balances_of(db, fund)
        assert {key[0]: minor for key, minor in found.items()} == before
        assert {key[1] for key in found} == {new.id}
        assert balances.now(db, AccountRef(fund.id, "bank")) == cash
        assert service.lots_of(db, grant)[0]["is_pinned"] is True
        lot_then = AccountRef(fund.id, "lot", new.id)
        assert balances.as_of(db, lot_then, DAY) == 100
        assert balances.as_of(db, lot_then, DAY - timedelta(days=1)) == 500
        # What was restated once can be restated again.
        third = new_lot_of(db, new, code="LOT-THIRD")
        relot(db, seq_of(db, new), new.id, third)
        new.status = "reversed"
        assert {key[1] for key in balances_of(db, fund)} == {third.id}


def test_a_lot_whose_new_earmark_refuses_a_reservation_is_not_restated(
    database: Database,
) -> None:
    with database.write() as db:
        fund = a_fund(db)
        old = a_lot(db, fund, 500)
        grant = a_grant(db, fund, 400, country="KE")
        new = new_lot_of(db, old, earmark=for_country("NP"), category=3)
        with pytest.raises(Problem) as refused:
            relot(db, seq_of(db, old), old.id, new)
        assert refused.value.slug == "earmark-refuses"
        assert grant.code in refused.value.detail
        new.earmark = mark(1)
        new.category = 1
        relot(db, seq_of(db, old), old.id, new)
        assert reserved(db, grant) == {new.id: 400}
        old.status = "reversed"
