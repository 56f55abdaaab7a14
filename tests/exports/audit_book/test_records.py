"""The audit workbook's sheets of records: results, persons, access, versions, codes, events."""

from __future__ import annotations

from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import func, select

from fundops import audit, clock, codes, software
from fundops.audit import AuditEvent
from fundops.authz import Role
from fundops.exports import render
from fundops.exports.audit_book import results
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.code_gaps import CODE_GAPS, runs
from fundops.exports.audit_book.events import EVENTS
from fundops.exports.audit_book.overrides import OVERRIDES
from fundops.exports.audit_book.persons import ACCESS, DELEGATIONS, PERSONS
from fundops.exports.audit_book.question import Moment, Named, Reader, question_for, scope_of
from fundops.exports.audit_book.versions import VERSIONS
from fundops.exports.audit_book.workbook import audit_workbook
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from fundops.parties.models import Membership, Party, Person
from tests.factories import a_fund
from tests.releases.release_factories import Scene
from tests.staged import staged
from tests.world import World

SECTIONS = (results.RESULTS, PERSONS, ACCESS, DELEGATIONS, VERSIONS, CODE_GAPS, OVERRIDES, EVENTS)
HIDDEN = "Canary of the hills"
DIRECTOR = "Canary Director"
DAY = date(2026, 3, 31)


def lent(world: World, scene: Scene) -> None:
    """Have the manager lend the role to the officer for ten days."""
    with world.database.read() as db:
        query = select(Membership.id).where(Membership.person_id == scene.manager.actor.person_id)
        own = str(db.execute(query).scalar_one())
    body = {
        "membership_id": own, "person_code": scene.officer.actor.person_code,
        "valid_until": (clock.now() + timedelta(days=10)).isoformat(), "reason": "On leave",
    }  # fmt: skip
    answer = scene.manager.post("/v1/delegations", json=body)
    assert answer.status_code == 201, answer.text


def kept(world: World) -> Scene:
    """Make a fund with a release, a role lent, an exception, and codes shared with another fund."""
    scene = Scene(world)
    for name, heads in (
        ("shelter", {"female.adult": 7}), ("school", {"female.adult": 40, "male.adult": 22}),
        ("clinic", {"female.adult": 60}), ("legal", {"female.adult": 28}),
        ("hidden", {"female.adult": 33}),
    ):  # fmt: skip
        scene.accept(name, {"sex_age": heads})
    scene.publish("outside")
    scene.publish("inside")
    with world.database.write() as db:
        audit.lock_head(db)
        party = db.get_one(Party, db.get_one(Grant, scene.grants["hidden"][0]).grantee_id)
        party.name = HIDDEN
        hidden_id = party.id
        audit.record(
            db, audit.SYSTEM, "payment_hold.lifted", "payment_hold", fund_id=scene.fund_id,
            reason="Canary reason",
        )  # fmt: skip
        assert software.note(db)
        assert not software.note(db)
        other = a_fund(db)
        other_id = other.id
    director = world.as_role(Role.GRANTEE, party_id=hidden_id)
    with world.database.write() as db:
        audit.lock_head(db)
        db.get_one(Person, director.actor.person_id).name = DIRECTOR
    lent(world, scene)
    for fund_id in (scene.fund_id, other_id, other_id, scene.fund_id):
        body = {
            "donor_id": str(scene.donor.actor.held[0].party_id), "fund_id": str(fund_id),
            "amount": {"amount": "10.00", "currency": "USD"}, "pledged_on": "2026-01-05",
        }  # fmt: skip
        made = scene.manager.post("/v1/pledges", json=body)
        assert made.status_code == 201, made.text
    return scene


scene = staged(kept)
"""A fund with a release, a role lent, an exception, and pledges numbered with another fund's."""


def a_book(db: Any, scene: Scene, reader: Reader, moment: Moment | None = None) -> Book:
    fund = db.get_one(Fund, scene.fund_id)
    scope = scope_of(db, Named(fund=fund.code))
    return Book(db, question_for(db, scope, moment or Moment(DAY), reader))


def rows(book: Book, section: Any) -> list[dict[str, Any]]:
    keys = [key for key, *_ in section.columns]
    return [dict(zip(keys, row, strict=True)) for row in section.rows(book)]


