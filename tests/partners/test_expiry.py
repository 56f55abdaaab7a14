"""Assessments that end: found in a list, in what waits, and told of by the job."""

from __future__ import annotations

from typing import Any

from fundops import audit
from fundops.authz import Role
from fundops.grants import risk
from fundops.parties.models import Party
from fundops.partners.reminders import NOTICE_DAYS, run
from tests.factories import a_fund
from tests.notices.notice_factories import notices
from tests.parties.conftest import MovingClock, moving_clock
from tests.partners.partner_factories import Office
from tests.staged import staged
from tests.world import Caller, World

__all__ = ["moving_clock"]


office = staged(Office)


def confirmed(office: Office, days: int) -> Any:
    """Have an assessment confirmed that is good for so many days."""
    made = office.propose(valid_until_on=office.in_days(days))
    assert made.status_code == 201, made.text
    done = office.step(office.manager, made, "confirm")
    assert done.status_code == 200, done.text
    return done.json()


def waiting(caller: Caller, kind: str) -> list[Any]:
    answer = caller.get(f"/v1/attention?kind={kind}")
    assert answer.status_code == 200, answer.text
    items: list[Any] = answer.json()["items"]
    return items


def ending(office: Office, days: int) -> list[str]:
    place = f"/v1/partner_assessments?expires_before={office.in_days(days)}&sort=valid_until_on"
    return [one["code"] for one in office.officer.get(place).json()["items"]]


def test_only_the_assessment_that_counts_is_listed_as_ending(office: Office) -> None:
    office.complete()
    first = confirmed(office, 30)
    assert (ending(office, 30), ending(office, 31)) == ([], [first["code"]])
    second = confirmed(office, 200)
    assert (ending(office, 31), ending(office, 201)) == ([], [second["code"]])
    waits = office.propose(valid_until_on=office.in_days(9)).json()
    assert ending(office, 31) == []
    page = office.officer.get("/v1/partner_assessments?status=proposed&tier=low").json()["items"]
    assert [one["code"] for one in page] == [waits["code"]]
    of_party = f"/v1/partner_assessments?party_id={office.party_id}&sort=-code&limit=2"
    listed = office.manager.get(of_party).json()
    assert len(listed["items"]) == 2
    assert listed["next_cursor"] is not None
    assert "steps" not in listed["items"][0]


def test_what_ends_and_what_waits_is_in_the_list_of_what_waits(
    office: Office, moving_clock: MovingClock
) -> None:
    office.complete()
    confirmed(office, NOTICE_DAYS + 10)
    assert waiting(office.officer, "risk_expiring") == []
    confirmed(office, 9)
    (entry,) = waiting(office.officer, "risk_expiring")
    assert (entry["severity"], entry["record_type"]) == ("low", "risk_assessment")
    assert entry["is_mine"] is True
    moving_clock.forward(days=10)
    (entry,) = waiting(office.officer, "risk_expired")
    assert (entry["severity"], waiting(office.officer, "risk_expiring")) == ("medium", [])
    assert "counts as high" in entry["reason"]
    made = office.propose(office.finance)
    assert made.status_code == 201, made.text
    (entry,) = waiting(office.officer, "partner_assessment_proposed")
    assert entry["code"] == made.json()["code"]
    acting = {one["id"] for one in entry["persons"]}
    assert str(office.manager.actor.person_id) in acting
    assert str(office.finance.actor.person_id) not in acting
    with office.world.database.write() as db:
        audit.lock_head(db)
        elsewhere = a_fund(db).id
    stranger = office.world.as_role(Role.GRANT_OFFICER, fund_id=elsewhere)
    assert waiting(stranger, "risk_expired") == []


def test_officers_are_reminded_once_a_month(office: Office, moving_clock: MovingClock) -> None:
    office.complete()
    confirmed(office, NOTICE_DAYS + 10)

    def done() -> int:
        return run(office.world.database, office.world.database.settings)["assessments"]

    assert done() == 0
    moving_clock.forward(days=11)
    assert (done(), done()) == (1, 0)
    told = notices(office.world.database, kind="risk_expiring")
    assert {one.person_id for one in told} == {office.officer.actor.person_id}
    moving_clock.forward(days=31)
    assert done() == 1


def test_without_a_grant_that_runs_nobody_is_bothered(
    office: Office, moving_clock: MovingClock
) -> None:
    office.complete()
    with office.world.database.write() as db:
        audit.lock_head(db)
        idle = Party(**_copy(db.get_one(Party, office.party_id)))
        db.add(idle)
        db.flush()
        risk.assess(db, office.manager.actor, idle, "low", office.today, office.today, "A visit.")
    moving_clock.forward(days=3)
    assert waiting(office.officer, "risk_expired") == []


def _copy(party: Party) -> dict[str, Any]:
    from fundops.ids import uuid7
    from fundops.records import snapshot

    return snapshot(party) | {"id": uuid7(), "code": "PTY-IDLE-1", "name": "Idle"}


def test_a_party_at_risk_has_a_code_that_tells_nothing(world: World) -> None:
    office = Office(world, is_at_risk=True, name="Secret House", public_label="A shelter")
    made = office.propose().json()
    assert not made["code"].startswith(f"PAS-{office.today.year}")
    assert made["party"]["name"] == "Secret House"  # an officer needs to know
    for role in (Role.DONOR, Role.GRANTEE, Role.REVIEWER, Role.BOARD_MEMBER, Role.SIGNATORY):
        party = office.party_id if role in (Role.DONOR, Role.GRANTEE) else None
        caller = world.as_role(role, party_id=party)
        assert caller.get("/v1/partner_assessments").status_code == 403, role
        assert caller.get(f"/v1/partner_assessments/{made['id']}").status_code == 403, role
