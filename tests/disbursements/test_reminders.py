"""Reminders of payments: confirmations of grantees, and reviews after the fact."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from fundops import audit, clock
from fundops.authz import Role
from fundops.disbursements.models import Disbursement
from fundops.disbursements.reminders import TO_REVIEW, run
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from fundops.parties.models import Membership, Party
from fundops.planning.payment_rules import disbursements_unconfirmed
from tests.disbursements.conftest import Desk, give_role, money
from tests.factories import a_lot, a_person
from tests.grants.grant_factories import a_desk, a_grant, a_payment
from tests.notices.notice_factories import a_channel, notices
from tests.parties.conftest import Counting, MovingClock, moving_clock, statements
from tests.world import Caller

__all__ = ["moving_clock", "statements"]

CONFIRM, REVIEW = "disbursement_confirm_reminder", "review_after_due"


def done(desk: Desk) -> tuple[int, int]:
    """Run the job; return of how many payments confirmations and reviews were asked for."""
    counts = run(desk.world.database, desk.world.database.settings)
    return counts["to confirm"], counts["to review"]


def told(desk: Desk, kind: str) -> list[Any]:
    return notices(desk.world.database, kind=kind)


def its_id(place: str) -> UUID:
    return UUID(place.rsplit("/", 1)[1])


def acting_for_the_grantee(desk: Desk) -> list[UUID]:
    query = select(Membership.person_id).where(Membership.party_id == desk.grantee_id)
    with desk.world.database.read() as db:
        found = sorted(db.execute(query).scalars())
    assert desk.grantee.actor.person_id in found
    return found


def paid_today(desk: Desk) -> str:
    """Return a disbursement that was paid today."""
    place = desk.approved()
    given: dict[str, Any] = {
        "paid_on": clock.today("UTC").isoformat(), "evidence_kind": "bank_advice",
        "evidence_note": "Debit advice 7",
    }  # fmt: skip
    answer = desk.step(place, "pay", **given)
    assert answer.status_code == 200, answer.text
    return place


def confirm(desk: Desk, place: str) -> None:
    given = {"received_on": clock.today("UTC").isoformat(), "received": money("10.00")}
    answer = desk.grantee.post(f"{place}/confirm", json=given)
    assert answer.status_code == 200, answer.text


def listed(desk: Desk) -> int:
    """Return how many unconfirmed payments the list of what waits has."""
    with desk.world.database.read() as db:
        fund = db.get_one(Fund, desk.fund_id)
        return len(disbursements_unconfirmed(db, fund, clock.today(fund.zone)))


def test_a_grantee_is_asked_to_confirm_once_the_time_is_over_and_weekly(
    desk: Desk, moving_clock: MovingClock
) -> None:
    place = paid_today(desk)
    for _ in range(3):
        moving_clock.forward(days=10)
        assert (done(desk), listed(desk)) == ((0, 0), 0)
    moving_clock.forward(days=1)
    assert (done(desk), listed(desk)) == ((1, 0), 1), "as soon as the list flags it"
    assert done(desk) == (0, 0)
    rows = told(desk, CONFIRM)
    assert sorted(row.person_id for row in rows) == acting_for_the_grantee(desk)
    assert {(row.about_type, row.about_id) for row in rows} == {("disbursement", its_id(place))}
    with desk.world.database.read() as db:
        code = db.get_one(Disbursement, its_id(place)).code
        on = db.get_one(Disbursement, its_id(place)).paid_on
    assert {row.facts for row in rows} == {f'{{"code": "{code}", "on": "{on}"}}'}
    moving_clock.forward(days=6.9)
    assert done(desk) == (0, 0)
    moving_clock.forward(days=0.2)
    assert done(desk) == (1, 0)


def test_who_has_confirmed_is_asked_no_more(desk: Desk, moving_clock: MovingClock) -> None:
    first, _second = paid_today(desk), paid_today(desk)
    confirm(desk, first)
    moving_clock.forward(days=31)
    assert (done(desk), listed(desk)) == ((1, 0), 1)


@pytest.mark.parametrize(("status", "count"), [("closed", 0), ("terminated", 0), ("suspended", 1)])
def test_of_grants_that_have_ended_nobody_is_asked_to_confirm(
    desk: Desk, moving_clock: MovingClock, status: str, count: int
) -> None:
    paid_today(desk)
    moving_clock.forward(days=31)
    set_status(desk, status)
    assert (done(desk), listed(desk)) == ((count, 0), count)
    set_status(desk, "awarded")


def set_status(desk: Desk, status: str) -> None:
    """Let a grant stand so, past every service."""
    with desk.world.database.write() as db:
        audit.lock_head(db)
        db.get_one(Grant, desk.grant_id).status = status


def small_office(desk: Desk) -> Caller:
    """Let one person ask for and certify small payments; return one."""
    made = desk.finance.post(
        f"/v1/funds/{desk.fund_id}/duty_profiles",
        json={
            "starts_on": clock.today("UTC").isoformat(), "reason": "Three of us",
            "bands": [
                {"up_to": money("50.00"), "one_requests_and_certifies": True,
                 "payer_is_outside": True, "review_days": 5},
                {},
            ],
        },
    )  # fmt: skip
    assert made.status_code == 201, made.text
    approved = desk.approver.post(f"/v1/duty_profiles/{made.json()['id']}/approve", json={})
    assert approved.status_code == 200, approved.text
    return desk.world.as_role(Role.FINANCE_OFFICER)


def to_review(desk: Desk) -> str:
    """Return a payment that one person asked for and certified."""
    both = small_office(desk)
    place = desk.ask(caller=both)
    for verb in ("certify", "approve", "pay"):
        answer = desk.step(place, verb, both if verb == "certify" else None)
        assert answer.status_code == 200, answer.text
    return place


def test_whoever_may_review_is_told_when_a_review_is_due(
    desk: Desk, moving_clock: MovingClock
) -> None:
    auditor = desk.world.as_role(Role.AUDITOR)
    member = desk.world.as_role(Role.BOARD_MEMBER, fund_id=desk.fund_id)
    interested = desk.world.as_role(Role.AUDITOR)
    with desk.world.database.write() as db:
        audit.lock_head(db)
        give_role(
            db, interested.actor.person_id, Role.GRANTEE, party_id=desk.grantee_id
        )  # fmt: skip
    place = to_review(desk)
    moving_clock.forward(days=4)
    assert done(desk)[1] == 0
    moving_clock.forward(days=1)
    assert done(desk)[1] == 1
    rows = told(desk, REVIEW)
    # The signatory released it and cannot review it; the finance officer has another role.
    assert {row.person_id for row in rows} == {auditor.actor.person_id, member.actor.person_id}
    assert {(row.about_id, row.fund_id) for row in rows} == {(its_id(place), desk.fund_id)}
    assert done(desk)[1] == 0
    moving_clock.forward(days=7.1)
    assert done(desk)[1] == 1, "overdue, it is told again"
    reviewed = auditor.post(f"{place}/review", json={"note": "Voucher and advice agree"})
    assert reviewed.status_code == 200, reviewed.text
    moving_clock.forward(days=8)
    assert done(desk)[1] == 0


def test_a_review_is_due_of_a_grant_that_has_ended_as_well(
    desk: Desk, moving_clock: MovingClock
) -> None:
    desk.world.as_role(Role.AUDITOR)
    to_review(desk)
    set_status(desk, "closed")
    moving_clock.forward(days=6)
    assert done(desk) == (0, 1)
    set_status(desk, "awarded")


def test_reviewing_is_for_those_outside_the_office() -> None:
    assert set(TO_REVIEW.roles) == {Role.AUDITOR, Role.BOARD_MEMBER, Role.SIGNATORY}


def test_of_a_grantee_at_risk_nothing_is_said(desk: Desk, moving_clock: MovingClock) -> None:
    desk.world.as_role(Role.AUDITOR)
    to_review(desk)
    paid_today(desk)
    with desk.world.database.write() as db:
        audit.lock_head(db)
        db.get_one(Party, desk.grantee_id).is_at_risk = True
    before = {row.id for row in notices(desk.world.database)}
    moving_clock.forward(days=40)
    asked, reviews = done(desk)
    assert asked >= 1
    assert reviews == 1
    rows = [row for row in notices(desk.world.database) if row.id not in before]
    assert {row.kind for row in rows} == {CONFIRM, REVIEW}
    assert {(row.facts, row.is_neutral) for row in rows} == {("{}", True)}


def test_many_take_as_many_statements_as_one(
    desk: Desk, moving_clock: MovingClock, statements: Counting
) -> None:
    done(desk)
    auditor = desk.world.as_role(Role.AUDITOR)
    with desk.world.database.write() as db:
        audit.lock_head(db)
        a_channel(db, by=auditor.actor.person_id, person_id=auditor.actor.person_id)
    to_review(desk)
    moving_clock.forward(days=40)
    with statements() as few:
        assert done(desk) == (1, 1)
    with desk.world.database.write() as db:
        audit.lock_head(db)
        fund, people = desk.fund(db), a_desk(db)
        a_lot(db, fund, 1_000_00)
        for _ in range(3):
            grant = a_grant(db, fund, 100_00)
            a_person(db, Role.GRANTEE, party_id=grant.grantee_id)
            paid = a_payment(db, people, fund, grant, 100_00)
            paid.review_due_on = clock.today("UTC")
    moving_clock.forward(days=31)
    with statements() as many:
        assert done(desk) == (4, 4)
    assert len(many) == len(few)
