"""Routes of dossiers: one workbook per call and one per proposal."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from fundops.authz import Actor, Can, Permission
from fundops.command import database
from fundops.exports.dossier import dossier_workbook
from fundops.exports.routes import WORKBOOK, export_slot, workbook_response
from fundops.exports.statements import rendered
from fundops.reviews.queries import get_call, get_proposal, refuse_unfinished
from fundops.strict import StrictRoute

router = APIRouter(tags=["dossiers"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.DOSSIER_READ))]


@router.get(
    "/calls/{call_id}/dossier", operation_id="get_call_dossier", responses=WORKBOOK,
    response_class=StreamingResponse,
)  # fmt: skip
def get_call_dossier(request: Request, actor: Reader, call_id: UUID) -> Response:
    """Write how a call was decided: scores, recusals, ranking, minutes and money, as a workbook."""
    with export_slot(request), database(request).export() as db:
        call = get_call(db, actor, call_id, Permission.DOSSIER_READ)
        refuse_unfinished(db, actor, call.id)
        made = rendered(dossier_workbook(db, actor, call, None))
        name = f"dossier-{call.code}.xlsx"
    return workbook_response(made, name)


@router.get(
    "/proposals/{proposal_id}/dossier", operation_id="get_proposal_dossier", responses=WORKBOOK,
    response_class=StreamingResponse,
)  # fmt: skip
def get_proposal_dossier(request: Request, actor: Reader, proposal_id: UUID) -> Response:
    """Write how one proposal was decided, as a workbook."""
    with export_slot(request), database(request).export() as db:
        proposal, call = get_proposal(db, actor, proposal_id, Permission.DOSSIER_READ)
        refuse_unfinished(db, actor, call.id)
        made = rendered(dossier_workbook(db, actor, call, proposal.id))
        name = f"dossier-{proposal.code}.xlsx"
    return workbook_response(made, name)
