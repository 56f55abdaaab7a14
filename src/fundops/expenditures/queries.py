"""Which statements, requests, receivables, write-offs and closings an actor may see.

Whose they are follows from the grant: a grantee sees its own, a role limited to a fund that fund's.
"""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from fundops.authz import Actor, Permission
from fundops.expenditures.models import (
    AdvanceWriteOff,
    ExpenditureLine,
    ExpenditureStatement,
    GrantClosing,
    Receivable,
    ReceivableEntry,
    RefundRequest,
)
from fundops.grants.models import Grant
from fundops.grants.queries import one, rows_of, seen
from fundops.ledger.models import Fund

T = TypeVar("T")

STATEMENT_SORTS = {"code": ExpenditureStatement.code, "starts_on": ExpenditureStatement.starts_on}
REQUEST_SORTS = {"code": RefundRequest.code, "due_on": RefundRequest.due_on}
RECEIVABLE_SORTS = {"code": Receivable.code, "opened_on": Receivable.opened_on}
WRITE_OFF_SORTS = {"code": AdvanceWriteOff.code, "effective_on": AdvanceWriteOff.effective_on}
CLOSING_SORTS = {"code": GrantClosing.code, "closed_on": GrantClosing.closed_on}
MAX_ENTRIES = 1_000


def listed(actor: Actor, model: Any, permission: Permission, **equals: Any) -> Select[Any]:
    """Return the rows of a register that ``permission`` reaches, where columns equal values."""
    query = (
        rows_of(
            *model.__table__.columns, Grant.code.label("grant_code"), Grant.call_id,
            Fund.base_currency,
        )
        .select_from(model)
        .join(Grant, Grant.id == model.grant_id)
        .join(Fund, Fund.id == Grant.fund_id)
        .where(seen(actor, permission))
    )  # fmt: skip
    for name, value in equals.items():
        if value is not None:
            query = query.where(getattr(model, name) == value)
    return query


def row(db: Session, actor: Actor, model: Any, record_id: UUID, permission: Permission) -> Row[Any]:
    """Return one record's row as lists have it; raise ``not-found`` when out of reach."""
    query = listed(actor, model, permission).where(model.id == record_id)
    return one(db.execute(query).one_or_none())


def get(
    db: Session, actor: Actor, model: type[T], record_id: UUID, permission: Permission
) -> tuple[T, Grant, Fund]:
    """Return a record, its grant and fund, fresh; raise ``not-found`` when out of reach."""
    its: Any = model
    query = (
        select(its, Grant, Fund)
        .join(Grant, Grant.id == its.grant_id)
        .join(Fund, Fund.id == Grant.fund_id)
        .where(its.id == record_id, seen(actor, permission))
        .execution_options(populate_existing=True)
    )
    found = one(db.execute(query).one_or_none())
    return found[0], found[1], found[2]


def lines(db: Session, statement_id: UUID) -> list[ExpenditureLine]:
    """Return the lines of a statement in their order."""
    query = select(ExpenditureLine).where(ExpenditureLine.statement_id == statement_id)
    return list(db.execute(query.order_by(ExpenditureLine.number)).scalars())


def entries(db: Session, receivable_id: UUID) -> list[ReceivableEntry]:
    """Return the latest entries of a receivable, oldest first."""
    query = (
        select(ReceivableEntry)
        .where(ReceivableEntry.receivable_id == receivable_id)
        .order_by(ReceivableEntry.id.desc())
        .limit(MAX_ENTRIES)
    )
    return list(reversed(db.execute(query).scalars().all()))
