"""Whose rows of the money-in registers an actor may see or change: the one place that decides.

Every held role counts by itself: a donor's role gives the rows of its party, a role limited to a
fund gives that fund's, and a person with both sees both, never the one widened by the other.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_
from sqlalchemy.orm import InstrumentedAttribute

from fundops.authz import PARTY_ROLES, Actor, Held, Permission
from fundops.errors import invalid

Named = ColumnElement[Any] | InstrumentedAttribute[Any]
"""A column that names a party or a fund."""


def rows_held(
    actor: Actor,
    permission: Permission,
    *,
    party: Named,
    fund: Named | None = None,
) -> ColumnElement[bool] | None:
    """Return the condition on the rows ``permission`` reaches, ``None`` when it reaches all.

    ``party`` and ``fund`` are the columns that name a row's donor and its fund; a register
    without funds (commitments) leaves ``fund`` out.
    """
    reached: list[ColumnElement[bool]] = []
    for held in actor.holding(permission):
        limits = [column == value for column, value in _limits(held, party, fund)]
        if not limits:
            return None
        reached.append(and_(*limits))
    return or_(false(), *reached)


def reaches(
    actor: Actor, permission: Permission, *, party_id: UUID, fund_id: UUID | None = None
) -> bool:
    """Return whether ``permission`` reaches one row, given its donor and its fund (if any)."""
    return any(
        (held.role not in PARTY_ROLES or held.party_id == party_id)
        and (fund_id is None or held.fund_id is None or held.fund_id == fund_id)
        for held in actor.holding(permission)
    )


def parties_held(actor: Actor, permission: Permission, fund_id: UUID) -> frozenset[UUID] | None:
    """Return the parties whose rows in one fund ``permission`` reaches, ``None`` for all."""
    held = [one for one in actor.holding(permission) if one.fund_id in (None, fund_id)]
    if any(one.role not in PARTY_ROLES for one in held):
        return None
    return frozenset(one.party_id for one in held if one.party_id is not None)


def require_fund(actor: Actor, permission: Permission, fund_id: UUID) -> None:
    """Refuse a body whose ``/fund_id`` is not one that ``permission`` is held for (422)."""
    funds = actor.funds(permission)
    if funds is not None and fund_id not in funds:
        raise invalid("/fund_id", "validation.unknown_record")


def _limits(held: Held, party: Named, fund: Named | None) -> list[tuple[Named, UUID | None]]:
    limits: list[tuple[Named, UUID | None]] = []
    if held.role in PARTY_ROLES:
        limits.append((party, held.party_id))
    if fund is not None and held.fund_id is not None:
        limits.append((fund, held.fund_id))
    return limits
