"""A review as a workbook to fill in offline, and back: the same draft, the same rules.

The workbook carries the proposal's blind code and nothing else of the proposal, so that it tells
no more than the reviewer's own pages do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fundops.calls.models import CallCriterion
from fundops.errors import FieldError
from fundops.forms.declaration import Column, Field, Form, IdentityKey, Row, Section, Table
from fundops.forms.kinds import Number, Text, YesNo
from fundops.forms.parse import Filled, parse_in
from fundops.forms.problems import Problem
from fundops.messages import text
from fundops.reviews.marks import LEAST_JUSTIFICATION, MOST_TEXT, parsed, shown

KIND, VERSION = "review", 1
"""The version rises whenever sheets, columns or their meaning change."""

TEXTS = ("strengths", "weaknesses", "private_note")


def form_of(criteria: Sequence[CallCriterion], blind_code: str, language: str) -> Form:
    """Return the form of the review of the proposal known as ``blind_code``."""

    def say(key: str, **params: object) -> str:
        return text(f"reviews.workbook.{key}", language, **params)

    def column(key: str, kind: Any, width: int) -> Column:
        help_text = say(f"column_{key}_help", least=LEAST_JUSTIFICATION)
        return Column(key, say(f"column_{key}"), kind, help_text, width=width)

    lowest = min((one.scale_min for one in criteria), default=0)
    highest = max((one.scale_max for one in criteria), default=100)
    columns = (
        Column("criterion", say("column_criterion"), Text(400), locked=True, width=44),
        Column("scale", say("column_scale"), Text(20_000, lines=True), locked=True, width=60),
        column("score", Number(2, Decimal(lowest) / 100, Decimal(highest) / 100), 10),
        column("cannot_judge", YesNo(say("yes"), say("no")), 14),
        column("justification", Text(MOST_TEXT, lines=True), 80),
    )
    rows = tuple(
        Row(
            str(one.number),
            {"criterion": f"{one.number}. {one.title}", "scale": _scale(one, language)},
        )
        for one in criteria
    )
    fields = tuple(
        Field(name, say(name), Text(MOST_TEXT, lines=True), say(f"{name}_help")) for name in TEXTS
    )
    marks = Table("marks", say("marks"), columns, rows=rows)
    return Form(
        kind=KIND,
        version=VERSION,
        title=say("title"),
        sections=(
            Section("marks", say("marks"), table=marks, intro=say("marks_intro")),
            Section("comments", say("comments"), fields=fields),
        ),
        language=language,
        identity=(IdentityKey("assignment", say("id_assignment")),),
        guide=(say("guide", code=blind_code), say("guide_send")),
    )


def _scale(one: CallCriterion, language: str) -> str:
    """Return a criterion's description, scale and anchors in words."""
    best = text(f"reviews.workbook.best_{one.best}", language)
    lines = [
        text(
            "reviews.workbook.scale", language, least=shown(one.scale_min),
            most=shown(one.scale_max), step=shown(one.scale_step), best=best,
            weight=shown(one.weight_bp),
        )
    ]  # fmt: skip
    lines += [one.description] if one.description else []
    lines += [f"{anchor['score']}: {anchor['text']}" for anchor in json.loads(one.anchors)]
    return "\n".join(lines)[:20_000]


def filled_in(
    criteria: Sequence[CallCriterion], draft: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """Return the workbook's values for a draft, and pointers to what no cell can show."""
    left_out: list[str] = []
    given: dict[int, Mapping[str, Any]] = {}
    for at, mark in enumerate(draft.get("marks") or ()):
        if any(one.number == mark["criterion"] for one in criteria):
            given.setdefault(mark["criterion"], mark)
        else:
            left_out.append(f"/marks/{at}")
    values: dict[str, Any] = {name: _shown(draft.get(name), f"/{name}", left_out) for name in TEXTS}
    values["marks"] = [_row(one, given.get(one.number, {}), left_out) for one in criteria]
    return values, left_out


def _row(one: CallCriterion, mark: Mapping[str, Any], left_out: list[str]) -> dict[str, Any]:
    typed = mark.get("score")
    score = None if typed is None else parsed(typed)
    if typed is not None and typed.strip() and score is None:
        left_out.append(f"/marks/{one.number}/score")
    place = f"/marks/{one.number}/justification"
    return {
        "score": None if score is None else Decimal(score) / 100,
        "cannot_judge": True if mark.get("cannot_judge") else None,
        "justification": _shown(mark.get("justification"), place, left_out),
    }


def _shown(typed: str | None, pointer: str, left_out: list[str]) -> str | None:
    """Return a text as far as a cell can hold it."""
    if typed is None or not typed.strip():
        return None
    if len(typed) > MOST_TEXT or any(ord(one) < 32 and one not in "\n\t" for one in typed):
        left_out.append(pointer)
        return None
    return typed


@dataclass(frozen=True)
class Returned:
    """A workbook that came back: the draft it holds and every problem, with its cell."""

    filled: Filled
    draft: dict[str, Any]
    language: str = "en"
    """That of the workbook, so of the problems in its cells."""
    rows: tuple[int, ...] = ()
    """For each mark of the draft, which row of the form it came from, counting from 0."""

    def place(self, faults: list[FieldError]) -> list[Problem]:
        """Return what the rules found, each with the cell it is about."""
        return [self.filled.problem(self._pointer(one.pointer), one.detail) for one in faults]

    def _pointer(self, pointer: str) -> str:
        """Return where the form has what is at a place of the draft: rows in the form's order."""
        match pointer.split("/")[1:]:
            case ["marks", at, *rest] if at.isdigit():
                return "/".join(["", "marks", str(self.rows[int(at)]), *rest])
        return pointer


def read_back(
    form_in: Callable[[str], Form], raw: bytes, blind_code: str, language: str = "en"
) -> Returned:
    """Return what a workbook says as a draft, with what could not be read.

    ``form_in`` gives the form in a language: that of the workbook, ``language`` where it says
    none. Never raises for what is in the file; one of another review is ``refused``.
    """
    form, filled = parse_in(form_in, raw, {"assignment": blind_code}, language)
    if filled.refused:
        return Returned(filled, {}, form.language)
    [table] = form.tables()
    given = zip(table.rows, filled.values.get("marks") or [], strict=False)
    found = [
        (at, mark)
        for at, (row, values) in enumerate(given)
        if (mark := _mark(int(row.key), values)) is not None
    ]
    texts = {name: filled.values[name] for name in TEXTS if filled.values.get(name) is not None}
    draft = {"marks": [mark for _, mark in found], **texts}
    return Returned(filled, draft, form.language, tuple(at for at, _ in found))


def _mark(number: int, given: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return one criterion's mark as drafts have it, none for a row left blank."""
    score, why = given.get("score"), given.get("justification")
    cannot = bool(given.get("cannot_judge"))
    if score is None and why is None and not cannot:
        return None
    mark: dict[str, Any] = {"criterion": number, "cannot_judge": cannot}
    if score is not None:
        mark["score"] = format(score.normalize(), "f")
    if why is not None:
        mark["justification"] = why
    return mark
