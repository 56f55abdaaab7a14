"""Routes of progress reports: starting one, lists, drafts and versions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import check_match, command, database, etag, read_session, save_or_keep
from fundops.errors import Problem
from fundops.grants import schedule_queries
from fundops.grants.queries import get_visible as grant_visible
from fundops.pages import Paging, json_response, list_page
from fundops.parties.withholding import marks_out
from fundops.reports import (
    drafts,
    evidence,
    queries,
    reads,
    receipts,
    results,
    submission,
    versions,
)
from fundops.reports.content import ReportDraftIn
from fundops.reports.models import (
    REPORT_STATUSES,
    ProgressReport,
    ReportComment,
    ReportExpenditure,
    ReportRequirement,
    ReportVersion,
)
from fundops.reports.schemas import (
    GrantResultsOut,
    ProgressReportDetail,
    ProgressReportOut,
    ProgressReportPage,
    ReportContentOut,
    ReportDraftOut,
    ReportReceiptOut,
    ReportValidationOut,
    ReportVersionPage,
    kept_out,
    problems_out,
    report_out,
    reported_line_out,
    version_out,
)
from fundops.schemas import CHANGES, CREATES, LISTS, READS
from fundops.strict import StrictRoute

router = APIRouter(prefix="/progress_reports", tags=["progress reports"], route_class=StrictRoute)
start_router = APIRouter(prefix="/requirements", tags=["progress reports"], route_class=StrictRoute)
results_router = APIRouter(prefix="/grants", tags=["progress reports"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.REPORT_READ))]
Writer = Annotated[Actor, Depends(Can(Permission.REPORT_WRITE))]
ResultReader = Annotated[Actor, Depends(Can(Permission.RESULT_READ))]
Status = Literal["draft", "submitted", "returned", "accepted"]
assert set(Status.__args__) == set(REPORT_STATUSES)  # type: ignore[attr-defined]
WRITE, RESULT = Permission.REPORT_WRITE, Permission.RESULT_READ
REVIEWERS = (Permission.REPORT_REVIEW, Permission.EVIDENCE_INSPECT)
"""Permissions of those who are told that evidence is there twice."""


@router.get(
    "", operation_id="list_progress_reports", response_model=ProgressReportPage, responses=LISTS
)
def list_progress_reports(
    request: Request,
    actor: Reader,
    paging: Paging,
    fund_id: UUID | None = None,
    grant_id: UUID | None = None,
    status: Status | None = None,
) -> Response:
    """List progress reports: a grantee's own, or those of one's funds."""
    query = queries.visible(actor, fund_id=fund_id, grant_id=grant_id, status=status)
    with read_session(request) as db:
        page = list_page(
            db, query, paging, sorts=queries.SORTS, key=ProgressReport.id, out=report_out
        )
    return json_response(page)


@start_router.post(
    "/{requirement_id}/progress_report",
    operation_id="start_progress_report",
    status_code=201,
    response_model=ProgressReportOut,
    responses=CREATES,
)
def start_progress_report(request: Request, actor: Writer, requirement_id: UUID) -> Response:
    """Start the report that a requirement asks for; the other report of the same period is
    answered with it.
    """

    def work(db: Session) -> dict[str, Any]:
        found, grant, fund = schedule_queries.get_requirement(db, actor, requirement_id, WRITE)
        made = drafts.start(db, actor, fund, grant, found)
        return report_out(queries.row(db, actor, made.id))

    return command(request, actor, work, status=201, location="/v1/progress_reports/{id}")


@router.get(
    "/{progress_report_id}",
    operation_id="get_progress_report",
    response_model=ProgressReportDetail,
    responses=READS,
)
def get_progress_report(request: Request, actor: Reader, progress_report_id: UUID) -> Response:
    """Read a report's facts, reported expenditure and evidence; what it tells is in its versions.

    Its entity tag is that of the draft at work.
    """
    with read_session(request) as db:
        found = detail(db, actor, progress_report_id)
    return json_response(found, etag=etag(found["version"]))


def detail(db: Session, actor: Actor, report_id: UUID) -> dict[str, Any]:
    """Return the wire form of one report with its expenditure and evidence."""
    row = queries.row(db, actor, report_id)
    asked = select(ReportRequirement.requirement_id).where(ReportRequirement.report_id == report_id)
    spent = (
        select(ReportExpenditure)
        .join(ReportVersion, ReportVersion.id == ReportExpenditure.version_id)
        .where(ReportVersion.report_id == report_id, ReportVersion.number == row.submitted_number)
        .order_by(ReportExpenditure.line_number)
    )
    currency = row.currency or row.base_currency
    shows = any(
        held.fund_id in (None, row.fund_id)
        for permission in REVIEWERS
        for held in actor.holding(permission)
    )
    return report_out(row) | {
        "requirements": sorted(db.execute(asked).scalars()),
        "expenditure": [
            reported_line_out(line, currency, row.base_currency)
            for line in db.execute(spent).scalars()
        ],
        "statement_id": row.statement_id,
        "evidence": evidence.evidence_out(db, actor, report_id, shows_reuse=shows),
    }


def draft_out(db: Session, report: ProgressReport) -> dict[str, Any]:
    """Return the wire form of the draft at work."""
    said = kept_out(versions.get(db, report, report.draft_number), _comments(db, report))
    return {
        **said,
        "version": report.draft_number,
        "status": report.status,
        "due_at": report.due_at,
    }


def _comments(
    db: Session, report: ProgressReport, number: int | None = None
) -> list[ReportComment]:
    """Return the comments on a version, the one submitted last by default."""
    query = (
        select(ReportComment)
        .join(ReportVersion, ReportVersion.id == ReportComment.version_id)
        .where(
            ReportVersion.report_id == report.id,
            ReportVersion.number == (number or report.submitted_number),
        )
        .order_by(ReportComment.id)
    )
    return list(db.execute(query).scalars())


@router.get(
    "/{progress_report_id}/draft",
    operation_id="get_report_draft",
    response_model=ReportDraftOut,
    responses=READS,
)
def get_report_draft(request: Request, actor: Writer, progress_report_id: UUID) -> Response:
    """Read the draft at work, with the comments on the version returned last. An officer who
    started it in the grantee's place is written down.
    """
    with read_session(request) as db:
        report, grant = queries.get_visible(db, actor, progress_report_id, WRITE)
        answer, tag = draft_out(db, report), etag(report.draft_number)
        others = queries.others(actor, report, grant)
    reads.write_down(database(request), actor, others)
    return json_response(answer, etag=tag)


@router.put(
    "/{progress_report_id}",
    operation_id="save_report_draft",
    response_model=ReportDraftOut,
    responses=CHANGES,
)
def save_report_draft(
    request: Request, actor: Writer, progress_report_id: UUID, given: ReportDraftIn
) -> Response:
    """Save the whole of a draft. Needs If-Match with the draft's entity tag.

    Text that looks like personal data is left out and marked; all else is stored. When another
    draft has been saved since, the answer is 412, and what was sent is kept aside as a version of
    its own, which the answer names.
    """
    return saved_draft(request, actor, progress_report_id, given, draft_out)


def saved_draft(
    request: Request,
    actor: Actor,
    report_id: UUID,
    given: ReportDraftIn,
    out: Callable[[Session, ProgressReport], dict[str, Any]],
) -> Response:
    """Save a whole draft over the one that ``If-Match`` names, or keep it aside; answer ``out``."""
    keys = request.app.state.vault

    def cleaned(db: Session) -> tuple[ProgressReport, dict[str, Any]]:
        report, grant = queries.get_visible(db, actor, report_id, WRITE)
        return report, drafts.cleaned(db, actor, report, grant, given, keys)

    def work(db: Session) -> dict[str, Any]:
        report, said = cleaned(db)
        present = versions.get(db, report, report.draft_number)
        # The very content that the draft has is no conflict: a save whose answer was lost.
        if "if-match" not in request.headers or not present.says(said):
            check_match(request, present.version.number)
        drafts.save(db, actor, report, said)
        return out(db, report)

    def keep(db: Session) -> int:
        return drafts.keep_aside(db, actor, *cleaned(db)).number

    return save_or_keep(request, actor, work, keep, "reports.kept_aside")


@router.get(
    "/{progress_report_id}/validation",
    operation_id="validate_progress_report",
    response_model=ReportValidationOut,
    responses=READS,
)
def validate_progress_report(request: Request, actor: Writer, progress_report_id: UUID) -> Response:
    """Ask what a submission of the draft at work would come to: every problem with its place."""
    with read_session(request) as db:
        report, grant = queries.get_visible(db, actor, progress_report_id, WRITE)
        checked, draft, _ = submission.examine(db, report)
        others = queries.others(actor, report, grant)
        answer = {
            "is_right": checked.is_right,
            "version": draft.version.number,
            "problems": problems_out(checked.problems),
            "withheld": marks_out(draft.withheld),
        }
    reads.write_down(database(request), actor, others)
    return json_response(answer)


@router.get(
    "/{progress_report_id}/versions",
    operation_id="list_report_versions",
    response_model=ReportVersionPage,
    responses=READS,
)
def list_report_versions(
    request: Request, actor: Reader, progress_report_id: UUID, paging: Paging
) -> Response:
    """List the versions of a report; who does not write it sees what was submitted."""
    with read_session(request) as db:
        report, grant = queries.get_visible(db, actor, progress_report_id)
        page = list_page(
            db,
            versions.listed(report.id, submitted_only=not queries.may_write(actor, report, grant)),
            paging,
            sorts={"number": ReportVersion.number},
            key=ReportVersion.id,
            out=version_out,
        )
    return json_response(page)


@router.get(
    "/{progress_report_id}/versions/{number}",
    operation_id="get_report_version",
    response_model=ReportContentOut,
    responses=READS,
)
def get_report_version(
    request: Request, actor: ResultReader, progress_report_id: UUID, number: int
) -> Response:
    """Read what a version says, its narrative and results. Who reads another's is written down."""
    with read_session(request) as db:
        report, grant = queries.get_visible(db, actor, progress_report_id, RESULT)
        if not 1 <= number <= versions.MAX_VERSIONS:
            raise Problem("not-found")
        only = not queries.may_write(actor, report, grant)
        kept = versions.get(db, report, number, submitted_only=only)
        answer = kept_out(kept, _comments(db, report, number))
        others = queries.others(actor, report, grant)
    reads.write_down(database(request), actor, others)
    return json_response(answer)


