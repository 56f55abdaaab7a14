"""Money to grantees: all of a command or nothing, wherever it is cut off."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select

from fundops import audit
from fundops.authz import Role
from fundops.grants.models import Grant
from fundops.notices.models import Notice
from tests.disbursements.conftest import Desk
from tests.donors.cash_factories import (
    a_matched_lot,
    a_receipt,
    an_officer,
    wire,
)
from tests.factories import a_fund, a_lot, a_party
from tests.grants.agreement_factories import Deal, a_budget, money
from tests.grants.grant_factories import a_desk, a_grant, a_payment, make_agreed, make_payable
from tests.grants.test_conditional import a_promise
from tests.ledger.faults import Till, moves
from tests.world import World

DAY = "2026-03-02"
PAID = {"paid_on": DAY, "evidence_kind": "bank_advice", "evidence_note": "Debit advice 7"}
WHY = {"reason": "As it turned out"}


class Payments:
    """Disbursements of one grant, each step of which is cut off."""

    def __init__(self, till: Till, grant_id: str) -> None:
        self.till = till
        self.grant_id = grant_id

    def approved(self, minor: int) -> str:
        """Ask for a payment, have it certified and approved; return its place."""
        given = {"amount": wire(minor), "requested_on": DAY}
        place = f"/v1/grants/{self.grant_id}/disbursements"
        asked = self.till.run(Role.GRANT_OFFICER, place, given)
        place = f"/v1/disbursements/{asked['id']}"
        self.till.run(Role.FINANCE_OFFICER, f"{place}/certify")
        self.till.run(Role.APPROVER, f"{place}/approve")
        return place


def told(world: World) -> int:
    """Return how many notices wait or were sent."""
    with world.database.read() as db:
        return db.execute(select(func.count()).select_from(Notice)).scalar_one()


@moves("grants.awarding:book", "disbursements.paying:_book", "disbursements.paying:return_",
       "grants.refunds:refund", "grants.releasing:give_back")  # fmt: skip
def test_from_an_award_to_its_termination(world: World, till: Till) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        fund, grantee = a_fund(db), a_party(db, kind="civil_society")
        for _ in range(2):
            a_lot(db, fund, 600_00)
        make_payable(db, grantee.id)
    grant = till.run(
        Role.GRANT_OFFICER,
        "/v1/grants",
        {
            "fund_id": str(fund.id), "grantee_id": str(grantee.id), "title": "Shelter",
            "awarded_on": "2026-03-01", "amount": wire(1_000_00),
            "objectives": [{"objective": 4, "percent": 100}],
        },
    )  # fmt: skip
    with world.database.write() as db:
        audit.lock_head(db)
        make_agreed(db, db.get_one(Grant, UUID(grant["id"])))
    payments = Payments(till, grant["id"])
    before = told(world)
    place = payments.approved(700_00)
    assert told(world) > before
    till.run(Role.SIGNATORY, f"{place}/pay", PAID)
    back = {"returned_on": DAY, "reason": "Account closed"}
    till.run(Role.FINANCE_OFFICER, f"{place}/return", back)
    place = payments.approved(650_00)
    till.run(Role.SIGNATORY, f"{place}/release")
    till.run(Role.FINANCE_OFFICER, f"{place}/record_paid", PAID)
    place = f"/v1/grants/{grant['id']}"
    refund = {"amount": wire(50_00), "received_on": "2026-04-02"}
    till.run(Role.FINANCE_OFFICER, f"{place}/refunds", refund)
    till.run(Role.FUND_MANAGER, f"{place}/propose_termination", WHY)
    till.run(Role.APPROVER, f"{place}/confirm_termination")


@moves("grants.releasing:give_back")
def test_a_payment_that_the_bank_refuses_and_the_end_of_its_grant(world: World, till: Till) -> None:
    desk = Desk(world)
    place = desk.approved("100.00")
    till.run(Role.SIGNATORY, f"{place}/release")
    till.run(Role.FINANCE_OFFICER, f"{place}/fail", WHY)
    till.run(Role.FUND_MANAGER, f"/v1/grants/{desk.grant_id}/cancel", WHY)


@moves("donors.matching:match", "grants.awarding:book")
def test_a_grant_that_stands_once_its_instalment_is_matched(world: World, till: Till) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        (fund, _, instalment), officer = a_promise(db, 500_00), an_officer(db)
        grantee = a_party(db, kind="civil_society")
        receipt = a_receipt(db, officer, fund, 500_00)
        places = str(fund.id), str(instalment.id), str(grantee.id), str(receipt.id)
    fund_id, instalment_id, grantee_id, receipt_id = places
    given = {
        "fund_id": fund_id, "grantee_id": grantee_id, "title": "Shelter",
        "awarded_on": "2026-03-01", "amount": wire(400_00), "instalment_id": instalment_id,
        "objectives": [{"objective": 4, "percent": 100}],
    }  # fmt: skip
    grant = till.run(Role.GRANT_OFFICER, "/v1/grants", given)
    assert grant["status"] == "conditional"
    body = {"matches": [{"instalment_id": instalment_id, "amount": wire(500_00)}]}
    till.run(Role.FINANCE_OFFICER, f"/v1/receipts/{receipt_id}/match", body)


@moves("grants.award_changes:_increase", "grants.award_changes:_decrease")
def test_more_and_less_money_for_a_grant(world: World, till: Till) -> None:
    deal = Deal(world)
    deal.in_force()
    for number, amount in enumerate(("1400.00", "1000.00"), 1):
        deal.asked("cost_extension", amount=money(amount), budget=a_budget(("A", amount)))
        deal.approved(deal.manager, deal.approver, number=number)
        version = number + 1
        deal.done(deal.grantee, "sign", version)
        signed = {"sha256": deal.version(version)["sha256"]}
        till.run(deal.manager, f"{deal.place}/versions/{version}/countersign", signed)


@moves("expenditures.attribution:liquidate", "expenditures.attribution:take_back",
       "expenditures.attribution:disallow", "expenditures.write_offs:give_up",
       "expenditures.closing:_carry_out", "donors.support_cost:_earn",
       "donors.support_cost:_undo", "donors.support_cost:give_back",
       "grants.refunds:refund")  # fmt: skip
def test_what_a_grantee_spent_owes_and_gives_back(world: World, till: Till) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        fund, officer = a_fund(db), an_officer(db)
        a_matched_lot(
            db, officer, fund, 1_100_00, support_cost_basis="expenditure",
            support_cost_ppm=100_000,
        )  # fmt: skip
        grant = a_grant(db, fund, 1_000_00)
        a_payment(db, a_desk(db), fund, grant, 800_00)
        place = f"/v1/grants/{grant.id}"
    first = accepted(till, place, 600_00)
    second = accepted(till, place, 500_00, replaces_id=first, reason="The first was wrong")
    found = {"expenditure_statement_id": second, "amount": wire(100_00), **WHY}
    owed = till.run(Role.FINANCE_OFFICER, f"{place}/receivables", found)
    asked = till.run(
        Role.FINANCE_OFFICER, f"{place}/refund_requests", {"due_on": "2199-01-31"}
    )  # fmt: skip
    came = {"amount": wire(300_00), "received_on": "2026-06-02"}
    till.run(Role.FINANCE_OFFICER, f"/v1/refund_requests/{asked['id']}/receive", came)
    later = {"kind": "additional_support", "amount": wire(40_00), **WHY}
    till.run(Role.FINANCE_OFFICER, f"/v1/receivables/{owed['id']}/support", later)
    lost = {"amount": wire(60_00), "effective_on": "2026-06-03", "receivable_id": owed["id"], **WHY}
    lost = till.run(Role.FINANCE_OFFICER, f"{place}/advance_write_offs", lost)
    till.run(Role.APPROVER, f"/v1/advance_write_offs/{lost['id']}/approve")
    till.run(Role.FUND_MANAGER, f"{place}/close", WHY)


def accepted(till: Till, place: str, minor: int, **correction: str) -> str:
    """Report expenditure and accept it, both cut off; return the id of the statement."""
    body = {
        "starts_on": "2026-03-01", "ends_on": "2026-04-30",
        "lines": [{"category": "A", "reported": wire(minor)}], **correction,
    }  # fmt: skip
    made = till.run(Role.GRANT_OFFICER, f"{place}/expenditure_statements", body)
    given = {"accepted_on": "2026-06-01"}
    till.run(Role.FINANCE_OFFICER, f"/v1/expenditure_statements/{made['id']}/accept", given)
    return str(made["id"])


@moves("expenditures.closing:_carry_out", "expenditures.write_offs:give_up",
       "donors.support_cost:give_back")  # fmt: skip
def test_a_grant_whose_grantee_cannot_be_reached(world: World, till: Till) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        fund, officer = a_fund(db), an_officer(db)
        a_matched_lot(
            db, officer, fund, 1_100_00, support_cost_basis="expenditure",
            support_cost_ppm=100_000,
        )  # fmt: skip
        grant = a_grant(db, fund, 1_000_00)
        a_payment(db, a_desk(db), fund, grant, 800_00)
        place = f"/v1/grants/{grant.id}"
    given = {
        "evidence": "Letters came back", "unaccounted": "written_off", **WHY,
        "attempts": [{"on": "2026-06-02", "channel": "letter", "outcome": "Returned"}] * 3,
    }  # fmt: skip
    made = till.run(Role.GRANT_OFFICER, f"{place}/grant_closings", given)
    till.run(Role.FUND_MANAGER, f"/v1/grant_closings/{made['id']}/confirm")
