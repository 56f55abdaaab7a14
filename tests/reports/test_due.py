"""When a report is due: where the grantee is, told as long as nothing came, and no longer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from fundops import audit, clock
from fundops.config import Settings
from fundops.db import Database
from fundops.grants import reminders
from fundops.ledger.models import Fund
from fundops.notices.models import Notice
from fundops.parties.models import Party
from fundops.parties.zones import end_of, only_zones, zone_of
from fundops.planning import grant_rules
from tests.depth import DEPTH
from tests.reports.report_scene import Reporting, full
from tests.staged import staged
from tests.world import World

BEGINS = datetime(2026, 7, 15, 12, tzinfo=UTC)


def in_july(world: World) -> Reporting:
    """Make a grant in force in July 2026."""
    at(BEGINS)
    try:
        return Reporting(world)
    finally:
        clock.set_clock(None)


july = staged(in_july)
"""A grant in force in July 2026."""


@pytest.fixture
def scene(july: Reporting) -> Iterator[Reporting]:
    """Give the grant while it is still July."""
    at(BEGINS + timedelta(minutes=1))
    yield july
    clock.set_clock(None)


def at(instant: datetime) -> None:
    """Let it be an instant, from then on a little later each time it is asked."""
    last = [instant]

    def now() -> datetime:
        last[0] += timedelta(milliseconds=1)
        return last[0]

    clock.set_clock(now)


@settings(max_examples=34 * DEPTH)
@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.sampled_from(sorted(only_zones().values())))
def test_a_day_ends_when_the_next_begins_there(day: date, zone: str) -> None:
    ends = end_of(day, zone)
    before, after = (
        (ends + step).astimezone(ZoneInfo(zone)).date()
        for step in (timedelta(microseconds=-1), timedelta())
    )
    assert ends.tzinfo is UTC
    assert before <= day < after


def test_countries_with_one_zone_alone_tell_it() -> None:
    zones = only_zones()
    assert zones["KE"] == "Africa/Nairobi"
    assert not {"US", "BR", "RU", "CD", "ID"} & zones.keys()


def first_due(scene: Reporting) -> UUID:
    """Return the financial report that is due on 30 July 2026."""
    return next(one.id for one in scene.requirements() if one.due_on == date(2026, 7, 30))


def test_the_day_is_the_grantees_own_or_its_countrys_or_the_funds(scene: Reporting) -> None:
    """Tarawa is 14 hours ahead of UTC: its day is over first, wherever the fund is."""

    def zone() -> str:
        with scene.world.database.read() as db:
            return zone_of(db, db.get_one(Party, scene.grantee_id), "Europe/Vienna")

    def country(code: str | None) -> None:
        with scene.world.database.write() as db:
            audit.lock_head(db)
            party = db.get_one(Party, scene.grantee_id)
            before = party.country
            party.country = code
            audit.record(
                db, audit.SYSTEM, "party.changed", "party", party.id,
                before={"country": before}, after={"country": code},
            )  # fmt: skip

    country(None)
    assert zone() == "Europe/Vienna"
    country("US")
    assert zone() == "Europe/Vienna"
    country("KE")
    assert zone() == "Africa/Nairobi"
    profile = f"/v1/parties/{scene.grantee_id}/profile"
    wrong = scene.grantee.request("PUT", profile, json={"zone": "Mars/Olympus"})
    assert wrong.status_code == 422
    said = scene.grantee.request("PUT", profile, json={"zone": "Pacific/Kiritimati"})
    assert said.status_code in (200, 201), said.text
    assert said.json()["zone"] == zone() == "Pacific/Kiritimati"
    at(datetime(2026, 7, 30, 9, 30, tzinfo=UTC))
    made = scene.start(requirement_id=first_due(scene)).json()
    assert (made["due_on"], made["zone"]) == ("2026-07-30", "Pacific/Kiritimati")
    assert made["due_at"] == "2026-07-30T10:00:00Z"
    assert (made["days_left"], made["is_late"]) == (0, False)
    place = f"/v1/progress_reports/{made['id']}"
    draft = scene.saved(place, full(made))
    at(datetime(2026, 7, 30, 10, 0, 1, tzinfo=UTC))
    shown = scene.facts(place)
    assert (shown["days_left"], shown["is_late"]) == (-1, True)
    asked = {"version": draft["version"], "certified": {"expenditure": True, "request": True}}
    done = scene.grantee.post(f"{place}/submit", json=asked)
    assert (done.status_code, done.json()["is_late"]) == (200, True)
    assert scene.decided(place, "accept").status_code == 200
    # The day that it was submitted on is the grantee's as well.
    assert next(one.done_on for one in scene.requirements() if one.id == first_due(scene)) == date(
        2026, 7, 31
    )


def test_reminders_stop_when_a_report_came_and_begin_again_when_it_went_back(
    scene: Reporting, database: Database
) -> None:
    """Nothing is stored for it: a reminder asks what has come."""

    def overdue() -> int:
        reminders.run(database, Settings())
        query = select(Notice.about_id).where(Notice.kind == "requirement_overdue")
        with database.read() as db:
            return len({one for one in db.execute(query).scalars() if one == first})

    def attention() -> int:
        with database.read() as db:
            fund = db.get_one(Fund, scene.fund_id)
            found = grant_rules.requirements_overdue(db, fund, clock.today(fund.zone))
            return sum(1 for one in found if one.record_id == first)

    first = first_due(scene)
    at(datetime(2026, 7, 29, 12, tzinfo=UTC))
    made = scene.start(requirement_id=first)
    place = f"/v1/progress_reports/{made.json()['id']}"
    scene.submitted(place, full(scene.facts(place)))
    at(datetime(2026, 8, 9, 12, tzinfo=UTC))
    assert (overdue(), attention()) == (0, 0)
    listed = f"/v1/requirements?grant_id={scene.grant_id}&overdue=true"
    assert str(first) not in {one["id"] for one in scene.officer.get(listed).json()["items"]}
    assert scene.decided(place, "return", reason="Say more.").status_code == 200
    assert attention() == 1
    assert str(first) in {one["id"] for one in scene.officer.get(listed).json()["items"]}
    reminders.run(database, Settings())
    with database.read() as db:
        kinds = {one.kind for one in db.execute(select(Notice)).scalars() if one.about_id == first}
        told = set(db.execute(select(Notice.kind)).scalars())
    assert kinds <= {"requirement_due", "requirement_overdue"}
    assert {"report_submitted", "report_returned"} <= told
    scene.submitted(place, full(scene.facts(place)))
    assert attention() == 0
    assert scene.decided(place, "accept").status_code == 200
    with database.read() as db:
        assert "report_accepted" in set(db.execute(select(Notice.kind)).scalars())
