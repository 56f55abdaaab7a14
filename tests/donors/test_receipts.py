"""Receipts: what is booked, at which rate, what the bank kept, and what is refused."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from fundops import clock
from fundops.authz import Role
from fundops.db import Database
from fundops.donors.models import Receipt
from fundops.errors import Problem
from fundops.funds import rates
from fundops.funds.rate_schemas import RateIn
from fundops.ledger import balances
from fundops.ledger.posting import AccountRef
from tests.donors.cash_factories import (
    DAY,
    a_match,
    a_receipt,
    an_agreement,
    an_amount,
    an_instalment,
    an_officer,
    held_in,
    wire,
)
from tests.factories import a_fund, a_party, a_person
from tests.world import Caller, World


def a_rate(db: Any, rate: str, on: date, source: Any = "un_operational") -> None:
    given = RateIn(source=source, base="USD", currency="EUR", starts_on=on, rate=rate)
    rates.record_rate(db, an_officer(db), given)


def test_cash_is_held_as_unmatched_and_is_not_spendable(database: Database) -> None:
    with database.write() as db:
        fund = a_fund(db)
        receipt = a_receipt(db, an_officer(db), fund, 1_000_00)
        assert held_in(db, fund) == {"bank": 1_000_00, "unmatched": 1_000_00}
        assert (receipt.base_minor, receipt.rate, receipt.rate_source) == (1_000_00, "1", "booked")
        assert balances.as_of(db, AccountRef(fund.id, "bank"), DAY - timedelta(days=1)) == 0
        assert receipt.code.startswith("RCT-2026-")


def test_a_foreign_receipt_takes_the_operational_rate_in_effect(database: Database) -> None:
    with database.write() as db:
        fund, officer = a_fund(db), an_officer(db)
        a_rate(db, "0.70", date(2026, 1, 1))
        a_rate(db, "0.80", date(2026, 2, 1))
        a_rate(db, "0.90", date(2026, 2, 2))
        a_rate(db, "0.50", date(2026, 2, 1), "ecb")
        receipt = a_receipt(db, officer, fund, 800_00, currency="EUR", on=date(2026, 2, 1))
        assert receipt.base_minor == 1_000_00
        assert (receipt.rate, receipt.rate_on, receipt.rate_source) == (
            "0.8", date(2026, 2, 1), "un_operational",
        )  # fmt: skip
        with pytest.raises(Problem) as refused:
            a_receipt(db, officer, fund, 800_00, currency="EUR", on=date(2025, 12, 31))
        assert refused.value.errors[0].pointer == "/rate"


def test_the_booked_amount_wins_over_the_rate(database: Database) -> None:
    with database.write() as db:
        fund, officer = a_fund(db), an_officer(db)
        given = a_receipt(
            db, officer, fund, 100_00, currency="EUR", rate="0.8", rate_source="bank",
            base=an_amount(124_99),
        )  # fmt: skip
        assert (given.base_minor, given.rate, given.rate_source) == (124_99, "0.8", "bank")
        implied = a_receipt(db, officer, fund, 100_00, currency="EUR", base=an_amount(300_00))
        assert (implied.rate, implied.rate_source) == ("0.333333333333", "booked")
        assert held_in(db, fund)["bank"] == 124_99 + 300_00


@pytest.mark.parametrize(("credited", "exchange"), [(97_00, 0), (95_50, -1_50), (99_00, 2_00)])
def test_the_bank_has_what_it_credited(database: Database, credited: int, exchange: int) -> None:
    with database.write() as db:
        fund = a_fund(db)
        receipt = a_receipt(
            db, an_officer(db), fund, 80_00, currency="EUR", base=an_amount(100_00),
            bank_fee=an_amount(3_00), credited=an_amount(credited),
        )  # fmt: skip
        assert receipt.exchange_minor == exchange
        held = held_in(db, fund)
        assert held["bank"] == credited
        assert held["unmatched"] == 100_00
        assert held["bank_fees"] == 3_00
        assert held.get("exchange_difference", 0) == -exchange


BODY: dict[str, Any] = {"received_on": "2026-02-01", "amount": wire(100_00)}


def a_body(world: World, **over: Any) -> dict[str, Any]:
    with world.database.write() as db:
        fund, payer = a_fund(db), a_party(db)
    return BODY | {"fund_id": str(fund.id), "payer_id": str(payer.id)} | over


@pytest.mark.parametrize(
    ("over", "pointer"),
    [
        ({"received_on": (clock.now().date() + timedelta(days=2)).isoformat()}, "/received_on"),
        ({"amount": wire(0)}, "/amount/amount"),
        ({"amount": {"amount": "-1.00", "currency": "USD"}}, "/amount/amount"),
        ({"payer_id": "018f0000-0000-7000-8000-000000000000"}, "/payer_id"),
        ({"donor_id": "018f0000-0000-7000-8000-000000000000"}, "/donor_id"),
        ({"fund_id": "018f0000-0000-7000-8000-000000000000"}, "/fund_id"),
        ({"rate": "2"}, "/rate"),
        ({"rate_source": "bank"}, "/rate"),
        ({"base": wire(99_00)}, "/base"),
        ({"bank_fee": wire(100_00)}, "/bank_fee"),
        ({"credited": wire(99_00)}, "/credited"),
        ({"credited": wire(0)}, "/credited/amount"),
        ({"gifts": 0}, "/gifts"),
        ({"gifts": 12}, "/donor_id"),
        ({"amount": wire(1, "JPY"), "rate": "1000"}, "/amount"),
        ({"amount": wire(10**15, "JPY"), "rate": "0.000000000001"}, "/amount"),
        ({"amount": wire(10**15, "JPY"), "base": wire(1)}, "/base"),
        ({"amount": wire(1, "OMR"), "base": wire(10**15)}, "/base"),
        ({"amount": wire(80_00, "EUR"), "rate": "0.8", "rate_on": "2026-02-02"}, "/rate_on"),
        ({"amount": wire(80_00, "EUR")}, "/rate"),
        ({"surprise": 1}, "/surprise"),
    ],
)
def test_input_that_cannot_be_right_is_named(
    world: World, over: dict[str, Any], pointer: str
) -> None:
    officer = world.as_role(Role.FINANCE_OFFICER)
    refused = officer.post("/v1/receipts", json=a_body(world, **over))
    assert refused.status_code == 422, refused.text
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    with world.database.read() as db:
        assert db.execute(select(Receipt)).first() is None


def test_an_amount_in_another_currency_than_the_fund_names_the_right_one(world: World) -> None:
    body = a_body(world, amount=wire(80_00, "EUR"), base=wire(100, "JPY"))
    refused = world.as_role(Role.FINANCE_OFFICER).post("/v1/receipts", json=body)
    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:fundops:problem:currency-mismatch"
    assert refused.json()["errors"] == [
        {"pointer": "/base/currency", "detail": "This must be in USD."}
    ]


def test_a_batch_of_small_gifts_is_kept_under_its_donor(world: World) -> None:
    with world.database.write() as db:
        small = a_party(db, kind="individual", name="Small gifts", is_anonymous=True)
    officer = world.as_role(Role.FINANCE_OFFICER)
    body = a_body(world, donor_id=str(small.id), gifts=412, bank_fee=wire(1_30))
    made = officer.post("/v1/receipts", json=body)
    assert made.status_code == 201, made.text
    assert made.json()["gifts"] == 412
    assert made.json()["credited"] == wire(98_70)
    assert officer.get(made.headers["location"]).json() == made.json()
    assert made.headers["etag"] == '"1"'


def test_a_bank_reference_is_booked_once_in_a_fund(world: World) -> None:
    officer = world.as_role(Role.FINANCE_OFFICER)
    body = a_body(world, bank_reference="REF-1")
    first = officer.post("/v1/receipts", json=body)
    again = officer.post("/v1/receipts", json=body)
    assert again.status_code == 409
    assert again.json()["type"] == "urn:fundops:problem:already-exists"
    place = f"/v1/receipts/{first.json()['id']}"
    gone = officer.post(f"{place}/reverse", json={"reason": "Wrong payer."})
    assert gone.json()["status"] == "reversed"
    assert officer.post("/v1/receipts", json=body).status_code == 201
    with world.database.write() as db:
        other = a_fund(db)
    elsewhere = body | {"fund_id": str(other.id)}
    assert officer.post("/v1/receipts", json=elsewhere).status_code == 201


def test_a_donor_sees_its_own_receipts_only_and_no_commentary(world: World) -> None:
    with world.database.write() as db:
        fund, officer = a_fund(db), an_officer(db)
        donor, other = a_party(db), a_party(db)
        own = a_receipt(db, officer, fund, 100, donor_id=donor.id, comment="Call them.")
        paid = a_receipt(db, officer, fund, 100, payer_id=donor.id)
        foreign = a_receipt(db, officer, fund, 100, donor_id=other.id, payer_id=donor.id)
    reader = world.as_role(Role.DONOR, party_id=donor.id)
    items = reader.get("/v1/receipts").json()["items"]
    assert {item["id"] for item in items} == {str(own.id), str(paid.id)}
    assert all(item["comment"] is None and item["booked_by_id"] is None for item in items)
    hidden = reader.get(f"/v1/receipts/{foreign.id}")
    missing = reader.get("/v1/receipts/018f0000-0000-7000-8000-000000000000")
    assert hidden.status_code == missing.status_code == 404
    assert hidden.json()["detail"] == missing.json()["detail"]
    auditor = world.as_role(Role.AUDITOR)
    assert auditor.get(f"/v1/receipts/{own.id}").json()["comment"] == "Call them."
    assert reader.post(f"/v1/receipts/{own.id}/reverse", json={"reason": "x"}).status_code == 403


def test_a_person_of_one_fund_neither_sees_nor_books_in_another(world: World) -> None:
    with world.database.write() as db:
        mine, other, officer = a_fund(db), a_fund(db), an_officer(db)
        a_receipt(db, officer, mine, 100)
        foreign = a_receipt(db, officer, other, 100)
        payer = a_party(db)
    limited = world.as_role(Role.FINANCE_OFFICER, fund_id=mine.id)
    items = limited.get("/v1/receipts").json()["items"]
    assert [item["fund_id"] for item in items] == [str(mine.id)]
    body = BODY | {"fund_id": str(other.id), "payer_id": str(payer.id)}
    assert limited.post("/v1/receipts", json=body).status_code == 422
    place = f"/v1/receipts/{foreign.id}"
    assert limited.get(place).status_code == 404
    assert limited.post(f"{place}/reverse", json={"reason": "x"}).status_code == 404
    assert limited.post(f"{place}/match", json={"matches": []}).status_code == 422


def test_who_may_not_book_is_refused(world: World) -> None:
    body = a_body(world)
    for role in (Role.APPROVER, Role.AUDITOR, Role.FUND_MANAGER, Role.GRANT_OFFICER):
        assert world.as_role(role).post("/v1/receipts", json=body).status_code == 403
    assert world.anonymous().post("/v1/receipts", json=body).status_code == 401


def test_a_closed_fund_takes_no_receipt(database: Database) -> None:
    with database.write() as db:
        fund = a_fund(db)
        fund.status = "closed"
        db.flush()
        with pytest.raises(Problem) as refused:
            a_receipt(db, an_officer(db), fund, 100)
        assert refused.value.slug == "wrong-status"


def queries_for(world: World, caller: Caller, path: str) -> int:
    seen: list[str] = []

    def count(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    engine = world.database.reader
    event.listen(engine, "before_cursor_execute", count)
    try:
        assert caller.get(path).status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", count)
    return len(seen)


@pytest.mark.parametrize("path", ["/v1/receipts", "/v1/lots"])
def test_lists_take_the_same_number_of_queries_for_one_row_and_many(
    world: World, path: str
) -> None:
    def more(times: int) -> None:
        with world.database.write() as db:
            fund, officer = a_fund(db), an_officer(db)
            for _ in range(times):
                instalment = an_instalment(db, an_agreement(db, fund), 100)
                a_match(db, officer, a_receipt(db, officer, fund, 100), (instalment, 100))

    auditor = world.as_role(Role.AUDITOR)
    more(1)
    few = queries_for(world, auditor, path)
    more(6)
    assert queries_for(world, auditor, path) == few
    assert len(auditor.get(path).json()["items"]) == 7


def test_lists_filter_sort_and_page(world: World) -> None:
    with world.database.write() as db:
        fund, officer = a_fund(db), a_person(db, Role.FINANCE_OFFICER)[0]
        donor = a_party(db)
        days = [date(2026, 1, day) for day in (3, 1, 2)]
        made = [a_receipt(db, officer, fund, 100, on=day, donor_id=donor.id) for day in days]
        a_receipt(db, officer, fund, 100)
        instalment = an_instalment(db, an_agreement(db, fund, donor=donor), 100)
        a_match(db, officer, made[0], (instalment, 100))
    auditor = world.as_role(Role.AUDITOR)
    path = f"/v1/receipts?donor={donor.id}&sort=received_on&limit=2"
    first = auditor.get(path).json()
    assert [item["received_on"] for item in first["items"]] == ["2026-01-01", "2026-01-02"]
    second = auditor.get(f"{path}&cursor={first['next_cursor']}").json()
    assert [item["received_on"] for item in second["items"]] == ["2026-01-03"]
    assert second["next_cursor"] is None
    waiting = auditor.get("/v1/receipts?unmatched=true").json()["items"]
    assert str(made[0].id) not in {item["id"] for item in waiting}
    assert len(waiting) == 3
    early = auditor.get("/v1/receipts?received_until=2026-01-01").json()["items"]
    assert [item["id"] for item in early] == [str(made[1].id)]
