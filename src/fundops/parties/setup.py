"""What the command line does to persons and tokens, in the name of the system itself.

This is the way in when nobody has signed in yet: whoever can write the database may do it, and
the audit chain says that no person did.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Role
from fundops.errors import Problem
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.parties import access, credentials, persons, queries
from fundops.parties.access_queries import held_at, person_by_code
from fundops.parties.access_schemas import MembershipIn, PersonIn, TokenIn
from fundops.parties.models import Membership, Token

Found = TypeVar("Found")


def add_person(db: Session, name: str, code: str | None) -> str:
    """Register a person and return their code."""
    return persons.register(db, audit.SYSTEM, PersonIn(name=name, code=code)).code


def make_scope(
    db: Session, person: str, role: str, party: str | None, fund: str | None
) -> MembershipIn:
    """Return the role that a token is for, from the codes given on the command line."""
    if role not in list(Role):
        known = ", ".join(Role)
        raise Problem("invalid-request", detail=text("cli.token.unknown_role", roles=known))
    found = db.execute(select(Fund).where(Fund.code == fund)).scalar_one_or_none()
    return MembershipIn(
        person_id=_named(person_by_code(db, person), "--person").id,
        role=Role(role),
        party_id=None if party is None else _named(queries.by_code(db, party), "--party").id,
        fund_id=None if fund is None else _named(found, "--fund").id,
    )


def ensure_role(db: Session, scope: MembershipIn) -> bool:
    """Allow the role unless the person holds it already; return whether it was needed."""
    query = select(Membership.id).where(
        Membership.person_id == scope.person_id,
        Membership.role == scope.role,
        Membership.party_id.is_not_distinct_from(scope.party_id),
        Membership.fund_id.is_(None) | (Membership.fund_id == scope.fund_id),
        held_at(clock.now()),
    )
    if db.execute(query.limit(1)).first() is not None:
        return False
    access.grant(db, audit.SYSTEM, scope)
    return True


def make_token(
    db: Session, scope: MembershipIn, label: str, expires: str | None, default_days: int
) -> tuple[Token, str]:
    """Make a token narrowed to ``scope``, good through the day ``expires`` if one is given."""
    given = TokenIn(
        person_id=scope.person_id,
        label=label,
        role=scope.role,
        party_id=scope.party_id,
        fund_id=scope.fund_id,
        expires_at=None if expires is None else _end_of(expires),
    )
    return credentials.create_token(db, audit.SYSTEM, given, default_days=default_days)


def revoke_one(db: Session, token_id: str, reason: str) -> int:
    """Revoke a token and those made with it; return how many."""
    try:
        token = db.get(Token, UUID(token_id))
    except ValueError:
        token = None
    found = _named(token, "TOKEN_ID")
    return len(credentials.revoke_token(db, audit.SYSTEM, found, reason))


def revoke_all(db: Session, person: str, reason: str) -> int:
    """Revoke every live token of a person; return how many."""
    holder = _named(person_by_code(db, person), "--person")
    tokens = credentials.live_tokens(db, holder.id)
    entries = credentials.revoke_rows(tokens, clock.now(), reason)
    db.flush()
    audit.record_many(db, audit.SYSTEM, entries)
    return len(tokens)


def _named(found: Found | None, option: str) -> Found:
    if found is None:
        raise Problem("not-found", detail=text("cli.unknown_code", option=option))
    return found


def _end_of(day: str) -> datetime:
    """Return the instant at which a UTC day ends."""
    try:
        return datetime.combine(date.fromisoformat(day), time.min, UTC) + timedelta(days=1)
    except (ValueError, OverflowError):
        raise Problem("invalid-request", detail=text("validation.day")) from None
