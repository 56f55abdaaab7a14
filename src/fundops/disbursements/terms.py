"""The terms of a fund's policy that payments ask for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session


@dataclass(frozen=True)
class PaymentTerms:
    """Days for which a sanctions check is good, and within which a grantee confirms."""

    sanctions_days: int = 90
    confirmation_days: int = 30


def terms_of(db: Session, fund_id: UUID, on: date) -> PaymentTerms:
    """Return the terms in force for a fund on a day."""
    del db, fund_id, on
    return PaymentTerms()
