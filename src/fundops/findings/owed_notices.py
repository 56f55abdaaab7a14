"""Telling donors of incidents: which of them, until when, and the proof that it was done.

Told are the donors whose lots pay what is concerned: the grant, all grants of the grantee in the
fund, or the whole fund. A notice says that there is something, never what.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Permission
from fundops.codes import random_code
from fundops.donors.models import Lot
from fundops.errors import Problem, invalid
from fundops.findings.incident_models import Incident, IncidentNotice
from fundops.findings.incident_schemas import NoticeSentIn
from fundops.grants.models import Grant
from fundops.ids import uuid7
from fundops.ledger.models import Account
from fundops.lifecycle import Steps, advance, step
from fundops.messages import text
from fundops.notices.service import tell
from fundops.parties.models import Party
from fundops.records import snapshot

NOTICE_STEPS: Steps = {"send": step("owed", "sent", Permission.INCIDENT_HANDLE)}


def donors_of(db: Session, incident: Incident) -> list[UUID]:
    """Return the donors whose money is in what an incident is about, now, by their codes."""
    lots = select(Lot.donor_id).where(Lot.fund_id == incident.fund_id)
    if incident.grant_id is not None or incident.party_id is not None:
        grants = select(Grant.id).where(Grant.fund_id == incident.fund_id)
        grants = (
            grants.where(Grant.id == incident.grant_id)
            if incident.grant_id is not None
            else grants.where(Grant.grantee_id == incident.party_id)
        )
        # A lot pays a grant where something stands, or stood, on an account of the two.
        paying = select(Account.lot_id).where(
            Account.grant_id.in_(grants), Account.credits_minor + Account.debits_minor > 0
        )
        lots = lots.where(Lot.id.in_(paying))
    query = select(Party.id).where(Party.id.in_(lots), Party.kind != "pseudo")
    return list(db.execute(query.order_by(Party.code)).scalars())


def owe(db: Session, actor: Actor, incident: Incident, due_on: date) -> list[IncidentNotice]:
    """Note that the donors concerned must be told until a day."""
    made = [
        IncidentNotice(
            id=uuid7(), code=random_code("INN"), incident_id=incident.id,
            fund_id=incident.fund_id, donor_id=donor_id, due_on=due_on, status="owed",
            created_at=clock.now(),
        )
        for donor_id in donors_of(db, incident)
    ]  # fmt: skip
    db.add_all(made)
    db.flush()
    for one in made:
        audit.record(
            db, actor, "incident_notice.owed", "incident_notice", one.id,
            fund_id=incident.fund_id, after=snapshot(one),
        )  # fmt: skip
    return made


def send(db: Session, actor: Actor, notice: IncidentNotice, given: NoticeSentIn) -> IncidentNotice:
    """Tell a donor by its channels, or note the letter that did.

    Raises ``conflict`` where no channel of the donor reaches anybody: then a letter must.
    """
    before = snapshot(notice)
    if (given.how == "letter") != (given.reference is not None):
        raise invalid("/reference", "findings.letter_reference")
    advance(notice, NOTICE_STEPS, "send", actor)
    notice.sent_how, notice.reference = given.how, given.reference
    notice.sent_by_id, notice.sent_at = actor.person_id, clock.now()
    if given.how == "notice":
        notice.messages = tell(
            db, "incident_notice", party_id=notice.donor_id, fund_id=notice.fund_id,
            about=("incident_notice", notice.id), facts={"code": notice.code},
        )  # fmt: skip
        if not notice.messages:
            raise Problem("conflict", detail=text("constraint.incident_notice"))
    db.flush()
    told = {name: value for name, value in snapshot(notice).items() if value != before[name]}
    audit.record(
        db, actor, "incident_notice.sent", "incident_notice", notice.id, fund_id=notice.fund_id,
        before={name: before[name] for name in told}, after=told,
    )  # fmt: skip
    return notice


def any_owed(db: Session, incident_id: UUID) -> bool:
    """Return whether a donor must still be told."""
    query = select(IncidentNotice.id).where(
        IncidentNotice.incident_id == incident_id, IncidentNotice.status == "owed"
    )
    return db.execute(query.limit(1)).first() is not None
