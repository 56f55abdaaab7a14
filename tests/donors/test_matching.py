"""Matching: lots of several donors out of one receipt, and never more than there is."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from fundops import audit
from fundops.allocation.earmarks import Earmark
from fundops.authz import Role
from fundops.db import Database
from fundops.donors import cash_queries, matching, reversal
from fundops.donors.cash_schemas import MatchEntry, MatchIn, SupportCostReturnIn
from fundops.donors.lots import UNEARMARKED, open_opening_lot, return_support_cost
from fundops.donors.models import Instalment, Lot, Receipt
from fundops.errors import Problem
from fundops.grants.models import Grant
from fundops.ledger import balances
from fundops.ledger.models import Fund, Transfer
from fundops.ledger.posting import AccountRef
from fundops.parties.models import Party
from tests.donors.cash_factories import (
    DAY,
    a_match,
    a_matched_lot,
    a_receipt,
    an_agreement,
    an_amount,
    an_instalment,
    an_officer,
    held_by,
    held_in,
    refused_write,
    wire,
)
from tests.factories import a_fund, a_party, a_person
from tests.grants.grant_factories import a_desk, a_grant, a_payment, accepted
from tests.world import World

EARMARKED = Earmark(3, include={"country": {"KE"}}, spend_by_on=date(2027, 6, 30))  # type: ignore[dict-item]


def test_one_receipt_becomes_lots_of_several_donors(database: Database) -> None:
    with database.write() as db:
        fund, officer = a_fund(db), an_officer(db)
        one = an_agreement(
            db, fund, category=3, earmark=EARMARKED.key, spend_by_on=date(2027, 6, 30)
        )
        two = an_agreement(db, fund)
        first, second = an_instalment(db, one, 600), an_instalment(db, two, 900)
        receipt = a_receipt(db, officer, fund, 1_000)
        lots = a_match(db, officer, receipt, (first, 600), (second, 300))
        assert [lot.donor_id for lot in lots] == [one.donor_id, two.donor_id]
        assert [lot.amount_minor for lot in lots] == [600, 300]
        assert lots[0].earmark == EARMARKED.key
        assert (lots[0].category, lots[0].spend_by_on) == (3, date(2027, 6, 30))
        assert lots[1].earmark == UNEARMARKED
        assert {lot.opened_on for lot in lots} == {DAY}
        assert (first.matched_minor, second.matched_minor, receipt.matched_minor) == (600, 300, 900)
        assert held_in(db, fund) == {"bank": 1_000, "unmatched": 100, "lot": 900}
        earlier = AccountRef(fund.id, "lot", lots[0].id)
        assert balances.as_of(db, earlier, date(2026, 1, 31)) == 0
        assert balances.as_of(db, earlier, DAY) == 600


def test_the_frozen_earmark_outlives_the_agreements(database: Database) -> None:
    with database.write() as db:
        fund, officer = a_fund(db), an_officer(db)
        lot = a_matched_lot(db, officer, fund, 100, category=3, earmark=EARMARKED.key)
        agreement = db.get_one(type(an_agreement(db, fund)), lot.agreement_id)
        agreement.earmark, agreement.category = UNEARMARKED, 1
        db.flush()
        assert db.get_one(Lot, lot.id, populate_existing=True).earmark == EARMARKED.key


def test_the_canonical_earmark_of_free_money_is_the_pure_modules() -> None:
    assert Earmark(1).key == UNEARMARKED
    assert Earmark.from_json(json.loads(UNEARMARKED)) == Earmark(1)


def test_fees_differences_and_charges_are_shared_and_kept_back(database: Database) -> None:
    with database.write() as db:
        fund, officer = a_fund(db), an_officer(db)
        agreement = an_agreement(
            db, fund, support_cost_basis="expenditure", support_cost_ppm=130_000,
            agent_fee_ppm=10_000,
        )  # fmt: skip
        first = an_instalment(db, agreement, 400_00, "EUR")
        second = an_instalment(db, agreement, 400_00, "EUR")
        receipt = a_receipt(
            db, officer, fund, 800_00, currency="EUR", base=an_amount(1_000_00),
            bank_fee=an_amount(3_01), credited=an_amount(994_98),
        )  # fmt: skip
        one, two = a_match(db, officer, receipt, (first, 399_99), (second, 400_00))
        rest = a_match(db, officer, receipt, (first, 1))[0]
        assert one.amount_minor + two.amount_minor + rest.amount_minor == 1_000_00
        held = held_in(db, fund)
        assert held["bank"] == 994_98
        # Every cent of the fee and of the loss has been charged to a lot.
        assert "bank_fees" not in held
        assert "exchange_difference" not in held
        assert "unmatched" not in held
        assert held["agent_fee"] == 10_00
        kept = held["provision"] + held["lot"]
        assert kept == 994_98 - 10_00
        assert abs(held["provision"] - kept * 13 // 113) <= 3
        assert held_by(db, two)["provision"] == 56_66


def test_support_cost_on_receipts_is_earned_at_once(database: Database) -> None:
    with database.write() as db:
        fund, officer = a_fund(db), an_officer(db)
        a_matched_lot(
            db, officer, fund, 1_000_00, support_cost_basis="receipt", support_cost_ppm=70_000
        )
        held = held_in(db, fund)
        assert held["support_cost_income"] == 70_00
        assert held["lot"] == 930_00


def test_an_instalment_in_another_currency_says_what_it_settles(database: Database) -> None:
    with database.write() as db:
        fund, officer = a_fund(db), an_officer(db)
        instalment = an_instalment(db, an_agreement(db, fund), 100_000, "JPY")
        receipt = a_receipt(db, officer, fund, 1_000_00)

        def match(**over: Any) -> list[Lot]:
            entry = MatchEntry(instalment_id=instalment.id, amount=an_amount(500_00), **over)
            return matching.match(db, officer, receipt, MatchIn(matches=[entry]))

        with pytest.raises(Problem) as refused:
            match()
        assert refused.value.errors[0].pointer == "/matches/0/settles"
        with pytest.raises(Problem) as mismatch:
            match(settles=an_amount(80_000))
        assert mismatch.value.slug == "currency-mismatch"
        lot = match(settles=an_amount(80_000, "JPY"))[0]
        assert (lot.receipt_minor, lot.settled_minor, instalment.matched_minor) == (
            500_00, 80_000, 80_000,
        )  # fmt: skip


@pytest.mark.parametrize(("due", "asked"), [(1_000, 1_001), (500, 501)])
def test_more_than_there_is_cannot_be_matched(database: Database, due: int, asked: int) -> None:
    with database.write() as db:
        fund, officer = a_fund(db), an_officer(db)
        instalment = an_instalment(db, an_agreement(db, fund), due)
        receipt = a_receipt(db, officer, fund, 1_000)

    def match(db: Session) -> None:
        found = db.get_one(Receipt, receipt.id)
        a_match(db, officer, found, (db.get_one(Instalment, instalment.id), asked))

    assert refused_write(database, match).slug == "over-matched"
    with database.read() as db:
        assert db.get_one(Instalment, instalment.id).matched_minor == 0
        assert db.execute(select(func.count()).select_from(Lot)).scalar_one() == 0


def test_the_database_itself_refuses_to_over_match(database: Database) -> None:
    with database.write() as db:
        fund, officer = a_fund(db), an_officer(db)
        receipt = a_receipt(db, officer, fund, 1_000)

    def count_too_much(db: Session) -> None:
        db.get_one(Receipt, receipt.id).matched_minor = 1_001

    assert refused_write(database, count_too_much).slug == "over-matched"


def test_what_cannot_be_matched_is_refused(database: Database) -> None:
    with database.write() as db:
        fund, officer = a_fund(db), an_officer(db)
        donor = a_party(db)
        receipt = a_receipt(db, officer, fund, 1_000, donor_id=donor.id)
        draft = an_instalment(db, an_agreement(db, fund, donor=donor, status="draft"), 1_000)
        others = an_instalment(db, an_agreement(db, fund), 1_000)
        elsewhere = an_instalment(db, an_agreement(db, a_fund(db), donor=donor), 1_000)
        for instalment, slug in (
            (draft, "wrong-status"),
            (others, "conflict"),
            (elsewhere, "invalid-request"),
        ):
            with pytest.raises(Problem) as refused:
                a_match(db, officer, receipt, (instalment, 10))
            assert refused.value.slug == slug
        assert receipt.matched_minor == 0
        own = an_instalment(db, an_agreement(db, fund, donor=donor), 1_000)
        assert a_match(db, officer, receipt, (own, 10))[0].donor_id == donor.id


def test_a_match_too_small_to_book_is_refused(database: Database) -> None:
    with database.write() as db:
        fund, officer = a_fund(db), an_officer(db)
        instalment = an_instalment(db, an_agreement(db, fund), 10_000, "JPY")
        receipt = a_receipt(db, officer, fund, 10_000, currency="JPY", base=an_amount(10))
        with pytest.raises(Problem) as refused:
            a_match(db, officer, receipt, (instalment, 999))
        assert refused.value.errors[0].pointer == "/matches/0/amount"
        assert a_match(db, officer, receipt, (instalment, 1_000))[0].amount_minor == 1


def test_matching_over_http_shows_the_lots_with_their_balances(world: World) -> None:
    with world.database.write() as db:
        fund, officer = a_fund(db), an_officer(db)
        donor = a_party(db)
        instalment = an_instalment(db, an_agreement(db, fund, donor=donor), 1_000_00)
        receipt = a_receipt(db, officer, fund, 1_000_00)
    booker = world.as_role(Role.FINANCE_OFFICER)
    entry = {"instalment_id": str(instalment.id), "amount": wire(400_00)}
    made = booker.post(f"/v1/receipts/{receipt.id}/match", json={"matches": [entry]})
    assert made.status_code == 200, made.text
    assert made.json()["matched"] == wire(400_00)
    assert made.json()["unmatched"] == wire(600_00)
    assert made.headers["etag"] == f'"{made.json()["version"]}"'
    lot = made.json()["lots"][0]
    assert lot["balances"]["available"] == wire(400_00)
    assert lot["settled"] == wire(400_00)
    assert lot["earmark"]["category"] == 1
    reader = world.as_role(Role.DONOR, party_id=donor.id)
    assert [item["id"] for item in reader.get("/v1/lots").json()["items"]] == [lot["id"]]
    assert reader.get(f"/v1/lots/{lot['id']}").json() == lot
    stranger = world.as_role(Role.DONOR, party_id=made_by_another(world))
    assert stranger.get("/v1/lots").json()["items"] == []
    assert stranger.get(f"/v1/lots/{lot['id']}").status_code == 404
    over = booker.post(
        f"/v1/receipts/{receipt.id}/match", json={"matches": [entry | {"amount": wire(600_01)}]}
    )
    assert (over.status_code, over.json()["type"]) == (409, "urn:fundops:problem:over-matched")


def made_by_another(world: World) -> Any:
    with world.database.write() as db:
        return a_party(db).id


def test_a_correction_links_to_the_match_it_replaces(database: Database) -> None:
    with database.write() as db:
        fund, officer = a_fund(db), an_officer(db)
        wrong, right = (an_instalment(db, an_agreement(db, fund), 1_000) for _ in range(2))
        receipt = a_receipt(db, officer, fund, 1_000)
        mistaken = a_match(db, officer, receipt, (wrong, 1_000))[0]
        standing = a_matched_lot(db, officer, fund, 100)
        reversal.unmatch(db, officer, mistaken, "Another donor's.")

        def match(replaces: Lot) -> Lot:
            entry = MatchEntry(
                instalment_id=right.id, amount=an_amount(1_000), replaces_id=replaces.id
            )
            return matching.match(db, officer, receipt, MatchIn(matches=[entry]))[0]

        with pytest.raises(Problem) as refused:
            match(standing)
        assert refused.value.errors[0].pointer == "/matches/0/replaces_id"
        assert match(mistaken).replaces_id == mistaken.id


def test_sixteen_at_once_never_match_more_than_the_receipt(database: Database) -> None:
    with database.write() as db:
        fund, officer = a_fund(db), an_officer(db)
        receipt_id = a_receipt(db, officer, fund, 1_000).id
        instalments = [an_instalment(db, an_agreement(db, fund), 100).id for _ in range(16)]

    def try_one(instalment_id: Any) -> str:
        try:
            with database.write() as db:
                audit.lock_head(db)
                receipt = cash_queries.get_receipt(db, officer, receipt_id)
                a_match(db, officer, receipt, (db.get_one(Instalment, instalment_id), 100))
        except Problem as problem:
            return problem.slug
        return "matched"

    with ThreadPoolExecutor(16) as pool:
        outcomes = sorted(pool.map(try_one, instalments))
    assert outcomes == ["matched"] * 10 + ["over-matched"] * 6
    with database.read() as db:
        assert db.get_one(Receipt, receipt_id).matched_minor == 1_000
        assert held_in(db, db.merge(fund, load=False)) == {"bank": 1_000, "lot": 1_000}


def test_the_same_instalment_is_not_over_matched_by_two_receipts_at_once(
    database: Database,
) -> None:
    with database.write() as db:
        fund, officer = a_fund(db), an_officer(db)
        instalment_id = an_instalment(db, an_agreement(db, fund), 1_000).id
        receipts = [a_receipt(db, officer, fund, 300).id for _ in range(8)]

    def try_one(receipt_id: Any) -> str:
        try:
            with database.write() as db:
                audit.lock_head(db)
                receipt = cash_queries.get_receipt(db, officer, receipt_id)
                a_match(db, officer, receipt, (db.get_one(Instalment, instalment_id), 300))
        except Problem as problem:
            return problem.slug
        return "matched"

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(try_one, receipts))
    assert outcomes == ["matched"] * 3 + ["over-matched"] * 5


def test_one_match_and_many_take_the_same_number_of_reads(database: Database) -> None:
    def reads_for(count: int) -> int:
        seen: list[str] = []

        def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if statement.lstrip().upper().startswith("SELECT"):
                seen.append(statement)

        with database.write() as db:
            fund, officer = a_fund(db), an_officer(db)
            parts = [(an_instalment(db, an_agreement(db, fund), 10), 10) for _ in range(count)]
            receipt = a_receipt(db, officer, fund, 1_000)
            event.listen(database.writer, "before_cursor_execute", note)
            try:
                a_match(db, officer, receipt, *parts)
            finally:
                event.remove(database.writer, "before_cursor_execute", note)
        return len(seen)

    assert reads_for(1) == reads_for(9)


def test_earned_support_cost_stops_at_the_provision_and_the_rest_returns(world: World) -> None:
    with world.database.write() as db:
        fund, officer = a_fund(db), an_officer(db)
        lot = a_matched_lot(
            db, officer, fund, 1_130_00, support_cost_basis="expenditure", support_cost_ppm=130_000
        )
        assert held_by(db, lot) == {"lot": 1_000_00, "provision": 130_00}
        grant = a_paid_grant(db, fund, 900_00)
        accepted(db, grant, 400_00, on=date(2026, 5, 1))
        assert held_in(db, fund)["support_cost_income"] == 52_00
        accepted(db, grant, 500_00, on=date(2026, 5, 1))
        assert held_in(db, fund)["support_cost_income"] == 117_00
    booker = world.as_role(Role.FINANCE_OFFICER)
    place = f"/v1/lots/{lot.id}/return_support_cost"
    body = {"effective_on": "2026-06-01", "reason": "The grant has closed."}
    too_much = booker.post(place, json=body | {"amount": wire(13_01)})
    assert too_much.json()["type"] == "urn:fundops:problem:insufficient-funds"
    # As of an earlier day all was there, but later earnings have taken it.
    early = body | {"effective_on": "2026-04-01", "amount": wire(130_00)}
    assert booker.post(place, json=early).status_code == 409
    done = booker.post(place, json=body)
    assert done.json()["balances"]["provision"] == wire(0)
    assert done.json()["balances"]["available"] == wire(113_00)
    assert booker.post(place, json=body).status_code == 409


def test_support_cost_is_never_more_than_the_provision(database: Database) -> None:
    with database.write() as db:
        fund, officer = a_fund(db), an_officer(db)
        lot = a_matched_lot(
            db, officer, fund, 113_00, support_cost_basis="expenditure", support_cost_ppm=130_000
        )
        given = SupportCostReturnIn(amount=an_amount(1_00), effective_on=DAY, reason="Waived.")
        return_support_cost(db, officer, lot, given)
        grant = a_paid_grant(db, fund, 101_00)
        accepted(db, grant, 101_00)
        assert held_by(db, lot) == {}
        assert held_in(db, fund)["support_cost_income"] == 12_00
        plain = a_matched_lot(db, officer, fund, 100_00)
        accepted(db, a_paid_grant(db, fund, 100_00), 100_00)
        assert held_in(db, fund)["support_cost_income"] == 12_00
        assert held_by(db, plain) == {}


def a_paid_grant(db: Session, fund: Fund, minor: int) -> Grant:
    """Award a grant and pay all of it."""
    grant = a_grant(db, fund, minor, on=DAY)
    a_payment(db, a_desk(db), fund, grant, minor, on=DAY)
    return grant


def test_an_opening_balance_is_a_lot_of_nobody_in_particular(database: Database) -> None:
    with database.write() as db:
        fund = a_fund(db)
        officer = a_person(db, Role.FINANCE_OFFICER)[0]
        lots = []
        for minor in (500, 700):
            seq = audit.record(db, officer, "fund.opened_with", "fund", fund.id, fund_id=fund.id)
            lots.append(open_opening_lot(db, officer, seq, fund, minor, DAY, "Migrated."))
        donor = db.get_one(Party, lots[0].donor_id)
        assert (donor.code, donor.kind) == ("OPENING", "pseudo")
        assert lots[1].donor_id == donor.id
        assert held_in(db, fund) == {"bank": 1_200, "lot": 1_200}
        kinds = db.execute(select(Transfer.kind).where(Transfer.lot_id == lots[0].id)).scalars()
        assert set(kinds) == {"opening", "opening_lot"}
