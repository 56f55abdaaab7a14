"""What reports of a grant spent, and what was accepted of it, as conversion needs to know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from fundops.expenditures.models import EXCHANGE, SPENT, ExpenditureLine, ExpenditureStatement
from fundops.grants.agreement_models import GrantBudgetLine
from fundops.reports.conversion import Spent
from fundops.reports.models import ProgressReport, ReportExpenditure, ReportVersion


@dataclass(frozen=True, slots=True)
class Reported:
    """What one report spent, by its statement; ``difference_minor`` as it was booked."""

    starts_on: date
    ends_on: date
    spent: Spent
    difference_minor: int


def others(
    db: Session, report: ProgressReport, currency: str, *, with_pending: bool
) -> list[Reported]:
    """Return the other reports of a grant that count, in the order of their periods.

    Those that were accepted and, with ``with_pending``, those on earlier periods that wait for a
    decision, as if all of them were accepted: a correction in the place of what it corrects.
    """
    mine = [report.statement_id] if report.statement_id is not None else []
    replaced = select(ExpenditureStatement.replaces_id).where(ExpenditureStatement.id.in_(mine))
    is_pending = (ExpenditureStatement.status == "reported") & (
        ExpenditureStatement.starts_on < report.starts_on
    )
    counts: Any = ExpenditureStatement.status == "accepted"
    if with_pending:
        corrected = select(ExpenditureStatement.replaces_id).where(
            ExpenditureStatement.grant_id == report.grant_id, is_pending,
            ExpenditureStatement.replaces_id.is_not(None),
        )  # fmt: skip
        counts = or_(counts & ExpenditureStatement.id.not_in(corrected), is_pending)
    query = (
        select(
            ExpenditureStatement.starts_on, ExpenditureStatement.ends_on,
            ExpenditureStatement.status,
            _sum(ExpenditureLine.local_minor, SPENT), _sum(ExpenditureLine.reported_minor, SPENT),
            _sum(ExpenditureLine.accepted_minor, SPENT),
            _sum(ExpenditureLine.accepted_minor, EXCHANGE),
            _sum(ExpenditureLine.reported_minor, EXCHANGE),
        )
        .join(ExpenditureLine, ExpenditureLine.statement_id == ExpenditureStatement.id)
        .where(
            ExpenditureStatement.grant_id == report.grant_id,
            ExpenditureStatement.currency == currency,
            counts,
            ExpenditureStatement.id.not_in(mine),
            ExpenditureStatement.id.not_in(replaced.where(
                ExpenditureStatement.replaces_id.is_not(None)
            )),
        )
        .group_by(ExpenditureStatement.id)
        .order_by(ExpenditureStatement.starts_on, ExpenditureStatement.id)
    )  # fmt: skip
    return [_reported(*row) for row in db.execute(query)]


def _reported(
    starts_on: date, ends_on: date, status: str, local: Any, reported: Any, accepted: Any,
    booked: Any, expected: Any,
) -> Reported:  # fmt: skip
    waits = status == "reported"
    spent = Spent(int(local), int(reported), int(reported if waits else accepted))
    return Reported(starts_on, ends_on, spent, int(expected if waits else booked))


def _sum(column: Any, kind: str) -> Any:
    of_kind = case((ExpenditureLine.kind == kind, column), else_=0)
    return func.coalesce(func.sum(of_kind), 0)


def local_of(db: Session, statement_id: UUID) -> int:
    """Return what a statement spent in the grantee's currency."""
    query = select(func.coalesce(func.sum(ExpenditureLine.local_minor), 0))
    found = db.execute(query.where(ExpenditureLine.statement_id == statement_id)).scalar_one()
    return int(found or 0)


def lines_of_text(db: Session, text_id: UUID | None) -> dict[int, GrantBudgetLine]:
    """Return the budget lines of an agreement's text by number."""
    query = select(GrantBudgetLine).where(GrantBudgetLine.text_id == text_id)
    return {line.number: line for line in db.execute(query).scalars()}


def submitted_version(db: Session, report: ProgressReport) -> UUID:
    """Return the id of the version of a report that was submitted last."""
    query = select(ReportVersion.id).where(
        ReportVersion.report_id == report.id, ReportVersion.number == report.submitted_number
    )
    return db.execute(query).scalar_one()


def support_lines(db: Session, grant_id: UUID) -> set[tuple[str, str]]:
    """Return category and description of budget lines last accepted as support cost."""
    query = (
        select(
            GrantBudgetLine.category, GrantBudgetLine.description, ExpenditureLine.is_support_cost
        )
        .join(ExpenditureLine, ExpenditureLine.budget_line_id == GrantBudgetLine.id)
        .join(ExpenditureStatement, ExpenditureStatement.id == ExpenditureLine.statement_id)
        .where(
            ExpenditureStatement.grant_id == grant_id,
            ExpenditureStatement.status.in_(("accepted", "corrected")),
        )
        .order_by(ExpenditureStatement.decided_at, ExpenditureLine.number)
    )  # fmt: skip
    last = {(category, said): is_support for category, said, is_support in db.execute(query)}
    return {line for line, is_support in last.items() if is_support}


def requests(db: Session, version_id: UUID) -> dict[int, int]:
    """Return what a version requests by number of the budget line, minor units."""
    query = (
        select(ReportExpenditure.line_number, ReportExpenditure.requested_minor)
        .where(ReportExpenditure.version_id == version_id)
        .order_by(ReportExpenditure.line_number)
    )
    return {number: int(minor) for number, minor in db.execute(query)}
