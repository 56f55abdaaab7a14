"""What a grantee did under its grants, counted: nothing here is typed in.

Looked at are the grants of every fund, and in them what fell into a window of days. Amounts of
different funds are never added: the fund in which most was ineligible counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row as Found
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from fundops.expenditures.models import (
    ExpenditureLine,
    ExpenditureStatement,
    Receivable,
    ReceivableEntry,
    RefundRequest,
)
from fundops.grants.models import Grant
from fundops.grants.queries import rows_of
from fundops.grants.schedule_models import PENDING, Requirement
from fundops.ledger.models import Fund
from fundops.partners.tiering import Figure, Row
from fundops.reports.models import (
    AcceptedVersion,
    ProgressReport,
    ReportRequirement,
    ReportVersion,
)

MAX_ROWS = 5_000
"""Most rows of one sort that are looked at of one grantee, the latest first."""
SHOWN_ROWS = 50
"""Rows that are named behind a figure."""

THEIRS = ("narrative_report", "financial_report", "audit", "other")
"""Kinds of requirement that the grantee sees to: visits and spot checks are ours."""
SUPPORTED = ("additional_support", "justification_accepted")


@dataclass(frozen=True)
class Window:
    """Whose deeds from which day to which are looked at."""

    party_id: UUID
    from_on: date
    to_on: date

    def starts_at(self) -> datetime:
        """The instant the window begins, UTC."""
        return _start(self.from_on)

    def ends_at(self) -> datetime:
        """The instant the window has ended, UTC."""
        return _start(self.to_on + timedelta(days=1))


def figures(db: Session, window: Window) -> list[Figure]:
    """Return every figure of a grantee in a window, in the order in which they are shown."""
    due = _requirements(db, window)
    return [
        _late(due),
        _overdue(due, window.to_on),
        _returned(db, window),
        _ineligible(db, window),
        _unpaid_refunds(db, window),
        _findings(db, window),
    ]


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _figure(
    code: str, rows: Sequence[Row], whole: int, *, part: int | None = None,
    currency: str | None = None, observed: int | None = None,
) -> Figure:  # fmt: skip
    return Figure(
        code, len(rows) if part is None else part, whole,
        whole if observed is None else observed, rows[:SHOWN_ROWS], len(rows), currency,
    )  # fmt: skip


def _row(record_type: str, one: Any) -> Row:
    return Row(record_type, str(one.id), one.code, str(one.fund_id))


def _grants(window: Window) -> Select[Any]:
    return rows_of(Grant.id).where(Grant.grantee_id == window.party_id)


def _of_grantee(query: Select[Any], grant_id: Any, window: Window, order: Any) -> Select[Any]:
    return (
        query.join(Grant, Grant.id == grant_id)
        .where(Grant.grantee_id == window.party_id)
        .order_by(order.desc())
        .limit(MAX_ROWS)
    )


def _requirements(db: Session, window: Window) -> Sequence[Found[Any]]:
    """Return what fell due in the window and the grantee saw to, or has not.

    A report is handed in when it is first submitted; what somebody records by hand is done on the
    day that was recorded.
    """
    first = (
        select(ReportVersion.report_id, func.min(ReportVersion.saved_at).label("handed_in_at"))
        .join(ProgressReport, ProgressReport.id == ReportVersion.report_id)
        .where(ReportVersion.kind == "submitted", ProgressReport.grant_id.in_(_grants(window)))
        .group_by(ReportVersion.report_id)
        .subquery()
    )
    query = (
        rows_of(
            Requirement.id, Requirement.status, Requirement.due_on, Requirement.done_on,
            Grant.code, Grant.fund_id, ProgressReport.due_at, first.c.handed_in_at,
        )
        .select_from(Requirement)
        .outerjoin(ReportRequirement, ReportRequirement.requirement_id == Requirement.id)
        .outerjoin(ProgressReport, ProgressReport.id == ReportRequirement.report_id)
        .outerjoin(first, first.c.report_id == ProgressReport.id)
        .where(
            Requirement.kind.in_(THEIRS),
            Requirement.status.in_(("done", *PENDING)),
            Requirement.due_on >= window.from_on,
            Requirement.due_on <= window.to_on,
        )
    )  # fmt: skip
    return db.execute(_of_grantee(query, Requirement.grant_id, window, Requirement.due_on)).all()


def _is_late(one: Any) -> bool:
    if one.handed_in_at is not None:
        return bool(one.handed_in_at > one.due_at)
    return bool(one.done_on is not None and one.done_on > one.due_on)


def _is_in(one: Any) -> bool:
    return one.status == "done" or one.handed_in_at is not None


def _late(due: Iterable[Any]) -> Figure:
    done = [one for one in due if _is_in(one)]
    late = [_row("requirement", one) for one in done if _is_late(one)]
    return _figure("late", late, len(done))


def _overdue(due: Iterable[Any], to_on: date) -> Figure:
    over = [_row("requirement", one) for one in due if not _is_in(one) and one.due_on < to_on]
    return _figure("overdue", over, len(over))


def _returned(db: Session, window: Window) -> Figure:
    """Count what was sent back of what was decided on: versions of reports, and statements.

    A statement of a report's own period was made by the report, and is not counted again.
    """
    versions = (
        rows_of(
            ProgressReport.id, Grant.code, Grant.fund_id,
            AcceptedVersion.version_id.label("accepted_id"),
        )
        .select_from(ReportVersion)
        .join(ProgressReport, ProgressReport.id == ReportVersion.report_id)
        .outerjoin(AcceptedVersion, AcceptedVersion.version_id == ReportVersion.id)
        .where(
            ReportVersion.kind == "submitted",
            ReportVersion.saved_at >= window.starts_at(),
            ReportVersion.saved_at < window.ends_at(),
            # The one under review is not decided on yet.
            (ProgressReport.status != "submitted")
            | (ProgressReport.submitted_number != ReportVersion.number),
        )
    )  # fmt: skip
    statement = ExpenditureStatement
    of_report = (
        rows_of(ProgressReport.id)
        .where(
            ProgressReport.grant_id == statement.grant_id, ProgressReport.asks_expenditure,
            ProgressReport.starts_on == statement.starts_on,
            ProgressReport.ends_on == statement.ends_on,
        )
        .exists()
    )  # fmt: skip
    statements = rows_of(statement.id, statement.code, statement.status, Grant.fund_id).where(
        statement.decided_at >= window.starts_at(), statement.decided_at < window.ends_at(),
        ~of_report,
    )  # fmt: skip
    decided = db.execute(
        _of_grantee(versions, ProgressReport.grant_id, window, ReportVersion.saved_at)
    ).all()
    others = db.execute(
        _of_grantee(statements, statement.grant_id, window, statement.decided_at)
    ).all()
    rows = [_row("progress_report", one) for one in decided if one.accepted_id is None]
    rows += [_row("expenditure_statement", one) for one in others if one.status == "returned"]
    return _figure("returned", rows, len(decided) + len(others))


def _ineligible(db: Session, window: Window) -> Figure:
    """Add up what was reported and not accepted, or taken back, less what was supported later."""
    statement = ExpenditureStatement
    later = (
        select(Receivable.statement_id, func.sum(ReceivableEntry.amount_minor).label("minor"))
        .join(ReceivableEntry, ReceivableEntry.receivable_id == Receivable.id)
        .where(ReceivableEntry.kind.in_(SUPPORTED), Receivable.grant_id.in_(_grants(window)))
        .group_by(Receivable.statement_id)
        .subquery()
    )
    refused = (
        rows_of(
            ExpenditureLine.statement_id, func.sum(ExpenditureLine.unsupported_minor).label("minor")
        )
        .join(statement, statement.id == ExpenditureLine.statement_id)
        .where(statement.grant_id.in_(_grants(window)))
        .group_by(ExpenditureLine.statement_id)
        .subquery()
    )
    query = (
        rows_of(
            statement.id, statement.code, Grant.fund_id, Fund.base_currency,
            statement.reported_minor, statement.disallowed_minor,
            later.c.minor.label("supported"),
            # An imported statement may have no lines.
            func.coalesce(
                refused.c.minor, statement.reported_minor - statement.accepted_minor
            ).label("refused_minor"),
        )
        .select_from(statement)
        .outerjoin(later, later.c.statement_id == statement.id)
        .outerjoin(refused, refused.c.statement_id == statement.id)
        .where(
            statement.status == "accepted", statement.accepted_on >= window.from_on,
            statement.accepted_on <= window.to_on,
        )
    )  # fmt: skip
    query = _of_grantee(query, statement.grant_id, window, statement.accepted_on)
    found = db.execute(query.join(Fund, Fund.id == Grant.fund_id)).all()
    by_fund: dict[UUID, list[Any]] = {}
    for one in found:
        by_fund.setdefault(one.fund_id, []).append(one)
    each = [_share_of_fund(rows) for _, rows in sorted(by_fund.items())]
    return max(each, key=lambda figure: figure.share, default=_figure("ineligible", [], 0))


def _share_of_fund(found: Sequence[Any]) -> Figure:
    def lost(one: Any) -> int:
        refused = int(one.refused_minor) + int(one.disallowed_minor)
        return max(refused - int(one.supported or 0), 0)

    return _figure(
        "ineligible", [_row("expenditure_statement", one) for one in found if lost(one)],
        sum(one.reported_minor for one in found), part=sum(lost(one) for one in found),
        currency=found[0].base_currency, observed=len(found),
    )  # fmt: skip


def _unpaid_refunds(db: Session, window: Window) -> Figure:
    asked = RefundRequest
    query = rows_of(asked.id, asked.code, Grant.fund_id).where(
        (asked.status == "requested") & (asked.due_on < window.to_on)
        | (asked.status == "written_off") & asked.due_on.between(window.from_on, window.to_on)
    )
    found = db.execute(_of_grantee(query, asked.grant_id, window, asked.due_on)).all()
    return _figure("unpaid_refunds", [_row("refund_request", one) for one in found], len(found))


def _findings(db: Session, window: Window) -> Figure:
    owed = Receivable
    query = rows_of(owed.id, owed.code, Grant.fund_id).where(
        owed.origin == "finding", owed.status != "superseded",
        owed.opened_on >= window.from_on, owed.opened_on <= window.to_on,
    )  # fmt: skip
    found = db.execute(_of_grantee(query, owed.grant_id, window, owed.opened_on)).all()
    return _figure("findings", [_row("receivable", one) for one in found], len(found))
