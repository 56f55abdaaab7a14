"""Incidents: reported by anybody, assessed, investigated and closed by several persons.

What is written is screened before it is kept, and nothing of victims has a place. An incident
stops payments in the transaction that says so, and donors whose money is concerned are owed a
notice from its assessment on.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Permission, Role
from fundops.codes import random_code
from fundops.disbursements import holds
from fundops.errors import Problem, invalid
from fundops.findings import incident_queries as queries
from fundops.findings import lists, owed_notices
from fundops.findings.incident_models import (
    Incident,
    IncidentHandler,
    IncidentHold,
    IncidentRead,
    IncidentText,
)
from fundops.findings.incident_schemas import AssessIn, IncidentIn
from fundops.grants.models import Grant
from fundops.grants.rules import past_day
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.lifecycle import Steps, advance, require, step
from fundops.messages import text
from fundops.notices.service import tell
from fundops.parties.interests import has_interest
from fundops.parties.models import Person
from fundops.records import snapshot
from fundops.roles import ROLE_PERMISSIONS
from fundops.trail import DIGESTED

HANDLE = Permission.INCIDENT_HANDLE
INCIDENT_STEPS: Steps = {
    "assess": step("reported", "assessed", HANDLE, ("reported_by_id",)),
    "investigate": step("assessed", "investigated", HANDLE),
    "close": step("assessed investigated", "closed", HANDLE, ("reported_by_id", "assessed_by_id")),
}
MAX_HANDLERS = 20


def report(
    db: Session, actor: Actor, fund: Fund, grant: Grant | None, given: IncidentIn
) -> tuple[Incident, str]:
    """Report an incident; return it with the code by which the reporter can ask how it stands.

    Whoever reports as nobody is in no record of it. Raises ``invalid-request`` for an unknown
    kind, and for a hold by who may not place one or on nothing.
    """
    if given.kind not in lists.incident_kinds():
        raise invalid("/kind", "findings.unknown_kind")
    occurred = None if given.occurred_on is None else past_day(fund, given.occurred_on,
                                                               "/occurred_on")  # fmt: skip
    code = f"{random_code('FUP')}{random_code('')}"
    author: audit.Author = audit.SYSTEM if given.is_anonymous else actor
    made = Incident(
        id=uuid7(), code=random_code("INC"), fund_id=fund.id,
        grant_id=None if grant is None else grant.id,
        party_id=given.party_id if grant is None else grant.grantee_id, kind=given.kind,
        occurred_on=occurred, status="reported", follow_up_sha256=digest(code),
        reported_on=clock.today(fund.zone),
        reported_by_id=None if given.is_anonymous else actor.person_id, reported_at=clock.now(),
    )  # fmt: skip
    db.add(made)
    db.flush()
    audit.record(
        db, author, "incident.reported", "incident", made.id, fund_id=fund.id,
        after=snapshot(made),
    )  # fmt: skip
    _write(db, author, made, "reported", given.summary)
    if given.hold:
        if given.is_anonymous or not _may_hold(actor, fund.id):
            raise invalid("/hold", "findings.may_not_hold")
        _hold(db, actor, made)
    tell(
        db, "incident_reported", role=Role.FUND_MANAGER.value, fund_id=fund.id,
        about=("incident", made.id), facts={"on": made.reported_on}, of_party_id=made.party_id,
    )  # fmt: skip
    return made, code


def assess(db: Session, actor: Actor, fund: Fund, incident: Incident, given: AssessIn) -> Incident:
    """Say what a first look came to, stop payments, and who must be told until when.

    Raises ``same-person`` for who reported it, ``conflict-of-interest`` for who has one in the
    grantee, ``invalid-request`` for a hold on nothing and a day
    that is later than the kind allows.
    """
    kinds = lists.incident_kinds()
    if given.kind is not None and given.kind not in kinds:
        raise invalid("/kind", "findings.unknown_kind")
    _refuse_interest(db, actor, incident)
    before = snapshot(incident)
    advance(incident, INCIDENT_STEPS, "assess", actor)
    incident.kind = given.kind or incident.kind
    incident.assessed_by_id, incident.assessed_at = actor.person_id, clock.now()
    _write(db, actor, incident, "assessed", given.assessment)
    if given.hold:
        _hold(db, actor, incident)
    kind, today = kinds[incident.kind], clock.today(fund.zone)
    latest = today + timedelta(days=kind.notice_days)
    if given.tell_until is not None and not today <= given.tell_until <= latest:
        raise invalid("/tell_until", "findings.told_later", on=latest.isoformat())
    if kind.owes_notice if given.tell_donors is None else given.tell_donors:
        owed_notices.owe(db, actor, incident, given.tell_until or latest)
    return _changed(db, actor, "assessed", incident, before)


def investigate(db: Session, actor: Actor, incident: Incident, findings: str) -> Incident:
    """Say what looking into it came to."""
    _refuse_interest(db, actor, incident)
    before = snapshot(incident)
    advance(incident, INCIDENT_STEPS, "investigate", actor)
    incident.investigated_by_id, incident.investigated_at = actor.person_id, clock.now()
    _write(db, actor, incident, "investigated", findings)
    return _changed(db, actor, "investigated", incident, before)


def close(db: Session, actor: Actor, incident: Incident, outcome: str, conclusion: str) -> Incident:
    """Close an incident, as another person than reported and assessed it; holds stay as they are.

    Only what was investigated can be substantiated or not; what was only assessed is referred.
    Raises ``same-person``, and ``conflict`` while a donor has not been told.
    """
    _refuse_interest(db, actor, incident)
    if incident.status == "assessed" and outcome != "referred":
        raise Problem("conflict", detail=text("findings.not_investigated"))
    require(incident, INCIDENT_STEPS, "close", actor)
    if owed_notices.any_owed(db, incident.id):
        raise Problem("conflict", detail=text("findings.notices_owed"))
    before = snapshot(incident)
    advance(incident, INCIDENT_STEPS, "close", actor)
    incident.closed_by_id, incident.closed_at = actor.person_id, clock.now()
    incident.outcome = outcome
    _write(db, actor, incident, "closed", conclusion)
    return _changed(db, actor, "closed", incident, before)


def place_hold(db: Session, actor: Actor, incident: Incident) -> Incident:
    """Stop payments of what an incident is about; somebody else lifts the hold."""
    if incident.status == "closed":
        raise Problem("wrong-status", action="hold", status=incident.status)
    _hold(db, actor, incident)
    return incident


def name_handler(db: Session, actor: Actor, incident: Incident, person_code: str) -> Incident:
    """Let a person handle an incident too, who has a role for that in the fund.

    Raises ``invalid-request`` for nobody, ``already-exists`` for who is named.
    """
    _refuse_interest(db, actor, incident)
    person = db.execute(select(Person).where(Person.code == person_code)).scalar_one_or_none()
    if person is None:
        raise invalid("/person_code", "validation.unknown_record")
    if incident.party_id is not None and has_interest(db, person.id, incident.party_id):
        raise invalid("/person_code", "findings.handler_interest")
    named = select(IncidentHandler.person_id).where(IncidentHandler.incident_id == incident.id)
    there = db.execute(named).scalars().all()
    if person.id in there:
        raise Problem("already-exists", detail=text("constraint.incident_handler"))
    if len(there) >= MAX_HANDLERS or incident.status == "closed":
        raise Problem("conflict", detail=text("findings.handlers_enough", maximum=MAX_HANDLERS))
    made = IncidentHandler(
        id=uuid7(), incident_id=incident.id, person_id=person.id, named_by_id=actor.person_id,
        created_at=clock.now(),
    )  # fmt: skip
    db.add(made)
    _told(db, actor, "incident_handler.named", "incident_handler", made, incident)
    tell(db, "incident_reported", person_ids=[person.id], about=("incident", incident.id),
         facts={"on": incident.reported_on}, of_party_id=incident.party_id)  # fmt: skip
    return incident


def shown(db: Session, actor: Actor, incident: Incident) -> dict[str, Any]:
    """Return an incident with its words to who changed it; that is a read as well."""
    read = {"id": uuid7(), "incident_id": incident.id, "person_id": actor.person_id}
    db.execute(insert(IncidentRead), [read | {"read_at": clock.now()}])
    return queries.detail(db, actor, incident.id, HANDLE)


def digest(code: str) -> str:
    """Return the digest of a reporter's code, which has 77 random bits."""
    return hashlib.sha256(code.encode()).hexdigest()


