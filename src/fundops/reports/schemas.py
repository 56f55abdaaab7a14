"""What the API takes and gives for progress reports, beside their content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from fundops import clock
from fundops.grants.schemas import AnyReason
from fundops.parties.withholding import WithheldOut, marks_out
from fundops.reports.spending_schemas import CertificationIn, ExpenditureDecisionIn
from fundops.reports.versions import Kept
from fundops.schemas import In, MoneyOut, Out, Prose, Whole, money_out
from fundops.screening.fields import BY_PARTY

MAX_COMMENTS = 100
MAX_LINES = 400

Number = Annotated[Whole, Field(ge=1, le=1_000_000)]
Pointer = Annotated[
    str,
    StringConstraints(strict=True, max_length=200, pattern=r"^(/[a-z0-9_.]{1,40}){1,5}$"),
    Field(description="JSON pointer into the content.", examples=["/narrative/4"]),
]


class SubmitReportIn(In):
    """Which draft to submit: the one that was seen."""

    version: Number = Field(
        description="The number of the draft at work; refused when another has been saved since.",
        examples=[1],
    )
    certified: CertificationIn = Field(
        default_factory=CertificationIn, description="Needed for a report of expenditure."
    )


class ReportCommentIn(In):
    """What is to be changed in one field."""

    pointer: Pointer
    comment: Annotated[Prose, Field(max_length=2000, examples=["Say which months."]), BY_PARTY]


class ReturnReportIn(In):
    """Why a report goes back, and what is to be changed where."""

    version: Number = Field(description="The submitted version that was read.", examples=[1])
    reason: Annotated[AnyReason, BY_PARTY]
    comments: Annotated[list[ReportCommentIn], Field(max_length=MAX_COMMENTS)] = Field(
        [], examples=[[]]
    )


class AcceptReportIn(In):
    """Acceptance; lines of expenditure that are not named are accepted as reported."""

    version: Number = Field(description="The submitted version that was read.", examples=[1])
    lines: Annotated[list[ExpenditureDecisionIn], Field(max_length=MAX_LINES)] = Field(
        [], examples=[[]]
    )


class CorrectReportIn(In):
    """Why an accepted report is corrected."""

    reason: Annotated[AnyReason, BY_PARTY]


class ProgressReportOut(Out):
    """A progress report as lists have it. ``version`` is the number of the draft at work.

    ``days_left`` counts whole days until the one it is due on, by the grantee's zone; negative
    once that has gone by, null once it is submitted. ``is_late``: it came, or has not come, by
    ``due_at``. While a correction is on its way, ``accepted_number`` counts.
    """

    id: UUID
    code: str
    grant_id: UUID
    grant_code: str
    grantee_name: str
    grantee_code: str | None
    number: int
    starts_on: str
    ends_on: str
    due_on: str
    due_at: str
    zone: str
    days_left: int | None
    is_late: bool
    is_final: bool
    asks_narrative: bool
    asks_expenditure: bool
    language: str
    currency: str | None
    method: str | None
    status: str
    submitted_number: int | None
    submitted_at: str | None
    decided_at: str | None
    accepted_number: int | None
    correction_reason: str | None
    version: int


_PLAIN = tuple(
    name
    for name in ProgressReportOut.model_fields
    if name not in {"days_left", "is_late", "version"}
)
_WAITS = frozenset({"draft", "returned"})


def report_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a report's row."""
    now = clock.now()
    waits = row.status in _WAITS and row.accepted_number is None
    left = (row.due_on - clock.today(row.zone)) // timedelta(days=1) if waits else None
    came = now if row.submitted_at is None else row.submitted_at
    return {name: getattr(row, name) for name in _PLAIN} | {
        "days_left": left,
        "is_late": came > row.due_at,
        "version": row.draft_number,
    }


class ProgressReportPage(Out):
    """A page of progress reports."""

    items: list[ProgressReportOut]
    next_cursor: str | None


class ReportedLineOut(Out):
    """What the submitted version reports under one budget line, and asks for next."""

    line: int
    local: MoneyOut
    reported: MoneyOut
    requested: MoneyOut


def reported_line_out(row: Any, currency: str, base: str) -> dict[str, Any]:
    """Return the wire form of a line of reported expenditure."""
    return {
        "line": row.line_number,
        "local": money_out(row.local_minor, currency),
        "reported": money_out(row.reported_minor, base),
        "requested": money_out(row.requested_minor, base),
    }


