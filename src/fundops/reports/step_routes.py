"""Routes of steps: submitting, returning, accepting, correcting; evidence and its inspection."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops import clock
from fundops.authz import Actor, Can, Permission
from fundops.command import command
from fundops.ledger.models import Fund
from fundops.reports import deciding, evidence, queries, submission
from fundops.reports.evidence_schemas import EvidenceInspectionIn, ReportEvidenceIn
from fundops.reports.routes import detail
from fundops.reports.schemas import (
    AcceptReportIn,
    CorrectReportIn,
    EvidenceInspectionOut,
    ProgressReportDetail,
    ReturnReportIn,
    SubmitReportIn,
)
from fundops.schemas import COMMANDS, CREATES
from fundops.strict import StrictRoute

router = APIRouter(prefix="/progress_reports", tags=["progress reports"], route_class=StrictRoute)
evidence_router = APIRouter(
    prefix="/report_evidence", tags=["progress reports"], route_class=StrictRoute
)

WRITE, REVIEW = Permission.REPORT_WRITE, Permission.REPORT_REVIEW
Writer = Annotated[Actor, Depends(Can(Permission.REPORT_WRITE))]
Reviewer = Annotated[Actor, Depends(Can(Permission.REPORT_REVIEW))]
Inspector = Annotated[Actor, Depends(Can(Permission.EVIDENCE_INSPECT))]


@router.post(
    "/{progress_report_id}/submit",
    operation_id="submit_progress_report",
    response_model=ProgressReportDetail,
    responses=COMMANDS,
)
def submit_progress_report(
    request: Request, actor: Writer, progress_report_id: UUID, given: SubmitReportIn
) -> Response:
    """Submit the draft that was seen, and get a signed receipt. Names every problem at once."""
    arrived = clock.now()

    def work(db: Session) -> dict[str, Any]:
        report, grant = queries.get_visible(db, actor, progress_report_id, WRITE)
        submission.submit(
            db, actor, report, grant, given.version, given.certified, at=arrived,
            signer=request.app.state.signer,
        )  # fmt: skip
        return detail(db, actor, report.id)

    return command(request, actor, work)


@router.post(
    "/{progress_report_id}/return",
    operation_id="return_progress_report",
    response_model=ProgressReportDetail,
    responses=COMMANDS,
)
def return_progress_report(
    request: Request, actor: Reviewer, progress_report_id: UUID, given: ReturnReportIn
) -> Response:
    """Return a submitted report with a reason and comments on its fields. Not by its author."""

    def work(db: Session) -> dict[str, Any]:
        report, grant = queries.get_visible(db, actor, progress_report_id, REVIEW)
        deciding.send_back(
            db, actor, report, grant, number=given.version, reason=given.reason,
            comments=given.comments, keys=request.app.state.vault,
        )  # fmt: skip
        return detail(db, actor, report.id)

    return command(request, actor, work)


@router.post(
    "/{progress_report_id}/accept",
    operation_id="accept_progress_report",
    response_model=ProgressReportDetail,
    responses=COMMANDS,
)
def accept_progress_report(
    request: Request, actor: Reviewer, progress_report_id: UUID, given: AcceptReportIn
) -> Response:
    """Accept a submitted report, its expenditure line by line. Not by its author.

    It counts from now on, what it answers is done, and a tranche that waited for it may be paid.
    """

    def work(db: Session) -> dict[str, Any]:
        report, grant = queries.get_visible(db, actor, progress_report_id, REVIEW)
        deciding.accept(
            db, actor, report, grant, number=given.version, lines=given.lines,
            keys=request.app.state.vault,
        )  # fmt: skip
        return detail(db, actor, report.id)

    return command(request, actor, work)


@router.post(
    "/{progress_report_id}/correct",
    operation_id="correct_progress_report",
    response_model=ProgressReportDetail,
    responses=COMMANDS,
)
def correct_progress_report(
    request: Request, actor: Writer, progress_report_id: UUID, given: CorrectReportIn
) -> Response:
    """Open an accepted report for a correction; what was accepted counts until that is."""

    def work(db: Session) -> dict[str, Any]:
        report, grant = queries.get_visible(db, actor, progress_report_id, WRITE)
        deciding.correct(db, actor, report, grant, given.reason, request.app.state.vault)
        return detail(db, actor, report.id)

    return command(request, actor, work)


@router.post(
    "/{progress_report_id}/evidence",
    operation_id="add_report_evidence",
    status_code=201,
    response_model=ProgressReportDetail,
    responses=CREATES,
)
def add_report_evidence(
    request: Request, actor: Writer, progress_report_id: UUID, given: ReportEvidenceIn
) -> Response:
    """Attach a file, or a number in the grantee's register, to a line, a result or the report.

    Work with victims is shown by register numbers alone.
    """

    def work(db: Session) -> dict[str, Any]:
        report, grant = queries.get_visible(db, actor, progress_report_id, WRITE)
        evidence.add(db, actor, report, grant, given, request.app.state.vault)
        return detail(db, actor, report.id)

    return command(request, actor, work, status=201, location="/v1/progress_reports/{id}")


@evidence_router.post(
    "/{report_evidence_id}/remove",
    operation_id="remove_report_evidence",
    response_model=ProgressReportDetail,
    responses=COMMANDS,
)
def remove_report_evidence(request: Request, actor: Writer, report_evidence_id: UUID) -> Response:
    """Take a piece of evidence away from a report that is with its grantee."""

    def work(db: Session) -> dict[str, Any]:
        found, report, _ = evidence.get(db, actor, report_evidence_id, WRITE)
        evidence.remove(db, actor, report, found)
        return detail(db, actor, report.id)

    return command(request, actor, work)


@evidence_router.post(
    "/{report_evidence_id}/inspect",
    operation_id="inspect_report_evidence",
    status_code=201,
    response_model=EvidenceInspectionOut,
    responses=CREATES,
)
def inspect_report_evidence(
    request: Request, actor: Inspector, report_evidence_id: UUID, given: EvidenceInspectionIn
) -> Response:
    """Record that a piece of evidence was seen on site, and whether it agrees."""

    def work(db: Session) -> dict[str, Any]:
        found, report, grant = evidence.get(
            db, actor, report_evidence_id, Permission.EVIDENCE_INSPECT
        )
        fund = db.get_one(Fund, report.fund_id)
        made = evidence.inspect(db, actor, fund, grant, found, given, request.app.state.vault)
        return evidence.inspection_out(made)

    return command(request, actor, work, status=201)
