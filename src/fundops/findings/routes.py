"""Routes of audits and findings."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command, etag, read_session
from fundops.donors.scope import require_fund
from fundops.errors import invalid
from fundops.findings import lists, queries, service
from fundops.findings.models import AuditEngagement
from fundops.findings.schemas import (
    AuditFindingDetail,
    AuditFindingIn,
    AuditFindingPage,
    EngagementIn,
    EngagementOut,
    EngagementPage,
    FindingListsOut,
    FindingStatus,
    Priority,
    engagement_out,
    finding_out,
)
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import CREATES, LISTS, READS, problems
from fundops.strict import StrictRoute

router = APIRouter(tags=["findings"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.FINDING_READ))]
Writer = Annotated[Actor, Depends(Can(Permission.FINDING_WRITE))]
Anybody = Annotated[Actor, Depends(Can(Permission.SELF_READ))]


@router.get(
    "/finding_lists",
    operation_id="get_finding_lists",
    response_model=FindingListsOut,
    responses=problems(401, 403),
)
def get_finding_lists(actor: Anybody) -> Response:  # noqa: ARG001 - the same for everybody
    """Read what findings may be about, and the kinds of incidents with their rule for donors."""
    return json_response(
        {
            "categories": [
                {"code": code, "label": label} for code, label in lists.categories().items()
            ],
            "incident_kinds": [
                {"code": one.code, "label": one.label, "owes_notice": one.owes_notice,
                 "notice_days": one.notice_days}
                for one in lists.incident_kinds().values()
            ],
            "sources": dict(lists.sources()),
        }
    )  # fmt: skip


@router.get(
    "/audit_engagements",
    operation_id="list_audit_engagements",
    response_model=EngagementPage,
    responses=LISTS,
)
def list_audit_engagements(
    request: Request,
    actor: Reader,
    paging: Paging,
    fund_id: UUID | None = None,
    grant_id: UUID | None = None,
) -> Response:
    """List audits and spot checks; a grantee sees those of its grants."""
    query = queries.engagements(actor)
    for column, value in (("fund_id", fund_id), ("grant_id", grant_id)):
        if value is not None:
            query = query.where(queries.ENGAGEMENTS[column] == value)
    with read_session(request) as db:
        page = list_page(
            db, query, paging, sorts=queries.ENGAGEMENT_SORTS, key=queries.ENGAGEMENTS.id,
            out=engagement_out,
        )  # fmt: skip
    return json_response(page)


@router.post(
    "/audit_engagements",
    operation_id="record_audit_engagement",
    status_code=201,
    response_model=EngagementOut,
    responses=CREATES,
)
def record_audit_engagement(request: Request, actor: Writer, given: EngagementIn) -> Response:
    """Record an audit or spot check with its opinion, as its report says."""

    def work(db: Session) -> dict[str, Any]:
        fund = _fund(db, actor, given.fund_id)
        grant = _grant(db, fund, given.grant_id)
        made = service.record(db, actor, fund, grant, given)
        return engagement_out(queries.engagement_row(db, actor, made.id, Permission.FINDING_WRITE))

    return command(request, actor, work, status=201, location="/v1/audit_engagements/{id}")


@router.get(
    "/audit_engagements/{audit_engagement_id}",
    operation_id="get_audit_engagement",
    response_model=EngagementOut,
    responses=READS,
)
def get_audit_engagement(request: Request, actor: Reader, audit_engagement_id: UUID) -> Response:
    """Read an audit or spot check."""
    with read_session(request) as db:
        row = queries.engagement_row(db, actor, audit_engagement_id, Permission.FINDING_READ)
    return json_response(engagement_out(row))


@router.post(
    "/audit_engagements/{audit_engagement_id}/findings",
    operation_id="raise_audit_finding",
    status_code=201,
    response_model=AuditFindingDetail,
    responses=CREATES,
)
def raise_audit_finding(
    request: Request, actor: Writer, audit_engagement_id: UUID, given: AuditFindingIn
) -> Response:
    """Add what an audit found; the grantee and the fund managers are told."""

    def work(db: Session) -> dict[str, Any]:
        row = queries.engagement_row(db, actor, audit_engagement_id, Permission.FINDING_WRITE)
        engagement = db.get_one(AuditEngagement, row.id)
        fund = db.get_one(Fund, engagement.fund_id)
        if engagement.grant_id is not None and given.grant_id not in (None, engagement.grant_id):
            raise invalid("/grant_id", "validation.unknown_record")
        grant = _grant(db, fund, engagement.grant_id or given.grant_id)
        made = service.raise_finding(db, actor, fund, grant, engagement, given)
        return queries.detail(db, actor, made.id, Permission.FINDING_WRITE)

    return command(request, actor, work, status=201, location="/v1/audit_findings/{id}")


@router.get(
    "/audit_findings",
    operation_id="list_audit_findings",
    response_model=AuditFindingPage,
    responses=LISTS,
)
def list_audit_findings(
    request: Request,
    actor: Reader,
    paging: Paging,
    fund_id: UUID | None = None,
    grant_id: UUID | None = None,
    engagement_id: UUID | None = None,
    status: FindingStatus | None = None,
    priority: Priority | None = None,
) -> Response:
    """List findings with their amounts; a grantee sees those of its grants."""
    query = queries.findings(actor)
    asked = {
        "fund_id": fund_id, "grant_id": grant_id, "engagement_id": engagement_id,
        "status": status, "priority": priority,
    }  # fmt: skip
    for column, value in asked.items():
        if value is not None:
            query = query.where(queries.FINDINGS[column] == value)
    with read_session(request) as db:
        page = list_page(
            db, query, paging, sorts=queries.FINDING_SORTS, key=queries.FINDINGS.id,
            out=finding_out,
        )  # fmt: skip
    return json_response(page)


@router.get(
    "/audit_findings/{audit_finding_id}",
    operation_id="get_audit_finding",
    response_model=AuditFindingDetail,
    responses=READS,
)
def get_audit_finding(request: Request, actor: Reader, audit_finding_id: UUID) -> Response:
    """Read a finding with all that was said of it and settled it."""
    with read_session(request) as db:
        found = queries.detail(db, actor, audit_finding_id)
    return json_response(found, etag=etag(found["version"]))


def _fund(db: Session, actor: Actor, fund_id: UUID) -> Fund:
    require_fund(actor, Permission.FINDING_WRITE, fund_id)
    fund = db.get(Fund, fund_id)
    if fund is None:
        raise invalid("/fund_id", "validation.unknown_record")
    return fund


def _grant(db: Session, fund: Fund, grant_id: UUID | None) -> Grant | None:
    if grant_id is None:
        return None
    grant = db.get(Grant, grant_id)
    if grant is None or grant.fund_id != fund.id:
        raise invalid("/grant_id", "validation.unknown_record")
    return grant
