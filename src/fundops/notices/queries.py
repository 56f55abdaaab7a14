"""Which notices an actor may see: their own inbox, and for auditors what was sent to whom."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from fundops.authz import Actor, Permission
from fundops.errors import Problem
from fundops.notices.models import ContactChannel, Notice
from fundops.parties import labels
from fundops.parties.models import Party, Person

NOTICES = Notice.__table__.c
SORTS: dict[str, ColumnElement[Any]] = {"created_at": NOTICES.created_at}


def visible(actor: Actor) -> Select[Any]:
    """Return every notice of the funds ``actor`` audits, with whom it went to.

    Notices that belong to no fund, such as those on channels, are seen by whoever audits all.
    """
    funds = actor.funds(Permission.NOTICE_READ)
    query = (
        select(
            *NOTICES,
            Person.code.label("person_code"),
            labels.name_column(actor).label("party_name"),
            ContactChannel.kind.label("channel_kind"),
            ContactChannel.address,
        )
        .outerjoin(Person, Person.id == Notice.person_id)
        .outerjoin(Party, Party.id == Notice.party_id)
        .outerjoin(ContactChannel, ContactChannel.id == Notice.channel_id)
    )
    return query if funds is None else query.where(Notice.fund_id.in_(funds))


def own(actor: Actor) -> Select[Any]:
    """Return the inbox of ``actor``: each event once, by however many channels it was told."""
    return select(*NOTICES).where(Notice.person_id == actor.person_id, Notice.in_inbox)


def get_own(db: Session, actor: Actor, notice_id: UUID) -> Notice:
    """Return a notice of the actor's inbox, fresh; raise ``not-found`` otherwise."""
    found = db.execute(
        select(Notice)
        .where(Notice.id == notice_id, Notice.person_id == actor.person_id, Notice.in_inbox)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if found is None:
        raise Problem("not-found")
    return found


def unsent(db: Session) -> int:
    """Return how many notices wait to be sent, or are being sent."""
    query = select(func.count()).select_from(Notice)
    return int(db.execute(query.where(Notice.status.in_(("waiting", "sending")))).scalar_one())
