"""Questions on a call: asked by applicants, answered for everybody alike.

Ids are random and lists stand in their order, so that neither tells when a question came or from
whom. An officer may publish a question in other words than it was asked in; the words as asked
stay on the audit trail.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Row, Select, and_, case, false, or_, select, true
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Permission
from fundops.calls import queries
from fundops.calls.models import Call, CallQuestion
from fundops.calls.question_schemas import CallAnswerIn, CallQuestionIn, CallWithholdIn
from fundops.errors import Problem, invalid
from fundops.lifecycle import Steps, advance, step
from fundops.messages import text
from fundops.records import snapshot

QUESTION_STEPS: Steps = {
    "answer": step("asked answered withheld", "answered", Permission.CALL_WRITE),
    "withhold": step("asked", "withheld", Permission.CALL_WRITE),
}
KEY: Any = CallQuestion.__table__.c.id
SORTS: Mapping[str, Any] = {"asked_at": CallQuestion.__table__.c.asked_at}
"""Only officers sort: to everybody else the time of asking does not exist."""


def is_officer(actor: Actor, fund_id: UUID) -> bool:
    """Return whether ``actor`` runs or audits the calls of a fund and so sees who asked."""
    for permission in (Permission.CALL_WRITE, Permission.AUDIT_READ):
        if any(held.fund_id in (None, fund_id) for held in actor.holding(permission)):
            return True
    return False


def own(actor: Actor) -> ColumnElement[bool]:
    """Return which questions are the actor's: asked by the person or for its organisation."""
    parties = actor.parties(Permission.QUESTION_ASK) or frozenset()
    mine = CallQuestion.asked_by_id == actor.person_id
    return or_(mine, CallQuestion.party_id.in_(parties)) if parties else mine


def seen(actor: Actor) -> ColumnElement[bool]:
    """Return which questions ``actor`` sees, of calls that may be seen."""
    officer: list[ColumnElement[bool]] = []
    for permission in (Permission.CALL_WRITE, Permission.AUDIT_READ):
        for held in actor.holding(permission):
            officer.append(true() if held.fund_id is None else Call.fund_id == held.fund_id)
    everybody = or_(CallQuestion.status == "answered", own(actor))
    return and_(queries.seen(actor), or_(false(), *officer, everybody))


def visible(actor: Actor) -> Select[Any]:
    """Return the rows of questions that ``actor`` may see."""
    columns: tuple[Any, ...] = (
        *CallQuestion.__table__.columns,
        Call.fund_id,
        case((own(actor), true()), else_=false()).label("is_own"),
    )
    query: Select[Any] = select(*columns).join(Call, Call.id == CallQuestion.call_id)
    return query.where(seen(actor))


def row(db: Session, actor: Actor, question_id: UUID) -> Row[Any]:
    """Return one question's row; raise ``not-found`` when it may not be seen."""
    found = db.execute(visible(actor).where(CallQuestion.id == question_id)).one_or_none()
    if found is None:
        raise Problem("not-found")
    return found


def get_for_officer(db: Session, actor: Actor, question_id: UUID) -> CallQuestion:
    """Return a question to be answered; raise ``not-found`` unless its call may be changed."""
    query = select(CallQuestion).join(Call, Call.id == CallQuestion.call_id)
    found = db.execute(
        query.where(
            CallQuestion.id == question_id, queries.seen(actor, Permission.CALL_WRITE)
        ).execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if found is None:
        raise Problem("not-found")
    return found


def ask(db: Session, actor: Actor, call: Call, given: CallQuestionIn) -> CallQuestion:
    """Ask a question on an open call; raise ``conflict`` once the time for questions is over."""
    if call.status != "open":
        raise Problem("wrong-status", action="ask about", status=call.status)
    until, now = call.questions_close_at or call.deadline_at, clock.now()
    if until is None or now > until:
        raise Problem("conflict", detail=text("calls.questions_over"))
    question = CallQuestion(
        id=uuid4(),
        call_id=call.id,
        party_id=_party(actor, given.party_id),
        asked_by_id=actor.person_id,
        asked_at=now,
        question=given.question,
        status="asked",
    )
    db.add(question)
    db.flush()
    _record(db, actor, "call_question.asked", question, call, after=snapshot(question))
    return question


def _party(actor: Actor, given: UUID | None) -> UUID:
    parties = actor.parties(Permission.QUESTION_ASK) or frozenset()
    if given is None and len(parties) == 1:
        return next(iter(parties))
    if given is None:
        raise invalid("/party_id", "calls.which_party")
    if given not in parties:
        raise invalid("/party_id", "validation.unknown_record")
    return given


def answer(
    db: Session, actor: Actor, question: CallQuestion, call: Call, given: CallAnswerIn
) -> CallQuestion:
    """Publish an answer to everybody alike, or put a published one right."""
    before = snapshot(question)
    advance(question, QUESTION_STEPS, "answer", actor)
    question.answer = given.answer
    if given.published_question is not None:
        question.question = given.published_question
    return _answered(db, actor, "call_question.answered", question, call, before)


def withhold(
    db: Session, actor: Actor, question: CallQuestion, call: Call, given: CallWithholdIn
) -> CallQuestion:
    """Publish nothing; only who asked, and officers, read why."""
    before = snapshot(question)
    advance(question, QUESTION_STEPS, "withhold", actor)
    question.answer = given.reason
    return _answered(db, actor, "call_question.withheld", question, call, before, given.reason)


def _answered(
    db: Session,
    actor: Actor,
    event: str,
    question: CallQuestion,
    call: Call,
    before: dict[str, Any],
    reason: str | None = None,
) -> CallQuestion:
    question.answered_by_id, question.answered_at = actor.person_id, clock.now()
    db.flush()
    after = snapshot(question)
    _record(db, actor, event, question, call, reason=reason, before=before, after=after)
    return question


def _record(
    db: Session, actor: Actor, event: str, question: CallQuestion, call: Call, **payload: Any
) -> None:
    audit.record(db, actor, event, "call_question", question.id, fund_id=call.fund_id, **payload)
