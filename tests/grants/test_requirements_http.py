"""The calendar and the conditions of tranches over HTTP: done, waived by two, never deleted."""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, event, update

import fundops
from fundops import audit, clock, trail
from fundops.authz import Role
from fundops.errors import Problem
from fundops.files.models import File
from fundops.grants.models import Grant
from fundops.grants.schedule_models import Requirement, TrancheCondition
from fundops.ids import uuid7
from fundops.parties.models import Membership, Party, Token
from fundops.parties.tokens import new_secret, secret_hash
from tests.factories import a_fund, a_party
from tests.grants.schedule_scene import Scene, with_plan
from tests.staged import staged
from tests.world import Caller

REASON = {"reason": "The area cannot be reached."}
NOTE = {"note": "Read and accepted."}


scene = staged(with_plan)


def kind_of(answer: Any) -> str:
    return str(answer.json()["type"]).rpartition(":")[2]


def second_token(scene: Scene, caller: Caller) -> Caller:
    """Return the same person with another token."""
    secret, now = new_secret(), clock.now()
    with scene.world.database.write() as db:
        audit.lock_head(db)
        db.add(
            Token(
                id=uuid7(), person_id=caller.actor.person_id, secret_hash=secret_hash(secret),
                label="second", created_at=now, expires_at=now + timedelta(days=1),
            )
        )  # fmt: skip
    return Caller(scene.world.client, secret)


def also(scene: Scene, caller: Caller, role: Role, party_id: UUID | None = None) -> None:
    """Give a person another role."""
    now = clock.now()
    with scene.world.database.write() as db:
        audit.lock_head(db)
        db.add(
            Membership(
                id=uuid7(), person_id=caller.actor.person_id, role=role.value, party_id=party_id,
                valid_from=now - timedelta(days=1), created_at=now,
            )
        )  # fmt: skip


def a_file(scene: Scene, party_id: UUID | None, uploader: Caller) -> UUID:
    """Keep a file of a party."""
    now, digest = clock.now(), uuid4().hex * 2
    with scene.world.database.write() as db:
        audit.lock_head(db)
        found = File(
            id=uuid7(), party_id=party_id, name="report.pdf", media_type="application/pdf",
            sent_sha256=digest, sent_bytes=1, stored_sha256=digest, stored_bytes=1,
            uploaded_by_id=uploader.actor.person_id, declared_at=now, completed_at=now,
        )  # fmt: skip
        db.add(found)
    return found.id


def test_done_with_evidence(scene: Scene) -> None:
    place = scene.report()
    nothing = scene.officer.post(f"{place}/record_done", json={})
    assert [one["pointer"] for one in nothing.json()["errors"]] == ["/note"]
    future = {"note": "x", "done_on": (scene.today + timedelta(days=2)).isoformat()}
    refused = scene.officer.post(f"{place}/record_done", json=future)
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/done_on"]
    before = {"note": "x", "done_on": (scene.today - timedelta(days=1)).isoformat()}
    refused = scene.officer.post(f"{place}/record_done", json=before)
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/done_on"]
    done = scene.officer.post(f"{place}/record_done", json=NOTE)
    assert done.status_code == 200, done.text
    assert (done.json()["status"], done.json()["done_on"]) == ("done", scene.today.isoformat())
    assert done.json()["evidence_note"] == NOTE["note"]
    assert scene.finance.get(place).json() == done.json()
    for verb, body in (("record_done", NOTE), ("request_waiver", REASON)):
        assert kind_of(scene.officer.post(f"{place}/{verb}", json=body)) == "wrong-status"


def test_a_file_shows_it_if_it_is_the_grantees(scene: Scene) -> None:
    with scene.world.database.write() as db:
        audit.lock_head(db)
        other_id = a_party(db).id
    others = a_file(scene, other_id, scene.officer)
    place = f"{scene.report()}/record_done"
    hidden = a_file(scene, scene.grantee_id, scene.grantee)
    for file_id in (others, hidden, uuid4()):
        refused = scene.officer.post(place, json={"file_id": str(file_id)})
        assert [one["pointer"] for one in refused.json()["errors"]] == ["/file_id"]
    own = a_file(scene, scene.grantee_id, scene.officer)
    done = scene.officer.post(place, json={"file_id": str(own)})
    assert done.json()["evidence_file_id"] == str(own)
    # Whoever handles grants may read it from now on.
    assert scene.manager.get(f"/v1/files/{own}").status_code == 200


