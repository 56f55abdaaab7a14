"""Who is told of which step of a payment."""

from __future__ import annotations

from sqlalchemy.orm import Session

from fundops.authz import Role
from fundops.disbursements.models import Disbursement
from fundops.grants.models import Grant
from fundops.notices.service import tell

NEXT = {
    "request": ("disbursement_requested", Role.FINANCE_OFFICER),
    "resubmit": ("disbursement_requested", Role.FINANCE_OFFICER),
    "certify": ("disbursement_certified", Role.APPROVER),
    "approve": ("disbursement_approved", Role.SIGNATORY),
}
"""Step -> kind of notice, and the role whose turn it is then."""

PAID = frozenset({"pay", "record_paid"})


def tell_of(db: Session, action: str, disbursement: Disbursement, grant: Grant) -> None:
    """Tell whose turn it is, who asked for what was sent back, or the grantee that money comes."""
    about, facts = ("disbursement", disbursement.id), {"code": disbursement.code}
    if action in NEXT:
        kind, role = NEXT[action]
        tell(
            db, kind, role=role.value, fund_id=grant.fund_id, about=about, facts=facts,
            of_party_id=grant.grantee_id,
        )  # fmt: skip
    elif action in ("send_back", "reject", "fail"):
        tell(
            db, "disbursement_sent_back", person_ids=[disbursement.requested_by_id], about=about,
            facts=facts, of_party_id=grant.grantee_id,
        )  # fmt: skip
    elif action in PAID:
        tell(db, "disbursement_paid", party_id=grant.grantee_id, about=about, facts=facts)
