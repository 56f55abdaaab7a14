"""Incidents over HTTP: who reports, who reads, what is stopped, and which donors are told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from fundops import audit, clock
from fundops.audit import AuditEvent, AuditPayload
from fundops.authz import Role
from fundops.disbursements import holds
from fundops.findings import checks, reminders
from fundops.findings.incident_models import Incident, IncidentText
from fundops.findings.incidents import INCIDENT_STEPS, text_digest
from fundops.grants.models import Grant
from fundops.ids import uuid7
from fundops.parties.models import Membership
from tests.findings.scenes import Office, office, pointers, slug
from tests.grants.grant_factories import a_grantee
from tests.notices.notice_factories import notices

__all__ = ["office"]

ASSESSED: dict[str, Any] = {"assessment": "The shop is not registered.", "hold": True}


def pay(office: Office) -> Any:
    """Pay the payment that waits."""
    body = {"paid_on": str(office.today), "evidence_kind": "bank_advice", "evidence_note": "A 1"}
    return office.world.client.request(
        "POST", f"/v1/disbursements/{office.waiting_id}/pay", json=body,
        headers={"authorization": f"Bearer {office.payer}", "idempotency-key": uuid4().hex},
    )  # fmt: skip


def test_from_the_report_to_the_end(office: Office) -> None:
    made = office.reported()
    assert made.status_code == 201, made.text
    code = made.json()["follow_up_code"]
    assert set(made.json()) == {"status", "reported_on", "follow_up_code"}
    kinds = [one["kind"] for one in office.manager.get("/v1/me/notices").json()["items"]]
    assert "incident_reported" in kinds
    incident = office.incident()
    assessed = office.handle(incident, "assess", **ASSESSED)
    assert assessed.status_code == 200, assessed.text
    body = assessed.json()
    assert [one["is_open"] for one in body["holds"]] == [True]

    # The hold stops the payment, does not say why, and another person lifts it.
    stopped = pay(office)
    assert stopped.status_code == 409, stopped.text
    hold = f"/v1/payment_holds/{body['holds'][0]['hold_id']}"
    (listed,) = office.finance.get("/v1/payment_holds").json()["items"]
    assert listed["reason"] == "Payments wait while a matter is looked into."
    lift = {"json": {"reason": "Looked into."}}
    assert slug(office.manager.post(f"{hold}/lift", **lift)) == "same-person"

    # Donors whose money is in the grant are owed a notice, the third is not.
    owed = {UUID(one["donor_id"]): one for one in body["notices"]}
    assert set(owed) == set(office.donor_ids[:2])
    day = str(office.today + timedelta(days=5))
    assert {(one["due_on"], one["status"]) for one in body["notices"]} == {(day, "owed")}
    looked = office.handle(incident, "investigate", findings="Two invoices are forged.")
    assert looked.json()["status"] == "investigated"
    ended: dict[str, Any] = {"outcome": "substantiated", "conclusion": "The money is asked back."}
    assert slug(office.handle(incident, "close", office.second, **ended)) == "conflict"
    first, second = (f"/v1/incident_notices/{owed[one]['id']}/send" for one in office.donor_ids[:2])
    told = office.manager.post(first, json={"how": "notice"})
    assert (told.status_code, told.json()["status"]) == (200, "sent"), told.text
    assert told.json()["messages"] == 1
    assert slug(office.manager.post(second, json={"how": "notice"})) == "conflict"  # no channel
    assert pointers(office.manager.post(second, json={"how": "letter"})) == ["/reference"]
    letter = {"how": "letter", "reference": "Letter 12"}
    assert office.manager.post(second, json=letter).json()["reference"] == "Letter 12"
    sent = notices(office.world.database, kind="incident_notice")
    assert {one.party_id for one in sent if one.status == "waiting"} == {office.donor_ids[0]}
    assert {one.facts for one in sent if not one.is_neutral} == {
        f'{{"code": "{told.json()["code"]}"}}'
    }
    assert slug(office.handle(incident, "close", **ended)) == "same-person"
    closed = office.handle(incident, "close", office.second, **ended)
    assert (closed.json()["status"], closed.json()["outcome"]) == ("closed", "substantiated")
    status = {"json": {"follow_up_code": code}}
    heard = office.grantee.post("/v1/incidents/check_status", **status).json()
    assert heard == {"status": "closed", "reported_on": str(office.today), "is_closed": True}
    assert pay(office).status_code == 409  # closing lifts nothing
    assert office.second.post(f"{hold}/lift", **lift).status_code == 200
    assert pay(office).status_code == 200


def test_few_read_it_and_every_read_is_written_down(office: Office) -> None:
    office.reported()
    incident = office.incident()
    path = f"/v1/incidents/{incident['id']}"
    for caller in (office.grantee, office.donor, office.world.as_role(Role.BOARD_MEMBER)):
        assert caller.get(path).status_code == 403
        assert caller.get("/v1/incidents").status_code == 403
        assert caller.get(f"{path}/reads").status_code == 403
    elsewhere = office.world.as_role(Role.FUND_MANAGER, fund_id=office.other_fund_id)
    for caller in (office.officer, office.finance, office.approver, elsewhere):
        assert caller.get(path).status_code == 404
        assert caller.get("/v1/incidents").json()["items"] == []
        assert caller.get(f"{path}/reads").status_code == 404
        assert office.handle(incident, "assess", caller, **ASSESSED).status_code == 404
    assert office.auditor.get(path).json()["texts"] == [
        {"kind": "reported", "body": "Invoices of a shop that does not exist."}
    ]
    assert office.handle(incident, "assess", office.auditor, **ASSESSED).status_code == 403
    named = office.handle(incident, "handlers", person_code=office.officer.actor.person_code)
    assert named.json()["handlers"] == [office.officer.actor.person_code], named.text
    assert (
        slug(office.handle(incident, "handlers", person_code=office.officer.actor.person_code))
        == "already-exists"
    )
    assert office.officer.get(path).status_code == 200
    reads = office.auditor.get(f"{path}/reads?sort=read_at").json()["items"]
    codes = [one["person_code"] for one in reads]
    expected = [office.second, office.auditor, office.manager, office.officer]
    assert codes == [one.actor.person_code for one in expected]


def test_whoever_reports_as_nobody_is_nowhere(office: Office) -> None:
    made = office.reported(office.grantee, is_anonymous=True)
    assert made.status_code == 201, made.text
    detail = office.second.get(f"/v1/incidents/{office.incident()['id']}").json()
    assert detail["reported_by_id"] is None
    with office.world.database.read() as db:
        query = (
            select(AuditEvent.person_id, AuditPayload.payload)
            .join(AuditPayload, AuditPayload.seq == AuditEvent.seq)
            .where(AuditEvent.record_type.in_(("incident", "incident_text")))
        )
        events = db.execute(query).all()
        assert len(events) == 2
        assert {one.person_id for one in events} == {None}
        payloads = "".join(one.payload for one in events)
        assert "Invoices" not in payloads  # the text is told by a digest alone
        assert made.json()["follow_up_code"] not in payloads
    wrong = {"follow_up_code": "FUP-22222222-22222222"}
    assert office.grantee.post("/v1/incidents/check_status", json=wrong).status_code == 404


def test_victims_data_is_refused_and_not_kept(office: Office) -> None:
    for words in (
        "The girl Maria Gomez was beaten.", "Call her on +226 70 12 34 56.",
        "She stays at 12.34567, -1.52345.", "Her passport AB1234567 was taken.",
    ):  # fmt: skip
        assert pointers(office.reported(summary=words)) == ["/summary"]
    with office.world.database.read() as db:
        assert db.execute(select(Incident.id)).all() == []
    office.reported()
    incident = office.incident()
    told: dict[str, Any] = {"assessment": "Ask Maria Gomez.", "hold": False}
    assert pointers(office.handle(incident, "assess", **told)) == ["/assessment"]


def test_a_report_names_what_the_reporter_has_to_do_with(office: Office) -> None:
    with office.world.database.write() as db:
        audit.lock_head(db)
        stranger_id = a_grantee(db).id
    stranger = office.world.as_role(Role.GRANTEE, party_id=stranger_id)
    assert pointers(office.reported(stranger)) == ["/grant_id"]
    about = {"grant_id": None, "party_id": str(office.grantee_id)}
    assert pointers(office.reported(stranger, **about)) == ["/party_id"]
    assert pointers(office.reported(office.donor)) == ["/grant_id"]
    assert office.reported(office.donor, grant_id=None).status_code == 201
    assert pointers(office.reported(kind="gossip")) == ["/kind"]
    assert pointers(office.reported(occurred_on="2199-01-01")) == ["/occurred_on"]
    limited = office.world.as_role(Role.REVIEWER, fund_id=office.other_fund_id)
    assert pointers(office.reported(limited, grant_id=None)) == ["/fund_id"]
    # Only whoever may place holds stops payments with a report, in the same transaction.
    assert pointers(office.reported(hold=True)) == ["/hold"]
    assert pointers(office.reported(office.officer, hold=True, is_anonymous=True)) == ["/hold"]
    assert pointers(office.reported(office.officer, hold=True, grant_id=None)) == ["/hold"]
    with office.world.database.read() as db:
        grant = db.get_one(Grant, office.grant_id)
        assert len(holds.open_holds(db, grant, None)) == 0
    assert office.reported(office.officer, hold=True).status_code == 201
    assert pay(office).status_code == 409
    # Whoever has an interest in the grantee looks into nothing, and is not named to.
    with office.world.database.write() as db:
        audit.lock_head(db)
        now = clock.now()
        for caller in (office.second, office.officer):
            db.add(
                Membership(
                    id=uuid7(), person_id=caller.actor.person_id, role="grantee",
                    party_id=office.grantee_id, valid_from=now - timedelta(days=9),
                    valid_until=now - timedelta(days=2), created_at=now,
                )
            )  # fmt: skip
    items = office.manager.get("/v1/incidents?sort=-reported_on").json()["items"]
    (held,) = [one for one in items if one["grant_id"] is not None]
    assert slug(office.handle(held, "assess", office.second, **ASSESSED)) == "conflict-of-interest"
    code: dict[str, Any] = {"person_code": office.officer.actor.person_code}
    assert pointers(office.handle(held, "handlers", **code)) == ["/person_code"]
    # Who reported does not assess; what was not investigated is only referred.
    third = office.world.as_role(Role.FUND_MANAGER)
    assert INCIDENT_STEPS["assess"].differs_from == ("reported_by_id",)
    office.reported(office.manager, kind="security", grant_id=None, party_id=about["party_id"])
    items = third.get("/v1/incidents").json()["items"]
    own = next(one for one in items if one["kind"] == "security")
    assert slug(office.handle(own, "assess", **ASSESSED)) == "same-person"
    late: dict[str, Any] = {"tell_until": "2199-01-01", "tell_donors": True}
    assert pointers(office.handle(own, "assess", third, **ASSESSED, **late)) == ["/tell_until"]
    assert office.handle(own, "assess", third, **ASSESSED).json()["notices"] == []
    ended: dict[str, Any] = {"outcome": "not_substantiated", "conclusion": "Nothing in it."}
    fourth = office.world.as_role(Role.FUND_MANAGER)
    assert slug(office.handle(own, "close", fourth, **ended)) == "conflict"
    ended["outcome"] = "referred"
    assert office.handle(own, "close", fourth, **ended).json()["outcome"] == "referred"


def test_managers_are_reminded_of_donors_who_must_be_told(office: Office) -> None:
    office.reported(kind="sanctions")
    office.handle(office.incident(), "assess", **ASSESSED)
    database = office.world.database
    assert reminders.run(database, office.world.app.state.settings) == {"notices": 2}
    told = notices(database, kind="incident_notice_due")
    persons = {one.person_id for one in told}
    assert {office.manager.actor.person_id, office.second.actor.person_id} <= persons
    assert office.finance.actor.person_id not in persons
    assert reminders.run(database, office.world.app.state.settings) == {"notices": 0}


def test_a_text_changed_behind_the_back_is_found(office: Office) -> None:
    office.reported()
    with office.world.database.read() as db:
        assert checks.run(db) == []
        row = db.execute(select(IncidentText)).scalar_one()
    assert text_digest(row.salt, "Invoices of a shop that does not exist.") == row.sha256
    assert text_digest(row.salt, "Nothing happened.") != row.sha256