def test_a_waiver_takes_two_persons(scene: Scene) -> None:
    place = scene.report(4)
    assert scene.manager.post(f"{place}/request_waiver", json=REASON).status_code == 403
    also(scene, scene.officer, Role.FUND_MANAGER)
    asked = scene.officer.post(f"{place}/request_waiver", json=REASON)
    assert asked.json()["status"] == "waiver_requested"
    assert asked.json()["waiver"]["reason"] == REASON["reason"]
    for caller in (scene.officer, second_token(scene, scene.officer)):
        assert kind_of(caller.post(f"{place}/waive")) == "same-person"
        assert kind_of(caller.post(f"{place}/refuse_waiver", json=REASON)) == "same-person"
    waived = scene.manager.post(f"{place}/waive")
    assert waived.json()["status"] == "waived"
    waiver = waived.json()["waiver"]
    assert waiver["requested_by_id"] == str(scene.officer.actor.person_id)
    assert waiver["waived_by_id"] == str(scene.manager.actor.person_id)
    assert kind_of(scene.officer.post(f"{place}/record_done", json=NOTE)) == "wrong-status"


def test_a_refused_waiver_leaves_it_due_and_a_late_report_needs_none(scene: Scene) -> None:
    place = scene.report(1)
    assert kind_of(scene.manager.post(f"{place}/waive")) == "wrong-status"
    scene.officer.post(f"{place}/request_waiver", json=REASON)
    refused = scene.manager.post(f"{place}/refuse_waiver", json={"reason": "It can be."})
    assert (refused.json()["status"], refused.json()["waiver"]) == ("due", None)
    scene.officer.post(f"{place}/request_waiver", json=REASON)
    done = scene.finance.post(f"{place}/record_done", json=NOTE)
    assert (done.json()["status"], done.json()["waiver"]) == ("done", None)


def test_the_database_refuses_one_person_too(scene: Scene) -> None:
    for table in (Requirement, TrancheCondition):
        person = scene.officer.actor.person_id
        values = {"status": "waived", "waiver_requested_by_id": person, "waived_by_id": person}

        def write(table: Any = table, values: dict[str, Any] = values) -> None:
            with scene.world.database.write() as db:
                audit.lock_head(db)
                db.execute(update(table).values(values))

        with pytest.raises(Problem) as refused:
            write()
        assert refused.value.slug == "same-person"


def test_a_waived_report_does_not_release_the_tranche(scene: Scene) -> None:
    place, second = scene.report(1), scene.tranches()[1]
    scene.officer.post(f"{place}/request_waiver", json=REASON)
    scene.manager.post(f"{place}/waive")
    assert "waiver of its own" in scene.unmet(second)[0]
    listed = scene.officer.get(f"/v1/tranches/{second.id}/conditions").json()
    assert len(listed["unmet"]) == 1
    (condition,) = listed["items"]
    its = f"/v1/tranche_conditions/{condition['id']}"
    assert kind_of(scene.officer.post(f"{its}/meet", json=NOTE)) == "conflict"
    also(scene, scene.officer, Role.FUND_MANAGER)
    assert scene.officer.post(f"{its}/request_waiver", json=REASON).status_code == 200
    assert len(scene.unmet(second)) == 1
    assert kind_of(scene.officer.post(f"{its}/waive")) == "same-person"
    assert scene.manager.post(f"{its}/waive").json()["status"] == "waived"
    assert scene.unmet(second) == []
    scene.make(months=14)  # a waiver stands when the plan is made anew
    assert scene.unmet(scene.tranches()[1]) == []


def test_words_that_a_tranche_waits_for(scene: Scene) -> None:
    first = scene.tranches()[0]
    place = f"/v1/tranches/{first.id}/conditions"
    made = scene.officer.post(place, json={"words": "The lease is signed"})
    assert made.status_code == 201, made.text
    assert scene.unmet(first) == ["Nobody has recorded yet that this is met: The lease is signed."]
    its = f"/v1/tranche_conditions/{made.json()['id']}"
    assert scene.officer.post(f"{its}/meet", json={}).status_code == 422
    met = scene.officer.post(f"{its}/meet", json=NOTE)
    assert (met.json()["status"], met.json()["met_on"]) == ("met", scene.today.isoformat())
    assert scene.unmet(first) == []
    assert kind_of(scene.officer.post(f"{its}/meet", json=NOTE)) == "wrong-status"
    refused = scene.officer.post(its + "/request_waiver", json=REASON)
    assert kind_of(refused) == "wrong-status"


def test_a_condition_shows_as_met_once_its_report_is_done(scene: Scene) -> None:
    second = scene.tranches()[1]
    scene.done(1)
    (item,) = scene.officer.get(f"/v1/tranches/{second.id}/conditions").json()["items"]
    assert (item["status"], item["met_on"]) == ("met", scene.today.isoformat())


