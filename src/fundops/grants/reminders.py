"""The calendar's reminders: what falls due soon is told once, what is overdue once a week.

A day ends where the grantee is. What a submitted report answers is told of no more, unless that is
returned. The grantee is told. Visits and spot checks are for the fund's own people to make: of those it is
told only that they come, and the officers are told when they are overdue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select
from sqlalchemy.orm import Session

from fundops.authz import Role
from fundops.config import Settings
from fundops.db import Database
from fundops.grants.models import Grant
from fundops.grants.queries import rows_of
from fundops.grants.reported import is_reported
from fundops.grants.rules import RUNNING
from fundops.grants.schedule_models import PENDING, Requirement
from fundops.ledger.models import Fund
from fundops.notices import jobs
from fundops.notices.reminders import WEEKLY, Reminder, remind
from fundops.parties.models import Party
from fundops.parties.profile_models import OrganisationProfile
from fundops.parties.zones import today_column

NOTICE_DAYS = 14
"""How many days before its day a requirement is told of."""

ONCE = timedelta(days=NOTICE_DAYS + 1)
"""Longer than a requirement falls due soon: it is told once, and again only for another day."""

MADE_BY_US = ("visit", "spot_check")
"""Kinds of requirement that the fund's own people see to."""


def _due(db: Session, fund: Fund, today: date) -> Select[Any]:
    """Select what falls due within the time of notice."""
    del today  # it is asked where the grantee is, not in the fund's zone
    begins = today_column(db, fund.zone)
    soon = Requirement.due_on <= today_column(db, fund.zone, timedelta(days=NOTICE_DAYS))
    return _pending(fund, Requirement.due_on >= begins, soon)


def _overdue(theirs: bool) -> Callable[[Session, Fund, date], Select[Any]]:
    """Return what selects things overdue: those that grantees see to, or those that we do."""
    ours = Requirement.kind.in_(MADE_BY_US)

    def find(db: Session, fund: Fund, today: date) -> Select[Any]:
        del today
        return _pending(
            fund, Requirement.due_on < today_column(db, fund.zone), ~ours if theirs else ours
        )

    return find


def _pending(fund: Fund, *wanted: ColumnElement[bool]) -> Select[Any]:
    return (
        rows_of(
            Requirement.id,
            Grant.grantee_id.label("party_id"),
            Grant.code.label("code"),
            Requirement.due_on.label("on"),
        )
        .join(Grant, Grant.id == Requirement.grant_id)
        .join(Party, Party.id == Grant.grantee_id)
        .outerjoin(OrganisationProfile, OrganisationProfile.party_id == Party.id)
        .where(
            Grant.fund_id == fund.id,
            Grant.status.in_(RUNNING),
            Requirement.status.in_(PENDING),
            ~is_reported(),
            *wanted,
        )
    )


DUE = Reminder("requirement_due", "requirement", Requirement, _due, ONCE)
OVERDUE = Reminder(
    "requirement_overdue", "requirement", Requirement, _overdue(theirs=True), WEEKLY
)  # fmt: skip
OURS_OVERDUE = Reminder(
    "requirement_overdue", "requirement", Requirement, _overdue(theirs=False), WEEKLY,
    (Role.GRANT_OFFICER,),
)  # fmt: skip


def run(database: Database, settings: Settings) -> Mapping[str, int]:
    """Tell of what falls due and what is overdue; return of how many requirements."""
    del settings
    overdue = remind(database, OVERDUE) + remind(database, OURS_OVERDUE)
    return {"due": remind(database, DUE), "overdue": overdue}


jobs.register("requirements", run)
