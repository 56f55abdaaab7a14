"""Which versions of policies and which assessments an actor may see."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from fundops.authz import Actor, Permission
from fundops.grants.policy_models import FundPolicy, RiskAssessment
from fundops.grants.queries import one, rows_of
from fundops.ledger.models import Fund
from fundops.parties.models import Party

POLICIES = FundPolicy.__table__.c
POLICY_SORTS = {"starts_on": POLICIES.starts_on, "number": POLICIES.number}
ASSESSMENTS = RiskAssessment.__table__.c
RISK_SORTS = {"assessed_on": ASSESSMENTS.assessed_on}


def policies(
    actor: Actor, *, fund_id: UUID | None = None, status: str | None = None
) -> Select[Any]:
    """Return the rows of policies' versions that ``actor`` may see, filtered."""
    query = rows_of(*POLICIES, Fund.base_currency).join(Fund, Fund.id == FundPolicy.fund_id)
    funds = actor.funds(Permission.POLICY_READ)
    if funds is not None:
        query = query.where(FundPolicy.fund_id.in_(funds))
    if fund_id is not None:
        query = query.where(FundPolicy.fund_id == fund_id)
    return query if status is None else query.where(FundPolicy.status == status)


def policy_row(db: Session, actor: Actor, policy_id: UUID) -> Row[Any]:
    """Return one version's row; raise ``not-found`` when it may not be seen."""
    query = policies(actor).where(FundPolicy.id == policy_id)
    return one(db.execute(query).one_or_none())


def get_policy(
    db: Session, actor: Actor, policy_id: UUID, permission: Permission
) -> tuple[FundPolicy, Fund]:
    """Return a version and its fund, fresh; raise ``not-found`` when out of reach."""
    query = (
        select(FundPolicy, Fund)
        .join(Fund, Fund.id == FundPolicy.fund_id)
        .where(FundPolicy.id == policy_id)
        .execution_options(populate_existing=True)
    )
    funds = actor.funds(permission)
    if funds is not None:
        query = query.where(FundPolicy.fund_id.in_(funds))
    found = one(db.execute(query).one_or_none())
    return found[0], found[1]


def get_fund(db: Session, actor: Actor, fund_id: UUID) -> Fund:
    """Return a fund whose policy ``actor`` may read; raise ``not-found`` for others."""
    actor.require_fund(Permission.POLICY_READ, fund_id)
    return one(db.get(Fund, fund_id))


def get_party(db: Session, party_id: UUID) -> Party:
    """Return a party; how risky it is belongs to the whole organisation, not to one fund."""
    return one(db.get(Party, party_id))


def assessments(party_id: UUID) -> Select[Any]:
    """Return the rows of a party's assessments."""
    return rows_of(*ASSESSMENTS).where(RiskAssessment.party_id == party_id)
