"""Which grants, disbursements and refunds an actor may see, and how they are found."""

from __future__ import annotations

from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, case, func, null, select, true
from sqlalchemy.orm import Session

from fundops.authz import Actor, Permission
from fundops.donors.scope import rows_held
from fundops.errors import Problem
from fundops.grants.models import Disbursement, Grant, Refund, Tranche
from fundops.ledger.models import Fund
from fundops.parties.labels import code_column, hidden_column, name_column
from fundops.parties.models import Party

T = TypeVar("T")

SORTS = {"code": Grant.code, "awarded_on": Grant.awarded_on, "awarded": Grant.awarded_minor}
DISBURSEMENT_SORTS = {"code": Disbursement.code, "requested_on": Disbursement.requested_on}
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

    Where the grantee is protected, its name, code and the grant's country are shown, matched and
    sorted only as far as the reader may know them.
    """
    hidden = hidden_column(actor)
    shown_country = case((hidden, null()), else_=Grant.country)
    query = (
        rows_of(
            Grant.id, Grant.code, Grant.fund_id, Grant.call_id, Grant.proposal_id,
            Grant.grantee_id, Grant.title,
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
    return _one(db.execute(visible(actor).where(Grant.id == grant_id)).one_or_none())


def get_visible(
    db: Session, actor: Actor, grant_id: UUID, permission: Permission = Permission.GRANT_READ
) -> Grant:
    """Return a grant, fresh, for ``permission``; raise ``not-found`` when it may not be seen."""
    query = select(Grant).where(Grant.id == grant_id, seen(actor, permission))
    query = query.execution_options(populate_existing=True)
    return _one(db.execute(query).scalar_one_or_none())


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


def disbursements(
    actor: Actor, *, grant_id: UUID | None = None, status: str | None = None
) -> Select[Any]:
    """Return the rows of disbursements that ``actor`` may see, filtered."""
    query = (
        rows_of(
            Disbursement.id, Disbursement.code, Disbursement.grant_id,
            Grant.code.label("grant_code"), Disbursement.tranche_id, Disbursement.amount_minor,
            Disbursement.requested_on, Disbursement.requested_by_id, Disbursement.paid_on,
            Disbursement.paid_by_id, Disbursement.reference, Disbursement.status,
            Disbursement.version, Fund.base_currency,
        )
        .join(Grant, Grant.id == Disbursement.grant_id)
        .join(Fund, Fund.id == Grant.fund_id)
        .where(seen(actor))
    )  # fmt: skip
    if grant_id is not None:
        query = query.where(Disbursement.grant_id == grant_id)
    if status is not None:
        query = query.where(Disbursement.status == status)
    return query


def disbursement_row(db: Session, actor: Actor, disbursement_id: UUID) -> Row[Any]:
    """Return one disbursement's row; raise ``not-found`` when it may not be seen."""
    query = disbursements(actor).where(Disbursement.id == disbursement_id)
    return _one(db.execute(query).one_or_none())


def get_disbursement(
    db: Session, actor: Actor, disbursement_id: UUID, permission: Permission
) -> tuple[Disbursement, Grant]:
    """Return a disbursement and its grant, fresh; raise ``not-found`` when out of reach."""
    query = (
        select(Disbursement, Grant)
        .join(Grant, Grant.id == Disbursement.grant_id)
        .where(Disbursement.id == disbursement_id, seen(actor, permission))
        .execution_options(populate_existing=True)
    )
    found = _one(db.execute(query).one_or_none())
    return found[0], found[1]


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
    return _one(db.execute(refunds(actor).where(Refund.id == refund_id)).one_or_none())


def requested_of_tranche(db: Session, tranche_id: UUID) -> int:
    """Return what is requested or paid of a tranche, minor units."""
    query = select(func.coalesce(func.sum(Disbursement.amount_minor), 0)).where(
        Disbursement.tranche_id == tranche_id, Disbursement.status != "cancelled"
    )
    return int(db.execute(query).scalar_one())


def last_paid_on(db: Session, grant_id: UUID) -> date | None:
    """Return the day of a grant's last payment, if there was one."""
    query = select(func.max(Disbursement.paid_on)).where(Disbursement.grant_id == grant_id)
    return db.execute(query).scalar_one()


def _one(found: T | None) -> T:
    if found is None:
        raise Problem("not-found")
    return found
