"""Which duty profiles, limits, holds and sanctions checks an actor may see."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, false, not_, select, true
from sqlalchemy.orm import Session

from fundops.authz import Actor, Permission
from fundops.disbursements.models import (
    DutyProfile,
    PaymentHold,
    PersonLimit,
    SanctionsCheck,
)
from fundops.errors import Problem
from fundops.grants.models import Grant
from fundops.grants.queries import one
from fundops.ledger.models import Fund
from fundops.parties import labels
from fundops.parties.models import Party

PROFILES: Any = DutyProfile.__table__.c
LIMITS: Any = PersonLimit.__table__.c
HOLDS: Any = PaymentHold.__table__.c
CHECKS: Any = SanctionsCheck.__table__.c

PROFILE_SORTS = {"number": PROFILES.number}
LIMIT_SORTS = {"starts_on": LIMITS.starts_on}
HOLD_SORTS = {"placed_at": HOLDS.placed_at}
CHECK_SORTS = {"checked_on": CHECKS.checked_on}


def in_funds(actor: Actor, permission: Permission, column: Any) -> ColumnElement[bool]:
    """Return whether a row is of a fund that ``permission`` is held for."""
    funds = actor.funds(permission)
    if funds is None:
        return true()
    return column.in_(funds) if funds else false()


def profiles(actor: Actor, fund_id: UUID) -> Select[Any]:
    """Return the rows of a fund's duty profiles."""
    columns: tuple[Any, ...] = (*PROFILES, Fund.base_currency)
    return (
        select(*columns)
        .join(Fund, Fund.id == DutyProfile.fund_id)
        .where(
            DutyProfile.fund_id == fund_id, in_funds(actor, Permission.DUTY_READ, PROFILES.fund_id)
        )
    )


def get_profile(
    db: Session, actor: Actor, profile_id: UUID, permission: Permission
) -> tuple[DutyProfile, Fund]:
    """Return a profile and its fund; raise ``not-found`` when out of reach."""
    query = (
        select(DutyProfile, Fund)
        .join(Fund, Fund.id == DutyProfile.fund_id)
        .where(DutyProfile.id == profile_id, in_funds(actor, permission, PROFILES.fund_id))
        .execution_options(populate_existing=True)
    )
    found = one(db.execute(query).one_or_none())
    return found[0], found[1]


def limits(actor: Actor, fund_id: UUID) -> Select[Any]:
    """Return the rows of a fund's limits per person."""
    columns: tuple[Any, ...] = (*LIMITS, Fund.base_currency)
    return (
        select(*columns)
        .join(Fund, Fund.id == PersonLimit.fund_id)
        .where(
            PersonLimit.fund_id == fund_id, in_funds(actor, Permission.DUTY_READ, LIMITS.fund_id)
        )
    )


def get_limit(db: Session, actor: Actor, limit_id: UUID, permission: Permission) -> PersonLimit:
    """Return a limit; raise ``not-found`` when out of reach."""
    query = select(PersonLimit).where(
        PersonLimit.id == limit_id, in_funds(actor, permission, LIMITS.fund_id)
    )
    return one(db.execute(query.execution_options(populate_existing=True)).scalar_one_or_none())


def holds(actor: Actor, *, is_open: bool | None = None) -> Select[Any]:
    """Return the rows of holds in the funds whose payments the actor may hold or read."""
    query: Select[Any] = select(*HOLDS).where(_hold_seen(actor))
    if is_open is not None:
        query = query.where(HOLDS.lifted_at.is_(None) == is_open)
    return query


def _hold_seen(actor: Actor) -> ColumnElement[bool]:
    """Which holds an actor sees; those on a protected party are there for who may know it."""
    hidden = (
        select(Party.id).where(Party.id == HOLDS.party_id, labels.hidden_column(actor)).exists()
    )
    return in_funds(actor, Permission.DUTY_READ, HOLDS.fund_id) & not_(hidden)


def get_hold(db: Session, actor: Actor, hold_id: UUID) -> PaymentHold:
    """Return a hold; raise ``not-found`` when out of reach."""
    query = select(PaymentHold).where(
        PaymentHold.id == hold_id, in_funds(actor, Permission.DISBURSEMENT_HOLD, HOLDS.fund_id)
    )
    return one(db.execute(query.execution_options(populate_existing=True)).scalar_one_or_none())


def checks(party_id: UUID) -> Select[Any]:
    """Return the rows of a party's sanctions checks."""
    return select(*CHECKS).where(CHECKS.party_id == party_id)


def get_check(db: Session, check_id: UUID) -> SanctionsCheck:
    """Return a sanctions check; raise ``not-found`` where there is none."""
    query = select(SanctionsCheck).where(SanctionsCheck.id == check_id)
    return one(db.execute(query.execution_options(populate_existing=True)).scalar_one_or_none())


def fund_for(db: Session, actor: Actor, fund_id: UUID, permission: Permission) -> Fund:
    """Return a fund that ``permission`` is held for; raise ``not-found`` otherwise."""
    actor.require_fund(permission, fund_id)
    fund = db.get(Fund, fund_id)
    if fund is None:
        raise Problem("not-found")
    return fund


def party_in_fund(db: Session, fund_id: UUID, party_id: UUID) -> bool:
    """Return whether a party is a grantee of the fund."""
    query = select(Grant.id).where(Grant.fund_id == fund_id, Grant.grantee_id == party_id)
    return db.execute(query.limit(1)).first() is not None