def test_results_are_those_that_the_reader_may_read(scene: Scene, world: World) -> None:
    """Released cells exactly as released, hidden as there; source reports for those inside."""
    with world.database.read() as db:
        own, auditors, outside = (
            rows(a_book(db, scene, reader), results.RESULTS)
            for reader in (Reader.INSIDE, Reader.AUDITOR, Reader.OUTSIDE)
        )
    places = {
        one["class_name"]: f"/v1/releases/{one['id']}"
        for one in scene.auditor.get("/v1/releases").json()["items"]
    }
    released = [(c["unit"], c["dimension"], c["code"], c["told"], c["period"])
                for c in scene.cells(places["outside"])]  # fmt: skip
    shown = [(r["unit"], r["dimension"], r["code"], r["told"], r["period"]) for r in outside]
    assert shown == released
    assert len(auditors) == len(outside) + len(scene.cells(places["inside"], scene.auditor))
    shelter = scene.grants["shelter"][1]
    (hidden,) = (r for r in outside if r["unit"] == shelter and r["dimension"] == "total"
                 and r["period"].startswith("to:"))  # fmt: skip
    assert (hidden["told"], hidden["count"]) == ("1 to 10", None)
    (seven,) = (r for r in own if r["unit"] == shelter and r["dimension"] == "total")
    assert (seven["told"], seven["count"], seven["accepted_on"]) == ("7", 7, DAY)
    assert scene.grants["hidden"][1] in {r["unit"] for r in own}
    assert scene.grants["hidden"][1] not in {r["unit"] for r in outside + auditors}


def test_readers_outside_learn_of_nobody(scene: Scene, world: World) -> None:
    with world.database.read() as db:
        told = {
            reader: repr([list(s.rows(a_book(db, scene, reader))) for s in SECTIONS])
            for reader in Reader
        }
        hidden = db.get_one(Grant, scene.grants["hidden"][0]).grantee_id
        code = db.get_one(Party, hidden).code
        whose = select(Person.code).join(Membership, Membership.person_id == Person.id)
        director = db.execute(whose.where(Membership.party_id == hidden)).scalar_one()
    for canary in (HIDDEN, DIRECTOR, "Canary reason", "On leave", repr(code), repr(director)):
        assert canary not in told[Reader.OUTSIDE], canary
        assert canary in told[Reader.AUDITOR], canary


def test_what_was_lent_excepted_and_installed(scene: Scene, world: World) -> None:
    with world.database.read() as db:
        book = a_book(db, scene, Reader.AUDITOR)
        (one,) = rows(book, DELEGATIONS)
        (exception,) = (r for r in rows(book, OVERRIDES) if r["action"] == "payment_hold.lifted")
        versions = {r["kind"]: r["number"] for r in rows(book, VERSIONS)}
        access = rows(book, ACCESS)
        people = {r["person"]: r for r in rows(book, PERSONS)}
        migration = db.connection().exec_driver_sql("SELECT version_num FROM alembic_version")
        assert versions["Database structure"] == migration.scalar_one()
    lender, borrower = scene.manager.actor.person_code, scene.officer.actor.person_code
    assert (one["lent_by"], one["person"], one["role"]) == (lender, borrower, "fund_manager")
    assert exception["kind"] == "Hold or suspension lifted"
    assert exception["reason"] == "Canary reason"
    assert {r["role"] for r in access if r["person"] == borrower} == {
        "grant_officer", "fund_manager",
    }  # fmt: skip
    assert people[borrower]["roles"] == 2
    assert people[lender]["acts"] >= 4


