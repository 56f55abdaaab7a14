"""Indicators and results in scope, as far as the reader may read them.

Those who work with grantees read what each accepted report says; everybody else reads the cells
of releases exactly as they were released, hidden where they are hidden. Nothing is added up here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.orm import aliased

from fundops.audit import AuditEvent
from fundops.calls import codelists
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.section import Row, Section, control, counted
from fundops.exports.formulas import count, total
from fundops.exports.kinds import Code, Date, Integer, Text
from fundops.exports.workbook import Control
from fundops.grants.models import Grant
from fundops.impact.models import SourceTarget
from fundops.impact.money import targets, targets_by_code
from fundops.impact.queries import Scope
from fundops.impact.queries import counted as counts
from fundops.releases.models import Release, ReleaseCell
from fundops.releases.schemas import told
from fundops.reports.dimensions import TOTAL
from fundops.reports.models import AcceptedVersion, ProgressReport, ReportValue

BATCH = 2_000


def result_rows(book: Book) -> Iterator[Row]:
    """Yield accepted figures for those who read reports, released cells for everybody else."""
    return _accepted(book) if book.reader.reads_reports else _released(book)


def _scope(book: Book) -> Scope:
    return Scope(book.fund.id, book.on, book.seq, grants=book.grants)


def _accepted(book: Book) -> Iterator[Row]:
    """Yield every figure of the accepted reports that count, ratios as two rows, with targets."""
    said, value = AcceptedVersion, ReportValue
    query = (
        select(
            ProgressReport.code, Grant.code, said.starts_on, said.ends_on, said.accepted_on,
            value.indicator, value.dimension, value.code, value.numerator, value.denominator,
            said.grant_id,
        )
        .select_from(said)
        .join(value, value.version_id == said.version_id)
        .join(ProgressReport, ProgressReport.id == said.report_id)
        .join(Grant, Grant.id == said.grant_id)
        .where(counts(_scope(book)))
    )  # fmt: skip
    agreed, label = _targets(book), _Labels(book.language)
    found = sorted(
        book.db.execute(query).all(), key=lambda row: (row[1], row[3], row[0], *row[5:9])
    )
    for report, grant, starts, ends, accepted, code, dimension, of, above, below, grant_id in found:
        target = agreed.get((grant_id, code, dimension, of))
        fixed = (report, "grant", grant, code, label.of(code), starts, ends, dimension, of or None)
        if below is None:
            yield (*fixed, "count", str(above), above, target, accepted, None)
            continue
        yield (*fixed, "numerator", str(above), above, target, accepted, None)
        yield (*fixed, "denominator", str(below), below, None, accepted, None)


class _Labels:
    """The names of indicators; none for codes that the catalogue does not have."""

    def __init__(self, language: str) -> None:
        self.names, self.language = codelists.get("indicator"), language

    def of(self, code: str) -> str | None:
        return self.names.label(code, self.language) if self.names.has(code) else None


def _targets(book: Book) -> dict[tuple[UUID, str, str, str], int]:
    """Return what is agreed, or planned by a source, per grant, indicator, dimension and code."""
    scope = _scope(book)
    keys = select(Grant.id.label("grant_id"), Grant.id.label("key"))
    keys = keys.where(Grant.id.in_(book.grants))
    of: Any = keys.subquery()
    found = {
        (one.key, one.indicator, TOTAL, ""): one.target
        for one in targets(book.db, book.fund, scope, of)
    }
    planned = select(SourceTarget.dimension).where(SourceTarget.fund_id == book.fund.id).distinct()
    for dimension in sorted(book.db.execute(planned).scalars()):
        if dimension != TOTAL:
            for one in targets_by_code(book.db, book.fund, scope, dimension, of):
                found[one.key, one.indicator, dimension, one.code] = one.target
    return found


def _releases(book: Book) -> Any:
    """Return the ids of the releases that were out as known, and are not withheld by now."""
    published, withdrawn = aliased(AuditEvent), aliased(AuditEvent)
    out = exists().where(
        published.record_id == Release.id, published.record_type == "release",
        published.action == "release.published", published.seq <= book.seq,
    )  # fmt: skip
    gone = exists().where(
        withdrawn.record_id == Release.id, withdrawn.record_type == "release",
        withdrawn.action == "release.withdrawn", withdrawn.seq <= book.seq,
    )  # fmt: skip
    query = select(Release.id).where(
        Release.fund_id == book.fund.id, Release.as_of_on <= book.on,
        Release.withheld_at.is_(None), out, ~gone,
    )  # fmt: skip
    if not book.reader.knows_names:
        query = query.where(Release.class_name == "outside")
    return query


def _cells(book: Book, *columns: Any) -> Any:
    """Return ``columns`` of the released cells in scope: all of them, or those of its grants."""
    query = select(*columns).select_from(ReleaseCell)
    query = query.join(Release, Release.id == ReleaseCell.release_id)
    query = query.where(Release.id.in_(_releases(book)))
    if book.is_whole:
        return query
    own = select(Grant.code).where(Grant.id.in_(book.grants))
    return query.where(ReleaseCell.level == "grant", ReleaseCell.unit.in_(own))


def _released(book: Book) -> Iterator[Row]:
    """Yield the cells of releases in scope, in their own order, told as they were told."""
    cell = ReleaseCell
    query = _cells(
        book, Release.code, cell.level, cell.unit, cell.indicator, cell.period, cell.dimension,
        cell.code, cell.measure, cell.low, cell.high, Release.as_of_on,
    ).order_by(Release.as_of_on, Release.code, cell.position)  # fmt: skip
    label = _Labels(book.language)
    for row in book.db.execute(query.execution_options(yield_per=BATCH)):
        release, level, unit, code, period, dimension, of, measure, low, high, as_of = row
        yield (
            release, level, unit or None, code, label.of(code), None, as_of, dimension, of or None,
            measure, told(low, high), low if low == high else None, None, None, period,
        )  # fmt: skip


def result_controls(book: Book) -> Iterator[Control]:
    """Yield: as many figures as the reports or releases have, and what those shown come to."""
    if book.reader.reads_reports:
        rows, added = _accepted_numbers(book)
    else:
        cell = ReleaseCell
        rows = book.db.execute(_cells(book, func.count())).scalar_one()
        shown = _cells(book, func.coalesce(func.sum(cell.low), 0)).where(cell.low == cell.high)
        added = book.db.execute(shown).scalar_one()
    yield counted(book, "results", count("results"), int(rows))
    yield control(book, "results", total("results", "count"), int(added), Integer())


def _accepted_numbers(book: Book) -> tuple[int, int]:
    value = ReportValue
    query = (
        select(
            func.count(), func.count(value.denominator),
            func.coalesce(func.sum(value.numerator), 0),
            func.coalesce(func.sum(value.denominator), 0),
        )
        .select_from(value)
        .join(AcceptedVersion, AcceptedVersion.version_id == value.version_id)
        .where(counts(_scope(book)))
    )  # fmt: skip
    found = [int(one or 0) for one in book.db.execute(query).one()]
    return found[0] + found[1], found[2] + found[3]


RESULTS = Section(
    "results",
    (
        ("source_code", Code(), 22), ("level", Code(), 10), ("unit", Code(), 26),
        ("indicator", Code(), 11), ("name", Text(), 50), ("starts_on", Date(), 12),
        ("ends_on", Date(), 12), ("dimension", Code(), 14), ("code", Code(), 24),
        ("measure", Code(), 13), ("told", Text(), 14), ("count", Integer(), 12),
        ("target", Integer(), 12), ("accepted_on", Date(), 12), ("period", Code(), 16),
    ),
    result_rows,
    controls=result_controls,
)  # fmt: skip
