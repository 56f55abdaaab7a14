"""Records of one human: two registered persons may turn out to be one, and count as one from then.

Where duties are kept apart, whoever acts under a second record is still the same person.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Permission
from fundops.db import AnySelect
from fundops.errors import Problem, invalid
from fundops.ids import uuid7
from fundops.parties.access_queries import person_by_code
from fundops.parties.models import Person, SamePerson
from fundops.records import snapshot

MAX_RECORDS = 20
"""Most records that one human may turn out to have."""


def join(db: Session, author: audit.Author, person: Person, code: str, reason: str) -> SamePerson:
    """Record that two registered persons are one human; it cannot be taken back.

    Raises ``same-person`` for a record of one's own, ``already-exists`` for what is known,
    ``not-allowed`` for an actor whose rights over persons are limited to some funds.
    """
    if isinstance(author, Actor) and author.funds(Permission.PERSON_WRITE) is not None:
        raise Problem("not-allowed")
    other = person_by_code(db, code)
    if other is None:
        raise invalid("/same_as_code", "validation.unknown_record")
    first, second = sorted((person.id, other.id), key=lambda one: one.int)
    made = SamePerson(
        id=uuid7(), person_id=first, other_id=second, reason=reason,
        recorded_by_id=author.person_id, recorded_at=clock.now(),
    )  # fmt: skip
    db.add(made)
    db.flush()
    audit.record(db, author, "same_person.recorded", "same_person", made.id, reason=reason,
        after=snapshot(made),
    )  # fmt: skip
    return made


def is_joined(db: Session, person_ids: Collection[UUID]) -> bool:
    """Return whether any of the persons given has another record."""
    query, given = _joining().limit(1), {"person_ids": list(person_ids)}
    return db.execute(query, given).first() is not None


@cache
def _joining() -> AnySelect:
    """Return the query for the pairs that some persons are of."""
    given: Any = bindparam("person_ids", expanding=True)
    query: AnySelect = select(SamePerson.person_id, SamePerson.other_id).where(
        or_(SamePerson.person_id.in_(given), SamePerson.other_id.in_(given))
    )
    return query


def records_of(db: Session, person_ids: Collection[UUID]) -> frozenset[UUID]:
    """Return the persons given and every other record of the same humans."""
    found = frozenset(person_ids)
    while len(found) <= MAX_RECORDS * max(len(person_ids), 1):
        wider = found.union(*db.execute(_joining(), {"person_ids": list(found)}).all())
        if wider == found:
            break
        found = wider
    return found
