"""In whose hands a step is: the person, who lent them the role, who issued their token.

Somebody who acts only on a lent role acts for the lender too, and a token that another person
issued could have been used by that person. So all of them count when duties are kept apart.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.audit import AuditEvent
from fundops.authz import ROLE_PERMISSIONS, Actor, Permission
from fundops.parties.access_queries import held_at
from fundops.parties.models import Membership, Token
from fundops.parties.same_persons import records_of


def hands_of(
    db: Session, actor: audit.Author, permission: Permission, fund_id: UUID | None = None
) -> frozenset[UUID]:
    """Return every person on whose authority ``actor`` does something; none for the system.

    ``fund_id`` says for which fund, where what is done belongs to one.
    """
    if not isinstance(actor, Actor):
        return frozenset()
    found = {actor.person_id, *_lenders(db, actor.person_id, permission, fund_id)}
    if actor.token_id is not None:
        found |= _issuers(db, actor.token_id, actor.person_id)
    return records_of(db, found)


def _lenders(
    db: Session, person_id: UUID, permission: Permission, fund_id: UUID | None
) -> frozenset[UUID]:
    """Return who lent the permission to a person that has it from nobody else; none otherwise."""
    roles = sorted(role.value for role, has in ROLE_PERMISSIONS.items() if permission in has)
    query = select(Membership.delegated_by_id).where(
        Membership.person_id == person_id,
        Membership.role.in_(roles),
        held_at(clock.now()),
    )
    if fund_id is not None:
        query = query.where(Membership.fund_id.is_(None) | (Membership.fund_id == fund_id))
    lent_by = set(db.execute(query).scalars())
    if None in lent_by:
        return frozenset()
    return frozenset(lender for lender in lent_by if lender is not None)


def _issuers(db: Session, token_id: UUID, person_id: UUID) -> frozenset[UUID]:
    """Return whoever else made the token, or the first of those that it was made with."""
    chain = (
        select(Token.id, Token.made_with_id).where(Token.id == token_id).cte("made", recursive=True)
    )
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