@router.get(
    "/{progress_report_id}/versions/{number}/receipt",
    operation_id="get_report_receipt",
    response_model=ReportReceiptOut,
    responses=READS,
)
def get_report_receipt(
    request: Request, actor: Reader, progress_report_id: UUID, number: int
) -> Response:
    """Read the signed receipt of a submitted version: what arrived when, by its digests."""
    with read_session(request) as db:
        report, _ = queries.get_visible(db, actor, progress_report_id)
        if not 1 <= number <= versions.MAX_VERSIONS:
            raise Problem("not-found")
        return json_response(receipts.receipt_out(receipts.of_version(db, report, number), number))


@results_router.get(
    "/{grant_id}/results",
    operation_id="get_grant_results",
    response_model=GrantResultsOut,
    responses=READS,
)
def get_grant_results(request: Request, actor: ResultReader, grant_id: UUID) -> Response:
    """Read a grant's results by period: what was accepted, and what is reported and under review.
    Who reads another's is written down.
    """
    with read_session(request) as db:
        grant = grant_visible(db, actor, grant_id, RESULT)
        found = results.periods(db, grant.id)
        items = results.results_out(db, grant, found)
        own = queries.is_own(actor, grant)
    reads.write_down(database(request), actor, () if own else {one.report_id for one in found})
    return json_response({"grant_id": grant_id, "items": items})
