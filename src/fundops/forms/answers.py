"""What routes of workbooks answer: a workbook to save, one with its problems marked, a refusal."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import Query, Request, Response

from fundops.authz import Actor
from fundops.command import check_match, database
from fundops.errors import FieldError, Problem
from fundops.forms.annotate import annotate
from fundops.forms.declaration import Form
from fundops.forms.parse import Filled
from fundops.forms.problems import FileRefused
from fundops.forms.problems import Problem as Marked
from fundops.refusals import record_refusal

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PROBLEMS_HEADER = "x-problems"
MAX_NOTE = 2_000
"""Characters of a note on the first sheet: a form has a few hundred places to name at most."""

Language = Annotated[
    Literal["en", "fr", "es", "ar", "ru", "zh"] | None,
    Query(description="By default the one that you read; a workbook sent keeps its own."),
]
WORKBOOK: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The workbook",
        "content": {XLSX: {"schema": {"type": "string", "format": "binary"}}},
    }
}


def workbook_answer(raw: bytes, name: str, *, tag: str | None = None, found: int = 0) -> Response:
    """Return a workbook to save under ``name``; ``found`` problems are marked in it."""
    headers = {"content-disposition": f'attachment; filename="{name}"', PROBLEMS_HEADER: str(found)}
    if tag is not None:
        headers["etag"] = tag
    return Response(raw, media_type=XLSX, headers=headers)


def refusal_of(found: list[Marked]) -> Problem:
    """Return the refusal of a file, each problem with its cell."""
    errors = [FieldError(one.pointer or "", one.said) for one in found]
    return Problem("file-refused", detail=found[0].said, errors=errors)


def checked_answer(
    raw: bytes, read: list[Marked], placed: list[Marked], language: str, code: str
) -> Response:
    """Return the workbook as it was sent, with what was found in it in its cells.

    A cell that could not be ``read`` says so alone: what is ``placed`` there besides only follows.
    """
    known = {(one.sheet, one.cell) for one in read if one.cell is not None}
    found = [*read, *(one for one in placed if (one.sheet, one.cell) not in known)]
    try:
        made = annotate(raw, found, language)
    except FileRefused as refused:
        raise refusal_of([refused.problem, *found]) from None
    return workbook_answer(made, f"{code}-checked.xlsx", found=len(found))


def refuse_file(request: Request, actor: Actor, tag: int, found: list[Marked]) -> Problem:
    """Return the refusal of a file that was to be saved over ``tag``; put on record who sent it.

    One that would have come too late is refused for that alone.
    """
    check_match(request, tag)
    refusal = refusal_of(found)
    record_refusal(database(request), actor, request.method, request.url.path, refusal)
    return refusal


def require_form(filled: Filled) -> None:
    """Raise the refusal of a workbook that is not one of the form asked for, or cannot be read."""
    if filled.refused:
        raise refusal_of(filled.problems)


def require_readable(request: Request, actor: Actor, tag: int, filled: Filled) -> None:
    """Raise the refusal of a workbook that cannot be saved over ``tag``: some cell is unreadable.

    What is merely blank or against a rule keeps no draft from being saved.
    """
    unread = [one for one in filled.errors if one.code != "needed"]
    if unread:
        raise refuse_file(request, actor, tag, unread)


def with_note(form: Form, note: str) -> Form:
    """Return the form with one more paragraph on its first sheet, cut to what that holds."""
    return replace(form, guide=(*form.guide, note[:MAX_NOTE]))


def require_tag(request: Request) -> None:
    """Raise ``etag-required`` before anything in a body is judged."""
    if "if-match" not in request.headers:
        raise Problem("etag-required")
