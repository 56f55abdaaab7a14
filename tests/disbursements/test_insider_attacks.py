"""What somebody in finance tries who wants to pay alone, twice, or unseen: each is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from fundops import audit, clock
from fundops.authz import Role
from fundops.disbursements.models import Disbursement
from fundops.grants.models import Tranche
from fundops.ids import uuid7
from tests.disbursements.conftest import PAID, Desk, give_role, money
from tests.disbursements.test_duties_http import propose, until
from tests.world import Caller


def kind(answer: Any) -> str:
    """Return which problem an answer is."""
    assert answer.status_code >= 400, answer.text
    return str(answer.json()["type"]).removeprefix("urn:fundops:problem:")


def uuid_of(place: str) -> UUID:
    return UUID(place.rsplit("/", 1)[1])


def small_office(desk: Desk) -> None:
    made = propose(desk).json()
    answer = desk.approver.post(f"/v1/duty_profiles/{made['id']}/approve", json={})
    assert answer.status_code == 200, answer.text


def overdue(desk: Desk, place: str) -> None:
    with desk.world.database.write() as db:
        audit.lock_head(db)
        db.get_one(Disbursement, uuid_of(place)).review_due_on = clock.today("UTC") - timedelta(1)


def by_three(desk: Desk, both: Caller, *verbs: str) -> str:
    """Return the place of a payment that one person asks for and certifies."""
    place = desk.ask(caller=both)
    for verb in verbs:
        answer = desk.step(place, verb, both if verb == "certify" else None)
        assert answer.status_code == 200, answer.text
    return place


def a_puppet(desk: Desk, master: Caller, role: Role, way: str) -> Caller:
    """Return somebody behind whom ``master`` stands."""
    if way == "second record":
        return desk.second_record(master, role)
    if way == "lent role":
        puppet = desk.world.as_role(Role.AUDITOR)
        with desk.world.database.write() as db:
            audit.lock_head(db)
            own = give_role(db, master.actor.person_id, role)
            give_role(
                db, puppet.actor.person_id, role, delegated_by_id=master.actor.person_id,
                lent_membership_id=own.id, valid_until=clock.now() + timedelta(days=1),
            )  # fmt: skip
        return puppet
    with desk.world.database.write() as db:
        audit.lock_head(db)
        give_role(db, master.actor.person_id, Role.ADMINISTRATOR)
    made = master.post("/v1/persons", json={"name": "Somebody else"}).json()
    given = {"person_id": made["id"], "role": role.value, "reason": "New colleague"}
    assert master.post("/v1/memberships", json=given).status_code == 201
    token = master.post("/v1/tokens", json={"person_id": made["id"], "label": "first"})
    return Caller(desk.world.client, token.json()["secret"])


WAYS = ["second record", "lent role", "token"]


def test_ease_that_ended_does_not_serve_what_was_certified_before(desk: Desk) -> None:
    """Four persons while a review is overdue: for payments that are under way as well."""
    small_office(desk)
    both = desk.world.as_role(Role.FINANCE_OFFICER)
    first = by_three(desk, both, "certify", "approve", "pay")
    to_approve = by_three(desk, both, "certify")
    to_pay = by_three(desk, both, "certify", "approve")
    overdue(desk, first)
    assert kind(desk.step(to_approve, "approve")) == "same-person"
    assert kind(desk.step(to_pay, "pay")) == "same-person"


def test_a_payment_on_its_way_keeps_its_review(desk: Desk) -> None:
    """What was released with three persons is reviewed, whatever holds when the bank answers."""
    small_office(desk)
    both = desk.world.as_role(Role.FINANCE_OFFICER)
    first = by_three(desk, both, "certify", "approve", "pay")
    sent = by_three(desk, both, "certify", "approve")
    assert desk.signatory.post(f"{sent}/release").status_code == 200
    overdue(desk, first)
    paid = desk.finance.post(f"{sent}/record_paid", json=PAID)
    assert paid.status_code == 200, paid.text
    assert paid.json()["review_due_on"] is not None


def test_who_placed_a_hold_does_not_lift_it_by_another_hand(desk: Desk) -> None:
    placed = desk.finance.post(f"/v1/grants/{desk.grant_id}/hold", json={"reason": "A complaint"})
    lift = f"/v1/payment_holds/{placed.json()['id']}/lift"
    for way in WAYS:
        puppet = a_puppet(desk, desk.finance, Role.FINANCE_OFFICER, way)
        assert kind(puppet.post(lift, json={"reason": "Mine"})) == "same-person", way


def test_who_looked_does_not_resolve_by_another_hand(desk: Desk) -> None:
    given = {"checked_on": "2026-06-01", "lists": "UN", "names": "All", "has_hits": True}
    hit = desk.finance.post(f"/v1/parties/{desk.grantee_id}/sanctions_checks", json=given)
    assert hit.status_code == 201, hit.text
    resolve = f"/v1/sanctions_checks/{hit.json()['id']}/resolve"
    for way in WAYS:
        puppet = a_puppet(desk, desk.finance, Role.FINANCE_OFFICER, way)
        answer = puppet.post(resolve, json={"outcome": "false_match", "reason": "Another"})
        assert kind(answer) == "same-person", way


def test_a_duty_profile_is_not_approved_by_another_hand(desk: Desk) -> None:
    made = propose(desk).json()
    for way in WAYS:
        puppet = a_puppet(desk, desk.finance, Role.APPROVER, way)
        answer = puppet.post(f"/v1/duty_profiles/{made['id']}/approve", json={})
        assert kind(answer) == "same-person", way


def test_nor_by_who_made_the_token_that_proposed_it(desk: Desk) -> None:
    puppet = a_puppet(desk, desk.manager, Role.FINANCE_OFFICER, "token")
    made = puppet.post(
        f"/v1/funds/{desk.fund_id}/duty_profiles",
        json={"starts_on": clock.today("UTC").isoformat(), "bands": [{}], "reason": "Four"},
    )
    assert made.status_code == 201, made.text
    answer = desk.manager.post(f"/v1/duty_profiles/{made.json()['id']}/approve", json={})
    assert kind(answer) == "same-person"


def test_nobody_ends_a_limit_of_ones_own_by_another_hand(desk: Desk) -> None:
    given = {
        "person_code": desk.approver.actor.person_code, "duty": "approve",
        "limit": money("9.99"), "starts_on": "2026-01-01", "reason": "New in the post",
    }  # fmt: skip
    made = desk.finance.post(f"/v1/funds/{desk.fund_id}/person_limits", json=given).json()
    limit = f"/v1/person_limits/{made['id']}"
    assert desk.manager.post(f"{limit}/approve", json={}).status_code == 200
    for way in WAYS:
        puppet = a_puppet(desk, desk.approver, Role.APPROVER, way)
        assert kind(puppet.post(f"{limit}/end", json={})) == "same-person", way


def test_the_payer_from_outside_has_no_hand_of_the_office_behind(desk: Desk) -> None:
    small_office(desk)
    both = desk.world.as_role(Role.FINANCE_OFFICER)
    place = by_three(desk, both, "certify", "approve")
    insider = desk.manager
    puppet = desk.world.as_role(Role.AUDITOR)
    with desk.world.database.write() as db:
        audit.lock_head(db)
        own = give_role(db, insider.actor.person_id, Role.SIGNATORY)
        give_role(
            db, puppet.actor.person_id, Role.SIGNATORY, lent_membership_id=own.id,
            delegated_by_id=insider.actor.person_id, valid_until=clock.now() + timedelta(days=1),
        )  # fmt: skip
    assert kind(desk.step(place, "pay", puppet)) == "not-allowed"


def test_an_interest_of_another_record_keeps_a_duty_away(desk: Desk) -> None:
    second = desk.second_record(desk.approver, Role.AUDITOR)
    with desk.world.database.write() as db:
        audit.lock_head(db)
        give_role(db, second.actor.person_id, Role.GRANTEE, party_id=desk.grantee_id)
    assert kind(until(desk, "approve", {})) == "conflict-of-interest"


def test_a_payment_asked_before_the_tranches_does_not_pass_them_by(desk: Desk) -> None:
    place = desk.approved()
    with desk.world.database.write() as db:
        audit.lock_head(db)
        db.add(
            Tranche(id=uuid7(), grant_id=desk.grant_id, number=1, due_on=None,
                amount_minor=50_000, created_at=clock.now())
        )  # fmt: skip
    assert kind(desk.step(place, "pay")) == "payment-kept-back"


def test_records_joined_between_two_duties_stop_the_money(desk: Desk) -> None:
    place = desk.approved()
    joined = desk.world.as_role(Role.ADMINISTRATOR).post(
        f"/v1/persons/{desk.finance.actor.person_id}/same_as",
        json={"same_as_code": desk.approver.actor.person_code, "reason": "Registered twice"},
    )
    assert joined.status_code == 201, joined.text
    assert kind(desk.step(place, "pay")) == "same-person"
