"""The route of feedback to applicants."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from fundops.authz import Actor, Can, Permission
from fundops.command import read_session
from fundops.decisions.feedback import feedback
from fundops.decisions.feedback_schemas import FeedbackOut, feedback_out
from fundops.pages import json_response
from fundops.proposals.queries import get_visible, is_applicant
from fundops.reviews import queries as reviews
from fundops.schemas import READS, problems
from fundops.strict import StrictRoute

router = APIRouter(prefix="/proposals", tags=["proposals"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.PROPOSAL_READ))]


@router.get(
    "/{proposal_id}/feedback",
    operation_id="get_feedback",
    response_model=FeedbackOut,
    responses=READS | problems(409),
)
def get_feedback(request: Request, actor: Reader, proposal_id: UUID) -> Response:
    """Read how a decided proposal was judged: scores by criterion, comments, reason; no names."""
    with read_session(request) as db:
        proposal = get_visible(db, actor, proposal_id, Permission.PROPOSAL_READ)
        if not is_applicant(actor, proposal):
            # Who is in conflict with an applicant does not read how it was judged.
            reviews.get_proposal(db, actor, proposal_id, Permission.PROPOSAL_READ)
        return json_response(feedback_out(feedback(db, proposal)))
