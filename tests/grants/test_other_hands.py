"""Two persons of an agreement, an amendment or a suspension are not two records of one human."""

from __future__ import annotations

from typing import Any

import pytest

from fundops.authz import Role
from tests.grants.agreement_factories import Deal
from tests.staged import staged
from tests.world import Caller, World

pytestmark = pytest.mark.usefixtures("own_bands")


deal = staged(Deal)


def slug(answer: Any) -> str:
    assert answer.status_code == 409, answer.text
    return str(answer.json()["type"]).rpartition(":")[2]


def second_record(world: World, caller: Caller, role: Role) -> Caller:
    """Return a second record of the same human, which somebody has noticed."""
    other = world.as_role(role)
    joined = world.as_role(Role.ADMINISTRATOR).post(
        f"/v1/persons/{caller.actor.person_id}/same_as",
        json={"same_as_code": other.actor.person_code, "reason": "Registered twice"},
    )
    assert joined.status_code == 201, joined.text
    return other


def test_one_human_does_not_approve_an_amendment_in_two_roles(deal: Deal, world: World) -> None:
    deal.in_force()
    deal.asked("no_cost_extension", ends_on="2027-09-30")
    deal.approved(deal.manager)
    assert slug(deal.approve(second_record(world, deal.manager, Role.APPROVER))) == "same-person"


@pytest.mark.parametrize("who", ["officer", "grantee"])
def test_who_wrote_or_signed_does_not_countersign(deal: Deal, world: World, who: str) -> None:
    deal.offered()
    deal.done(deal.grantee, "sign")
    one: Caller = getattr(deal, who)
    other = second_record(world, one, Role.FUND_MANAGER)
    wanted = "same-person" if who == "officer" else "conflict-of-interest"
    assert slug(deal.step(other, "countersign")) == wanted


def test_who_suspended_does_not_resume(deal: Deal, world: World) -> None:
    deal.in_force()
    place = f"/v1/grants/{deal.grant_id}"
    done = deal.manager.post(f"{place}/suspend", json={"reason": "An allegation"})
    assert done.status_code in (200, 201), done.text
    other = second_record(world, deal.manager, Role.FUND_MANAGER)
    assert slug(other.post(f"{place}/resume", json={"reason": "Nothing"})) == "same-person"
