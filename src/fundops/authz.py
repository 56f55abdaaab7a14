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
from enum import StrEnum
from functools import wraps
from typing import Any
from uuid import UUID

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from sqlalchemy.orm import Session

from fundops import idempotency
from fundops.errors import Problem
from fundops.refusals import record_refusal


class Permission(StrEnum):
    """What may be allowed, as ``resource:action``."""

    ACCESS_READ = "access:read"
    PERSON_WRITE = "person:write"
    MEMBERSHIP_WRITE = "membership:write"
    TOKEN_WRITE = "token:write"
    SELF_READ = "self:read"
    SELF_WRITE = "self:write"
    PARTY_READ = "party:read"
    PARTY_WRITE = "party:write"
    PARTY_FREEZE = "party:freeze"
    PARTY_RESTORE = "party:restore"
    FUND_READ = "fund:read"
    FUND_WRITE = "fund:write"
    BALANCES_READ = "balances:read"
    RESERVE_WRITE = "operating_reserve:write"
    EVENT_READ = "event:read"
    EVENT_WRITE = "event:write"
    PLEDGE_READ = "pledge:read"
    PLEDGE_WRITE = "pledge:write"
    AGREEMENT_READ = "agreement:read"
    AGREEMENT_WRITE = "agreement:write"
    RECEIPT_READ = "receipt:read"
    RECEIPT_WRITE = "receipt:write"
    RECEIPT_REVERSE = "receipt:reverse"
    MONEY_WRITE = "money:write"
    WRITE_OFF_REQUEST = "write_off:request"
    WRITE_OFF_APPROVE = "write_off:approve"
    RATE_READ = "exchange_rate:read"
    RATE_WRITE = "exchange_rate:write"
    CALL_READ = "call:read"
    CALL_WRITE = "call:write"
    QUESTION_ASK = "question:ask"
    PROFILE_READ = "profile:read"
    PROFILE_WRITE = "profile:write"
    FILE_READ = "file:read"
    FILE_WRITE = "file:write"
    PROPOSAL_READ = "proposal:read"
    PROPOSAL_WRITE = "proposal:write"
    PROPOSAL_LODGE = "proposal:lodge"
    PROPOSAL_REOPEN = "proposal:reopen"
    ELIGIBILITY_DECIDE = "eligibility:decide"
    OVERLAP_READ = "overlap:read"
    REVIEWER_READ = "reviewer:read"
    REVIEWER_WRITE = "reviewer:write"
    ASSIGNMENT_READ = "assignment:read"
    ASSIGNMENT_WRITE = "assignment:write"
    REVIEW_OWN = "review:own"
    CONFLICT_DECLARE = "conflict:declare"
    REVIEW_READ = "review:read"
    REVIEW_RETURN = "review:return"
    RANKING_READ = "ranking:read"
    RANKING_WRITE = "ranking:write"
    DECISION_READ = "decision:read"
    DECISION_PREPARE = "decision:prepare"
    DECISION_VOTE = "decision:vote"
    DECISION_CONFIRM = "decision:confirm"
    DOSSIER_READ = "dossier:read"
    GRANT_READ = "grant:read"
    GRANT_AWARD = "grant:award"
    DISBURSEMENT_REQUEST = "disbursement:request"
    DISBURSEMENT_PAY = "disbursement:pay"
    REFUND_WRITE = "refund:write"
    TRACE_READ = "trace:read"
    STATEMENT_READ = "statement:read"
    STATEMENT_ISSUE = "statement:issue"
    AUDIT_READ = "audit:read"


class Role(StrEnum):
    """Named sets of permissions; a person holds them through memberships."""

    ADMINISTRATOR = "administrator"
    FUND_MANAGER = "fund_manager"
    FINANCE_OFFICER = "finance_officer"
    APPROVER = "approver"
    GRANT_OFFICER = "grant_officer"
    AUDITOR = "auditor"
    DONOR = "donor"
    GRANTEE = "grantee"
    REVIEWER = "reviewer"
    BOARD_MEMBER = "board_member"


_P = Permission
_EVERYBODY = frozenset({_P.SELF_READ, _P.SELF_WRITE})
_MONEY_READERS = _EVERYBODY | {
    _P.PARTY_READ,
    _P.FUND_READ,
    _P.EVENT_READ,
    _P.PLEDGE_READ,
    _P.AGREEMENT_READ,
    _P.RECEIPT_READ,
    _P.RATE_READ,
    _P.CALL_READ,
    _P.GRANT_READ,
    _P.TRACE_READ,
    _P.STATEMENT_READ,
}

