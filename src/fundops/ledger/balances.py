"""Balances: now, and as of any date ``D`` and knowledge ``K``, without summing history.

``balance(D, K)`` is the total of what is effective by ``D``, from month and day totals, less the
rows whose event sequence is above ``K``. All amounts are minor units of the fund's base currency,
positive on the account's normal side.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, case, func, literal, select, union_all
from sqlalchemy.orm import Session

from fundops import audit
from fundops.ledger.chart import ACCOUNT_KINDS
from fundops.ledger.models import Account, AccountDay, AccountMonth, Transfer
from fundops.ledger.posting import AccountRef

CHUNK = 500


@dataclass(frozen=True)
class Balance:
    """Debits and credits of one account, minor units; ``minor`` is positive on the normal side."""

    kind: str
    debits_minor: int
    credits_minor: int

    @property
    def minor(self) -> int:
        """The balance on the account's normal side."""
        net = self.debits_minor - self.credits_minor
        return net if ACCOUNT_KINDS[self.kind].normal == "debit" else -net


_ACCOUNT, _TRANSFER = Account.__table__.c, Transfer.__table__.c
_MONTH, _DAY = AccountMonth.__table__.c, AccountDay.__table__.c
_ID: Any = bindparam("account")
_SINCE: Any = bindparam("since")
_ON: Any = bindparam("until")
_KNOWN: Any = bindparam("known")
_NOW = select(_ACCOUNT.debits_minor, _ACCOUNT.credits_minor).where(_ACCOUNT.id == _ID)


def _sums(table: Any, *conditions: Any) -> Select[Any]:
    """Return what the rows of a table of dated totals come to."""
    return select(
        func.sum(table.debits_minor).label("debits"), func.sum(table.credits_minor).label("credits")
    ).where(table.account_id == _ID, *conditions)


def _late(side: str) -> Select[Any]:
    """Return, negative, what one side of an account was told after a sequence."""
    account = _TRANSFER[f"{side}_account_id"]
    amount: Any = -func.sum(_TRANSFER.amount_minor)
    nothing: Any = literal(0)
    return select(
        (amount if side == "debit" else nothing).label("debits"),
        (amount if side == "credit" else nothing).label("credits"),
    ).where(account == _ID, _TRANSFER.event_seq > _KNOWN, _TRANSFER.effective_on <= _ON)


def _total(*parts: Select[Any]) -> Select[Any]:
    added = union_all(*parts).subquery()
    return select(
        func.coalesce(func.sum(added.c.debits), 0), func.coalesce(func.sum(added.c.credits), 0)
    )


_DATED = (_sums(_MONTH, _MONTH.month_on < _SINCE), _sums(_DAY, _DAY.on_date.between(_SINCE, _ON)))
_AS_OF = _total(*_DATED)
_AS_OF_KNOWN = _total(*_DATED, _late("debit"), _late("credit"))
"""One statement each, made once: putting them together takes longer than running them."""


def now(db: Session, ref: AccountRef) -> int:
    """Return the present balance of one account, 0 when it was never used."""
    row = db.connection().execute(_NOW, {"account": ref.id}).one_or_none()
    return Balance(ref.kind, row[0], row[1]).minor if row else 0


def as_of(db: Session, ref: AccountRef, on: date, known_seq: int | None = None) -> int:
    """Return the balance of one account on date ``on`` as known at sequence ``known_seq``."""
    debited, credited = turnover(db, ref.id, on, known_seq)
    return Balance(ref.kind, debited, credited).minor


def turnover(
    db: Session, account_id: UUID, on: date, known_seq: int | None = None
) -> tuple[int, int]:
    """Return all that an account was debited and credited by ``on``, as known, minor units."""
    asked: dict[str, Any] = {"account": account_id, "since": on.replace(day=1), "until": on}
    if known_seq is None or audit.is_latest(db, known_seq):
        row = db.connection().execute(_AS_OF, asked).one()
    else:
        row = db.connection().execute(_AS_OF_KNOWN, asked | {"known": known_seq}).one()
    return int(row[0]), int(row[1])


