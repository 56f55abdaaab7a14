"""Undoing matches and receipts: unspent, reserved, and spent, with the claim that then stands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops.authz import Actor, Role
from fundops.db import Database
from fundops.donors import choices, lots, reversal
from fundops.donors.cash_schemas import SupportCostReturnIn
from fundops.donors.claim_schemas import ChoiceIn
from fundops.donors.lots import UNEARMARKED
from fundops.donors.models import Instalment, Lot, Receipt
from fundops.errors import Problem
from fundops.ledger import balances, checks
from fundops.ledger.models import Fund, Transfer
from fundops.ledger.posting import AccountRef
from fundops.parties.models import Party
from fundops.treasury import reserve
from fundops.treasury.schemas import ReserveIn
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
    owed,
    refused_write,
    wire,
)
from tests.factories import a_fund, a_party, a_person
from tests.grants.grant_factories import a_desk, a_grant, a_payment, a_refund, reserved
from tests.world import World

WHY = "It was booked by mistake."


def receipt_of(db: Session, lot: Lot) -> Receipt:
    return db.get_one(Receipt, lot.receipt_id)


def instalment_of(db: Session, lot: Lot) -> Instalment:
    return db.get_one(Instalment, lot.instalment_id)


def test_a_match_taken_back_leaves_everything_as_before_it(database: Database) -> None:
    with database.write() as db:
        fund, officer = a_fund(db), an_officer(db)
        agreement = an_agreement(
            db, fund, support_cost_basis="expenditure", support_cost_ppm=130_000,
            agent_fee_ppm=20_000,
        )  # fmt: skip
        instalment = an_instalment(db, agreement, 800_00, "EUR")
        receipt = a_receipt(
            db, officer, fund, 800_00, currency="EUR", base=an_amount(1_000_00),
            bank_fee=an_amount(3_00), credited=an_amount(990_00),
        )  # fmt: skip
        before = held_in(db, fund)
        lot = a_match(db, officer, receipt, (instalment, 800_00))[0]
        assert held_in(db, fund) != before
        reversal.unmatch(db, officer, lot, WHY)
        assert held_in(db, fund) == before
        assert (lot.status, receipt.matched_minor, instalment.matched_minor) == ("reversed", 0, 0)
        undone = db.execute(select(Transfer).where(Transfer.reverses_id.is_not(None))).scalars()
        assert {transfer.effective_on for transfer in undone} == {DAY}
        assert balances.as_of(db, AccountRef(fund.id, "lot", lot.id), DAY) == 0
        again = a_match(db, officer, receipt, (instalment, 800_00))[0]
        assert again.id != lot.id
        with pytest.raises(Problem) as refused:
            reversal.unmatch(db, officer, lot, WHY)
        assert refused.value.slug == "wrong-status"


def test_a_reversed_receipt_takes_its_lots_along(database: Database) -> None:
    with database.write() as db:
        fund, officer = a_fund(db), an_officer(db)
        first = an_instalment(db, an_agreement(db, fund, agent_fee_ppm=10_000), 600)
        second = an_instalment(db, an_agreement(db, fund), 900)
        receipt = a_receipt(db, officer, fund, 1_000, bank_fee=an_amount(7))
        opened = a_match(db, officer, receipt, (first, 600), (second, 300))
        reversal.reverse(db, officer, receipt, WHY)
        assert held_in(db, fund) == {}
        assert {lot.status for lot in opened} == {"reversed"}
        assert (first.matched_minor, second.matched_minor) == (0, 0)
        with pytest.raises(Problem) as twice:
            reversal.reverse(db, officer, receipt, WHY)
        assert twice.value.slug == "wrong-status"
        with pytest.raises(Problem) as refused:
            a_match(db, officer, receipt, (first, 1))
        assert refused.value.slug == "wrong-status"


def test_reserved_money_is_moved_to_other_lots_first(database: Database) -> None:
    with database.write() as db:
        fund, officer = a_fund(db), an_officer(db)
        mistaken = a_matched_lot(db, officer, fund, 1_000, on=date(2026, 1, 10))
        grant = a_grant(db, fund, 400)
        assert reserved(db, grant) == {mistaken.id: 400}
        other = a_matched_lot(db, officer, fund, 500, on=date(2026, 2, 10))
        reversal.reverse(db, officer, receipt_of(db, mistaken), WHY)
        assert reserved(db, grant) == {other.id: 400}
        assert held_by(db, mistaken) == {}
        assert held_by(db, other) == {"lot": 100, "reserved": 400}
        assert mistaken.status == "reversed"


def test_what_was_set_aside_or_given_back_to_the_lot_is_undone_too(database: Database) -> None:
    with database.write() as db:
        fund, officer = a_fund(db), an_officer(db)
        manager = a_person(db, Role.FUND_MANAGER)[0]
        lot = a_matched_lot(
            db, officer, fund, 1_130, support_cost_basis="expenditure", support_cost_ppm=130_000
        )
        lots.return_support_cost(
            db,
            officer,
            lot,
            SupportCostReturnIn(amount=an_amount(30), effective_on=date(2026, 4, 1), reason=WHY),
        )
        for move, minor in ((reserve.set_aside, 500), (reserve.set_free, 200)):
            given = ReserveIn(amount=an_amount(minor), effective_on=date(2026, 4, 2), reason=WHY)
            move(db, manager, fund, given)
        assert held_by(db, lot) == {"lot": 730, "provision": 100, "operating_reserve": 300}
        reversal.reverse(db, officer, receipt_of(db, lot), WHY)
        assert held_in(db, fund) == {}
        for kind in ("lot", "provision", "operating_reserve"):
            account = AccountRef(fund.id, kind, lot.id)
            assert balances.as_of(db, account, date(2026, 4, 1)) == 0


def test_lots_of_one_receipt_do_not_take_each_others_reservations(database: Database) -> None:
    with database.write() as db:
        fund, officer = a_fund(db), an_officer(db)
        receipt = a_receipt(db, officer, fund, 1_000, on=date(2026, 1, 10))
        parts = [(an_instalment(db, an_agreement(db, fund), 500), 500) for _ in range(2)]
        opened = a_match(db, officer, receipt, *parts)
        grants = [a_grant(db, fund, 400), a_grant(db, fund, 400)]
        rescue = a_matched_lot(db, officer, fund, 800, on=date(2026, 2, 10))
        reversal.reverse(db, officer, receipt, WHY)
        assert {lot.status for lot in opened} == {"reversed"}
        assert [reserved(db, grant) for grant in grants] == [{rescue.id: 400}, {rescue.id: 400}]


def test_reserved_money_with_nowhere_to_go_refuses_the_reversal(database: Database) -> None:
    with database.write() as db:
        fund, officer = a_fund(db), an_officer(db)
        mistaken = a_matched_lot(db, officer, fund, 1_000)
        a_matched_lot(db, officer, fund, 399)
        grant = a_grant(db, fund, 1_000)
    for undo in (
        lambda db: reversal.reverse(db, officer, receipt_of(db, mistaken), WHY),
        lambda db: reversal.unmatch(db, officer, db.get_one(Lot, mistaken.id), WHY),
    ):
        assert refused_write(database, undo).slug == "not-fundable"
    with database.read() as db:
        assert reserved(db, db.merge(grant, load=False))[mistaken.id] > 0
        assert receipt_of(db, mistaken).status == "booked"


def a_spent_lot(db: Session, officer: Actor, fund: Fund) -> Lot:
    """A lot of 1,000 of which 300 were paid, 100 are reserved and 600 free; and others' money."""
    lot = a_matched_lot(
        db, officer, fund, 1_000, on=date(2026, 1, 10), category=3,
        earmark='{"category":3,"include":{"country":["KE"]}}',
    )  # fmt: skip
    a_matched_lot(db, officer, fund, 2_000, on=date(2026, 1, 20))
    desk = a_desk(db)
    grant = a_grant(db, fund, 400)
    assert reserved(db, grant) == {lot.id: 400}
    a_payment(db, desk, fund, grant, 300)
    return lot


