"""Reminding of assessments that end: of grantees that still may be paid, the officers, monthly."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, null
from sqlalchemy.orm import Session

from fundops.config import Settings
from fundops.db import Database
from fundops.grants.policy_models import RiskAssessment
from fundops.grants.queries import rows_of
from fundops.ledger.models import Fund
from fundops.notices import jobs
from fundops.notices.reminders import Reminder, remind
from fundops.partners.queries import counts, runs_for
from fundops.roles import Role

NOTICE_DAYS = 60
"""How many days before its end an assessment is told of: to make one takes a while."""
MONTHLY = timedelta(days=30)


def ending(fund: Fund, today: date) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions on ``RiskAssessment`` that it ends soon or has, and matters.

    It matters to a fund while the party has a grant of it that may still be paid.
    """
    soon = RiskAssessment.valid_until_on <= today + timedelta(days=NOTICE_DAYS)
    return soon, runs_for(RiskAssessment.party_id, fund), counts()


def _ending(db: Session, fund: Fund, today: date) -> Select[Any]:
    """Select what ends; ``on`` is the day until which it is good."""
    del db
    return rows_of(
        RiskAssessment.id, RiskAssessment.party_id, null().label("code"),
        RiskAssessment.valid_until_on.label("on"),
    ).where(*ending(fund, today))  # fmt: skip


ENDING = Reminder(
    "risk_expiring", "risk_assessment", RiskAssessment, _ending, MONTHLY, (Role.GRANT_OFFICER,)
)


def run(database: Database, settings: Settings) -> Mapping[str, int]:
    """Tell of assessments that end soon or have ended; return of how many."""
    del settings
    return {"assessments": remind(database, ENDING)}


jobs.register("partners", run)
