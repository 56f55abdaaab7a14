"""Bulk awards agree with single ones, to the lot and the cent, and never overdraw a past day."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.allocation.bulk import BulkReserver
from fundops.allocation.earmarks import GrantFacts
from fundops.allocation.facts import earmark_of, grant_facts
from fundops.allocation.position import LotFacts, Shortage
from fundops.db import Database
from fundops.disbursements.models import Disbursement
from fundops.donors.models import Lot
from fundops.errors import Problem
from fundops.grants.models import Grant, Refund
from fundops.ids import uuid7
from fundops.ledger import posting
from fundops.ledger.models import Fund, Transfer
from tests.factories import a_fund, a_lot, a_party
from tests.grants.grant_factories import (
    DAY,
    LATER,
    a_desk,
    a_grant,
    a_grantee,
    a_payment,
    a_refund,
    balances_of,
    for_country,
    mark,
    reserved,
)

COUNTRIES = ("KE", "NP", "AT")
CAPPED = mark(
    2,
    include={"objective": [4]},
    caps=[{"dimension": "country", "value": "KE", "amount_minor": 120}],
)


def lots_for(db: Session, fund: Fund) -> list[Lot]:
    donor = a_party(db)
    return [
        a_lot(db, fund, 200, donor=donor, on=date(2026, 1, 1) + timedelta(days=number),
              earmark=earmark, category=category)
        for number, (earmark, category) in enumerate(
            [(mark(), 1), (for_country("KE"), 3), (for_country("NP", "AT"), 3), (CAPPED, 2),
             (mark(), 1), (CAPPED, 2)]
        )
    ]  # fmt: skip


def facts(grant_id: UUID, country: str, on: date) -> GrantFacts:
    return grant_facts(
        grant_id, str(grant_id), objectives=[4], country=country, region=None, call=None, on=on
    )


def parts_of(draws: list[tuple[UUID, int]], lots: list[Lot]) -> list[tuple[int, int]]:
    places = {lot.id: number for number, lot in enumerate(lots)}
    return [(places[lot_id], minor) for lot_id, minor in draws]


@pytest.mark.parametrize(
    "seed", [1, 2, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (0, 3))]
)
def test_bulk_draws_what_single_awards_draw(database: Database, seed: int) -> None:
    random = Random(seed)
    with database.write() as db:
        audit.lock_head(db)
        one, many = a_fund(db), a_fund(db)
        lots_one, lots_many = lots_for(db, one), lots_for(db, many)
        desk, grantee = a_desk(db), a_grantee(db)
        bulk = BulkReserver(db, many)
        on = DAY
        for _ in range(12):
            on += timedelta(days=random.randrange(3))
            amount, country = random.randrange(1, 180), random.choice(COUNTRIES)
            paid = random.randrange(0, amount + 1)
            back = random.randrange(0, paid + 1)
            grant_id = uuid7()
            about = facts(grant_id, country, on)
            drawn = bulk.reserve(about, amount, on)
            try:
                grant = a_grant(db, one, amount, country=country, on=on, grantee=grantee)
            except Problem:
                assert isinstance(drawn, Shortage)
                continue
            if _moved(db, grant):
                # Single awards may re-route, which bulk ones never do: from here they differ.
                return
            assert not isinstance(drawn, Shortage)
            assert parts_of(drawn, lots_many) == parts_of(_draws(db, grant, lots_one), lots_one)
            if paid:
                a_payment(db, desk, one, grant, paid, on=on)
                assert not isinstance(bulk.pay(grant_id, paid, on), Shortage)
            if back:
                a_refund(db, desk, one, grant, back, on=on)
                bulk.refund(about, back, on)
        free_one = {key: v for key, v in balances_of(db, one).items() if key[0] == "lot"}
        assert bulk.free_minor(on) == sum(free_one.values())


def _moved(db: Session, grant: Grant) -> bool:
    query = select(Transfer.id).where(Transfer.kind == "void", Transfer.source_id == grant.id)
    return db.execute(query).first() is not None


def _draws(db: Session, grant: Grant, lots: list[Lot]) -> list[tuple[UUID, int]]:
    held = reserved(db, grant)
    by_id = {lot.id: lot for lot in lots}

    def order(lot_id: UUID) -> tuple[object, ...]:
        lot = by_id[lot_id]
        mark_ = earmark_of(lot.earmark)
        return LotFacts(lot.id, lot.id, mark_, lot.opened_on, 0).order

    return [(lot_id, held[lot_id]) for lot_id in sorted(held, key=order)]


def test_bulk_movements_post_and_read_back(database: Database) -> None:
    with database.write() as db:
        audit.lock_head(db)
        fund, grantee = a_fund(db), a_grantee(db)
        lots = [a_lot(db, fund, 100, on=date(2026, 1, 1)) for _ in range(3)]
        grant = _a_row(db, fund, grantee.id, 250)
        about = facts(grant.id, "KE", DAY)
        bulk = BulkReserver(db, fund)
        parts = bulk.reserve(about, 250, DAY)
        assert not isinstance(parts, Shortage)
        assert parts == [(lots[0].id, 100), (lots[1].id, 100), (lots[2].id, 50)]
        short = bulk.reserve(facts(uuid7(), "KE", DAY), 51, DAY)
        assert isinstance(short, Shortage)
        assert short.missing_minor == 1
        paid = bulk.pay(grant.id, 150, LATER)
        assert not isinstance(paid, Shortage)
        back = bulk.refund(about, 30, LATER)
        assert not isinstance(back, Shortage)
        rest = bulk.void(about, LATER)
        disbursement, refund = _rows(db, grant, 150, 30)
        seq = audit.record(db, audit.SYSTEM, "import.loaded", "fund", fund.id, fund_id=fund.id)
        posting.post(
            db,
            seq,
            [
                *bulk.reserve_movements(grant.id, parts, DAY),
                *bulk.pay_movements(grant.id, disbursement, paid, LATER),
                *bulk.refund_movements(grant.id, refund, back, LATER),
                *bulk.void_movements(grant.id, rest, LATER),
            ],
        )
        again = BulkReserver(db, fund)
        assert again.free_minor(LATER) == bulk.free_minor(LATER) == 300 - 150 + 30
        assert again.free_minor(DAY) == bulk.free_minor(DAY) == 50
        assert isinstance(again.pay(grant.id, 1, LATER), Shortage)
        assert isinstance(again.refund(about, 121, LATER), Shortage)


def _a_row(db: Session, fund: Fund, grantee_id: UUID, amount: int) -> Grant:
    grant = Grant(
        id=uuid7(), code="GRT-OLD-1", fund_id=fund.id, grantee_id=grantee_id, title="Old",
        country="KE", objectives="{}", awarded_on=DAY, awarded_minor=amount, requested_minor=0,
        paid_minor=150, refunded_minor=30, status="closed", created_at=clock.now(),
    )  # fmt: skip
    db.add(grant)
    db.flush()
    return grant


def _rows(db: Session, grant: Grant, paid: int, back: int) -> tuple[UUID, UUID]:
    disbursement = Disbursement(
        id=uuid7(), code="DSB-OLD-1", grant_id=grant.id, amount_minor=paid, requested_on=LATER,
        paid_on=LATER, status="paid", created_at=clock.now(),
    )  # fmt: skip
    refund = Refund(
        id=uuid7(), code="RFD-OLD-1", grant_id=grant.id, amount_minor=back, received_on=LATER,
        created_at=clock.now(),
    )  # fmt: skip
    db.add_all([disbursement, refund])
    db.flush()
    return disbursement.id, refund.id


def test_lots_opened_and_charged_meanwhile_count(database: Database) -> None:
    with database.write() as db:
        audit.lock_head(db)
        fund = a_fund(db)
        bulk = BulkReserver(db, fund)
        lot = LotFacts(uuid7(), uuid7(), earmark_of(mark()), DAY, 0)
        bulk.open_lot(lot, 100)
        bulk.change_lot(lot.id, -10, DAY)
        before = facts(uuid7(), "KE", DAY - timedelta(days=1))
        early = bulk.reserve(before, 1, DAY - timedelta(days=1))
        assert isinstance(early, Shortage)
        assert bulk.reserve(facts(uuid7(), "KE", DAY), 90, DAY) == [(lot.id, 90)]
        bulk.change_lot(lot.id, 25, LATER)
        assert bulk.reserve(facts(uuid7(), "KE", LATER), 25, LATER) == [(lot.id, 25)]


def test_thousands_are_served_without_a_query_each(database: Database) -> None:
    with database.write() as db:
        audit.lock_head(db)
        fund = a_fund(db)
        for number in range(20):
            a_lot(db, fund, 10_000, on=date(2026, 1, 1) + timedelta(days=number))
        bulk = BulkReserver(db, fund)
        counted: list[str] = []

        def count(*given: object) -> None:
            counted.append(str(given[2]))

        event.listen(database.writer, "before_cursor_execute", count)
        try:
            for _ in range(2_000):
                parts = bulk.reserve(facts(uuid7(), "KE", LATER), 100, LATER)
                assert not isinstance(parts, Shortage)
        finally:
            event.remove(database.writer, "before_cursor_execute", count)
        assert counted == []
        assert bulk.free_minor(LATER) == 0