def undoing(
    undo: Callable[[Session, Actor, Receipt, str], Any], person: Actor, receipt_id: UUID
) -> Callable[[Session], Any]:
    """Return what undoes a receipt, read afresh, as ``person``."""
    return lambda db: undo(db, person, db.get_one(Receipt, receipt_id), WHY)


def test_spent_money_becomes_the_donors_debt_by_a_second_person(database: Database) -> None:
    with database.write() as db:
        fund, officer, second = a_fund(db), an_officer(db), a_person(db, Role.APPROVER)[0]
        lot = a_spent_lot(db, officer, fund)
        receipt = receipt_of(db, lot)
        bank = held_in(db, fund)["bank"]
    for undo, person, slug in (
        (reversal.reverse, second, "money-already-spent"),
        (reversal.reverse_spent, officer, "same-person"),
    ):
        assert refused_write(database, undoing(undo, person, receipt.id)).slug == slug
    with database.write() as db:
        found = db.get_one(Receipt, receipt.id)
        reversal.reverse_spent(db, second, found, WHY)
        donor = db.get_one(Party, lot.donor_id)
        assert owed(db, fund, donor) == 300
        held = held_in(db, fund)
        assert held["bank"] == bank - 1_000
        # The grantee still holds 300 of the lot's money; the rest went elsewhere or nowhere.
        assert held_by(db, lot) == {"advance": 300}
        assert held["lot"] + held["reserved"] == held["bank"] + held["recoverable"]
        assert db.get_one(Lot, lot.id).status == "open"
        assert found.status == "reversed"
        assert instalment_of(db, lot).matched_minor == 0
        assert balances.as_of(db, AccountRef(fund.id, "lot", lot.id), date(2026, 2, 1)) >= 0


