"""What the form of a grant's money is made of: its lines, what was booked, what is requested."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops import money
from fundops.expenditures.models import (
    SPENT,
    ExpenditureLine,
    ExpenditureStatement,
    Receivable,
    ReceivableEntry,
)
from fundops.expenditures.spread import over_lines
from fundops.grants import agreement_queries
from fundops.grants.agreement_models import GrantBudgetLine
from fundops.grants.models import Grant
from fundops.reports.models import (
    AcceptedVersion,
    ProgressReport,
    ReportExpenditure,
    ReportVersion,
)
from fundops.reports.money_models import ReportCertification, RequestDecision

SUPPORT = ("additional_support", "justification_accepted")


@dataclass
class Booked:
    """A line of a statement that counts or waits, with what is accepted of it by now."""

    statement_id: UUID | None
    status: str
    is_replaced_soon: bool
    kind: str
    line_id: UUID | None
    category: str | None
    description: str | None
    local_minor: int = 0
    reported_minor: int = 0
    accepted_minor: int = 0
    unsupported_minor: int = 0


class Finding(NamedTuple):
    """What receivables of one origin came to, and what of them was supported later."""

    statement_id: UUID | None
    origin: str
    found_minor: int
    supported_minor: int


@dataclass
class Request:
    """What a version requests by number of the line, and what is authorised of it if decided."""

    version_id: UUID
    text_id: UUID | None
    lines: dict[int, tuple[int, int | None]] = field(default_factory=dict)


def lines_in_force(db: Session, grant_id: UUID) -> list[GrantBudgetLine]:
    """Return the agreed budget in force."""
    return agreement_queries.lines_in_force(db, [grant_id]).get(grant_id, [])


def lines_of(db: Session, line_ids: Collection[UUID]) -> list[GrantBudgetLine]:
    """Return all lines of the texts that some lines belong to."""
    texts = select(GrantBudgetLine.text_id).where(GrantBudgetLine.id.in_(list(line_ids)))
    query = select(GrantBudgetLine).where(GrantBudgetLine.text_id.in_(texts))
    return list(db.execute(query.order_by(GrantBudgetLine.number)).scalars())


def lines_of_text(db: Session, text_id: UUID | None) -> list[GrantBudgetLine]:
    """Return the lines of one text of the agreement."""
    query = select(GrantBudgetLine).where(GrantBudgetLine.text_id == text_id)
    return list(db.execute(query.order_by(GrantBudgetLine.number)).scalars())


def booked(db: Session, grant_id: UUID) -> list[Booked]:
    """Return every line that is accepted or under review, after findings and later support.

    Their accepted parts sum to what the ledger has accepted of the grant, with what waits for a
    payment. Four queries.
    """
    by_statement: dict[UUID, list[Booked]] = {}
    for row in db.execute(_lines(grant_id)):
        one = Booked(
            row.statement_id, row.status, False, row.kind, row.budget_line_id, row.category,
            row.description, int(row.local_minor or 0), row.reported_minor,
            int(row.accepted_minor or 0), int(row.unsupported_minor or 0),
        )  # fmt: skip
        by_statement.setdefault(row.statement_id, []).append(one)
    for statement_id in _replaced_soon(db, grant_id):
        for one in by_statement.get(statement_id, ()):
            one.is_replaced_soon = True
    found = [one for lines in by_statement.values() for one in lines]
    return found + later(_findings(db, grant_id), by_statement)


def _lines(grant_id: UUID) -> Any:
    columns: tuple[Any, ...] = (
        ExpenditureLine.statement_id, ExpenditureStatement.status, ExpenditureLine.kind,
        ExpenditureLine.budget_line_id, ExpenditureLine.category, ExpenditureLine.description,
        ExpenditureLine.local_minor, ExpenditureLine.reported_minor,
        ExpenditureLine.accepted_minor, ExpenditureLine.unsupported_minor,
    )  # fmt: skip
    return (
        select(*columns)
        .join(ExpenditureStatement, ExpenditureStatement.id == ExpenditureLine.statement_id)
        .where(
            ExpenditureStatement.grant_id == grant_id,
            ExpenditureStatement.status.in_(("accepted", "reported")),
        )
        .order_by(ExpenditureStatement.starts_on, ExpenditureStatement.id, ExpenditureLine.number)
    )


def _replaced_soon(db: Session, grant_id: UUID) -> list[UUID]:
    """Return the accepted statements of which a correction is under review."""
    query = select(ExpenditureStatement.replaces_id).where(
        ExpenditureStatement.grant_id == grant_id,
        ExpenditureStatement.status == "reported",
        ExpenditureStatement.replaces_id.is_not(None),
    )
    return [found for found in db.execute(query).scalars() if found is not None]


def later(
    findings: Iterable[Finding], by_statement: Mapping[UUID, Sequence[Booked]]
) -> list[Booked]:
    """Take findings off the lines of their statement, add later support; return what has none.

    A finding is on the lines in proportion to what was accepted; support of what was refused on
    those in proportion to that. Support of what belongs to no statement is of no line.
    """
    unassigned = 0
    for statement_id, origin, found_minor, supported_minor in findings:
        lines = () if statement_id is None else by_statement.get(statement_id, ())
        if origin == "finding":
            accepted = [one.accepted_minor for one in lines]
            left = over_lines(sum(accepted) - found_minor + supported_minor, accepted)
            _spread(lines, [now - was for now, was in zip(left, accepted, strict=True)])
        elif lines:
            refused = [one.unsupported_minor for one in lines]
            _spread(lines, money.allocate(supported_minor, refused))
        else:
            unassigned += supported_minor
    if not unassigned:
        return []
    return [Booked(None, "accepted", False, SPENT, None, None, None, accepted_minor=unassigned)]


def _findings(db: Session, grant_id: UUID) -> list[Finding]:
    """Return by statement and origin what receivables came to, and what was supported since."""
    supported = (
        select(func.coalesce(func.sum(ReceivableEntry.amount_minor), 0))
        .where(ReceivableEntry.receivable_id == Receivable.id, ReceivableEntry.kind.in_(SUPPORT))
        .scalar_subquery()
    )
    query = (
        select(
            Receivable.statement_id, Receivable.origin, func.sum(Receivable.amount_minor),
            func.sum(supported),
        )
        .where(Receivable.grant_id == grant_id, Receivable.status != "superseded")
        .group_by(Receivable.statement_id, Receivable.origin)
        .order_by(Receivable.statement_id, Receivable.origin)
    )  # fmt: skip
    return [Finding(row[0], row[1], int(row[2]), int(row[3])) for row in db.execute(query)]


def _spread(lines: Sequence[Booked], parts: Sequence[int]) -> None:
    for one, part in zip(lines, parts, strict=True):
        one.accepted_minor += part


def request_of(db: Session, grant: Grant, report: ProgressReport | None) -> Request | None:
    """Return what a report requests as it was submitted last; of a grant, its last accepted one."""
    version = _version_of(db, grant, report)
    return None if version is None else request_rows(db, version[0], version[1])


def request_rows(db: Session, version_id: UUID, text_id: UUID | None) -> Request:
    """Return what a version requests, and what is authorised of it if that is decided."""
    made = Request(version_id, text_id)
    query = (
        select(
            ReportExpenditure.line_number, ReportExpenditure.requested_minor,
            RequestDecision.authorised_minor,
        )
        .outerjoin(
            RequestDecision,
            (RequestDecision.version_id == ReportExpenditure.version_id)
            & (RequestDecision.line_number == ReportExpenditure.line_number),
        )
        .where(ReportExpenditure.version_id == made.version_id)
    )  # fmt: skip
    for number, asked, authorised in db.execute(query):
        made.lines[number] = (asked, authorised)
    return made


def _version_of(
    db: Session, grant: Grant, report: ProgressReport | None
) -> tuple[UUID, UUID | None] | None:
    query: Any = select(ReportVersion.id, ReportVersion.text_id)
    if report is not None:
        query = query.where(
            ReportVersion.report_id == report.id, ReportVersion.number == report.submitted_number
        )
    else:
        query = (
            query.join(AcceptedVersion, AcceptedVersion.version_id == ReportVersion.id)
            .join(ProgressReport, ProgressReport.id == ReportVersion.report_id)
            .where(
                AcceptedVersion.grant_id == grant.id,
                AcceptedVersion.superseded_seq.is_(None),
                ProgressReport.asks_expenditure,
            )
            .order_by(AcceptedVersion.ends_on.desc(), ReportVersion.id.desc())
            .limit(1)
        )
    row = db.execute(query).one_or_none()
    return None if row is None else (row[0], row[1])


def certification(db: Session, report: ProgressReport) -> ReportCertification | None:
    """Return what was certified of the version of a report that was submitted last."""
    query = (
        select(ReportCertification)
        .join(ReportVersion, ReportVersion.id == ReportCertification.version_id)
        .where(
            ReportVersion.report_id == report.id, ReportVersion.number == report.submitted_number
        )
    )
    return db.execute(query).scalar_one_or_none()
