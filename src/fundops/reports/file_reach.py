"""What officers have to do with grantees' files: evidence of what was submitted to their funds."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, select, true

from fundops.files.models import File
from fundops.files.queries import Funds, used_by
from fundops.reports.models import ProgressReport, ReportEvidence


@used_by
def shows_report(funds: Funds) -> ColumnElement[bool]:
    """Return whether a file is evidence of a submitted report on a grant of ``funds``."""
    of = true() if funds is None else ProgressReport.fund_id.in_(funds)
    return exists(
        select(ReportEvidence.id)
        .join(ProgressReport, ProgressReport.id == ReportEvidence.report_id)
        .where(
            ReportEvidence.file_id == File.id,
            ReportEvidence.removed_at.is_(None),
            ProgressReport.submitted_number.is_not(None),
            of,
        )
    )
