"""How risky it is to fund a grantee: assessments, and the tier that holds on a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.errors import Problem, invalid
from fundops.grants.policy_content import TIERS, Tier
from fundops.grants.policy_models import RiskAssessment
from fundops.grants.rules import refuse_interest
from fundops.ids import uuid7
from fundops.messages import text
from fundops.parties.models import Party
from fundops.records import snapshot

MAX_VALID_DAYS = 4 * 365 + 1
"""An assessment is good for four years at most, as agencies that share grantees have agreed."""


@dataclass(frozen=True)
class RiskTier:
    """The tier of a party on a day, why it is that, and the assessment that says so, if any."""

    tier: Tier
    reason: str
    assessment_id: UUID | None = None


def tier_of(db: Session, party_id: UUID, on: date) -> RiskTier:
    """Return a party's tier: of its latest assessment by then; high without a valid one."""
    query = (
        select(RiskAssessment)
        .where(RiskAssessment.party_id == party_id, RiskAssessment.assessed_on <= on)
        .order_by(
            RiskAssessment.assessed_on.desc(),
            RiskAssessment.created_at.desc(),
            RiskAssessment.id.desc(),
        )
        .limit(1)
    )
    found = db.execute(query).scalar_one_or_none()
    if found is None:
        return RiskTier("high", text("risk.not_assessed"))
    if found.valid_until_on < on:
        until = found.valid_until_on.isoformat()
        return RiskTier("high", text("risk.expired", until=until), found.id)
    days = {"on": found.assessed_on.isoformat(), "until": found.valid_until_on.isoformat()}
    tier: Tier = found.tier  # type: ignore[assignment]
    return RiskTier(tier, text("risk.assessed", **days), found.id)


def warn(
    db: Session,
    actor: audit.Author,
    party: Party,
    tier: Tier,
    assessed_on: date,
    valid_until_on: date,
    basis: str,
) -> RiskAssessment:
    """Record on one's own that a party is riskier than it stands today; see ``assess``.

    To find it less risky, or as risky for longer, takes two persons and an assessment that says
    why: raises ``conflict`` for that.
    """
    today = clock.today("UTC")
    standing = tier_of(db, party.id, today)
    if tier != TIERS[-1]:
        is_riskier = TIERS.index(tier) > TIERS.index(standing.tier)
        last = None if standing.assessment_id is None else db.get(
            RiskAssessment, standing.assessment_id
        )  # fmt: skip
        if not is_riskier or last is None or valid_until_on > last.valid_until_on:
            detail = text("risk.takes_two", tier=standing.tier)
            raise Problem("conflict", detail=detail)
    return assess(db, actor, party, tier, assessed_on, valid_until_on, basis)


def assess(
    db: Session,
    actor: audit.Author,
    party: Party,
    tier: Tier,
    assessed_on: date,
    valid_until_on: date,
    basis: str,
) -> RiskAssessment:
    """Record how risky it is to fund a party; the latest by day counts.

    Raises ``conflict-of-interest`` for an actor with a role for the party, ``invalid-request``
    for a day in the future or a validity that is over, backwards or longer than four years.
    """
    if party.kind == "pseudo":
        raise Problem("conflict", detail=text("risk.no_grantee"))
    refuse_interest(db, actor, party.id)
    today = clock.today("UTC")
    if assessed_on > today:
        raise invalid("/assessed_on", "validation.future")
    if valid_until_on < assessed_on:
        raise invalid("/valid_until_on", "constraint.risk_dates")
    if (valid_until_on - assessed_on).days > MAX_VALID_DAYS:
        raise invalid("/valid_until_on", "risk.too_long", days=MAX_VALID_DAYS)
    made = RiskAssessment(
        id=uuid7(),
        party_id=party.id,
        tier=tier,
        assessed_on=assessed_on,
        valid_until_on=valid_until_on,
        basis=basis,
        assessed_by_id=actor.person_id,
        created_at=clock.now(),
    )
    db.add(made)
    db.flush()
    audit.record(
        db, actor, "risk.assessed", "risk_assessment", made.id, after=snapshot(made)
    )  # fmt: skip
    return made
