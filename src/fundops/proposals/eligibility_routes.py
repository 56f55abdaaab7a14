"""Routes of eligibility: what the rules find, and what a person decided."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command, read_session
from fundops.pages import json_response
from fundops.proposals import eligibility, eligibility_service, queries
from fundops.proposals.schemas import EligibilityDecisionOut, EligibilityIn, EligibilityOut
from fundops.schemas import COMMANDS, READS
from fundops.strict import StrictRoute

router = APIRouter(prefix="/proposals", tags=["proposals"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.PROPOSAL_READ))]
Decider = Annotated[Actor, Depends(Can(Permission.ELIGIBILITY_DECIDE))]


@router.get(
    "/{proposal_id}/eligibility",
    operation_id="get_eligibility",
    response_model=EligibilityOut,
    responses=READS,
)
def get_eligibility(request: Request, actor: Reader, proposal_id: UUID) -> Response:
    """Read what each eligibility rule of the call finds, and the decisions taken so far."""
    with read_session(request) as db:
        proposal = queries.get_readable(db, actor, proposal_id)
        found, number = eligibility_service.findings_for(db, actor, proposal)
        answer = {
            "proposal_id": proposal.id,
            "version_number": number,
            "verdict": eligibility.verdict(found),
            "findings": [one.out() for one in found],
            "decisions": eligibility_service.decisions(db, proposal.id),
        }
    return json_response(answer)


@router.post(
    "/{proposal_id}/decide_eligibility",
    operation_id="decide_eligibility",
    response_model=EligibilityDecisionOut,
    responses=COMMANDS,
)
def decide_eligibility(
    request: Request, actor: Decider, proposal_id: UUID, given: EligibilityIn
) -> Response:
    """Declare a submitted proposal eligible or ineligible. A decision against the rules, or where
    they cannot decide, needs a reason and is marked.
    """

    def work(db: Session) -> dict[str, Any]:
        proposal = queries.get_visible(db, actor, proposal_id, Permission.ELIGIBILITY_DECIDE)
        made = eligibility_service.decide(db, actor, proposal, given)
        return eligibility_service.decision_out(made)

    return command(request, actor, work)
