"""Filing a statement of expenditure: what a grantee spent in a period, to be decided on later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock, money
from fundops.authz import Actor
from fundops.errors import Problem, invalid
from fundops.expenditures import attribution
from fundops.expenditures.models import EXCHANGE, SPENT, ExpenditureLine, ExpenditureStatement
from fundops.grants.models import Grant
from fundops.grants.rules import code_for
from fundops.ids import uuid7
from fundops.messages import text
from fundops.parties.models import Party
from fundops.records import snapshot

RUNNING = ("awarded", "suspended", "terminated")
"""Statuses of grants whose expenditure is still reported and accepted."""
MAX_DESCRIPTION = 400


@dataclass(frozen=True)
class Line:
    """A line to file: ``local_minor`` is what was spent in the grantee's currency, if it says so.

    ``budget_line`` and its id are of the agreed budget's line that it is of.
    """

    category: str
    description: str | None
    is_support_cost: bool
    reported_minor: int
    kind: str = SPENT
    budget_line: int | None = None
    budget_line_id: UUID | None = None
    local_minor: int | None = None


@dataclass(frozen=True)
class Filing:
    """A statement to file; ``currency`` is there when a progress report files it."""

    starts_on: date
    ends_on: date
    lines: Sequence[Line]
    replaces_id: UUID | None = None
    reason: str | None = None
    currency: str | None = None


def file(db: Session, actor: Actor, grant: Grant, filing: Filing) -> ExpenditureStatement:
    """File a statement of what was spent in a period, to be decided by another person.

    Raises ``wrong-status`` for a grant that has ended, ``conflict`` for a period of which
    something else is accepted already.
    """
    require_running(grant)
    refuse_overlap(db, grant, filing.starts_on, filing.ends_on, filing.replaces_id)
    total = reported_minor(filing.lines)
    if total > money.MAX_MINOR:
        raise invalid("/lines", "money.too_large")
    grantee = db.get_one(Party, grant.grantee_id)
    statement = ExpenditureStatement(
        id=uuid7(), code=code_for(db, grantee, "EXP", filing.ends_on.year), grant_id=grant.id,
        starts_on=filing.starts_on, ends_on=filing.ends_on, reported_minor=total,
        accepted_minor=0, prefinanced_minor=0, disallowed_minor=0,
        replaces_id=filing.replaces_id, reason=filing.reason, status="reported",
        reported_by_id=actor.person_id, reported_at=clock.now(), currency=filing.currency,
    )  # fmt: skip
    db.add(statement)
    db.flush()
    db.add_all(
        ExpenditureLine(
            id=uuid7(), statement_id=statement.id, number=number, category=line.category,
            description=line.description, is_support_cost=line.is_support_cost,
            reported_minor=line.reported_minor, kind=line.kind, budget_line=line.budget_line,
            budget_line_id=line.budget_line_id, local_minor=line.local_minor,
        )
        for number, line in enumerate(filing.lines, start=1)
    )  # fmt: skip
    record(db, actor, "reported", statement, grant, reason=filing.reason)
    return statement


def reported_minor(lines: Sequence[Line | ExpenditureLine]) -> int:
    """Return what lines come to: a gain takes off as much as there is."""
    spent = sum(line.reported_minor for line in lines if line.kind == SPENT)
    return max(spent + sum(one.reported_minor for one in lines if one.kind == EXCHANGE), 0)


def refuse_overlap(
    db: Session, grant: Grant, starts_on: date, ends_on: date, *but: UUID | None
) -> None:
    """Refuse a period that shares a day with another accepted statement of the grant."""
    query = select(ExpenditureStatement.code).where(
        ExpenditureStatement.grant_id == grant.id,
        ExpenditureStatement.status == "accepted",
        ExpenditureStatement.starts_on <= ends_on,
        ExpenditureStatement.ends_on >= starts_on,
        ExpenditureStatement.id.not_in([one for one in but if one is not None]),
    )
    code = db.execute(query.limit(1)).scalar()
    if code is not None:
        raise Problem("conflict", detail=text("expenditures.period_overlaps", code=code))


def require_running(grant: Grant) -> None:
    """Refuse expenditure of a grant that has ended, or has not begun."""
    if grant.status not in RUNNING:
        raise Problem("wrong-status", action="report expenditure", status=grant.status)


def record(
    db: Session, actor: Actor, action: str, statement: ExpenditureStatement, grant: Grant,
    *, reason: str | None = None, before: dict[str, Any] | None = None,
    parts: Sequence[Any] = (),
) -> int:  # fmt: skip
    """Record what became of a statement; return the event's number."""
    db.flush()
    after = snapshot(statement) | ({"parts": attribution.told(parts)} if parts else {})
    return audit.record(
        db, actor, f"expenditure_statement.{action}", "expenditure_statement", statement.id,
        fund_id=grant.fund_id, reason=reason, before=before, after=after,
    )  # fmt: skip
