"""Routes of the fund's policy and of how risky grantees are."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from fundops import clock
from fundops.authz import Actor, Can, Permission
from fundops.command import command, read_session
from fundops.donors.scope import require_fund
from fundops.errors import invalid
from fundops.grants import policy, risk
from fundops.grants import policy_queries as queries
from fundops.grants.policy_schemas import (
    PolicyIn,
    PolicyInForceOut,
    PolicyOut,
    PolicyPage,
    PolicyReasonIn,
    RiskAssessmentIn,
    RiskAssessmentOut,
    RiskAssessmentPage,
    RiskTierOut,
    assessment_out,
    in_force_out,
    policy_out,
    tier_out,
)
from fundops.ledger.models import Fund
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import COMMANDS, CREATES, LISTS, READS, Day
from fundops.strict import StrictRoute

router = APIRouter(prefix="/policies", tags=["policy"], route_class=StrictRoute)
fund_router = APIRouter(prefix="/funds", tags=["policy"], route_class=StrictRoute)
risk_router = APIRouter(prefix="/parties", tags=["risk"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.POLICY_READ))]
Proposer = Annotated[Actor, Depends(Can(Permission.POLICY_WRITE))]
Approver = Annotated[Actor, Depends(Can(Permission.POLICY_APPROVE))]
Assessor = Annotated[Actor, Depends(Can(Permission.REQUIREMENT_RECORD))]
OnDay = Annotated[Day | None, Query(description="Today by default.")]


@fund_router.get(
    "/{fund_id}/policy",
    operation_id="get_policy_in_force",
    response_model=PolicyInForceOut,
    responses=READS,
)
def get_policy_in_force(
    request: Request, actor: Reader, fund_id: UUID, on: OnDay = None
) -> Response:
    """Read the policy that holds for a fund on a day: the sample, where there is none."""
    with read_session(request) as db:
        fund = queries.get_fund(db, actor, fund_id)
        day = on or clock.today(fund.zone)
        found = policy.policy_in_force(db, fund.id, day)
    return json_response(in_force_out(found, day))


@router.get("", operation_id="list_policies", response_model=PolicyPage, responses=LISTS)
def list_policies(
    request: Request,
    actor: Reader,
    paging: Paging,
    fund_id: UUID | None = None,
    status: Literal["proposed", "approved", "refused"] | None = None,
) -> Response:
    """List the versions of policies you may see."""
    query = queries.policies(actor, fund_id=fund_id, status=status)
    with read_session(request) as db:
        page = list_page(
            db,
            query,
            paging,
            sorts=queries.POLICY_SORTS,
            key=queries.POLICIES.id,
            out=lambda row: policy_out(row, row.base_currency),
        )
    return json_response(page)


@router.post(
    "", operation_id="propose_policy", status_code=201, response_model=PolicyOut, responses=CREATES
)
def propose_policy(request: Request, actor: Proposer, given: PolicyIn) -> Response:
    """Propose a version of a fund's policy; it holds once another person approves it."""

    def work(db: Session) -> dict[str, Any]:
        require_fund(actor, Permission.POLICY_WRITE, given.fund_id)
        fund = db.get(Fund, given.fund_id)
        if fund is None:
            raise invalid("/fund_id", "validation.unknown_record")
        content = policy.content_of(given.content.model_dump(), fund)
        made = policy.propose(db, actor, fund, content, given.starts_on, given.reason)
        return policy_out(made, fund.base_currency)

    return command(request, actor, work, status=201, location="/v1/policies/{id}")


@router.get("/{policy_id}", operation_id="get_policy", response_model=PolicyOut, responses=READS)
def get_policy(request: Request, actor: Reader, policy_id: UUID) -> Response:
    """Read one version of a policy."""
    with read_session(request) as db:
        row = queries.policy_row(db, actor, policy_id)
    return json_response(policy_out(row, row.base_currency))


@router.post(
    "/{policy_id}/approve",
    operation_id="approve_policy",
    response_model=PolicyOut,
    responses=COMMANDS,
)
def approve_policy(request: Request, actor: Approver, policy_id: UUID) -> Response:
    """Approve a version that another person proposed; it holds from its day on."""

    def work(db: Session) -> dict[str, Any]:
        found, fund = queries.get_policy(db, actor, policy_id, Permission.POLICY_APPROVE)
        return policy_out(policy.approve(db, actor, fund, found), fund.base_currency)

    return command(request, actor, work)


@router.post(
    "/{policy_id}/refuse",
    operation_id="refuse_policy",
    response_model=PolicyOut,
    responses=COMMANDS,
)
def refuse_policy(
    request: Request, actor: Approver, policy_id: UUID, given: PolicyReasonIn
) -> Response:
    """Refuse a version that another person proposed."""

    def work(db: Session) -> dict[str, Any]:
        found, fund = queries.get_policy(db, actor, policy_id, Permission.POLICY_APPROVE)
        return policy_out(policy.refuse(db, actor, found, given.reason), fund.base_currency)

    return command(request, actor, work)


@risk_router.get(
    "/{party_id}/risk_assessments",
    operation_id="list_risk_assessments",
    response_model=RiskAssessmentPage,
    responses=READS,
)
def list_risk_assessments(
    request: Request,
    actor: Reader,  # noqa: ARG001 - the register is of the whole organisation
    party_id: UUID,
    paging: Paging,
) -> Response:
    """List how risky it was found to fund a party, and on what basis."""
    with read_session(request) as db:
        queries.get_party(db, party_id)
        page = list_page(
            db,
            queries.assessments(party_id),
            paging,
            sorts=queries.RISK_SORTS,
            key=queries.ASSESSMENTS.id,
            out=assessment_out,
        )
    return json_response(page)


@risk_router.post(
    "/{party_id}/risk_assessments",
    operation_id="assess_risk",
    status_code=201,
    response_model=RiskAssessmentOut,
    responses=CREATES,
)
def assess_risk(
    request: Request, actor: Assessor, party_id: UUID, given: RiskAssessmentIn
) -> Response:
    """Record on your own that a party is riskier than it stands; plans made from now on follow it.

    That it is less risky, or for longer, is found by a partner assessment, which takes two persons.
    """

    def work(db: Session) -> dict[str, Any]:
        party = queries.get_party(db, party_id)
        made = risk.warn(
            db, actor, party, given.tier, given.assessed_on, given.valid_until_on, given.basis
        )
        return assessment_out(made)

    return command(request, actor, work, status=201)


@risk_router.get(
    "/{party_id}/risk_tier",
    operation_id="get_risk_tier",
    response_model=RiskTierOut,
    responses=READS,
)
def get_risk_tier(
    request: Request,
    actor: Reader,  # noqa: ARG001 - the register is of the whole organisation
    party_id: UUID,
    on: OnDay = None,
) -> Response:
    """Read the tier of a party on a day, and why it is that."""
    day = on or clock.today("UTC")
    with read_session(request) as db:
        queries.get_party(db, party_id)
        found = risk.tier_of(db, party_id, day)
    return json_response(tier_out(found, party_id, day))


POLICY_ROUTERS: tuple[APIRouter, ...] = (fund_router, router, risk_router)
