"""What others want to be told of payments; this domain knows nothing of them.

Domains above put functions in these lists when they are imported. A function may change records of
its own and may raise a problem, which refuses the whole; it runs in the payment's transaction.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from fundops import audit
from fundops.disbursements.models import Disbursement
from fundops.grants.models import Grant

AFTER_PAID: list[Callable[[Session, audit.Author, Grant, Disbursement], None]] = []
"""Called with a grant and its disbursement that has just been booked as paid."""


def paid(db: Session, actor: audit.Author, grant: Grant, disbursement: Disbursement) -> None:
    """Tell who waits for it that a grantee has been paid."""
    for told in AFTER_PAID:
        told(db, actor, grant, disbursement)
