"""Who may review: reviewers who in no other role read what a reviewer must not know."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select, true
from sqlalchemy.orm import aliased

from fundops import clock
from fundops.authz import PARTY_ROLES, Permission, Role
from fundops.parties.models import Membership
from fundops.roles import roles_with

AUDITING = frozenset(roles_with(Permission.AUDIT_READ))
"""Roles that read every event, others' reviews among them: their holders review nothing."""
READING = frozenset(roles_with(Permission.PROPOSAL_READ)) - PARTY_ROLES
"""Roles that read who applied: their holders review nothing that is to be reviewed blind."""

_HELD = aliased(Membership)
"""Memberships in queries of others. Made once: to make an alias takes longer than a query."""


def may_review(person: Any, fund: Any, is_blind: Any) -> ColumnElement[bool]:
    """Return the SQL of whether ``person`` may now review for a fund: a reviewer, and no judge.

    Whoever reads in another role what a reviewer must not know would not review independently.
    """
    return and_(
        _holds(person, {Role.REVIEWER}, fund),
        ~_holds(person, AUDITING, fund),
        ~and_(is_blind, _holds(person, READING, fund)),
    )


def holds_reviewer_role(person: Any, fund: Any = None) -> ColumnElement[bool]:
    """Return the SQL of whether ``person`` now holds the role of reviewer.

    With ``fund`` (an id or a column), for that fund or for all of them.
    """
    return _holds(person, {Role.REVIEWER}, fund)


def _holds(person: Any, roles: Collection[Role], fund: Any) -> ColumnElement[bool]:
    at = clock.now()
    return exists(
        select(_HELD.id).where(
            _HELD.person_id == person,
            _HELD.role.in_(sorted(role.value for role in roles)),
            _HELD.valid_from <= at,
            or_(_HELD.valid_until.is_(None), _HELD.valid_until > at),
            true() if fund is None else or_(_HELD.fund_id.is_(None), _HELD.fund_id == fund),
        )
    )
