"""Which bank accounts an actor may see, which one is paid to now, and what is wrong with one.

No query here reads what is encrypted; of equal numbers it asks by fingerprints.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, not_, or_, select, true
from sqlalchemy.orm import Session, aliased

from fundops import clock, money
from fundops.authz import Actor, Permission
from fundops.donors.scope import rows_held
from fundops.errors import Problem
from fundops.messages import text
from fundops.parties import labels
from fundops.parties.models import Party
from fundops.payees import hooks
from fundops.payees.models import BankAccount, CallBack

SORTS = {"proposed_at": BankAccount.proposed_at}
CALL_BACKS = CallBack.__table__.c
CALL_BACK_SORTS: dict[str, ColumnElement[Any]] = {"called_at": CALL_BACKS.called_at}
LIVE = ("proposed", "active", "blocked")
MAX_ELSEWHERE = 20

_NEWER = aliased(BankAccount)
"""The account that has taken another's place. Made once: that takes longer than a query."""


def replaced(at: datetime, account: Any = BankAccount) -> ColumnElement[bool]:
    """Return the SQL of whether another account has taken the place of ``account`` by ``at``.

    Once it has, its own end does not bring the old one back.
    """
    return exists(
        select(_NEWER.id).where(
            _NEWER.replaces_id == account.id,
            _NEWER.approved_at.is_not(None),
            _NEWER.usable_from <= at,
            or_(_NEWER.ended_at.is_(None), _NEWER.ended_at >= _NEWER.usable_from),
        )
    )


def _state(at: datetime) -> ColumnElement[str]:
    return case(
        (BankAccount.status != "active", BankAccount.status),
        (BankAccount.usable_from > at, "cooling"),
        (replaced(at), "replaced"),
        else_="usable",
    )


def _elsewhere() -> ColumnElement[bool]:
    other = aliased(BankAccount)
    equal = select(other.id).where(
        other.fingerprint == BankAccount.fingerprint, other.party_id != BankAccount.party_id
    )
    return or_(BankAccount.is_elsewhere, exists(equal))


