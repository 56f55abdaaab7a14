"""The route of coverage: what was asked for, awarded and paid, cut by any code list."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from fundops.authz import Actor, Can, Permission
from fundops.command import read_session
from fundops.decisions.coverage import coverage
from fundops.pages import json_response
from fundops.proposals.routes import By
from fundops.schemas import LISTS, MoneyOut, Out
from fundops.strict import StrictRoute

router = APIRouter(prefix="/coverage", tags=["decisions"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.DOSSIER_READ))]


class CoverageLine(Out):
    """One code; null for what declares none."""

    code: str | None
    label: str | None
    proposals: int
    grants: int
    requested: MoneyOut
    awarded: MoneyOut
    paid: MoneyOut


class FundCoverageOut(Out):
    """One fund. ``is_overlapping``: rows must not be added up, one work may stand under several."""

    fund_id: UUID
    fund_code: str
    by: str
    is_overlapping: bool
    requested: MoneyOut
    awarded: MoneyOut
    paid: MoneyOut
    items: list[CoverageLine]


class CoveragePage(Out):
    """The funds, by code; they fit one page."""

    items: list[FundCoverageOut] = Field(description="Never a sum across funds or currencies.")
    next_cursor: str | None


@router.get("", operation_id="get_coverage", response_model=CoveragePage, responses=LISTS)
def get_coverage(
    request: Request,
    actor: Reader,
    by: By = "objective",
    fund_id: UUID | None = None,
    call_id: UUID | None = None,
) -> Response:
    """Show what was asked for, awarded and paid under each code of a list, fund by fund."""
    with read_session(request) as db:
        items = coverage(db, actor, by, fund_id, call_id)
    return json_response({"items": items, "next_cursor": None})
