"""Routes of partner risk: due diligence, performance, and assessments that two persons make."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from fundops import clock
from fundops.authz import Actor, Can, Permission
from fundops.command import command, etag, read_session
from fundops.errors import invalid
from fundops.grants.plan import add_months
from fundops.grants.policy_content import Tier
from fundops.grants.policy_queries import get_party
from fundops.pages import Paging, json_response, list_page
from fundops.parties.models import Party
from fundops.partners import diligence, lists, performance, queries, service
from fundops.partners.evaluation import performance_out, standing_out
from fundops.partners.models import BANDS
from fundops.partners.schemas import (
    DueCheckIn,
    DueCheckOut,
    DueCheckPage,
    DueDiligenceOut,
    PartnerAssessmentDetail,
    PartnerAssessmentIn,
    PartnerAssessmentOut,
    PartnerAssessmentPage,
    PartnerReasonIn,
    PartyPerformanceOut,
    QuestionnaireOut,
    Status,
)
from fundops.partners.tiering import moved
from fundops.schemas import COMMANDS, CREATES, LISTS, READS, Day
from fundops.strict import StrictRoute

router = APIRouter(tags=["partner risk"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.PARTNER_RISK_READ))]
Writer = Annotated[Actor, Depends(Can(Permission.PARTNER_RISK_WRITE))]
Confirmer = Annotated[Actor, Depends(Can(Permission.PARTNER_RISK_CONFIRM))]
Before = Annotated[
    Day | None,
    Query(description="Only those in force, the latest of their parties, that end before a day."),
]


@router.get(
    "/partner_questionnaire",
    operation_id="get_partner_questionnaire",
    response_model=QuestionnaireOut,
    responses=READS,
)
def get_partner_questionnaire(
    actor: Reader,  # noqa: ARG001 - the same for all who may read it
) -> Response:
    """Read the questions of the capacity assessment, their weights, and where bands end."""
    asked = lists.questionnaire()
    questions = [
        {"code": one.code, "area": one.area, "weight": one.weight, "text": one.text}
        for one in asked.questions
    ]
    return json_response(
        {
            "version": asked.version, "source": asked.source, "bands": dict(asked.bands),
            "applicable_percent": asked.applicable_percent, "areas": dict(asked.areas),
            "questions": questions,
        }
    )  # fmt: skip


@router.get(
    "/parties/{party_id}/due_diligence",
    operation_id="get_due_diligence",
    response_model=DueDiligenceOut,
    responses=READS,
)
def get_due_diligence(
    request: Request,
    actor: Reader,  # noqa: ARG001 - the register is of the whole organisation
    party_id: UUID,
    on: Annotated[Day | None, Query(description="Today by default.")] = None,
) -> Response:
    """Read how due diligence of a party stands: what was looked into, and what is missing."""
    day = on or clock.today("UTC")
    with read_session(request) as db:
        party = get_party(db, party_id)
        found = diligence.standing(db, party.id, day)
    is_complete = not any(one.keeps_back for one in found)
    checks = [standing_out(one) for one in found]
    return json_response(
        {"party_id": party_id, "on": day, "is_complete": is_complete, "checks": checks}
    )


@router.get(
    "/parties/{party_id}/due_diligence_checks",
    operation_id="list_due_diligence_checks",
    response_model=DueCheckPage,
    responses=READS,
)
def list_due_diligence_checks(
    request: Request,
    actor: Reader,  # noqa: ARG001 - the register is of the whole organisation
    party_id: UUID,
    paging: Paging,
) -> Response:
    """List everything that was ever looked into of a party."""
    with read_session(request) as db:
        get_party(db, party_id)
        page = list_page(
            db, queries.checks(party_id), paging, sorts=queries.CHECK_SORTS,
            key=queries.CHECKS.id, out=queries.check_out,
        )  # fmt: skip
    return json_response(page)


@router.post(
    "/parties/{party_id}/due_diligence_checks",
    operation_id="record_due_diligence_check",
    status_code=201,
    response_model=DueCheckOut,
    responses=CREATES,
)
def record_due_diligence_check(
    request: Request, actor: Writer, party_id: UUID, given: DueCheckIn
) -> Response:
    """Record what was found when one thing about a party was looked into."""

    def work(db: Session) -> dict[str, Any]:
        party = get_party(db, party_id)
        return queries.check_out(diligence.record(db, actor, party, given))

    return command(request, actor, work, status=201)


@router.get(
    "/parties/{party_id}/performance",
    operation_id="get_partner_performance",
    response_model=PartyPerformanceOut,
    responses=READS,
)
def get_partner_performance(request: Request, actor: Reader, party_id: UUID) -> Response:
    """Read what a party did under its grants, as an assessment of today would count it."""
    rules, today = lists.performance_rules(), clock.today("UTC")
    with read_session(request) as db:
        party = get_party(db, party_id)
        window = performance.Window(party.id, add_months(today, -rules.months), today)
        outcome = moved(BANDS[0], performance.figures(db, window), rules)
    told = queries.named(performance_out(window, outcome, rules), actor)
    return json_response(told | {"party_id": party_id})


@router.get(
    "/partner_assessments",
    operation_id="list_partner_assessments",
    response_model=PartnerAssessmentPage,
    responses=LISTS,
)
def list_partner_assessments(
    request: Request,
    actor: Reader,
    paging: Paging,
    party_id: UUID | None = None,
    status: Status | None = None,
    tier: Tier | None = None,
    is_override: bool | None = None,
    expires_before: Before = None,
) -> Response:
    """List assessments of parties; `expires_before` finds those that must be made anew."""
    query = queries.assessments(actor)
    for column, value in (("party_id", party_id), ("status", status), ("tier", tier)):
        if value is not None:
            query = query.where(queries.ASSESSMENTS[column] == value)
    if is_override is not None:
        reason = queries.ASSESSMENTS.override_reason
        query = query.where(reason.is_not(None) if is_override else reason.is_(None))
    if expires_before is not None:
        query = queries.expiring(query, expires_before)
    with read_session(request) as db:
        page = list_page(
            db, query, paging, sorts=queries.SORTS, key=queries.ASSESSMENTS.id,
            out=queries.assessment_out,
        )  # fmt: skip
    return json_response(page)


@router.post(
    "/partner_assessments",
    operation_id="propose_partner_assessment",
    status_code=201,
    response_model=PartnerAssessmentDetail,
    responses=CREATES,
)
def propose_partner_assessment(
    request: Request, actor: Writer, given: PartnerAssessmentIn
) -> Response:
    """Answer the questionnaire about a party. Another person confirms the tier that follows."""

    def work(db: Session) -> dict[str, Any]:
        party = db.get(Party, given.party_id)
        if party is None:
            raise invalid("/party_id", "validation.unknown_record")
        made = service.propose(db, actor, party, given)
        return _detail(db, actor, made.id)

    location = "/v1/partner_assessments/{id}"
    return command(request, actor, work, status=201, location=location)


@router.get(
    "/partner_assessments/{partner_assessment_id}",
    operation_id="get_partner_assessment",
    response_model=PartnerAssessmentDetail,
    responses=READS,
)
def get_partner_assessment(
    request: Request, actor: Reader, partner_assessment_id: UUID
) -> Response:
    """Read an assessment with every step that led to its tier."""
    with read_session(request) as db:
        found = _detail(db, actor, partner_assessment_id)
    return json_response(found, etag=etag(found["version"]))


@router.post(
    "/partner_assessments/{partner_assessment_id}/confirm",
    operation_id="confirm_partner_assessment",
    response_model=PartnerAssessmentOut,
    responses=COMMANDS,
)
def confirm_partner_assessment(
    request: Request, actor: Confirmer, partner_assessment_id: UUID
) -> Response:
    """Confirm what another person assessed; tranches planned from now on follow the tier."""

    def work(db: Session) -> dict[str, Any]:
        found = service.confirm(db, actor, queries.get(db, partner_assessment_id))
        return queries.assessment_out(queries.row(db, actor, found.id))

    return command(request, actor, work)


@router.post(
    "/partner_assessments/{partner_assessment_id}/refuse",
    operation_id="refuse_partner_assessment",
    response_model=PartnerAssessmentOut,
    responses=COMMANDS,
)
def refuse_partner_assessment(
    request: Request, actor: Confirmer, partner_assessment_id: UUID, given: PartnerReasonIn
) -> Response:
    """Refuse what another person assessed."""
    return _turned_down(request, actor, partner_assessment_id, "refuse", given.reason)


@router.post(
    "/partner_assessments/{partner_assessment_id}/withdraw",
    operation_id="withdraw_partner_assessment",
    response_model=PartnerAssessmentOut,
    responses=COMMANDS,
)
def withdraw_partner_assessment(
    request: Request, actor: Writer, partner_assessment_id: UUID, given: PartnerReasonIn
) -> Response:
    """Take back an assessment that nobody has decided on."""
    return _turned_down(request, actor, partner_assessment_id, "withdraw", given.reason)


def _turned_down(
    request: Request, actor: Actor, assessment_id: UUID, action: str, reason: str
) -> Response:
    def work(db: Session) -> dict[str, Any]:
        found = service.turn_down(db, actor, queries.get(db, assessment_id), action, reason)
        return queries.assessment_out(queries.row(db, actor, found.id))

    return command(request, actor, work)


def _detail(db: Session, actor: Actor, assessment_id: UUID) -> dict[str, Any]:
    return queries.detail_out(queries.row(db, actor, assessment_id), actor)
