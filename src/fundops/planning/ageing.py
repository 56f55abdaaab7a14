"""How old advances are: what grantees were paid and have not accounted for.

From the ledger's advance accounts, one for each grant and lot: what was advanced on which day, less
what was accounted for, returned or written off by the asked day, the oldest first. What was undone
counts as if it had not been: expenditure that is accepted no more leaves the advance as old as it
was. So the ages of a grant add up to its advance, and those of a fund to the ledger's control.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case
from sqlalchemy.orm import Session

from fundops.authz import Actor
from fundops.disbursements.models import Disbursement
from fundops.donors.sums import rows_of, total
from fundops.grants.models import Grant
from fundops.ledger.models import Account, AccountDay, AccountMonth, Transfer
from fundops.parties.labels import name_column
from fundops.parties.models import Party
from fundops.schemas import money_out

BUCKETS = (
    ("days_0_30", 30),
    ("days_31_90", 90),
    ("days_91_180", 180),
    ("days_181_365", 365),
    ("days_over_365", None),
)
"""Bucket -> the last age in days that still falls into it."""
SORTS = {"code": Grant.code}


@dataclass
class Age:
    """What is outstanding of some advances by age, and the day of the oldest."""

    buckets: dict[str, int] = field(default_factory=lambda: {name: 0 for name, _ in BUCKETS})
    overdue_minor: int = 0
    oldest_on: date | None = None

    @property
    def total_minor(self) -> int:
        """All ages together."""
        return sum(self.buckets.values())

    def add(self, on: date, minor: int, today: date, overdue_days: int) -> None:
        """Count what is left of an advance of a day."""
        days = (today - on).days
        self.buckets[bucket_of(days)] += minor
        if days > overdue_days:
            self.overdue_minor += minor
        if self.oldest_on is None or on < self.oldest_on:
            self.oldest_on = on

    def __iadd__(self, other: Age) -> Age:
        for name, minor in other.buckets.items():
            self.buckets[name] += minor
        self.overdue_minor += other.overdue_minor
        if other.oldest_on is not None:
            self.oldest_on = min(self.oldest_on or other.oldest_on, other.oldest_on)
        return self


def bucket_of(days: int) -> str:
    """Return the bucket of an advance so many days old."""
    for name, last in BUCKETS:
        if last is None or days <= last:
            return name
    raise AssertionError("the last bucket has no end")


def left_of(moves: Iterable[tuple[date, int, int]]) -> list[tuple[date, int]]:
    """Return what is left of advances: (day, advanced, accounted for) in, (day, rest) out.

    What was accounted for takes the oldest advance first, whenever it was made.

    >>> from datetime import date as d
    >>> left_of([(d(2026, 1, 1), 50, 0), (d(2026, 2, 1), 30, 60)])
    [(datetime.date(2026, 2, 1), 20)]
    """
    moves = sorted(moves)
    settled = sum(accounted for _, _, accounted in moves)
    left = []
    for on, advanced, _ in moves:
        taken = min(settled, advanced)
        settled -= taken
        if advanced > taken:
            left.append((on, advanced - taken))
    return left


def ages(db: Session, fund_id: UUID, as_of: date, overdue_days: int) -> dict[UUID, Age]:
    """Return the outstanding advances of a fund by grant, as of a day; three queries."""
    query = (
        rows_of(
            Account.id, Account.grant_id, AccountDay.on_date, AccountDay.debits_minor,
            AccountDay.credits_minor,
        )
        .join_from(Account, AccountDay, AccountDay.account_id == Account.id)
        .where(
            Account.fund_id == fund_id, Account.kind == "advance", AccountDay.on_date <= as_of
        )
    )  # fmt: skip
    moves: dict[UUID, dict[date, list[int]]] = {}
    grants: dict[UUID, UUID] = {}
    for row in db.connection().execute(query):
        moves.setdefault(row.id, {})[row.on_date] = [row.debits_minor, row.credits_minor]
        grants[row.id] = row.grant_id
    for account_id, advanced_on, settled_on, minor in _undone(db, fund_id, as_of):
        moves[account_id][advanced_on][0] -= minor
        moves[account_id][settled_on][1] -= minor
    found: dict[UUID, Age] = {}
    for account_id, its in moves.items():
        for on, minor in left_of((on, both[0], both[1]) for on, both in its.items()):
            age = found.setdefault(grants[account_id], Age())
            age.add(on, minor, as_of, overdue_days)
    return found


def _undone(db: Session, fund_id: UUID, as_of: date) -> Iterator[tuple[UUID, date, date, int]]:
    """Yield what stands on both sides of an advance account and is neither advance nor settled.

    The account, the days of the debit and of the credit, and the amount. Expenditure that was taken
    back is a debit of the day on which it had counted; a payment that the bank brought back is a
    credit that settles that payment and no older one.
    """
    mine = (Account.fund_id == fund_id, Account.kind == "advance")
    on = Transfer.effective_on
    taken_back = (
        rows_of(Account.id, on.label("advanced_on"), on.label("settled_on"), Transfer.amount_minor)
        .join_from(Account, Transfer, Transfer.debit_account_id == Account.id)
        .where(*mine, Transfer.reverses_id.is_not(None), on <= as_of)
    )
    brought_back = (
        rows_of(Account.id, Disbursement.paid_on, on, Transfer.amount_minor)
        .join_from(Account, Transfer, Transfer.credit_account_id == Account.id)
        .join(Disbursement, Disbursement.id == Transfer.source_id)
        .where(*mine, Transfer.kind == "advance_return", on <= as_of)
    )
    for query in (taken_back, brought_back):
        for row in db.connection().execute(query):
            yield tuple(row)


def control_minor(db: Session, fund_id: UUID, as_of: date) -> int:
    """Return the ledger's own total of a fund's advances on a day."""
    month = as_of.replace(day=1)
    found = 0
    for table, condition in (
        (AccountMonth, AccountMonth.month_on < month),
        (AccountDay, AccountDay.on_date.between(month, as_of)),
    ):
        query = (
            rows_of(total(table.credits_minor - table.debits_minor))
            .join_from(Account, table, table.account_id == Account.id)
            .where(Account.fund_id == fund_id, Account.kind == "advance_control", condition)
        )
        found += int(db.execute(query).scalar_one() or 0)
    return found


def holders(actor: Actor, fund_id: UUID, as_of: date) -> Select[Any]:
    """Return the grants of a fund with an advance outstanding on a day."""
    net = total(
        case((AccountDay.on_date <= as_of, AccountDay.debits_minor - AccountDay.credits_minor),
             else_=0)
    )  # fmt: skip
    owing = (
        rows_of(Account.grant_id)
        .join_from(Account, AccountDay, AccountDay.account_id == Account.id)
        .where(Account.fund_id == fund_id, Account.kind == "advance")
        .group_by(Account.grant_id)
        .having(net > 0)
    )
    return (
        rows_of(Grant.id, Grant.code, name_column(actor).label("grantee"))
        .join(Party, Party.id == Grant.grantee_id)
        .where(Grant.fund_id == fund_id, Grant.id.in_(owing))
    )


def together(found: Mapping[UUID, Age]) -> Age:
    """Return what all grants have outstanding."""
    whole = Age()
    for one in found.values():
        whole += one
    return whole


def buckets_out(age: Age, currency: str) -> dict[str, Any]:
    """Return the wire form of ages."""
    return {
        **{name: money_out(minor, currency) for name, minor in age.buckets.items()},
        "total": money_out(age.total_minor, currency),
        "overdue": money_out(age.overdue_minor, currency),
    }


def advance_out(row: Any, found: Mapping[UUID, Age], as_of: date, currency: str) -> dict[str, Any]:
    """Return the wire form of one grant's advances."""
    age = found.get(row.id, Age())
    return {
        "grant_id": row.id,
        "grant_code": row.code,
        "grantee": row.grantee,
        "oldest_on": age.oldest_on,
        "oldest_days": None if age.oldest_on is None else (as_of - age.oldest_on).days,
        **buckets_out(age, currency),
    }


def overdue_grants(found: Mapping[UUID, Age]) -> Sequence[UUID]:
    """Return the grants with an overdue advance, the oldest first."""
    late = [(age.oldest_on, one) for one, age in found.items() if age.overdue_minor]
    return [one for _, one in sorted(late, key=lambda pair: (pair[0] or date.max, pair[1]))]