def test_a_refund_after_the_claim_returns_to_the_lot(database: Database) -> None:
    with database.write() as db:
        fund, officer, second = a_fund(db), an_officer(db), a_person(db, Role.APPROVER)[0]
        lot = a_matched_lot(db, officer, fund, 1_000, on=date(2026, 1, 10))
        a_matched_lot(db, officer, fund, 5_000)
        desk = a_desk(db)
        grant = a_grant(db, fund, 1_000)
        a_payment(db, desk, fund, grant, 1_000)
        reversal.reverse_spent(db, second, receipt_of(db, lot), WHY)
        a_refund(db, desk, fund, grant, 250)
        assert held_by(db, lot) == {"lot": 250, "advance": 750}
    with database.read() as db:
        assert checks.run(db) == []


def test_a_bank_that_no_longer_has_the_money_refuses(database: Database) -> None:
    with database.write() as db:
        fund, officer, second = a_fund(db), an_officer(db), a_person(db, Role.APPROVER)[0]
        lot = a_matched_lot(db, officer, fund, 1_000, on=date(2026, 1, 10))
        desk = a_desk(db)
        grant = a_grant(db, fund, 600)
        a_payment(db, desk, fund, grant, 600)
    refused = refused_write(
        database, lambda db: reversal.reverse_spent(db, second, receipt_of(db, lot), WHY)
    )
    assert refused.slug == "insufficient-funds"


def test_money_returned_to_the_donor_counts_as_gone(database: Database) -> None:
    with database.write() as db:
        fund, officer, second = a_fund(db), an_officer(db), a_person(db, Role.APPROVER)[0]
        lot = a_matched_lot(db, officer, fund, 1_000)
        a_matched_lot(db, officer, fund, 1_000)
        other = an_agreement(db, fund, donor=db.get_one(Party, lot.donor_id))
        chosen: dict[Any, int] = {"return": 200, "reprogram": 300}
        for kind, minor in chosen.items():
            choices.choose(
                db,
                officer,
                ChoiceIn(
                    kind=kind, lot_id=lot.id, amount=an_amount(minor), document="LTR-1",
                    agreement_id=other.id if kind == "reprogram" else None,
                    written_on=DAY, effective_on=DAY,
                ),
            )  # fmt: skip
    refused = refused_write(
        database, lambda db: reversal.unmatch(db, officer, db.get_one(Lot, lot.id), WHY)
    )
    assert refused.slug == "money-already-spent"
    with database.write() as db:
        reversal.reverse_spent(db, second, receipt_of(db, lot), WHY)
        assert owed(db, fund, db.get_one(Party, lot.donor_id)) == 500
        assert held_by(db, lot) == {}


