"""What domains above want to be asked or told of payments, which know nothing of them.

They put functions in these lists when they are imported; a function runs in the transaction of
what it is told of, and may raise a problem, which refuses the whole.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from fundops import audit
from fundops.disbursements.models import Disbursement
from fundops.grants.models import Grant

AFTER_PAID: list[Callable[[Session, audit.Author, Grant, Disbursement], None]] = []
"""Called when a payment has been booked."""


def paid(db: Session, actor: audit.Author, grant: Grant, disbursement: Disbursement) -> None:
    """Tell who waits for it that a grantee has been paid."""
    for told in AFTER_PAID:
        told(db, actor, grant, disbursement)
