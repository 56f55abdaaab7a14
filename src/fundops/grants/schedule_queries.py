"""Which requirements and conditions an actor may see: those of the grants they may see."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    case,
    exists,
    false,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session

from fundops import clock
from fundops.authz import Actor, Permission
from fundops.files.models import File
from fundops.files.queries import Funds, used_by
from fundops.grants.models import Grant, Tranche
from fundops.grants.policy_models import FundPolicy
from fundops.grants.queries import one, rows_of, seen
from fundops.grants.reported import is_reported
from fundops.grants.schedule_models import (
    PENDING,
    UNMET,
    GrantSchedule,
    Requirement,
    TrancheCondition,
)
from fundops.ledger.models import Fund
from fundops.parties.labels import KNOWS_PARTIES
from fundops.parties.models import Party
from fundops.parties.places import hidden_work

REQUIREMENTS = Requirement.__table__.c
REQUIREMENT_SORTS = {"due_on": REQUIREMENTS.due_on, "kind": REQUIREMENTS.kind}


def inside(actor: Actor) -> ColumnElement[Any]:
    """Return 1 for grants of funds whose grantees the reader works with, else 0.

    Notes and reasons are for those who do: they may name who is at risk. Each role counts for its
    own fund.
    """
    roles = [one for one in actor.holding(Permission.GRANT_READ) if one.role in KNOWS_PARTIES]
    reached = [true() if one.fund_id is None else Grant.fund_id == one.fund_id for one in roles]
    return case((or_(false(), *reached), 1), else_=0).label("is_inside")


def todays(db: Session) -> list[tuple[str, date]]:
    """Return today's date in each zone that some fund has."""
    zones: Sequence[str] = db.execute(select(Fund.zone).distinct()).scalars().all()
    return [(zone, clock.today(zone)) for zone in zones]


def requirements(
    actor: Actor,
    days: Sequence[tuple[str, date]],
    *,
    fund_id: UUID | None = None,
    grant_id: UUID | None = None,
    kind: str | None = None,
    status: str | None = None,
    overdue: bool | None = None,
    due_by: date | None = None,
) -> Select[Any]:
    """Return the rows of requirements that ``actor`` may see, filtered.

    ``days`` is today in each zone: what is overdue is asked in the fund's own.
    """
    late = or_(*(and_(Fund.zone == zone, Requirement.due_on < today) for zone, today in days))
    is_overdue = and_(Requirement.status.in_(PENDING), late, ~is_reported())
    hidden = hidden_work(actor, Grant.country, Grant.fund_id)
    query = (
        rows_of(
            *REQUIREMENTS,
            Grant.code.label("grant_code"),
            GrantSchedule.policy_id,
            FundPolicy.number.label("policy_number"),
            case((is_overdue, 1), else_=0).label("is_overdue"),
            case((hidden, null()), else_=Requirement.title).label("shown_title"),
            inside(actor),
        )
        .join(Grant, Grant.id == Requirement.grant_id)
        .join(Fund, Fund.id == Grant.fund_id)
        .join(Party, Party.id == Grant.grantee_id)
        .outerjoin(GrantSchedule, GrantSchedule.id == Requirement.schedule_id)
        .outerjoin(FundPolicy, FundPolicy.id == GrantSchedule.policy_id)
        .where(seen(actor))
    )
    for column, value in (
        (Grant.fund_id, fund_id),
        (Requirement.grant_id, grant_id),
        (Requirement.kind, kind),
        (Requirement.status, status),
    ):
        if value is not None:
            query = query.where(column == value)
    if overdue is not None:
        query = query.where(is_overdue if overdue else ~is_overdue)
    return query if due_by is None else query.where(Requirement.due_on <= due_by)


def requirement_row(db: Session, actor: Actor, requirement_id: UUID) -> Row[Any]:
    """Return one requirement's row; raise ``not-found`` when it may not be seen."""
    query = requirements(actor, todays(db)).where(Requirement.id == requirement_id)
    return one(db.execute(query).one_or_none())