def seen(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Return the condition, with ``Party`` joined, on the accounts ``permission`` reaches.

    Accounts belong to no fund. A grantee's persons reach its own; nobody reaches those of a
    protected party without knowing it.
    """
    held = rows_held(actor, permission, party=BankAccount.party_id)
    return and_(true() if held is None else held, not_(labels.hidden_column(actor)))


def visible(
    actor: Actor,
    *,
    party_id: UUID | None = None,
    status: str | None = None,
    origin: str | None = None,
) -> Select[Any]:
    """Return the rows of accounts that ``actor`` may see, filtered."""
    told = [column for column in BankAccount.__table__.c if column.name not in _UNSEEN]
    columns: list[Any] = [getattr(BankAccount, column.name) for column in told]
    query: Select[Any] = select(
        *columns, _state(clock.now()).label("state"), _elsewhere().label("elsewhere")
    )
    query = query.join(Party, Party.id == BankAccount.party_id).where(
        seen(actor, Permission.BANK_ACCOUNT_READ)
    )
    for its, value in (
        (BankAccount.party_id, party_id),
        (BankAccount.status, status),
        (BankAccount.origin, origin),
    ):
        if value is not None:
            query = query.where(its == value)
    return query


_UNSEEN = frozenset({"details", "fingerprint", "key_id", "proposed_hands"})


def row(db: Session, actor: Actor, account_id: UUID) -> Any:
    """Return one account's row as lists have it; raise ``not-found`` when it may not be seen."""
    found = db.execute(visible(actor).where(BankAccount.id == account_id)).one_or_none()
    if found is None:
        raise Problem("not-found")
    return found


def get(db: Session, actor: Actor, account_id: UUID, permission: Permission) -> BankAccount:
    """Return an account, fresh, for ``permission``; raise ``not-found`` when out of its reach."""
    query = (
        select(BankAccount)
        .join(Party, Party.id == BankAccount.party_id)
        .where(BankAccount.id == account_id, seen(actor, permission))
        .execution_options(populate_existing=True)
    )
    found = db.execute(query).scalar_one_or_none()
    if found is None:
        raise Problem("not-found")
    return found


def warned(actor: Actor) -> bool:
    """Return whether ``actor`` learns of equal numbers; the parties' own persons do not."""
    return actor.parties(Permission.BANK_ACCOUNT_READ) is None


def elsewhere(db: Session, actor: Actor, account_id: UUID) -> list[UUID]:
    """Return the other parties with an equal number that ``actor`` may know, 20 at most."""
    own, other = aliased(BankAccount), aliased(BankAccount)
    query = (
        select(other.party_id)
        .distinct()
        .join(own, and_(own.fingerprint == other.fingerprint, own.party_id != other.party_id))
        .join(Party, Party.id == other.party_id)
        .where(own.id == account_id, not_(labels.hidden_column(actor)))
        .order_by(other.party_id)
        .limit(MAX_ELSEWHERE)
    )
    return list(db.execute(query).scalars())


def is_elsewhere(db: Session, account: BankAccount) -> bool:
    """Return whether another party has registered the number of an account."""
    query = select(_elsewhere()).where(BankAccount.id == account.id)
    return bool(db.execute(query).scalar_one())


def holders_of(db: Session, fingerprints: Collection[str]) -> list[tuple[UUID, str]]:
    """Return the party and the status of every account with one of the fingerprints."""
    query = select(BankAccount.party_id, BankAccount.status).where(
        BankAccount.fingerprint.in_(fingerprints)
    )
    return [(party_id, status) for party_id, status in db.execute(query)]


def ever_approved(db: Session, party_id: UUID) -> bool:
    """Return whether a party has, or has ever had, an approved account."""
    query = select(BankAccount.id).where(
        BankAccount.party_id == party_id, BankAccount.approved_at.is_not(None)
    )
    return db.execute(query.limit(1)).first() is not None


def change_under_way(db: Session, party_id: UUID, but: UUID | None = None) -> bool:
    """Return whether a change of a party's account is proposed or cooling, besides ``but``."""
    query = select(BankAccount.id).where(
        BankAccount.party_id == party_id,
        BankAccount.origin == "change",
        or_(
            BankAccount.status == "proposed",
            and_(BankAccount.status == "active", BankAccount.usable_from > clock.now()),
        ),
    )
    if but is not None:
        query = query.where(BankAccount.id != but)
    return db.execute(query.limit(1)).first() is not None


def live_count(db: Session, party_id: UUID) -> int:
    """Return how many accounts of a party are proposed, active or blocked."""
    query = select(func.count()).where(
        BankAccount.party_id == party_id, BankAccount.status.in_(LIVE)
    )
    return int(db.execute(query).scalar_one())


def current_account(db: Session, party_id: UUID, at: datetime) -> BankAccount | None:
    """Return the account a party is paid to at ``at`` where none is chosen, if there is one."""
    query = (
        select(BankAccount)
        .where(
            BankAccount.party_id == party_id,
            BankAccount.status == "active",
            BankAccount.origin.in_(("first", "change")),
            BankAccount.usable_from <= at,
            not_(replaced(at)),
        )
        .order_by(BankAccount.usable_from.desc(), BankAccount.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    return db.execute(query).scalar_one_or_none()


def account_of_party(db: Session, party_id: UUID, account_id: UUID) -> bool:
    """Return whether there is such an account and it is the party's."""
    query = select(BankAccount.id).where(
        BankAccount.id == account_id, BankAccount.party_id == party_id
    )
    return db.execute(query).first() is not None


def usable_account(db: Session, party_id: UUID, account_id: UUID, at: datetime) -> BankAccount:
    """Return the account ``party_id`` may be paid to at ``at``.

    Raises ``conflict`` naming what is wrong: not the party's, not approved, refused, blocked,
    retired, cooling, replaced by another, or its cap used up.
    """
    query = select(BankAccount, replaced(at)).where(
        BankAccount.id == account_id, BankAccount.party_id == party_id
    )
    found = db.execute(query.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise Problem("conflict", detail=text("payees.not_of_party"))
    account, is_replaced = found
    if account.status != "active":
        raise Problem("conflict", detail=text(f"payees.is_{account.status}", masked=account.masked))
    if account.usable_from is None or account.usable_from > at:
        until = f"{account.usable_from:%Y-%m-%d %H:%M} UTC"
        detail = text("payees.cooling", masked=account.masked, until=until)
        raise Problem("conflict", detail=detail)
    if is_replaced:
        raise Problem("conflict", detail=text("payees.replaced", masked=account.masked))
    left = cap_left(db, account)
    if left is not None and left <= 0:
        raise Problem("conflict", detail=text("payees.cap_used", masked=account.masked))
    return account


def emergency_used(db: Session, account_id: UUID) -> int:
    """Return what was paid, or is on its way, to an account, in minor units of its cap."""
    return hooks.used(db, [account_id])[account_id]


def cap_left(db: Session, account: BankAccount) -> int | None:
    """Return what may still be paid to an account of an emergency, ``None`` without a cap."""
    if account.cap_minor is None:
        return None
    return account.cap_minor - emergency_used(db, account.id)


def require_within_cap(
    db: Session, account: BankAccount, minor: int, currency: str, already: int = 0
) -> None:
    """Refuse a payment that would exceed an account's cap, or is in another currency.

    ``already`` is how much of ``minor`` counts as used. Raises ``conflict``.
    """
    left = cap_left(db, account)
    if left is None or account.cap_currency is None:
        return
    if currency != account.cap_currency or minor - already > left:
        shown = money.display(max(left, 0), account.cap_currency)
        raise Problem("conflict", detail=text("payees.cap_exceeded", left=shown))


def call_backs(account_id: UUID) -> Select[Any]:
    """Return the rows of an account's call-backs."""
    query: Select[Any] = select(*CALL_BACKS).where(CallBack.account_id == account_id)
    return query


def last_call_back(db: Session, account_id: UUID) -> CallBack | None:
    """Return the call-back recorded last about an account."""
    query = select(CallBack).where(CallBack.account_id == account_id)
    query = query.order_by(CallBack.recorded_at.desc(), CallBack.id.desc()).limit(1)
    return db.execute(query).scalar_one_or_none()


def exceptions(actor: Actor, *, party_id: UUID | None = None) -> Select[Any]:
    """Return the rows of accounts of emergencies that ``actor`` may see, with their call-backs."""
    calls = select(func.count()).where(CallBack.account_id == BankAccount.id).scalar_subquery()
    query = visible(actor, party_id=party_id, origin="emergency")
    return query.add_columns(calls.label("call_backs"))