def test_gaps_are_explained_and_a_lost_number_is_not(scene: Scene, world: World) -> None:
    assert runs([2, 3, 4, 7]) == "2 to 4, 7"
    assert runs([]) is None

    def pledges() -> tuple[dict[str, Any], int]:
        with world.database.read() as db:
            book = a_book(db, scene, Reader.AUDITOR)
            (one,) = (r for r in rows(book, CODE_GAPS) if r["series"] == "PLG")
            (unexplained, *_) = CODE_GAPS.controls(book)
            assert unexplained.expected == 0
            return one, sum(r["unexplained"] for r in rows(book, CODE_GAPS))

    one, lost = pledges()
    wanted = (1, 4, 2, 2, 2, 0, "2 to 3")
    keys = ("first", "last", "records", "missing", "elsewhere", "unexplained", "numbers")
    assert tuple(one[key] for key in keys) == wanted
    assert lost == 0
    with world.database.write() as db:
        audit.lock_head(db)
        codes.next_code(db, "PLG", clock.now().year)
        audit.record(db, audit.SYSTEM, "test.lost", "test")
    body = {
        "donor_id": str(scene.donor.actor.held[0].party_id), "fund_id": str(scene.fund_id),
        "amount": {"amount": "10.00", "currency": "USD"}, "pledged_on": "2026-01-05",
    }  # fmt: skip
    assert scene.manager.post("/v1/pledges", json=body).status_code == 201
    one, lost = pledges()
    assert (one["last"], one["numbers"], one["unexplained"], lost) == (6, "2 to 3, 5", 1, 1)
    assert one["why"].endswith("No record has these: 5.")


def test_events_are_the_chains_and_the_same_question_gives_the_same_bytes(
    scene: Scene, world: World
) -> None:
    with world.database.read() as db:
        book = a_book(db, scene, Reader.AUDITOR)
        first = b"".join(render(audit_workbook(book)))
        question = book.question
        found = rows(book, EVENTS)
        own = db.execute(
            select(func.count()).select_from(AuditEvent).where(AuditEvent.fund_id == scene.fund_id)
        ).scalar_one()
        named = {one["seq"] for one in found}
        fund = select(AuditEvent.seq).where(AuditEvent.fund_id == scene.fund_id)
        assert own > 5
        assert set(db.execute(fund).scalars()) <= named
        foreign = select(AuditEvent.seq).where(
            AuditEvent.fund_id.is_not(None), AuditEvent.fund_id != scene.fund_id
        )
        assert named.isdisjoint(db.execute(foreign).scalars())
        assert found[-1]["hash"] == audit.hash_at(db, book.seq).hex()
    # Everything that the sheets tell of goes on: roles end, releases are withdrawn, codes follow.
    for one in scene.auditor.get("/v1/releases").json()["items"]:
        done = scene.manager.post(f"/v1/releases/{one['id']}/withdraw", json={"reason": "Wrong"})
        assert done.status_code == 200, done.text
    (borrowed,) = scene.manager.get("/v1/delegations").json()["items"]
    ended = scene.manager.post(
        f"/v1/delegations/{borrowed['id']}/end", json={"reason": "Back early"}
    )
    assert ended.status_code == 200, ended.text
    scene.accept("refuge", {"sex_age": {"female.adult": 99}})
    with world.database.read() as db:
        assert b"".join(render(audit_workbook(Book(db, question)))) == first
        later = b"".join(render(audit_workbook(a_book(db, scene, Reader.AUDITOR))))
    assert later != first
    for data in (first, later):
        sheet = load_workbook(BytesIO(data), data_only=True)["Controls"]
        checks = [row[4] for row in sheet.iter_rows(min_row=5, values_only=True) if row[0]]
        assert len(checks) > 20
        assert set(checks) == {"OK"}


@pytest.mark.parametrize("scope", ["grant", "donor"])
def test_narrower_scopes_tell_of_their_records_alone(
    scene: Scene, world: World, scope: str
) -> None:
    with world.database.read() as db:
        fund = db.get_one(Fund, scene.fund_id)
        donor = db.execute(
            select(Party.code).where(Party.id == scene.donor.actor.held[0].party_id)
        ).scalar_one()
        named = {
            "grant": Named(grant=scene.grants["school"][1]),
            "donor": Named(fund=fund.code, donor=donor),
        }[scope]
        book = Book(db, question_for(db, scope_of(db, named), Moment(DAY), Reader.INSIDE))
        types = {one["record_type"] for one in rows(book, EVENTS)}
        units = {one["unit"] for one in rows(book, results.RESULTS)}
    if scope == "grant":
        assert "progress_report" in types
        assert "pledge" not in types
        assert units == {scene.grants["school"][1]}
    else:
        assert "pledge" in types
        assert "progress_report" not in types
