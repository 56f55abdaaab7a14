"""Which local receipts an actor may see, which count, and what their rates are judged by."""

from __future__ import annotations

from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, select, true
from sqlalchemy.orm import Session, aliased

from fundops.authz import Actor, Permission
from fundops.disbursements.models import Disbursement
from fundops.files.models import File
from fundops.files.queries import Funds, used_by
from fundops.grants.models import Grant
from fundops.grants.queries import one, rows_of, seen
from fundops.ledger.models import Fund
from fundops.reports.conversion import Exchanged
from fundops.reports.models import ProgressReport
from fundops.reports.money_models import LocalReceipt

RECEIPT_ID: Any = LocalReceipt.__table__.c.id
SORTS = {"received_on": LocalReceipt.received_on}


def receipts(actor: Actor, grant_id: UUID | None = None) -> Select[Any]:
    """Return the rows of local receipts that ``actor`` may see, reversals among them."""
    again = aliased(LocalReceipt)
    reversed_ = exists(select(again.id).where(again.reverses_id == LocalReceipt.id))
    query = (
        rows_of(
            *LocalReceipt.__table__.columns, reversed_.label("is_reversed"),
            Disbursement.code.label("disbursement_code"), Fund.base_currency,
        )
        .join(Disbursement, Disbursement.id == LocalReceipt.disbursement_id)
        .join(Grant, Grant.id == LocalReceipt.grant_id)
        .join(Fund, Fund.id == Grant.fund_id)
        .where(seen(actor, Permission.REPORT_READ))
    )  # fmt: skip
    return query if grant_id is None else query.where(LocalReceipt.grant_id == grant_id)


def get(
    db: Session, actor: Actor, receipt_id: UUID, permission: Permission
) -> tuple[LocalReceipt, Grant]:
    """Return a local receipt and its grant; raise ``not-found`` when out of reach."""
    query = (
        select(LocalReceipt, Grant)
        .join(Grant, Grant.id == LocalReceipt.grant_id)
        .where(LocalReceipt.id == receipt_id, seen(actor, permission))
    )
    found = one(db.execute(query).one_or_none())
    return found[0], found[1]


def standing() -> ColumnElement[bool]:
    """Return the condition that a local receipt counts: no reversal, and not reversed."""
    again = aliased(LocalReceipt)
    return LocalReceipt.reverses_id.is_(None) & ~exists(
        select(again.id).where(again.reverses_id == LocalReceipt.id)
    )


def is_reversed(db: Session, receipt_id: UUID) -> bool:
    """Return whether a local receipt is reversed."""
    query = select(LocalReceipt.id).where(LocalReceipt.reverses_id == receipt_id)
    return db.execute(query).first() is not None


def received(db: Session, grant_id: UUID, currency: str) -> list[Exchanged]:
    """Return what was received for a grant in the order of its day; what came back is not there.

    Payments of one day count in the order in which they were paid, then as they were declared.
    """
    query = (
        select(LocalReceipt.received_on, LocalReceipt.base_minor, LocalReceipt.local_minor)
        .join(Disbursement, Disbursement.id == LocalReceipt.disbursement_id)
        .where(
            LocalReceipt.grant_id == grant_id,
            LocalReceipt.currency == currency,
            Disbursement.status == "paid",
            standing(),
        )
        .order_by(LocalReceipt.received_on, Disbursement.paid_on, LocalReceipt.id)
    )
    return [Exchanged(*row) for row in db.execute(query)]


def used_of(db: Session, disbursement_id: UUID) -> tuple[int, int, int]:
    """Return how many parts of a payment stand, what they come to, and how many rows there are."""
    rows = select(func.count()).where(LocalReceipt.disbursement_id == disbursement_id)
    query = select(func.count(), func.coalesce(func.sum(LocalReceipt.base_minor), 0)).where(
        LocalReceipt.disbursement_id == disbursement_id, standing()
    )
    count, minor = db.execute(query).one()
    return int(count), int(minor), int(db.execute(rows).scalar_one())


def currency_of(db: Session, grant_id: UUID) -> str | None:
    """Return the currency that a grant's reports declare, else that of what it received."""
    reports = select(ProgressReport.currency).where(
        ProgressReport.grant_id == grant_id, ProgressReport.currency.is_not(None)
    )
    found = db.execute(reports.order_by(ProgressReport.number.desc()).limit(1)).scalar()
    if found is not None:
        return found
    rows = select(LocalReceipt.currency).where(LocalReceipt.grant_id == grant_id, standing())
    return db.execute(rows.limit(1)).scalar()


def other_currency(db: Session, grant_id: UUID, currency: str) -> str | None:
    """Return another currency in which something was received for a grant, if there is one."""
    query = select(LocalReceipt.currency).where(
        LocalReceipt.grant_id == grant_id, LocalReceipt.currency != currency, standing()
    )
    return db.execute(query.limit(1)).scalar()


def local_rate(row: Any) -> Fraction:
    """Return base per local of a row, in minor units of each."""
    return Fraction(row.base_minor, row.local_minor)


@used_by
def shows_exchange(funds: Funds) -> ColumnElement[bool]:
    """Return whether a file is a bank's slip of a local receipt of ``funds``."""
    of = true() if funds is None else Grant.fund_id.in_(funds)
    return exists(
        select(LocalReceipt.id)
        .join(Grant, Grant.id == LocalReceipt.grant_id)
        .where(LocalReceipt.file_id == File.id, of)
    )