class EvidenceOut(Out):
    """A piece of evidence. ``reused``: the same content, or the same number in the grantee's
    register, shows something else as well, here or in any other grant; null for readers who do not
    review. ``reused_in`` names those reports that the
    reader may see. ``is_screened`` is false where not all of a file could be searched: images.
    """

    id: UUID
    kind: str
    line: int | None
    result: int | None
    file_id: UUID | None
    file_name: str | None
    is_screened: bool
    register_number: str | None
    sha256: str | None
    added_at: str
    reused: bool | None
    reused_in: list[str] | None
    inspections: list[EvidenceInspectionOut]


class EvidenceInspectionOut(Out):
    """That an auditor saw a piece of evidence on site, and whether it agrees."""

    id: UUID
    inspected_on: str
    agrees: bool
    note: str | None
    inspected_by_id: UUID


EvidenceOut.model_rebuild()


class ProgressReportDetail(ProgressReportOut):
    """A report with its expenditure and evidence; what it tells and counts needs ``result:read``.

    ``requirements`` are what it answers; ``returned`` how often it was sent back.
    """

    requirements: list[UUID]
    expenditure: list[ReportedLineOut]
    statement_id: UUID | None
    evidence: list[EvidenceOut]


class ReportCommentOut(Out):
    """What an officer said of one field when returning a version."""

    pointer: str
    comment: str
    created_at: str


class ReportVersionOut(Out):
    """One save: ``draft``, ``submitted``, or ``aside`` (from a page that had grown old)."""

    number: int
    kind: str
    sha256: str
    saved_by_id: UUID | None
    saved_at: str


class ReportVersionPage(Out):
    """A page of versions."""

    items: list[ReportVersionOut]
    next_cursor: str | None


def version_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a version without its content."""
    return {name: getattr(row, name) for name in ReportVersionOut.model_fields}


class ReportContentOut(ReportVersionOut):
    """A version with what it says; ``content`` is null once it was disposed of.

    ``withheld`` marks texts that screening left out.
    """

    progress_report_id: UUID
    content: dict[str, Any] | None
    withheld: list[WithheldOut]
    comments: list[ReportCommentOut]


def kept_out(kept: Kept, comments: Sequence[Any] = ()) -> dict[str, Any]:
    """Return the wire form of a version with its content and the comments on it."""
    return {
        **version_out(kept.version),
        "progress_report_id": kept.version.report_id,
        "content": None if kept.said is None else kept.content,
        "withheld": marks_out(kept.withheld),
        "comments": [
            {"pointer": one.pointer, "comment": one.comment, "created_at": one.created_at}
            for one in comments
        ],
    }


class ReportDraftOut(ReportContentOut):
    """The draft at work, with the comments on the version returned last.

    ``version`` is its number and, in quotes, its entity tag.
    """

    version: int
    status: str
    due_at: str


class ReportReceiptOut(Out):
    """A signed receipt of a submission; the signature is of the bytes of ``body`` in UTF-8."""

    id: UUID
    number: int
    body: str
    key_id: str
    signature: str
    issued_at: str
    receipt: dict[str, Any] = Field(description="The body, read.")


class ReportProblemOut(Out):
    """One problem and its place."""

    pointer: str
    detail: str


class ReportValidationOut(Out):
    """What a submission of the draft would come to now."""

    is_right: bool
    version: int
    problems: list[ReportProblemOut]
    withheld: list[WithheldOut]


class PeriodResultOut(Out):
    """One report's figure of a result: accepted, or reported and under review."""

    report_id: UUID
    report_code: str
    starts_on: str
    ends_on: str
    standing: str = Field(description="`accepted` or `under_review`.", examples=["accepted"])
    numerator: int
    denominator: int | None


class GrantResultOut(Out):
    """A result and what was reported of it by period. ``is_agreed``: the agreement in force has
    it; its figures by period are not added up here.
    """

    result: int
    indicator: str
    label: str
    aggregation: str
    baseline: int | None
    target: int | None
    is_agreed: bool
    periods: list[PeriodResultOut]


class GrantResultsOut(Out):
    """The results of a grant."""

    grant_id: UUID
    items: list[GrantResultOut]


def problems_out(found: Sequence[Any]) -> list[Mapping[str, str]]:
    """Return the wire form of the problems of a content."""
    return [{"pointer": one.pointer, "detail": one.detail} for one in found]
