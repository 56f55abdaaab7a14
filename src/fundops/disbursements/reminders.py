"""Reminders of payments: a grantee's confirmation, and reviews after the fact, once a week."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from fundops.authz import Permission
from fundops.config import Settings
from fundops.db import Database
from fundops.disbursements.models import Disbursement
from fundops.disbursements.queries import unconfirmed
from fundops.grants.models import Grant
from fundops.grants.queries import rows_of
from fundops.ledger.models import Fund
from fundops.notices import jobs
from fundops.notices.reminders import WEEKLY, Reminder, remind
from fundops.roles import roles_with


def _unconfirmed(db: Session, fund: Fund, today: date) -> Select[Any]:
    """Select payments that nobody confirmed in time; ``on`` is the day they were made."""
    query = rows_of(
        Disbursement.id,
        Grant.grantee_id.label("party_id"),
        Disbursement.code,
        Disbursement.paid_on.label("on"),
    )
    return query.join(Grant, Grant.id == Disbursement.grant_id).where(
        Grant.fund_id == fund.id, unconfirmed(db, fund.id, today)
    )


def _to_review(db: Session, fund: Fund, today: date) -> Select[Any]:
    """Select payments whose review is due or overdue, with who had a part in them.

    Also of grants that have ended: until it is done, the fund is back to four persons.
    """
    del db
    query = rows_of(
        Disbursement.id,
        Grant.grantee_id.label("party_id"),
        Disbursement.code,
        Disbursement.review_due_on.label("on"),
        Disbursement.requested_by_id,
        Disbursement.certified_by_id,
        Disbursement.approved_by_id,
        Disbursement.sent_by_id,
    )
    return query.join(Grant, Grant.id == Disbursement.grant_id).where(
        Grant.fund_id == fund.id,
        Disbursement.review_due_on <= today,
        Disbursement.reviewed_at.is_(None),
    )


TO_CONFIRM = Reminder(
    "disbursement_confirm_reminder", "disbursement", Disbursement, _unconfirmed, WEEKLY
)
TO_REVIEW = Reminder(
    "review_after_due", "disbursement", Disbursement, _to_review, WEEKLY,
    roles_with(Permission.DISBURSEMENT_REVIEW),
)  # fmt: skip


def run(database: Database, settings: Settings) -> Mapping[str, int]:
    """Remind of payments to confirm and to review; return of how many."""
    del settings
    return {
        "to confirm": remind(database, TO_CONFIRM),
        "to review": remind(database, TO_REVIEW),
    }


jobs.register("payments", run)
