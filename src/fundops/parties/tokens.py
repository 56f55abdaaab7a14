"""Tokens: ``fdo_`` and 128 random bits with a checksum; stored only as a hash.

The actor behind a token is resolved afresh for every request, so that a revoked token, an ended
role or a frozen party is refused from the next request on.
"""

from __future__ import annotations

import hashlib
import secrets
import zlib
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.orm import Session

from fundops import clock
from fundops.authz import Actor, Held, Role
from fundops.errors import Problem
from fundops.parties.models import Membership, Party, Person, Token

PREFIX = "fdo_"
_SECRET_HEX = 32


def new_secret() -> str:
    """Return a token: prefix, 128 random bits in hex, and a CRC-32 that catches typing errors."""
    secret = secrets.token_hex(_SECRET_HEX // 2)
    return f"{PREFIX}{secret}{zlib.crc32(secret.encode()):08x}"


def is_well_formed(token: str) -> bool:
    """Return whether ``token`` has the form and checksum of one of ours."""
    body = token.removeprefix(PREFIX)
    if body == token or len(body) != _SECRET_HEX + 8 or not body.isascii():
        return False
    return body[_SECRET_HEX:] == f"{zlib.crc32(body[:_SECRET_HEX].encode()):08x}"


def secret_hash(token: str) -> bytes:
    """Return what is stored of a token. A plain hash suffices for 128 random bits."""
    return hashlib.sha256(token.encode()).digest()


_ACTOR = (
    select(
        Token.id,
        Token.role.label("token_role"),
        Token.party_id.label("token_party"),
        Token.fund_id.label("token_fund"),
        Person.id.label("person_id"),
        Person.code,
        Membership.role,
        Membership.party_id,
        Membership.fund_id,
        Party.status.label("party_status"),
    )
    .join(Person, Person.id == Token.person_id)
    .outerjoin(
        Membership,
        and_(
            Membership.person_id == Person.id,
            Membership.valid_from <= bindparam("at"),
            or_(Membership.valid_until.is_(None), Membership.valid_until > bindparam("at")),
        ),
    )
    .outerjoin(Party, Party.id == Membership.party_id)
    .where(
        Token.secret_hash == bindparam("hash"),
        Token.revoked_at.is_(None),
        Token.expires_at > bindparam("at"),
        Person.status == "active",
    )
    .order_by(Membership.role, Membership.id)
)


def authenticate(db: Session, token: str) -> Actor:
    """Return the actor behind ``token``.

    Raises ``not-authenticated`` for an unknown, expired or revoked token and ``party-frozen``
    when every role the token could use is held for a frozen party.
    """
    if not is_well_formed(token):
        raise Problem("not-authenticated")
    return actor_of(db, token, clock.now())


def actor_of(db: Session, token: str, at: datetime) -> Actor:
    """Return the actor that ``token`` means at instant ``at``."""
    rows = db.execute(_ACTOR, {"hash": secret_hash(token), "at": at}).all()
    if not rows:
        raise Problem("not-authenticated")
    held: list[Held] = []
    frozen = False
    for row in rows:
        narrowing = (row.token_role, row.token_party, row.token_fund)
        if row.role is None or not fits(narrowing, row.role, row.party_id, row.fund_id):
            continue
        if row.party_status == "frozen":
            frozen = True
            continue
        held.append(Held(Role(row.role), row.party_id, _narrower(row.fund_id, row.token_fund)))
    if frozen and not held:
        raise Problem("party-frozen")
    first = rows[0]
    return Actor(first.person_id, first.code, first.id, tuple(held))


def fits(
    narrowing: tuple[str | None, UUID | None, UUID | None],
    role: str,
    party_id: UUID | None,
    fund_id: UUID | None,
) -> bool:
    """Return whether a role falls inside what a token's role, party and fund narrow it to.

    A role for all funds fits a token for one fund, which then uses it in that fund only.
    """
    its_role, its_party, its_fund = narrowing
    return (
        its_role in (None, role)
        and its_party in (None, party_id)
        and (its_fund is None or fund_id in (None, its_fund))
    )


def _narrower(membership_fund: UUID | None, token_fund: UUID | None) -> UUID | None:
    return token_fund if membership_fund is None else membership_fund
