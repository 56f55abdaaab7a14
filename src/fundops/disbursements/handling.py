"""Who may take a step of a payment, in whose hands the steps before are, and keeping each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.disbursements import gates, limits
from fundops.disbursements.acting import is_outside, taken
from fundops.disbursements.duties import Band, Duty, same_hands
from fundops.disbursements.models import Disbursement, DisbursementStep
from fundops.disbursements.reviewing import band_for
from fundops.disbursements.steps import DUTY_OF, PERMISSION, RECORDED_AS, STEPS
from fundops.disbursements.telling import tell_of
from fundops.disbursements.terms import terms_of
from fundops.errors import Problem
from fundops.grants.models import Grant
from fundops.grants.rules import refuse_interest
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.parties.hands import hands_of


def check_duty(
    db: Session,
    actor: audit.Author,
    fund: Fund,
    disbursement: Disbursement,
    grant: Grant,
    duty: Duty,
) -> None:
    """Refuse a duty to whoever must not take it, or while something keeps the payment back.

    Raises ``same-person`` for hands that took another duty of this payment, ``not-allowed`` for
    an insider where the payer must be from outside, ``over-limit``, ``conflict-of-interest`` and
    ``payment-kept-back``.
    """
    refuse_interest(db, actor, grant.grantee_id)
    hands = hands_of(db, actor, PERMISSION[duty], fund.id)
    band = band_for(db, fund, disbursement.amount_minor)
    _refuse_common_hands(band, taken(db, disbursement), duty, hands)
    if actor.person_id is not None:
        if duty == "pay" and band.payer_is_outside and not is_outside(db, hands, fund.id):
            raise Problem("not-allowed", detail=text("disbursements.payer_outside"))
        limits.check(db, fund, hands, duty, disbursement.amount_minor)
    terms = terms_of(db, fund.id, clock.today(fund.zone))
    gates.require_open(gates.Case(db, fund, grant, disbursement, terms))


def _refuse_common_hands(
    band: Band, found: Mapping[Duty, frozenset[UUID]], duty: Duty, hands: frozenset[UUID]
) -> None:
    """Refuse a duty in common hands with another, and any while two before it are in common hands.

    What was eased, or not known to be one human, when those were taken may be so no longer.
    """
    for one, its in [(duty, hands), *found.items()]:
        other = same_hands(band, found, one, its)
        if other is not None:
            detail = text("disbursements.same_hands", duty=text(f"duty.{one}"),
                other=text(f"duty.{other}"))  # fmt: skip
            raise Problem("same-person", detail=detail)


def record(
    db: Session,
    actor: audit.Author,
    action: str,
    disbursement: Disbursement,
    grant: Grant,
    *,
    reason: str | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    digest: str | None = None,
) -> int:
    """Keep a step with the hands it is in, and tell the audit chain; return the event's number."""
    duty = DUTY_OF.get(action)
    permission = PERMISSION[duty] if duty is not None else STEPS[action].permission
    hands = hands_of(db, actor, permission, grant.fund_id)
    one = DisbursementStep(
        id=uuid7(),
        disbursement_id=disbursement.id,
        action=action,
        person_id=actor.person_id,
        principals=json.dumps(sorted(hand.hex for hand in hands), separators=(",", ":")),
        digest=digest,
        reason=reason,
        taken_at=clock.now(),
    )
    db.add(one)
    db.flush()
    seq = audit.record(
        db, actor, f"disbursement.{RECORDED_AS[action]}", "disbursement", disbursement.id,
        fund_id=grant.fund_id, reason=reason, before=before, after=after,
    )  # fmt: skip
    tell_of(db, action, disbursement, grant)
    return seq
