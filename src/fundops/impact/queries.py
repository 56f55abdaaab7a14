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
    func,
    literal,
    null,
    or_,
    select,
)  # fmt: skip
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement

from fundops.calls.indicators import catalogue
from fundops.grants.models import Grant
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

    ``key`` is what they are grouped by: a key of a grant, the number of a period, or null where
    all stand together. ``series`` is the grant, or the country, of a latest figure; of figures
    that were added it is null. ``denominator`` is null unless every figure has one.
    """

    key: Any
    indicator: str
    code: str
    numerator: int
    highest: int
    denominator: int | None
    ends_on: date
    grants: int
    series: Any = None
    country: str | None = None


def sums(
    db: Session, scope: Scope, *, dimension: str = TOTAL, per: str | None = None,
    keys: Any = None,
) -> Iterator[Sums]:  # fmt: skip
    """Yield what counts, added up by indicator and by key of the grants, or by period with ``per``.

    ``per`` is ``year`` or ``quarter``; ``keys`` a selection of (grant, key) by which grants are
    grouped. Of indicators of which the latest figure counts it is the latest of each grant (and
    period), never a sum. Two queries.
    """
    if per is None:
        yield from _added(db, scope, dimension, keys)
    else:
        yield from _added_by_period(db, scope, dimension, per)
    if scope.indicators is None or set(scope.indicators) & set(_LATEST):
        yield from _newest(db, scope, dimension, per, keys)


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


def _added(db: Session, scope: Scope, dimension: str, keys: Any) -> Iterator[Sums]:
    """Add up by grant, in the order in which the rows are kept, and then by key."""
    source = _source(scope, dimension)
    row = source.columns
    own: tuple[Any, ...] = (
        row.indicator.label("indicator"), row.grant_id.label("grant_id"), row.code.label("code"),
        func.sum(row.numerator).label("above"), func.max(row.numerator).label("most"),
        func.sum(row.denominator).label("below"), func.max(row.ends_on).label("ends_on"),
        (func.count() - func.count(row.denominator)).label("bare"),
    )  # fmt: skip
    query = source.select(*own).group_by(row.indicator, row.grant_id, row.code)
    query = _only(query.where(row.indicator.not_in(_LATEST)), scope, row.indicator)
    each = query.subquery().c
    key: Any = null() if keys is None else keys.c.key
    columns: tuple[Any, ...] = (
        key, each.indicator, each.code, func.sum(each.above), func.max(each.most),
        func.sum(each.below), func.max(each.ends_on), func.count(), func.sum(each.bare),
    )  # fmt: skip
    whole = select(*columns).group_by(each.indicator, each.code)
    if keys is not None:
        whole = whole.join(keys, keys.c.grant_id == each.grant_id).group_by(key)
    for found in db.execute(whole):
        yield _sum(found)


def _added_by_period(db: Session, scope: Scope, dimension: str, per: str) -> Iterator[Sums]:
    source = _source(scope, dimension)
    row = source.columns
    period = period_of(row.ends_on, per)
    columns: tuple[Any, ...] = (
        period, row.indicator, row.code, func.sum(row.numerator), func.max(row.numerator),
        func.sum(row.denominator), func.max(row.ends_on), func.count(row.grant_id.distinct()),
        func.count() - func.count(row.denominator),
    )  # fmt: skip
    query = source.select(*columns).group_by(row.indicator, period, row.code)
    query = _only(query.where(row.indicator.not_in(_LATEST)), scope, row.indicator)
    for found in db.execute(query):
        yield _sum(found)


def _sum(found: Any) -> Sums:
    key, code, under, total, most, below, ends_on, grants, bare = found
    return Sums(
        key, code, under, int(total), int(most), None if bare else int(below), ends_on, int(grants)
    )


def _newest(
    db: Session, scope: Scope, dimension: str, per: str | None, keys: Any
) -> Iterator[Sums]:
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
    each = _only(query, scope, row.indicator).subquery().c
    key: Any = keys.c.key if keys is not None else each.period if per is not None else null()
    rows = (
        select(
            key, each.indicator, each.code, each.numerator, each.denominator, each.ends_on,
            each.grant_id, Grant.country,
        )
        .join(Grant, Grant.id == each.grant_id)
        .where(each.place == 1)
    )  # fmt: skip
    if keys is not None:
        rows = rows.join(keys, keys.c.grant_id == each.grant_id)
    for found, code, under, above, below, ends_on, grant_id, country in db.execute(rows):
        yield Sums(found, code, under, int(above), int(above), below, ends_on, 1, grant_id, country)


def _only(query: Any, scope: Scope, column: Any) -> Any:
    """Keep the indicators of ``scope``, if it names any."""
    return query if scope.indicators is None else query.where(column.in_(scope.indicators))


class _DayPart(FunctionElement[int]):
    """The year of a day as a number, or its month; ``extract`` on SQLite takes a day apart by the
    rules of its calendar each time, which is dearer than adding up what is grouped by it.
    """

    inherit_cache = True
    type = Integer()


class _Year(_DayPart):
    inherit_cache = True
    name, place = "year", "1, 4"


class _Month(_DayPart):
    inherit_cache = True
    name, place = "month", "6, 2"


@compiles(_DayPart)
def _extract(element: Any, compiler: Any, **options: Any) -> str:
    day = compiler.process(element.clauses, **options)
    return f"CAST(EXTRACT({element.name} FROM {day}) AS INTEGER)"


@compiles(_DayPart, "sqlite")
def _cut(element: Any, compiler: Any, **options: Any) -> str:
    day = compiler.process(element.clauses, **options)
    return f"CAST(SUBSTR({day}, {element.place}) AS INTEGER)"


def period_of(column: Any, per: str) -> ColumnElement[int]:
    """Return the number of the year or quarter that a day is in: 2026, or 20263 for the third."""
    year: Any = _Year(column)
    if per == "year":
        return year  # type: ignore[no-any-return]
    return year * 10 + (_Month(column) + 2) // 3  # type: ignore[no-any-return]


def under_review(
    db: Session, scope: Scope, *, per: str | None = None, keys: Any = None
) -> Iterator[Sums]:
    """Yield what grantees reported and nobody has accepted yet; nothing as known in the past."""
    if not scope.is_latest:
        return
    report, said, value = ProgressReport, ReportVersion, ReportValue
    key: Any = null() if per is None else period_of(report.ends_on, per)
    key = key if keys is None else keys.c.key
    columns: tuple[Any, ...] = (
        key, value.indicator, func.sum(value.numerator), func.max(value.numerator),
        func.sum(value.denominator), report.ends_on, func.count() - func.count(value.denominator),
        report.grant_id, Grant.country,
    )  # fmt: skip
    query = (
        select(*columns)
        .select_from(report)
        .join(said, and_(said.report_id == report.id, said.number == report.submitted_number))
        .join(value, value.version_id == said.id)
        .join(Grant, Grant.id == report.grant_id)
        .where(
            report.fund_id == scope.fund_id, report.status == "submitted",
            # No plain comparison: SQLite would begin with all totals there ever were.
            func.coalesce(value.dimension, "") == TOTAL, *_limits(scope, report),
        )
        .group_by(report.grant_id, Grant.country, report.ends_on, value.indicator)
    )  # fmt: skip
    if keys is not None:
        query = query.join(keys, keys.c.grant_id == report.grant_id).group_by(key)
    for found in db.execute(_only(query, scope, value.indicator)):
        where, code, total, most, below, ends_on, bare, grant_id, country = found
        yield Sums(
            where, code, "", int(total), int(most), None if bare else int(below), ends_on, 1,
            grant_id, country,
        )  # fmt: skip
