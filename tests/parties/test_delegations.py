"""Delegations: a role lent by its holder, for a while, and no further."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert

from fundops import clock
from fundops.authz import Role
from fundops.errors import Problem
from fundops.ids import uuid7
from fundops.parties.models import Membership
from tests.parties.conftest import MovingClock
from tests.parties.steps import (
    a_fund_id,
    a_membership,
    a_party_id,
    ended_at,
    instant,
    pointer,
    problem,
)
from tests.world import Caller, World


def roles(caller: Caller) -> list[str]:
    return sorted(role["role"] for role in caller.get("/v1/me").json()["roles"])


def own(world: World, caller: Caller) -> str:
    """Return the id of the caller's membership."""
    administrator = world.as_role(Role.ADMINISTRATOR)
    return str(a_membership(administrator, str(caller.actor.person_id))["id"])


def lend(world: World, lender: Caller, to: Caller, **over: Any) -> Any:
    body = {
        "membership_id": over.pop("membership_id", None) or own(world, lender),
        "person_code": to.actor.person_code,
        "valid_until": instant(days=10),
        "reason": "On leave",
    }
    return lender.post("/v1/delegations", json=body | over)


def test_a_lent_role_counts_for_its_period_and_both_see_it(
    world: World, moving_clock: MovingClock
) -> None:
    lender, borrower = world.as_role(Role.APPROVER), world.as_role(Role.AUDITOR)
    lent = lend(world, lender, borrower, valid_from=instant(days=1))
    assert lent.status_code == 201, lent.text
    path = lent.headers["location"]
    assert lent.json()["delegated_by_id"] == str(lender.actor.person_id)
    assert lender.get(path).json() == borrower.get(path).json() == lent.json()
    assert world.as_role(Role.ADMINISTRATOR).get(path).status_code == 404
    seen = []
    for _ in range(3):
        seen.append((roles(borrower), roles(lender)))
        moving_clock.forward(days=5.5)
    assert seen == [
        (["auditor"], ["approver"]),
        (["approver", "auditor"], ["approver"]),
        (["auditor"], ["approver"]),
    ]
    for caller in (lender, borrower):
        assert [one["id"] for one in caller.get("/v1/delegations").json()["items"]] == [
            lent.json()["id"]
        ]
    assert world.as_role(Role.APPROVER).get("/v1/delegations").json()["items"] == []


def test_what_is_lent_cannot_be_lent_on(world: World) -> None:
    lender, borrower = world.as_role(Role.APPROVER), world.as_role(Role.AUDITOR)
    lent = lend(world, lender, borrower).json()["id"]
    third = world.as_role(Role.GRANT_OFFICER)
    assert problem(lend(world, borrower, third, membership_id=lent)) == (409, "conflict")
    # Nor does holding it through a loan let one lend it as if it were another's.
    assert (
        pointer(lend(world, borrower, third, membership_id=own(world, lender))) == "/membership_id"
    )
    assert roles(third) == ["grant_officer"]


def test_a_loan_stays_within_the_lenders_own_period_and_ninety_days(
    world: World, moving_clock: MovingClock
) -> None:
    administrator, lender = world.as_role(Role.ADMINISTRATOR), world.as_role(Role.AUDITOR)
    borrower = world.as_role(Role.GRANT_OFFICER)
    bounded = administrator.post(
        "/v1/memberships",
        json={
            "person_id": str(lender.actor.person_id),
            "role": "approver",
            "valid_until": instant(days=20),
        },
    ).json()["id"]
    for over, place in (
        ({"membership_id": bounded, "valid_until": instant(days=21)}, "/valid_until"),
        ({"valid_until": instant(days=91)}, "/valid_until"),
        ({"valid_until": instant(hours=-1)}, "/valid_until"),
        ({"valid_from": instant(hours=-1)}, "/valid_from"),
        ({"valid_from": instant(days=2), "valid_until": instant(days=1)}, "/valid_until"),
        ({"membership_id": str(uuid4())}, "/membership_id"),
        ({"person_code": "NOBODY"}, "/person_code"),
        ({"fund_id": str(uuid4())}, "/fund_id"),
    ):
        refused = lend(world, lender, borrower, **dict(over))
        assert pointer(refused) == place, over
    assert lend(world, lender, borrower, valid_until=instant(days=89.9)).status_code == 201
    within = lend(world, lender, borrower, membership_id=bounded, valid_until=instant(days=19))
    assert within.status_code == 201


def test_nobody_lends_to_themself(world: World) -> None:
    lender = world.as_role(Role.APPROVER)
    assert problem(lend(world, lender, lender)) == (409, "same-person")


def test_a_loan_ends_with_the_role_it_was_lent_from(world: World) -> None:
    administrator, lender = world.as_role(Role.ADMINISTRATOR), world.as_role(Role.APPROVER)
    borrower = world.as_role(Role.AUDITOR)
    lent = lend(world, lender, borrower).json()["id"]
    assert roles(borrower) == ["approver", "auditor"]
    administrator.post(f"/v1/memberships/{own(world, lender)}/end", json={"reason": "Moved"})
    assert roles(borrower) == ["auditor"]
    assert ended_at(administrator, lent) is not None


