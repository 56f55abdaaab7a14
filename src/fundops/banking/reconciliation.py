"""The bank's balance beside the books', and everything that lies between the two.

The books have one bank account per fund, whatever accounts the bank keeps. So a statement is
looked at with the latest statements, by its last day, of the fund's other accounts. What was
confirmed counts on both sides; what only one side has is listed. The sums are an identity, not an
estimate: what they leave unexplained can only be zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from fundops.banking.models import (
    BankStatement,
    EntryConfirmation,
    EntryMatch,
    StatementEntry,
)
from fundops.ledger import balances
from fundops.ledger.models import Transfer
from fundops.ledger.posting import AccountRef

MAX_LISTED = 500


@dataclass(frozen=True)
class Difference:
    """What one side has and the other has not, or has otherwise; ``minor`` is books less bank."""

    what: str
    minor: int
    on: date | None = None
    statement_id: UUID | None = None
    entry_id: UUID | None = None
    source_type: str | None = None
    source_id: UUID | None = None


@dataclass(frozen=True)
class Reconciliation:
    """Both balances on a day, and the differences; minor units of the fund's currency."""

    on: date
    bank_minor: int
    books_minor: int
    start_minor: int
    accounts: int
    differences: list[Difference]

    def total(self, what: str) -> int:
        """Return what the differences of one kind come to."""
        return sum(one.minor for one in self.differences if one.what == what)

    @property
    def unexplained_minor(self) -> int:
        """What start and differences do not explain."""
        listed = self.start_minor + sum(one.minor for one in self.differences)
        return self.books_minor - self.bank_minor - listed


def reconcile(db: Session, statement: BankStatement) -> Reconciliation:
    """Return how the bank's balance at a statement's end and the books' on that day differ."""
    fund_id, on = statement.fund_id, statement.to_on
    accounts = _accounts(db, statement)
    first_on = min(one.first_on for one in accounts)
    bank = AccountRef(fund_id, "bank")
    before = balances.as_of(db, bank, first_on - timedelta(days=1))
    start = before - sum(one.opening_minor for one in accounts)
    taken = _statements_by(statement, [one.account_id for one in accounts], on)
    return Reconciliation(
        on=on,
        bank_minor=sum(one.closing_minor for one in accounts),
        books_minor=balances.as_of(db, bank, on),
        start_minor=start - _gaps(db, taken, accounts),
        accounts=len(accounts),
        differences=[*_bank_only(db, taken), *_records(db, taken, bank, first_on, on)],
    )


@dataclass(frozen=True)
class _Account:
    """An account's first statement's opening and its last one's closing, up to the day."""

    account_id: UUID
    first_on: date
    opening_minor: int
    closing_minor: int


def _statements_by(
    statement: BankStatement, accounts: Iterable[UUID] | None, on: date
) -> Select[Any]:
    """Return the ids of the statements that count by a day: of the account, up to this one."""
    until = or_(
        BankStatement.to_on < on,
        and_(BankStatement.to_on == on, BankStatement.account_id != statement.account_id),
        and_(
            BankStatement.to_on == on,
            BankStatement.account_id == statement.account_id,
            BankStatement.sequence <= statement.sequence,
        ),
    )
    query = select(BankStatement.id).where(BankStatement.fund_id == statement.fund_id, until)
    return query if accounts is None else query.where(BankStatement.account_id.in_(accounts))


def _accounts(db: Session, statement: BankStatement) -> list[_Account]:
    counted = _statements_by(statement, None, statement.to_on)
    query = (
        select(BankStatement)
        .where(BankStatement.id.in_(counted))
        .order_by(BankStatement.to_on, BankStatement.sequence, BankStatement.id)
    )
    first: dict[UUID, BankStatement] = {}
    last: dict[UUID, BankStatement] = {}
    for one in db.execute(query).scalars():
        first.setdefault(one.account_id, one)
        last[one.account_id] = one
    return [
        _Account(key, first[key].from_on, first[key].opening_minor, last[key].closing_minor)
        for key in sorted(first)
    ]


def _gaps(db: Session, taken: Select[Any], accounts: list[_Account]) -> int:
    """Return what the bank moved in statements that are missing between those there are."""
    query = select(
        func.coalesce(func.sum(BankStatement.closing_minor - BankStatement.opening_minor), 0)
    ).where(BankStatement.id.in_(taken))
    told = int(db.execute(query).scalar_one())
    return sum(one.closing_minor - one.opening_minor for one in accounts) - told


def _bank_only(db: Session, taken: Select[Any]) -> list[Difference]:
    """Return the entries that nobody has confirmed."""
    query = (
        select(
            StatementEntry.amount_minor, StatementEntry.booked_on, StatementEntry.statement_id,
            StatementEntry.id,
        )
        .outerjoin(EntryConfirmation, EntryConfirmation.entry_id == StatementEntry.id)
        .where(StatementEntry.statement_id.in_(taken), EntryConfirmation.entry_id.is_(None))
        .order_by(StatementEntry.booked_on, StatementEntry.statement_id, StatementEntry.position)
    )  # fmt: skip
    return [Difference("bank_only", -row[0], row[1], row[2], row[3]) for row in db.execute(query)]


def _records(
    db: Session, taken: Select[Any], bank: AccountRef, since: date, until: date
) -> list[Difference]:
    """Return the records whose movements at the bank and in the books are not the same."""
    matched = (
        select(EntryMatch.record_id, func.sum(EntryMatch.amount_minor).label("minor"))
        .join(StatementEntry, StatementEntry.id == EntryMatch.entry_id)
        .where(StatementEntry.statement_id.in_(taken))
        .group_by(EntryMatch.record_id)
        .subquery()
    )
    signed = case((Transfer.debit_account_id == bank.id, 1), else_=-1) * Transfer.amount_minor
    moved = (
        select(
            Transfer.source_id.label("source_id"),
            func.min(Transfer.source_type).label("source_type"),
            func.sum(signed).label("minor"),
            func.max(Transfer.effective_on).label("on_date"),
        )
        .where(
            or_(Transfer.debit_account_id == bank.id, Transfer.credit_account_id == bank.id),
            Transfer.effective_on.between(since, until),
        )
        .group_by(Transfer.source_id)
        .subquery()
    )
    books = (
        select(moved.c.source_type, moved.c.source_id, moved.c.minor, moved.c.on_date,
            matched.c.minor)
        .outerjoin(matched, matched.c.record_id == moved.c.source_id)
        .where(moved.c.minor != func.coalesce(matched.c.minor, 0))
        .order_by(moved.c.on_date, moved.c.source_id)
    )  # fmt: skip
    found = [_of_books(row) for row in db.execute(books)]
    # Confirmed by the bank's day, while the books have it later, or had it before the start.
    elsewhen = (
        select(matched.c.record_id, matched.c.minor)
        .outerjoin(moved, moved.c.source_id == matched.c.record_id)
        .where(moved.c.source_id.is_(None), matched.c.minor != 0)
        .order_by(matched.c.record_id)
    )
    found += [
        Difference("other_amount", -int(row[1]), source_id=row[0]) for row in db.execute(elsewhen)
    ]
    return found


def _of_books(row: Any) -> Difference:
    source_type, source_id, minor, on, at_bank = row
    what = "books_only" if at_bank is None else "other_amount"
    difference = int(minor) - int(at_bank or 0)
    return Difference(what, difference, on, source_type=source_type, source_id=source_id)