def get_requirement(
    db: Session, actor: Actor, requirement_id: UUID, permission: Permission
) -> tuple[Requirement, Grant, Fund]:
    """Return a requirement, its grant and fund, fresh; raise ``not-found`` when out of reach."""
    query = (
        select(Requirement, Grant, Fund)
        .join(Grant, Grant.id == Requirement.grant_id)
        .join(Fund, Fund.id == Grant.fund_id)
        .where(Requirement.id == requirement_id, seen(actor, permission))
        .execution_options(populate_existing=True)
    )
    found = one(db.execute(query).one_or_none())
    return found[0], found[1], found[2]


def get_tranche(
    db: Session, actor: Actor, tranche_id: UUID, permission: Permission
) -> tuple[Tranche, Grant]:
    """Return a tranche and its grant, fresh; raise ``not-found`` when out of reach."""
    query = (
        select(Tranche, Grant)
        .join(Grant, Grant.id == Tranche.grant_id)
        .where(Tranche.id == tranche_id, seen(actor, permission))
        .execution_options(populate_existing=True)
    )
    found = one(db.execute(query).one_or_none())
    return found[0], found[1]


def conditions(actor: Actor) -> Select[Any]:
    """Return the rows of conditions that ``actor`` may see, with what requirements make of them."""
    is_met = and_(TrancheCondition.status.in_(UNMET), Requirement.status == "done")
    return (
        rows_of(
            *TrancheCondition.__table__.columns,
            case((is_met, "met"), else_=TrancheCondition.status).label("shown_status"),
            case((is_met, Requirement.done_on), else_=TrancheCondition.met_on).label(
                "shown_met_on"
            ),
            inside(actor),
        )
        .join(Tranche, Tranche.id == TrancheCondition.tranche_id)
        .join(Grant, Grant.id == Tranche.grant_id)
        .outerjoin(Requirement, Requirement.id == TrancheCondition.requirement_id)
        .where(seen(actor))
    )


def condition_row(db: Session, actor: Actor, condition_id: UUID) -> Row[Any]:
    """Return one condition's row; raise ``not-found`` when it may not be seen."""
    query = conditions(actor).where(TrancheCondition.id == condition_id)
    return one(db.execute(query).one_or_none())


def get_condition(
    db: Session, actor: Actor, condition_id: UUID, permission: Permission
) -> tuple[TrancheCondition, Grant, Fund]:
    """Return a condition, its grant and fund, fresh; raise ``not-found`` when out of reach."""
    query = (
        select(TrancheCondition, Grant, Fund)
        .join(Tranche, Tranche.id == TrancheCondition.tranche_id)
        .join(Grant, Grant.id == Tranche.grant_id)
        .join(Fund, Fund.id == Grant.fund_id)
        .where(TrancheCondition.id == condition_id, seen(actor, permission))
        .execution_options(populate_existing=True)
    )
    found = one(db.execute(query).one_or_none())
    return found[0], found[1], found[2]


def latest_schedule(actor: Actor, grant_id: UUID) -> Select[Any]:
    """Return the row of the plan that a grant was last given."""
    return (
        rows_of(*GrantSchedule.__table__.columns, Fund.base_currency, inside(actor))
        .join(Grant, Grant.id == GrantSchedule.grant_id)
        .join(Fund, Fund.id == Grant.fund_id)
        .where(GrantSchedule.grant_id == grant_id, seen(actor))
        .order_by(GrantSchedule.number.desc())
        .limit(1)
    )


def _granted_by(funds: Funds) -> ColumnElement[bool]:
    return true() if funds is None else Grant.fund_id.in_(funds)


@used_by
def shows_requirement(funds: Funds) -> ColumnElement[bool]:
    """Return whether a file shows that a requirement or condition of ``funds`` is done."""
    of_requirement = exists(
        select(Requirement.id)
        .join(Grant, Grant.id == Requirement.grant_id)
        .where(Requirement.evidence_file_id == File.id, _granted_by(funds))
    )
    of_condition = exists(
        select(TrancheCondition.id)
        .join(Tranche, Tranche.id == TrancheCondition.tranche_id)
        .join(Grant, Grant.id == Tranche.grant_id)
        .where(TrancheCondition.evidence_file_id == File.id, _granted_by(funds))
    )
    return or_(of_requirement, of_condition)
