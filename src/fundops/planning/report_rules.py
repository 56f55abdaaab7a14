"""Rules about progress reports and releases: what waits to be decided on or published."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from fundops import clock
from fundops.authz import Permission
from fundops.grants.models import Grant
from fundops.grants.queries import rows_of
from fundops.ledger.models import Fund
from fundops.planning.attention import PER_RULE, Entry, Rule, persons
from fundops.releases.models import Release
from fundops.reports.models import ProgressReport


def reports_waiting(db: Session, fund: Fund, today: date) -> list[Entry]:
    """Reports that were submitted and that nobody has returned or accepted; returned ones too."""
    query: Select[Any] = (
        rows_of(ProgressReport, Grant.grantee_id)
        .join(Grant, Grant.id == ProgressReport.grant_id)
        .where(
            ProgressReport.fund_id == fund.id,
            ProgressReport.status.in_(("submitted", "returned")),
        )
        .order_by(ProgressReport.submitted_at, ProgressReport.id)
        .limit(PER_RULE)
    )
    return [_waiting(one, grantee_id, fund, today) for one, grantee_id in db.execute(query)]


def _waiting(one: ProgressReport, grantee_id: Any, fund: Fund, today: date) -> Entry:
    """Return the entry of a report: the officers' once submitted, the grantee's once returned."""
    submitted = one.status == "submitted"
    at = one.submitted_at if submitted else one.decided_at
    assert at is not None, "a submitted or returned report has its instant"
    since = clock.day_in(at, fund.zone)
    return Entry(
        f"report_{one.status}", "progress_report", one.id, one.code, since,
        "medium" if (today - since).days > 14 else "low",
        Permission.REPORT_REVIEW if submitted else Permission.REPORT_WRITE, {"code": one.code},
        persons(one.submitted_by_id, one.created_by_id) if submitted else frozenset(),
        grantee_id, by_party=not submitted,
    )  # fmt: skip


def releases_waiting(db: Session, fund: Fund, today: date) -> list[Entry]:
    """Releases that were prepared and that another person has yet to publish."""
    del today
    query: Select[Any] = (
        rows_of(Release)
        .where(Release.fund_id == fund.id, Release.status == "prepared")
        .order_by(Release.prepared_at, Release.id)
        .limit(PER_RULE)
    )
    return [
        Entry(
            "release_prepared", "release", one.id, one.code,
            clock.day_in(one.prepared_at, fund.zone), "low", Permission.RELEASE_PUBLISH,
            {"code": one.code}, persons(one.prepared_by_id),
        )
        for one in db.execute(query).scalars()
    ]  # fmt: skip


def releases_withheld(db: Session, fund: Fund, today: date) -> list[Entry]:
    """Releases withheld since somebody in them was flagged at risk, that nobody has withdrawn."""
    del today
    query: Select[Any] = (
        rows_of(Release)
        .where(
            Release.fund_id == fund.id,
            Release.status == "published",
            Release.withheld_at.is_not(None),
        )
        .order_by(Release.withheld_at, Release.id)
        .limit(PER_RULE)
    )
    return [
        Entry(
            "release_withheld", "release", one.id, one.code,
            clock.day_in(one.withheld_at, fund.zone), "high", Permission.RELEASE_PUBLISH,
            {"code": one.code}, frozenset(),
        )
        for one in db.execute(query).scalars()
    ]  # fmt: skip


RULES: tuple[Rule, ...] = (
    Rule(reports_waiting, Permission.REPORT_READ),
    Rule(releases_waiting, Permission.RELEASE_PREPARE),
    Rule(releases_withheld, Permission.RELEASE_READ),
)
