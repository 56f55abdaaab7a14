"""Routes of a call's terms: its criteria, eligibility rules and documents, each as a whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.calls import queries, term_service, terms
from fundops.calls.models import Call
from fundops.calls.rules import rule_out
from fundops.calls.term_schemas import (
    CallCriteriaIn,
    CallCriteriaOut,
    CallDocumentsIn,
    CallDocumentsOut,
    CallRulesIn,
    CallRulesOut,
    criterion_out,
    document_out,
)
from fundops.command import check_match, command, etag, read_session
from fundops.pages import json_response
from fundops.schemas import CHANGES, READS
from fundops.strict import StrictRoute

router = APIRouter(prefix="/calls", tags=["calls"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.CALL_READ))]
Writer = Annotated[Actor, Depends(Can(Permission.CALL_WRITE))]
Told = Callable[[Session, UUID], dict[str, Any]]


def _criteria(db: Session, call_id: UUID) -> dict[str, Any]:
    return {"criteria": [criterion_out(one) for one in terms.criteria(db, call_id)]}


def _rules(db: Session, call_id: UUID) -> dict[str, Any]:
    return {"rules": [rule_out(one) for one in terms.rules(db, call_id)]}


def _documents(db: Session, call_id: UUID) -> dict[str, Any]:
    return {"documents": [document_out(one) for one in terms.documents(db, call_id)]}


@router.get(
    "/{call_id}/criteria",
    operation_id="list_call_criteria",
    response_model=CallCriteriaOut,
    responses=READS,
)
def list_criteria(request: Request, actor: Reader, call_id: UUID) -> Response:
    """Read what proposals to a call are scored on."""
    return _read(request, actor, call_id, _criteria)


@router.put(
    "/{call_id}/criteria",
    operation_id="set_call_criteria",
    response_model=CallCriteriaOut,
    responses=CHANGES,
)
def set_criteria(request: Request, actor: Writer, call_id: UUID, given: CallCriteriaIn) -> Response:
    """Replace all criteria of a draft call; their weights sum to 100. Needs If-Match."""

    def change(db: Session, call: Call) -> None:
        term_service.set_criteria(db, actor, call, given)

    return _write(request, actor, call_id, change, _criteria)


@router.get(
    "/{call_id}/rules", operation_id="list_call_rules", response_model=CallRulesOut, responses=READS
)
def list_rules(request: Request, actor: Reader, call_id: UUID) -> Response:
    """Read who may apply to a call."""
    return _read(request, actor, call_id, _rules)


@router.put(
    "/{call_id}/rules",
    operation_id="set_call_rules",
    response_model=CallRulesOut,
    responses=CHANGES,
)
def set_rules(request: Request, actor: Writer, call_id: UUID, given: CallRulesIn) -> Response:
    """Replace all eligibility rules of a draft call. Needs If-Match."""

    def change(db: Session, call: Call) -> None:
        term_service.set_rules(db, actor, call, given)

    return _write(request, actor, call_id, change, _rules)


@router.get(
    "/{call_id}/documents",
    operation_id="list_call_documents",
    response_model=CallDocumentsOut,
    responses=READS,
)
def list_documents(request: Request, actor: Reader, call_id: UUID) -> Response:
    """Read which documents a proposal to a call must, or may, come with."""
    return _read(request, actor, call_id, _documents)


@router.put(
    "/{call_id}/documents",
    operation_id="set_call_documents",
    response_model=CallDocumentsOut,
    responses=CHANGES,
)
def set_documents(
    request: Request, actor: Writer, call_id: UUID, given: CallDocumentsIn
) -> Response:
    """Replace all documents that a draft call asks for. Needs If-Match."""

    def change(db: Session, call: Call) -> None:
        term_service.set_documents(db, actor, call, given)

    return _write(request, actor, call_id, change, _documents)


def _read(request: Request, actor: Actor, call_id: UUID, told: Told) -> Response:
    with read_session(request) as db:
        row = queries.row(db, actor, call_id)
        answer = {"call_id": call_id, "version": row.version} | told(db, call_id)
        return json_response(answer, etag=etag(row.version))


def _write(
    request: Request,
    actor: Actor,
    call_id: UUID,
    change: Callable[[Session, Call], None],
    told: Told,
) -> Response:
    def work(db: Session) -> dict[str, Any]:
        call = queries.get_visible(db, actor, call_id, Permission.CALL_WRITE)
        check_match(request, call.version)
        change(db, call)
        return {"call_id": call_id, "version": call.version} | told(db, call_id)

    return command(request, actor, work)