def test_a_role_that_will_end_takes_its_loan_with_it_then(
    world: World, moving_clock: MovingClock
) -> None:
    administrator, lender = world.as_role(Role.ADMINISTRATOR), world.as_role(Role.APPROVER)
    borrower = world.as_role(Role.AUDITOR)
    lend(world, lender, borrower)
    end = {"reason": "Moving", "at": instant(days=2)}
    administrator.post(f"/v1/memberships/{own(world, lender)}/end", json=end)
    assert roles(borrower) == ["approver", "auditor"]
    moving_clock.forward(days=2.1)
    assert roles(borrower) == ["auditor"]


@pytest.mark.parametrize("ender", ["lender", "borrower", "administrator"])
def test_either_end_or_an_administrator_may_end_a_loan_early(world: World, ender: str) -> None:
    callers = {
        "lender": world.as_role(Role.APPROVER),
        "borrower": world.as_role(Role.AUDITOR),
        "administrator": world.as_role(Role.ADMINISTRATOR),
    }
    lent = lend(world, callers["lender"], callers["borrower"]).json()["id"]
    stranger = world.as_role(Role.APPROVER)
    refused = stranger.post(f"/v1/delegations/{lent}/end", json={"reason": "x"})
    assert problem(refused) == (404, "not-found")
    kind = "memberships" if ender == "administrator" else "delegations"
    ended = callers[ender].post(f"/v1/{kind}/{lent}/end", json={"reason": "Back"})
    assert ended.status_code == 200, ended.text
    assert roles(callers["borrower"]) == ["auditor"]
    assert roles(callers["lender"]) == ["approver"]


def test_delegations_are_no_way_to_end_other_roles(world: World) -> None:
    caller = world.as_role(Role.APPROVER)
    membership = own(world, caller)
    assert caller.get(f"/v1/delegations/{membership}").status_code == 404
    ended = caller.post(f"/v1/delegations/{membership}/end", json={"reason": "x"})
    assert ended.status_code == 404


def test_a_role_for_all_funds_can_be_lent_for_one_but_not_the_other_way(world: World) -> None:
    one, two = a_fund_id(world), a_fund_id(world)
    wide, narrow = world.as_role(Role.APPROVER), world.as_role(Role.APPROVER, fund_id=one)
    borrower = world.as_role(Role.AUDITOR)
    assert lend(world, wide, borrower, fund_id=str(two)).json()["fund_id"] == str(two)
    assert pointer(lend(world, narrow, borrower, fund_id=str(two))) == "/fund_id"
    assert lend(world, narrow, borrower).json()["fund_id"] == str(one)


def test_a_narrowed_token_lends_no_more_than_it_gives(world: World) -> None:
    fund = a_fund_id(world)
    lender, borrower = world.as_role(Role.APPROVER), world.as_role(Role.AUDITOR)
    secret = lender.post("/v1/tokens", json={"label": "x", "fund_id": str(fund)}).json()["secret"]
    narrowed = Caller(world.client, secret, lender.actor)
    assert problem(lend(world, narrowed, borrower)) == (403, "not-allowed")
    assert lend(world, narrowed, borrower, fund_id=str(fund)).status_code == 201


def test_a_frozen_partys_role_cannot_be_lent(world: World) -> None:
    party, other = a_party_id(world), a_party_id(world)
    donor, borrower = world.as_role(Role.DONOR, party_id=party), world.as_role(Role.AUDITOR)
    administrator = world.as_role(Role.ADMINISTRATOR)
    person_id = str(donor.actor.person_id)
    membership = own(world, donor)
    administrator.post(
        "/v1/memberships",
        json={"person_id": person_id, "role": "donor", "party_id": str(other)},
    )
    administrator.post(f"/v1/parties/{party}/freeze", json={"reason": "x"})
    refused = lend(world, donor, borrower, membership_id=membership)
    assert problem(refused) == (403, "not-allowed")


def test_the_database_itself_bounds_delegations(world: World) -> None:
    lender, borrower = world.as_role(Role.APPROVER), world.as_role(Role.AUDITOR)
    membership, now = UUID(own(world, lender)), clock.now()
    good: dict[str, Any] = {
        "person_id": borrower.actor.person_id,
        "role": "approver",
        "valid_from": now,
        "valid_until": now + timedelta(days=1),
        "delegated_by_id": lender.actor.person_id,
        "lent_membership_id": membership,
        "created_at": now,
    }

    def put(values: dict[str, Any]) -> None:
        with world.database.write() as db:
            db.execute(insert(Membership), {"id": uuid7()} | values)

    put(good)
    for wrong in (
        {"valid_until": None},
        {"person_id": lender.actor.person_id},
        {"lent_membership_id": None},
        {"delegated_by_id": None},
        {"valid_until": now - timedelta(days=1)},
    ):
        with pytest.raises(Problem):
            put(good | wrong)
