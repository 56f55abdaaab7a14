"""The route of overlaps."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from fundops.authz import Actor, Can, Permission
from fundops.command import read_session
from fundops.errors import Problem
from fundops.overlaps import queries
from fundops.overlaps.likeness import find_overlaps
from fundops.overlaps.schemas import OverlapPage, overlap_out
from fundops.pages import json_response
from fundops.proposals.queries import get_visible, may_write
from fundops.schemas import READS
from fundops.strict import StrictRoute

router = APIRouter(prefix="/proposals", tags=["proposals"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.OVERLAP_READ))]


@router.get(
    "/{proposal_id}/overlaps",
    operation_id="list_overlaps",
    response_model=OverlapPage,
    responses=READS,
)
def list_overlaps(
    request: Request,
    actor: Reader,
    proposal_id: UUID,
    limit: Annotated[int, Query(ge=1, le=100, description="Overlaps at most.")] = 20,
) -> Response:
    """Find proposals, grants and published activities that a proposal overlaps with."""
    with read_session(request) as db:
        proposal = get_visible(db, actor, proposal_id, Permission.OVERLAP_READ)
        if proposal.submitted_number is None and not may_write(actor, proposal):
            # What is alike would tell what a draft says, which is its applicant's alone.
            raise Problem("not-found")
        if proposal.submitted_number is None and not may_write(actor, proposal):
            # What an unsubmitted proposal says is its applicant's alone, also as a quotation.
            raise Problem("not-found")
        subject = queries.subject(db, actor, proposal)
        others = queries.others(db, actor, proposal)
    items = [overlap_out(one) for one in find_overlaps(subject, others, limit=limit)]
    return json_response({"items": items, "compared": len(others), "next_cursor": None})
