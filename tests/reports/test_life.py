"""The life of a progress report over HTTP: from what is due to what counts, and who may not."""

from __future__ import annotations

import base64
import json
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from sqlalchemy import event, select, update
from sqlalchemy.exc import DBAPIError

from fundops import audit, clock
from fundops.audit import AuditEvent, AuditPayload
from fundops.authz import Role
from fundops.grants import conditions
from fundops.grants.models import Grant, Tranche
from fundops.grants.schedule_models import TrancheCondition
from fundops.ledger.models import Fund
from fundops.parties.models import Token
from fundops.reports import integrity
from fundops.reports.models import (
    AcceptedVersion,
    ProgressReport,
    ReportRead,
    ReportValue,
    ReportVersion,
)
from tests.factories import a_fund
from tests.grants.grant_factories import closing, end
from tests.grants.test_other_hands import second_record
from tests.reports.report_scene import CERTIFIED, Reporting, full
from tests.staged import staged
from tests.world import Caller

scene = staged(Reporting)
"""A grant in force, whose grantee reports."""


def kind_of(answer: Any) -> str:
    return str(answer.json()["type"]).rpartition(":")[2]


def narrative(scene: Reporting) -> str:
    """Start the report that asks for the narrative and results; return its address."""
    made = scene.start(requirement_id=scene.asked("narrative_report"))
    assert made.status_code == 201, made.text
    return f"/v1/progress_reports/{made.json()['id']}"


def a_waiting_tranche(scene: Reporting) -> UUID:
    """Return a tranche of the grant that waits for its first financial report."""
    query = (
        select(Tranche.id)
        .join(TrancheCondition, TrancheCondition.tranche_id == Tranche.id)
        .where(TrancheCondition.requirement_id == scene.asked())
    )
    with scene.world.database.read() as db:
        return db.execute(query).scalars().first()  # type: ignore[return-value]


def test_from_what_is_due_to_what_counts(scene: Reporting) -> None:
    """A report of expenditure: started, saved, submitted, returned, accepted; its tranche opens."""
    tranche_id = a_waiting_tranche(scene)
    with scene.world.database.read() as db:
        assert len(conditions.unmet(db, tranche_id)) == 1
    made = scene.start()
    assert made.status_code == 201, made.text
    report = made.json()
    assert (report["status"], report["asks_expenditure"], report["asks_narrative"]) == (
        "draft", True, False,
    )  # fmt: skip
    assert report["is_late"]
    assert report["days_left"] < 0
    assert kind_of(scene.start()) == "already-exists"
    place = f"/v1/progress_reports/{report['id']}"
    assert made.headers["location"] == place

    # A draft is whatever was typed; what is wrong is said when asked, and on submission.
    draft = scene.saved(place, {"expenditure": [{"line": 9, "amount": "many"}]})
    told = scene.grantee.get(f"{place}/validation").json()
    assert {one["pointer"] for one in told["problems"]} == {
        "/expenditure/0/line", "/expenditure/0/amount",
    }  # fmt: skip
    asked = {"version": draft["version"], "certified": CERTIFIED}
    refused = scene.grantee.post(f"{place}/submit", json=asked)
    assert refused.status_code == 422
    assert scene.facts(place)["submitted_number"] is None

    done = scene.submitted(place, full(report))
    assert done["status"] == "submitted"
    assert [line["reported"]["amount"] for line in done["expenditure"]] == ["120.50", "30.00"]
    assert scene.requirements()[0].status == "due"
    signed = scene.grantee.get(f"{place}/versions/{done['submitted_number']}/receipt").json()
    said = json.loads(signed["body"])
    assert (said["report"], said["version"]) == (done["code"], done["submitted_number"])
    keys = {one["key_id"]: one for one in scene.grantee.get("/v1/signing_keys").json()["items"]}
    public: Any = load_pem_public_key(keys[signed["key_id"]]["public_key"].encode())
    public.verify(base64.b64decode(signed["signature"]), signed["body"].encode())
    assert scene.grantee.get(f"{place}/versions/1/receipt").status_code == 404
    assert scene.stray().get(f"{place}/versions/{said['version']}/receipt").status_code == 404

    # Returned with comments on fields of what was submitted, and submitted again.
    wrong = scene.decided(place, "return", reason="See below.", comments=[
        {"pointer": "/expenditure/7/amount", "comment": "Which?"},
    ])  # fmt: skip
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["pointer"] == "/comments/0/pointer"
    back = scene.decided(place, "return", reason="See below.", comments=[
        {"pointer": "/expenditure/0/amount", "comment": "The receipts say less."},
    ])  # fmt: skip
    assert back.json()["status"] == "returned"
    draft = scene.grantee.get(f"{place}/draft").json()
    assert [one["pointer"] for one in draft["comments"]] == ["/expenditure/0/amount"]
    again = full(report)
    again["expenditure"][0]["amount"] = "100.50"
    done = scene.submitted(place, again)
    stale = scene.decided(place, "accept", version=done["submitted_number"] - 2)
    assert kind_of(stale) == "stale"

    ok = scene.decided(place, "accept", lines=[
        {"number": 2, "accepted": {"amount": "20.00", "currency": "USD"}, "reason": "No receipt."},
    ])  # fmt: skip
    assert ok.status_code == 200, ok.text
    assert ok.json()["accepted_number"] == done["submitted_number"]
    statement = scene.finance.get(f"/v1/expenditure_statements/{ok.json()['statement_id']}").json()
    assert (statement["status"], statement["accepted"]["amount"]) == ("accepted", "120.50")
    requirement = scene.requirements()[0]
    assert requirement.status == "done"
    assert requirement.evidence_note is not None
    with scene.world.database.read() as db:
        assert conditions.unmet(db, tranche_id) == []
    assert kind_of(scene.decided(place, "accept")) == "wrong-status"
    assert kind_of(scene.save(place, {})) == "wrong-status"


