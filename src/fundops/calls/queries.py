"""Which calls an actor may see, and how they are found."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, false, or_, select, true
from sqlalchemy.orm import Session

from fundops.authz import PARTY_ROLES, Actor, Permission
from fundops.calls.models import Call, CallExtension
from fundops.errors import Problem
from fundops.ledger.models import Fund

COLUMNS = (
    Call.id,
    Call.code,
    Call.fund_id,
    Call.title,
    Call.year,
    Call.opens_on,
    Call.closes_on,
    Call.envelope_minor,
    Call.objectives,
    Call.status,
    Call.version,
    Call.funding_window,
    Call.modality,
    Call.summary,
    Call.zone,
    Call.deadline_at,
    Call.grace_minutes,
    Call.questions_close_at,
    Call.reviews_close_at,
    Call.floor_minor,
    Call.ceiling_minor,
    Call.min_months,
    Call.max_months,
    Call.languages,
    Call.targets,
    Call.limits,
    Call.reviews_per_proposal,
    Call.divergence_threshold,
    Call.is_blind,
    Fund.base_currency,
)
_EXTENSION_COLUMNS: tuple[Any, ...] = (*CallExtension.__table__.columns, Call.zone)
_EXTENSIONS: Select[Any] = select(*_EXTENSION_COLUMNS).join(Call, Call.id == CallExtension.call_id)
EXTENSION_KEY = _EXTENSION_COLUMNS[0]
SORTS = {"code": Call.code, "title": Call.title, "year": Call.year}


def seen(actor: Actor, permission: Permission = Permission.CALL_READ) -> ColumnElement[bool]:
    """Return which calls ``actor`` may see: grantees see no drafts."""
    ways: list[ColumnElement[bool]] = []
    for held in actor.holding(permission):
        fund = true() if held.fund_id is None else Call.fund_id == held.fund_id
        ways.append(and_(fund, Call.status != "draft") if held.role in PARTY_ROLES else fund)
    return or_(false(), *ways)


def visible(actor: Actor, *, fund_id: UUID | None = None, status: str | None = None) -> Select[Any]:
    """Return the rows of calls that ``actor`` may see, filtered."""
    columns: tuple[Any, ...] = COLUMNS
    query: Select[Any] = select(*columns).join(Fund, Fund.id == Call.fund_id).where(seen(actor))
    if fund_id is not None:
        query = query.where(Call.fund_id == fund_id)
    if status is not None:
        query = query.where(Call.status == status)
    return query


def row(db: Session, actor: Actor, call_id: UUID) -> Row[Any]:
    """Return one call's row as lists have it; raise ``not-found`` when it may not be seen."""
    found = db.execute(visible(actor).where(Call.id == call_id)).one_or_none()
    if found is None:
        raise Problem("not-found")
    return found


def get_visible(
    db: Session, actor: Actor, call_id: UUID, permission: Permission = Permission.CALL_READ
) -> Call:
    """Return a call, fresh, for ``permission``; raise ``not-found`` when it may not be seen."""
    query = select(Call).where(Call.id == call_id, seen(actor, permission))
    found = db.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if found is None:
        raise Problem("not-found")
    return found


def extensions(actor: Actor, call_id: UUID) -> Select[Any]:
    """Return the rows of a call's extensions, if ``actor`` may see the call."""
    return _EXTENSIONS.where(CallExtension.call_id == call_id, seen(actor))


def extension_row(db: Session, extension_id: UUID) -> Row[Any]:
    """Return the row of an extension that has just been made."""
    return db.execute(_EXTENSIONS.where(CallExtension.id == extension_id)).one()
