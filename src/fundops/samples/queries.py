"""Which samples an actor may see, their items, and what those were last found to be."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, select, true
from sqlalchemy.orm import Session

from fundops.authz import Actor, Permission
from fundops.errors import Problem
from fundops.ledger.models import Fund
from fundops.samples.models import AuditSample, SampleItem, SampleResult

SORTS = {"code": AuditSample.code, "created_at": AuditSample.created_at}
ITEM_SORTS = {"number": SampleItem.number}
_S: Any = AuditSample.__table__.c


def _seen(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    funds = actor.funds(permission)
    return true() if funds is None else AuditSample.fund_id.in_(funds)


def visible(
    actor: Actor,
    *,
    fund_id: UUID | None = None,
    status: str | None = None,
    population: str | None = None,
) -> Select[Any]:
    """Return the rows of samples that ``actor`` may see, filtered."""
    columns = [one for one in _S if one.name != "population"]
    query: Select[Any] = (
        select(*columns, _S.population.label("population_kind"), Fund.base_currency)
        .join(Fund, Fund.id == AuditSample.fund_id)
        .where(_seen(actor, Permission.SAMPLE_READ))
    )
    for column, value in (
        (AuditSample.fund_id, fund_id),
        (AuditSample.status, status),
        (AuditSample.population, population),
    ):
        if value is not None:
            query = query.where(column == value)
    return query


def sample_row(db: Session, actor: Actor, sample_id: UUID) -> Row[Any]:
    """Return the row of a sample; raise ``not-found`` for none in reach."""
    found = db.execute(visible(actor).where(AuditSample.id == sample_id)).one_or_none()
    if found is None:
        raise Problem("not-found")
    return found


def get_visible(
    db: Session, actor: Actor, sample_id: UUID, permission: Permission = Permission.SAMPLE_READ
) -> AuditSample:
    """Return a sample, fresh; raise ``not-found`` for none in reach of ``permission``."""
    query = select(AuditSample).where(AuditSample.id == sample_id, _seen(actor, permission))
    found = db.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if found is None:
        raise Problem("not-found")
    return found


def items(sample_id: UUID) -> Select[Any]:
    """Return the rows of a sample's items, each with its last result."""
    last = (
        select(SampleResult.item_id, func.max(SampleResult.number).label("number"))
        .where(SampleResult.sample_id == sample_id)
        .group_by(SampleResult.item_id)
        .subquery()
    )
    query: Select[Any] = (
        select(
            *SampleItem.__table__.columns,
            SampleResult.audited_minor,
            SampleResult.remark,
            SampleResult.number.label("result_number"),
            Fund.base_currency,
        )
        .join(AuditSample, AuditSample.id == SampleItem.sample_id)
        .join(Fund, Fund.id == AuditSample.fund_id)
        .outerjoin(last, last.c.item_id == SampleItem.id)
        .outerjoin(
            SampleResult,
            and_(SampleResult.item_id == SampleItem.id, SampleResult.number == last.c.number),
        )
        .where(SampleItem.sample_id == sample_id)
    )
    return query


def all_items(db: Session, sample_id: UUID) -> list[Any]:
    """Return all items of a sample in their order; one sample has no more than a workbook holds."""
    return list(db.execute(items(sample_id).order_by(SampleItem.number)))


def testers(db: Session, sample_id: UUID) -> list[UUID]:
    """Return who ever recorded what an item of a sample was found to be."""
    query = select(SampleResult.recorded_by_id).where(SampleResult.sample_id == sample_id)
    return list(db.execute(query.distinct()).scalars())
