"""Routes of a progress report as a workbook: getting it, having it checked, sending it back."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
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
from fundops.forms.problems import Problem
from fundops.forms.render import render
from fundops.grants.models import Grant
from fundops.messages import text
from fundops.messages.reader import read_by
from fundops.parties.withholding import for_party
from fundops.reports import drafts, face, queries, reads, screened, versions
from fundops.reports.checks import check
from fundops.reports.content import ReportDraftIn
from fundops.reports.models import ProgressReport
from fundops.reports.routes import draft_out, saved_draft
from fundops.reports.schemas import ReportDraftOut
from fundops.reports.terms import ReportTerms, terms_of
from fundops.reports.workbook import Returned, filled_in, read_back
from fundops.reports.workbook_form import Shown, form_of, identity_of
from fundops.schemas import CHANGES, READS, problems
from fundops.strict import RAW_BODY, RawRoute, raw_body

router = APIRouter(prefix="/progress_reports", tags=["progress reports"], route_class=RawRoute)

Writer = Annotated[Actor, Depends(Can(Permission.REPORT_WRITE))]
WRITE = Permission.REPORT_WRITE


class ReportWorkbookOut(ReportDraftOut):
    """The draft at work as a workbook was saved in it.

    ``cells`` says for each pointer in ``withheld`` in which cell of the workbook it stands.
    """

    cells: dict[str, str] = Field(examples=[{"/narrative/4": "Narrative!C9"}])


def _asked(
    db: Session, actor: Actor, report_id: UUID
) -> tuple[ProgressReport, Grant, ReportTerms, Shown]:
    """Return a report that the actor writes, its grant, what it answers and what it shows."""
    report, grant = queries.get_visible(db, actor, report_id, WRITE)
    accepted = {
        row.number: row.accepted_minor
        for row in face.rows_of(db, grant, report)
        if row.number is not None
    }
    shown = Shown(grant.code, report.code, drafts.due_now(db, report), accepted)
    return report, grant, terms_of(db, report), shown


@router.get(
    "/{progress_report_id}/workbook",
    operation_id="get_report_workbook",
    response_class=Response,
    responses=WORKBOOK | READS,
)
def get_report_workbook(
    request: Request, actor: Writer, progress_report_id: UUID, language: Language = None
) -> Response:
    """Write the draft at work as a workbook to fill in offline; its entity tag is the draft's.

    An officer who started it in the grantee's place is written down as having read it.
    """
    with read_session(request) as db:
        report, grant, terms, shown = _asked(db, actor, progress_report_id)
        kept = versions.get(db, report, report.draft_number)
        others = queries.others(actor, report, grant)
    reads.write_down(request.app.state.database, actor, others)
    form = form_of(terms, shown, spoken := read_by(language))
    filled, left_out = filled_in(terms, shown, form, kept.content)
    if left_out:
        note = text("reports.workbook.left_out", spoken, pointers=", ".join(left_out))
        form = with_note(form, note)
    made = render(form, filled, identity_of(shown))
    answer = workbook_answer(made, f"{shown.report}.xlsx", tag=etag(kept.version.number))
    answer.headers["content-language"] = form.language
    return answer


@router.post(
    "/{progress_report_id}/check_workbook",
    operation_id="check_report_workbook",
    response_class=Response,
    responses=WORKBOOK | problems(400, 401, 403, 404, 413, 415, 422),
    openapi_extra=RAW_BODY | {"x-dry-run": True},
)
def check_report_workbook(
    request: Request, actor: Writer, progress_report_id: UUID, language: Language = None
) -> Response:
    """Have a filled-in workbook checked: the same one comes back, every problem in its cell.

    Changes nothing; needs no key. The header ``x-problems`` counts what was found.
    """
    raw = raw_body(request)
    with read_session(request) as db:
        report, grant, terms, shown = _asked(db, actor, progress_report_id)
        kept = versions.get(db, report, report.draft_number)
        screening = for_party(db, grant.grantee_id, request.app.state.vault)
    returned = read_back(shown, partial(form_of, terms, shown), raw, read_by(language))
    require_form(returned.filled)
    given = ReportDraftIn.model_validate(returned.content)
    said = screened.flagged(screening, given.plain(), given.confirmations)
    withheld = [
        str(mark["pointer"]) for mark in screened.still_withheld(given.plain(), kept.withheld)
    ]
    checked = check(terms, given.plain(), withheld)
    found = [FieldError(pointer, one.sentence) for pointer, every in said.items() for one in every]
    placed = returned.place([*found, *checked.problems])
    return checked_answer(
        raw, _without_withheld(returned, withheld), placed, returned.language, shown.report
    )


def _without_withheld(returned: Returned, withheld: list[str]) -> list[Problem]:
    """Return what could not be read, but not that a text is blank which screening left out.

    A report may be submitted without it. That it was left out is said in its cell instead.
    """
    cells = {
        (place.sheet, place.cell): pointer
        for pointer in withheld
        if (place := returned.filled.cell_of(returned.pointer(pointer))) is not None
    }
    sentence = text("reports.workbook.withheld", returned.language)
    return [
        replace(one, message=sentence, code="withheld", severity="warning")
        if one.code == "needed" and (one.sheet, one.cell) in cells
        else one
        for one in returned.filled.problems
    ]


@router.put(
    "/{progress_report_id}/workbook",
    operation_id="send_report_workbook",
    response_model=ReportWorkbookOut,
    responses=CHANGES,
    openapi_extra=RAW_BODY,
)
def send_report_workbook(
    request: Request, actor: Writer, progress_report_id: UUID, language: Language = None
) -> Response:
    """Save a filled-in workbook as the draft. Needs If-Match with the draft's entity tag.

    Sent once more it changes nothing. A workbook with cells that cannot be read is refused, with
    the cells named; what is missing or does not add up is not, as in any draft. Text that looks
    like personal data is left out and marked; all else is stored. When another draft has been
    saved since, it is kept aside as a version of its own.
    """
    require_tag(request)
    raw = raw_body(request)
    with read_session(request) as db:
        report, _, terms, shown = _asked(db, actor, progress_report_id)
        tag = report.draft_number
    returned = read_back(shown, partial(form_of, terms, shown), raw, read_by(language))
    require_readable(request, actor, tag, returned.filled)

    def out(db: Session, report: ProgressReport) -> dict[str, Any]:
        answer = draft_out(db, report)
        return answer | {"cells": returned.cells(mark["pointer"] for mark in answer["withheld"])}

    given = ReportDraftIn.model_validate(returned.content)
    return saved_draft(request, actor, progress_report_id, given, out)
