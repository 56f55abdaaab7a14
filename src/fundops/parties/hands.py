"""In whose hands a step is: the person, who lent them the role, who issued their token.

Somebody who acts only on a lent role acts for the lender too, and a token that another person
issued could have been used by that person. So all of them count when duties are kept apart.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, inspect, select
from sqlalchemy.orm import Session, object_session

from fundops import audit, clock, lifecycle
from fundops.audit import AuditEvent
from fundops.authz import Actor, Permission
from fundops.db import AnySelect, UtcDateTime
from fundops.errors import Problem
from fundops.parties.access_queries import held_at
from fundops.parties.models import Membership, Token
from fundops.parties.same_persons import records_of
from fundops.roles import roles_with
from fundops.trail import REGISTERS


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
        found |= _issuers(db, [actor.token_id])
    return records_of(db, found)


@cache
def _held(is_of_fund: bool) -> AnySelect:
    """Return the query for who lent some roles to a person, and for which fund."""
    query: AnySelect = select(Membership.delegated_by_id, Membership.fund_id).where(
        Membership.person_id == bindparam("person_id"),
        Membership.role.in_(bindparam("roles", expanding=True)),
        held_at(bindparam("now", type_=UtcDateTime())),
    )
    if is_of_fund:
        of_it = Membership.fund_id == bindparam("fund_id")
        query = query.where(Membership.fund_id.is_(None) | of_it)
    return query


def _lenders(
    db: Session, person_id: UUID, permission: Permission, fund_id: UUID | None
) -> frozenset[UUID]:
    """Return who lent the permission to a person that has it from nobody else; none otherwise.

    Where ``fund_id`` is not known, a role of one's own hides only what was lent for its funds.
    """
    given = {
        "person_id": person_id,
        "roles": [role.value for role in roles_with(permission)],
        "now": clock.now(),
    }
    if fund_id is not None:
        given["fund_id"] = fund_id
    held = {(lender, fund) for lender, fund in db.execute(_held(fund_id is not None), given)}
    own = {fund for lender, fund in held if lender is None}
    if None in own or (own and fund_id is not None):
        return frozenset()
    return frozenset(lender for lender, fund in held if lender is not None and fund not in own)


def _issuers(db: Session, token_ids: Collection[UUID]) -> frozenset[UUID]:
    """Return whoever made the tokens, or the first of those that they were made with."""
    found = db.execute(_made(), {"token_ids": list(token_ids)}).scalars()
    return frozenset(one for one in found if one is not None)


@cache
def _made() -> Select[Any]:
    """Return the query for who made tokens, along the tokens that they were made with."""
    chain = (
        select(Token.id, Token.made_with_id)
        .where(Token.id.in_(bindparam("token_ids", expanding=True)))
        .cte("made", recursive=True)
    )
    chain = chain.union(
        select(Token.id, Token.made_with_id).join(chain, Token.id == chain.c.made_with_id)
    )
    return select(AuditEvent.person_id).where(
        AuditEvent.record_type == "token",
        AuditEvent.action == "token.created",
        AuditEvent.record_id.in_(select(chain.c.id)),
        AuditEvent.person_id.is_not(None),
    )


def stands_behind(
    db: Session,
    actor: audit.Author,
    permission: Permission,
    record: Any,
    persons: Collection[UUID],
) -> bool:
    """Return whether a step of ``record`` by ``actor`` is in the hands of any of ``persons``.

    They may have lent the role, made the token, or be the same human; or ``actor`` made the token
    with which one of them worked on the record.
    """
    if not isinstance(actor, Actor):
        return False
    with db.no_autoflush:  # half a step is nothing to write
        if not hands_of(db, actor, permission, _fund_of(db, record)).isdisjoint(persons):
            return True
        kept_as = REGISTERS.get(record.__tablename__)
        if kept_as is None:
            return False
        used = select(AuditEvent.token_id).where(
            AuditEvent.record_type == kept_as,
            AuditEvent.record_id == record.id,
            AuditEvent.person_id.in_(persons),
            AuditEvent.token_id.is_not(None),
        )
        tokens = {found for found in db.execute(used.distinct()).scalars() if found is not None}
        makers = _issuers(db, tokens) if tokens else frozenset[UUID]()
        return bool(makers) and not makers.isdisjoint(records_of(db, [actor.person_id]))


def _fund_of(db: Session, record: Any) -> UUID | None:
    """Return the fund of a record, by itself or through its grant; none where it has neither."""
    found: UUID | None = getattr(record, "fund_id", None)
    grant_id = getattr(record, "grant_id", None)
    if found is not None or grant_id is None:
        return found
    (reference,) = record.__table__.c.grant_id.foreign_keys
    grants = reference.column.table
    query = select(grants.c.fund_id).where(grants.c.id == grant_id)
    of_grant: UUID | None = db.execute(query).scalar_one_or_none()
    return of_grant


def refuse_behind(
    db: Session,
    actor: audit.Author,
    permission: Permission,
    record: Any,
    persons: Collection[UUID | None],
    detail: str | None = None,
    *,
    action: str = "take",
) -> None:
    """Raise ``same-person`` where a step of ``record`` is in the hands of any of ``persons``."""
    others = {person for person in persons if person is not None}
    if others and stands_behind(db, actor, permission, record, others):
        raise Problem("same-person", detail=detail, action=action)


def _of_step(
    record: object, actor: object, permission: Permission, persons: Collection[UUID]
) -> bool:
    """Answer for every step that another person must take; what keeps hands of its own does not."""
    if inspect(record, raiseerr=False) is None or getattr(record, "KEEPS_HANDS", False):
        return False
    db = object_session(record)
    if db is None or not isinstance(actor, Actor):
        return False
    return stands_behind(db, actor, permission, record, persons)


lifecycle.SAME_HANDS.append(_of_step)
