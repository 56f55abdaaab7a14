"""Who is in the pool of reviewers, and who of it an actor may see."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, false, func, or_, select, true
from sqlalchemy.orm import Session

from fundops.authz import Actor, Permission
from fundops.parties.models import Person
from fundops.proposals.models import Proposal
from fundops.reviews.independence import holds_reviewer_role
from fundops.reviews.models import Assignment, Reviewer
from fundops.reviews.queries import one, rows_of, to_be_written

REVIEWER_SORTS = {"code": Person.code, "max_load": Reviewer.max_load}


def pool(actor: Actor, permission: Permission, *, status: str | None = None) -> Select[Any]:
    """Return the rows of the pool: who reviews for the funds that ``actor`` works for."""
    open_load = (
        select(func.count())
        .select_from(Assignment)
        .join(Proposal, Proposal.id == Assignment.proposal_id)
        .where(Assignment.reviewer_id == Reviewer.id, to_be_written())
        .correlate(Reviewer)
        .scalar_subquery()
    )
    query = (
        rows_of(
            Reviewer.id, Reviewer.person_id, Person.code.label("person_code"),
            Person.name.label("person_name"), Reviewer.languages, Reviewer.regions,
            Reviewer.objectives, Reviewer.max_load, Reviewer.status, Reviewer.version,
            open_load.label("open_load"),
        )
        .join(Person, Person.id == Reviewer.person_id)
        .where(_pool_reached(actor, permission))
    )  # fmt: skip
    return query if status is None else query.where(Reviewer.status == status)


def role_reached(actor: Actor, permission: Permission, person: Any) -> ColumnElement[bool]:
    """Return the SQL of whether ``person`` holds the role for a fund that ``permission`` is for."""
    funds = actor.funds(permission)
    if funds is None:
        return holds_reviewer_role(person)
    return or_(false(), *(holds_reviewer_role(person, fund) for fund in sorted(funds)))


def _pool_reached(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """All of the pool for who works for all funds, also those whose role has ended."""
    if actor.funds(permission) is None:
        return true()
    return role_reached(actor, permission, Reviewer.person_id)


def get_reviewer(db: Session, actor: Actor, reviewer_id: UUID, permission: Permission) -> Reviewer:
    """Return a reviewer, fresh; raise ``not-found`` when out of reach."""
    query = select(Reviewer).where(Reviewer.id == reviewer_id, _pool_reached(actor, permission))
    query = query.execution_options(populate_existing=True)
    return one(db.execute(query).scalar_one_or_none())


def reviewer_row(db: Session, actor: Actor, reviewer_id: UUID, permission: Permission) -> Row[Any]:
    """Return one reviewer's row as lists have it; raise ``not-found`` when out of reach."""
    query = pool(actor, permission).where(Reviewer.id == reviewer_id)
    return one(db.execute(query).one_or_none())
