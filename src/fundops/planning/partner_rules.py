"""Rules about partners: assessments that end or have ended, and those that wait."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from fundops import clock
from fundops.authz import Permission
from fundops.grants.policy_models import RiskAssessment
from fundops.grants.queries import rows_of
from fundops.ledger.models import Fund
from fundops.partners.models import PartnerAssessment
from fundops.partners.queries import runs_for
from fundops.partners.reminders import ending
from fundops.planning.attention import PER_RULE, Entry, Rule, persons


def assessments_ending(db: Session, fund: Fund, today: date) -> list[Entry]:
    """Assessments of grantees that still may be paid, which end soon or have ended."""
    query: Select[Any] = (
        rows_of(RiskAssessment)
        .where(*ending(fund, today))
        .order_by(RiskAssessment.valid_until_on, RiskAssessment.id)
        .limit(PER_RULE)
    )
    return [
        Entry(
            "risk_expired" if one.valid_until_on < today else "risk_expiring",
            "risk_assessment", one.id, None, one.assessed_on,
            "medium" if one.valid_until_on < today else "low", Permission.PARTNER_RISK_WRITE,
            {"until": one.valid_until_on.isoformat()}, party_id=one.party_id,
        )
        for one in db.execute(query).scalars()
    ]  # fmt: skip


def assessments_waiting(db: Session, fund: Fund, today: date) -> list[Entry]:
    """Assessments that wait for a second person, of parties with a grant of the fund."""
    del today
    query: Select[Any] = (
        rows_of(PartnerAssessment)
        .where(PartnerAssessment.status == "proposed", runs_for(PartnerAssessment.party_id, fund))
        .order_by(PartnerAssessment.assessed_at, PartnerAssessment.id)
        .limit(PER_RULE)
    )
    return [
        Entry(
            "partner_assessment_proposed", "partner_assessment", one.id, one.code,
            clock.day_in(one.assessed_at, fund.zone), "medium", Permission.PARTNER_RISK_CONFIRM,
            {"code": one.code}, persons(one.assessed_by_id), one.party_id,
        )
        for one in db.execute(query).scalars()
    ]  # fmt: skip


RULES: tuple[Rule, ...] = (
    Rule(assessments_ending, Permission.PARTNER_RISK_READ),
    Rule(assessments_waiting, Permission.PARTNER_RISK_READ),
)
