"""Who is told of agreements, amendments and suspensions: once, and nothing that gives away."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from fundops import audit
from fundops.authz import Role
from fundops.parties.models import Party
from tests.factories import a_fund
from tests.grants.agreement_factories import Deal
from tests.notices.notice_factories import a_channel, notices
from tests.staged import staged
from tests.world import Caller, World

WHY: dict[str, Any] = {"reason": "Nobody answers in Mombasa."}


pytestmark = pytest.mark.usefixtures("own_bands")


def reachable(world: World) -> Deal:
    made = Deal(world)
    with world.database.write() as db:
        audit.lock_head(db)
        a_channel(db, by=made.officer.actor.person_id, party_id=made.grantee_id)
    return made


deal = staged(reachable)


def told(deal: Deal, kind: str, *, beyond: int = 0) -> list[UUID | None]:
    """Return the persons whom notices of a kind went to, after the first so many; none: a party."""
    found = notices(deal.world.database, kind=kind)[beyond:]
    assert {row.fund_id for row in found} <= {deal.fund_id}
    assert {row.facts for row in found} <= {f'{{"code": "{deal.grant()["code"]}"}}'}
    return [row.person_id for row in found]


def ids(*callers: Caller, party: bool = False) -> set[UUID | None]:
    found: set[UUID | None] = {one.actor.person_id for one in callers}
    return found | ({None} if party else set())


def all_of(found: list[UUID | None], *callers: Caller, party: bool = False) -> bool:
    """Return whether just these are told, each once."""
    return set(found) == ids(*callers, party=party) and len(found) == len(set(found))


def test_an_offer_is_told_to_the_grantee_alone(deal: Deal) -> None:
    deal.prepare()
    assert told(deal, "agreement_to_sign") == []
    deal.done(deal.officer, "offer")
    assert all_of(told(deal, "agreement_to_sign"), deal.grantee, party=True)
    refused = deal.step(deal.officer, "offer")
    assert refused.status_code == 409
    assert len(told(deal, "agreement_to_sign")) == 2, "what is refused is told to nobody"


@pytest.mark.parametrize("way", ["sign", "record_signature"])
def test_what_the_grantee_signed_waits_for_those_who_countersign(deal: Deal, way: str) -> None:
    other = deal.world.as_role(Role.FUND_MANAGER, fund_id=another_fund(deal))
    deal.offered()
    before = len(told(deal, "agreement_to_sign"))
    if way == "sign":
        deal.done(deal.grantee, "sign")
    else:
        deal.done(
            deal.officer, "record_signature", file_id=deal.page(), signing_office="The chair",
            signed_on=deal.grant()["awarded_on"],
        )  # fmt: skip
    found = told(deal, "agreement_to_sign", beyond=before)
    assert all_of(found, deal.manager)
    assert other.actor.person_id not in found
    assert told(deal, "agreement_in_force") == []


def another_fund(deal: Deal) -> UUID:
    with deal.world.database.write() as db:
        audit.lock_head(db)
        return a_fund(db).id


def test_in_force_is_told_to_the_grantee_and_to_who_made_it(deal: Deal) -> None:
    deal.in_force()
    assert all_of(told(deal, "agreement_in_force"), deal.grantee, deal.officer, party=True)
    assert deal.step(deal.manager, "countersign").status_code == 409
    assert len(told(deal, "agreement_in_force")) == 3


@pytest.mark.parametrize("verb", ["decline", "withdraw"])
def test_what_ends_before_it_is_in_force_is_told_no_more(deal: Deal, verb: str) -> None:
    deal.offered()
    before = len(notices(deal.world.database))
    deal.done(deal.grantee if verb == "decline" else deal.officer, verb, **WHY)
    assert len(notices(deal.world.database)) == before


def test_a_decided_amendment_is_told_to_who_asked_and_to_the_grantee(deal: Deal) -> None:
    deal.in_force()
    deal.asked("no_cost_extension", ends_on="2028-03-31")
    deal.approved(deal.manager)
    assert told(deal, "amendment_decided") == [], "one of two approvals decides nothing"
    deal.approved(deal.approver)
    assert all_of(told(deal, "amendment_decided"), deal.officer, deal.grantee, party=True)
    signing = told(deal, "agreement_to_sign")
    assert signing.count(deal.grantee.actor.person_id) == 2, "the amended version is offered"


def test_a_refused_amendment_is_told_of_and_a_withdrawn_one_is_not(deal: Deal) -> None:
    deal.in_force()
    deal.asked("administrative", deal.grantee, title="Homes")
    withdrawn = deal.grantee.post(f"{deal.amendments}/1/withdraw", json=WHY)
    assert withdrawn.status_code == 200, withdrawn.text
    assert told(deal, "amendment_decided") == []
    deal.asked("administrative", deal.grantee, title="Homes")
    rejected = deal.manager.post(f"{deal.amendments}/2/reject", json=WHY)
    assert rejected.status_code == 200, rejected.text
    assert all_of(told(deal, "amendment_decided"), deal.grantee, party=True)


def test_a_suspension_is_told_to_the_grantee_once(deal: Deal) -> None:
    place = f"/v1/grants/{deal.grant_id}"
    assert deal.manager.post(f"{place}/suspend", json=WHY).status_code == 200
    assert deal.manager.post(f"{place}/suspend", json=WHY).status_code == 409
    assert deal.approver.post(f"{place}/resume", json=WHY).status_code == 200
    assert all_of(told(deal, "grant_suspended"), deal.grantee, party=True)
    assert deal.manager.post(f"{place}/suspend", json=WHY).status_code == 200
    assert len(told(deal, "grant_suspended")) == 4, "another suspension is told again"


def test_of_a_grantee_at_risk_nothing_is_said(deal: Deal) -> None:
    with deal.world.database.write() as db:
        audit.lock_head(db)
        db.get_one(Party, deal.grantee_id).is_at_risk = True
    deal.in_force()
    deal.asked("no_cost_extension", ends_on="2027-05-31")
    deal.manager.post(f"{deal.amendments}/1/reject", json=WHY)
    deal.manager.post(f"/v1/grants/{deal.grant_id}/suspend", json=WHY)
    rows: list[Any] = notices(deal.world.database)
    assert {row.kind for row in rows} == {
        "agreement_to_sign", "agreement_in_force", "amendment_decided", "grant_suspended",
    }  # fmt: skip
    assert {(row.facts, row.is_neutral) for row in rows} == {("{}", True)}
    assert ids(deal.manager, deal.officer) < {row.person_id for row in rows}
