"""In whose hands a step is: the person, who lent the role, who issued the token.

Somebody who acts only on a lent role acts for the lender too, and a token that another person
issued could have been used by that person. So both count when duties are kept apart: nobody pays
alone through delegations, second records or tokens made for others.
"""

from __future__ import annotations

import json
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.audit import AuditEvent
from fundops.authz import ROLE_PERMISSIONS, Actor, Permission, Role
from fundops.disbursements.duties import DUTIES, Duty
from fundops.disbursements.models import Disbursement, DisbursementStep
from fundops.disbursements.steps import DUTY_OF
from fundops.parties.access_queries import held_at
from fundops.parties.models import Membership, Token
from fundops.parties.same_persons import records_of

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


def hands_of(
    db: Session, actor: audit.Author, permission: Permission, fund_id: UUID
) -> frozenset[UUID]:
    """Return every person on whose authority ``actor`` does something; none for the system."""
    if not isinstance(actor, Actor):
        return frozenset()
    mine = {actor.person_id, *_lenders(db, actor.person_id, permission, fund_id)}
    if actor.token_id is not None:
        mine |= _issuers(db, actor.token_id, actor.person_id)
    return records_of(db, mine)


def is_outside(db: Session, person_id: UUID, fund_id: UUID) -> bool:
    """Return whether a person, under no record of theirs, has a role of the fund's own office."""
    query = select(Membership.id).where(
        Membership.person_id.in_(records_of(db, [person_id])),
        Membership.role.in_(sorted(role.value for role in INSIDE_ROLES)),
        (Membership.fund_id == fund_id) | Membership.fund_id.is_(None),
        held_at(clock.now()),
    )
    return db.execute(query.limit(1)).first() is None


def taken(db: Session, disbursement: Disbursement) -> dict[Duty, frozenset[UUID]]:
    """Return in whose hands the duties are that were taken and still count."""
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
    return {duty: found[duty] for duty in DUTIES if duty in found}


def _lenders(
    db: Session, person_id: UUID, permission: Permission, fund_id: UUID
) -> frozenset[UUID]:
    """Return who lent the permission to a person that has it from nobody else; none otherwise."""
    roles = sorted(role.value for role, has in ROLE_PERMISSIONS.items() if permission in has)
    query = select(Membership.delegated_by_id).where(
        Membership.person_id == person_id,
        Membership.role.in_(roles),
        (Membership.fund_id == fund_id) | Membership.fund_id.is_(None),
        held_at(clock.now()),
    )
    lent_by = set(db.execute(query).scalars())
    if None in lent_by:
        return frozenset()
    return frozenset(lender for lender in lent_by if lender is not None)


def _issuers(db: Session, token_id: UUID, person_id: UUID) -> frozenset[UUID]:
    """Return the other person who made the token, or the first of those it was made with."""
    made_with = select(Token.id, Token.made_with_id).where(Token.id == token_id)
    chain = made_with.cte("chain", recursive=True)
    chain = chain.union(
        select(Token.id, Token.made_with_id).join(chain, Token.id == chain.c.made_with_id)
    )
    query = select(AuditEvent.person_id).where(
        AuditEvent.record_type == "token",
        AuditEvent.action == "token.created",
        AuditEvent.record_id.in_(select(chain.c.id)),
        AuditEvent.person_id.is_not(None),
        AuditEvent.person_id != person_id,
    )
    return frozenset(found for found in db.execute(query).scalars() if found is not None)
