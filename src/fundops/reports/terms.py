"""What a progress report has to answer: its period, the agreement's lines and results, the past."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from fundops.calls import codelists
from fundops.grants import agreement_queries
from fundops.grants.agreement_models import GrantAgreedResult, GrantBudgetLine
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from fundops.reports import local_queries
from fundops.reports.dimensions import Dimension, asked_of, is_ratio
from fundops.reports.models import AcceptedVersion, ProgressReport, ReportValue

MAX_EARLIER = 5_000
"""Accepted figures of earlier reports of one grant that are shown beside a report's own."""


def helps_victims(objective: int) -> bool:
    """Return whether work under an objective is with victims: its evidence is a register's."""
    return bool(codelists.get("objective").entry(str(objective)).more.get("helps_victims", False))


@dataclass(frozen=True)
class BudgetLine:
    """A line of the agreement, in the fund's base currency; ``number`` is the agreement's."""

    number: int
    category: str
    description: str
    objectives: tuple[int, ...]
    authorised_minor: int

    @property
    def is_victim_assistance(self) -> bool:
        """Whether any of its money is for work with victims."""
        return any(helps_victims(one) for one in self.objectives)


@dataclass(frozen=True)
class Earlier:
    """A figure that an earlier report of the grant had accepted."""

    ends_on: date
    numerator: int
    denominator: int | None


@dataclass(frozen=True)
class AgreedResult:
    """A result of the agreement; ``earlier`` are accepted figures by period, oldest first."""

    number: int
    indicator: str
    note: str | None
    baseline: int | None
    target: int
    earlier: tuple[Earlier, ...] = ()

    @property
    def is_ratio(self) -> bool:
        """Whether it is reported as a numerator over a denominator."""
        return self._is_known and is_ratio(self.indicator)

    @property
    def asked(self) -> tuple[Dimension, ...]:
        """The dimensions in which it is broken down."""
        return asked_of(self.indicator) if self._is_known else ()

    @property
    def is_victim_assistance(self) -> bool:
        """Whether it counts work with victims."""
        if not self._is_known:
            return True
        entry = codelists.get("indicator").entry(self.indicator)
        return helps_victims(int(entry.more["objective"]))

    @property
    def _is_known(self) -> bool:
        """Whether the catalogue still has the indicator: an old agreement may have another."""
        return codelists.get("indicator").has(self.indicator)


@dataclass(frozen=True)
class ReportTerms:
    """All that a report is checked against.

    ``currency`` and ``method`` are what an earlier report of the grant declared; before one did,
    the currency is that of what was received, if any was declared. Else they are null.
    ``text_id`` is the agreement's text whose numbers count; null where nothing is in force.
    """

    code: str
    starts_on: date
    ends_on: date
    is_final: bool
    asks_narrative: bool
    asks_expenditure: bool
    objectives: tuple[int, ...]
    lines: tuple[BudgetLine, ...]
    results: tuple[AgreedResult, ...]
    base_currency: str
    currency: str | None
    method: str | None
    text_id: UUID | None

    def line(self, number: int) -> BudgetLine | None:
        """Return the budget line of a number, if there is one."""
        return next((one for one in self.lines if one.number == number), None)

    def result(self, number: int) -> AgreedResult | None:
        """Return the agreed result of a number, if there is one."""
        return next((one for one in self.results if one.number == number), None)


def terms_of(db: Session, report: ProgressReport, text_id: UUID | None = None) -> ReportTerms:
    """Return what ``report`` answers: the agreement in force, or the text a version was of."""
    grant = db.get_one(Grant, report.grant_id)
    if text_id is None:
        held = agreement_queries.held_in_force(db, grant.id)
        text_id = None if held is None else held.text.id
    lines = _lines(db, text_id)
    objectives = {one for line in lines for one in line.objectives}
    objectives = objectives or {int(one) for one in json.loads(grant.objectives)}
    declared = _declared(db, report)
    return ReportTerms(
        code=report.code,
        starts_on=report.starts_on,
        ends_on=report.ends_on,
        is_final=report.is_final,
        asks_narrative=report.asks_narrative,
        asks_expenditure=report.asks_expenditure,
        objectives=tuple(sorted(objectives)),
        lines=lines,
        results=_results(db, report, text_id),
        base_currency=db.get_one(Fund, grant.fund_id).base_currency,
        currency=declared[0] or local_queries.received_in(db, grant.id),
        method=declared[1],
        text_id=text_id,
    )


def _lines(db: Session, text_id: UUID | None) -> tuple[BudgetLine, ...]:
    query = select(GrantBudgetLine).where(GrantBudgetLine.text_id == text_id)
    return tuple(
        BudgetLine(
            line.number,
            line.category,
            line.description,
            tuple(sorted(int(one) for one in json.loads(line.objectives))),
            line.amount_minor,
        )
        for line in db.execute(query.order_by(GrantBudgetLine.number)).scalars()
    )


def _results(db: Session, report: ProgressReport, text_id: UUID | None) -> tuple[AgreedResult, ...]:
    query = select(GrantAgreedResult).where(GrantAgreedResult.text_id == text_id)
    earlier = _earlier(db, report)
    return tuple(
        AgreedResult(
            one.number,
            one.indicator,
            one.note,
            one.baseline,
            one.target,
            tuple(earlier.get((one.number, one.indicator), ())),
        )
        for one in db.execute(query.order_by(GrantAgreedResult.number)).scalars()
    )


def _earlier(db: Session, report: ProgressReport) -> dict[tuple[int, str], list[Earlier]]:
    """Return the accepted totals of the grant's reports on periods before this one."""
    query = (
        select(
            ReportValue.result_number,
            ReportValue.indicator,
            AcceptedVersion.ends_on,
            ReportValue.numerator,
            ReportValue.denominator,
        )
        .join(AcceptedVersion, AcceptedVersion.version_id == ReportValue.version_id)
        .where(
            AcceptedVersion.grant_id == report.grant_id,
            AcceptedVersion.superseded_seq.is_(None),
            AcceptedVersion.report_id != report.id,
            AcceptedVersion.ends_on < report.starts_on,
            ReportValue.dimension == "total",
        )
        .order_by(AcceptedVersion.ends_on, ReportValue.result_number)
        .limit(MAX_EARLIER)
    )
    found: dict[tuple[int, str], list[Earlier]] = {}
    for number, indicator, ends_on, numerator, denominator in db.execute(query):
        earlier = Earlier(ends_on, numerator, denominator)
        found.setdefault((number, indicator), []).append(earlier)
    return found


def _declared(db: Session, report: ProgressReport) -> tuple[str | None, str | None]:
    """Return the currency and method that another report of the grant has been submitted in."""
    query = (
        select(ProgressReport.currency, ProgressReport.method)
        .where(
            ProgressReport.grant_id == report.grant_id,
            ProgressReport.id != report.id,
            and_(ProgressReport.currency.is_not(None), ProgressReport.method.is_not(None)),
        )
        .order_by(ProgressReport.number.desc())
        .limit(1)
    )
    row = db.execute(query).one_or_none()
    return (None, None) if row is None else (row[0], row[1])
