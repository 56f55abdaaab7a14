"""Telling: in the caller's transaction, each recipient once, nothing that must not be said."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.audit import SYSTEM
from fundops.authz import Role
from fundops.db import Database
from fundops.ids import uuid7
from fundops.notices import recipients, sending, tell
from fundops.notices.kinds import KINDS
from tests.factories import a_fund, a_party, a_person
from tests.notices.notice_factories import Kept, a_channel, by_status, notices, told
from tests.parties.conftest import Counting, MovingClock
from tests.world import World


def a_grantee(database: Database, *, persons: int = 1, **over: object) -> tuple[UUID, list[UUID]]:
    """Register a party with a channel of its own, and persons with one each."""
    with database.write() as db:
        audit.lock_head(db)
        party = a_party(db, **over)  # type: ignore[arg-type]
        ids = []
        for _ in range(persons):
            actor, _ = a_person(db, Role.GRANTEE, party_id=party.id)
            a_channel(db, by=actor.person_id, person_id=actor.person_id)
            ids.append(actor.person_id)
        a_channel(db, by=ids[0], party_id=party.id)
        return party.id, ids


def test_what_is_rolled_back_is_told_to_nobody(database: Database) -> None:
    party_id, _ = a_grantee(database)

    def change(db: Session) -> int:
        audit.record(db, SYSTEM, "test.happened", "test", uuid7())
        return tell(db, "disbursement_paid", party_id=party_id)

    def fails() -> None:
        with database.write() as db:
            assert change(db) == 2
            raise RuntimeError("the change fails")

    with pytest.raises(RuntimeError):
        fails()
    assert notices(database) == []
    with database.write() as db:
        assert change(db) == 2
        assert change(db) == 2, "another event"
        assert tell(db, "disbursement_paid", party_id=party_id) == 0, "the same event"
    assert by_status(database) == {"waiting": 4}
    transport = Kept()
    assert sending.run(database, database.settings, transport=transport)["sent"] == 4
    assert sending.run(database, database.settings, transport=transport)["sent"] == 0
    assert len(set(transport.ids)) == 4


def test_each_is_told_once_however_often_named(database: Database) -> None:
    party_id, (person_id, other_id) = a_grantee(database, persons=2)
    count = told(
        database, "disbursement_paid", party_id=party_id, person_ids=[person_id, other_id, None],
        role=Role.GRANTEE,
    )  # fmt: skip
    rows = notices(database)
    assert count == len(rows) == len({row.channel_id for row in rows}) == 3
    assert sorted(row.in_inbox for row in rows) == [False, True, True]


def test_roles_are_told_by_fund(database: Database) -> None:
    with database.write() as db:
        audit.lock_head(db)
        fund, other = a_fund(db).id, a_fund(db).id
        here, there, everywhere = (
            a_person(db, Role.APPROVER, fund_id=one)[0].person_id for one in (fund, other, None)
        )
        a_person(db, Role.FINANCE_OFFICER, fund_id=fund)
    told(database, "disbursement_certified", role=Role.APPROVER, fund_id=fund)
    rows = notices(database)
    assert {row.person_id for row in rows} == {here, everywhere}
    assert {row.fund_id for row in rows} == {fund}
    assert {(row.status, row.why) for row in rows} == {("dropped", "no_channel")}
    assert all(row.in_inbox for row in rows), "it stands in the inbox all the same"
    told(database, "disbursement_certified", role=Role.APPROVER)
    assert {row.person_id for row in notices(database)} == {here, there, everywhere}


def test_those_who_have_left_or_whose_role_is_over_are_not_told(database: Database) -> None:
    from fundops.parties.models import Membership, Person

    party_id, (gone, over, still) = a_grantee(database, persons=3)
    with database.write() as db:
        audit.lock_head(db)
        person = db.get(Person, gone)
        assert person is not None
        person.status = "left"
        query = db.query(Membership).where(Membership.person_id == over)
        query.one().valid_until = clock.now() - timedelta(minutes=1)
    told(database, "grant_suspended", party_id=party_id)
    assert {row.person_id for row in notices(database)} == {None, still}


@pytest.mark.parametrize("kind", ["disbursement_requested", "disbursement_paid"])
def test_channels_are_asked_what_they_take(database: Database, kind: str) -> None:
    with database.write() as db:
        audit.lock_head(db)
        person, _ = a_person(db, Role.APPROVER)
        mine = {"by": person.person_id, "person_id": person.person_id}
        always = a_channel(db, **mine)
        urgent = a_channel(db, is_urgent_only=True, **mine)
        a_channel(db, verified_at=None, verified_how=None, **mine)
        a_channel(db, kind="phone", address="+4315880000", **mine)
        a_channel(db, status="retired", retired_at=clock.now(), **mine)
    told(database, kind, person_ids=[person.person_id])
    wanted = {always.id} | ({urgent.id} if KINDS[kind].urgency == "at_once" else set())
    assert {row.channel_id for row in notices(database)} == wanted


def test_warnings_reach_every_channel_and_those_just_retired(
    database: Database, moving_clock: MovingClock
) -> None:
    with database.write() as db:
        audit.lock_head(db)
        person, _ = a_person(db, Role.GRANTEE, party_id=(party := a_party(db)).id)
        its = {"by": person.person_id, "party_id": party.id}
        sure = a_channel(db, is_urgent_only=True, **its)
        unsure = a_channel(db, verified_at=None, verified_how=None, **its)
        phone = a_channel(db, kind="phone", address="+4315880000", **its)
        just = a_channel(db, status="retired", retired_at=clock.now(), **its)
        strange = a_channel(
            db, status="retired", retired_at=clock.now(), verified_at=None, verified_how=None, **its
        )
    sent = told(
        database, "bank_account_changed", party_id=party.id, facts={"code": "BAC-2026-0001"}
    )
    rows = {row.channel_id: row for row in notices(database) if row.channel_id}
    assert rows.keys() == {sure.id, unsure.id, phone.id, just.id}
    assert sent == 3
    assert (rows[phone.id].status, rows[phone.id].why) == ("dropped", "by_hand")
    assert {one for one, row in rows.items() if not row.is_neutral} == {sure.id, phone.id}
    assert strange.id not in rows
    moving_clock.forward(days=31)
    told(database, "bank_account_changed", party_id=party.id)
    assert just.id not in {r.channel_id for r in notices(database) if r.created_at > just.created_at
                           + timedelta(days=1)}  # fmt: skip


@pytest.mark.parametrize("way", ["party", "person", "of_party"])
def test_of_parties_at_risk_only_a_neutral_sentence_is_kept(database: Database, way: str) -> None:
    party_id, (person_id,) = a_grantee(database, is_at_risk=True)
    with database.write() as db:
        audit.lock_head(db)
        officer, _ = a_person(db, Role.FINANCE_OFFICER)
        a_channel(db, by=officer.person_id, person_id=officer.person_id)
    ways: dict[str, dict[str, Any]] = {
        "party": {"party_id": party_id},
        "person": {"person_ids": [person_id]},
        "of_party": {"person_ids": [officer.person_id], "of_party_id": party_id},
    }
    told(
        database,
        "disbursement_paid",
        facts={"code": "DSB-2026-0001", "on": date(2026, 1, 5)},
        **ways[way],
    )
    rows = notices(database)
    assert rows
    assert {(row.facts, row.is_neutral) for row in rows} == {("{}", True)}
    transport = Kept()
    sending.run(database, database.settings, transport=transport)
    assert {text.strip() for text in transport.texts} == {"There is something for you in fundops."}
    assert {one["Subject"] for one in transport.messages} == {"Something for you"}


@pytest.mark.parametrize(
    "facts", [{"amount": "10.00"}, {"name": "X"}, {"on": "2026-01-05"}, {"on": clock.now()}]
)
def test_other_facts_are_a_programmers_mistake(
    database: Database, facts: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match="notice"):
        told(database, "disbursement_paid", role=Role.APPROVER, facts=facts)
    with pytest.raises(KeyError):
        told(database, "never_declared", role=Role.APPROVER)
    assert notices(database) == []


def test_reminders_are_not_repeated_within_their_time(
    database: Database, moving_clock: MovingClock
) -> None:
    _, (person_id,) = a_grantee(database)
    about = ("requirement", uuid7())

    def remind() -> int:
        return told(
            database, "requirement_due", person_ids=[person_id], about=about,
            not_again_for=timedelta(days=7),
        )  # fmt: skip

    assert [remind(), remind()] == [1, 0]
    moving_clock.forward(days=8)
    assert remind() == 1


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipients, "MAX_PERSONS", 2)


def test_how_many_are_told_is_bounded(database: Database, few: None) -> None:
    a_grantee(database, persons=4)
    assert told(database, "disbursement_paid", role=Role.GRANTEE) == 2


def test_telling_many_takes_no_more_statements(database: Database, statements: Counting) -> None:
    counts = []
    for persons in (1, 8):
        party_id, _ = a_grantee(database, persons=persons)
        with statements() as seen:
            told(database, "disbursement_paid", party_id=party_id)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 12


def test_the_inbox_is_ones_own_and_read_once(world: World) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        party = a_party(db).id
    mine, other = (world.as_role(Role.GRANTEE, party_id=party) for _ in range(2))
    with world.database.write() as db:
        audit.lock_head(db)
        for _ in range(2):
            a_channel(db, by=mine.actor.person_id, person_id=mine.actor.person_id)
    told(
        world.database, "disbursement_paid", person_ids=[mine.actor.person_id],
        facts={"code": "DSB-2026-0001", "on": date(2026, 1, 5)},
    )  # fmt: skip
    (one,) = mine.get("/v1/me/notices").json()["items"]
    assert (one["code"], one["on"], one["read_at"]) == ("DSB-2026-0001", "2026-01-05", None)
    assert one["sentence"].startswith("A disbursement was paid")
    assert other.get("/v1/me/notices").json()["items"] == []
    path = f"/v1/me/notices/{one['id']}/read"
    assert other.post(path).status_code == 404
    (beside,) = (row.id for row in notices(world.database) if not row.in_inbox)
    assert mine.post(f"/v1/me/notices/{beside}/read").status_code == 404
    first = mine.post(path).json()
    assert first["read_at"] is not None
    assert mine.post(path).json() == first, "read once"
    assert mine.get("/v1/me/notices?unread=true").json()["items"] == []


def test_auditors_see_what_went_to_whom_masked(world: World) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        fund, other = a_fund(db).id, a_fund(db).id
        person, _ = a_person(db, Role.APPROVER)
        a_channel(db, by=person.person_id, person_id=person.person_id, address="anna@secret.org")
    told(world.database, "hold_placed", role=Role.APPROVER, fund_id=fund)
    told(world.database, "hold_placed", role=Role.APPROVER)
    everything = world.as_role(Role.AUDITOR).get("/v1/notices")
    assert len(everything.json()["items"]) == 2
    assert {row["address"] for row in everything.json()["items"]} == {"a…@s…"}
    assert "secret.org" not in everything.text
    here = world.as_role(Role.AUDITOR, fund_id=fund).get("/v1/notices").json()["items"]
    assert [row["fund_id"] for row in here] == [str(fund)]
    assert world.as_role(Role.AUDITOR, fund_id=other).get("/v1/notices").json()["items"] == []
    for role in (Role.FINANCE_OFFICER, Role.ADMINISTRATOR, Role.APPROVER):
        assert world.as_role(role).get("/v1/notices").status_code == 403
    listed = world.as_role(Role.AUDITOR).get("/v1/notices?status=sent").json()["items"]
    assert listed == []
