"""Evidence shown twice, and reports whose totals and parts differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from fundops.expenditures.models import ExpenditureLine, ExpenditureStatement
from fundops.exports.audit_book.flags.rule import Case, Flag, Looked, Rule
from fundops.files.models import File
from fundops.reports.dimensions import TOTAL, dimensions
from fundops.reports.models import ProgressReport, ReportEvidence, ReportValue, ReportVersion

SHORT = 16
"""How much of a digest is printed: enough to find the file by."""


def same_evidence(case: Case) -> Looked:
    """Find one file, or one register number of a grantee, as evidence of several reports."""
    book = case.book
    own = select(ProgressReport.id).where(ProgressReport.grant_id.in_(book.grants))
    reports = {one.id: one for one in book.known(
        "progress_report", ProgressReport, ProgressReport.id.in_(own))}  # fmt: skip
    stored: dict[UUID, str] = {row[0]: row[1] for row in book.db.execute(_stored(own))}
    pieces = [
        one
        for one in book.known("report_evidence", ReportEvidence, ReportEvidence.report_id.in_(own))
        if one.report_id in reports and one.added_at < book.ends_at
        and (one.removed_at is None or one.removed_at >= book.ends_at)
    ]  # fmt: skip
    shown: dict[Any, set[UUID]] = defaultdict(set)
    for piece in pieces:
        for mark in _marks(case, piece, reports[piece.report_id].grant_id, stored):
            shown[mark].add(piece.report_id)
    found: dict[frozenset[UUID], Flag] = {}
    for mark, where in sorted(shown.items(), key=lambda item: str(item[0])):
        if len(where) > 1:
            codes = sorted(reports[one].code for one in where)
            first = next(one for one in where if reports[one].code == codes[0])
            details = {"mark": str(mark[-1])[:SHORT], "with_": ", ".join(codes[1:])}
            flag = Flag(codes[0], reports[first].grant_id, details=details)
            found.setdefault(frozenset(where), flag)
    return Looked(len(pieces), sorted(found.values(), key=lambda flag: flag.record))


def _stored(own: Any) -> Any:
    """Select the digests of files as kept, which are without the metadata that anybody changes."""
    files = select(ReportEvidence.file_id).where(ReportEvidence.report_id.in_(own))
    return select(File.id, File.stored_sha256).where(File.id.in_(files))


def _marks(case: Case, piece: Any, grant_id: UUID, stored: dict[UUID, str]) -> Iterator[Any]:
    if piece.content_sha256 is not None:
        yield ("content", piece.content_sha256)
    if stored.get(piece.file_id) is not None:
        yield ("content", stored[piece.file_id])
    if piece.register_number is not None:
        number = " ".join(piece.register_number.split()).casefold()
        yield ("register", str(case.grants[grant_id].grantee_id), number)


def totals_differ(case: Case) -> Looked:
    """Find reports whose breakdowns do not come to their totals, and statements whose lines do not.

    No count is printed: a breakdown may be small.
    """
    statements = list(_statements(case))
    versions = _versions(case)
    found = [flag for flag in statements if flag is not None]
    found += list(_breakdowns(case, versions))
    return Looked(
        len(statements) + len(versions),
        sorted(found, key=lambda flag: (flag.record, str(flag.details))),
    )


def _statements(case: Case) -> Iterator[Flag | None]:
    """Yield per statement of expenditure a flag or nothing."""
    book = case.book
    own = ExpenditureStatement.grant_id.in_(book.grants)
    lines: dict[UUID, int] = defaultdict(int)
    known = book.known("expenditure_line", ExpenditureLine, ExpenditureLine.statement_id.in_(
        select(ExpenditureStatement.id).where(own)))  # fmt: skip
    for line in known:
        lines[line.statement_id] += line.reported_minor
    for one in book.known("expenditure_statement", ExpenditureStatement, own):
        if one.reported_at >= book.ends_at:
            continue
        if lines[one.id] == one.reported_minor:
            yield None
            continue
        details = {"what": case.shown(lines[one.id]), "of": case.shown(one.reported_minor)}
        yield Flag(one.code, one.grant_id, one.ends_on, one.reported_minor, details=details)


def _versions(case: Case) -> dict[UUID, Any]:
    """Return the version sent last of each report by the day, as (report code, grant)."""
    book = case.book
    last = (
        select(ReportVersion.report_id, func.max(ReportVersion.number).label("number"))
        .join(ProgressReport, ProgressReport.id == ReportVersion.report_id)
        .where(
            ProgressReport.grant_id.in_(book.grants), ReportVersion.text_id.is_not(None),
            ReportVersion.saved_at < book.ends_at, ReportVersion.saved_at <= book.known_at,
        )
        .group_by(ReportVersion.report_id)
        .subquery()
    )  # fmt: skip
    query = (
        select(ReportVersion.id, ProgressReport.code, ProgressReport.grant_id)
        .join(ProgressReport, ProgressReport.id == ReportVersion.report_id)
        .join(last, (last.c.report_id == ReportVersion.report_id)
              & (last.c.number == ReportVersion.number))
    )  # fmt: skip
    return {row.id: row for row in book.db.execute(query)}


def _breakdowns(case: Case, versions: dict[UUID, Any]) -> Iterator[Flag]:
    """Yield per result and dimension that does not come to the total."""
    if not versions:
        return
    values: dict[tuple[UUID, int], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    query = select(
        ReportValue.version_id, ReportValue.result_number, ReportValue.dimension,
        ReportValue.numerator,
    ).where(ReportValue.version_id.in_(list(versions)))  # fmt: skip
    for version, result, broken_by, count in case.book.db.execute(query):
        values[version, result][broken_by].append(int(count))
    for (version, result), parts in values.items():
        (whole,) = parts.get(TOTAL, [0])
        for name, dimension in dimensions().items():
            counts = parts.get(name)
            if counts is None:
                continue
            if sum(counts) != whole if dimension.is_exclusive else max(counts) > whole:
                told = versions[version]
                details = {"what": f"{result} / {name}", "of": TOTAL}
                yield Flag(told.code, told.grant_id, details=details)


RULES = (Rule("same_evidence", same_evidence), Rule("totals_differ", totals_differ))
