"""Who is of the office and who is from outside, and in whose hands the duties of a payment are."""

from __future__ import annotations

import json
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import clock
from fundops.authz import Role
from fundops.disbursements.duties import DUTIES, Duty
from fundops.disbursements.models import Disbursement, DisbursementStep
from fundops.disbursements.steps import DUTY_OF
from fundops.parties.access_queries import held_at
from fundops.parties.models import Membership
from fundops.parties.same_persons import is_joined, records_of

INSIDE_ROLES = frozenset(
    {
        Role.ADMINISTRATOR,
        Role.FUND_MANAGER,
        Role.FINANCE_OFFICER,
        Role.APPROVER,
        Role.GRANT_OFFICER,
    }
)
"""Roles of the office itself."""


def is_outside(db: Session, hands: Collection[UUID], fund_id: UUID) -> bool:
    """Return whether no hand, under no record of theirs, has a role of the fund's own office."""
    query = select(Membership.id).where(
        Membership.person_id.in_(records_of(db, hands)),
        Membership.role.in_(sorted(role.value for role in INSIDE_ROLES)),
        (Membership.fund_id == fund_id) | Membership.fund_id.is_(None),
        held_at(clock.now()),
    )
    return db.execute(query.limit(1)).first() is None


def taken(db: Session, disbursement: Disbursement) -> dict[Duty, frozenset[UUID]]:
    """Return in whose hands the duties are that were taken and still count.

    Records that somebody has joined since count as one human's, too.
    """
    query = (
        select(DisbursementStep)
        .where(DisbursementStep.disbursement_id == disbursement.id)
        .order_by(DisbursementStep.taken_at, DisbursementStep.id)
    )
    found: dict[Duty, frozenset[UUID]] = {}
    for one in db.execute(query).scalars():
        duty = DUTY_OF.get(one.action)
        if one.action in ("send_back", "resubmit"):
            found = {"request": found["request"]} if "request" in found else {}
        if duty is not None:
            hands = frozenset(UUID(hand) for hand in json.loads(one.principals))
            found[duty] = found.get(duty, frozenset()) | hands
    everybody = frozenset[UUID]().union(*found.values())
    if is_joined(db, everybody):
        found = {duty: records_of(db, hands) for duty, hands in found.items()}
    return {duty: found[duty] for duty in DUTIES if duty in found}
