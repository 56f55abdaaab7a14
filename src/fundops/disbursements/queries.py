"""Which disbursements an actor may see, and how they are found."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, case, func, or_, select
from sqlalchemy.orm import Session

from fundops.authz import Actor, Permission
from fundops.disbursements.models import WAITING, Disbursement, DisbursementStep
from fundops.disbursements.terms import terms_of
from fundops.grants import hooks
from fundops.grants.models import Grant, Tranche
from fundops.grants.queries import one, rows_of, seen
from fundops.grants.rules import RUNNING
from fundops.ledger.models import Fund
from fundops.payees import hooks as payees

OVER = ("cancelled", "rejected", "failed")
"""Statuses in which a disbursement came to nothing."""

SORTS = {"code": Disbursement.code, "requested_on": Disbursement.requested_on}


def disbursements(
    actor: Actor, *, grant_id: UUID | None = None, status: str | None = None
) -> Select[Any]:
    """Return the rows of disbursements that ``actor`` may see, filtered."""
    query = _rows().where(seen(actor))
    if grant_id is not None:
        query = query.where(Disbursement.grant_id == grant_id)
    if status is not None:
        query = query.where(Disbursement.status == status)
    return query


def _rows() -> Select[Any]:
    return (
        rows_of(
            Disbursement.id, Disbursement.code, Disbursement.grant_id,
            Grant.code.label("grant_code"), Disbursement.tranche_id, Disbursement.amount_minor,
            Disbursement.requested_on, Disbursement.requested_by_id, Disbursement.paid_on,
            Disbursement.paid_by_id, Disbursement.reference, Disbursement.status,
            Disbursement.version, Fund.base_currency, Disbursement.account_id,
            Disbursement.certified_by_id, Disbursement.certified_at, Disbursement.approved_by_id,
            Disbursement.approved_at, Disbursement.sent_by_id, Disbursement.sent_at,
            Disbursement.evidence_kind, Disbursement.evidence_note, Disbursement.returned_on,
            Disbursement.review_due_on, Disbursement.reviewed_by_id, Disbursement.confirmed_on,
            Disbursement.confirmed_minor, Disbursement.confirmed_currency,
            Disbursement.confirmed_charges_minor,
        )
        .join(Grant, Grant.id == Disbursement.grant_id)
        .join(Fund, Fund.id == Grant.fund_id)
    )  # fmt: skip


def disbursement_row(db: Session, actor: Actor, disbursement_id: UUID) -> Row[Any]:
    """Return one disbursement's row; raise ``not-found`` when it may not be seen."""
    query = disbursements(actor).where(Disbursement.id == disbursement_id)
    return one(db.execute(query).one_or_none())


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
    found = one(db.execute(query).one_or_none())
    return found[0], found[1]


def requested_of_tranche(db: Session, tranche_id: UUID) -> int:
    """Return what is requested or paid of a tranche, minor units."""
    query = select(func.coalesce(func.sum(Disbursement.amount_minor), 0)).where(
        Disbursement.tranche_id == tranche_id, Disbursement.status.in_((*WAITING, "paid"))
    )
    return int(db.execute(query).scalar_one())


def has_tranches(db: Session, grant_id: UUID) -> bool:
    """Return whether a grant is paid in tranches."""
    return (
        db.execute(select(Tranche.id).where(Tranche.grant_id == grant_id).limit(1)).first()
        is not None
    )


def steps_of(db: Session, disbursement_id: UUID) -> Sequence[DisbursementStep]:
    """Return the steps of a disbursement, the first first."""
    query = (
        select(DisbursementStep)
        .where(DisbursementStep.disbursement_id == disbursement_id)
        .order_by(DisbursementStep.taken_at, DisbursementStep.id)
    )
    return db.execute(query).scalars().all()


def own_row(db: Session, disbursement_id: UUID) -> Row[Any]:
    """Return one disbursement's row for whoever has just taken a step of it."""
    return db.execute(_own_row(), {"disbursement_id": disbursement_id}).one()


@cache
def _own_row() -> Select[Any]:
    return _rows().where(Disbursement.id == bindparam("disbursement_id"))


def tranches_named(db: Session, grant_id: UUID) -> dict[UUID, bool]:
    """Return the tranches that payments of a grant name; true where money went or may go yet."""
    is_used = func.max(case((Disbursement.status.in_(OVER), 0), else_=1))
    query = (
        select(Disbursement.tranche_id, is_used)
        .where(Disbursement.grant_id == grant_id, Disbursement.tranche_id.is_not(None))
        .group_by(Disbursement.tranche_id)
    )
    return {found: bool(used) for found, used in db.execute(query) if found is not None}


def used_of_accounts(db: Session, account_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return what was paid, or is on its way, to each of the accounts, minor units."""
    query = (
        select(Disbursement.account_id, func.sum(Disbursement.amount_minor))
        .where(
            Disbursement.account_id.in_(account_ids), Disbursement.status.in_((*WAITING, "paid"))
        )
        .group_by(Disbursement.account_id)
    )
    return {found: int(minor) for found, minor in db.execute(query) if found is not None}


def unconfirmed(db: Session, fund_id: UUID, today: date) -> ColumnElement[bool]:
    """Return the condition that a fund's grantee has let the time pass to confirm a payment.

    The policy sets that time. Of payments that were imported nobody asks.
    """
    before = today - timedelta(days=terms_of(db, fund_id, today).confirmation_days)
    ours = or_(Disbursement.evidence_kind.is_(None), Disbursement.evidence_kind != "import")
    return and_(
        Disbursement.status == "paid", Disbursement.confirmed_on.is_(None),
        Disbursement.paid_on < before, ours, Grant.status.in_(RUNNING),
    )  # fmt: skip


hooks.TRANCHES_NAMED.append(tranches_named)
payees.USED.append(used_of_accounts)
