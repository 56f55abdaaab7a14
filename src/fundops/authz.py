"""Who may do what: permissions, roles, the authenticated actor, and the one route dependency.

Roles and permissions are data; a route names exactly one permission through ``Can`` or is listed
in ``PUBLIC_PATHS``. Row scope (whose pledges, which fund) is decided in each domain's
``queries.visible``, from the same ``Actor``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any
from uuid import UUID

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from sqlalchemy.orm import Session

from fundops import idempotency
from fundops.errors import Problem
from fundops.messages.reader import current
from fundops.permissions import Permission
from fundops.refusals import record_refusal
from fundops.roles import PARTY_ROLES, ROLE_PERMISSIONS, Role

__all__ = [
    "PARTY_ROLES",
    "PUBLIC_PATHS",
    "ROLE_PERMISSIONS",
    "Actor",
    "Can",
    "Claim",
    "Held",
    "Permission",
    "Role",
    "bearer",
    "claiming",
    "prove_again",
    "proved",
]

PUBLIC_PATHS = frozenset(
    {"/health", "/ready", "/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json"}
)
"""Paths that need no token; everything else is refused without one."""


@dataclass(frozen=True)
class Held:
    """One role a person holds now: for a party (donor, grantee) and for one fund or all."""

    role: Role
    party_id: UUID | None = None
    fund_id: UUID | None = None


@dataclass(frozen=True)
class Actor:
    """The authenticated caller: a person, the token used, and the roles held at this moment.

    ``known_seq`` is the number of the last event when the roles were read, if they were;
    ``language`` the one that the person has set, if it is there.
    """

    person_id: UUID
    person_code: str
    token_id: UUID | None
    held: tuple[Held, ...]
    known_seq: int | None = field(default=None, compare=False)
    language: str | None = field(default=None, compare=False)

    def allows(self, permission: Permission) -> bool:
        """Return whether any held role has ``permission``."""
        return any(permission in ROLE_PERMISSIONS[held.role] for held in self.held)

    def holding(self, permission: Permission) -> tuple[Held, ...]:
        """Return the held roles that have ``permission``; row scope follows from them."""
        return tuple(held for held in self.held if permission in ROLE_PERMISSIONS[held.role])

    def funds(self, permission: Permission) -> frozenset[UUID] | None:
        """Return the funds ``permission`` is held for, or ``None`` for all of them."""
        held = self.holding(permission)
        if any(one.fund_id is None for one in held):
            return None
        return frozenset(one.fund_id for one in held if one.fund_id is not None)

    def parties(self, permission: Permission) -> frozenset[UUID] | None:
        """Return the parties ``permission`` is limited to, or ``None`` for no limit."""
        held = self.holding(permission)
        if any(one.role not in PARTY_ROLES for one in held):
            return None
        return frozenset(one.party_id for one in held if one.party_id is not None)

    def require_fund(self, permission: Permission, fund_id: UUID) -> None:
        """Raise ``not-found`` unless ``permission`` is held for ``fund_id``."""
        funds = self.funds(permission)
        if funds is not None and fund_id not in funds:
            raise Problem("not-found")


@dataclass(eq=False)
class Claim:
    """What a request asks to be allowed, until ``prove`` has looked its token up."""

    request: Request
    permission: Permission

    def prove(self, db: Session) -> Actor:
        """Return the actor behind the request's token; raise what ``Can`` raises."""
        actor: Actor = self.request.app.state.authenticate(db, self.token())
        self.request.state.person_code = actor.person_code
        current().preferred = actor.language
        if not actor.allows(self.permission):
            problem = Problem("not-allowed")
            place = self.request.app.state.database, actor
            record_refusal(*place, self.request.method, self.request.url.path, problem)
            raise problem
        request = self.request
        if request.method == "POST" and not idempotency.is_dry_run(request.url.path):
            idempotency.require_key(self.request.headers.get(idempotency.HEADER))
        return actor

    def token(self) -> str:
        """Return the bearer token; raise ``not-authenticated`` without one."""
        return bearer(self.request)


def bearer(request: Request) -> str:
    """Return the bearer token of a request; raise ``not-authenticated`` without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Problem("not-authenticated")
    return token.strip()


def prove_again(request: Request, db: Session, actor: Actor, seq: int) -> None:
    """See to it that ``actor`` still holds in a write transaction that follows event ``seq``.

    The roles were read before the transaction had its turn. Raises ``not-authenticated`` or
    ``party-frozen`` when the token has come to nothing since, ``busy`` when its roles have
    changed, so that the request is judged anew. Asks the database only if something was written.
    """
    if actor.known_seq == seq:
        return
    now: Actor = request.app.state.authenticate(db, bearer(request))
    if now.held != actor.held:
        raise Problem("busy")


_claims: ContextVar[list[Claim] | None] = ContextVar("fundops_claims", default=None)
"""The claims of the request at hand that ``proved`` will prove; none: they are proved at once."""


class Can:
    """Route dependency: authenticate the bearer token and require one permission.

    ``Annotated[Actor, Depends(Can(Permission.PLEDGE_READ))]``. Raises ``not-authenticated`` (401)
    without a valid token, ``not-allowed`` (403) without the permission, and then, for a POST that
    is not a declared dry run, ``idempotency-key-required`` (400) without a usable key. All of
    that comes before anything in the body is judged.
    """

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(self, request: Request) -> Actor | Claim:
        """Return the actor behind the token, or the claim that ``proved`` will make one of."""
        claim = Claim(request, self.permission)
        claim.token()
        claims = _claims.get()
        if claims is None:
            return await run_in_threadpool(_prove_apart, claim)
        claims.append(claim)
        return claim


def _prove_apart(claim: Claim) -> Actor:
    with claim.request.app.state.database.glance() as db:
        return claim.prove(db)


def proved(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``endpoint`` that runs only once every claim of its request is proved.

    Proving and serving then share one worker thread and, for a read, a session: a thread and a
    transaction less for every request. ``claiming`` must surround the handling of the request.
    """

    @wraps(endpoint)
    def call(**values: Any) -> Any:
        claims = _claims.get()
        if not claims:
            return endpoint(**values)
        request = claims[0].request
        with request.app.state.database.glance() as db:
            actors = {claim: claim.prove(db) for claim in claims}
            for name, value in values.items():
                if isinstance(value, Claim):
                    values[name] = actors[value]
            if request.method == "GET":
                request.state.glance = db
                try:
                    return endpoint(**values)
                finally:
                    request.state.glance = None
        return endpoint(**values)

    return call


@asynccontextmanager
async def claiming() -> AsyncIterator[None]:
    """Surround the handling of a request whose endpoint is ``proved``.

    Input that is refused before the endpoint runs is refused only to those who may send it.
    """
    reset = _claims.set([])
    try:
        yield
    except RequestValidationError:
        for claim in _claims.get() or ():
            await run_in_threadpool(_prove_apart, claim)
        raise
    finally:
        _claims.reset(reset)
