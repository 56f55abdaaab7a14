"""Advances by age: oldest accounted for first, and always what the ledger's control says."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundops import audit
from fundops.authz import Role
from fundops.disbursements import paying
from fundops.disbursements.schemas import ReturnIn
from fundops.expenditures import receivables
from fundops.expenditures.owed_schemas import FindingIn
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.planning.ageing import BUCKETS, bucket_of, left_of
from tests.donors.register_factories import statements
from tests.factories import a_fund, a_lot, a_party
from tests.grants.grant_factories import (
    a_desk,
    a_grant,
    a_payment,
    a_refund,
    accepted,
    usd,
)
from tests.staged import staged
from tests.world import World

DAY = date(2026, 1, 1)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 20), st.integers(0, 20)), max_size=6))
def test_what_is_left_is_the_newest(moves: list[tuple[int, int, int]]) -> None:
    dated = [(DAY + timedelta(days=n), paid, back) for n, paid, back in moves]
    left = left_of(dated)
    paid, back = sum(m[1] for m in dated), sum(m[2] for m in dated)
    assert sum(minor for _, minor in left) == max(paid - back, 0)
    if left:
        after = sum(one for on, one, _ in dated if on > left[0][0])
        assert sum(minor for on, minor in left if on > left[0][0]) == after


@pytest.mark.parametrize(
    ("days", "bucket"),
    [(0, "days_0_30"), (30, "days_0_30"), (31, "days_31_90"), (90, "days_31_90"),
     (91, "days_91_180"), (180, "days_91_180"), (181, "days_181_365"), (365, "days_181_365"),
     (366, "days_over_365")],
)  # fmt: skip
def test_buckets_end_where_they_say(days: int, bucket: str) -> None:
    assert bucket_of(days) == bucket


Two = tuple[UUID, list[str]]
"""A fund, and the codes of the two grants that were paid from it."""


def made(world: World) -> Two:
    with world.database.write() as db:
        audit.lock_head(db)
        fund, desk = a_fund(db), a_desk(db)
        first = a_lot(db, fund, 50_000, on=date(2024, 1, 1))
        a_lot(db, fund, 50_000, on=date(2024, 1, 2), donor=a_party(db))
        assert first.amount_minor
        old = a_grant(db, fund, 60_000, on=date(2024, 6, 1))
        a_payment(db, desk, fund, old, 40_000, date(2025, 3, 1))
        a_payment(db, desk, fund, old, 20_000, date(2026, 4, 20))
        a_refund(db, desk, fund, old, 15_000, date(2026, 5, 1))
        new = a_grant(db, fund, 10_000, on=date(2026, 1, 5))
        a_payment(db, desk, fund, new, 10_000, date(2026, 1, 10))
        return fund.id, [old.code, new.code]


paid = staged(made)


def test_advances_are_aged_and_add_up_to_the_control(world: World, paid: Two) -> None:
    fund_id, (old, new) = paid
    reader = world.as_role(Role.FINANCE_OFFICER, fund_id=fund_id)
    path = f"/v1/funds/{fund_id}/advances"
    found = reader.get(path).json()
    by_code = {one["grant_code"]: one for one in found["items"]}
    assert set(by_code) == {old, new}
    assert by_code[new]["days_91_180"]["amount"] == "100.00"
    assert (by_code[new]["oldest_on"], by_code[new]["oldest_days"]) == ("2026-01-10", 120)
    assert by_code[new]["overdue"]["amount"] == "0.00"
    assert found["totals"]["total"] == found["control"]
    assert found["control"]["amount"] == "550.00"
    assert by_code[old]["total"]["amount"] == "450.00"
    assert by_code[old]["overdue"] == by_code[old]["days_over_365"]
    for query, control in (
        ("?as_of=2026-04-19", "500.00"),
        ("?as_of=2025-12-31", "400.00"),
        ("?as_of=2024-12-31", "0.00"),
    ):  # fmt: skip
        then = reader.get(path + query).json()
        assert then["control"]["amount"] == then["totals"]["total"]["amount"] == control
        total = sum(float(one["total"]["amount"]) for one in then["items"])
        assert total == float(control)
    sooner = reader.get(f"{path}?overdue_days=119").json()
    assert sooner["totals"]["overdue"]["amount"] != found["totals"]["overdue"]["amount"]


def ages_of(world: World, fund_id: Any) -> dict[str, str]:
    """Return the ages above nothing of a fund's advances, as the list shows them."""
    found = world.as_role(Role.AUDITOR).get(f"/v1/funds/{fund_id}/advances").json()
    assert found["totals"]["total"] == found["control"]
    return {
        name: found["totals"][name]["amount"]
        for name, _ in BUCKETS
        if found["totals"][name]["amount"] != "0.00"
    }


