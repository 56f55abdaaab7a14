"""Who has an interest in a party: whoever acts for it, or did so within the last two years.

A role for a party that has ended still counts for a while, so that nobody can lay it down one day
and decide over the party's money the next. It counts whatever token is used, and whatever role it
is; roles that ended before they began were never held.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from fundops import clock
from fundops.parties.models import Membership
from fundops.parties.same_persons import records_of

KEPT_FOR = timedelta(days=730)
"""How long a role for a party counts after its end."""

_HELD = aliased(Membership)
"""Memberships in queries of others. Made once: to make an alias takes longer than a query."""


def _counts(membership: type[Membership]) -> ColumnElement[bool]:
    """Return the SQL of whether a role is held now or ended less than ``KEPT_FOR`` ago."""
    at = clock.now()
    return and_(
        membership.party_id.is_not(None),
        membership.valid_from <= at,
        or_(
            membership.valid_until.is_(None),
            and_(
                membership.valid_until > at - KEPT_FOR,
                membership.valid_until > membership.valid_from,
            ),
        ),
    )


def has_interest(db: Session, person_id: UUID | None, party_id: UUID) -> bool:
    """Return whether a person, under any record, has an interest in a party; the system none."""
    if person_id is None:
        return False
    query = select(Membership.id).where(
        Membership.person_id.in_(records_of(db, [person_id])),
        Membership.party_id == party_id,
        _counts(Membership),
    )
    return db.execute(query.limit(1)).first() is not None


def interested_parties(db: Session, person_id: UUID) -> set[UUID]:
    """Return every party a person has an interest in."""
    query = select(Membership.party_id).where(
        Membership.person_id == person_id, _counts(Membership)
    )
    return {party_id for party_id in db.execute(query).scalars() if party_id is not None}


def interests_of(db: Session, person_ids: Collection[UUID]) -> set[tuple[UUID, UUID]]:
    """Return every (person, party) of the persons given, in one query."""
    query = select(Membership.person_id, Membership.party_id).where(
        Membership.person_id.in_(person_ids), _counts(Membership)
    )
    return {(person, party) for person, party in db.execute(query) if party is not None}


def interest_exists(person: Any, party: Any) -> ColumnElement[bool]:
    """Return the SQL of ``has_interest`` for columns (or values) that name a person and a party."""
    return exists(
        select(_HELD.id).where(_HELD.person_id == person, _HELD.party_id == party, _counts(_HELD))
    )
