"""Who is told of which step of a progress report."""

from __future__ import annotations

from sqlalchemy.orm import Session

from fundops.authz import Permission
from fundops.grants.models import Grant
from fundops.notices.service import tell
from fundops.reports.models import ProgressReport
from fundops.roles import roles_with


def tell_of_report(db: Session, action: str, report: ProgressReport, grant: Grant) -> None:
    """Tell officers that a report came in, or the grantee and its author what was decided."""
    about, facts = ("progress_report", report.id), {"code": report.code}
    if action == "submit":
        for role in roles_with(Permission.REPORT_REVIEW):
            tell(
                db, "report_submitted", role=role.value, fund_id=report.fund_id, about=about,
                facts=facts, of_party_id=grant.grantee_id,
            )  # fmt: skip
    elif action == "return":
        tell(
            db, "report_returned", party_id=grant.grantee_id, fund_id=report.fund_id,
            person_ids=[report.submitted_by_id], about=about, facts=facts,
        )  # fmt: skip
    elif action == "accept":
        tell(
            db, "report_accepted", party_id=grant.grantee_id, fund_id=report.fund_id,
            person_ids=[report.submitted_by_id], about=about, facts=facts,
        )  # fmt: skip