def test_results_count_once_accepted_and_a_correction_takes_their_place(scene: Reporting) -> None:
    place = narrative(scene)
    report = scene.facts(place)
    assert (report["asks_narrative"], report["asks_expenditure"]) == (True, False)
    results = f"/v1/grants/{scene.grant_id}/results"

    def figures() -> list[tuple[str, int]]:
        found = scene.officer.get(results).json()["items"]
        assert [(one["result"], one["target"]) for one in found] == [(1, 40)]
        return [(one["standing"], one["numerator"]) for one in found[0]["periods"]]

    assert figures() == []
    scene.submitted(place, full(report))
    assert figures() == [("under_review", 7)]
    first = scene.decided(place, "accept").json()
    assert figures() == [("accepted", 7)]

    assert scene.grantee.post(f"{place}/correct", json={}).status_code == 422
    opened = scene.grantee.post(f"{place}/correct", json={"reason": "Two were counted twice."})
    assert (opened.status_code, opened.json()["status"]) == (200, "draft")
    content = full(report)
    content["results"][0]["numerator"] = 5
    for counts in content["results"][0]["breakdown"].values():
        counts.update(dict.fromkeys(counts, 5))
    scene.submitted(place, content)
    assert figures() == [("accepted", 7), ("under_review", 5)]
    second = scene.decided(place, "accept").json()
    assert figures() == [("accepted", 5)]
    assert second["accepted_number"] > first["accepted_number"]
    with scene.world.database.read() as db:
        kept = db.execute(select(AcceptedVersion).order_by(AcceptedVersion.accepted_seq)).scalars()
        old, new = kept.all()
        assert (old.superseded_seq, new.superseded_seq) == (new.accepted_seq, None)
        action = select(AuditEvent.action).where(AuditEvent.seq == new.accepted_seq)
        assert db.execute(action).scalar_one() == "progress_report.accepted"

    # The chain covers the figures: a figure changed behind its back is found.
    def broken() -> set[str]:
        with scene.world.database.read() as db:
            return {name for name, _ in integrity.run(db)}

    assert broken() == set()
    said = select(AuditPayload.payload).join(AuditEvent, AuditEvent.seq == AuditPayload.seq)
    with scene.world.database.read() as db:
        payload = db.execute(said.where(AuditEvent.action == "progress_report.submitted")).scalars()
        assert all(len(json.loads(one or "")["after"]["values_sha256"]) == 64 for one in payload)
    with pytest.raises(DBAPIError), scene.world.database.writer.begin() as connection:
        connection.execute(update(ReportValue).values(numerator=1))


