"""Policies and risk over HTTP: two persons set them, from a day on, within one's own fund."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from fundops import audit, clock, trail
from fundops.authz import Role
from fundops.errors import Problem
from fundops.grants import risk
from fundops.grants.policy import policy_in_force
from fundops.grants.policy_content import Tier
from fundops.grants.policy_models import FundPolicy
from fundops.grants.risk import tier_of
from fundops.ids import uuid7
from fundops.parties.models import Membership, Party, Token
from fundops.parties.tokens import new_secret, secret_hash
from tests.factories import a_fund
from tests.grants.grant_factories import a_grantee
from tests.staged import staged
from tests.world import Caller, World


class Scene:
    """Two funds, a grantee, and those who set policy."""

    def __init__(self, world: World) -> None:
        self.world = world
        with world.database.write() as db:
            audit.lock_head(db)
            self.fund_id, self.other_id = a_fund(db).id, a_fund(db).id
            self.grantee_id = a_grantee(db).id
        self.manager = world.as_role(Role.FUND_MANAGER)
        self.finance = world.as_role(Role.FINANCE_OFFICER)
        self.approver = world.as_role(Role.APPROVER)
        self.officer = world.as_role(Role.GRANT_OFFICER)
        self.today = clock.today("UTC")

    def in_force(self, on: Any = None) -> dict[str, Any]:
        """Return the policy in force."""
        query = f"?on={on}" if on else ""
        answer = self.officer.get(f"/v1/funds/{self.fund_id}/policy{query}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def body(self, days: int = 0, **over: Any) -> dict[str, Any]:
        """Return the body of a proposal, made from what reading the policy gives."""
        return {
            "fund_id": str(self.fund_id),
            "starts_on": (self.today + timedelta(days=days)).isoformat(),
            "reason": "Decided by the Contact Group.",
            "content": self.in_force()["content"],
        } | over

    def propose(self, days: int = 0, by: Caller | None = None, **over: Any) -> dict[str, Any]:
        """Propose a version and return it."""
        answer = (by or self.finance).post("/v1/policies", json=self.body(days, **over))
        assert answer.status_code == 201, answer.text
        return dict(answer.json())


scene = staged(Scene)


def test_a_fund_without_a_policy_has_the_sample_which_says_so(scene: Scene) -> None:
    found = scene.in_force()
    assert found["is_sample"] is True
    assert found["id"] is None
    assert "sample" in found["notice"]
    assert found["content"]["emergency"]["ceiling"] == {"amount": "20000.00", "currency": "USD"}


def test_two_persons_set_a_policy_from_a_day_on(scene: Scene) -> None:
    content = scene.in_force()["content"]
    content["payments"]["cooling_hours"] = 96
    made = scene.propose(5, content=content)
    assert (made["number"], made["status"]) == (1, "proposed")
    assert scene.in_force(scene.today + timedelta(days=5))["is_sample"]
    approved = scene.approver.post(f"/v1/policies/{made['id']}/approve")
    assert approved.status_code == 200, approved.text
    assert approved.json()["content"] == content
    assert scene.in_force()["is_sample"]
    later = scene.in_force(scene.today + timedelta(days=5))
    assert (later["id"], later["is_sample"], later["notice"]) == (made["id"], False, None)
    assert later["content"]["payments"]["cooling_hours"] == 96
    listed = scene.manager.get(f"/v1/policies?fund_id={scene.fund_id}&status=approved").json()
    assert [one["id"] for one in listed["items"]] == [made["id"]]
    assert scene.officer.get(f"/v1/policies/{made['id']}").json() == approved.json()
    again = scene.approver.post(f"/v1/policies/{made['id']}/approve")
    assert again.json()["type"].endswith("wrong-status")


def test_the_latest_start_counts_and_of_one_day_the_last_proposed(scene: Scene) -> None:
    kept = []
    for days in (3, 1, 3):
        made = scene.propose(days)
        scene.approver.post(f"/v1/policies/{made['id']}/approve")
        kept.append(made["id"])
    page = scene.officer.get("/v1/policies?sort=-number&limit=2").json()
    assert [one["number"] for one in page["items"]] == [3, 2]
    following = f"/v1/policies?sort=-number&cursor={page['next_cursor']}"
    assert [one["id"] for one in scene.officer.get(following).json()["items"]] == kept[:1]
    day = scene.today
    assert scene.in_force(day + timedelta(days=2))["id"] == kept[1]
    assert scene.in_force(day + timedelta(days=3))["id"] == kept[2]
    with scene.world.database.read() as db:
        assert policy_in_force(db, scene.fund_id, day).is_sample
        assert policy_in_force(db, scene.other_id, day + timedelta(days=9)).is_sample


def test_nobody_decides_on_their_own_proposal(scene: Scene) -> None:
    made = scene.propose(by=scene.manager)
    with scene.world.database.write() as db:
        audit.lock_head(db)
        second = _second_token(db, scene.manager)
    for caller in (scene.manager, Caller(scene.world.client, second)):
        for verb, body in (("approve", None), ("refuse", {"reason": "No."})):
            answer = caller.post(f"/v1/policies/{made['id']}/{verb}", json=body)
            assert answer.status_code == 409, answer.text
            assert answer.json()["type"].endswith("same-person")
    refused = scene.approver.post(f"/v1/policies/{made['id']}/refuse", json={"reason": "Too lax."})
    assert refused.json()["status"] == "refused"
    assert scene.in_force()["is_sample"]


def _second_token(db: Any, caller: Caller) -> str:
    secret = new_secret()
    now = clock.now()
    db.add(
        Token(
            id=uuid7(), person_id=caller.actor.person_id, secret_hash=secret_hash(secret),
            label="second", created_at=now, expires_at=now + timedelta(days=1),
        )
    )  # fmt: skip
    return secret


def test_the_database_refuses_one_person_too(scene: Scene) -> None:
    made = scene.propose()
    one_person = {"status": "approved", "decided_by_id": FundPolicy.proposed_by_id}
    statement = update(FundPolicy).where(FundPolicy.id == UUID(made["id"])).values(one_person)

    def write() -> None:
        with scene.world.database.write() as db:
            audit.lock_head(db)
            db.execute(statement)

    with pytest.raises(Problem) as refused:
        write()
    assert refused.value.slug == "same-person"


def test_a_policy_never_reaches_back(scene: Scene) -> None:
    answer = scene.finance.post("/v1/policies", json=scene.body(-1))
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/starts_on"]
    made = scene.propose()
    now = clock.now()
    clock.set_clock(lambda: now + timedelta(days=1, minutes=5))
    try:
        late = scene.approver.post(f"/v1/policies/{made['id']}/approve")
    finally:
        clock.set_clock(None)
    assert (late.status_code, late.json()["type"][-8:]) == (409, "conflict")


def test_who_may_not_propose_or_approve(scene: Scene) -> None:
    made = scene.propose()
    for role in (Role.GRANT_OFFICER, Role.APPROVER, Role.AUDITOR):
        assert scene.world.as_role(role).post("/v1/policies", json={}).status_code == 403
    for caller in (scene.officer, scene.finance):
        assert caller.post(f"/v1/policies/{made['id']}/approve").status_code == 403
    grantee = scene.world.as_role(Role.GRANTEE, party_id=scene.grantee_id)
    assert grantee.get(f"/v1/funds/{scene.fund_id}/policy").status_code == 403


def test_another_funds_policy_does_not_exist(scene: Scene) -> None:
    made = scene.propose()
    elsewhere = scene.world.as_role(Role.FUND_MANAGER, fund_id=scene.other_id)
    place = f"/v1/policies/{made['id']}"
    assert elsewhere.get(place).status_code == 404
    assert elsewhere.post(f"{place}/approve").status_code == 404
    assert elsewhere.get(f"/v1/funds/{scene.fund_id}/policy").status_code == 404
    assert elsewhere.get("/v1/policies").json()["items"] == []
    answer = elsewhere.post("/v1/policies", json=scene.body())
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/fund_id"]


def test_what_is_wrong_is_named_where_it_stands(scene: Scene) -> None:
    content = scene.in_force()["content"]
    content["emergency"]["ceiling"]["currency"] = "EUR"
    answer = scene.finance.post("/v1/policies", json=scene.body(content=content))
    assert [one["pointer"] for one in answer.json()["errors"]] == [
        "/content/emergency/ceiling/currency"
    ]
    content = scene.in_force()["content"]
    content["modalities"][1]["amount_up_to"]["amount"] = "1.001"
    answer = scene.finance.post("/v1/policies", json=scene.body(content=content))
    assert [one["pointer"] for one in answer.json()["errors"]] == [
        "/content/modalities/1/amount_up_to/amount"
    ]
    content = scene.in_force()["content"]
    content["modalities"][2]["tranches"][0]["percent"] = 79
    answer = scene.finance.post("/v1/policies", json=scene.body(content=content))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/content/modalities/2"


def test_a_content_changed_behind_the_back_is_found(scene: Scene) -> None:
    made = scene.propose()
    with scene.world.database.write() as db:
        audit.lock_head(db)
        before = db.get_one(FundPolicy, UUID(made["id"])).content
        db.execute(
            update(FundPolicy).values(content=before.replace('"percent":100', '"percent":99'))
        )
    with scene.world.database.read() as db:
        assert [kind for kind, _ in trail.breaks(db)] == ["fund_policy"]
    with scene.world.database.write() as db:
        audit.lock_head(db)
        db.execute(update(FundPolicy).values(content=before))


def risk_body(scene: Scene, **over: Any) -> dict[str, Any]:
    return {
        "tier": "high",
        "assessed_on": scene.today.isoformat(),
        "valid_until_on": (scene.today + timedelta(days=30)).isoformat(),
        "basis": "An allegation.",
    } | over


def assessed(scene: Scene, tier: Tier, on: date, until: date) -> None:
    """Have a tier recorded as by two persons."""
    with scene.world.database.write() as db:
        audit.lock_head(db)
        party = db.get_one(Party, scene.grantee_id)
        risk.assess(db, scene.manager.actor, party, tier, on, until, "Capacity assessment.")


def test_who_is_not_assessed_counts_as_high_risk_and_it_is_said(scene: Scene) -> None:
    place = f"/v1/parties/{scene.grantee_id}"
    found = scene.officer.get(f"{place}/risk_tier").json()
    assert (found["tier"], found["assessment_id"]) == ("high", None)
    assert "Nobody has assessed" in found["reason"]
    old = scene.today - timedelta(days=400)
    assessed(scene, "low", old, old + timedelta(days=365))
    expired = scene.officer.get(f"{place}/risk_tier").json()
    assert expired["tier"] == "high"
    assert expired["assessment_id"] is not None
    assert "until" in expired["reason"]
    then = scene.officer.get(f"{place}/risk_tier?on={old + timedelta(days=365)}").json()
    assert then["tier"] == "low"
    last = scene.today + timedelta(days=30)
    assessed(scene, "medium", scene.today, last)
    assert scene.officer.get(f"{place}/risk_tier").json()["tier"] == "medium"
    with scene.world.database.read() as db:
        assert tier_of(db, scene.grantee_id, last).tier == "medium"
        assert tier_of(db, scene.grantee_id, last + timedelta(days=1)).tier == "high"
    listed = scene.manager.get(f"{place}/risk_assessments?sort=assessed_on").json()["items"]
    assert [one["tier"] for one in listed] == ["low", "medium"]
    page = scene.manager.get(f"{place}/risk_assessments?sort=assessed_on&limit=1").json()
    assert page["items"] == listed[:1]
    following = f"{place}/risk_assessments?sort=assessed_on&cursor={page['next_cursor']}"
    assert scene.manager.get(following).json()["items"] == listed[1:]


def test_nobody_finds_a_party_less_risky_alone(scene: Scene) -> None:
    """Nor as risky for longer, nor by way of a tier between: what is found alone only warns."""
    place = f"/v1/parties/{scene.grantee_id}/risk_assessments"
    for tier in ("low", "medium"):
        answer = scene.officer.post(place, json=risk_body(scene, tier=tier))
        assert (answer.status_code, "two persons" in answer.json()["detail"]) == (409, True)
    assessed(scene, "low", scene.today, scene.today + timedelta(days=20))
    late = str(scene.today + timedelta(days=21))
    in_time = str(scene.today + timedelta(days=20))
    for tier, until in (("low", in_time), ("medium", late)):
        body = risk_body(scene, tier=tier, valid_until_on=until)
        assert scene.officer.post(place, json=body).status_code == 409, (tier, until)
    warned = scene.officer.post(place, json=risk_body(scene, tier="medium", valid_until_on=in_time))
    assert warned.status_code == 201, warned.text
    back = risk_body(scene, tier="low", valid_until_on=in_time)
    assert scene.finance.post(place, json=back).status_code == 409
    worst = scene.finance.post(place, json=risk_body(scene))
    assert worst.status_code == 201
    found = scene.officer.get(f"/v1/parties/{scene.grantee_id}/risk_tier").json()
    assert (found["tier"], found["assessment_id"]) == ("high", worst.json()["id"])


def test_assessments_that_cannot_be_are_refused(scene: Scene) -> None:
    place = f"/v1/parties/{scene.grantee_id}/risk_assessments"
    tomorrow = scene.today + timedelta(days=2)
    for over, pointer in (
        ({"assessed_on": str(tomorrow), "valid_until_on": str(tomorrow)}, "/assessed_on"),
        ({"valid_until_on": str(scene.today - timedelta(days=1))}, "/valid_until_on"),
        ({"valid_until_on": str(scene.today + timedelta(days=1_462))}, "/valid_until_on"),
        ({"tier": "significant"}, "/tier"),
    ):
        answer = scene.officer.post(place, json=risk_body(scene, **over))
        assert [one["pointer"] for one in answer.json()["errors"]] == [pointer], over
    missing = scene.officer.post(f"/v1/parties/{uuid4()}/risk_assessments", json=risk_body(scene))
    assert missing.status_code == 404
    grantee = scene.world.as_role(Role.GRANTEE, party_id=scene.grantee_id)
    assert grantee.post(place, json=risk_body(scene)).status_code == 403


def test_nobody_assesses_a_party_they_act_for(scene: Scene) -> None:
    with scene.world.database.write() as db:
        audit.lock_head(db)
        now = clock.now()
        db.add(
            Membership(
                id=uuid7(), person_id=scene.officer.actor.person_id, role="grantee",
                party_id=scene.grantee_id, valid_from=now - timedelta(days=9),
                valid_until=now - timedelta(days=2), created_at=now,
            )
        )  # fmt: skip
    answer = scene.officer.post(
        f"/v1/parties/{scene.grantee_id}/risk_assessments", json=risk_body(scene)
    )
    assert answer.json()["type"].endswith("conflict-of-interest")
