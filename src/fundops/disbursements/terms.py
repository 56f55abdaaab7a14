"""The terms of a fund's policy that payments ask for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from fundops.grants.policy import policy_in_force


@dataclass(frozen=True)
class PaymentTerms:
    """Days for which a sanctions check is good, within which a grantee confirms, and a payment is
    reviewed after the fact where its band of the duty profile says nothing else.
    """

    sanctions_days: int
    confirmation_days: int
    review_days: int


def terms_of(db: Session, fund_id: UUID, on: date) -> PaymentTerms:
    """Return the terms in force for a fund on a day."""
    payments = policy_in_force(db, fund_id, on).payments
    return PaymentTerms(
        payments.sanctions_check_valid_days, payments.confirmation_days, payments.review_days
    )
