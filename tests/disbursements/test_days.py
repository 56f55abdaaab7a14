"""Days of payments are the fund's own, whatever day it is in Greenwich."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from fundops import audit, clock
from fundops.authz import Role
from fundops.db import Database
from fundops.disbursements import paying
from fundops.disbursements.schemas import ArrivalIn
from fundops.errors import Problem
from fundops.funds.schemas import FundIn
from fundops.funds.service import create_fund
from tests.factories import a_lot, a_person
from tests.grants.grant_factories import a_desk, a_grant, a_payment, usd

HERE, TOMORROW = date(2026, 6, 11), date(2026, 6, 12)


@pytest.fixture(autouse=True)
def _late_in_the_evening() -> Iterator[None]:
    """Let it be half past midnight of 11 June in Vienna, and still 10 June in Greenwich."""
    clock.set_clock(lambda: datetime(2026, 6, 10, 22, 30, tzinfo=UTC))
    yield
    clock.set_clock(None)


def test_what_arrived_today_is_confirmed_today(database: Database) -> None:
    with database.write() as db:
        given = FundIn(code="VIE", name="Vienna", base_currency="USD", zone="Europe/Vienna")
        fund = create_fund(db, audit.SYSTEM, given)
        a_lot(db, fund, 100_00)
        grant = a_grant(db, fund, 100_00)
        paid = a_payment(db, a_desk(db), fund, grant, 100_00, on=HERE)
        grantee = a_person(db, Role.GRANTEE, party_id=grant.grantee_id)[0]
        said = ArrivalIn(received_on=TOMORROW, received=usd(100_00))
        with pytest.raises(Problem) as early:
            paying.confirm(db, grantee, paid, grant, said)
        assert [error.pointer for error in early.value.errors] == ["/received_on"]
        said = ArrivalIn(received_on=HERE, received=usd(100_00))
        assert paying.confirm(db, grantee, paid, grant, said).confirmed_on == HERE