def text_digest(salt: bytes, body: str) -> str:
    """Return the salted digest by which events tell a text."""
    return hashlib.sha256(salt + body.encode()).hexdigest()


def _refuse_interest(db: Session, actor: Actor, incident: Incident) -> None:
    """Refuse an actor with an interest in the grantee that an incident is about."""
    if incident.party_id is not None and has_interest(db, actor.person_id, incident.party_id):
        raise Problem("conflict-of-interest", detail=text("findings.interest"))


def _may_hold(actor: Actor, fund_id: UUID) -> bool:
    return any(
        Permission.DISBURSEMENT_HOLD in ROLE_PERMISSIONS[held.role]
        and held.fund_id in (None, fund_id)
        for held in actor.held
    )


def _hold(db: Session, actor: Actor, incident: Incident) -> None:
    """Place a hold on the grant, or on the grantee in the fund; its reason tells nothing."""
    if incident.grant_id is None and incident.party_id is None:
        raise invalid("/hold", "findings.nothing_to_hold")
    hold = holds.place(
        db, actor, text("findings.hold_reason"), fund_id=incident.fund_id,
        grant_id=incident.grant_id,
        party_id=incident.party_id if incident.grant_id is None else None,
    )  # fmt: skip
    made = IncidentHold(
        id=uuid7(), incident_id=incident.id, hold_id=hold.id, created_at=clock.now()
    )
    db.add(made)
    _told(db, actor, "incident_hold.placed", "incident_hold", made, incident)


def _write(db: Session, author: audit.Author, incident: Incident, kind: str, body: str) -> None:
    salt = secrets.token_bytes(16)
    made = IncidentText(
        id=uuid7(), incident_id=incident.id, kind=kind, body=body, salt=salt,
        sha256=text_digest(salt, body), created_at=clock.now(),
    )  # fmt: skip
    db.add(made)
    _told(db, author, "incident_text.written", "incident_text", made, incident)


def _told(
    db: Session, author: audit.Author, action: str, record_type: str, made: Any, incident: Incident
) -> None:
    db.flush()
    after = snapshot(made, without=DIGESTED.get(made.__tablename__, frozenset()))
    audit.record(db, author, action, record_type, made.id, fund_id=incident.fund_id, after=after)


def _changed(
    db: Session, actor: Actor, action: str, incident: Incident, before: dict[str, Any]
) -> Incident:
    db.flush()
    told = {name: value for name, value in snapshot(incident).items() if value != before[name]}
    audit.record(
        db, actor, f"incident.{action}", "incident", incident.id, fund_id=incident.fund_id,
        before={name: before[name] for name in told}, after=told,
    )  # fmt: skip
    return incident
