"""A grant of a year with its plan, and everybody who has to do with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from fundops import audit, clock
from fundops.authz import Role
from fundops.disbursements import paying
from fundops.disbursements import service as disbursements
from fundops.disbursements.schemas import DisbursementIn, SetBackIn
from fundops.grants import conditions, schedule
from fundops.grants.models import Grant, Tranche
from fundops.grants.plan import Plan, add_months
from fundops.grants.schedule_models import Requirement, TrancheCondition
from fundops.ledger.models import Fund
from tests.factories import a_fund, a_lot
from tests.grants.grant_factories import (
    Desk,
    a_desk,
    a_grant,
    a_grantee,
    evidence,
    make_agreed,
    make_payable,
    usd,
)
from tests.world import World

AMOUNT = 100_000_00


class Scene:
    """A fund, a grant of 100,000 USD over a year from today, and callers."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.today = clock.today("UTC")
        with world.database.write() as db:
            audit.lock_head(db)
            fund, grantee = a_fund(db), a_grantee(db)
            a_lot(db, fund, 3 * AMOUNT)
            grant = a_grant(db, fund, AMOUNT, grantee=grantee, on=self.today)
            self.desk: Desk = a_desk(db)
            self.fund_id, self.grantee_id, self.grant_id = fund.id, grantee.id, grant.id
        self.officer = world.as_role(Role.GRANT_OFFICER)
        self.manager = world.as_role(Role.FUND_MANAGER)
        self.finance = world.as_role(Role.FINANCE_OFFICER)
        self.grantee = world.as_role(Role.GRANTEE, party_id=self.grantee_id)

    def make(self, months: int = 12, amount_minor: int = AMOUNT, **over: Any) -> Plan:
        """Write the plan of the grant for so many months from today."""
        starts_on: date = over.pop("starts_on", self.today)
        with self.world.database.write() as db:
            audit.lock_head(db)
            return schedule.make(
                db,
                self.desk.manager,
                db.get_one(Fund, self.fund_id),
                db.get_one(Grant, self.grant_id),
                starts_on=starts_on,
                ends_on=add_months(starts_on, months) - timedelta(days=1),
                amount_minor=amount_minor,
                **over,
            )

    def give_tranches(self, *amounts: int) -> None:
        """Give the grant tranches of its award."""
        with self.world.database.write() as db:
            audit.lock_head(db)
            for number, minor in enumerate(amounts, 1):
                db.add(
                    Tranche(
                        id=UUID(int=0xA000 + number), grant_id=self.grant_id, number=number,
                        due_on=None, amount_minor=minor, created_at=clock.now(),
                    )
                )  # fmt: skip

    def pay(self, amount_minor: int, tranche_id: UUID, *, cancelled: bool = False) -> None:
        """Ask for a payment of a tranche, and pay it or take the request back."""
        with self.world.database.write() as db:
            audit.lock_head(db)
            fund, grant = db.get_one(Fund, self.fund_id), db.get_one(Grant, self.grant_id)
            given = DisbursementIn(
                amount=usd(amount_minor), requested_on=self.today, tranche_id=tranche_id
            )
            make_payable(db, grant.grantee_id)
            make_agreed(db, grant)
            asked = disbursements.request(db, self.desk.officer, fund, grant, given)
            if cancelled:
                given_up = SetBackIn(reason="A mistake.")
                disbursements.set_back(db, self.desk.officer, asked, grant, "cancel", given_up)
            else:
                for condition in db.execute(
                    select(TrancheCondition).where(TrancheCondition.tranche_id == tranche_id)
                ).scalars():
                    if condition.status == "open":  # the reports themselves stay due
                        condition.status = "replaced"
                disbursements.certify(db, self.desk.certifier, fund, asked, grant)
                disbursements.approve(db, self.desk.approver, fund, asked, grant)
                paying.pay(db, self.desk.payer, fund, asked, grant, evidence(self.today))

    def tranches(self) -> list[Tranche]:
        """Return the grant's tranches by number."""
        query = select(Tranche).where(Tranche.grant_id == self.grant_id).order_by(Tranche.number)
        with self.world.database.read() as db:
            return list(db.execute(query).scalars())

    def requirements(self, kind: str | None = None) -> list[Requirement]:
        """Return the grant's requirements by kind and number."""
        query = select(Requirement).where(Requirement.grant_id == self.grant_id)
        if kind is not None:
            query = query.where(Requirement.kind == kind)
        with self.world.database.read() as db:
            return list(db.execute(query.order_by(Requirement.kind, Requirement.number)).scalars())

    def conditions(self, tranche: Tranche) -> list[TrancheCondition]:
        """Return the conditions of a tranche."""
        query = select(TrancheCondition).where(TrancheCondition.tranche_id == tranche.id)
        with self.world.database.read() as db:
            return list(db.execute(query.order_by(TrancheCondition.id)).scalars())

    def unmet(self, tranche: Tranche) -> Sequence[str]:
        """Return what keeps a tranche back."""
        with self.world.database.read() as db:
            return conditions.unmet(db, tranche.id)

    def report(self, number: int = 1, kind: str = "financial_report") -> str:
        """Return the address of a report."""
        found = next(one for one in self.requirements(kind) if one.number == number)
        return f"/v1/requirements/{found.id}"

    def done(self, number: int = 1, kind: str = "financial_report") -> Any:
        """Record that a report is done."""
        return self.officer.post(f"{self.report(number, kind)}/record_done", json={"note": "Read."})


def with_plan(world: World) -> Scene:
    """Make the scene, with the plan written."""
    made = Scene(world)
    made.make()
    return made


__all__ = ["AMOUNT", "Scene", "with_plan"]