def by_kind(
    db: Session, fund_id: UUID, on: date | None = None, known_seq: int | None = None
) -> dict[str, Balance]:
    """Return the trial balance of a fund by account kind, now or as of (``on``, ``known_seq``)."""
    if on is None:
        query = (
            select(Account.kind, func.sum(Account.debits_minor), func.sum(Account.credits_minor))
            .where(Account.fund_id == fund_id)
            .group_by(Account.kind)
        )
        return {row[0]: Balance(row[0], int(row[1]), int(row[2])) for row in db.execute(query)}
    totals: dict[str, list[int]] = {}
    month = on.replace(day=1)
    parts = (
        (AccountMonth, AccountMonth.month_on < month),
        (AccountDay, and_(AccountDay.on_date >= month, AccountDay.on_date <= on)),
    )
    for table, condition in parts:
        query = (
            select(Account.kind, func.sum(table.debits_minor), func.sum(table.credits_minor))
            .join(table, table.account_id == Account.id)
            .where(Account.fund_id == fund_id, condition)
            .group_by(Account.kind)
        )
        for kind, debited, credited in db.execute(query):
            entry = totals.setdefault(kind, [0, 0])
            entry[0] += int(debited)
            entry[1] += int(credited)
    if known_seq is not None:
        _less_late(db, totals, fund_id, on, known_seq)
    return {kind: Balance(kind, d, c) for kind, (d, c) in totals.items()}


def _less_late(
    db: Session, totals: dict[str, list[int]], fund_id: UUID, on: date, known_seq: int
) -> None:
    for side, column in enumerate((Transfer.debit_account_id, Transfer.credit_account_id)):
        late = (
            select(Account.kind, func.sum(Transfer.amount_minor))
            .join(Account, Account.id == column)
            .where(
                Transfer.fund_id == fund_id,
                Transfer.event_seq > known_seq,
                Transfer.effective_on <= on,
            )
            .group_by(Account.kind)
        )
        for kind, amount in db.execute(late):
            totals.setdefault(kind, [0, 0])[side] -= int(amount)


def lots_now(db: Session, lot_ids: Iterable[UUID]) -> dict[UUID, dict[str, int]]:
    """Return per lot its present balances by account kind (``lot``, ``reserved``, …)."""
    found: dict[UUID, dict[str, int]] = {}
    wanted = list(lot_ids)
    for start in range(0, len(wanted), CHUNK):
        query = (
            select(
                Account.lot_id,
                Account.kind,
                func.sum(Account.debits_minor),
                func.sum(Account.credits_minor),
            )
            .where(Account.lot_id.in_(wanted[start : start + CHUNK]))
            .group_by(Account.lot_id, Account.kind)
        )
        for lot_id, kind, debited, credited in db.execute(query):
            assert lot_id is not None
            balance = Balance(kind, int(debited), int(credited))
            found.setdefault(lot_id, {})[kind] = balance.minor
    return found


def reserved_now(
    db: Session, *, grant_ids: Collection[UUID] = (), lot_ids: Collection[UUID] = ()
) -> list[tuple[UUID, UUID, int]]:
    """Return (grant, lot, minor) of present reservations above zero, by grant or by lot."""
    left = case(
        (Account.normal == "credit", Account.credits_minor - Account.debits_minor),
        else_=Account.debits_minor - Account.credits_minor,
    )
    query = select(Account.grant_id, Account.lot_id, left).where(
        Account.kind == "reserved", left > 0
    )
    if grant_ids:
        query = query.where(Account.grant_id.in_(list(grant_ids)))
    if lot_ids:
        query = query.where(Account.lot_id.in_(list(lot_ids)))
    rows = db.execute(query.order_by(Account.grant_id, Account.lot_id))
    return [(row[0], row[1], int(row[2])) for row in rows]


def held_as_of(
    db: Session, lots: Select[UUID], on: date, known_seq: int | None = None
) -> dict[str, int]:
    """Return what the lots that ``lots`` selects hold by account kind on ``on``, as known.

    Taken from the dated totals, not from the transfers' history: the second way to a figure that
    statements compare themselves with.
    """
    month = on.replace(day=1)
    net: dict[str, int] = {}
    parts = (
        (AccountMonth, AccountMonth.month_on < month),
        (AccountDay, and_(AccountDay.on_date >= month, AccountDay.on_date <= on)),
    )
    for table, condition in parts:
        query = (
            select(Account.kind, func.sum(table.credits_minor), func.sum(table.debits_minor))
            .join(table, table.account_id == Account.id)
            .where(Account.lot_id.in_(lots), condition)
            .group_by(Account.kind)
        )
        for kind, credited, debited in db.execute(query):
            net[kind] = net.get(kind, 0) + int(credited) - int(debited)
    if known_seq is not None:
        for sign, column in ((1, Transfer.debit_account_id), (-1, Transfer.credit_account_id)):
            late = (
                select(Account.kind, func.sum(Transfer.amount_minor))
                .join(Account, Account.id == column)
                .where(
                    Account.lot_id.in_(lots),
                    Transfer.event_seq > known_seq,
                    Transfer.effective_on <= on,
                )
                .group_by(Account.kind)
            )
            for kind, amount in db.execute(late):
                net[kind] = net.get(kind, 0) + sign * int(amount)
    return net
