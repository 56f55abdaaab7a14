"""Which incidents an actor may read: managers and auditors their funds', others where named."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, false, insert, or_, select, true
from sqlalchemy.orm import Session

from fundops import clock
from fundops.authz import Actor, Permission, Role
from fundops.db import Database
from fundops.disbursements.control_queries import party_in_fund
from fundops.disbursements.models import PaymentHold
from fundops.donors.scope import require_fund, rows_held
from fundops.errors import invalid
from fundops.findings.incident_models import (
    Incident,
    IncidentHandler,
    IncidentHold,
    IncidentNotice,
    IncidentRead,
    IncidentText,
)
from fundops.findings.incident_schemas import IncidentIn, incident_out, notice_out
from fundops.grants.models import Grant
from fundops.grants.queries import one, rows_of
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.parties.models import Person

INCIDENTS: Any = Incident.__table__.c
READS: Any = IncidentRead.__table__.c
SORTS = {"code": INCIDENTS.code, "reported_on": INCIDENTS.reported_on}
READ_SORTS = {"read_at": READS.read_at}
WHOLE = frozenset({Role.FUND_MANAGER, Role.AUDITOR})
"""Roles that read every incident of their funds; others those that they are named for."""


def seen(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Return which incidents ``permission`` reaches."""
    reached: list[ColumnElement[bool]] = [false()]
    for held in actor.holding(permission):
        of_fund = true() if held.fund_id is None else INCIDENTS.fund_id == held.fund_id
        if held.role in WHOLE:
            reached.append(of_fund)
        else:
            named = exists(
                select(IncidentHandler.id).where(
                    IncidentHandler.incident_id == INCIDENTS.id,
                    IncidentHandler.person_id == actor.person_id,
                )
            )
            reached.append(of_fund & named)
    return or_(*reached)


def incidents(actor: Actor, permission: Permission = Permission.INCIDENT_READ) -> Select[Any]:
    """Return the rows of incidents that ``permission`` reaches."""
    return (
        rows_of(*INCIDENTS, Grant.code.label("grant_code"))
        .select_from(Incident)
        .outerjoin(Grant, Grant.id == Incident.grant_id)
        .where(seen(actor, permission))
    )


def get(db: Session, actor: Actor, incident_id: UUID, permission: Permission) -> Incident:
    """Return an incident, fresh; raise ``not-found`` when out of reach."""
    query = select(Incident).where(Incident.id == incident_id, seen(actor, permission))
    query = query.execution_options(populate_existing=True)
    return one(db.execute(query).scalar_one_or_none())


def reportable(db: Session, actor: Actor, given: IncidentIn) -> tuple[Fund, Grant | None]:
    """Return the fund and grant that a report names, as far as the actor has to do with them.

    A grantee names its own grants, and itself; a donor names the fund alone. Raises
    ``invalid-request`` for anything else.
    """
    report = Permission.INCIDENT_REPORT
    require_fund(actor, report, given.fund_id)
    fund = db.get(Fund, given.fund_id)
    if fund is None:
        raise invalid("/fund_id", "validation.unknown_record")
    if given.grant_id is not None:
        held = rows_held(actor, report, party=Grant.grantee_id, fund=Grant.fund_id)
        query = select(Grant).where(Grant.id == given.grant_id, Grant.fund_id == fund.id)
        query = query if held is None else query.where(held)
        grant = db.execute(query).scalar_one_or_none()
        if grant is None or given.party_id not in (None, grant.grantee_id):
            raise invalid("/grant_id", "validation.unknown_record")
        return fund, grant
    if given.party_id is not None:
        own = actor.parties(report)
        known = party_in_fund(db, fund.id, given.party_id)
        if not known or (own is not None and given.party_id not in own):
            raise invalid("/party_id", "validation.unknown_record")
    return fund, None


def get_notice(
    db: Session, actor: Actor, notice_id: UUID, permission: Permission
) -> tuple[IncidentNotice, Incident]:
    """Return a notice that is owed, fresh, with its incident; ``not-found`` out of reach."""
    query = select(IncidentNotice).where(IncidentNotice.id == notice_id)
    query = query.execution_options(populate_existing=True)
    found = one(db.execute(query).scalar_one_or_none())
    return found, get(db, actor, found.incident_id, permission)


def detail(
    db: Session, actor: Actor, incident_id: UUID, permission: Permission = Permission.INCIDENT_READ
) -> dict[str, Any]:
    """Return the wire form of an incident with its words, handlers, holds and notices."""
    query = incidents(actor, permission).where(Incident.id == incident_id)
    row = one(db.execute(query).one_or_none())
    names = ("reported_by_id", "assessed_by_id", "investigated_by_id", "closed_by_id")
    texts = rows_of(IncidentText.kind, IncidentText.body).where(
        IncidentText.incident_id == incident_id
    )
    handlers = (
        select(Person.code)
        .join(IncidentHandler, IncidentHandler.person_id == Person.id)
        .where(IncidentHandler.incident_id == incident_id)
    )
    holds = (
        rows_of(PaymentHold.id, PaymentHold.lifted_at)
        .join(IncidentHold, IncidentHold.hold_id == PaymentHold.id)
        .where(IncidentHold.incident_id == incident_id)
    )
    notices = rows_of(*IncidentNotice.__table__.c).where(IncidentNotice.incident_id == incident_id)
    return (
        incident_out(row)
        | {name: getattr(row, name) for name in names}
        | {
            "texts": [
                {"kind": text.kind, "body": text.body}
                for text in db.execute(texts.order_by(IncidentText.id))
            ],
            "handlers": list(db.execute(handlers.order_by(IncidentHandler.id)).scalars()),
            "holds": [
                {"hold_id": hold.id, "is_open": hold.lifted_at is None}
                for hold in db.execute(holds.order_by(PaymentHold.placed_at, PaymentHold.id))
            ],
            "notices": [
                notice_out(notice) for notice in db.execute(notices.order_by(IncidentNotice.code))
            ],
        }
    )


def by_follow_up(db: Session, sha256: str) -> Incident:
    """Return the incident of a reporter's code by its digest; raise ``not-found`` for none."""
    query = select(Incident).where(Incident.follow_up_sha256 == sha256)
    return one(db.execute(query).scalar_one_or_none())


def reads(incident_id: UUID) -> Select[Any]:
    """Return the rows of who read an incident."""
    return (
        rows_of(READS.id, READS.read_at, Person.code.label("person_code"))
        .select_from(IncidentRead)
        .join(Person, Person.id == IncidentRead.person_id)
        .where(IncidentRead.incident_id == incident_id)
    )


def write_down(database: Database, actor: Actor, incident_ids: Collection[UUID]) -> None:
    """Write down that a person reads these incidents, in a transaction of its own.

    A read that cannot be written down is not answered: the problem goes to the reader.
    """
    now = clock.now()
    rows = [
        {"id": uuid7(), "incident_id": one, "person_id": actor.person_id, "read_at": now}
        for one in sorted(incident_ids)
    ]
    if rows:
        with database.write() as db:
            db.execute(insert(IncidentRead), rows)
