"""Routes of questions on calls: asked by applicants, answered for everybody alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.calls import queries, questions
from fundops.calls.models import Call, CallQuestion
from fundops.calls.question_schemas import (
    CallAnswerIn,
    CallQuestionIn,
    CallQuestionOut,
    CallQuestionPage,
    CallWithholdIn,
    question_out,
)
from fundops.command import command, read_session
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import COMMANDS, READS
from fundops.strict import StrictRoute

router = APIRouter(prefix="/calls", tags=["calls"], route_class=StrictRoute)
questions_router = APIRouter(prefix="/call_questions", tags=["calls"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.CALL_READ))]
Asker = Annotated[Actor, Depends(Can(Permission.QUESTION_ASK))]
Writer = Annotated[Actor, Depends(Can(Permission.CALL_WRITE))]


@router.get(
    "/{call_id}/questions",
    operation_id="list_call_questions",
    response_model=CallQuestionPage,
    responses=READS,
)
def list_questions(request: Request, actor: Reader, call_id: UUID, paging: Paging) -> Response:
    """List published questions and one's own; who runs the call sees all, and who asked."""
    with read_session(request) as db:
        officer = questions.is_officer(actor, queries.row(db, actor, call_id).fund_id)
        page = list_page(
            db,
            questions.visible(actor).where(CallQuestion.call_id == call_id),
            paging,
            sorts=questions.SORTS if officer else {},
            key=questions.KEY,
            out=lambda row: question_out(row, officer=officer),
        )
    return json_response(page)


@router.post(
    "/{call_id}/questions",
    operation_id="ask_call_question",
    status_code=201,
    response_model=CallQuestionOut,
    responses=COMMANDS,
)
def ask_question(request: Request, actor: Asker, call_id: UUID, given: CallQuestionIn) -> Response:
    """Ask a question on an open call, until questions close."""

    def work(db: Session) -> dict[str, Any]:
        call = queries.get_visible(db, actor, call_id, Permission.QUESTION_ASK)
        return _told(db, actor, questions.ask(db, actor, call, given).id)

    return command(request, actor, work, status=201, location="/v1/call_questions/{id}")


@questions_router.get(
    "/{call_question_id}",
    operation_id="get_call_question",
    response_model=CallQuestionOut,
    responses=READS,
)
def get_question(request: Request, actor: Reader, call_question_id: UUID) -> Response:
    """Read one question."""
    with read_session(request) as db:
        return json_response(_told(db, actor, call_question_id))


@questions_router.post(
    "/{call_question_id}/answer",
    operation_id="answer_call_question",
    response_model=CallQuestionOut,
    responses=COMMANDS,
)
def answer_question(
    request: Request, actor: Writer, call_question_id: UUID, given: CallAnswerIn
) -> Response:
    """Publish an answer to everybody alike, or put a published one right."""
    return _decide(
        request, actor, call_question_id,
        lambda db, question, call: questions.answer(db, actor, question, call, given),
    )  # fmt: skip


@questions_router.post(
    "/{call_question_id}/withhold",
    operation_id="withhold_call_question",
    response_model=CallQuestionOut,
    responses=COMMANDS,
)
def withhold_question(
    request: Request, actor: Writer, call_question_id: UUID, given: CallWithholdIn
) -> Response:
    """Do not publish a question; only who asked is told why."""
    return _decide(
        request, actor, call_question_id,
        lambda db, question, call: questions.withhold(db, actor, question, call, given),
    )  # fmt: skip


def _decide(
    request: Request,
    actor: Actor,
    question_id: UUID,
    decide: Callable[[Session, CallQuestion, Call], CallQuestion],
) -> Response:
    def work(db: Session) -> dict[str, Any]:
        question = questions.get_for_officer(db, actor, question_id)
        decide(db, question, db.get_one(Call, question.call_id))
        return _told(db, actor, question_id)

    return command(request, actor, work)


def _told(db: Session, actor: Actor, question_id: UUID) -> dict[str, Any]:
    row = questions.row(db, actor, question_id)
    return question_out(row, officer=questions.is_officer(actor, row.fund_id))
