"""Money from donors and of the fund itself: all of a command or nothing, wherever it is cut off."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit
from fundops.allocation.reroute import relot
from fundops.authz import Role
from fundops.donors.lots import open_opening_lot
from fundops.donors.models import Lot
from fundops.ledger.models import Fund
from tests.allocation.test_reroute import new_lot_of, seq_of
from tests.donors.cash_factories import (
    a_matched_lot,
    an_agreement,
    an_instalment,
    an_officer,
    wire,
)
from tests.factories import a_fund, a_lot, a_party
from tests.grants.grant_factories import a_desk, a_grant, a_payment
from tests.ledger.faults import Till, moves
from tests.world import World

DAY, WHY = "2026-04-01", {"reason": "Booked by mistake"}


@moves("donors.receipts:book", "donors.matching:match", "donors.reversal:_undo_lot",
       "donors.reversal:_reverse")  # fmt: skip
def test_a_receipt_its_match_and_their_end(world: World, till: Till) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        fund, donor = a_fund(db), a_party(db)
        terms = {"support_cost_basis": "receipt", "support_cost_ppm": 70_000}
        agreement = an_agreement(db, fund, donor=donor, agent_fee_ppm=10_000, **terms)
        wanted = str(an_instalment(db, agreement, 500_00).id)
    receipt = till.run(
        Role.FINANCE_OFFICER,
        "/v1/receipts",
        {
            "fund_id": str(fund.id), "payer_id": str(donor.id), "donor_id": str(donor.id),
            "received_on": "2026-03-01", "amount": wire(500_00), "bank_fee": wire(5_00),
        },
    )  # fmt: skip
    place = f"/v1/receipts/{receipt['id']}"
    body = {"matches": [{"instalment_id": wanted, "amount": wire(500_00)}]}
    matched = till.run(Role.FINANCE_OFFICER, f"{place}/match", body)
    lot = matched["lots"][0]["id"]
    till.run(Role.FINANCE_OFFICER, f"/v1/lots/{lot}/unmatch", WHY)
    till.run(Role.FINANCE_OFFICER, f"{place}/match", body)
    till.run(Role.APPROVER, f"{place}/reverse", WHY)


@moves("donors.reversal:_undo_lot", "donors.reversal:_reverse",
       "allocation.reroute:reroute_from_lot", "donors.recoverables:record_recovery",
       "donors.write_offs:_give_up_claim")  # fmt: skip
def test_a_spent_receipt_is_owed_paid_back_and_written_off(world: World, till: Till) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        fund, officer = a_fund(db), an_officer(db)
        lot = a_matched_lot(db, officer, fund, 500_00, on=date(2026, 1, 10))
        grant = a_grant(db, fund, 400_00)
        a_matched_lot(db, officer, fund, 900_00, on=date(2026, 1, 20))
        a_payment(db, a_desk(db), fund, grant, 300_00)
        fund_id, donor_id = str(fund.id), str(lot.donor_id)
    till.run(Role.APPROVER, f"/v1/receipts/{lot.receipt_id}/reverse_spent", WHY)
    till.run(
        Role.FINANCE_OFFICER,
        f"/v1/parties/{donor_id}/recoveries",
        {"fund_id": fund_id, "amount": wire(100_00), "received_on": "2026-06-02"},
    )
    given = {"fund_id": fund_id, "party_id": donor_id, "amount": wire(200_00),
             "effective_on": "2026-06-03", **WHY}  # fmt: skip
    asked = till.run(Role.FINANCE_OFFICER, "/v1/write_offs", given)
    till.run(Role.APPROVER, f"/v1/write_offs/{asked['id']}/approve")


@moves("donors.choices:choose", "donors.lots:return_support_cost",
       "treasury.transfers:_record_transfer")  # fmt: skip
def test_what_is_done_with_a_lot(world: World, till: Till) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        fund, other, officer = a_fund(db), a_fund(db), an_officer(db)
        lot = a_matched_lot(
            db, officer, fund, 1_000_00, support_cost_basis="expenditure",
            support_cost_ppm=100_000,
        )  # fmt: skip
        donor = db.execute(select(Lot.donor_id).where(Lot.id == lot.id)).scalar_one()
        second = an_agreement(
            db, fund, donor_id=donor, support_cost_basis="expenditure", support_cost_ppm=70_000
        )
        lot_id, other_id, agreement_id = str(lot.id), str(other.id), str(second.id)
    body = {"amount": wire(10_00), "effective_on": DAY, **WHY}
    till.run(Role.FINANCE_OFFICER, f"/v1/lots/{lot_id}/return_support_cost", body)
    choice = {"lot_id": lot_id, "amount": wire(100_00), "document": "LTR-1", "written_on": DAY,
              "effective_on": DAY}  # fmt: skip
    till.run(Role.FINANCE_OFFICER, "/v1/donor_choices", choice | {"kind": "return"})
    again = choice | {"kind": "reprogram", "agreement_id": agreement_id}
    till.run(Role.FINANCE_OFFICER, "/v1/donor_choices", again)
    moved = body | {"lot_id": lot_id, "to_fund_id": other_id}
    till.run(Role.FINANCE_OFFICER, "/v1/fund_transfers", moved)


@moves("treasury.reserve:_move_reserve", "treasury.bank:book_bank_entry",
       "treasury.bank:pay_agent_fee")  # fmt: skip
def test_the_treasury(world: World, till: Till) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        fund, officer = a_fund(db), an_officer(db)
        a_lot(db, fund, 500_00)
        a_matched_lot(
            db, officer, fund, 500_00, agent_fee_ppm=10_000, support_cost_basis="receipt",
            support_cost_ppm=70_000,
        )  # fmt: skip
        fund_id = str(fund.id)
    place = f"/v1/funds/{fund_id}"
    body = {"amount": wire(600_00), "effective_on": DAY, "reason": "As decided"}
    till.run(Role.FUND_MANAGER, f"{place}/set_aside", body)
    till.run(Role.FUND_MANAGER, f"{place}/set_free", body)
    for kind in ("interest", "fee"):
        entry = {"fund_id": fund_id, "kind": kind, "amount": wire(4_00), "effective_on": DAY}
        till.run(Role.FINANCE_OFFICER, "/v1/bank_entries", entry)
    paid = {"amount": wire(2_00), "paid_on": DAY}
    till.run(Role.FINANCE_OFFICER, f"{place}/pay_agent_fee", paid)


@moves("donors.lots:open_opening_lot", "allocation.reroute:relot")
def test_what_other_services_do_with_lots(world: World, till: Till) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        fund, officer = a_fund(db), an_officer(db)
        lot = a_matched_lot(
            db, officer, fund, 1_000_00, support_cost_basis="expenditure",
            support_cost_ppm=100_000,
        )  # fmt: skip
        a_grant(db, fund, 400_00)
        fund_id, lot_id = fund.id, lot.id

    def open_lot(db: Session) -> None:
        fund = db.get_one(Fund, fund_id)
        seq = audit.record(db, audit.SYSTEM, "fund.migrated", "fund", fund_id, fund_id=fund_id)
        open_opening_lot(db, audit.SYSTEM, seq, fund, 10_00, date(2026, 4, 1), "Migrated")

    def restate(db: Session) -> None:
        old = db.get_one(Lot, lot_id)
        relot(db, seq_of(db, old), old.id, new_lot_of(db, old, code="LOT-RESTATED"))
        old.status = "reversed"

    till.do("open_opening_lot", open_lot)
    till.do("relot", restate)
