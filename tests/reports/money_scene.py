"""A grant paid in dollars and spent in hryvnias, its agreement, and everybody around it."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from fundops import audit
from fundops.authz import Role
from fundops.funds import rates
from fundops.funds.rate_schemas import RateIn
from fundops.grants.agreement_content import Line
from tests.factories import a_fund, a_lot
from tests.grants.grant_factories import a_desk, a_grant, a_grantee, a_payment, make_agreed
from tests.world import Caller, World

PAID = date(2026, 4, 10)
LINES = tuple(
    Line(category, name, {4: 100}, minor)
    for category, name, minor in (
        ("A", "Two house mothers", 12_000_00), ("E", "Travel", 5_000_00), ("G", "Rent", 3_000_00),
    )
)  # fmt: skip
"""The agreed budget of 20,000.00."""


def usd(amount: str) -> dict[str, str]:
    """Return the wire form of dollars."""
    return {"amount": amount, "currency": "USD"}


def uah(amount: str) -> dict[str, str]:
    """Return the wire form of hryvnias."""
    return {"amount": amount, "currency": "UAH"}


class MoneyScene:
    """A grant of 20,000.00 USD with three budget lines, paid in two tranches."""

    def __init__(self, world: World) -> None:
        self.world = world
        with world.database.write() as db:
            audit.lock_head(db)
            fund, grantee = a_fund(db), a_grantee(db)
            a_lot(db, fund, 30_000_00)
            grant = a_grant(db, fund, 20_000_00, grantee=grantee)
            make_agreed(db, grant, LINES)
            desk = a_desk(db)
            self.first_id = a_payment(db, desk, fund, grant, 10_000_00, on=PAID).id
            later = date(2026, 8, 5)
            self.second_id = a_payment(db, desk, fund, grant, 10_000_00, on=later).id
            self.fund_id, self.grantee_id, self.grant_id = fund.id, grantee.id, grant.id
            self.other_id = a_grantee(db).id
        self.place = f"/v1/grants/{self.grant_id}"
        self.grantee = world.as_role(Role.GRANTEE, party_id=self.grantee_id)
        self.stranger = world.as_role(Role.GRANTEE, party_id=self.other_id)
        self.officer = world.as_role(Role.GRANT_OFFICER)
        self.finance = world.as_role(Role.FINANCE_OFFICER)

    def declare(
        self, base: str, local: str, on: str = "2026-04-10", *, of: UUID | None = None,
        caller: Caller | None = None, **over: Any,
    ) -> Any:  # fmt: skip
        """Declare what was received for a payment, the first if not said."""
        body = {"received_on": on, "exchanged": usd(base), "received": uah(local)} | over
        place = f"/v1/disbursements/{of or self.first_id}/local_receipts"
        return (caller or self.grantee).post(place, json=body)

    def know_rate(self, rate: str, on: str = "2026-01-01") -> None:
        """Put a rate of hryvnias per dollar on record."""
        with self.world.database.write() as db:
            audit.lock_head(db)
            given = RateIn(
                source="un_operational", base="USD", currency="UAH", starts_on=on, rate=rate
            )
            rates.record_rate(db, audit.SYSTEM, given)
