"""Which funds an actor may see, and how they are found."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops.authz import Actor, Permission
from fundops.db import AnySelect
from fundops.errors import Problem
from fundops.ledger.models import Fund

COLUMNS = (
    Fund.id,
    Fund.code,
    Fund.name,
    Fund.base_currency,
    Fund.zone,
    Fund.operating_reserve_minor,
    Fund.award_basis,
    Fund.status,
    Fund.version,
)
SORTS = {"code": Fund.code, "name": Fund.name}


def scoped(query: AnySelect, actor: Actor) -> AnySelect:
    """Limit a query over ``Fund`` to what ``actor`` may see."""
    funds = actor.funds(Permission.FUND_READ)
    return query if funds is None else query.where(Fund.id.in_(funds))


def visible(actor: Actor) -> AnySelect:
    """Return the rows of funds that ``actor`` may see."""
    query: AnySelect = select(*COLUMNS)
    return scoped(query, actor)


def get_visible(db: Session, actor: Actor, fund_id: UUID, *, lock: bool = False) -> Fund:
    """Return a fund the actor may see, fresh; raise ``not-found`` otherwise."""
    wanted: AnySelect = select(Fund).where(Fund.id == fund_id)
    query = scoped(wanted, actor).execution_options(populate_existing=lock)
    found: Fund | None = db.execute(query).scalar_one_or_none()
    if found is None:
        raise Problem("not-found")
    return found


def by_code(db: Session, code: str) -> Fund | None:
    """Return the fund with ``code``, if any."""
    return db.execute(select(Fund).where(Fund.code == code)).scalar_one_or_none()
