"""Which rules of retention there are, which are in force, and what was disposed of."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, false, select, true
from sqlalchemy.orm import Session

from fundops.authz import Actor, Permission
from fundops.errors import Problem
from fundops.retention.models import Disposal, RetentionRule

RULE_SORTS = {"proposed_at": RetentionRule.proposed_at, "data_class": RetentionRule.data_class}
DISPOSAL_SORTS = {"disposed_at": Disposal.disposed_at}


def in_force(db: Session) -> dict[str, RetentionRule]:
    """Return the rule in force of each class that has one: the one approved last."""
    query = (
        select(RetentionRule)
        .where(RetentionRule.status == "approved")
        .order_by(RetentionRule.decided_at, RetentionRule.id)
    )
    return {rule.data_class: rule for rule in db.execute(query).scalars()}


def _seen(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Return whether an actor may see rules: they are of all funds, and so is who sees them."""
    return true() if actor.funds(permission) is None else false()


def rules(actor: Actor, *, data_class: str | None = None, status: str | None = None) -> Select[Any]:
    """Return the rows of rules, filtered."""
    query: Select[Any] = select(*RetentionRule.__table__.columns)
    query = query.where(_seen(actor, Permission.RETENTION_READ))
    for column, value in ((RetentionRule.data_class, data_class), (RetentionRule.status, status)):
        if value is not None:
            query = query.where(column == value)
    return query


def get_rule(db: Session, actor: Actor, rule_id: UUID) -> RetentionRule:
    """Return a rule to decide on, fresh; raise ``not-found`` for none in reach."""
    query = select(RetentionRule).where(
        RetentionRule.id == rule_id, _seen(actor, Permission.RETENTION_APPROVE)
    )
    found = db.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if found is None:
        raise Problem("not-found")
    return found


def rule_row(db: Session, actor: Actor, rule_id: UUID) -> Row[Any]:
    """Return the row of a rule; raise ``not-found`` for none in reach."""
    query = rules(actor).where(RetentionRule.id == rule_id)
    found = db.execute(query).one_or_none()
    if found is None:
        raise Problem("not-found")
    return found


def disposals(actor: Actor, *, data_class: str | None) -> Select[Any]:
    """Return the rows of the log of disposals, filtered."""
    query: Select[Any] = select(*Disposal.__table__.columns)
    query = query.where(_seen(actor, Permission.RETENTION_READ))
    return query if data_class is None else query.where(Disposal.data_class == data_class)
