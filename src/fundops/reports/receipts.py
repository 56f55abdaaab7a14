"""Receipts of reports: which content and figures arrived when, signed with the fund's key.

As those of proposals, a grantee can verify them with ``openssl`` and needs to trust nobody.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit
from fundops.grants.models import Grant
from fundops.grants.queries import one
from fundops.ids import uuid7
from fundops.proposals.receipts import Signs, signed
from fundops.records import snapshot
from fundops.reports.models import ProgressReport, ReportReceipt, ReportVersion
from fundops.trail import DIGESTED


def issue(
    db: Session,
    author: audit.Author,
    report: ProgressReport,
    grant: Grant,
    version: ReportVersion,
    *,
    seq: int,
    values_sha256: str,
    at: datetime,
    signer: Signs,
) -> ReportReceipt:
    """Sign and keep the receipt of a submission that event ``seq`` has just recorded."""
    body = audit.canonical(
        {
            "grant": grant.code,
            "report": report.code,
            "version": version.number,
            "content_sha256": version.sha256,
            "values_sha256": values_sha256,
            "received_at": at,
            "due_at": report.due_at,
            "audit_seq": seq,
            "audit_hash": audit.lock_head(db).hash.hex(),
        }
    )
    made = ReportReceipt(
        id=uuid7(),
        version_id=version.id,
        **signed(signer, body),
    )
    db.add(made)
    db.flush()
    audit.record(
        db, author, "progress_report.receipt_issued", "report_receipt", made.id,
        fund_id=report.fund_id, after=snapshot(made, without=DIGESTED["report_receipts"]),
    )  # fmt: skip
    return made


def of_version(db: Session, report: ProgressReport, number: int | None) -> ReportReceipt:
    """Return the receipt of a version of a report; raise ``not-found`` where there is none."""
    query = (
        select(ReportReceipt)
        .join(ReportVersion, ReportVersion.id == ReportReceipt.version_id)
        .where(ReportVersion.report_id == report.id, ReportVersion.number == number)
    )
    return one(db.execute(query).scalar_one_or_none())


def receipt_out(row: ReportReceipt, number: int) -> dict[str, Any]:
    """Return the wire form of a receipt of version ``number``."""
    return {
        "id": row.id,
        "number": number,
        "body": row.body,
        "key_id": row.key_id,
        "signature": row.signature,
        "issued_at": row.issued_at,
        "receipt": json.loads(row.body),
    }
