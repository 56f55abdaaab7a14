"""Making and revoking tokens.

A token made with a token is a lesser one: no wider, no longer, and gone when the first is
revoked. So a stolen token can be ended by revoking it, whatever was made with it; renewing takes
an administrator or the command line.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Permission, Role
from fundops.errors import Problem, invalid
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.parties.access_queries import not_over, usable_at
from fundops.parties.access_schemas import TokenIn
from fundops.parties.models import Membership, Person, Token
from fundops.parties.tokens import new_secret, secret_hash
from fundops.records import snapshot

MAX_DAYS = 366
MAX_LIVE_TOKENS = 20
"""Tokens of one person that may be good at once."""

_WITHOUT_SECRET = frozenset({"secret_hash"})


@dataclass(frozen=True)
class Narrowing:
    """What part of a person's roles a token may use."""

    role: Role | None = None
    party_id: UUID | None = None
    fund_id: UUID | None = None


def create_token(
    db: Session, author: audit.Author, given: TokenIn, *, default_days: int
) -> tuple[Token, str]:
    """Make a token and return it with its secret, which is kept nowhere.

    Without a date it is good for ``default_days``, never for more than 366. Raises
    ``not-allowed`` for another person's token without that right, ``conflict`` for a person who
    has too many, ``invalid-request`` for a narrowing or date outside what the actor's own token
    has, or one that gives the person nothing.
    """
    person_id = given.person_id or author.person_id
    if person_id is None:
        raise invalid("/person_id", "validation.missing")
    parent = _parent(db, author, person_id, given.fund_id)
    person = db.get(Person, person_id, populate_existing=True)
    if person is None or person.status != "active":
        raise invalid("/person_id", "validation.unknown_record")
    if len(live_tokens(db, person_id)) >= MAX_LIVE_TOKENS:
        raise Problem("conflict", detail=text("token.too_many", limit=MAX_LIVE_TOKENS))
    narrowing = _narrowing(given, parent)
    if narrowing.fund_id is not None and db.get(Fund, narrowing.fund_id) is None:
        # A role for all funds would cover it, whether or not there is such a fund.
        raise invalid("/fund_id", "validation.unknown_record")
    _check_gives_something(db, person_id, narrowing)
    secret = new_secret()
    token = Token(
        id=uuid7(),
        person_id=person_id,
        secret_hash=secret_hash(secret),
        label=given.label,
        role=narrowing.role.value if narrowing.role is not None else None,
        party_id=narrowing.party_id,
        fund_id=narrowing.fund_id,
        made_with_id=parent.id if parent is not None else None,
        created_at=clock.now(),
        expires_at=_expiry(given.expires_at, parent, default_days),
    )
    db.add(token)
    db.flush()
    audit.record(
        db,
        author,
        "token.created",
        "token",
        token.id,
        fund_id=token.fund_id,
        after=snapshot(token, without=_WITHOUT_SECRET),
    )
    return token, secret


def revoke_token(db: Session, author: audit.Author, token: Token, reason: str) -> list[Token]:
    """Revoke a token, and those made with it, at once; return them all, it first.

    Raises ``wrong-status`` for one revoked before, ``not-allowed`` for another person's without
    that right.
    """
    if isinstance(author, Actor) and token.person_id != author.person_id:
        _check_rights_over(author, token.fund_id)
    if token.revoked_at is not None:
        raise Problem("wrong-status", action="revoke", status="revoked")
    dying = _with_descendants(db, token)
    entries = revoke_rows(dying, clock.now(), reason)
    db.flush()
    audit.record_many(db, author, entries)
    return dying


def live_tokens(db: Session, person_id: UUID) -> list[Token]:
    """Return the tokens of a person that are good now, fresh; at most ``MAX_LIVE_TOKENS``."""
    query = select(Token).where(Token.person_id == person_id, usable_at(clock.now()))
    fresh = query.order_by(Token.id).execution_options(populate_existing=True)
    return list(db.execute(fresh).scalars())


def revoke_rows(rows: Iterable[Token], at: datetime, reason: str) -> list[audit.Entry]:
    """Revoke tokens at ``at``; return what to record of it."""
    entries = []
    for row in rows:
        row.revoked_at = at
        after = {"revoked_at": at, "person_id": row.person_id}
        entries.append(
            audit.Entry("token.revoked", "token", row.id, row.fund_id, reason, None, after)
        )
    return entries


def _with_descendants(db: Session, token: Token) -> list[Token]:
    """Return ``token`` and the live ones made with it, or with one of those."""
    made: dict[UUID | None, list[Token]] = defaultdict(list)
    for other in live_tokens(db, token.person_id):
        made[other.made_with_id].append(other)
    found = [token]
    for one in found:
        found.extend(made[one.id])
    return found


def _parent(
    db: Session, author: audit.Author, person_id: UUID, fund_id: UUID | None
) -> Token | None:
    """Return the actor's own token if they make one for themself; check their right otherwise."""
    if not isinstance(author, Actor):
        return None
    if person_id != author.person_id:
        _check_rights_over(author, fund_id)
        return None
    return db.get(Token, author.token_id, populate_existing=True) if author.token_id else None


def _check_rights_over(actor: Actor, fund_id: UUID | None) -> None:
    if not actor.allows(Permission.TOKEN_WRITE):
        raise Problem("not-allowed")
    funds = actor.funds(Permission.TOKEN_WRITE)
    if funds is not None and fund_id not in funds:
        raise Problem("not-allowed")


def _narrowing(given: TokenIn, parent: Token | None) -> Narrowing:
    if parent is None:
        return Narrowing(given.role, given.party_id, given.fund_id)
    found = {}
    for name in ("role", "party_id", "fund_id"):
        limit, wanted = getattr(parent, name), getattr(given, name)
        if limit is not None and wanted is not None and wanted != limit:
            raise invalid(f"/{name}", "validation.token_wider")
        found[name] = wanted if wanted is not None else limit
    role = found["role"]
    return Narrowing(Role(role) if role else None, found["party_id"], found["fund_id"])


def _check_gives_something(db: Session, person_id: UUID, narrowing: Narrowing) -> None:
    """Refuse a narrowing to what the person does not hold: such a token could never be used."""
    query = select(Membership.id).where(Membership.person_id == person_id, not_over(clock.now()))
    for name, column in (("role", Membership.role), ("party_id", Membership.party_id)):
        wanted = getattr(narrowing, name)
        if wanted is not None:
            query = query.where(column == wanted)
    if narrowing.fund_id is not None:
        in_fund = or_(Membership.fund_id.is_(None), Membership.fund_id == narrowing.fund_id)
        query = query.where(in_fund)
    given = [name for name in ("role", "party_id", "fund_id") if getattr(narrowing, name)]
    if given and db.execute(query.limit(1)).first() is None:
        raise invalid(f"/{given[0]}", "validation.token_gives_nothing")


def _expiry(wanted: datetime | None, parent: Token | None, default_days: int) -> datetime:
    now = clock.now()
    latest = now + timedelta(days=MAX_DAYS)
    if wanted is not None and wanted > latest:
        raise invalid("/expires_at", "validation.token_days", days=MAX_DAYS)
    if wanted is not None and wanted <= now:
        raise invalid("/expires_at", "validation.past")
    if parent is None:
        return wanted or now + timedelta(days=default_days)
    if wanted is not None and wanted > parent.expires_at:
        raise invalid("/expires_at", "validation.token_outlives")
    return wanted or min(now + timedelta(days=default_days), parent.expires_at)
