"""How a disbursement stands: what keeps it back, whether signatures count, what was done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from fundops import clock
from fundops.disbursements import covered, gates, queries
from fundops.disbursements.models import WAITING, Disbursement
from fundops.disbursements.terms import PaymentTerms, terms_of
from fundops.grants.models import Grant
from fundops.ledger.models import Fund


def state_of(db: Session, disbursement: Disbursement, grant: Grant) -> dict[str, Any]:
    """Return what keeps a disbursement back now, whether its approval is void, and its steps."""
    fund = db.get_one(Fund, grant.fund_id)
    terms = terms_of(db, fund.id, clock.today(fund.zone))
    case = gates.Case(db, fund, grant, disbursement, terms)
    is_waiting = disbursement.status in WAITING and disbursement.status != "sent"
    return {
        "obstacles": [
            {"gate": name, "reason": sentence}
            for name, sentence in (gates.obstacles(case) if is_waiting else [])
        ],
        "is_approval_void": is_waiting and _is_void(db, disbursement, grant),
        "confirmation": confirmation_of(disbursement, fund, terms),
        "steps": [
            {
                "action": one.action,
                "person_id": one.person_id,
                "reason": one.reason,
                "taken_at": one.taken_at,
            }
            for one in queries.steps_of(db, disbursement.id)
        ],
    }


def confirmation_of(disbursement: Disbursement, fund: Fund, terms: PaymentTerms) -> str:
    """Return whether the grantee has confirmed a payment: a missing word never blocks."""
    if disbursement.confirmed_on is not None:
        return "confirmed"
    if disbursement.status != "paid" or disbursement.paid_on is None:
        return "none"
    last = disbursement.paid_on + timedelta(days=terms.confirmation_days)
    return "missing" if clock.today(fund.zone) > last else "waiting"


def _is_void(db: Session, disbursement: Disbursement, grant: Grant) -> bool:
    signed = disbursement.approved_digest or disbursement.certified_digest
    return signed is not None and signed != covered.digest_of(db, disbursement, grant)
