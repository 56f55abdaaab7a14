"""Interest, bank fees, agent fees, the operating reserve, and transfers between funds."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from fundops.allocation.earmarks import Earmark
from fundops.authz import Role
from fundops.db import Database
from fundops.donors.models import Lot
from fundops.errors import Problem
from fundops.funds import rates
from fundops.funds.rate_schemas import RateIn
from fundops.ledger import balances
from fundops.ledger.posting import AccountRef
from fundops.parties.models import Party
from fundops.treasury import bank, reserve, transfers
from fundops.treasury.schemas import BankEntryIn, FundTransferIn, ReserveIn
from tests.donors.cash_factories import (
    a_matched_lot,
    an_amount,
    an_officer,
    held_by,
    held_in,
    wire,
)
from tests.factories import a_fund, a_lot, a_party, a_person
from tests.grants.grant_factories import a_grant
from tests.world import World

DAY = date(2026, 3, 1)
KENYA = '{"category":3,"include":{"country":["KE"]}}'


def entry(fund: Any, kind: Any, minor: int, on: date = DAY) -> BankEntryIn:
    return BankEntryIn(fund_id=fund.id, kind=kind, amount=an_amount(minor), effective_on=on)


def test_interest_is_unearmarked_money_of_a_donor_of_its_own(database: Database) -> None:
    with database.write() as db:
        fund, officer = a_fund(db), an_officer(db)
        first = bank.book_bank_entry(db, officer, entry(fund, "interest", 12))
        second = bank.book_bank_entry(db, officer, entry(fund, "interest", 30))
        lots = [db.get_one(Lot, booked.entry.lot_id) for booked in (first, second)]
        assert {lot.donor_id for lot in lots} == {
            db.execute(select(Party.id).where(Party.code == "INTEREST")).scalar_one()
        }
        assert {lot.earmark for lot in lots} == {Earmark(1).key}
        assert held_in(db, fund) == {"bank": 42, "lot": 42}


def test_a_bank_fee_is_absorbed_as_far_as_support_cost_goes(database: Database) -> None:
    with database.write() as db:
        fund, officer = a_fund(db), an_officer(db)
        a_matched_lot(
            db, officer, fund, 1_000, support_cost_basis="receipt", support_cost_ppm=70_000
        )
        assert bank.book_bank_entry(db, officer, entry(fund, "fee", 50)).absorbed_minor == 50
        assert bank.book_bank_entry(db, officer, entry(fund, "fee", 50)).absorbed_minor == 20
        assert bank.book_bank_entry(db, officer, entry(fund, "fee", 5)).absorbed_minor == 0
        assert held_in(db, fund) == {"bank": 895, "bank_fees": 35, "lot": 930}
        # What came in later cannot have absorbed an earlier fee.
        with pytest.raises(Problem) as refused:
            bank.book_bank_entry(db, officer, entry(fund, "fee", 1, date(2026, 1, 31)))
        assert refused.value.slug == "insufficient-funds"


def test_bank_entries_over_http_and_who_sees_them(world: World) -> None:
    with world.database.write() as db:
        fund, other = a_fund(db), a_fund(db)
        donor = a_party(db).id
    officer = world.as_role(Role.FINANCE_OFFICER)
    body = {
        "fund_id": str(fund.id),
        "kind": "interest",
        "amount": wire(500),
        "effective_on": "2026-03-01",
        "bank_reference": "INT-1",
    }
    made = officer.post("/v1/bank_entries", json=body)
    assert made.status_code == 201, made.text
    assert officer.post("/v1/bank_entries", json=body).status_code == 409
    assert (
        officer.post("/v1/bank_entries", json=body | {"amount": wire(5, "EUR")}).status_code == 409
    )
    future = officer.post("/v1/bank_entries", json=body | {"effective_on": "2199-01-01"})
    assert future.json()["errors"][0]["pointer"] == "/effective_on"
    assert officer.get("/v1/bank_entries").json()["items"] == [made.json()]
    reader = world.as_role(Role.DONOR, party_id=donor)
    assert reader.get("/v1/bank_entries").json()["items"] == []
    limited = world.as_role(Role.AUDITOR, fund_id=other.id)
    assert limited.get("/v1/bank_entries").json()["items"] == []


def test_the_agent_is_paid_what_was_kept_back(world: World) -> None:
    with world.database.write() as db:
        fund, booker = a_fund(db), an_officer(db)
        a_matched_lot(db, booker, fund, 1_000_00, agent_fee_ppm=10_000)
    officer = world.as_role(Role.FINANCE_OFFICER)
    place = f"/v1/funds/{fund.id}/pay_agent_fee"
    over = officer.post(place, json={"amount": wire(10_01), "paid_on": "2026-03-01"})
    assert over.json()["type"] == "urn:fundops:problem:insufficient-funds"
    early = officer.post(place, json={"amount": wire(1), "paid_on": "2026-01-31"})
    assert early.status_code == 409
    paid = officer.post(place, json={"amount": wire(4_00), "paid_on": "2026-03-01"})
    assert paid.json()["owed"] == wire(6_00)
    with world.database.read() as db:
        assert balances.now(db, AccountRef(fund.id, "bank")) == 996_00


def test_the_reserve_takes_money_without_conditions_oldest_first(database: Database) -> None:
    with database.write() as db:
        fund, manager = a_fund(db), a_person(db, Role.FUND_MANAGER)[0]
        newer = a_lot(db, fund, 500, on=date(2026, 2, 1))
        older = a_lot(db, fund, 300, on=date(2026, 1, 1))
        bound = a_lot(db, fund, 900, on=date(2025, 1, 1), earmark=KENYA, category=3)
        dated = a_lot(db, fund, 900, on=date(2025, 1, 1), spend_by_on=date(2027, 1, 1))
        future = a_lot(db, fund, 900, on=date(2026, 4, 1))

        def reserve_in(minor: int) -> ReserveIn:
            return ReserveIn(amount=an_amount(minor), effective_on=DAY, reason="Prudence.")

        parts = reserve.set_aside(db, manager, fund, reserve_in(450))
        assert [(part.lot.id, part.amount_minor) for part in parts] == [
            (older.id, 300), (newer.id, 150),
        ]  # fmt: skip
        with pytest.raises(Problem) as refused:
            reserve.set_aside(db, manager, fund, reserve_in(351))
        assert refused.value.slug == "insufficient-funds"
        for untouched in (bound, dated, future):
            assert held_by(db, untouched) == {"lot": 900}
        freed = reserve.set_free(db, manager, fund, reserve_in(350))
        assert [(part.lot.id, part.amount_minor) for part in freed] == [
            (older.id, 300), (newer.id, 50),
        ]  # fmt: skip
        with pytest.raises(Problem) as too_much:
            reserve.set_free(db, manager, fund, reserve_in(101))
        assert too_much.value.slug == "insufficient-funds"
        # Again, in one fund and on one day: each is its own movement.
        reserve.set_aside(db, manager, fund, reserve_in(1))
        assert held_in(db, fund)["operating_reserve"] == 101


def test_reserved_money_is_not_set_aside_and_what_is_set_aside_is_not_awarded(
    database: Database,
) -> None:
    with database.write() as db:
        fund, manager = a_fund(db), a_person(db, Role.FUND_MANAGER)[0]
        a_lot(db, fund, 1_000)
        a_grant(db, fund, 700)
        with pytest.raises(Problem):
            reserve.set_aside(
                db,
                manager,
                fund,
                ReserveIn(amount=an_amount(301), effective_on=DAY, reason="Prudence."),
            )
        reserve.set_aside(
            db,
            manager,
            fund,
            ReserveIn(amount=an_amount(300), effective_on=DAY, reason="Prudence."),
        )
        with pytest.raises(Problem) as refused:
            a_grant(db, fund, 1)
        assert refused.value.slug == "not-fundable"


def test_the_reserves_target_is_the_managers_to_set(world: World) -> None:
    with world.database.write() as db:
        fund = a_fund(db)
        a_lot(db, fund, 400_00)
        donor = a_party(db).id
    manager = world.as_role(Role.FUND_MANAGER)
    place = f"/v1/funds/{fund.id}/operating_reserve"
    body = {"target": wire(300_00)}
    assert manager.patch(place, json=body).status_code == 428
    changed = manager.patch(place, json=body, headers={"if-match": '"1"'})
    assert changed.status_code == 200, changed.text
    assert changed.json()["short"] == wire(300_00)
    assert manager.patch(place, json=body, headers={"if-match": '"1"'}).status_code == 412
    moved = manager.post(
        f"/v1/funds/{fund.id}/set_aside",
        json={"amount": wire(100_00), "effective_on": "2026-03-01", "reason": "Prudence."},
    )
    assert moved.json()["set_aside"] == wire(100_00)
    assert moved.json()["short"] == wire(200_00)
    assert [part["amount"] for part in moved.json()["moved"]] == [wire(100_00)]
    assert world.as_role(Role.AUDITOR).get(place).json()["set_aside"] == wire(100_00)
    officer = world.as_role(Role.FINANCE_OFFICER)
    assert officer.patch(place, json=body, headers={"if-match": '"2"'}).status_code == 403
    reader = world.as_role(Role.DONOR, party_id=donor)
    assert reader.get(place).status_code == 404


def transfer_in(lot: Lot, to: Any, minor: int, **over: Any) -> FundTransferIn:
    values: dict[str, Any] = {
        "lot_id": lot.id, "to_fund_id": to.id, "amount": an_amount(minor),
        "effective_on": DAY, "reason": "Agreed with the donor.",
    }  # fmt: skip
    return FundTransferIn(**(values | over))


def test_money_moves_to_another_fund_as_a_lot_of_the_same_donor(database: Database) -> None:
    with database.write() as db:
        fund, other, officer = a_fund(db), a_fund(db, currency="EUR"), an_officer(db)
        given = RateIn(
            source="un_operational", base="EUR", currency="USD", starts_on=DAY, rate="1.25"
        )
        rates.record_rate(db, officer, given)
        lot = a_matched_lot(db, officer, fund, 1_000_00, category=3, earmark=KENYA)
        moved = transfers.transfer(db, officer, transfer_in(lot, other, 500_00))
        new = db.get_one(Lot, moved.new_lot_id)
        assert (moved.received_minor, moved.rate) == (400_00, "1.25")
        assert (new.fund_id, new.donor_id, new.replaces_id) == (other.id, lot.donor_id, lot.id)
        assert (new.kind, new.earmark, new.category) == ("fund_transfer", KENYA, 3)
        assert held_in(db, fund) == {"bank": 500_00, "lot": 500_00}
        assert held_in(db, other) == {"bank": 400_00, "lot": 400_00}
        stated = transfers.transfer(
            db,
            officer,
            transfer_in(
                lot, other, 100_00, received=an_amount(79_00, "EUR"), earmark={"category": 1}
            ),
        )  # fmt: skip
        assert stated.received_minor == 79_00
        assert db.get_one(Lot, stated.new_lot_id).category == 1
        with pytest.raises(Problem) as refused:
            transfers.transfer(db, officer, transfer_in(lot, other, 400_01))
        assert refused.value.slug == "insufficient-funds"


def test_transfers_that_cannot_be_right_are_refused(database: Database) -> None:
    with database.write() as db:
        fund, same, euros = a_fund(db), a_fund(db), a_fund(db, currency="EUR")
        officer = an_officer(db)
        lot = a_matched_lot(db, officer, fund, 1_000)
        capped = a_matched_lot(
            db, officer, fund, 1_000, category=3,
            earmark='{"category":3,"include":{"country":["KE"]},'
            '"caps":[{"dimension":"country","value":"KE","amount_minor":500}]}',
        )  # fmt: skip
        for given, pointer in (
            (transfer_in(lot, fund, 10), "/to_fund_id"),
            (transfer_in(lot, euros, 10), "/rate"),
            (transfer_in(lot, same, 10, rate="1.1"), "/rate"),
            (transfer_in(lot, same, 10, received=an_amount(9)), "/received"),
            (transfer_in(capped, same, 10), "/earmark"),
            (transfer_in(lot, same, 10, effective_on=date(2026, 1, 31)), "/effective_on"),
            (transfer_in(lot, same, 10, earmark={"category": 4}), "/earmark/category"),
            (transfer_in(lot, euros, 1, rate="1000"), "/amount"),
        ):
            with pytest.raises(Problem) as refused:
                transfers.transfer(db, officer, given)
            assert refused.value.errors[0].pointer == pointer
        assert held_by(db, lot) == {"lot": 1_000}


def test_a_donor_sees_where_its_lots_went(world: World) -> None:
    with world.database.write() as db:
        fund, other, booker = a_fund(db), a_fund(db), an_officer(db)
        lot = a_matched_lot(db, booker, fund, 1_000)
        stranger = a_party(db).id
    officer = world.as_role(Role.FINANCE_OFFICER)
    body = {
        "lot_id": str(lot.id),
        "to_fund_id": str(other.id),
        "amount": wire(300),
        "effective_on": "2026-03-01",
        "reason": "Agreed with the donor.",
    }
    made = officer.post("/v1/fund_transfers", json=body)
    assert made.status_code == 201, made.text
    assert made.json()["received"] == wire(300)
    reader = world.as_role(Role.DONOR, party_id=lot.donor_id)
    assert reader.get("/v1/fund_transfers").json()["items"] == [made.json()]
    foreign = world.as_role(Role.DONOR, party_id=stranger)
    assert foreign.get("/v1/fund_transfers").json()["items"] == []
    receiving = world.as_role(Role.AUDITOR, fund_id=other.id)
    assert receiving.get("/v1/fund_transfers").json()["items"] == [made.json()]
    for fund_id in (fund.id, other.id):
        limited = world.as_role(Role.FINANCE_OFFICER, fund_id=fund_id)
        assert limited.post("/v1/fund_transfers", json=body).status_code == 422
