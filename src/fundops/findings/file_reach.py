"""What officers have to do with files: reports of audits of their funds."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, select, true

from fundops.files.models import File
from fundops.files.queries import Funds, used_by
from fundops.findings.models import AuditEngagement


@used_by
def shows_audit(funds: Funds) -> ColumnElement[bool]:
    """Return whether a file is the report of an audit of one of ``funds``."""
    of = true() if funds is None else AuditEngagement.fund_id.in_(funds)
    return exists(select(AuditEngagement.id).where(AuditEngagement.report_file_id == File.id, of))
