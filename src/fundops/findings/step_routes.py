"""Routes of what becomes of findings: answers, settlements, closing."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command
from fundops.findings import queries, service, settling
from fundops.findings.schemas import (
    AnswerIn,
    AuditFindingDetail,
    FindingReasonIn,
    FollowUpIn,
    OwedIn,
    SettlementIn,
    SettlementOut,
    settlement_out,
)
from fundops.schemas import COMMANDS, CREATES
from fundops.strict import StrictRoute

router = APIRouter(tags=["findings"], route_class=StrictRoute)

_P = Permission
Writer = Annotated[Actor, Depends(Can(Permission.FINDING_WRITE))]
Answerer = Annotated[Actor, Depends(Can(Permission.FINDING_ANSWER))]
Proposer = Annotated[Actor, Depends(Can(Permission.FINDING_PROPOSE))]
Settler = Annotated[Actor, Depends(Can(Permission.FINDING_SETTLE))]
Ower = Annotated[Actor, Depends(Can(Permission.RECEIVABLE_WRITE))]


@router.post(
    "/audit_findings/{audit_finding_id}/answer",
    operation_id="answer_audit_finding",
    response_model=AuditFindingDetail,
    responses=COMMANDS,
)
def answer_audit_finding(
    request: Request, actor: Answerer, audit_finding_id: UUID, given: AnswerIn
) -> Response:
    """Answer a finding: what is said to it, what will be done, and until when."""

    def work(db: Session) -> dict[str, Any]:
        finding, _, _ = queries.get(db, actor, audit_finding_id, _P.FINDING_ANSWER)
        service.answer(db, actor, finding, given)
        return queries.detail(db, actor, finding.id, _P.FINDING_ANSWER)

    return command(request, actor, work)


@router.post(
    "/audit_findings/{audit_finding_id}/follow_up",
    operation_id="follow_up_audit_finding",
    response_model=AuditFindingDetail,
    responses=COMMANDS,
)
def follow_up_audit_finding(
    request: Request, actor: Writer, audit_finding_id: UUID, given: FollowUpIn
) -> Response:
    """Note what a look at a finding came to, for all or for the office alone."""

    def work(db: Session) -> dict[str, Any]:
        finding, _, _ = queries.get(db, actor, audit_finding_id, _P.FINDING_WRITE)
        service.follow_up(db, actor, finding, given)
        return queries.detail(db, actor, finding.id, _P.FINDING_WRITE)

    return command(request, actor, work)


@router.post(
    "/audit_findings/{audit_finding_id}/return",
    operation_id="return_audit_finding",
    response_model=AuditFindingDetail,
    responses=COMMANDS,
)
def return_audit_finding(
    request: Request, actor: Writer, audit_finding_id: UUID, given: FindingReasonIn
) -> Response:
    """Return an answer that does not do."""
    return _taken_back(request, actor, audit_finding_id, "return", given.reason)


@router.post(
    "/audit_findings/{audit_finding_id}/reopen",
    operation_id="reopen_audit_finding",
    response_model=AuditFindingDetail,
    responses=COMMANDS,
)
def reopen_audit_finding(
    request: Request, actor: Writer, audit_finding_id: UUID, given: FindingReasonIn
) -> Response:
    """Open a finding again that another person closed."""
    return _taken_back(request, actor, audit_finding_id, "reopen", given.reason)


@router.post(
    "/audit_findings/{audit_finding_id}/close",
    operation_id="close_audit_finding",
    response_model=AuditFindingDetail,
    responses=COMMANDS,
)
def close_audit_finding(
    request: Request, actor: Settler, audit_finding_id: UUID, given: FindingReasonIn
) -> Response:
    """Close a finding of which nothing is pending, as another person than answered it."""

    def work(db: Session) -> dict[str, Any]:
        finding, fund, grant = queries.get(db, actor, audit_finding_id, _P.FINDING_SETTLE)
        service.close(db, actor, fund, grant, finding, given.reason)
        return queries.detail(db, actor, finding.id, _P.FINDING_SETTLE)

    return command(request, actor, work)


@router.post(
    "/audit_findings/{audit_finding_id}/open_receivable",
    operation_id="owe_audit_finding",
    response_model=AuditFindingDetail,
    responses=COMMANDS,
)
def owe_audit_finding(
    request: Request, actor: Ower, audit_finding_id: UUID, given: OwedIn
) -> Response:
    """Let the grantee owe what is pending: of its expenditure, that is not accepted any more."""

    def work(db: Session) -> dict[str, Any]:
        finding, fund, grant = queries.get(db, actor, audit_finding_id, _P.RECEIVABLE_WRITE)
        service.open_receivable(db, actor, fund, grant, finding, given.expenditure_statement_id)
        return queries.detail(db, actor, finding.id, _P.RECEIVABLE_WRITE)

    return command(request, actor, work)


@router.post(
    "/audit_findings/{audit_finding_id}/settlements",
    operation_id="propose_finding_settlement",
    status_code=201,
    response_model=SettlementOut,
    responses=CREATES,
)
def propose_finding_settlement(
    request: Request, actor: Proposer, audit_finding_id: UUID, given: SettlementIn
) -> Response:
    """Propose what settles part of a finding. Another person accepts it."""

    def work(db: Session) -> dict[str, Any]:
        finding, fund, grant = queries.get(db, actor, audit_finding_id, _P.FINDING_PROPOSE)
        made = settling.propose(db, actor, fund, grant, finding, given)
        return settlement_out(made, fund.base_currency)

    return command(request, actor, work, status=201)


@router.post(
    "/finding_settlements/{finding_settlement_id}/reverse",
    operation_id="reverse_finding_settlement",
    status_code=201,
    response_model=SettlementOut,
    responses=CREATES,
)
def reverse_finding_settlement(
    request: Request, actor: Proposer, finding_settlement_id: UUID, given: FindingReasonIn
) -> Response:
    """Propose to take an accepted settlement back. Another person accepts that too."""

    def work(db: Session) -> dict[str, Any]:
        found, finding, fund, grant = queries.get_settlement(
            db, actor, finding_settlement_id, _P.FINDING_PROPOSE
        )
        made = settling.take_back(db, actor, grant, finding, found, given.reason)
        return settlement_out(made, fund.base_currency)

    return command(request, actor, work, status=201)


@router.post(
    "/finding_settlements/{finding_settlement_id}/accept",
    operation_id="accept_finding_settlement",
    response_model=SettlementOut,
    responses=COMMANDS,
)
def accept_finding_settlement(
    request: Request, actor: Settler, finding_settlement_id: UUID
) -> Response:
    """Accept what another person proposed: an entry lowers what is pending."""

    def work(db: Session) -> dict[str, Any]:
        found, finding, fund, grant = queries.get_settlement(
            db, actor, finding_settlement_id, _P.FINDING_SETTLE
        )
        made = settling.accept(db, actor, fund, grant, finding, found)
        return settlement_out(made, fund.base_currency)

    return command(request, actor, work)


@router.post(
    "/finding_settlements/{finding_settlement_id}/refuse",
    operation_id="refuse_finding_settlement",
    response_model=SettlementOut,
    responses=COMMANDS,
)
def refuse_finding_settlement(
    request: Request, actor: Settler, finding_settlement_id: UUID, given: FindingReasonIn
) -> Response:
    """Refuse what another person proposed."""

    def work(db: Session) -> dict[str, Any]:
        found, finding, fund, _ = queries.get_settlement(
            db, actor, finding_settlement_id, _P.FINDING_SETTLE
        )
        made = settling.refuse(db, actor, finding, found, given.reason)
        return settlement_out(made, fund.base_currency)

    return command(request, actor, work)


def _taken_back(
    request: Request, actor: Actor, finding_id: UUID, action: str, reason: str
) -> Response:
    def work(db: Session) -> dict[str, Any]:
        finding, _, _ = queries.get(db, actor, finding_id, _P.FINDING_WRITE)
        service.take_back(db, actor, finding, action, reason)
        return queries.detail(db, actor, finding.id, _P.FINDING_WRITE)

    return command(request, actor, work)