def test_something_may_be_asked_for_on_top(scene: Scene) -> None:
    body = {"kind": "audit", "due_on": "2027-06-30", "reason": "A finding.", "title": "Payroll"}
    body["due_on"] = (scene.today + timedelta(days=500)).isoformat()
    place = f"/v1/grants/{scene.grant_id}/requirements"
    made = scene.officer.post(place, json=body)
    assert made.status_code == 201, made.text
    assert (made.json()["origin"], made.json()["number"]) == ("added", 1)
    board, its = scene.world.as_role(Role.BOARD_MEMBER), made.headers["location"]
    assert board.get(its).json()["title"] == "Payroll"
    with scene.world.database.write() as db:
        audit.lock_head(db)
        party = db.get_one(Party, db.get_one(Grant, scene.grant_id).grantee_id)
        party.is_at_risk, party.public_label = True, "An organisation"
    assert board.get(its).json()["title"] is None
    assert scene.officer.get(its).json()["title"] == "Payroll"
    assert scene.officer.post(place, json=body).json()["number"] == 2
    scene.make(months=6)  # no plan takes it away
    assert scene.officer.get(made.headers["location"]).json()["status"] == "due"
    early = body | {"due_on": (scene.today - timedelta(days=1)).isoformat()}
    assert scene.officer.post(place, json=early).status_code == 422
    assert scene.manager.post(place, json=body).status_code == 403


def test_the_list_is_filtered_sorted_and_knows_what_is_overdue(scene: Scene) -> None:
    place = f"/v1/requirements?grant_id={scene.grant_id}"
    everything = scene.officer.get(f"{place}&sort=due_on").json()["items"]
    days = [one["due_on"] for one in everything]
    assert days == sorted(days)
    assert not any(one["is_overdue"] for one in everything)
    now = clock.now()
    clock.set_clock(lambda: now + timedelta(days=150))
    try:
        late = scene.world.as_role(Role.GRANT_OFFICER).get(f"{place}&overdue=true").json()["items"]
        rest = scene.world.as_role(Role.GRANT_OFFICER).get(f"{place}&overdue=false").json()["items"]
    finally:
        clock.set_clock(None)
    horizon = (scene.today + timedelta(days=150)).isoformat()
    assert {one["id"] for one in late} == {
        one["id"] for one in everything if one["due_on"] < horizon
    }
    assert len(late) + len(rest) == len(everything)
    assert all(one["is_overdue"] for one in late)
    by = scene.officer.get(f"{place}&due_by={days[1]}").json()["items"]
    assert {one["due_on"] for one in by} == set(days[:2])
    audits = scene.officer.get(f"{place}&kind=audit&status=due").json()["items"]
    assert len(audits) == 1
    paged = scene.officer.get(f"{place}&limit=3&sort=due_on").json()
    following = f"{place}&sort=due_on&cursor={paged['next_cursor']}"
    assert paged["items"] + scene.officer.get(following).json()["items"] == everything


def test_a_grantee_sees_its_own_calendar_without_our_notes(scene: Scene) -> None:
    scene.officer.post(f"{scene.report(4)}/request_waiver", json=REASON)
    scene.done(1)
    items = scene.grantee.get("/v1/requirements").json()["items"]
    assert len(items) == len(scene.requirements())
    for one in items:
        hidden = ("done_by_id", "evidence_note", "evidence_file_id", "waiver")
        assert [one[name] for name in hidden] == [None] * 4
    elsewhere = scene.world.as_role(Role.BOARD_MEMBER)
    also(scene, elsewhere, Role.GRANTEE, scene.grantee_id)
    for caller in (scene.world.as_role(Role.SIGNATORY), elsewhere):
        listed = caller.get("/v1/requirements").json()["items"]
        assert listed == items
    second = scene.tranches()[1]
    (item,) = scene.grantee.get(f"/v1/tranches/{second.id}/conditions").json()["items"]
    assert (item["status"], item["evidence_note"]) == ("met", None)
    plan = scene.grantee.get(f"/v1/grants/{scene.grant_id}/schedule").json()
    assert (plan["tier"], plan["tier_reason"]) == (None, None)
    assert scene.grantee.post(f"{scene.report(2)}/record_done", json=NOTE).status_code == 403


