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

from sqlalchemy.orm import Session

from fundops import clock, driver
from fundops.authz import Actor, Held, Role
from fundops.driver import id_decoder
from fundops.errors import Problem
from fundops.messages.languages import known

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
    "SELECT t.id, t.role, t.party_id, t.fund_id, p.id, p.code, (SELECT seq FROM audit_head), "
    "p.language, m.role, m.party_id, m.fund_id, y.status "
    "FROM tokens t JOIN persons p ON p.id = t.person_id "
    "LEFT JOIN memberships m ON m.person_id = p.id AND m.valid_from <= {0} "
    "AND (m.valid_until IS NULL OR m.valid_until > {0}) "
    "LEFT JOIN parties y ON y.id = m.party_id "
    "WHERE t.secret_hash = {0} AND t.revoked_at IS NULL AND t.expires_at > {0} "
    "AND p.status = 'active' ORDER BY m.role, m.id"
)
_ACTOR_SQL = {"sqlite": _ACTOR.format("?"), "postgresql": _ACTOR.format("%s")}
"""Every request begins with this, so it goes to the driver as it stands."""


def authenticate(db: Session, token: str) -> Actor:
    """Return the actor behind ``token``.

    Raises ``not-authenticated`` for an unknown, expired or revoked token and ``party-frozen``
    when every role the token could use is held for a frozen party.
    """
    if not is_well_formed(token):
        raise Problem("not-authenticated")
    return actor_of(db, token, clock.now())


def actor_of(db: Session, token: str, at: datetime) -> Actor:
    """Return the actor that ``token`` means at instant ``at``; best asked of a session first."""
    db.flush()
    connection = db.connection()
    dialect = connection.dialect.name
    uid, instant = id_decoder(dialect), driver.instant_encoder(dialect)(at)
    asked = (instant, instant, secret_hash(token), instant)
    rows = driver.rows(connection, _ACTOR_SQL[dialect], asked)
    if not rows:
        raise Problem("not-authenticated")
    token_id, token_role, token_party, token_fund, person_id, code, seq, language = rows[0][:8]
    narrowing = token_role, uid(token_party), uid(token_fund)
    held: list[Held] = []
    frozen = False
    for role, party, fund, party_status in (row[8:] for row in rows):
        party_id, fund_id = uid(party), uid(fund)
        if role is None or not fits(narrowing, role, party_id, fund_id):
            continue
        if party_status == "frozen":
            frozen = True
            continue
        held.append(Held(Role(role), party_id, _narrower(fund_id, narrowing[2])))
    if frozen and not held:
        raise Problem("party-frozen")
    person = uid(person_id)
    assert person is not None, "tokens belong to a person"
    return Actor(person, code, uid(token_id), tuple(held), seq, known(language or ""))


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
