"""Support cost over a lot's life: right to the cent after any acceptances and corrections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fundops import audit
from fundops.config import Settings
from fundops.db import Database
from fundops.donors.charges import support_cost_on
from fundops.expenditures.models import ExpenditureStatement
from fundops.grants.models import Grant
from tests.conftest import NewDatabase
from tests.depth import DEPTH
from tests.donors.cash_factories import a_matched_lot, an_officer, held_by, held_in
from tests.factories import a_fund
from tests.grants.grant_factories import DAY, a_desk, a_grant, a_payment, accepted

AMOUNTS = st.lists(st.tuples(st.integers(1, 400), st.booleans()), min_size=1, max_size=7)


def earned_after(
    new_database: Callable[[], Any], ppm: int, received: int, amounts: list[tuple[int, bool]]
) -> None:
    """Accept amounts, some as corrections of the one before; compare with the running total."""
    with new_database() as url:
        database = Database(Settings(database_url=url))
        try:
            with database.write() as db:
                audit.lock_head(db)
                fund = a_fund(db)
                lot = a_matched_lot(
                    db, an_officer(db), fund, received, on=DAY, support_cost_ppm=ppm,
                    support_cost_basis="expenditure",
                )  # fmt: skip
                opened = held_by(db, lot)
                provision = opened.get("provision", 0)
                grant: Grant = a_grant(db, fund, opened["lot"])
                a_payment(db, a_desk(db), fund, grant, opened["lot"], on=DAY)
                standing: list[tuple[ExpenditureStatement, int]] = []
                for minor, corrects in amounts:
                    replaced = standing.pop() if corrects and standing else None
                    left = opened["lot"] - sum(one for _, one in standing)
                    if minor > left:
                        standing += [replaced] if replaced else []
                        continue
                    made = accepted(db, grant, minor, replaces=replaced[0] if replaced else None)
                    standing.append((made, minor))
                    total = sum(one for _, one in standing)
                    earned = min(support_cost_on(total, ppm), provision)
                    assert held_in(db, fund).get("support_cost_income", 0) == earned
                    assert held_by(db, lot).get("provision", 0) == provision - earned
        finally:
            database.close()


@settings(max_examples=2 * DEPTH, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    ppm=st.sampled_from([1, 70_000, 130_000, 333_333]),
    received=st.integers(2, 900),
    amounts=AMOUNTS,
)
def test_what_is_earned_follows_from_the_running_total(
    new_database: NewDatabase, ppm: int, received: int, amounts: list[tuple[int, bool]]
) -> None:
    earned_after(new_database, ppm, received, amounts)
