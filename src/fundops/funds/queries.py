"""Which funds an actor may see, and how they are found."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from fundops.authz import Actor, Permission
from fundops.errors import Problem
from fundops.ledger.models import Fund

COLUMNS = (
    Fund.id,
    Fund.code,
    Fund.name,
    Fund.base_currency,
    Fund.zone,
    Fund.operating_reserve_minor,
    Fund.status,
    Fund.version,
)
SORTS = {"code": Fund.code, "name": Fund.name}


def scoped(query: Select[Any], actor: Actor) -> Select[Any]:
    """Limit a query over ``Fund`` to what ``actor`` may see."""
    funds = actor.funds(Permission.FUND_READ)
    return query if funds is None else query.where(Fund.id.in_(funds))


def visible(actor: Actor) -> Select[Any]:
    """Return the rows of funds that ``actor`` may see."""
    return scoped(select(*COLUMNS), actor)


def get_visible(db: Session, actor: Actor, fund_id: UUID, *, lock: bool = False) -> Fund:
    """Return a fund the actor may see, fresh; raise ``not-found`` otherwise."""
    query = scoped(select(Fund).where(Fund.id == fund_id), actor)
    found = db.execute(query.execution_options(populate_existing=lock)).scalar_one_or_none()
    if found is None:
        raise Problem("not-found")
    return found


def by_code(db: Session, code: str) -> Fund | None:
    """Return the fund with ``code``, if any."""
    return db.execute(select(Fund).where(Fund.code == code)).scalar_one_or_none()
