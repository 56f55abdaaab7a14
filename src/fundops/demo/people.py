"""Persons of the demonstration fund, one per role, with a token each."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Role
from fundops.parties import access, credentials, persons
from fundops.parties.access_schemas import MembershipIn, PersonIn, TokenIn
from fundops.parties.tokens import actor_of

TOKEN_DAYS = 90
"""The story begins two months ago; a month is left to try things."""


@dataclass(frozen=True)
class Player:
    """A person of the demonstration: role, what the role is for, actor and token."""

    role: Role
    title: str
    actor: Actor
    token: str


def a_player(
    db: Session, role: Role, title: str, party_id: UUID | None = None, code: str | None = None
) -> Player:
    """Register a person called by their title, with one role and a token."""
    person = persons.register(db, audit.SYSTEM, PersonIn(name=title, code=code))
    access.grant(db, audit.SYSTEM, MembershipIn(person_id=person.id, role=role, party_id=party_id))
    given = TokenIn(person_id=person.id, label="demonstration")
    _, secret = credentials.create_token(db, audit.SYSTEM, given, default_days=TOKEN_DAYS)
    db.flush()
    return Player(role, title, actor_of(db, secret, clock.now()), secret)
