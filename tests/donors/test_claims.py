"""Write-offs by two persons, and donors' written choices about available money."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from fundops import clock
from fundops.authz import Role
from fundops.db import Database
from fundops.donors import choices, reversal
from fundops.donors.claim_schemas import ChoiceIn
from fundops.donors.models import Instalment, Lot, Receipt
from fundops.errors import Problem
from fundops.ids import uuid7
from fundops.ledger import balances
from fundops.ledger.models import Fund
from fundops.ledger.posting import AccountRef
from fundops.parties.models import Membership, Party
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
    wire,
)
from tests.factories import a_fund, a_party, a_person
from tests.grants.grant_factories import a_desk, a_grant, a_payment
from tests.world import Caller, World

EARLY = date(2026, 1, 10)


def a_debtor(db: Session) -> tuple[Fund, Party]:
    """A donor that owes a fund 300."""
    fund, officer, second = a_fund(db), an_officer(db), a_person(db, Role.APPROVER)[0]
    lot = a_matched_lot(db, officer, fund, 1_000, on=EARLY)
    a_payment(db, a_desk(db), fund, a_grant(db, fund, 300), 300)
    a_matched_lot(db, officer, fund, 5_000)
    reversal.reverse_spent(db, second, db.get_one(Receipt, lot.receipt_id), "Another fund's.")
    return fund, db.get_one(Party, lot.donor_id)


def ask(caller: Caller, amount: int, **subject: Any) -> Any:
    body = {"amount": wire(amount), "effective_on": "2026-07-01", "reason": "Not to be had."}
    return caller.post("/v1/write_offs", json=body | subject)


def test_an_instalment_is_written_off_by_two_persons(world: World) -> None:
    with world.database.write() as db:
        fund, booker = a_fund(db), an_officer(db)
        donor = a_party(db)
        instalment = an_instalment(db, an_agreement(db, fund, donor=donor), 1_000)
        a_match(db, booker, a_receipt(db, booker, fund, 400), (instalment, 400))
        bank = held_in(db, fund)
    officer, approver = world.as_role(Role.FINANCE_OFFICER), world.as_role(Role.APPROVER)
    over = ask(officer, 601, instalment_id=str(instalment.id))
    assert over.json()["type"] == "urn:fundops:problem:over-matched"
    made = ask(officer, 600, instalment_id=str(instalment.id))
    assert made.status_code == 201, made.text
    place = made.headers["location"]
    assert officer.post(f"{place}/approve").status_code == 403
    with world.database.read() as db:
        assert db.get_one(Instalment, instalment.id).written_off_minor == 0
    assert approver.post(f"{place}/approve").json()["status"] == "approved"
    assert approver.post(f"{place}/approve").status_code == 409
    with world.database.read() as db:
        assert db.get_one(Instalment, instalment.id).written_off_minor == 600
        assert held_in(db, db.merge(fund, load=False)) == bank
    reader = world.as_role(Role.DONOR, party_id=donor.id)
    assert [item["id"] for item in reader.get("/v1/write_offs").json()["items"]] == [
        made.json()["id"]
    ]
    assert reader.get(place).json()["amount"] == wire(600)
    with world.database.write() as db:
        stranger = a_party(db).id
    assert world.as_role(Role.DONOR, party_id=stranger).get(place).status_code == 404


def test_nobody_approves_or_rejects_what_they_asked_for(world: World) -> None:
    with world.database.write() as db:
        fund = a_fund(db)
        instalment = an_instalment(db, an_agreement(db, fund), 1_000)
        both, token = a_person(db, Role.FINANCE_OFFICER)
        now = clock.now()
        db.add(
            Membership(
                id=uuid7(), person_id=both.person_id, role="approver", created_at=now,
                valid_from=now - timedelta(days=1),
            )
        )  # fmt: skip
    caller = Caller(world.client, token)
    place = ask(caller, 100, instalment_id=str(instalment.id)).headers["location"]
    for verb, body in (("approve", None), ("reject", {"reason": "No."})):
        refused = caller.post(f"{place}/{verb}", json=body)
        assert refused.status_code == 409
        assert refused.json()["type"] == "urn:fundops:problem:same-person"
    other = world.as_role(Role.FUND_MANAGER)
    assert other.post(f"{place}/reject", json={"reason": "No."}).json()["status"] == "rejected"
    with world.database.read() as db:
        assert db.get_one(Instalment, instalment.id).written_off_minor == 0


def test_what_is_gone_by_the_time_of_approval_is_refused(world: World) -> None:
    with world.database.write() as db:
        fund, booker = a_fund(db), an_officer(db)
        instalment = an_instalment(db, an_agreement(db, fund), 1_000)
    officer, approver = world.as_role(Role.FINANCE_OFFICER), world.as_role(Role.APPROVER)
    place = ask(officer, 800, instalment_id=str(instalment.id)).headers["location"]
    with world.database.write() as db:
        receipt = a_receipt(db, booker, fund, 500)
        a_match(db, booker, receipt, (db.get_one(Instalment, instalment.id), 500))
    refused = approver.post(f"{place}/approve")
    assert refused.json()["type"] == "urn:fundops:problem:over-matched"
    assert officer.get(place).json()["status"] == "requested"


def test_a_claim_is_written_off_in_the_ledger(world: World) -> None:
    with world.database.write() as db:
        fund, donor = a_debtor(db)
    officer, approver = world.as_role(Role.FINANCE_OFFICER), world.as_role(Role.APPROVER)
    subject = {"party_id": str(donor.id), "fund_id": str(fund.id)}
    assert ask(officer, 301, **subject).status_code == 409
    first, second = ask(officer, 200, **subject), ask(officer, 200, **subject)
    assert approver.post(f"{first.headers['location']}/approve").status_code == 200
    late = approver.post(f"{second.headers['location']}/approve")
    assert late.json()["type"] == "urn:fundops:problem:insufficient-funds"
    with world.database.read() as db:
        assert owed(db, db.merge(fund, load=False), donor) == 100
        assert held_in(db, db.merge(fund, load=False))["write_off"] == 200


@pytest.mark.parametrize(
    ("subject", "pointer"),
    [
        ({}, "/party_id"),
        ({"party_id": "018f0000-0000-7000-8000-000000000000"}, "/party_id"),
        ({"instalment_id": "018f0000-0000-7000-8000-000000000000"}, "/instalment_id"),
        (
            {
                "instalment_id": "018f0000-0000-7000-8000-000000000000",
                "party_id": "018f0000-0000-7000-8000-000000000000",
            },
            "/instalment_id",
        ),
    ],
)
def test_a_write_off_names_one_subject(world: World, subject: dict[str, Any], pointer: str) -> None:
    refused = ask(world.as_role(Role.FINANCE_OFFICER), 10, **subject)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == pointer


def choice(lot: Lot, amount: int, **over: Any) -> dict[str, Any]:
    return {
        "kind": "return",
        "lot_id": str(lot.id),
        "amount": wire(amount),
        "document": "Letter of 1 March 2026",
        "written_on": "2026-03-01",
        "effective_on": "2026-03-05",
    } | over


def test_unspent_money_goes_back_to_its_donor(world: World) -> None:
    with world.database.write() as db:
        fund, booker = a_fund(db), an_officer(db)
        lot = a_matched_lot(db, booker, fund, 1_000, on=EARLY)
    officer = world.as_role(Role.FINANCE_OFFICER)
    made = officer.post("/v1/donor_choices", json=choice(lot, 400))
    assert made.status_code == 201, made.text
    assert made.json()["new_lot_id"] is None
    over = officer.post("/v1/donor_choices", json=choice(lot, 601))
    assert over.json()["type"] == "urn:fundops:problem:insufficient-funds"
    with world.database.read() as db:
        assert held_in(db, db.merge(fund, load=False)) == {"bank": 600, "lot": 600}
        account = AccountRef(fund.id, "lot", lot.id)
        assert balances.as_of(db, account, date(2026, 3, 4)) == 1_000
        assert balances.as_of(db, account, date(2026, 3, 5)) == 600
    reader = world.as_role(Role.DONOR, party_id=lot.donor_id)
    assert reader.get("/v1/donor_choices").json()["items"] == [made.json()]
    with world.database.write() as db:
        stranger = a_party(db).id
    foreign = world.as_role(Role.DONOR, party_id=stranger)
    assert foreign.get("/v1/donor_choices").json()["items"] == []
    assert reader.post("/v1/donor_choices", json=choice(lot, 1)).status_code == 403


def test_reprogrammed_money_takes_the_other_agreements_earmark(database: Database) -> None:
    with database.write() as db:
        fund, officer = a_fund(db), an_officer(db)
        lot = a_matched_lot(db, officer, fund, 1_000, on=EARLY, agent_fee_ppm=100_000)
        donor = db.get_one(Party, lot.donor_id)
        mark = '{"category":3,"include":{"country":["KE"]}}'
        other = an_agreement(
            db, fund, donor=donor, category=3, earmark=mark, agent_fee_ppm=500_000,
            support_cost_basis="expenditure", support_cost_ppm=130_000,
            spend_by_on=date(2027, 1, 1),
        )  # fmt: skip
        made = choices.choose(
            db,
            officer,
            ChoiceIn(
                kind="reprogram", lot_id=lot.id, agreement_id=other.id, amount=an_amount(565),
                document="LTR-7", written_on=DAY, effective_on=DAY,
            ),
        )  # fmt: skip
        new = db.get_one(Lot, made.new_lot_id)
        assert (new.kind, new.earmark, new.category) == ("reprogram", mark, 3)
        assert (new.replaces_id, new.agreement_id, new.donor_id) == (lot.id, other.id, donor.id)
        assert new.spend_by_on == date(2027, 1, 1)
        assert held_by(db, lot) == {"lot": 335}
        # The agent had its share of this money when it came in; support cost is yet to be earned.
        assert held_by(db, new) == {"lot": 500, "provision": 65}


def test_only_money_that_is_free_can_be_chosen_about(database: Database) -> None:
    with database.write() as db:
        fund, officer = a_fund(db), an_officer(db)
        lot = a_matched_lot(
            db, officer, fund, 1_130, on=EARLY, support_cost_basis="expenditure",
            support_cost_ppm=130_000,
        )  # fmt: skip
        a_grant(db, fund, 400)

        def give_back(minor: int, on: date = date(2026, 4, 1)) -> None:
            given = ChoiceIn(
                kind="return", lot_id=lot.id, amount=an_amount(minor), document="LTR-1",
                written_on=on, effective_on=on,
            )  # fmt: skip
            choices.choose(db, officer, given)

        for minor, on in ((601, date(2026, 4, 1)), (601, EARLY)):
            with pytest.raises(Problem) as refused:
                give_back(minor, on)
            assert refused.value.slug == "insufficient-funds"
        with pytest.raises(Problem) as early:
            give_back(10, date(2026, 1, 9))
        assert early.value.errors[0].pointer == "/effective_on"
        give_back(600)
        assert held_by(db, lot) == {"reserved": 400, "provision": 130}


def test_reprogramming_stays_with_the_donor_and_the_fund(world: World) -> None:
    with world.database.write() as db:
        fund, booker = a_fund(db), an_officer(db)
        lot = a_matched_lot(db, booker, fund, 1_000, on=EARLY)
        donor = db.get_one(Party, lot.donor_id)
        strangers = an_agreement(db, fund)
        elsewhere = an_agreement(db, a_fund(db), donor=donor)
        draft = an_agreement(db, fund, donor=donor, status="draft")
    officer = world.as_role(Role.FINANCE_OFFICER)

    def status(**over: Any) -> int:
        body = choice(lot, 10, kind="reprogram") | over
        found: int = officer.post("/v1/donor_choices", json=body).status_code
        return found

    assert status() == 422
    for agreement in (strangers, elsewhere):
        assert status(agreement_id=str(agreement.id)) == 422
    assert status(agreement_id=str(lot.agreement_id)) == 422
    assert status(agreement_id=str(draft.id)) == 409
    assert status(kind="return", agreement_id=str(draft.id)) == 422
    assert status(kind="return", effective_on="2199-01-01") == 422
    limited = world.as_role(Role.FINANCE_OFFICER, fund_id=elsewhere.fund_id)
    assert limited.post("/v1/donor_choices", json=choice(lot, 10)).status_code == 422
