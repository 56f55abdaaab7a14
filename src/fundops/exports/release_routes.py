"""The route of a release as a workbook."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from fundops.authz import Actor, Can, Permission
from fundops.command import database
from fundops.exports.release import release_workbook
from fundops.exports.routes import WORKBOOK, export_slot, workbook_response
from fundops.exports.statements import rendered
from fundops.releases import queries
from fundops.strict import StrictRoute

router = APIRouter(tags=["releases"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.RELEASE_READ))]


@router.get(
    "/releases/{release_id}/workbook", operation_id="get_release_workbook", responses=WORKBOOK,
    response_class=StreamingResponse,
)  # fmt: skip
def get_release_workbook(request: Request, actor: Reader, release_id: UUID) -> Response:
    """Write a release as a workbook: what its cells tell, as they were frozen."""
    with export_slot(request), database(request).export() as db:
        release = queries.row_served(db, actor, release_id)
        made = rendered(release_workbook(db, release))
        name = f"release-{release.code}.xlsx"
    return workbook_response(made, name)
