"""The route of the evaluation of an audit sample as a workbook."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from fundops.authz import Actor, Can, Permission
from fundops.command import database
from fundops.exports.routes import WORKBOOK, export_slot, workbook_response
from fundops.exports.sample_book import SampleBook, evaluation_workbook
from fundops.exports.statements import rendered
from fundops.samples.drawn import drawn, require_tested
from fundops.schemas import problems
from fundops.strict import StrictRoute

router = APIRouter(prefix="/audit_samples", tags=["audit samples"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.SAMPLE_READ))]


@router.get(
    "/{audit_sample_id}/evaluation",
    operation_id="get_sample_evaluation",
    responses=WORKBOOK | problems(409),
    response_class=StreamingResponse,
)
def get_sample_evaluation(request: Request, actor: Reader, audit_sample_id: UUID) -> Response:
    """Write what a sample of which every item was tested says, each figure a live formula."""
    with export_slot(request), database(request).export() as db:
        found = drawn(db, actor, audit_sample_id, "en")
        require_tested(found)
        made = rendered(evaluation_workbook(SampleBook(found)))
    return workbook_response(made, f"evaluation-{found.sample.code}.xlsx")