_CALL_READERS = frozenset(
    {
        _P.CALL_READ,
        _P.PROFILE_READ,
        _P.FILE_READ,
        _P.PROPOSAL_READ,
        _P.REVIEW_READ,
        _P.RANKING_READ,
        _P.DECISION_READ,
        _P.DOSSIER_READ,
        _P.OVERLAP_READ,
    }
)
"""What whoever judges or audits a call may read of it."""

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ADMINISTRATOR: _EVERYBODY
    | {
        _P.ACCESS_READ,
        _P.PERSON_WRITE,
        _P.MEMBERSHIP_WRITE,
        _P.TOKEN_WRITE,
        _P.PARTY_READ,
        _P.PARTY_FREEZE,
        _P.PARTY_RESTORE,
    },
    Role.FUND_MANAGER: _MONEY_READERS
    | _CALL_READERS
    | {
        _P.REVIEWER_READ,
        _P.REVIEWER_WRITE,
        _P.ASSIGNMENT_READ,
        _P.RANKING_WRITE,
        _P.DECISION_PREPARE,
        _P.DECISION_CONFIRM,
        _P.CONFLICT_DECLARE,
        _P.BALANCES_READ,
        _P.ACCESS_READ,
        _P.PARTY_WRITE,
        _P.PARTY_FREEZE,
        _P.PARTY_RESTORE,
        _P.FUND_WRITE,
        _P.RESERVE_WRITE,
        _P.EVENT_WRITE,
        _P.PLEDGE_WRITE,
        _P.AGREEMENT_WRITE,
        _P.CALL_WRITE,
        _P.GRANT_AWARD,
        _P.WRITE_OFF_APPROVE,
        _P.STATEMENT_ISSUE,
        _P.AUDIT_READ,
    },
    Role.FINANCE_OFFICER: _MONEY_READERS
    | {
        _P.BALANCES_READ,
        _P.PARTY_WRITE,
        _P.EVENT_WRITE,
        _P.PLEDGE_WRITE,
        _P.AGREEMENT_WRITE,
        _P.RECEIPT_WRITE,
        _P.RECEIPT_REVERSE,
        _P.MONEY_WRITE,
        _P.RATE_WRITE,
        _P.WRITE_OFF_REQUEST,
        _P.DISBURSEMENT_REQUEST,
        _P.REFUND_WRITE,
        _P.STATEMENT_ISSUE,
    },
    Role.APPROVER: _MONEY_READERS
    | {
        _P.WRITE_OFF_APPROVE,
        _P.RECEIPT_REVERSE,
        _P.DISBURSEMENT_PAY,
        _P.PARTY_FREEZE,
        _P.PROPOSAL_READ,
        _P.DECISION_READ,
        _P.DECISION_CONFIRM,
        _P.DOSSIER_READ,
        _P.CONFLICT_DECLARE,
    },
    Role.GRANT_OFFICER: _EVERYBODY
    | _CALL_READERS
    | {
        _P.PROFILE_WRITE,
        _P.FILE_WRITE,
        _P.PROPOSAL_WRITE,
        _P.PROPOSAL_LODGE,
        _P.PROPOSAL_REOPEN,
        _P.ELIGIBILITY_DECIDE,
        _P.REVIEWER_READ,
        _P.REVIEWER_WRITE,
        _P.ASSIGNMENT_READ,
        _P.ASSIGNMENT_WRITE,
        _P.REVIEW_RETURN,
        _P.RANKING_WRITE,
        _P.DECISION_PREPARE,
        _P.CONFLICT_DECLARE,
        _P.PARTY_READ,
        _P.PARTY_WRITE,
        _P.PARTY_FREEZE,
        _P.FUND_READ,
        _P.EVENT_READ,
        _P.CALL_READ,
        _P.CALL_WRITE,
        _P.GRANT_READ,
        _P.GRANT_AWARD,
        _P.DISBURSEMENT_REQUEST,
        _P.TRACE_READ,
    },
    Role.AUDITOR: _MONEY_READERS
    | _CALL_READERS
    | {
        _P.BALANCES_READ,
        _P.ACCESS_READ,
        _P.AUDIT_READ,
        _P.REVIEWER_READ,
        _P.ASSIGNMENT_READ,
    },
    Role.DONOR: _EVERYBODY
    | {
        _P.FUND_READ,
        _P.PLEDGE_READ,
        _P.AGREEMENT_READ,
        _P.RECEIPT_READ,
        _P.TRACE_READ,
        _P.STATEMENT_READ,
    },
    Role.GRANTEE: _EVERYBODY
    | {
        _P.FUND_READ,
        _P.CALL_READ,
        _P.GRANT_READ,
        _P.QUESTION_ASK,
        _P.PROFILE_READ,
        _P.PROFILE_WRITE,
        _P.FILE_READ,
        _P.FILE_WRITE,
        _P.PROPOSAL_READ,
        _P.PROPOSAL_WRITE,
    },
    Role.REVIEWER: _EVERYBODY | {_P.REVIEW_OWN, _P.CONFLICT_DECLARE},
    Role.BOARD_MEMBER: _EVERYBODY
    | _CALL_READERS
    | {_P.FUND_READ, _P.GRANT_READ, _P.DECISION_VOTE, _P.CONFLICT_DECLARE},
}

PARTY_ROLES = frozenset({Role.DONOR, Role.GRANTEE})
"""Roles held for one party, whose rows alone the person may see."""

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

    ``known_seq`` is the number of the last event when the roles were read, if they were.
    """

    person_id: UUID
    person_code: str
    token_id: UUID | None
    held: tuple[Held, ...]
    known_seq: int | None = field(default=None, compare=False)

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
