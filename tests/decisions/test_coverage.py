"""Coverage: what was asked for, awarded and paid under each code; parts sum to the whole."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from fundops import audit, money
from fundops.authz import Role
from fundops.demo.stage import Story
from tests.factories import a_fund
from tests.world import Caller, World


def as_player(world: World, story: Story, role: Role) -> Caller:
    return Caller(world.client, story.players[role].token)


def coverage(caller: Caller, query: str = "") -> dict[str, Any]:
    answer = caller.get(f"/v1/coverage?{query}")
    assert answer.status_code == 200, answer.text
    [fund] = answer.json()["items"]
    found: dict[str, Any] = fund
    return found


def summed(fund: dict[str, Any], name: str) -> Decimal:
    return sum((Decimal(row[name]["amount"]) for row in fund["items"]), Decimal(0))


def test_parts_sum_to_the_whole_and_to_what_the_books_say(world: World, story: Story) -> None:
    manager = as_player(world, story, Role.FUND_MANAGER)
    for by in ("objective", "country", "region"):
        fund = coverage(manager, f"by={by}")
        assert not fund["is_overlapping"]
        for name in ("requested", "awarded", "paid"):
            assert summed(fund, name) == Decimal(fund[name]["amount"]), (by, name)
    grants = manager.get("/v1/grants?limit=200").json()["items"]
    awarded = sum(Decimal(one["awarded"]["amount"]) for one in grants)
    paid = sum(Decimal(one["paid"]["amount"]) for one in grants)
    assert (Decimal(fund["awarded"]["amount"]), Decimal(fund["paid"]["amount"])) == (awarded, paid)
    assert Decimal(fund["requested"]["amount"]) == Decimal("56000.00")


def test_a_call_is_cut_by_every_list_with_the_grants_it_led_to(world: World, story: Story) -> None:
    manager = as_player(world, story, Role.FUND_MANAGER)
    calls = manager.get("/v1/calls").json()["items"]
    call = next(one for one in calls if one["deadline_at"] is not None)
    fund = coverage(manager, f"call_id={call['id']}")
    rows = {row["code"]: row for row in fund["items"]}
    # 17,000 at 20/80 and 15,000 at 50/50 of objectives 2 and 4.
    assert rows["2"]["awarded"]["amount"] == "10900.00"
    assert rows["4"]["awarded"]["amount"] == "21100.00"
    assert (rows["2"]["proposals"], rows["2"]["grants"]) == (4, 2)
    themes = coverage(manager, f"call_id={call['id']}&by=p")
    assert themes["is_overlapping"]
    assert {row["code"] for row in themes["items"]} == {"prevention", "protection"}
    assert all(row["requested"]["amount"] == "56000.00" for row in themes["items"])


def test_a_split_that_loses_cents_would_be_noticed(
    world: World, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lossy(total: int, weights: list[int]) -> list[int]:
        return [total * weight // sum(weights) - 1 for weight in weights]

    monkeypatch.setattr(money, "allocate", lossy)
    fund = coverage(as_player(world, story, Role.FUND_MANAGER), "by=objective")
    assert summed(fund, "awarded") < Decimal(fund["awarded"]["amount"])


@pytest.mark.parametrize("role", [Role.DONOR, Role.GRANTEE, Role.REVIEWER])
def test_outsiders_do_not_get_it(world: World, story: Story, role: Role) -> None:
    assert as_player(world, story, role).get("/v1/coverage").status_code == 403


def test_another_funds_officer_sees_nothing_of_it(world: World, story: Story) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        other = a_fund(db).id
    officer = world.as_role(Role.GRANT_OFFICER, fund_id=other)
    assert officer.get("/v1/coverage").json()["items"] == []
    assert officer.get(f"/v1/coverage?fund_id={story.book.id}").json()["items"] == []
