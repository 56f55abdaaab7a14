"""What grantees received in their own currency: declared, reversed, never edited."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from fundops import audit, clock, money
from fundops.authz import Actor
from fundops.disbursements.models import Disbursement
from fundops.errors import Problem, invalid
from fundops.files import service as files
from fundops.grants.models import Grant
from fundops.grants.rules import base_minor, past_day
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.records import snapshot
from fundops.reports import local_queries as queries
from fundops.reports.local_schemas import LocalReceiptIn
from fundops.reports.money_models import LocalReceipt

MAX_EXCHANGES = 100
"""Standing parts of one payment, and as many that were reversed."""


def declare(
    db: Session,
    actor: Actor,
    fund: Fund,
    grant: Grant,
    disbursement: Disbursement,
    given: LocalReceiptIn,
) -> LocalReceipt:
    """Declare what was received in local currency for part of a payment.

    Raises ``wrong-status`` for what is not paid, ``invalid-request`` for a day before the payment
    or in the future, for another currency than the grant's, for more than is left of the payment,
    and for a file that is not the grantee's.
    """
    if disbursement.status != "paid" or disbursement.paid_on is None:
        raise Problem("wrong-status", detail=text("local.not_paid"))
    on = past_day(fund, given.received_on, "/received_on")
    if on < disbursement.paid_on:
        raise invalid("/received_on", "local.before_payment")
    _check_currency(db, fund, grant, given.received.currency)
    base, local = base_minor(fund, given.exchanged, "/exchanged"), given.received.minor("/received")
    _check_room(db, fund, disbursement, base)
    if given.file_id is not None:
        files.of_party(db, actor, grant.grantee_id, given.file_id)
    made = _row(actor, grant, disbursement.id, on, base, given.received.currency, local)
    made.file_id = given.file_id
    return _add(db, actor, grant, made, "declared")


def reverse(
    db: Session, actor: Actor, grant: Grant, receipt: LocalReceipt, reason: str
) -> LocalReceipt:
    """Reverse what was declared wrongly; what is right is then declared anew.

    Raises ``already-exists`` for what is reversed already, ``wrong-status`` for a reversal.
    """
    if receipt.reverses_id is not None:
        raise Problem("wrong-status", detail=text("local.is_reversal"))
    if queries.is_reversed(db, receipt.id):
        raise Problem("already-exists", detail=text("constraint.local_receipt_reversed"))
    made = _row(
        actor, grant, receipt.disbursement_id, receipt.received_on, receipt.base_minor,
        receipt.currency, receipt.local_minor,
    )  # fmt: skip
    made.reverses_id, made.reason = receipt.id, reason
    return _add(db, actor, grant, made, "reversed")


def _row(
    actor: Actor, grant: Grant, disbursement_id: UUID, on: date, base: int, currency: str,
    local: int,
) -> LocalReceipt:  # fmt: skip
    return LocalReceipt(
        id=uuid7(), grant_id=grant.id, disbursement_id=disbursement_id, received_on=on,
        base_minor=base, currency=currency, local_minor=local, declared_by_id=actor.person_id,
        created_at=clock.now(),
    )  # fmt: skip


def _add(db: Session, actor: Actor, grant: Grant, made: LocalReceipt, action: str) -> LocalReceipt:
    db.add(made)
    db.flush()
    audit.record(
        db, actor, f"local_receipt.{action}", "local_receipt", made.id, fund_id=grant.fund_id,
        reason=made.reason, after=snapshot(made),
    )  # fmt: skip
    return made


def _check_currency(db: Session, fund: Fund, grant: Grant, currency: str) -> None:
    """Refuse another currency than the grant's reports and receipts are in."""
    declared = queries.currency_of(db, grant.id)
    if fund.base_currency in (currency, declared):
        detail = text("local.base_currency", currency=fund.base_currency)
        raise Problem("conflict", detail=detail)
    if declared not in (None, currency):
        raise invalid("/received/currency", "local.one_currency", currency=declared)


def _check_room(db: Session, fund: Fund, disbursement: Disbursement, base: int) -> None:
    """Refuse to account for more of a payment than was paid."""
    count, used, rows = queries.used_of(db, disbursement.id)
    if count >= MAX_EXCHANGES or rows >= 3 * MAX_EXCHANGES:
        raise Problem("conflict", detail=text("local.too_many", limit=MAX_EXCHANGES))
    left = disbursement.amount_minor - used
    if base > left:
        shown = money.display(left, fund.base_currency)
        raise invalid("/exchanged/amount", "local.more_than_paid", left=shown)
