"""The calendar's reminders: who is told of what is due and overdue, how often, and until when."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Role
from fundops.db import Database
from fundops.funds import service as funds
from fundops.funds.schemas import FundIn
from fundops.grants import requirements, service
from fundops.grants.models import Grant
from fundops.grants.reminders import NOTICE_DAYS, run
from fundops.grants.schedule_models import Requirement
from fundops.grants.schedule_schemas import DoneIn, RequirementIn
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.notices import reminders
from fundops.notices.models import ContactChannel
from fundops.parties.models import Membership, Person
from tests.factories import a_fund, a_lot, a_person
from tests.grants.grant_factories import a_grant, a_grantee, closing
from tests.notices.notice_factories import a_channel, notices
from tests.parties.conftest import Counting, MovingClock, moving_clock, statements
from tests.staged import staged
from tests.world import World

__all__ = ["moving_clock", "statements"]

_numbers = count(1)


class Calendar:
    """A grant with a grantee, and those who have to do with it."""

    def __init__(self, database: Database, *, zone: str = "UTC", at_risk: bool = False) -> None:
        self.database = database
        with database.write() as db:
            audit.lock_head(db)
            fund = funds.create_fund(
                db, audit.SYSTEM,
                FundIn(code=f"CAL{next(_numbers)}", name="Cal", base_currency="USD", zone=zone),
            )  # fmt: skip
            # Of no country, so that the fund's zone tells when its day ends.
            grantee = a_grantee(db, is_at_risk=at_risk, country=None)
            a_lot(db, fund, 1_000_00)
            grant = a_grant(db, fund, 100_00, grantee=grantee)
            self.officer = a_person(db, Role.GRANT_OFFICER)[0]
            self.member = a_person(db, Role.GRANTEE, party_id=grantee.id)[0].person_id
            self.channel = a_channel(db, by=self.officer.person_id, party_id=grantee.id).id
            self.fund_id, self.grant_id, self.code = fund.id, grant.id, grant.code
            self.grantee_id = grantee.id

    def needs(self, on: date, kind: Any = "other") -> UUID:
        """Ask for something by a day; return its id."""
        with self.database.write() as db:
            audit.lock_head(db)
            return needed(db, self.officer, db.get_one(Grant, self.grant_id), on, kind).id

    def cancel(self) -> None:
        """Cancel the grant."""
        with self.database.write() as db:
            audit.lock_head(db)
            manager = a_person(db, Role.FUND_MANAGER)[0]
            fund, grant = db.get_one(Fund, self.fund_id), db.get_one(Grant, self.grant_id)
            service.cancel_grant(db, manager, fund, grant, closing(clock.today("UTC")))

    def settle(self, requirement_id: UUID) -> None:
        """Record that something is done."""
        with self.database.write() as db:
            audit.lock_head(db)
            requirements.record_done(
                db, self.officer, db.get_one(Fund, self.fund_id),
                db.get_one(Grant, self.grant_id), db.get_one(Requirement, requirement_id),
                DoneIn(note="Read."),
            )  # fmt: skip


def begun(world: World) -> Calendar:
    return Calendar(world.database)


calendar = staged(begun)


def needed(db: Session, actor: Any, grant: Grant, on: date, kind: Any = "other") -> Requirement:
    given = RequirementIn(kind=kind, due_on=on, reason="A finding.", title="In Mombasa")
    return requirements.add(db, actor, grant, given)


def in_days(days: int) -> date:
    return clock.today("UTC") + timedelta(days=days)


def done(database: Database) -> dict[str, int]:
    return dict(run(database, database.settings))


def test_what_falls_due_is_told_once_to_the_grantee(
    database: Database, calendar: Calendar, moving_clock: MovingClock
) -> None:
    soon = calendar.needs(in_days(NOTICE_DAYS))
    calendar.needs(in_days(NOTICE_DAYS + 40))
    assert done(database) == {"due": 1, "overdue": 0}
    rows = notices(database)
    assert {row.person_id for row in rows} == {calendar.member, None}
    assert {(row.kind, row.about_type, row.about_id) for row in rows} == {
        ("requirement_due", "requirement", soon)
    }
    facts = f'{{"code": "{calendar.code}", "on": "{in_days(NOTICE_DAYS)}"}}'
    assert {(row.facts, row.fund_id) for row in rows} == {(facts, calendar.fund_id)}
    for days in (1, 1, NOTICE_DAYS - 5, 2, 1):
        assert done(database) == {"due": 0, "overdue": 0}
        moving_clock.forward(days=days)
    assert done(database) == {"due": 0, "overdue": 0}, "today is its day"
    assert len(notices(database)) == 2


def test_what_is_overdue_is_told_once_a_week_until_it_is_done(
    database: Database, calendar: Calendar, moving_clock: MovingClock
) -> None:
    late = calendar.needs(in_days(1))
    assert done(database) == {"due": 1, "overdue": 0}
    moving_clock.forward(days=2)
    assert done(database) == {"due": 0, "overdue": 1}
    moving_clock.forward(days=6.9)
    assert done(database) == {"due": 0, "overdue": 0}
    moving_clock.forward(days=0.2)
    assert done(database) == {"due": 0, "overdue": 1}
    assert len(notices(database, kind="requirement_overdue")) == 4
    calendar.settle(late)
    moving_clock.forward(days=30)
    assert done(database) == {"due": 0, "overdue": 0}


@pytest.mark.parametrize("kind", ["visit", "spot_check"])
def test_what_we_see_to_is_never_held_against_the_grantee(
    database: Database, calendar: Calendar, moving_clock: MovingClock, kind: str
) -> None:
    with database.write() as db:
        audit.lock_head(db)
        interested, _ = a_person(db, Role.GRANT_OFFICER)
        a_person(db, Role.GRANT_OFFICER, fund_id=a_fund(db).id)
        give_role(db, interested.person_id, calendar.grantee_id)
    calendar.needs(in_days(1), kind)
    assert done(database) == {"due": 1, "overdue": 0}
    moving_clock.forward(days=2)
    assert done(database) == {"due": 0, "overdue": 1}
    late = notices(database, kind="requirement_overdue")
    assert [row.person_id for row in late] == [calendar.officer.person_id]
    due = notices(database, kind="requirement_due")
    assert {row.person_id for row in due} == {None, calendar.member, interested.person_id}


def give_role(db: Session, person_id: UUID | None, party_id: UUID) -> None:
    assert person_id is not None
    now = clock.now()
    db.add(
        Membership(
            id=uuid7(), person_id=person_id, role="grantee", party_id=party_id,
            valid_from=now - timedelta(days=1), created_at=now,
        )
    )  # fmt: skip


def test_of_a_grant_that_has_ended_nothing_is_told(
    database: Database, calendar: Calendar, moving_clock: MovingClock
) -> None:
    other = Calendar(database)
    for one in (calendar, other):
        one.needs(in_days(3))
        one.needs(in_days(1))
    calendar.cancel()
    assert done(database) == {"due": 2, "overdue": 0}
    moving_clock.forward(days=2)
    assert done(database) == {"due": 0, "overdue": 1}
    assert {row.fund_id for row in notices(database)} == {other.fund_id}


def test_today_is_the_funds_own(database: Database) -> None:
    clock.set_clock(lambda: datetime(2026, 5, 10, 12, tzinfo=UTC))
    try:
        east, west = Calendar(database, zone="Pacific/Kiritimati"), Calendar(database)
        for one in (east, west):
            one.needs(date(2026, 5, 10))
        assert done(database) == {"due": 1, "overdue": 1}
    finally:
        clock.set_clock(None)
    assert {row.fund_id for row in notices(database, kind="requirement_overdue")} == {east.fund_id}
    assert {row.fund_id for row in notices(database, kind="requirement_due")} == {west.fund_id}


def test_of_a_grantee_at_risk_nothing_is_said(
    database: Database, moving_clock: MovingClock
) -> None:
    calendar = Calendar(database, at_risk=True)
    for kind in ("other", "visit"):
        calendar.needs(in_days(1), kind)
    done(database)
    moving_clock.forward(days=2)
    assert done(database) == {"due": 0, "overdue": 2}
    rows = notices(database)
    assert calendar.officer.person_id in {row.person_id for row in rows}
    assert {(row.facts, row.is_neutral) for row in rows} == {("{}", True)}


def test_whom_nobody_reaches_holds_up_nobody(
    database: Database, calendar: Calendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reminders, "BATCH", 2)
    silent = Calendar(database)
    with database.write() as db:
        audit.lock_head(db)
        db.get_one(Person, silent.member).status = "left"
        channel = db.get_one(ContactChannel, silent.channel)
        channel.status, channel.retired_at = "retired", clock.now()
    for _ in range(5):
        silent.needs(in_days(1))
    for _ in range(3):
        calendar.needs(in_days(1))
    assert done(database) == {"due": 3, "overdue": 0}
    assert done(database) == {"due": 0, "overdue": 0}


def test_two_workers_tell_it_once(database: Database, calendar: Calendar) -> None:
    for _ in range(10):
        calendar.needs(in_days(1))
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda _: done(database)["due"], range(4)))
    assert sum(counts) == 10
    assert len(notices(database)) == 2 * 10


def test_many_take_as_many_statements_as_one(
    database: Database, calendar: Calendar, statements: Counting
) -> None:
    done(database)  # what a connection asks once, it has asked
    calendar.needs(in_days(1))
    with statements() as few:
        assert done(database) == {"due": 1, "overdue": 0}
    with database.write() as db:
        audit.lock_head(db)
        fund = db.get_one(Fund, calendar.fund_id)
        for _ in range(4):
            grantee = a_grantee(db)
            for _ in range(3):
                member = a_person(db, Role.GRANTEE, party_id=grantee.id)[0].person_id
                a_channel(db, by=member, person_id=member)
            grant = a_grant(db, fund, 10_00, grantee=grantee)
            for _ in range(5):
                needed(db, calendar.officer, grant, in_days(2))
    with statements() as many:
        assert done(database) == {"due": 20, "overdue": 0}
    assert len(many) == len(few)
    assert len(notices(database)) == 2 + 4 * 5 * 3
    with statements() as idle:
        assert done(database) == {"due": 0, "overdue": 0}
    assert not [one for one in idle if not one.lstrip().startswith(("SELECT", "SET", "PRAGMA"))]
    assert len(idle) < len(few)
