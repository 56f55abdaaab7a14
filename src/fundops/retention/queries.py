"""Which rules of retention there are, which are in force, and what was disposed of."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

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


def rules(*, data_class: str | None, status: str | None) -> Select[Any]:
    """Return the rows of rules, filtered."""
    query: Select[Any] = select(*RetentionRule.__table__.columns)
    for column, value in ((RetentionRule.data_class, data_class), (RetentionRule.status, status)):
        if value is not None:
            query = query.where(column == value)
    return query


def get_rule(db: Session, rule_id: UUID) -> RetentionRule:
    """Return a rule, fresh; raise ``not-found`` for none."""
    found = db.get(RetentionRule, rule_id, populate_existing=True)
    if found is None:
        raise Problem("not-found")
    return found


def rule_row(db: Session, rule_id: UUID) -> Row[Any]:
    """Return the row of a rule; raise ``not-found`` for none."""
    query = rules(data_class=None, status=None).where(RetentionRule.id == rule_id)
    found = db.execute(query).one_or_none()
    if found is None:
        raise Problem("not-found")
    return found


def disposals(*, data_class: str | None) -> Select[Any]:
    """Return the rows of the log of disposals, filtered."""
    query: Select[Any] = select(*Disposal.__table__.columns)
    return query if data_class is None else query.where(Disposal.data_class == data_class)