def test_what_is_anothers_does_not_exist(scene: Scene) -> None:
    with scene.world.database.write() as db:
        audit.lock_head(db)
        other_id, party_id = a_fund(db).id, a_party(db, kind="civil_society").id
    second = scene.tranches()[1]
    (condition,) = scene.conditions(second)
    report = scene.report()
    for caller in (
        scene.world.as_role(Role.GRANTEE, party_id=party_id),
        scene.world.as_role(Role.GRANT_OFFICER, fund_id=other_id),
    ):
        assert caller.get("/v1/requirements").json()["items"] == []
        for path in (
            report,
            f"/v1/tranches/{second.id}/conditions",
            f"/v1/grants/{scene.grant_id}/schedule",
        ):
            assert caller.get(path).status_code == 404
    elsewhere = scene.world.as_role(Role.GRANT_OFFICER, fund_id=other_id)
    due = scene.today.isoformat()
    for path, body in (
        (f"{report}/record_done", NOTE),
        (f"{report}/request_waiver", REASON),
        (f"/v1/tranches/{second.id}/conditions", {"words": "More"}),
        (f"/v1/tranche_conditions/{condition.id}/meet", NOTE),
        (f"/v1/tranche_conditions/{condition.id}/request_waiver", REASON),
        (
            f"/v1/grants/{scene.grant_id}/requirements",
            {"kind": "visit", "due_on": due} | REASON,
        ),
    ):
        assert elsewhere.post(path, json=body).status_code == 404, path
    managing = scene.world.as_role(Role.FUND_MANAGER, fund_id=other_id)
    for path in (report, f"/v1/tranche_conditions/{condition.id}"):
        assert managing.post(f"{path}/waive").status_code == 404
        assert managing.post(f"{path}/refuse_waiver", json=REASON).status_code == 404


def test_nobody_decides_for_a_grantee_they_act_for(scene: Scene) -> None:
    second = scene.tranches()[1]
    (condition,) = scene.conditions(second)
    report, its = scene.report(), f"/v1/tranche_conditions/{condition.id}"
    other = scene.report(2)
    scene.finance.post(f"{other}/request_waiver", json=REASON)
    scene.finance.post(f"{its}/request_waiver", json=REASON)
    for caller in (scene.officer, scene.manager):
        also(scene, caller, Role.GRANTEE, scene.grantee_id)
    for caller, path, body in (
        (scene.officer, f"{report}/record_done", NOTE),
        (scene.officer, f"{report}/request_waiver", REASON),
        (scene.officer, f"/v1/tranches/{second.id}/conditions", {"words": "More"}),
        (scene.manager, f"{other}/waive", None),
        (scene.manager, f"{other}/refuse_waiver", REASON),
        (scene.manager, f"{its}/waive", None),
    ):
        assert kind_of(caller.post(path, json=body)) == "conflict-of-interest", path


def test_after_the_end_nothing_of_it_changes(scene: Scene) -> None:
    report = scene.report()
    scene.officer.post(f"{scene.report(2)}/request_waiver", json=REASON)
    body = {"reason": "Withdrawn."}
    assert scene.manager.post(f"/v1/grants/{scene.grant_id}/cancel", json=body).status_code == 200
    for caller, path, sent in (
        (scene.officer, f"{report}/record_done", NOTE),
        (scene.officer, f"{report}/request_waiver", REASON),
        (scene.manager, f"{scene.report(2)}/waive", None),
    ):
        assert kind_of(caller.post(path, json=sent)) == "wrong-status"


def called(call: ast.Call) -> str:
    """Return the last name of what is called."""
    return getattr(call.func, "attr", "") or getattr(call.func, "id", "")


def test_no_code_deletes_a_requirement() -> None:
    for path in Path(fundops.__file__).parent.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        if "delete(" not in source or "equirement" not in source:
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and called(node).endswith("delete"):
                arguments = " ".join(ast.unparse(one) for one in node.args)
                assert "equirement" not in arguments, path


def test_a_deleted_requirement_is_found(scene: Scene) -> None:
    kept = scene.requirements("visit")[0]
    with scene.world.database.write() as db:
        audit.lock_head(db)
        row = {name: getattr(kept, name) for name in Requirement.__table__.columns.keys()}  # noqa: SIM118
        db.execute(delete(Requirement).where(Requirement.id == kept.id))
    with scene.world.database.read() as db:
        assert [kind for kind, _ in trail.breaks(db)] == ["requirement"]
    with scene.world.database.write() as db:
        audit.lock_head(db)
        db.execute(Requirement.__table__.insert().values(row))  # type: ignore[attr-defined]


def test_lists_and_questions_cost_the_same_however_much_there_is(scene: Scene) -> None:
    database = scene.world.database
    counted: list[int] = []
    statements: list[str] = []

    def note(*given: Any) -> None:
        statements.append(given[2])

    for engine in {database.reader, database.glancer}:
        event.listen(engine, "before_cursor_execute", note)
    second = scene.tranches()[1]
    for _ in range(2):
        statements.clear()
        assert scene.officer.get("/v1/requirements").status_code == 200
        scene.unmet(second)
        counted.append(len(statements))
        for number in range(10):
            body = {"words": f"Condition {number}"}
            scene.officer.post(f"/v1/tranches/{second.id}/conditions", json=body)
        scene.make(months=60)
    for engine in {database.reader, database.glancer}:
        event.remove(engine, "before_cursor_execute", note)
    assert counted[0] == counted[1]
