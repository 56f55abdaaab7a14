"""Which progress reports an actor may see, and how they are found.

A grantee sees its own, persons of the fund those of their funds. What a draft says is for whoever
writes it: the grantee, and an officer who started it in a grantee's place.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, false, or_, select, true
from sqlalchemy.orm import Session

from fundops.authz import PARTY_ROLES, Actor, Permission
from fundops.grants.models import Grant
from fundops.grants.queries import one, rows_of
from fundops.ledger.models import Fund
from fundops.parties.labels import code_column, name_column
from fundops.parties.models import Party
from fundops.reports import file_reach as file_reach  # officers reach files through reports
from fundops.reports.models import ProgressReport

READ, WRITE = Permission.REPORT_READ, Permission.REPORT_WRITE
SORTS: dict[str, Any] = {
    "code": ProgressReport.code,
    "due_on": ProgressReport.due_on,
    "starts_on": ProgressReport.starts_on,
}


def seen(actor: Actor, permission: Permission = READ) -> ColumnElement[bool]:
    """Return which reports ``permission`` reaches, over ``ProgressReport`` and its ``Grant``."""
    ways: list[ColumnElement[bool]] = []
    for held in actor.holding(permission):
        limits: list[ColumnElement[bool]] = [true()]
        if held.fund_id is not None:
            limits.append(ProgressReport.fund_id == held.fund_id)
        if held.role in PARTY_ROLES:
            limits.append(Grant.grantee_id == held.party_id)
        elif permission is WRITE:
            limits.append(ProgressReport.created_by_id == actor.person_id)
        ways.append(and_(*limits))
    return or_(false(), *ways)


def is_own(actor: Actor, grant: Grant) -> bool:
    """Return whether ``actor`` acts for the grantee of a grant."""
    return any(
        held.role in PARTY_ROLES and held.party_id == grant.grantee_id
        for held in actor.holding(WRITE)
    )


def others(actor: Actor, report: ProgressReport, grant: Grant) -> list[UUID]:
    """Return the report's id where reading what it says is to be written down: not its grantee."""
    return [] if is_own(actor, grant) else [report.id]


def may_write(actor: Actor, report: ProgressReport, grant: Grant) -> bool:
    """Return whether ``actor``, who sees a report, works on its drafts."""
    if is_own(actor, grant):
        return True
    return report.created_by_id == actor.person_id and actor.allows(WRITE)


def visible(
    actor: Actor,
    *,
    fund_id: UUID | None = None,
    grant_id: UUID | None = None,
    status: str | None = None,
) -> Select[Any]:
    """Return the rows of reports that ``actor`` may see, filtered."""
    query = (
        rows_of(
            *ProgressReport.__table__.columns,
            Grant.code.label("grant_code"), Grant.grantee_id, Fund.base_currency,
            name_column(actor).label("grantee_name"), code_column(actor).label("grantee_code"),
        )
        .select_from(ProgressReport)
        .join(Grant, Grant.id == ProgressReport.grant_id)
        .join(Fund, Fund.id == ProgressReport.fund_id)
        .join(Party, Party.id == Grant.grantee_id)
        .where(seen(actor))
    )  # fmt: skip
    for column, value in (
        (ProgressReport.fund_id, fund_id),
        (ProgressReport.grant_id, grant_id),
        (ProgressReport.status, status),
    ):
        if value is not None:
            query = query.where(column == value)
    return query


def row(db: Session, actor: Actor, report_id: UUID) -> Row[Any]:
    """Return one report's row as lists have it; raise ``not-found`` when out of reach."""
    return one(db.execute(visible(actor).where(ProgressReport.id == report_id)).one_or_none())


def get_visible(
    db: Session, actor: Actor, report_id: UUID, permission: Permission = READ
) -> tuple[ProgressReport, Grant]:
    """Return a report and its grant, fresh; raise ``not-found`` when out of reach."""
    query = (
        select(ProgressReport, Grant)
        .join(Grant, Grant.id == ProgressReport.grant_id)
        .where(ProgressReport.id == report_id, seen(actor, permission))
        .execution_options(populate_existing=True)
    )
    found = one(db.execute(query).one_or_none())
    return found[0], found[1]
