"""Routes of the FACE form, of a report and of a grant."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Can, Permission
from fundops.command import read_session
from fundops.errors import invalid
from fundops.grants.models import Grant
from fundops.grants.queries import get_visible, one, seen
from fundops.ledger.models import Fund
from fundops.pages import json_response
from fundops.reports import face_queries
from fundops.reports.exchange import exchange_of
from fundops.reports.face import face, face_then
from fundops.reports.face_past import Past
from fundops.reports.face_schemas import FaceOut, face_out
from fundops.reports.models import ProgressReport
from fundops.schemas import READS, Day, Instant
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
def get_grant_face(
    request: Request,
    actor: Reader,
    grant_id: UUID,
    as_of: Annotated[Day | None, Query(description="Today, or a day gone by.")] = None,
    known_at: Annotated[Instant | None, Query(description="As known then.")] = None,
) -> Response:
    """Read the FACE form of a grant: all that was accepted, and the last accepted request.

    With a day or an instant it is the form of then, without what is declared of exchange.
    """
    with read_session(request) as db:
        grant = get_visible(db, actor, grant_id, Permission.REPORT_READ)
        fund = db.get_one(Fund, grant.fund_id)
        if as_of is None and known_at is None:
            exchange = exchange_of(db, fund, grant)
            found = face_out(face(db, fund, grant), grant, fund, None, None, exchange)
        else:
            past = _past(db, fund, as_of, known_at)
            found = face_out(face_then(db, grant, past), grant, fund, None, None, None)
            found |= {"as_of": past.as_of_on, "known_seq": past.known_seq}
    return json_response(found)


def _past(db: Session, fund: Fund, as_of: date | None, known_at: datetime | None) -> Past:
    """Return the day and the knowledge that are asked for; raise for what is still to come."""
    today = clock.today(fund.zone)
    if as_of is not None and as_of > today:
        raise invalid("query/as_of", "validation.future")
    if known_at is not None and known_at > clock.now():
        raise invalid("query/known_at", "validation.future")
    return Past(fund, as_of or today, audit.sequence_at(db, known_at))
