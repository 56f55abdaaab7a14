"""Which persons, memberships and tokens an actor may see, and how they are found.

Whoever reads access for all funds sees everybody's; for some funds, the roles that reach into
those. Everybody sees what is their own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, true
from sqlalchemy.orm import Session

from fundops import clock
from fundops.authz import Actor, Permission
from fundops.errors import Problem
from fundops.parties.models import Membership, Person, Token

Record = TypeVar("Record", Person, Membership, Token)

PERSON_COLUMNS: tuple[ColumnElement[Any], ...] = tuple(Person.__table__.columns)
PERSON_SORTS: dict[str, ColumnElement[Any]] = {
    "code": Person.__table__.c.code,
    "name": Person.__table__.c.name,
}
MEMBERSHIP_COLUMNS = tuple(Membership.__table__.columns)
MEMBERSHIP_SORTS: dict[str, ColumnElement[Any]] = {
    "valid_from": Membership.__table__.c.valid_from,
    "role": Membership.__table__.c.role,
}
TOKEN_COLUMNS = tuple(c for c in Token.__table__.columns if c.name != "secret_hash")
TOKEN_SORTS: dict[str, ColumnElement[Any]] = {
    "created_at": Token.__table__.c.created_at,
    "expires_at": Token.__table__.c.expires_at,
}


def held_at(at: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """Return the condition that a membership was in force at ``at``, and known then."""
    return and_(
        Membership.created_at <= at,
        Membership.valid_from <= at,
        or_(Membership.valid_until.is_(None), Membership.valid_until > at),
    )


def not_over(at: datetime) -> ColumnElement[bool]:
    """Return the condition that a membership is in force at ``at`` or will be."""
    return or_(
        Membership.valid_until.is_(None),
        and_(Membership.valid_until > at, Membership.valid_until > Membership.valid_from),
    )


def usable_at(at: datetime) -> ColumnElement[bool]:
    """Return the condition that a token was good at ``at``."""
    return and_(
        Token.created_at <= at,
        Token.expires_at > at,
        or_(Token.revoked_at.is_(None), Token.revoked_at > at),
    )


def roles_seen(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that ``actor`` may see a membership for its fund (all: any of them)."""
    if not actor.allows(Permission.ACCESS_READ):
        return false()
    funds = actor.funds(Permission.ACCESS_READ)
    if funds is None:
        return true()
    return or_(Membership.fund_id.is_(None), Membership.fund_id.in_(funds))


def own_delegations(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that a membership is a delegation by or to ``actor``."""
    mine = actor.person_id
    return and_(
        Membership.delegated_by_id.is_not(None),
        or_(Membership.delegated_by_id == mine, Membership.person_id == mine),
    )


def persons(actor: Actor) -> Select[Any]:
    """Return the persons ``actor`` may see."""
    return select(*PERSON_COLUMNS).where(_person_seen(actor))


def _person_seen(actor: Actor) -> ColumnElement[bool]:
    if actor.allows(Permission.ACCESS_READ) and actor.funds(Permission.ACCESS_READ) is None:
        return true()
    held = select(Membership.person_id).where(roles_seen(actor))
    return or_(Person.id == actor.person_id, Person.id.in_(held))


def get_person(db: Session, actor: Actor, person_id: UUID, *, lock: bool = False) -> Person:
    """Return a person the actor may see, fresh; raise ``not-found`` otherwise."""
    return _one(db, Person, Person.id == person_id, _person_seen(actor), lock=lock)


def memberships(actor: Actor) -> Select[Any]:
    """Return the memberships ``actor`` may see, their own included."""
    mine = Membership.person_id == actor.person_id
    return select(*MEMBERSHIP_COLUMNS).where(or_(mine, roles_seen(actor)))


def get_membership(
    db: Session, actor: Actor, membership_id: UUID, *, lock: bool = False
) -> Membership:
    """Return a membership the actor may see, fresh; raise ``not-found`` otherwise."""
    mine = Membership.person_id == actor.person_id
    seen = or_(mine, roles_seen(actor))
    return _one(db, Membership, Membership.id == membership_id, seen, lock=lock)


def delegations(actor: Actor) -> Select[Any]:
    """Return the delegations by or to ``actor``."""
    return select(*MEMBERSHIP_COLUMNS).where(own_delegations(actor))


def get_delegation(
    db: Session, actor: Actor, membership_id: UUID, *, lock: bool = False
) -> Membership:
    """Return a delegation by or to the actor, fresh; raise ``not-found`` otherwise."""
    seen = own_delegations(actor)
    return _one(db, Membership, Membership.id == membership_id, seen, lock=lock)


def _token_seen(actor: Actor) -> ColumnElement[bool]:
    mine = Token.person_id == actor.person_id
    if not actor.allows(Permission.ACCESS_READ):
        return mine
    funds = actor.funds(Permission.ACCESS_READ)
    return true() if funds is None else or_(mine, Token.fund_id.in_(funds))


def tokens(actor: Actor) -> Select[Any]:
    """Return the tokens ``actor`` may see, without what is kept of their secrets."""
    return select(*TOKEN_COLUMNS).where(_token_seen(actor))


def get_token(db: Session, actor: Actor, token_id: UUID, *, lock: bool = False) -> Token:
    """Return a token the actor may see, fresh; raise ``not-found`` otherwise."""
    return _one(db, Token, Token.id == token_id, _token_seen(actor), lock=lock)


def person_by_code(db: Session, code: str) -> Person | None:
    """Return the person with ``code``, fresh, if any."""
    return db.execute(
        select(Person).where(Person.code == code).execution_options(populate_existing=True)
    ).scalar_one_or_none()


def count_live_memberships(db: Session, person_id: UUID) -> int:
    """Return how many memberships of a person are in force or to come."""
    query = select(func.count()).select_from(Membership)
    query = query.where(Membership.person_id == person_id, not_over(clock.now()))
    return int(db.execute(query).scalar_one())


def _one(db: Session, kind: type[Record], *conditions: ColumnElement[bool], lock: bool) -> Record:
    query = select(kind).where(*conditions).execution_options(populate_existing=lock)
    found = db.execute(query).scalar_one_or_none()
    if found is None:
        raise Problem("not-found")
    return found