def test_nobody_accepts_what_they_wrote_nor_through_other_hands(scene: Reporting) -> None:
    """An officer who wrote for the grantee, the grantee as officer, other hands."""
    made = scene.start(caller=scene.officer)
    place = f"/v1/progress_reports/{made.json()['id']}"
    assert scene.save(place, {"expenditure": []}, caller=scene.officer).status_code == 200
    scene.submitted(place, full(made.json()))  # by the grantee, after the officer's saves
    assert kind_of(scene.decided(place, "accept", scene.officer)) == "same-person"
    assert kind_of(scene.decided(place, "return", scene.officer, reason="x")) == "same-person"
    both = scene.second_token(scene.grantee, Role.GRANT_OFFICER)
    assert scene.decided(place, "accept", both).status_code in (403, 409)
    bought = scene.world.as_role(Role.GRANT_OFFICER)
    with scene.world.database.write() as db:
        audit.lock_head(db)
        token = db.execute(
            select(Token).where(Token.person_id == bought.actor.person_id)
        ).scalar_one()
        audit.record(
            db, scene.officer.actor, "token.created", "token", token.id,
            after={"person_id": bought.actor.person_id},
        )  # fmt: skip
    for caller in (bought, second_record(scene.world, scene.officer, Role.GRANT_OFFICER)):
        assert kind_of(scene.decided(place, "accept", caller)) == "same-person"
    assert scene.facts(place)["status"] == "submitted"
    # The database keeps it as well.
    with pytest.raises(DBAPIError), scene.world.database.writer.begin() as connection:
        connection.execute(
            update(ProgressReport).values(decided_by_id=ProgressReport.submitted_by_id)
        )
    assert scene.decided(place, "accept").status_code == 200


def test_who_sees_a_report_and_what_of_it(scene: Reporting) -> None:
    place = narrative(scene)
    content = full(scene.facts(place))
    scene.submitted(place, content)
    number = scene.facts(place)["submitted_number"]
    said, results = f"{place}/versions/{number}", f"/v1/grants/{scene.grant_id}/results"
    stray, role = scene.stray(), scene.world.as_role
    with scene.world.database.write() as db:
        audit.lock_head(db)
        other_fund_id = a_fund(db).id
    elsewhere = role(Role.GRANT_OFFICER, fund_id=other_fund_id)
    for address in (place, f"{place}/draft", said, f"{place}/versions", results):
        assert stray.get(address).status_code == 404, address
        assert elsewhere.get(address).status_code == 404, address
    assert scene.save(place, {}, 1, stray).status_code == 404
    assert stray.post(f"{place}/submit", json={"version": 1}).status_code == 404
    assert scene.decided(place, "accept", elsewhere).status_code == 404
    assert stray.get("/v1/progress_reports").json()["items"] == []
    for one in (Role.DONOR, Role.BOARD_MEMBER, Role.REVIEWER, Role.ADMINISTRATOR):
        caller = role(one, party_id=scene.grantee_id if one is Role.DONOR else None)
        for address in (place, said, results, "/v1/progress_reports"):
            assert caller.get(address).status_code == 403, (one, address)
    # Facts, money and evidence; what it tells is for those who work with the grantee.
    for caller in (scene.auditor, scene.finance, scene.approver):
        shown = caller.get(place)
        assert shown.status_code == 200
        assert "campaigns" not in shown.text
        assert caller.get(said).status_code == 403
        assert caller.get(results).status_code == 403
    for caller in (scene.finance, scene.auditor):
        assert kind_of(scene.decided(place, "accept", caller)) == "not-allowed"

    def reads() -> list[UUID]:
        with scene.world.database.read() as db:
            query = select(ReportRead.person_id).order_by(ReportRead.id)
            return list(db.execute(query).scalars())

    assert scene.grantee.get(said).json()["content"]["narrative"] == content["narrative"]
    assert scene.grantee.get(results).status_code == 200
    assert reads() == []
    assert scene.manager.get(said).status_code == 200
    assert scene.officer.get(results).status_code == 200
    assert reads() == [scene.manager.actor.person_id, scene.officer.actor.person_id]
    # Drafts are the grantee's own.
    drafts = scene.grantee.get(f"{place}/versions").json()["items"]
    assert {one["kind"] for one in drafts} == {"draft", "submitted"}
    shown = scene.officer.get(f"{place}/versions").json()["items"]
    assert {one["kind"] for one in shown} == {"submitted"}
    assert scene.officer.get(f"{place}/versions/1").status_code == 404
    assert scene.officer.get(f"{place}/draft").status_code == 404


