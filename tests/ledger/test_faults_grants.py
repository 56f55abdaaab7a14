"""Money to grantees: all of a command or nothing, wherever it is cut off."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from fundops import audit
from fundops.authz import Role
from fundops.grants.models import Grant
from fundops.notices.models import Notice
from tests.donors.cash_factories import wire
from tests.factories import a_fund, a_lot, a_party
from tests.grants.grant_factories import make_agreed, make_payable
from tests.ledger.faults import Till, moves
from tests.world import World

DAY = "2026-03-02"
PAID = {"paid_on": DAY, "evidence_kind": "bank_advice", "evidence_note": "Debit advice 7"}


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
def test_from_an_award_to_its_end(world: World, till: Till) -> None:
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
    till.run(Role.GRANT_OFFICER, f"{place}/close", {"reason": "Ended as planned"})


@moves()
def test_a_payment_that_the_bank_refuses(world: World, till: Till) -> None:
    from tests.disbursements.conftest import Desk

    desk = Desk(world)
    place = desk.approved("100.00")
    till.run(Role.SIGNATORY, f"{place}/release")
    till.run(Role.FINANCE_OFFICER, f"{place}/fail", {"reason": "Wrong number"})


@moves("grants.award_changes:_increase", "grants.award_changes:_decrease")
def test_more_and_less_money_for_a_grant(world: World, till: Till) -> None:
    raise NotImplementedError
