"""Paid grants that many tests of expenditure begin with, each built once."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from fundops import audit
from fundops.authz import Actor, Role
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from tests.factories import a_fund, a_lot, a_person
from tests.grants.grant_factories import DAY, Desk, a_desk, a_grant, a_payment
from tests.staged import staged
from tests.world import World


@dataclass(frozen=True)
class Paid:
    """A grant of which money was paid, who paid it, and a finance officer who did not."""

    fund_id: UUID
    grant_id: UUID
    lot_id: UUID
    desk: Desk
    finance: Actor

    def of(self, db: Session) -> tuple[Fund, Grant]:
        """Return the fund and the grant, within a transaction."""
        return db.get_one(Fund, self.fund_id), db.get_one(Grant, self.grant_id)


def _paid(world: World, lots: list[int], awarded: int, minor: int) -> Paid:
    with world.database.write() as db:
        audit.lock_head(db)
        fund, desk = a_fund(db), a_desk(db)
        lot_id, *_ = [a_lot(db, fund, one).id for one in lots]
        grant = a_grant(db, fund, awarded)
        a_payment(db, desk, fund, grant, minor, on=DAY)
        finance = a_person(db, Role.FINANCE_OFFICER)[0]
        return Paid(fund.id, grant.id, lot_id, desk, finance)


def paid_in_full(world: World) -> Paid:
    """Award 1,000.00 and pay all of it."""
    return _paid(world, [1_000_00], 1_000_00, 1_000_00)


def paid_from_two_lots(world: World) -> Paid:
    """Award 1,000.00 from lots of 300.00 and 700.00 and pay all of it."""
    return _paid(world, [300_00, 700_00], 1_000_00, 1_000_00)


def paid_in_part(world: World) -> Paid:
    """Award 900.00 of 1,000.00 and pay 500.00 of it."""
    return _paid(world, [1_000_00], 900_00, 500_00)


paid = staged(paid_in_full)
"""A grant of 1,000.00, all paid."""
paid_from_two = staged(paid_from_two_lots)
"""A grant of 1,000.00, all paid from lots of 300.00 and 700.00."""
part_paid = staged(paid_in_part)
"""A grant of 900.00 of which 500.00 are paid."""
