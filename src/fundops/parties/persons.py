"""Persons: registering, renaming, and leaving, which ends all they could do at once."""

from __future__ import annotations

import re

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from fundops import audit, clock, codes
from fundops.authz import Actor, Permission
from fundops.errors import Problem, invalid
from fundops.ids import uuid7
from fundops.lifecycle import Steps, advance, step
from fundops.parties import access, credentials
from fundops.parties.access_queries import not_over
from fundops.parties.access_schemas import MePatch, PersonIn, PersonPatch
from fundops.parties.models import Membership, Person
from fundops.records import apply_patch, snapshot

PERSON_STEPS: Steps = {"leave": step("active", "left", Permission.PERSON_WRITE)}
_OURS = re.compile(r"PER-\d{4}-\d+", re.ASCII)


def register(db: Session, author: audit.Author, given: PersonIn) -> Person:
    """Register a person, who may do nothing until given a role.

    Raises ``already-exists`` for a code in use, ``invalid-request`` for one of the form that the
    system gives out itself.
    """
    if given.code is not None and _OURS.fullmatch(given.code):
        raise invalid("/code", "validation.code_reserved")
    now = clock.now()
    person = Person(
        id=uuid7(),
        code=given.code or codes.next_code(db, "PER", now.year),
        name=given.name,
        status="active",
        created_at=now,
    )
    db.add(person)
    db.flush()
    audit.record(db, author, "person.registered", "person", person.id, after=snapshot(person))
    return person


def rename(db: Session, author: audit.Author, person: Person, patch: PersonPatch) -> Person:
    """Change a person's name."""
    before, after = apply_patch(person, patch)
    db.flush()
    audit.record(db, author, "person.changed", "person", person.id, before=before, after=after)
    return person


def set_own(db: Session, actor: Actor, patch: MePatch) -> None:
    """Set what a person sets for themselves: the language in which they are answered."""
    person = db.get_one(Person, actor.person_id)
    before, after = apply_patch(person, patch)
    db.flush()
    audit.record(db, actor, "person.set_own", "person", person.id, before=before, after=after)


def leave(db: Session, author: audit.Author, person: Person, reason: str) -> Person:
    """End every role of a person, every role they lent, and every token, at once.

    Raises ``wrong-status`` for a person who has left, ``not-allowed`` for an actor whose rights
    over persons are limited to some funds.
    """
    if isinstance(author, Actor) and author.funds(Permission.PERSON_WRITE) is not None:
        raise Problem("not-allowed")
    advance(person, PERSON_STEPS, "leave", author)
    now = clock.now()
    theirs = or_(Membership.person_id == person.id, Membership.delegated_by_id == person.id)
    held = db.execute(
        select(Membership)
        .where(theirs, not_over(now))
        .order_by(Membership.id)
        .execution_options(populate_existing=True)
    ).scalars()
    gone = audit.Entry(
        "person.left", "person", person.id, None, reason, {"status": "active"}, {"status": "left"}
    )
    entries = [
        gone,
        *access.end_rows(held, author, now, reason),
        *credentials.revoke_rows(credentials.live_tokens(db, person.id), now, reason),
    ]
    db.flush()
    audit.record_many(db, author, entries)
    return person
