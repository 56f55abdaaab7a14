"""What counts of results, as of a day and as known at a sequence, and what grants are.

A report counts once it is accepted, by the day on which its period ends; a correction takes the
place of what it corrects from the sequence at which it was accepted. Everything is added up by the
database as far as it can be, so that memory follows the answer and not the history.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    and_,
    case,
    cast,
    extract,
    func,
    literal,
    or_,
    select,
)  # fmt: skip
from sqlalchemy.orm import Session

from fundops.calls.indicators import catalogue
from fundops.impact.grouping import axes as axes  # asked for with the figures they group
from fundops.reports.dimensions import TOTAL
from fundops.reports.models import (
    AcceptedVersion,
    ProgressReport,
    ReportValue,
    ReportVersion,
    StandingValue,
)

_BATCH = 5_000
_LATEST = tuple(one.code for one in catalogue().values() if one.aggregation == "latest")


@dataclass(frozen=True)
class Scope:
    """Which results count: of one fund, of periods that end by ``as_of_on``, as known.

    ``is_latest`` says that nothing is known above ``known_seq``. ``from_on`` leaves out periods
    that end before it, ``indicators`` all others. ``grants`` selects the ids of the grants meant.
    """

    fund_id: UUID
    as_of_on: date
    known_seq: int
    is_latest: bool = False
    from_on: date | None = None
    indicators: tuple[str, ...] | None = None
    grants: Select[UUID] | None = None

    def known(self, since: Any, until: Any) -> ColumnElement[bool]:
        """Return that a row which counts from ``since`` to ``until`` counts as known."""
        if self.is_latest:
            found: ColumnElement[bool] = until.is_(None)
            return found
        return and_(since <= self.known_seq, or_(until.is_(None), until > self.known_seq))


class FactRow(NamedTuple):
    """A figure of an accepted report as it stands there: whose, of when, in what."""

    version_id: UUID
    report_id: UUID
    grant_id: UUID
    starts_on: date
    ends_on: date
    accepted_seq: int
    result_number: int
    indicator: str
    dimension: str
    code: str
    numerator: int
    denominator: int | None


def counted(scope: Scope) -> ColumnElement[bool]:
    """Return which accepted versions count in ``scope``."""
    said = AcceptedVersion
    return and_(
        said.fund_id == scope.fund_id,
        scope.known(said.accepted_seq, said.superseded_seq),
        *_limits(scope, said),
    )


def _limits(scope: Scope, table: Any) -> list[ColumnElement[bool]]:
    """Return the conditions of ``scope`` on periods and grants."""
    conditions: list[ColumnElement[bool]] = [table.ends_on <= scope.as_of_on]
    if scope.from_on is not None:
        conditions.append(table.ends_on >= scope.from_on)
    if scope.grants is not None:
        conditions.append(table.grant_id.in_(scope.grants))
    return conditions


def facts(
    db: Session, fund_id: UUID, as_of_on: date, known_seq: int, *,
    from_on: date | None = None, dimension: str | None = None,
) -> Iterator[FactRow]:  # fmt: skip
    """Yield every figure of a fund that counts, by grant and period; streamed, whatever the size.

    ``dimension`` keeps one way of breaking down (``total``: the undivided figures alone).
    """
    said, value = AcceptedVersion, ReportValue
    columns: tuple[Any, ...] = (
        said.version_id, said.report_id, said.grant_id, said.starts_on, said.ends_on,
        said.accepted_seq, value.result_number, value.indicator, value.dimension, value.code,
        value.numerator, value.denominator,
    )  # fmt: skip
    query = (
        select(*columns)
        .join(value, value.version_id == said.version_id)
        .where(counted(Scope(fund_id, as_of_on, known_seq, from_on=from_on)))
        .order_by(
            said.grant_id, said.ends_on, said.version_id, value.result_number, value.dimension,
            value.code,
        )
    )  # fmt: skip
    if dimension is not None:
        query = query.where(value.dimension == dimension)
    for row in db.execute(query, execution_options={"yield_per": _BATCH}):
        yield FactRow(*row)


class Sums(NamedTuple):
    """Figures of one indicator that were added, or of which the latest was taken, already.

    Of a grant, or of a period (``grant_id`` is then null). ``denominator`` is null unless every
    figure has one.
    """

    grant_id: UUID | None
    period: int | None
    indicator: str
    code: str
    numerator: int
    highest: int
    denominator: int | None
    ends_on: date
    grants: int
    order: int


def sums(
    db: Session, scope: Scope, *, dimension: str = TOTAL, per: str | None = None
) -> Iterator[Sums]:
    """Yield what counts, added up by grant and indicator, or by period with ``per``.

    ``per`` is ``year`` or ``quarter``. Of indicators of which the latest figure counts it is the
    latest of each grant (and period), never a sum. Two queries.
    """
    yield from _added(db, scope, dimension, per)
    if scope.indicators is None or set(scope.indicators) & set(_LATEST):
        yield from _newest(db, scope, dimension, per)


@dataclass(frozen=True)
class _Source:
    """Where figures that count are read from: ``columns`` by name, and what makes them count."""

    columns: Any
    start: Any
    conditions: tuple[Any, ...]

    def select(self, *columns: Any) -> Any:
        """Return a query of the figures that count."""
        return self.start(*columns).where(*self.conditions)


def _source(scope: Scope, dimension: str) -> _Source:
    """Return the rows that count: kept as such at present, looked up as known in the past."""
    if scope.is_latest:
        held = StandingValue
        conditions: list[Any] = [
            held.fund_id == scope.fund_id,
            held.dimension == dimension,
            *_limits(scope, held),
        ]
        return _Source(held, select, tuple(conditions))
    said, value = AcceptedVersion, ReportValue

    class Joined:
        grant_id, ends_on = said.grant_id, said.ends_on
        version_id, indicator, code = value.version_id, value.indicator, value.code
        numerator, denominator = value.numerator, value.denominator

    def start(*columns: Any) -> Any:
        joined = select(*columns).select_from(said)
        return joined.join(value, value.version_id == said.version_id)

    return _Source(Joined, start, (counted(scope), value.dimension == dimension))


def _added(db: Session, scope: Scope, dimension: str, per: str | None) -> Iterator[Sums]:
    source = _source(scope, dimension)
    row = source.columns
    whose: Any = row.grant_id if per is None else period_of(row.ends_on, per)
    grants: Any = literal(1) if per is None else func.count(row.grant_id.distinct())
    columns: tuple[Any, ...] = (
        row.indicator, whose, row.code, func.sum(row.numerator), func.max(row.numerator),
        func.sum(row.denominator), func.max(row.ends_on), grants,
        func.count() - func.count(row.denominator),
    )  # fmt: skip
    query = source.select(*columns).group_by(row.indicator, whose, row.code)
    query = _only(query.where(row.indicator.not_in(_LATEST)), scope, row.indicator)
    for code, key, under, total, most, below, ends_on, count, bare in db.execute(query):
        yield Sums(
            key if per is None else None, None if per is None else int(key), code, under,
            int(total), int(most), None if bare else int(below), ends_on, int(count), 0,
        )  # fmt: skip


def _newest(db: Session, scope: Scope, dimension: str, per: str | None) -> Iterator[Sums]:
    source = _source(scope, dimension)
    row = source.columns
    period: Any = literal(0) if per is None else period_of(row.ends_on, per)
    place = func.row_number().over(
        partition_by=[row.indicator, row.grant_id, row.code, period],
        order_by=[row.ends_on.desc(), row.version_id.desc(), row.numerator.desc()],
    )
    columns: tuple[Any, ...] = (
        row.grant_id, period.label("period"), row.indicator, row.code, row.numerator,
        row.denominator, row.ends_on, place.label("place"),
    )  # fmt: skip
    query = source.select(*columns).where(row.indicator.in_(_LATEST))
    ranked = _only(query, scope, row.indicator).subquery()
    rows = select(*[one for one in ranked.c if one.name != "place"]).where(ranked.c.place == 1)
    for grant_id, when, code, under, numerator, below, ends_on in db.execute(rows):
        yield Sums(
            grant_id, None if per is None else int(when), code, under, int(numerator),
            int(numerator), below, ends_on, 1, 0,
        )  # fmt: skip


def _only(query: Any, scope: Scope, column: Any) -> Any:
    """Keep the indicators of ``scope``, if it names any."""
    return query if scope.indicators is None else query.where(column.in_(scope.indicators))


def period_of(column: Any, per: str) -> ColumnElement[int]:
    """Return the number of the year or quarter that a day is in: 2026, or 20263 for the third."""
    year: Any = cast(extract("year", column), Integer)
    if per == "year":
        return year  # type: ignore[no-any-return]
    month: Any = cast(extract("month", column), Integer)
    quarter = case((month <= 3, 1), (month <= 6, 2), (month <= 9, 3), else_=4)
    return year * 10 + quarter  # type: ignore[no-any-return]


def under_review(db: Session, scope: Scope, *, per: str | None = None) -> Iterator[Sums]:
    """Yield what grantees reported and nobody has accepted yet; nothing as known in the past."""
    if not scope.is_latest:
        return
    report, said, value = ProgressReport, ReportVersion, ReportValue
    period: Any = literal(0) if per is None else period_of(report.ends_on, per)
    columns: tuple[Any, ...] = (
        report.grant_id, period, value.indicator, func.sum(value.numerator),
        func.max(value.numerator), func.sum(value.denominator), report.ends_on,
        func.count() - func.count(value.denominator),
    )  # fmt: skip
    query = (
        select(*columns)
        .select_from(report)
        .join(said, and_(said.report_id == report.id, said.number == report.submitted_number))
        .join(value, value.version_id == said.id)
        .where(
            report.fund_id == scope.fund_id, report.status == "submitted",
            report.ends_on <= scope.as_of_on, value.dimension == TOTAL,
        )
        .group_by(report.grant_id, report.ends_on, value.indicator)
    )  # fmt: skip
    if scope.from_on is not None:
        query = query.where(report.ends_on >= scope.from_on)
    if scope.grants is not None:
        query = query.where(report.grant_id.in_(scope.grants))
    for grant_id, when, code, total, most, below, ends_on, bare in db.execute(
        _only(query, scope, value.indicator)
    ):
        yield Sums(
            grant_id, None if per is None else int(when), code, "", int(total), int(most),
            None if bare else int(below), ends_on, 1, 0,
        )  # fmt: skip
