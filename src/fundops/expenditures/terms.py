"""What a fund's policy says about expenditure and closing, and what closing still asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import clock
from fundops.grants.conditions import name_of
from fundops.grants.models import Grant
from fundops.grants.policy import policy_in_force
from fundops.grants.schedule_models import Requirement
from fundops.ledger.models import Fund
from fundops.messages import text

BASIS_POINTS = 10_000


@dataclass(frozen=True)
class Terms:
    """``support_cost_bp`` caps a grantee's support cost, in basis points of accepted direct
    expenditure; up to ``closing_minimum_minor`` nothing is asked back.
    ``is_force_majeure_allowed``: whether a grantee that cannot be reached may be closed.
    """

    support_cost_bp: int
    closing_minimum_minor: int
    is_force_majeure_allowed: bool


def terms_of(db: Session, fund: Fund, on: date) -> Terms:
    """Return the terms in force for a fund on a day."""
    policy = policy_in_force(db, fund.id, on)
    return Terms(
        policy.grantee_support_cost_percent * BASIS_POINTS // 100,
        policy.closing.minimum_balance_minor,
        policy.closing.force_majeure.is_allowed,
    )


def unmet_requirements(db: Session, grant: Grant) -> list[str]:
    """Return what a grant still has to deliver before it can be closed, a sentence each.

    Of the grant's calendar, the kinds that the policy requires, and audits wherever one is due.
    """
    fund = db.get_one(Fund, grant.fund_id)
    closing = policy_in_force(db, fund.id, clock.today(fund.zone)).closing
    query = (
        select(Requirement)
        .where(
            Requirement.grant_id == grant.id,
            Requirement.kind.in_((*closing.required, "audit")),
            Requirement.status.in_(("due", "waiver_requested")),
        )
        .order_by(Requirement.due_on, Requirement.id)
    )
    return [
        text("closing.requirement", what=name_of(one), due_on=one.due_on.isoformat())
        for one in db.execute(query).scalars()
    ]


def allowed_support_cost(accepted_direct_minor: int, basis_points: int) -> int:
    """Return the support cost that accepted direct expenditure allows, rounded down."""
    return max(accepted_direct_minor, 0) * basis_points // BASIS_POINTS


def percent(basis_points: int) -> str:
    """Return basis points as percent for people: ``750 -> "7.5"``."""
    whole, part = divmod(basis_points, 100)
    return f"{whole}.{part:02d}".rstrip("0").rstrip(".")
