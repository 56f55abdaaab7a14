"""Routes of the FACE form, of a report and of a grant."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import select

from fundops.authz import Actor, Can, Permission
from fundops.command import read_session
from fundops.grants.models import Grant
from fundops.grants.queries import get_visible, one, seen
from fundops.ledger.models import Fund
from fundops.pages import json_response
from fundops.reports import face_queries
from fundops.reports.exchange import exchange_of
from fundops.reports.face import face
from fundops.reports.face_schemas import FaceOut, face_out
from fundops.reports.models import ProgressReport
from fundops.schemas import READS
from fundops.strict import StrictRoute

router = APIRouter(tags=["progress reports"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.REPORT_READ))]


@router.get(
    "/progress_reports/{progress_report_id}/face",
    operation_id="get_report_face",
    response_model=FaceOut,
    responses=READS,
)
def get_report_face(request: Request, actor: Reader, progress_report_id: UUID) -> Response:
    """Read the FACE form of a report: its period and request beside all that was accepted."""
    query = (
        select(ProgressReport, Grant, Fund)
        .join(Grant, Grant.id == ProgressReport.grant_id)
        .join(Fund, Fund.id == Grant.fund_id)
        .where(ProgressReport.id == progress_report_id, seen(actor, Permission.REPORT_READ))
    )
    with read_session(request) as db:
        report, grant, fund = one(db.execute(query).one_or_none())
        certified = face_queries.certification(db, report)
        exchange = exchange_of(db, fund, grant)
        found = face_out(face(db, fund, grant, report), grant, fund, report, certified, exchange)
    return json_response(found)


@router.get(
    "/grants/{grant_id}/face",
    operation_id="get_grant_face",
    response_model=FaceOut,
    responses=READS,
)
def get_grant_face(request: Request, actor: Reader, grant_id: UUID) -> Response:
    """Read the FACE form of a grant: all that was accepted, and the last accepted request."""
    with read_session(request) as db:
        grant = get_visible(db, actor, grant_id, Permission.REPORT_READ)
        fund = db.get_one(Fund, grant.fund_id)
        exchange = exchange_of(db, fund, grant)
        found = face_out(face(db, fund, grant), grant, fund, None, None, exchange)
    return json_response(found)
