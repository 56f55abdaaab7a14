"""The pool of reviewers: what each reads and knows, and how much they take on."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.audit import canonical
from fundops.authz import Actor, Permission
from fundops.errors import invalid
from fundops.ids import uuid7
from fundops.parties.models import Person
from fundops.records import snapshot
from fundops.reviews import pool_queries
from fundops.reviews.models import Reviewer
from fundops.reviews.schemas import ReviewerIn, ReviewerPatch

LISTS = ("languages", "regions", "objectives")


def enrol(db: Session, actor: Actor, given: ReviewerIn) -> Reviewer:
    """Take a person into the pool.

    Raises ``invalid-request`` for a person who does not hold the role of reviewer now, and
    ``already-exists`` for one who is in the pool.
    """
    query = select(Person.id).where(Person.id == given.person_id, Person.status == "active")
    if db.execute(query).first() is None:
        raise invalid("/person_id", "validation.unknown_record")
    holds_role = pool_queries.role_reached(actor, Permission.REVIEWER_WRITE, Person.id)
    if db.execute(query.where(holds_role)).first() is None:
        raise invalid("/person_id", "reviews.not_a_reviewer")
    reviewer = Reviewer(
        id=uuid7(),
        person_id=given.person_id,
        max_load=given.max_load,
        status="active",
        created_at=clock.now(),
        **{name: canonical(getattr(given, name)) for name in LISTS},
    )
    db.add(reviewer)
    db.flush()
    audit.record(db, actor, "reviewer.enrolled", "reviewer", reviewer.id, after=snapshot(reviewer))
    return reviewer


def change(db: Session, actor: audit.Author, reviewer: Reviewer, patch: ReviewerPatch) -> Reviewer:
    """Change what a reviewer reads, knows or takes on, or let them rest."""
    values: dict[str, Any] = {name: getattr(patch, name) for name in patch.model_fields_set}
    for name in LISTS:
        if name in values:
            values[name] = canonical(values[name])
    before = {name: getattr(reviewer, name) for name in values}
    after = {name: value for name, value in values.items() if value != before[name]}
    for name, value in after.items():
        setattr(reviewer, name, value)
    db.flush()
    audit.record(
        db, actor, "reviewer.changed", "reviewer", reviewer.id,
        before={name: before[name] for name in after}, after=after,
    )  # fmt: skip
    return reviewer
