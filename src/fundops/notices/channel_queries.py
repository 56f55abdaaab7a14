"""Which channels an actor may see and change: their own, and those of parties."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from fundops.authz import Actor, Role
from fundops.errors import Problem
from fundops.notices.models import ContactChannel, Notice

CHANNELS = ContactChannel.__table__.c
SORTS: dict[str, ColumnElement[Any]] = {"created_at": CHANNELS.created_at}


def acted_for(actor: Actor) -> frozenset[UUID]:
    """Return the parties whose channels ``actor`` manages as one of their own persons."""
    return frozenset(
        held.party_id
        for held in actor.held
        if held.role is Role.GRANTEE and held.party_id is not None
    )


def _own(actor: Actor) -> ColumnElement[bool]:
    mine = ContactChannel.person_id == actor.person_id
    return or_(mine, ContactChannel.party_id.in_(acted_for(actor)))


def own(actor: Actor) -> Select[Any]:
    """Return the channels of ``actor`` and of the parties they act for."""
    return select(*CHANNELS).where(_own(actor))


def get_own(db: Session, actor: Actor, channel_id: UUID) -> ContactChannel:
    """Return a channel that is the actor's to manage, fresh; raise ``not-found`` otherwise."""
    return _one(db, ContactChannel.id == channel_id, _own(actor))


def of_party(party_id: UUID) -> Select[Any]:
    """Return the channels of a party."""
    return select(*CHANNELS).where(ContactChannel.party_id == party_id)


def get_of_party(db: Session, party_id: UUID, channel_id: UUID) -> ContactChannel:
    """Return a channel of a party, fresh; raise ``not-found`` otherwise."""
    its = ContactChannel.party_id == party_id
    return _one(db, ContactChannel.id == channel_id, its)


def siblings(db: Session, channel: ContactChannel, since: datetime) -> tuple[list[Any], int]:
    """Return the active channels of the same owner, and how many it registered after ``since``."""
    active = select(CHANNELS.id, CHANNELS.kind, CHANNELS.address)
    rows = db.execute(active.where(_same_owner(channel), ContactChannel.status == "active")).all()
    late = select(func.count()).select_from(ContactChannel)
    count = late.where(_same_owner(channel), ContactChannel.created_at > since)
    return list(rows), int(db.execute(count).scalar_one())


def codes_sent(db: Session, channel: ContactChannel, since: datetime) -> int:
    """Return how many codes were put in the outbox for the owner's channels of this address.

    Registering an address anew does not send it more.
    """
    alike = select(ContactChannel.id).where(
        _same_owner(channel), ContactChannel.address == channel.address
    )
    query = select(func.count()).select_from(Notice)
    its = (Notice.channel_id.in_(alike), Notice.kind == "channel_code")
    return int(db.execute(query.where(*its, Notice.created_at > since)).scalar_one())


def _same_owner(channel: ContactChannel) -> ColumnElement[bool]:
    if channel.party_id is not None:
        return ContactChannel.party_id == channel.party_id
    return ContactChannel.person_id == channel.person_id


def _one(db: Session, *conditions: ColumnElement[bool]) -> ContactChannel:
    query = select(ContactChannel).where(*conditions)
    found = db.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if found is None:
        raise Problem("not-found")
    return found
