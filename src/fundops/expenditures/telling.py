"""Who is told that money is asked back."""

from __future__ import annotations

from sqlalchemy.orm import Session

from fundops.expenditures.models import RefundRequest
from fundops.grants.models import Grant
from fundops.notices.service import tell


def tell_of_request(db: Session, asked: RefundRequest, grant: Grant) -> None:
    """Tell the grantee what is asked for, and until when; a reminder is told like the first."""
    tell(
        db, "refund_requested", party_id=grant.grantee_id, fund_id=grant.fund_id,
        about=("refund_request", asked.id), facts={"code": asked.code, "on": asked.due_on},
    )  # fmt: skip
