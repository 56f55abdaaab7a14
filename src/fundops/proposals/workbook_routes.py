"""Routes of a proposal as a workbook: getting it, having it checked, and sending it back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.calls.models import Call
from fundops.command import etag, read_session
from fundops.errors import FieldError
from fundops.forms.answers import (
    WORKBOOK,
    Language,
    checked_answer,
    require_form,
    require_readable,
    require_tag,
    with_note,
    workbook_answer,
)
from fundops.forms.declaration import Form
from fundops.forms.render import render
from fundops.messages import text
from fundops.messages.reader import read_by
from fundops.proposals import content, queries, screened, submission, versions
from fundops.proposals.content import DraftIn
from fundops.proposals.models import Proposal, ProposalVersion
from fundops.proposals.routes import draft_out, saved_draft
from fundops.proposals.schemas import DraftOut
from fundops.proposals.terms import Terms, terms_of
from fundops.proposals.workbook import filled_in, read_back
from fundops.proposals.workbook_form import form_of, identity_of
from fundops.schemas import CHANGES, READS, problems
from fundops.strict import RAW_BODY, RawRoute, raw_body

router = APIRouter(prefix="/proposals", tags=["proposals"], route_class=RawRoute)

Writer = Annotated[Actor, Depends(Can(Permission.PROPOSAL_WRITE))]


class ProposalWorkbookOut(DraftOut):
    """The draft at work as a workbook was saved in it.

    ``cells`` says for each pointer in ``withheld`` in which cell of the workbook it stands.
    """

    cells: dict[str, str] = Field(examples=[{"/answers/need": "Proposal!B12"}])


def _asked(
    db: Session, actor: Actor, proposal_id: UUID
) -> tuple[Proposal, Terms, Callable[[str], Form]]:
    """Return a proposal, the terms of its call, and its form by language."""
    proposal = queries.get_visible(db, actor, proposal_id, Permission.PROPOSAL_WRITE)
    terms = terms_of(db, db.get_one(Call, proposal.call_id))
    return proposal, terms, partial(form_of, terms, proposal)


@router.get(
    "/{proposal_id}/workbook",
    operation_id="get_proposal_workbook",
    response_class=Response,
    responses=WORKBOOK | READS,
)
def get_proposal_workbook(
    request: Request, actor: Writer, proposal_id: UUID, language: Language = None
) -> Response:
    """Write the draft at work as a workbook to fill in offline; its entity tag is the draft's."""
    with read_session(request) as db:
        proposal, terms, form_in = _asked(db, actor, proposal_id)
        form = form_in(spoken := read_by(language))
        draft = versions.current_draft(db, proposal.id)
        shown, left_out = filled_in(form, content.read(draft.content))
        if left_out:
            note = text("proposals.workbook.left_out", spoken, pointers=", ".join(left_out))
            form = with_note(form, note)
        identity = identity_of(terms, proposal)
    made = render(form, shown, identity)
    answer = workbook_answer(made, f"{proposal.code}.xlsx", tag=etag(draft.number))
    answer.headers["content-language"] = form.language
    return answer


@router.post(
    "/{proposal_id}/check_workbook",
    operation_id="check_proposal_workbook",
    response_class=Response,
    responses=WORKBOOK | problems(400, 401, 403, 404, 413, 415, 422),
    openapi_extra=RAW_BODY | {"x-dry-run": True},
)
def check_proposal_workbook(
    request: Request, actor: Writer, proposal_id: UUID, language: Language = None
) -> Response:
    """Have a filled-in workbook checked: the same one comes back, every problem in its cell.

    Changes nothing; needs no key. The header ``x-problems`` counts what was found.
    """
    raw = raw_body(request)
    with read_session(request) as db:
        proposal, terms, form_in = _asked(db, actor, proposal_id)
        returned = read_back(form_in, raw, identity_of(terms, proposal), read_by(language))
        require_form(returned.filled)
        checked = submission.examine_content(db, proposal, terms, returned.content)
        said = screened.flagged(db, proposal, request.app.state.vault, returned.content)
    found = [FieldError(pointer, one.sentence) for pointer, every in said.items() for one in every]
    placed = returned.place([*found, *checked.problems])
    return checked_answer(raw, returned.filled.problems, placed, returned.language, proposal.code)


@router.put(
    "/{proposal_id}/workbook",
    operation_id="send_proposal_workbook",
    response_model=ProposalWorkbookOut,
    responses=CHANGES,
    openapi_extra=RAW_BODY,
)
def send_proposal_workbook(
    request: Request, actor: Writer, proposal_id: UUID, language: Language = None
) -> Response:
    """Save a filled-in workbook as the draft. Needs If-Match with the draft's entity tag.

    Sent once more it changes nothing. A workbook with cells that cannot be read is refused, with
    the cells named; what is missing or against the rules of the call is not, as in any draft.
    Text that looks like personal data is left out and marked; all else is stored. When another
    draft has been saved since, it is kept aside as a version of its own.
    """
    require_tag(request)
    raw = raw_body(request)
    with read_session(request) as db:
        proposal, terms, form_in = _asked(db, actor, proposal_id)
        identity = identity_of(terms, proposal)
        tag = versions.current_draft(db, proposal.id).number
    returned = read_back(form_in, raw, identity, read_by(language))
    require_readable(request, actor, tag, returned.filled)

    def out(db: Session, proposal: Proposal, draft: ProposalVersion) -> dict[str, Any]:
        answer = draft_out(db, proposal, draft)
        return answer | {"cells": returned.cells(mark["pointer"] for mark in answer["withheld"])}

    given = DraftIn.model_validate(returned.content)
    return saved_draft(request, actor, proposal_id, given, out)
