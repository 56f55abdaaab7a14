"""What every step of a progress report shares: taking it, and recording what has changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from fundops import audit
from fundops.errors import Problem
from fundops.expenditures.filing import RUNNING
from fundops.grants.models import Grant
from fundops.lifecycle import advance
from fundops.records import snapshot
from fundops.reports.models import ProgressReport
from fundops.reports.steps import EDITABLE, EVENTS, STEPS


def take_step(
    db: Session,
    actor: audit.Author,
    report: ProgressReport,
    action: str,
    reason: str | None = None,
    *,
    told: Mapping[str, Any] | None = None,
    before: Mapping[str, Any] | None = None,
    **values: Any,
) -> int:
    """Take a declared step, set ``values`` with it and record both; return the event's number.

    ``told`` is what the event says beside the record; ``before`` how the record was, where it has
    been changed already. Raises ``wrong-status`` or ``same-person``
    as the table of steps says.
    """
    before = before or snapshot(report)
    advance(report, STEPS, action, actor)
    for name, value in values.items():
        setattr(report, name, value)
    return record(db, actor, report, EVENTS[action], before, reason, told=told)


def record(
    db: Session,
    actor: audit.Author,
    report: ProgressReport,
    action: str,
    before: Mapping[str, Any],
    reason: str | None = None,
    *,
    told: Mapping[str, Any] | None = None,
) -> int:
    """Record what has changed of ``report`` since ``before`` was taken of it."""
    db.flush()
    after = snapshot(report)
    changed = [name for name, value in after.items() if value != before[name]]
    return audit.record(
        db, actor, action, "progress_report", report.id, fund_id=report.fund_id, reason=reason,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed} | dict(told or {}),
    )  # fmt: skip


def require_editable(report: ProgressReport, action: str) -> None:
    """Raise ``wrong-status`` unless the report is with its grantee."""
    if report.status not in EDITABLE:
        raise Problem("wrong-status", action=action, status=report.status)


def require_running(grant: Grant, action: str) -> None:
    """Raise ``wrong-status`` for a grant of which nothing is reported any more."""
    if grant.status not in RUNNING:
        raise Problem("wrong-status", action=action, status=grant.status)
