"""What a signature on a payment covers, as one digest: any change of it makes the approval void."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlalchemy.orm import Session

from fundops.disbursements.models import Disbursement
from fundops.grants.agreement_queries import in_force
from fundops.grants.models import Grant, Tranche
from fundops.payees.models import BankAccount


def facts_of(db: Session, disbursement: Disbursement, grant: Grant) -> dict[str, Any]:
    """Return what whoever certifies or approves answers for, as it is now."""
    account = (
        db.get(BankAccount, disbursement.account_id, populate_existing=True)
        if disbursement.account_id is not None
        else None
    )
    tranche = db.get(Tranche, disbursement.tranche_id) if disbursement.tranche_id else None
    agreed = in_force(db, grant.id)
    found: dict[str, Any] = {
        "disbursement": disbursement.id.hex,
        "amount_minor": disbursement.amount_minor,
        "requested_on": disbursement.requested_on.isoformat(),
        "requested_by": disbursement.requested_by_id.hex if disbursement.requested_by_id else None,
        "grant": grant.id.hex,
        "grantee": grant.grantee_id.hex,
        "awarded_minor": grant.awarded_minor,
        "account": [account.id.hex, account.masked, account.status] if account else None,
        "agreement": [agreed.id.hex, agreed.text_number] if agreed else None,
        "tranche": [tranche.id.hex, tranche.amount_minor] if tranche else None,
    }
    return found


def digest_of(db: Session, disbursement: Disbursement, grant: Grant) -> str:
    """Return the SHA-256 of what is answered for, as it is now."""
    text = json.dumps(facts_of(db, disbursement, grant), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
