"""Reminding fund managers, daily when it is near, of donors that must be told of an incident."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from fundops.config import Settings
from fundops.db import Database
from fundops.findings.incident_models import IncidentNotice
from fundops.grants.queries import rows_of
from fundops.ledger.models import Fund
from fundops.notices import jobs
from fundops.notices.reminders import Reminder, remind
from fundops.roles import Role

NOTICE_DAYS = 2
"""How many days before a donor must be told the fund managers are."""
DAILY = timedelta(days=1)


def _due(db: Session, fund: Fund, today: date) -> Select[Any]:
    """Select what must be told soon, or should have been."""
    del db
    return rows_of(
        IncidentNotice.id, IncidentNotice.donor_id.label("party_id"), IncidentNotice.code,
        IncidentNotice.due_on.label("on"),
    ).where(
        IncidentNotice.fund_id == fund.id, IncidentNotice.status == "owed",
        IncidentNotice.due_on <= today + timedelta(days=NOTICE_DAYS),
    )  # fmt: skip


DUE = Reminder(
    "incident_notice_due", "incident_notice", IncidentNotice, _due, DAILY, (Role.FUND_MANAGER,)
)


def run(database: Database, settings: Settings) -> Mapping[str, int]:
    """Tell of donors that must be told; return of how many."""
    del settings
    return {"notices": remind(database, DUE)}


jobs.register("incidents", run)