def test_no_word_is_lost_between_two_pages(scene: Reporting) -> None:
    place = narrative(scene)
    assert scene.grantee.request("PUT", place, json={}).status_code == 428
    first = scene.saved(place, {"risks": "One."})
    assert scene.saved(place, {"risks": "One."})["version"] == first["version"]
    late = scene.save(place, {"risks": "Two."}, 1)
    assert kind_of(late) == "stale"
    aside = next(
        one for one in scene.grantee.get(f"{place}/versions").json()["items"]
        if one["kind"] == "aside"
    )  # fmt: skip
    assert str(aside["number"]) in late.json()["detail"]
    kept = scene.grantee.get(f"{place}/versions/{aside['number']}").json()
    assert kept["content"] == {"risks": "Two."}
    # The draft at work and its tag are as they were, and a save whose answer was lost is none.
    assert scene.save(place, {"risks": "One."}, 1).status_code == 200
    assert scene.saved(place, {"risks": "Three."})["content"] == {"risks": "Three."}
    old = scene.grantee.post(f"{place}/submit", json={"version": first["version"]})
    assert kind_of(old) == "stale"


def test_a_closed_grant_and_what_is_no_report(scene: Reporting) -> None:
    place = scene.started()
    scene.submitted(place, full(scene.facts(place)))
    visit = scene.officer.post(
        f"/v1/grants/{scene.grant_id}/requirements",
        json={"kind": "visit", "due_on": "2199-01-01", "reason": "After the finding."},
    )
    assert visit.status_code == 201, visit.text
    assert kind_of(scene.start(requirement_id=visit.json()["id"])) == "conflict"
    assert scene.start(scene.stray()).status_code == 404
    assert scene.start(scene.auditor).status_code == 403
    with scene.world.database.write() as db:
        audit.lock_head(db)
        fund, grant = db.get_one(Fund, scene.fund_id), db.get_one(Grant, scene.grant_id)
        end(db, scene.manager.actor, fund, grant, "cancel", closing(clock.today("UTC")))
    for answer in (
        scene.start(requirement_id=scene.asked("narrative_report")),
        scene.decided(place, "accept"),
        scene.decided(place, "return", reason="Late."),
    ):
        assert kind_of(answer) == "wrong-status", answer.text


def test_reading_costs_the_same_whatever_there_is(scene: Reporting) -> None:
    """The list, one report and a grant's results take so many queries, not more with more."""

    def queries(caller: Caller, address: str) -> int:
        count = 0
        engine = scene.world.database.reader

        def seen(*_: Any) -> None:
            nonlocal count
            count += 1

        event.listen(engine, "before_cursor_execute", seen)
        try:
            assert caller.get(address).status_code == 200
        finally:
            event.remove(engine, "before_cursor_execute", seen)
        return count

    place = narrative(scene)
    addresses = ("/v1/progress_reports", place, f"/v1/grants/{scene.grant_id}/results")
    scene.submitted(place, full(scene.facts(place)))
    before = [queries(scene.officer, one) for one in addresses]
    other = scene.started()
    scene.submitted(other, full(scene.facts(other)))
    for number in range(3):
        given = {"line": 1, "register_number": f"R-{number}"}
        scene.decided(other, "return", reason="Add evidence.")
        assert scene.grantee.post(f"{other}/evidence", json=given).status_code == 201
        scene.submitted(other, full(scene.facts(other)))
    assert [queries(scene.officer, one) for one in addresses] == before
    with scene.world.database.read() as db:
        assert db.execute(select(ReportVersion.id)).first() is not None
