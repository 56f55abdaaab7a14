"""No one person pays: every pair of duties, whatever tokens, roles or records are used."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import combinations
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from fundops import audit, clock
from fundops.authz import Role
from fundops.disbursements import acting
from fundops.disbursements.duties import DUTIES, FOUR, SMALL_OFFICE, Band, Profile, same_hands
from fundops.disbursements.models import Disbursement
from fundops.errors import Problem
from fundops.grants.models import Grant
from fundops.ids import uuid7
from fundops.parties import hands
from fundops.parties.models import Membership
from tests.disbursements.conftest import Desk, give_role, money
from tests.factories import a_fund
from tests.world import Caller

ROLE_OF = {
    "request": Role.GRANT_OFFICER, "certify": Role.FINANCE_OFFICER, "approve": Role.APPROVER,
    "pay": Role.SIGNATORY,
}  # fmt: skip
PAIRS = list(combinations(DUTIES, 2))


def test_a_payment_takes_four_persons(desk: Desk) -> None:
    place = desk.paid("12.50")
    read = desk.finance.get(place).json()
    assert (read["status"], read["amount"]) == ("paid", money("12.50"))
    hands = [read[f"{name}_by_id"] for name in ("requested", "certified", "approved", "sent")]
    assert len(set(hands)) == 4
    state = desk.finance.get(f"{place}/state").json()
    assert [one["action"] for one in state["steps"]] == ["request", "certify", "approve", "pay"]
    with desk.world.database.read() as db:
        grant = db.get_one(Grant, desk.grant_id)
        assert (grant.paid_minor, grant.requested_minor) == (1_250, 0)


def until(desk: Desk, last: str, by: dict[str, Caller]) -> Any:
    """Take every step up to ``last`` by the callers of ``by``, others by their own; the answer."""
    place = desk.ask(caller=by.get("request"))
    answer: Any = None
    for verb in DUTIES[1:]:
        answer = desk.step(place, verb, by.get(verb))
        if verb == last:
            break
        assert answer.status_code == 200, answer.text
    return answer


Partner = Callable[[str, str], tuple[Caller, Caller]]
"""Who takes two duties: told which, returns who tries them, who is in truth one person."""


def no_pair(desk: Desk, partner: Partner) -> None:
    """Try every pair of duties; between what is refused, others take the steps of their own."""
    tried = []
    for first in DUTIES[:-1]:
        for second in DUTIES[DUTIES.index(first) + 1 :]:
            one, other = partner(first, second)
            answer = until(desk, second, {first: one, second: other})
            assert answer.status_code == 409, answer.text
            assert answer.json()["type"].endswith("same-person")
            tried.append((first, second))
    assert tried == PAIRS


@pytest.mark.parametrize("way", ["same token", "second token"])
def test_no_pair_of_duties_by_one_person(desk: Desk, way: str) -> None:
    one = desk.everything()
    other = one if way == "same token" else desk.second_token(one)
    no_pair(desk, lambda _first, _second: (one, other))


def test_no_pair_of_duties_by_a_second_record(desk: Desk) -> None:
    def two_records(first: str, second: str) -> tuple[Caller, Caller]:
        one = desk.world.as_role(ROLE_OF[first])
        return one, desk.second_record(one, ROLE_OF[second])

    no_pair(desk, two_records)


def test_no_pair_of_duties_through_a_lent_role(desk: Desk) -> None:
    lender = desk.everything()

    def lent(_first: str, second: str) -> tuple[Caller, Caller]:
        borrower = desk.world.as_role(Role.AUDITOR)
        with desk.world.database.write() as db:
            audit.lock_head(db)
            own = db.execute(
                select(Membership.id).where(
                    Membership.person_id == lender.actor.person_id,
                    Membership.role == ROLE_OF[second].value,
                )
            ).scalar_one()
            give_role(
                db, borrower.actor.person_id, ROLE_OF[second],
                delegated_by_id=lender.actor.person_id, lent_membership_id=own,
                valid_until=clock.now() + timedelta(days=1),
            )  # fmt: skip
        return lender, borrower

    no_pair(desk, lent)


def test_a_lent_role_serves_where_the_lender_has_no_part(desk: Desk) -> None:
    lender, borrower = desk.approver, desk.world.as_role(Role.AUDITOR)
    with desk.world.database.read() as db:
        own = db.execute(
            select(Membership.id).where(Membership.person_id == lender.actor.person_id)
        ).scalar_one()
    lent = lender.post(
        "/v1/delegations",
        json={
            "membership_id": str(own),
            "person_code": borrower.actor.person_code,
            "valid_until": (clock.now() + timedelta(days=2)).isoformat(),
            "reason": "Leave",
        },
    )
    assert lent.status_code == 201, lent.text
    answer = until(desk, "approve", {"approve": borrower})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("whose", ["made for another", "renewed by it"])
def test_no_pair_of_duties_with_a_token_made_for_another(desk: Desk, whose: str) -> None:
    """Who issues tokens could keep one: a token of another's making is in that other's hands."""
    insider = desk.everything()
    with desk.world.database.write() as db:
        audit.lock_head(db)
        give_role(db, insider.actor.person_id, Role.ADMINISTRATOR)

    def puppets(_first: str, second: str) -> tuple[Caller, Caller]:
        made = insider.post("/v1/persons", json={"name": "Somebody else"}).json()
        given = insider.post(
            "/v1/memberships", json={"person_id": made["id"], "role": ROLE_OF[second].value,
                                     "reason": "New colleague"},
        )  # fmt: skip
        assert given.status_code == 201, given.text
        token = insider.post("/v1/tokens", json={"person_id": made["id"], "label": "first"})
        assert token.status_code == 201, token.text
        puppet = Caller(desk.world.client, token.json()["secret"])
        if whose == "made for another":
            return insider, puppet
        renewed = puppet.post("/v1/tokens", json={"label": "own"})
        return insider, Caller(desk.world.client, renewed.json()["secret"])

    no_pair(desk, puppets)


def test_the_rule_of_hands_would_be_missed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """With hands that tell only the record, a second record pays: the tests above would fail."""
    one = desk.world.as_role(Role.GRANT_OFFICER)
    other = desk.second_record(one, Role.FINANCE_OFFICER)
    monkeypatch.setattr(hands, "records_of", lambda _db, ids: frozenset(ids))
    monkeypatch.setattr(acting, "records_of", lambda _db, ids: frozenset(ids))
    assert until(desk, "certify", {"request": one, "certify": other}).status_code == 200


def test_the_database_refuses_one_person_too(desk: Desk) -> None:
    place = desk.approved()
    for column, other in (("sent_by_id", "approved_by_id"), ("certified_by_id", "approved_by_id")):
        with pytest.raises(Problem) as refused:
            put_the_same(desk, place, column, other)
        assert refused.value.slug == "same-person"


def put_the_same(desk: Desk, place: str, column: str, other: str) -> None:
    """Write one person into two duties, past every service."""
    with desk.world.database.write() as db:
        audit.lock_head(db)
        found = db.get_one(Disbursement, uuid_of(place))
        setattr(found, column, getattr(found, other))
        db.flush()


def uuid_of(place: str) -> UUID:
    return UUID(place.rsplit("/", 1)[1])


def test_a_profile_below_the_floor_cannot_be_said() -> None:
    for given in (
        {"one_requests_and_certifies": True},
        {"one_requests_and_certifies": True, "payer_is_outside": True},
        {"one_requests_and_certifies": True, "review_days": 5},
    ):
        with pytest.raises(ValueError, match="outside"):
            Band.model_validate(given)
    with pytest.raises(ValueError, match="last"):
        Profile(bands=(Band(up_to_minor=5),))
    with pytest.raises(ValueError, match="rise"):
        Profile(bands=(Band(up_to_minor=5), Band(up_to_minor=5), Band()))


def test_the_engine_says_which_hands_meet() -> None:
    a, b, c = (frozenset({uuid7()}) for _ in range(3))
    four, small = FOUR.band(1), SMALL_OFFICE.band(1)
    assert same_hands(four, {"request": a}, "certify", a) == "request"
    assert same_hands(small, {"request": a}, "certify", a) is None
    assert same_hands(small, {"request": a, "certify": a}, "approve", a) == "request"
    assert same_hands(small, {"request": a, "certify": a, "approve": b}, "pay", b | c) == "approve"
    assert same_hands(four, {"request": a, "certify": b}, "approve", c) is None


def propose(desk: Desk, **over: Any) -> Any:
    body = {
        "starts_on": clock.today("UTC").isoformat(),
        "bands": [
            {"up_to": money("50.00"), "one_requests_and_certifies": True,
             "payer_is_outside": True, "review_days": 5},
            {},
        ],
        "reason": "Three of us",
    } | over  # fmt: skip
    return desk.finance.post(f"/v1/funds/{desk.fund_id}/duty_profiles", json=body)


def test_a_small_office_pays_with_three_and_a_review(desk: Desk) -> None:
    made = propose(desk)
    assert made.status_code == 201, made.text
    profile = f"/v1/duty_profiles/{made.json()['id']}"
    both = desk.world.as_role(Role.FINANCE_OFFICER)
    refused = until(desk, "certify", {"request": both, "certify": both})
    assert refused.status_code == 409, "a proposed profile counts for nothing"
    assert desk.approver.post(f"{profile}/approve", json={}).status_code == 200
    place = desk.ask(caller=both)
    assert desk.step(place, "certify", both).status_code == 200
    assert desk.step(place, "approve").status_code == 200
    insider = desk.everything()
    inside = desk.step(place, "pay", insider)
    assert (inside.status_code, inside.json()["type"][-11:]) == (403, "not-allowed"), inside.text
    paid = desk.step(place, "pay")
    assert paid.status_code == 200, paid.text
    assert paid.json()["review_due_on"] is not None
    large = desk.ask("50.01", caller=both)
    assert desk.step(large, "certify", both).status_code == 409
    refused = desk.signatory.post(f"{place}/review", json={"note": "Looked at it"})
    assert refused.json()["type"].endswith("same-person")
    auditor = desk.world.as_role(Role.AUDITOR)
    reviewed = auditor.post(f"{place}/review", json={"note": "Voucher and bank advice agree"})
    assert reviewed.status_code == 200, reviewed.text
    again = auditor.post(f"{place}/review", json={"note": "Again"})
    assert again.json()["type"].endswith("wrong-status")


def test_an_overdue_review_takes_the_small_office_s_ease_away(desk: Desk) -> None:
    made = propose(desk).json()
    assert desk.approver.post(f"/v1/duty_profiles/{made['id']}/approve", json={}).status_code == 200
    both = desk.world.as_role(Role.FINANCE_OFFICER)
    place = desk.ask(caller=both)
    for verb in ("certify", "approve", "pay"):
        answer = desk.step(place, verb, both if verb == "certify" else None)
        assert answer.status_code == 200, answer.text
    with desk.world.database.write() as db:
        audit.lock_head(db)
        db.get_one(Disbursement, uuid_of(place)).review_due_on = clock.today("UTC") - timedelta(1)
    second = desk.ask(caller=both)
    assert desk.step(second, "certify", both).json()["type"].endswith("same-person")
    assert desk.step(second, "certify").status_code == 200


def test_a_profile_takes_two_persons_and_no_past(desk: Desk) -> None:
    past = propose(desk, starts_on="2026-01-01")
    assert [one["pointer"] for one in past.json()["errors"]] == ["/starts_on"]
    below = propose(desk, bands=[{"one_requests_and_certifies": True}])
    assert [one["pointer"] for one in below.json()["errors"]] == ["/bands/0"]
    open_end = propose(desk, bands=[{"up_to": money("1.00")}])
    assert [one["pointer"] for one in open_end.json()["errors"]] == ["/bands/0/up_to"]
    made = desk.manager.post(
        f"/v1/funds/{desk.fund_id}/duty_profiles",
        json={"starts_on": clock.today("UTC").isoformat(), "bands": [{}], "reason": "Four"},
    ).json()
    own = desk.manager.post(f"/v1/duty_profiles/{made['id']}/approve", json={})
    assert own.json()["type"].endswith("same-person")
    other = desk.world.as_role(Role.APPROVER, fund_id=another_fund(desk))
    assert other.post(f"/v1/duty_profiles/{made['id']}/approve", json={}).status_code == 404
    assert desk.approver.post(f"/v1/duty_profiles/{made['id']}/refuse", json={}).status_code == 200


def another_fund(desk: Desk) -> UUID:
    with desk.world.database.write() as db:
        audit.lock_head(db)
        return a_fund(db).id


def test_limits_bind_the_lender_and_the_borrower(desk: Desk) -> None:
    given = {
        "person_code": desk.approver.actor.person_code, "duty": "approve",
        "limit": money("9.99"), "starts_on": "2026-01-01", "reason": "New in the post",
    }  # fmt: skip
    made = desk.finance.post(f"/v1/funds/{desk.fund_id}/person_limits", json=given)
    assert made.status_code == 201, made.text
    limit = f"/v1/person_limits/{made.json()['id']}"
    own = desk.approver.post(f"{limit}/approve", json={})
    assert own.json()["type"].endswith("same-person"), "nobody decides a limit of one's own"
    assert desk.manager.post(f"{limit}/approve", json={}).status_code == 200
    refused = until(desk, "approve", {})
    assert refused.json()["type"].endswith("over-limit")
    assert "9.99" in refused.json()["detail"]
    assert desk.manager.post(f"{limit}/end", json={}).status_code == 200
    assert until(desk, "approve", {}).status_code == 200


def test_an_interest_keeps_every_duty_away(desk: Desk) -> None:
    for duty in DUTIES:
        caller = desk.world.as_role(ROLE_OF[duty])
        with desk.world.database.write() as db:
            audit.lock_head(db)
            give_role(
                db, caller.actor.person_id, Role.GRANTEE, party_id=desk.grantee_id,
                valid_until=clock.now() - timedelta(hours=1),
            )  # fmt: skip
        if duty == "request":
            answer = caller.post(
                f"/v1/grants/{desk.grant_id}/disbursements", json={"amount": money("1.00")}
            )
        else:
            answer = until(desk, duty, {duty: caller})
        assert answer.json()["type"].endswith("conflict-of-interest"), duty
