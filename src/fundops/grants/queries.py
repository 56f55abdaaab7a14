"""Which grants and refunds an actor may see, and how they are found."""

from __future__ import annotations

from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, case, func, null, select, true
from sqlalchemy.orm import Session

from fundops.authz import Actor, Permission
from fundops.donors.scope import rows_held
from fundops.errors import Problem
from fundops.grants.models import Grant, Refund, Tranche
from fundops.ledger.models import Fund, Transfer
from fundops.parties.labels import code_column, name_column
from fundops.parties.models import Party
from fundops.parties.places import hidden_work, title_column

T = TypeVar("T")

SORTS = {"code": Grant.code, "awarded_on": Grant.awarded_on, "awarded": Grant.awarded_minor}
REFUND_SORTS = {"code": Refund.code, "received_on": Refund.received_on}
TRANCHE_SORTS = {"number": Tranche.number}


def rows_of(*columns: Any) -> Select[Any]:
    """Return a SELECT of plain rows; the columns' own types are of no use to our callers."""
    return select(*columns)


def seen(actor: Actor, permission: Permission = Permission.GRANT_READ) -> ColumnElement[bool]:
    """Return which grants ``permission`` reaches: of its funds, and a grantee's own only."""
    grants: Any = Grant.__table__.c
    held = rows_held(actor, permission, party=grants.grantee_id, fund=grants.fund_id)
    return true() if held is None else held


def visible(
    actor: Actor,
    *,
    fund_id: UUID | None = None,
    call_id: UUID | None = None,
    grantee_id: UUID | None = None,
    country: str | None = None,
    status: str | None = None,
) -> Select[Any]:
    """Return the rows of grants that ``actor`` may see, filtered.

    Where the grantee is protected, or the place at risk, the grantee's name and code and the
    grant's title and country are shown, matched and sorted only as far as the reader may know
    them.
    """
    hidden = hidden_work(actor, Grant.country, Grant.fund_id)
    shown_country = case((hidden, null()), else_=Grant.country)
    query = (
        rows_of(
            Grant.id, Grant.code, Grant.fund_id, Grant.call_id, Grant.proposal_id,
            Grant.grantee_id, title_column(hidden, Grant.title).label("title"),
            shown_country.label("shown_country"), Grant.region, Grant.objectives,
            Grant.awarded_on, Grant.starts_on, Grant.ends_on, Grant.awarded_minor,
            Grant.requested_minor, Grant.paid_minor, Grant.refunded_minor, Grant.status,
            Grant.version, Fund.base_currency, name_column(actor).label("grantee_name"),
            code_column(actor).label("grantee_code"),
        )
        .join(Fund, Fund.id == Grant.fund_id)
        .join(Party, Party.id == Grant.grantee_id)
        .where(seen(actor))
    )  # fmt: skip
    for column, value in (
        (Grant.fund_id, fund_id),
        (Grant.call_id, call_id),
        (Grant.grantee_id, grantee_id),
        (shown_country, country),
        (Grant.status, status),
    ):
        if value is not None:
            query = query.where(column == value)
    return query


def row(db: Session, actor: Actor, grant_id: UUID) -> Row[Any]:
    """Return one grant's row as lists have it; raise ``not-found`` when it may not be seen."""
    return one(db.execute(visible(actor).where(Grant.id == grant_id)).one_or_none())


def get_visible(
    db: Session, actor: Actor, grant_id: UUID, permission: Permission = Permission.GRANT_READ
) -> Grant:
    """Return a grant, fresh, for ``permission``; raise ``not-found`` when it may not be seen."""
    query = select(Grant).where(Grant.id == grant_id, seen(actor, permission))
    query = query.execution_options(populate_existing=True)
    return one(db.execute(query).scalar_one_or_none())


def tranches(actor: Actor, grant_id: UUID) -> Select[Any]:
    """Return the rows of a grant's tranches."""
    return (
        rows_of(
            Tranche.id, Tranche.number, Tranche.due_on, Tranche.amount_minor, Fund.base_currency
        )
        .join(Grant, Grant.id == Tranche.grant_id)
        .join(Fund, Fund.id == Grant.fund_id)
        .where(Tranche.grant_id == grant_id, seen(actor))
    )


def refunds(actor: Actor, *, grant_id: UUID | None = None) -> Select[Any]:
    """Return the rows of refunds that ``actor`` may see, filtered."""
    query = (
        rows_of(
            Refund.id, Refund.code, Refund.grant_id, Grant.code.label("grant_code"),
            Refund.amount_minor, Refund.received_on, Refund.reference, Fund.base_currency,
        )
        .join(Grant, Grant.id == Refund.grant_id)
        .join(Fund, Fund.id == Grant.fund_id)
        .where(seen(actor), Refund.status == "booked")
    )  # fmt: skip
    return query if grant_id is None else query.where(Refund.grant_id == grant_id)


def refund_row(db: Session, actor: Actor, refund_id: UUID) -> Row[Any]:
    """Return one refund's row; raise ``not-found`` when it may not be seen."""
    return one(db.execute(refunds(actor).where(Refund.id == refund_id)).one_or_none())


def last_paid_on(db: Session, grant_id: UUID) -> date | None:
    """Return the day of a grant's last payment, or of its last return, if there was one."""
    query = select(func.max(Transfer.effective_on)).where(
        Transfer.grant_id == grant_id, Transfer.kind.in_(("pay", "pay_return"))
    )
    return db.execute(query).scalar_one()


def one(found: T | None) -> T:
    """Return what was found; raise ``not-found`` where nothing was."""
    if found is None:
        raise Problem("not-found")
    return found
