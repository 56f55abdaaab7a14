"""Routes of divergences, consensus and rankings."""

from __future__ import annotations

import secrets
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.calls.models import Call
from fundops.command import command, database, read_session
from fundops.errors import invalid
from fundops.ledger.models import Fund
from fundops.pages import Paging, json_response, list_page
from fundops.proposals.models import Proposal
from fundops.reviews import divergences, queries, rankings
from fundops.reviews.marks import parsed
from fundops.reviews.models import Consensus, Ranking
from fundops.reviews.ranking_schemas import (
    ConsensusIn,
    ConsensusOut,
    ConsensusPage,
    DivergencePage,
    LineIn,
    OpenedOut,
    OpenIn,
    RankingIn,
    RankingOut,
    RankingPage,
    divergence_out,
    ranking_line,
    ranking_out,
)
from fundops.reviews.rankings import Terms
from fundops.schemas import CREATES, READS
from fundops.strict import StrictRoute

router = APIRouter(prefix="/calls", tags=["rankings"], route_class=StrictRoute)
proposal_router = APIRouter(prefix="/proposals", tags=["rankings"], route_class=StrictRoute)
one_router = APIRouter(prefix="/rankings", tags=["rankings"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.RANKING_READ))]
Ranker = Annotated[Actor, Depends(Can(Permission.RANKING_WRITE))]
Assigner = Annotated[Actor, Depends(Can(Permission.ASSIGNMENT_WRITE))]
READ, WRITE = Permission.RANKING_READ, Permission.RANKING_WRITE


@router.get(
    "/{call_id}/divergences",
    operation_id="list_divergences",
    response_model=DivergencePage,
    responses=READS,
)
def list_divergences(request: Request, actor: Reader, call_id: UUID) -> Response:
    """List proposals whose reviews lie further apart than the call allows, and what is asked."""
    with read_session(request) as db:
        call = queries.get_call(db, actor, call_id, READ)
        reviews = divergences.submitted(db, None, call_id)
        found = divergences.diverging(db, call, reviews)
        counts: dict[UUID, int] = {}
        for one in reviews:
            counts[one.proposal_id] = counts.get(one.proposal_id, 0) + 1
        seen = select(Proposal.id, Proposal.code).where(
            Proposal.call_id == call_id, queries.without_own_part(actor)
        )
        codes: dict[UUID, str] = queries.mapping(db, seen)
    items = [
        divergence_out(one, codes[key], counts[key]) for key, one in found.items() if key in codes
    ]
    items.sort(key=lambda one: str(one["proposal_code"]))
    return json_response({"items": items, "next_cursor": None})


@proposal_router.post(
    "/{proposal_id}/open_reviews",
    operation_id="open_reviews_to_reviewers",
    response_model=OpenedOut,
    responses=CREATES,
)
def open_reviews_to_reviewers(
    request: Request, actor: Assigner, proposal_id: UUID, given: OpenIn
) -> Response:
    """Let those who have reviewed a proposal read each other's reviews, to find a consensus."""

    def work(db: Session) -> dict[str, Any]:
        proposal, call = queries.get_proposal(db, actor, proposal_id, Permission.ASSIGNMENT_WRITE)
        return {"reviews": divergences.open_others(db, actor, proposal, call, given.reason)}

    return command(request, actor, work)


@proposal_router.post(
    "/{proposal_id}/consensus",
    operation_id="record_consensus",
    status_code=201,
    response_model=ConsensusOut,
    responses=CREATES,
)
def record_consensus(
    request: Request, actor: Assigner, proposal_id: UUID, given: ConsensusIn
) -> Response:
    """Record what reviewers who diverged agreed on, with minutes; their reviews stay."""

    def work(db: Session) -> dict[str, Any]:
        proposal, call = queries.get_proposal(db, actor, proposal_id, Permission.ASSIGNMENT_WRITE)
        agreed = None if given.agreed is None else parsed(given.agreed)
        made = divergences.settle(
            db, actor, proposal, call, given.minutes, agreed, given.participants
        )
        return divergences.consensus_out(made)

    return command(request, actor, work, status=201)


@router.get(
    "/{call_id}/consensuses",
    operation_id="list_consensuses",
    response_model=ConsensusPage,
    responses=READS,
)
def list_consensuses(request: Request, actor: Reader, paging: Paging, call_id: UUID) -> Response:
    """List what reviewers of a call agreed on, with the minutes."""
    with read_session(request) as db:
        queries.get_call(db, actor, call_id, READ)
        page = list_page(
            db,
            queries.consensuses(actor, call_id),
            paging,
            sorts={},
            key=Consensus.id,
            out=divergences.consensus_out,
        )
    return json_response(page)


def _terms(db: Session, call: Call, given: RankingIn) -> Terms:
    return Terms(
        secrets.randbelow(2**31) if given.seed is None else given.seed,
        given.draws,
        given.order,
        None if given.line is None else _line(db, call, given.line),
        given.include_submitted,
        given.accept_divergences,
    )


def _line(db: Session, call: Call, given: LineIn) -> tuple[str, int]:
    if (given.count is None) == (given.amount is None):
        raise invalid("/line", "reviews.line_one_of_two")
    if given.count is not None:
        return "count", given.count
    assert given.amount is not None
    currency = db.get_one(Fund, call.fund_id).base_currency
    if given.amount.currency != currency:
        raise invalid("/line/amount/currency", "grants.base_currency", currency=currency)
    return "amount", given.amount.minor("/line/amount")


@router.post(
    "/{call_id}/rankings",
    operation_id="compute_ranking",
    status_code=201,
    response_model=RankingOut,
    responses=CREATES,
)
def compute_ranking(request: Request, actor: Ranker, call_id: UUID, given: RankingIn) -> Response:
    """Rank a call's proposals by the reviews that count, and keep the result as it comes out.

    Raw means, scores adjusted for severity and agreed ones stand beside each other.
    """
    with database(request).read() as db:
        call = queries.get_call(db, actor, call_id, WRITE)
        terms = _terms(db, call, given)
        found = rankings.inputs(db, call, include_submitted=given.include_submitted)
    result, digest = rankings.compute(found, terms), found.digest()

    def work(db: Session) -> dict[str, Any]:
        call = queries.get_call(db, actor, call_id, WRITE)
        return ranking_out(rankings.keep(db, actor, call, terms, digest, result))

    return command(request, actor, work, status=201, location="/v1/rankings/{id}")


@router.get(
    "/{call_id}/rankings",
    operation_id="list_rankings",
    response_model=RankingPage,
    responses=READS,
)
def list_rankings(request: Request, actor: Reader, paging: Paging, call_id: UUID) -> Response:
    """List the rankings that were computed for a call, the latest last."""
    with read_session(request) as db:
        queries.get_call(db, actor, call_id, READ)
        page = list_page(
            db,
            queries.call_rankings(call_id),
            paging,
            sorts={"computed_at": Ranking.computed_at},
            key=Ranking.id,
            out=ranking_line,
        )
    return json_response(page)


@one_router.get(
    "/{ranking_id}", operation_id="get_ranking", response_model=RankingOut, responses=READS
)
def get_ranking(request: Request, actor: Reader, ranking_id: UUID) -> Response:
    """Read a ranking as it was computed, without proposals that you have a conflict with."""
    with read_session(request) as db:
        return json_response(ranking_out(*queries.get_ranking(db, actor, ranking_id)))