def test_only_matches_can_be_taken_back(database: Database) -> None:
    with database.write() as db:
        fund, officer = a_fund(db), an_officer(db)
        lot = a_matched_lot(db, officer, fund, 1_000)
        other = an_agreement(db, fund, donor=db.get_one(Party, lot.donor_id))
        choice = choices.choose(
            db,
            officer,
            ChoiceIn(
                kind="reprogram", lot_id=lot.id, amount=an_amount(300), document="LTR-1",
                agreement_id=other.id, written_on=DAY, effective_on=DAY,
            ),
        )  # fmt: skip
        new = db.get_one(Lot, choice.new_lot_id)
        with pytest.raises(Problem) as refused:
            reversal.unmatch(db, officer, new, WHY)
        assert refused.value.slug == "wrong-status"


def test_over_http_a_donor_pays_back_what_it_owes(world: World) -> None:
    with world.database.write() as db:
        fund, booker = a_fund(db), an_officer(db)
        lot = a_spent_lot(db, booker, fund)
        receipt_id, donor_id = lot.receipt_id, lot.donor_id
        stranger = a_party(db)
    place = f"/v1/receipts/{receipt_id}"
    officer, approver = world.as_role(Role.FINANCE_OFFICER), world.as_role(Role.APPROVER)
    spent = officer.post(f"{place}/reverse", json={"reason": WHY})
    assert spent.status_code == 409
    assert spent.json()["type"] == "urn:fundops:problem:money-already-spent"
    done = approver.post(f"{place}/reverse_spent", json={"reason": WHY})
    assert done.status_code == 200, done.text
    assert done.json()["status"] == "reversed"
    donor = world.as_role(Role.DONOR, party_id=donor_id)
    listed = donor.get("/v1/recoverables").json()["items"]
    assert [(item["party_id"], item["owed"]) for item in listed] == [(str(donor_id), wire(3_00))]
    foreign = world.as_role(Role.DONOR, party_id=stranger.id)
    assert foreign.get("/v1/recoverables").json()["items"] == []
    body = {"fund_id": str(fund.id), "amount": wire(1_00), "received_on": "2026-07-01"}
    back = officer.post(f"/v1/parties/{donor_id}/recoveries", json=body)
    assert back.status_code == 201, back.text
    assert back.json()["owed"] == wire(2_00)
    more = officer.post(f"/v1/parties/{donor_id}/recoveries", json=body | {"amount": wire(2_01)})
    assert more.json()["type"] == "urn:fundops:problem:insufficient-funds"
    before = body | {"received_on": "2026-01-01"}
    assert officer.post(f"/v1/parties/{donor_id}/recoveries", json=before).status_code == 409
    nobody = "018f0000-0000-7000-8000-000000000000"
    assert officer.post(f"/v1/parties/{nobody}/recoveries", json=body).status_code == 404
    assert approver.post(f"/v1/parties/{donor_id}/recoveries", json=body).status_code == 403


def test_a_retried_reversal_gets_its_first_answer(world: World) -> None:
    with world.database.write() as db:
        fund, booker = a_fund(db), an_officer(db)
        lot = a_matched_lot(db, booker, fund, 1_000, earmark=UNEARMARKED)
    officer = world.as_role(Role.FINANCE_OFFICER)
    place, key = f"/v1/lots/{lot.id}/unmatch", {"idempotency-key": "retry-12345"}
    first = officer.post(place, json={"reason": WHY}, headers=key)
    assert first.status_code == 200, first.text
    assert officer.post(place, json={"reason": WHY}, headers=key).content == first.content
    assert officer.post(place, json={"reason": WHY}).status_code == 409