@pytest.mark.parametrize("way", ["finding", "correction"])
def test_expenditure_taken_back_leaves_the_advance_as_old_as_it_was(world: World, way: str) -> None:
    """Paid on 1 March 2025, accepted on 20 April 2026, and found not to be right since."""
    with world.database.write() as db:
        audit.lock_head(db)
        fund, desk = a_fund(db), a_desk(db)
        a_lot(db, fund, 1_000_00, on=date(2024, 1, 1))
        grant = a_grant(db, fund, 1_000_00, on=date(2024, 6, 1))
        a_payment(db, desk, fund, grant, 1_000_00, date(2025, 3, 1))
        first = accepted(db, grant, 1_000_00, on=date(2026, 4, 20))
        if way == "finding":
            found = FindingIn(
                expenditure_statement_id=first.id, amount=usd(300_00), reason="No invoice"
            )
            receivables.open_finding(db, desk.officer, fund, grant, found)
        else:
            accepted(db, grant, 700_00, on=date(2026, 4, 21), replaces=first)
        fund_id = fund.id
    assert ages_of(world, fund_id) == {"days_over_365": "300.00"}


def test_a_payment_that_came_back_settles_itself_and_no_older_one(world: World) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        fund, desk = a_fund(db), a_desk(db)
        a_lot(db, fund, 1_500_00, on=date(2024, 1, 1))
        grant = a_grant(db, fund, 1_500_00, on=date(2024, 6, 1))
        a_payment(db, desk, fund, grant, 1_000_00, date(2025, 3, 1))
        second = a_payment(db, desk, fund, grant, 500_00, date(2026, 4, 1))
        back = ReturnIn(returned_on=date(2026, 4, 9), reason="The account was closed")
        paying.return_(db, desk.officer, fund, second, grant, back)
        fund_id = fund.id
    assert ages_of(world, fund_id) == {"days_over_365": "1000.00"}


def test_after_how_many_days_an_advance_is_overdue_is_the_policys(world: World, paid: Two) -> None:
    fund_id, (_, new) = paid
    officer, finance, manager = map(
        world.as_role, (Role.GRANT_OFFICER, Role.FINANCE_OFFICER, Role.FUND_MANAGER)
    )
    path = f"/v1/funds/{fund_id}/advances"
    assert finance.get(path).json()["overdue_days"] == 120
    assert not [one for one in overdue(finance, fund_id) if one["code"] == new]
    content = officer.get(f"/v1/funds/{fund_id}/policy").json()["content"]
    content["payments"]["advance_overdue_days"] = 60
    given = {"fund_id": str(fund_id), "starts_on": "2026-05-10", "reason": "Sooner.",
             "content": content}  # fmt: skip
    policy = finance.post("/v1/policies", json=given).json()
    assert manager.post(f"/v1/policies/{policy['id']}/approve").status_code == 200
    assert finance.get(path).json()["overdue_days"] == 60
    entry = next(one for one in overdue(finance, fund_id) if one["code"] == new)
    assert entry["since"] == "2026-03-11"


def overdue(reader: Any, fund_id: Any) -> list[dict[str, Any]]:
    """Return what the attention list says of overdue advances."""
    found = reader.get(f"/v1/attention?fund_id={fund_id}&kind=advance_overdue").json()
    items: list[dict[str, Any]] = found["items"]
    return items


def test_pages_share_their_totals(world: World, paid: Two) -> None:
    fund_id, _ = paid
    reader = world.as_role(Role.AUDITOR)
    path = f"/v1/funds/{fund_id}/advances?limit=1&sort=code"
    first = reader.get(path).json()
    second = reader.get(f"{path}&cursor={first['next_cursor']}").json()
    assert first["totals"] == second["totals"]
    assert first["items"][0]["grant_code"] < second["items"][0]["grant_code"]
    assert second["next_cursor"] is None


def test_only_the_funds_own_readers_get_them(world: World, paid: Two) -> None:
    fund_id, _ = paid
    with world.database.write() as db:
        audit.lock_head(db)
        other = a_fund(db).id
    path = f"/v1/funds/{fund_id}/advances"
    assert world.as_role(Role.APPROVER, fund_id=other).get(path).status_code == 404
    assert world.as_role(Role.APPROVER).get(f"/v1/funds/{uuid7()}/advances").status_code == 404
    assert world.as_role(Role.GRANT_OFFICER).get(path).status_code == 403
    late = world.as_role(Role.APPROVER).get(f"{path}?as_of=2026-05-11")
    assert late.status_code == 422


def test_queries_do_not_grow_with_the_grants(world: World, paid: Two) -> None:
    fund_id, _ = paid
    reader = world.as_role(Role.AUDITOR)
    path = f"/v1/funds/{fund_id}/advances"
    reader.get(path)
    with statements(world.database) as few:
        reader.get(path)
    with world.database.write() as db:
        audit.lock_head(db)
        fund, desk = db.get_one(Fund, fund_id), a_desk(db)
        for _ in range(3):
            grant = a_grant(db, fund, 100, on=date(2026, 1, 5))
            a_payment(db, desk, fund, grant, 100, date(2026, 2, 1))
    with statements(world.database) as many:
        assert len(reader.get(path).json()["items"]) == 5
    assert len(many) == len(few)
