"""Holds: a stop on payments of a grantee, a grant or one disbursement, with a reason.

Anybody with a duty may place one at once; only another person lifts it.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Permission, Role
from fundops.disbursements.models import Disbursement, PaymentHold
from fundops.errors import Problem
from fundops.grants.models import Grant
from fundops.ids import uuid7
from fundops.messages import text
from fundops.notices.service import tell
from fundops.parties.hands import refuse_behind
from fundops.records import snapshot


def open_holds(db: Session, grant: Grant, disbursement_id: UUID | None) -> Sequence[PaymentHold]:
    """Return what stops payments of a grant, or of one disbursement of it, now."""
    query = (
        select(PaymentHold)
        .where(
            PaymentHold.lifted_at.is_(None),
            or_(
                PaymentHold.grant_id == grant.id,
                PaymentHold.party_id == grant.grantee_id,
                PaymentHold.disbursement_id == disbursement_id,
            ),
            PaymentHold.fund_id.is_(None) | (PaymentHold.fund_id == grant.fund_id),
        )
        .order_by(PaymentHold.placed_at, PaymentHold.id)
    )
    return db.execute(query).scalars().all()


def place(
    db: Session,
    actor: Actor,
    reason: str,
    *,
    fund_id: UUID,
    party_id: UUID | None = None,
    grant_id: UUID | None = None,
    disbursement: Disbursement | None = None,
) -> PaymentHold:
    """Stop payments of one grantee, one grant or one disbursement, in one fund, from now on."""
    hold = PaymentHold(
        id=uuid7(),
        fund_id=fund_id,
        party_id=party_id,
        grant_id=grant_id,
        disbursement_id=disbursement.id if disbursement is not None else None,
        reason=reason,
        placed_by_id=actor.person_id,
        placed_at=clock.now(),
    )
    db.add(hold)
    db.flush()
    audit.record(
        db, actor, "payment_hold.placed", "payment_hold", hold.id, fund_id=fund_id, reason=reason,
        after=snapshot(hold),
    )  # fmt: skip
    tell(
        db, "hold_placed", role=Role.FINANCE_OFFICER.value, fund_id=fund_id,
        about=("payment_hold", hold.id),
    )  # fmt: skip
    return hold


def lift(db: Session, actor: Actor, hold: PaymentHold, reason: str) -> PaymentHold:
    """Lift a hold. Raises ``same-person`` for any hand that placed it, ``wrong-status`` twice."""
    if hold.lifted_at is not None:
        raise Problem("wrong-status", action="lift", status="lifted")
    refuse_behind(
        db, actor, Permission.DISBURSEMENT_HOLD, hold, [hold.placed_by_id],
        text("constraint.hold_two_persons"),
    )  # fmt: skip
    hold.lifted_by_id = actor.person_id
    hold.lifted_at = clock.now()
    hold.lift_reason = reason
    db.flush()
    audit.record(
        db, actor, "payment_hold.lifted", "payment_hold", hold.id, fund_id=hold.fund_id,
        reason=reason, before={"lifted_at": None}, after=snapshot(hold),
    )  # fmt: skip
    return hold
