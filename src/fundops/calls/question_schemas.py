"""What the API takes and gives for questions on calls."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from fundops.schemas import In, Out, Prose
from fundops.screening.fields import SCREENED


class CallQuestionIn(In):
    """A question on a call."""

    question: Annotated[Prose, SCREENED] = Field(
        examples=["May a consortium of two organisations apply?"]
    )
    party_id: UUID | None = Field(
        None, description="For which organisation; needed by who acts for several."
    )


class CallAnswerIn(In):
    """An answer, published to everybody alike."""

    answer: Annotated[Prose, SCREENED] = Field(
        examples=["Yes. One of them is the applicant and answers for both."]
    )
    published_question: Annotated[Prose, SCREENED] | None = Field(
        None, description="The question in other words, where its own would tell who asked."
    )


class CallWithholdIn(In):
    """Why a question is not published; only who asked is told."""

    reason: Annotated[Prose, Field(max_length=1000), SCREENED] = Field(
        examples=["This asks about one proposal and not about the call."]
    )


class CallQuestionOut(Out):
    """A question. Who asked and when is told to officers alone; to others it is null."""

    id: UUID
    call_id: UUID
    question: str
    status: str
    answer: str | None = Field(description="The answer, or why there is none.")
    answered_at: str | None
    is_own: bool = Field(description="Whether you or your organisation asked.")
    asked_at: str | None
    party_id: UUID | None
    asked_by_id: UUID | None
    answered_by_id: UUID | None


class CallQuestionPage(Out):
    """A page of questions, in no order that means anything."""

    items: list[CallQuestionOut]
    next_cursor: str | None


def question_out(row: Any, *, officer: bool) -> dict[str, Any]:
    """Return the wire form of a question's row, with who asked for officers only."""
    return {
        "id": row.id,
        "call_id": row.call_id,
        "question": row.question,
        "status": row.status,
        "answer": row.answer,
        "answered_at": row.answered_at,
        "is_own": bool(row.is_own),
        "asked_at": row.asked_at if officer else None,
        "party_id": row.party_id if officer else None,
        "asked_by_id": row.asked_by_id if officer else None,
        "answered_by_id": row.answered_by_id if officer else None,
    }
