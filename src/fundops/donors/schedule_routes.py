"""Routes of what hangs on an agreement: its instalments, and the reports owed under it."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import check_match, command, etag, read_session
from fundops.donors import agreement_queries as queries
from fundops.donors import instalments, owed_reports
from fundops.donors.agreement_schemas import (
    Delivery,
    InstalmentIn,
    InstalmentOut,
    InstalmentPage,
    InstalmentPatch,
    OwedReportIn,
    OwedReportOut,
    OwedReportPage,
    instalment_out,
    owed_report_out,
)
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import CHANGES, CREATES, LISTS, READS, Day
from fundops.strict import StrictRoute

of_agreement = APIRouter(prefix="/agreements", tags=["agreements"], route_class=StrictRoute)
reports = APIRouter(prefix="/agreement_reports", tags=["agreements"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.AGREEMENT_READ))]
Writer = Annotated[Actor, Depends(Can(Permission.AGREEMENT_WRITE))]


@of_agreement.get(
    "/{agreement_id}/instalments",
    operation_id="list_instalments",
    response_model=InstalmentPage,
    responses=READS,
)
def list_instalments(
    request: Request, actor: Reader, paging: Paging, agreement_id: UUID
) -> Response:
    """List an agreement's instalments and what became of each."""
    with read_session(request) as db:
        queries.require_agreement(db, actor, agreement_id)
        page = list_page(
            db,
            queries.visible_instalments(actor, agreement_id),
            paging,
            sorts=queries.INSTALMENT_SORTS,
            key=queries.INSTALMENT_ID,
            out=instalment_out,
        )
    return json_response(page)


@of_agreement.post(
    "/{agreement_id}/instalments",
    operation_id="add_instalment",
    status_code=201,
    response_model=InstalmentOut,
    responses=CREATES,
)
def add_instalment(
    request: Request, actor: Writer, agreement_id: UUID, wanted: InstalmentIn
) -> Response:
    """Add an instalment to an agreement that is not closed."""

    def work(db: Session) -> dict[str, Any]:
        agreement = queries.get_agreement(db, actor, Permission.AGREEMENT_WRITE, agreement_id)
        added = instalments.add_instalment(db, actor, agreement, wanted)
        return queries.read_instalment(db, actor, added)

    place = "/v1/agreements/{agreement_id}/instalments/{id}"
    return command(request, actor, work, status=201, location=place)


@of_agreement.get(
    "/{agreement_id}/instalments/{instalment_id}",
    operation_id="get_instalment",
    response_model=InstalmentOut,
    responses=READS,
)
def get_instalment(
    request: Request, actor: Reader, agreement_id: UUID, instalment_id: UUID
) -> Response:
    """Read one instalment."""
    with read_session(request) as db:
        found = queries.find_instalment(db, actor, agreement_id, instalment_id)
    return json_response(found, etag=etag(found["version"]))


@of_agreement.patch(
    "/{agreement_id}/instalments/{instalment_id}",
    operation_id="change_instalment",
    response_model=InstalmentOut,
    responses=CHANGES,
)
def change_instalment(
    request: Request,
    actor: Writer,
    agreement_id: UUID,
    instalment_id: UUID,
    patch: InstalmentPatch,
) -> Response:
    """Reschedule or revalue an instalment, never below what it received. Needs If-Match."""

    def work(db: Session) -> dict[str, Any]:
        agreement = queries.get_agreement(db, actor, Permission.AGREEMENT_WRITE, agreement_id)
        instalment = queries.get_instalment(db, agreement, instalment_id)
        check_match(request, instalment.version)
        instalments.change_instalment(db, actor, agreement, instalment, patch)
        return queries.read_instalment(db, actor, instalment)

    return command(request, actor, work)


@of_agreement.post(
    "/{agreement_id}/reports",
    operation_id="add_owed_report",
    status_code=201,
    response_model=OwedReportOut,
    responses=CREATES,
)
def add_report(
    request: Request, actor: Writer, agreement_id: UUID, wanted: OwedReportIn
) -> Response:
    """Add a report that we owe the donor under this agreement."""

    def work(db: Session) -> dict[str, Any]:
        agreement = queries.get_agreement(db, actor, Permission.AGREEMENT_WRITE, agreement_id)
        return queries.read_report(db, actor, owed_reports.add_report(db, actor, agreement, wanted))

    return command(request, actor, work, status=201)


@of_agreement.post(
    "/{agreement_id}/reports/{report_id}/deliver",
    operation_id="deliver_owed_report",
    response_model=OwedReportOut,
    responses=CREATES,
)
def deliver_report(
    request: Request, actor: Writer, agreement_id: UUID, report_id: UUID, wanted: Delivery
) -> Response:
    """Note the day on which an owed report was delivered."""

    def work(db: Session) -> dict[str, Any]:
        agreement = queries.get_agreement(db, actor, Permission.AGREEMENT_WRITE, agreement_id)
        report = queries.get_report(db, agreement, report_id)
        owed_reports.deliver_report(db, actor, agreement, report, wanted)
        return queries.read_report(db, actor, report)

    return command(request, actor, work)


@reports.get("", operation_id="list_owed_reports", response_model=OwedReportPage, responses=LISTS)
def list_owed_reports(
    request: Request,
    actor: Reader,
    paging: Paging,
    agreement: UUID | None = None,
    fund: UUID | None = None,
    donor: UUID | None = None,
    due_by: Day | None = None,
    is_delivered: bool | None = None,
) -> Response:
    """List the reports owed under agreements you may see, delivered or not."""
    with read_session(request) as db:
        page = list_page(
            db,
            queries.reports(
                actor,
                agreement=agreement,
                fund=fund,
                donor=donor,
                due_by=due_by,
                is_delivered=is_delivered,
            ),
            paging,
            sorts=queries.REPORT_SORTS,
            key=queries.REPORT_ID,
            out=owed_report_out,
        )
    return json_response(page)
