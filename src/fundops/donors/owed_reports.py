"""Reports that agreements oblige us to give their donors: when due, when delivered."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.donors.agreement_schemas import MAX_REPORTS, Delivery, OwedReportIn
from fundops.donors.booking import not_future
from fundops.donors.models import Agreement, AgreementReport
from fundops.errors import Problem, invalid
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.records import snapshot


def add_reports(
    db: Session, agreement: Agreement, wanted: Sequence[OwedReportIn], pointer: str
) -> list[AgreementReport]:
    """Add owed reports to an agreement and return them; the caller records the event."""
    query = select(func.count()).where(AgreementReport.agreement_id == agreement.id)
    if db.execute(query).scalar_one() + len(wanted) > MAX_REPORTS:
        raise invalid(pointer, "register.too_many_reports", maximum=MAX_REPORTS)
    added = [
        AgreementReport(
            id=uuid7(),
            agreement_id=agreement.id,
            kind=one.kind,
            due_on=one.due_on,
            created_at=clock.now(),
        )
        for one in wanted
    ]
    db.add_all(added)
    db.flush()
    return added


def add_report(
    db: Session, actor: audit.Author, agreement: Agreement, wanted: OwedReportIn
) -> AgreementReport:
    """Add one owed report; a closed agreement may still owe its final one."""
    report = add_reports(db, agreement, [wanted], "")[0]
    audit.record(
        db,
        actor,
        "agreement_report.added",
        "agreement_report",
        report.id,
        fund_id=agreement.fund_id,
        after=snapshot(report),
    )
    return report


def deliver_report(
    db: Session,
    actor: audit.Author,
    agreement: Agreement,
    report: AgreementReport,
    wanted: Delivery,
) -> AgreementReport:
    """Note the day on which a report was delivered; once, and not before it happened."""
    if report.delivered_on is not None:
        raise Problem(
            "conflict",
            detail=text("register.delivered", delivered_on=report.delivered_on.isoformat()),
        )
    not_future(wanted.delivered_on, db.get_one(Fund, agreement.fund_id).zone, "/delivered_on")
    report.delivered_on = wanted.delivered_on
    db.flush()
    audit.record(
        db,
        actor,
        "agreement_report.delivered",
        "agreement_report",
        report.id,
        fund_id=agreement.fund_id,
        before={"delivered_on": None},
        after={"delivered_on": report.delivered_on},
    )
    return report
