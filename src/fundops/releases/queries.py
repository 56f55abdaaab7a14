"""Which releases and cells an actor may read.

Donors and grantees read what is out for everybody; others also what is out for the fund's own
people; those who prepare or publish releases also what is only prepared.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, false, select, true
from sqlalchemy.orm import Session

from fundops.authz import PARTY_ROLES, Actor, Permission
from fundops.errors import Problem
from fundops.parties.labels import KNOWS_PARTIES
from fundops.releases import withholding as withholding  # flags reach releases through here
from fundops.releases.models import Release, ReleaseCell

RELEASES: Any = Release.__table__.columns
CELLS: Any = ReleaseCell.__table__.columns
SORTS = {"code": RELEASES.code, "as_of_on": RELEASES.as_of_on}
CELL_SORTS = {"position": CELLS.position}


def seen(actor: Actor) -> ColumnElement[bool]:
    """Return which releases an actor may know of."""
    return _reached(actor, Release.published_at.is_not(None))


def _reached(actor: Actor, is_out: ColumnElement[bool]) -> ColumnElement[bool]:
    found: ColumnElement[bool] = false()
    for held in actor.holding(Permission.RELEASE_READ):
        if held.role in PARTY_ROLES:
            found |= is_out & (Release.class_name == "outside")
        else:
            found |= is_out & _of_fund(held.fund_id)
    for permission in (Permission.RELEASE_PREPARE, Permission.RELEASE_PUBLISH):
        for held in actor.holding(permission):
            found |= _of_fund(held.fund_id) & (Release.status != "withdrawn") | (
                _of_fund(held.fund_id) & is_out
            )
    return found


def _of_fund(fund_id: UUID | None) -> ColumnElement[bool]:
    return true() if fund_id is None else Release.fund_id == fund_id


def listed(actor: Actor, **equals: Any) -> Select[Any]:
    """Return the rows of releases that an actor may know of, where columns equal values."""
    query: Select[Any] = select(*RELEASES).where(seen(actor))
    for name, value in equals.items():
        if value is not None:
            query = query.where(RELEASES[name] == value)
    return query


def row(db: Session, actor: Actor, release_id: UUID) -> Any:
    """Return one release's row; raise ``not-found`` when it is out of reach."""
    found = db.execute(listed(actor).where(Release.id == release_id)).one_or_none()
    if found is None:
        raise Problem("not-found")
    return found


def row_served(db: Session, actor: Actor, release_id: UUID) -> Any:
    """Return the row of a release whose cells ``actor`` may be given.

    Raises ``not-found`` when it is out of reach, withdrawn, or withheld since a grantee or place in
    it was flagged at risk and ``actor`` is none of those who may know which.
    """
    found = row(db, actor, release_id)
    knows = any(held.role in KNOWS_PARTIES for held in actor.held)
    if found.status == "withdrawn" or (found.withheld_at is not None and not knows):
        raise Problem("not-found")
    return found


def get(db: Session, actor: Actor, release_id: UUID, permission: Permission) -> Release:
    """Return a release, fresh, for ``permission``; raise ``not-found`` when out of reach."""
    query = select(Release).where(Release.id == release_id, seen_for(actor, permission))
    query = query.execution_options(populate_existing=True)
    found: Release | None = db.execute(query).scalar_one_or_none()
    if found is None:
        raise Problem("not-found")
    return found


def seen_for(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Return the releases of the funds that ``permission`` is held for."""
    funds = actor.funds(permission)
    return true() if funds is None else Release.fund_id.in_(sorted(funds))


def cells(release_id: UUID, **equals: Any) -> Select[Any]:
    """Return the cells of a release, in order; filters choose among them and add nothing up."""
    query: Select[Any] = select(*CELLS).where(CELLS.release_id == release_id)
    for name, value in equals.items():
        if value is not None:
            query = query.where(CELLS[name] == value)
    return query
