"""Who could do what at any past instant, and that later changes never alter the answer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fundops.authz import ROLE_PERMISSIONS, Role
from tests.parties.conftest import Counting, MovingClock
from tests.parties.steps import a_fund_id, a_membership, a_party_id, instant, pointer
from tests.world import Caller, World


def access(caller: Caller, **params: Any) -> list[dict[str, Any]]:
    answer = caller.get("/v1/access", params=params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def gist(items: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Return what must never change about a past instant."""
    return [
        (
            item["person"]["id"],
            item["role"],
            item["is_frozen"],
            item["could_act"],
            tuple(token["id"] for token in item["tokens"]),
        )
        for item in items
    ]


def test_the_answer_for_an_instant_is_what_was_true_then_for_ever(
    world: World, moving_clock: MovingClock
) -> None:
    party = a_party_id(world)
    auditor, administrator = world.as_role(Role.AUDITOR), world.as_role(Role.ADMINISTRATOR)
    donor = world.as_role(Role.DONOR, party_id=party)
    who = {"person_id": str(donor.actor.person_id)}
    instants: list[str] = []
    answers: list[list[tuple[Any, ...]]] = []

    def look() -> dict[str, Any]:
        moving_clock.forward(hours=1)
        instants.append(instant())
        moving_clock.forward(hours=1)
        items = access(auditor, at=instants[-1], **who)
        answers.append(gist(items))
        return items[0] if items else {}

    assert look()["could_act"] is True
    administrator.post(f"/v1/parties/{party}/freeze", json={"reason": "x"})
    frozen = look()
    assert (frozen["is_frozen"], frozen["could_act"], len(frozen["tokens"])) == (True, False, 1)
    for verb in ("request_restore", "restore"):
        caller = world.as_role(Role.FUND_MANAGER)
        assert caller.post(f"/v1/parties/{party}/{verb}", json={"reason": "x"}).status_code == 200
    assert look()["could_act"] is True
    second = donor.post("/v1/tokens", json={"label": "second"}).json()
    assert [token["id"] for token in look()["tokens"]] == [str(donor.actor.token_id), second["id"]]
    revoke = f"/v1/tokens/{donor.actor.token_id}/revoke"
    administrator.post(revoke, json={"reason": "x"})
    without = look()
    assert (without["tokens"], without["could_act"]) == ([], False)
    ended = a_membership(administrator, who["person_id"])["id"]
    administrator.post(f"/v1/memberships/{ended}/end", json={"reason": "x"})
    assert look() == {}
    administrator.post(f"/v1/persons/{who['person_id']}/leave", json={"reason": "x"})
    look()
    again = [gist(access(auditor, at=at, **who)) for at in instants]
    assert again == answers
    assert len({str(answer) for answer in answers}) > 3


def test_each_role_comes_with_its_permissions_fund_and_lender(world: World) -> None:
    fund = a_fund_id(world)
    auditor, lender = world.as_role(Role.AUDITOR), world.as_role(Role.APPROVER, fund_id=fund)
    borrower = world.as_role(Role.GRANT_OFFICER)
    lent = lender.post(
        "/v1/delegations",
        json={
            "membership_id": a_membership(auditor, str(lender.actor.person_id))["id"],
            "person_code": borrower.actor.person_code,
            "valid_until": instant(days=3),
            "reason": "Leave",
        },
    )
    assert lent.status_code == 201, lent.text
    found = {
        item["role"]: item
        for item in access(auditor, person_id=str(borrower.actor.person_id), sort="role")
    }
    assert set(found) == {"approver", "grant_officer"}
    approver = found["approver"]
    assert approver["permissions"] == sorted(ROLE_PERMISSIONS[Role.APPROVER])
    assert approver["fund"]["id"] == str(fund)
    assert approver["delegated_by"]["code"] == lender.actor.person_code
    assert (approver["party"], found["grant_officer"]["delegated_by"]) == (None, None)
    assert approver["valid_until"] == lent.json()["valid_until"]


def test_only_tokens_that_could_use_the_role_are_shown_with_it(world: World) -> None:
    auditor, person = world.as_role(Role.AUDITOR), world.as_role(Role.APPROVER)
    administrator = world.as_role(Role.ADMINISTRATOR)
    who = str(person.actor.person_id)
    administrator.post("/v1/memberships", json={"person_id": who, "role": "grant_officer"})
    narrowed = person.post("/v1/tokens", json={"label": "x", "role": "grant_officer"}).json()["id"]
    shown = {
        item["role"]: {token["id"] for token in item["tokens"]}
        for item in access(auditor, person_id=who)
    }
    wide = str(person.actor.token_id)
    assert shown == {"approver": {wide}, "grant_officer": {wide, narrowed}}
    assert "secret" not in auditor.get("/v1/access").text


