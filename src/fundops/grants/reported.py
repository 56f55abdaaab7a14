"""Which requirements are answered by a progress report that waits for a decision, or has one.

Progress reports are of a domain after this one: all that is asked is whether one is submitted.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, String, Uuid, column, exists, select, table

from fundops.grants.schedule_models import Requirement

_answers = table(
    "report_requirements", column("requirement_id", Uuid()), column("report_id", Uuid())
)
_reports = table("progress_reports", column("id", Uuid()), column("status", String()))


def is_reported() -> ColumnElement[bool]:
    """Return the SQL of whether a requirement's report is submitted and not returned."""
    return exists(
        select(_answers.c.report_id)
        .join(_reports, _reports.c.id == _answers.c.report_id)
        .where(
            _answers.c.requirement_id == Requirement.id,
            _reports.c.status.in_(("submitted", "accepted")),
        )
    )
