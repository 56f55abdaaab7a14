"""What the form of a grant's money was made of: as of a day, and as known at a sequence.

A statement stands as the last event known of it tells, and what was accepted counts from the day
of its acceptance, as the ledger has it. Later support counts from its own day; a finding and a
correction from the days of what they take back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from fundops.audit import AuditEvent
from fundops.clock import day_in
from fundops.expenditures.models import (
    ExpenditureLine,
    ExpenditureStatement,
    Receivable,
    ReceivableEntry,
)
from fundops.grants.agreement_models import GrantAgreement, GrantBudgetLine
from fundops.grants.agreement_queries import texts_in_force
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from fundops.parties.zones import end_of
from fundops.reports.face_queries import SUPPORT, Booked, Finding, Request, later, request_rows
from fundops.reports.models import AcceptedVersion, ProgressReport, ReportVersion

DECIDED = ("reported", "returned", "accepted", "corrected")


@dataclass(frozen=True)
class Past:
    """A day, and the last sequence that is known: what is above it has not happened yet."""

    fund: Fund
    as_of_on: date
    known_seq: int

    @property
    def ends_at(self) -> datetime:
        """The instant at which the day ends where the fund is."""
        return end_of(self.as_of_on, self.fund.zone)

    def told(self, record_type: str, record_id: Any, *actions: str) -> ColumnElement[bool]:
        """Return whether one of these events of a record is known."""
        return exists().where(
            AuditEvent.record_type == record_type,
            AuditEvent.record_id == record_id,
            AuditEvent.action.in_([f"{record_type}.{action}" for action in actions]),
            AuditEvent.seq <= self.known_seq,
        )


def lines_in_force(db: Session, grant_id: UUID, past: Past) -> list[GrantBudgetLine]:
    """Return the agreed budget that was in force."""
    texts = texts_in_force(past.ends_at, past.known_seq, GrantAgreement.grant_id == grant_id)
    lines = select(GrantBudgetLine).where(GrantBudgetLine.text_id.in_(select(texts.c.text_id)))
    return list(db.execute(lines.order_by(GrantBudgetLine.number)).scalars())


def booked(db: Session, grant_id: UUID, past: Past) -> list[Booked]:
    """Return every line that was accepted or under review, after findings and later support.

    The exchange difference of what was under review is the one that it was accepted with since.
    """
    standing = _standing(db, grant_id, past)
    statement, line = ExpenditureStatement, ExpenditureLine
    query = (
        select(line, statement.replaces_id)
        .join(statement, statement.id == line.statement_id)
        .where(statement.grant_id == grant_id)
        .order_by(statement.starts_on, statement.id, line.number)
    )
    rows = [row for row in db.execute(query) if row[0].statement_id in standing]
    waiting = {replaces for one, replaces in rows if standing[one.statement_id] == "reported"}
    by_statement: dict[UUID, list[Booked]] = {}
    for one, _ in rows:
        status = standing[one.statement_id]
        counts = status == "accepted"
        by_statement.setdefault(one.statement_id, []).append(
            Booked(
                one.statement_id, status, counts and one.statement_id in waiting, one.kind,
                one.budget_line_id, one.category, one.description, one.local_minor or 0,
                one.reported_minor, (one.accepted_minor or 0) if counts else 0,
                (one.unsupported_minor or 0) if counts else 0,
            )
        )  # fmt: skip
    counted = {one for one, status in standing.items() if status == "accepted"}
    found = [
        finding
        for finding in _findings(db, grant_id, past)
        if finding.statement_id is None or finding.statement_id in counted
    ]
    return [one for lines in by_statement.values() for one in lines] + later(found, by_statement)


def _standing(db: Session, grant_id: UUID, past: Past) -> dict[UUID, str]:
    """Return which statements were accepted or under review."""
    statement = ExpenditureStatement
    query = (
        select(statement.id, statement.reported_at, statement.accepted_on, AuditEvent.action)
        .join(AuditEvent, AuditEvent.record_id == statement.id)
        .where(
            statement.grant_id == grant_id,
            AuditEvent.record_type == "expenditure_statement",
            AuditEvent.action.in_([f"expenditure_statement.{action}" for action in DECIDED]),
            AuditEvent.seq <= past.known_seq,
        )
        .order_by(AuditEvent.seq)
    )
    last = {row[0]: row for row in db.execute(query)}
    found: dict[UUID, str] = {}
    for statement_id, reported_at, accepted_on, action in last.values():
        status = action.rpartition(".")[2]
        if status not in ("accepted", "reported"):
            continue
        if status == "accepted" and accepted_on is not None and accepted_on <= past.as_of_on:
            found[statement_id] = "accepted"
        elif day_in(reported_at, past.fund.zone) <= past.as_of_on:
            found[statement_id] = "reported"
    return found


def _findings(db: Session, grant_id: UUID, past: Past) -> list[Finding]:
    """Return by statement and origin what receivables came to, and what was supported by then."""
    owed, entry = Receivable, ReceivableEntry
    supported = (
        select(func.coalesce(func.sum(entry.amount_minor), 0))
        .where(
            entry.receivable_id == owed.id,
            entry.kind.in_(SUPPORT),
            entry.on_date <= past.as_of_on,
            exists().where(
                AuditEvent.record_type == "receivable_entry",
                AuditEvent.record_id == entry.id,
                AuditEvent.seq <= past.known_seq,
            ),
        )
        .scalar_subquery()
    )
    columns: tuple[Any, ...] = (
        owed.statement_id, owed.origin, func.sum(owed.amount_minor), func.sum(supported),
    )  # fmt: skip
    query = (
        select(*columns)
        .where(owed.grant_id == grant_id, past.told("receivable", owed.id, "opened"))
        .group_by(owed.statement_id, owed.origin)
        .order_by(owed.statement_id, owed.origin)
    )
    return [Finding(row[0], row[1], int(row[2]), int(row[3])) for row in db.execute(query)]


def request_of(db: Session, grant: Grant, past: Past) -> Request | None:
    """Return what the last report accepted by then requests, if one does."""
    accepted = AcceptedVersion
    query = (
        select(ReportVersion.id, ReportVersion.text_id)
        .join(accepted, accepted.version_id == ReportVersion.id)
        .join(ProgressReport, ProgressReport.id == ReportVersion.report_id)
        .where(
            accepted.grant_id == grant.id,
            accepted.accepted_on <= past.as_of_on,
            accepted.accepted_seq <= past.known_seq,
            or_(accepted.superseded_seq.is_(None), accepted.superseded_seq > past.known_seq),
            ProgressReport.asks_expenditure,
        )
        .order_by(accepted.ends_on.desc(), ReportVersion.id.desc())
        .limit(1)
    )
    row = db.execute(query).one_or_none()
    return None if row is None else request_rows(db, row[0], row[1])