def test_the_question_can_be_narrowed_and_the_future_not_asked(world: World) -> None:
    party, fund, other = a_party_id(world), a_fund_id(world), a_fund_id(world)
    auditor = world.as_role(Role.AUDITOR)
    donor = world.as_role(Role.DONOR, party_id=party, fund_id=fund)
    mine = str(donor.actor.person_id)
    assert [item["person"]["id"] for item in access(auditor, party_id=str(party))] == [mine]
    assert [item["person"]["id"] for item in access(auditor, role="donor")] == [mine]
    here = {item["person"]["id"] for item in access(auditor, fund_id=str(fund))}
    there = {item["person"]["id"] for item in access(auditor, fund_id=str(other))}
    assert here - there == {mine}
    assert access(auditor, at="2020-01-01T00:00:00Z") == []
    for at in (instant(hours=1), "2026-01-01", "2026-01-01T00:00:00", "x"):
        assert pointer(auditor.get("/v1/access", params={"at": at})) == "query/at"


def test_a_protected_partys_persons_are_shown_under_its_label(world: World) -> None:
    party = a_party_id(world, name="Real name", public_label="Hidden", is_at_risk=True)
    world.as_role(Role.GRANTEE, party_id=party)
    for role, name in ((Role.ADMINISTRATOR, "Hidden"), (Role.AUDITOR, "Real name")):
        (item,) = access(world.as_role(role), party_id=str(party))
        assert item["party"] == {"id": str(party), "name": name}


def test_a_reader_of_one_fund_sees_the_roles_that_reach_into_it(world: World) -> None:
    here, there = a_fund_id(world), a_fund_id(world)
    reader = world.as_role(Role.AUDITOR, fund_id=here)
    near = world.as_role(Role.APPROVER, fund_id=here)
    wide = world.as_role(Role.APPROVER)
    far = world.as_role(Role.APPROVER, fund_id=there)
    seen = {UUID(item["person"]["id"]) for item in access(reader)}
    assert seen == {one.actor.person_id for one in (reader, near, wide)}
    assert access(reader, person_id=str(far.actor.person_id)) == []


def test_pages_of_access_cost_the_same_however_full(world: World, statements: Counting) -> None:
    auditor = world.as_role(Role.AUDITOR)
    counts = []
    for _ in range(2):
        for _ in range(3):
            world.as_role(Role.APPROVER)
        with statements() as seen:
            first = auditor.get("/v1/access?limit=200&sort=person")
        counts.append(len(seen))
        assert first.status_code == 200
    assert counts[0] == counts[1]
    page = auditor.get("/v1/access?limit=4&sort=-valid_from").json()
    rest = auditor.get(f"/v1/access?limit=4&sort=-valid_from&cursor={page['next_cursor']}").json()
    ids = [item["membership_id"] for item in page["items"] + rest["items"]]
    assert len(set(ids)) == len(ids) == 7


def test_roles_and_me_say_what_is_allowed(world: World) -> None:
    fund, party = a_fund_id(world), a_party_id(world, name="Own name", is_at_risk=True)
    grantee = world.as_role(Role.GRANTEE, party_id=party, fund_id=fund)
    me = grantee.get("/v1/me").json()
    assert me["person"]["code"] == grantee.actor.person_code
    assert me["token"]["id"] == str(grantee.actor.token_id)
    (role,) = me["roles"]
    assert role["party"] == {"id": str(party), "name": "Own name"}
    assert role["fund"]["id"] == str(fund)
    assert role["permissions"] == sorted(ROLE_PERMISSIONS[Role.GRANTEE])
    table = {row["role"]: row for row in grantee.get("/v1/roles").json()["roles"]}
    assert set(table) == {role.value for role in Role}
    assert [row for row in table if table[row]["is_for_party"]] == ["donor", "grantee"]
    assert table["grantee"]["permissions"] == role["permissions"]


def test_who_reads_access(world: World) -> None:
    party = a_party_id(world)
    for role in Role:
        over = {"party_id": party} if role in (Role.DONOR, Role.GRANTEE) else {}
        status = world.as_role(role, **over).get("/v1/access").status_code
        may = role in (Role.ADMINISTRATOR, Role.FUND_MANAGER, Role.AUDITOR)
        assert (role, status) == (role, 200 if may else 403)
