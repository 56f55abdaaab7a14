"""Posting: the sole writer of transfers, account counters and dated totals.

A posting is a list of transfers. It nets the change per account and makes one UPDATE per account
in id order, so the database refuses overdrafts without a prior read and two postings cannot
deadlock. Statements are driver SQL (``ledger/writing.py``): the ORM is eight times slower here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, aliased

from fundops import seals
from fundops.db import date_encoder, id_encoder, translate
from fundops.ids import business_id
from fundops.ledger import writing
from fundops.ledger.chart import ACCOUNT_KINDS, OPENED_WITH_FUND, TRANSFER_KINDS
from fundops.ledger.models import Account, Transfer
from fundops.money import MAX_MINOR

MAX_TRANSFERS = 20_000
"""Most transfers in one posting; larger imports post in several within one transaction."""


class AccountRef(NamedTuple):
    """An account by what it is for; its id follows from these parts."""

    fund_id: UUID
    kind: str
    lot_id: UUID | None = None
    grant_id: UUID | None = None
    party_id: UUID | None = None

    @property
    def id(self) -> UUID:
        """The account's id, the same on every database."""
        return _account_id(self)


@lru_cache(maxsize=65_536)
def _account_id(ref: AccountRef) -> UUID:
    return business_id("account", *ref)


@dataclass(frozen=True)
class Movement:
    """One transfer to post: ``amount_minor`` > 0 from ``debit`` to ``credit``.

    ``source_type`` and ``source_id`` name the record it books; ``key`` tells apart transfers of
    one kind, lot and grant in one source. The id follows from them, so a retry cannot post twice.
    """

    kind: str
    debit: AccountRef
    credit: AccountRef
    amount_minor: int
    effective_on: date
    source_type: str
    source_id: UUID
    lot_id: UUID | None = None
    grant_id: UUID | None = None
    reverses_id: UUID | None = None
    key: str = ""
    id: UUID = field(init=False)
    debit_id: UUID = field(init=False)
    credit_id: UUID = field(init=False)

    def __post_init__(self) -> None:
        assert 0 < self.amount_minor <= MAX_MINOR, "amount out of range"
        assert self.debit.fund_id == self.credit.fund_id, "transfers stay inside one fund"
        declared = TRANSFER_KINDS[self.kind]
        pairs = {(declared.debit, declared.credit)}
        if declared.either_way or self.reverses_id is not None:
            pairs.add((declared.credit, declared.debit))
        assert (self.debit.kind, self.credit.kind) in pairs, f"{self.kind} moves no such accounts"
        identity = business_id(
            "transfer", self.kind, self.source_id, self.lot_id, self.grant_id, self.key,
            self.reverses_id,
        )  # fmt: skip
        object.__setattr__(self, "id", identity)
        object.__setattr__(self, "debit_id", self.debit.id)
        object.__setattr__(self, "credit_id", self.credit.id)


def open_fund_accounts(db: Session, fund_id: UUID) -> None:
    """Open the accounts that a fund has from its first day."""
    connection = db.connection()
    rows = _open_rows(
        (AccountRef(fund_id, kind) for kind in OPENED_WITH_FUND),
        id_encoder(connection.dialect.name),
    )
    writing.open_accounts(connection, rows)


def _open_rows(refs: Iterable[AccountRef], uid: Any) -> list[tuple[Any, ...]]:
    """Return the accounts of ``refs`` as rows to open."""
    rows = []
    for ref in refs:
        kind = ACCOUNT_KINDS[ref.kind]
        rows.append(
            (uid(ref.id), uid(ref.fund_id), ref.kind, kind.normal, kind.may_overdraw,
             uid(ref.lot_id), uid(ref.grant_id), uid(ref.party_id))
        )  # fmt: skip
    return rows


def post(db: Session, seq: int, movements: Sequence[Movement]) -> None:
    """Write ``movements`` as transfers of audit event ``seq``.

    Counters change by the net of the whole list, so a correction and its replacement need cash
    for the difference alone. Raises the problem of the violated constraint
    (``insufficient-funds``, ``already-exists``) and then nothing of the transaction may be kept.
    """
    post_many(db, [(seq, movement) for movement in movements])


def post_many(db: Session, booked: Sequence[tuple[int, Movement]]) -> None:
    """Write movements of several audit events, each with its sequence number, in one posting."""
    assert len(booked) <= MAX_TRANSFERS, "too many transfers in one posting"
    if not booked:
        return
    db.flush()
    movements = [movement for _, movement in booked]
    connection = db.connection()
    dialect = connection.dialect.name
    uid, day = id_encoder(dialect), date_encoder(dialect)
    counters, days, months = _net(movements, uid, day)
    lines = _take_lines(db, booked)
    lazily = {
        ref: None
        for movement in movements
        for ref in (movement.debit, movement.credit)
        if ACCOUNT_KINDS[ref.kind].per
    }
    rows = [
        (uid(m.id), seq, line, uid(m.debit.fund_id), m.kind, uid(m.debit_id),
         uid(m.credit_id), m.amount_minor, day(m.effective_on), uid(m.lot_id), uid(m.grant_id),
         m.source_type, uid(m.source_id), uid(m.reverses_id))
        for (seq, m), line in zip(booked, lines, strict=True)
    ]  # fmt: skip
    batch = writing.Batch(_open_rows(lazily, uid), rows, counters, days, months)
    try:
        writing.write(connection, batch)
    except DBAPIError as error:
        raise translate(error) from error
    seals.note(
        db, [(seq, line, _told(m, seq, line)) for (seq, m), line in zip(booked, lines, strict=True)]
    )


def _told(m: Movement, seq: int, line: int) -> str:
    """Return the text of a transfer that its seal covers, as ``sealing.text_of`` has it.

    Put together by hand: ids, whole numbers, dates and declared names need no escaping.
    """
    return (
        f'["{m.id.hex}",{seq},{line},"{m.debit.fund_id.hex}","{m.kind}","{m.debit_id.hex}",'
        f'"{m.credit_id.hex}",{m.amount_minor},"{m.effective_on.isoformat()}",{_hex(m.lot_id)},'
        f'{_hex(m.grant_id)},"{m.source_type}","{m.source_id.hex}",{_hex(m.reverses_id)}]'
    )


def _hex(value: UUID | None) -> str:
    return "null" if value is None else f'"{value.hex}"'


def _take_lines(db: Session, booked: Sequence[tuple[int, Movement]]) -> list[int]:
    """Return a free line of its event for each movement; lines order an event's transfers."""
    lines: dict[int, int] = db.info.setdefault("ledger_lines", {})
    taken = []
    for seq, _ in booked:
        taken.append(lines.get(seq, 0))
        lines[seq] = taken[-1] + 1
    return taken


def _net(
    movements: Sequence[Movement], uid: Any, day: Any
) -> tuple[list[Any], list[Any], list[Any]]:
    """Return the counter, day and month changes of ``movements``, each in account id order.

    Counters take the netted change: where debits and credits of one account cancel inside one
    posting (a reversal with its replacement), only the difference must be covered.
    """
    by_account: dict[UUID, list[int]] = {}
    by_day: dict[UUID, dict[date, list[int]]] = {}
    for movement in movements:
        amount, on = movement.amount_minor, movement.effective_on
        for side, account in ((0, movement.debit_id), (1, movement.credit_id)):
            by_account.setdefault(account, [0, 0])[side] += amount
            by_day.setdefault(account, {}).setdefault(on, [0, 0])[side] += amount
    counters, days, months = [], [], []
    for account in sorted(by_account, key=_number):
        its_id = uid(account)
        counters.append((*by_account[account], its_id))
        by_month: dict[date, list[int]] = {}
        for on, (debited, credited) in sorted(by_day[account].items()):
            days.append((its_id, day(on), debited, credited))
            month = by_month.setdefault(on.replace(day=1), [0, 0])
            month[0] += debited
            month[1] += credited
        months += [(its_id, day(on), *totals) for on, totals in by_month.items()]
    return counters, days, months


def _number(account: UUID) -> int:
    return account.int


_UNDOING = aliased(Transfer)
"""The reversal of a transfer. Made once: to make an alias takes longer than a query."""


def standing(db: Session, *criteria: Any) -> list[Transfer]:
    """Return the transfers matching ``criteria`` that are neither reversals nor reversed."""
    undone = select(_UNDOING.id).where(_UNDOING.reverses_id == Transfer.id).exists()
    query = (
        select(Transfer)
        .where(*criteria, Transfer.reverses_id.is_(None), ~undone)
        .order_by(Transfer.event_seq, Transfer.line)
    )
    return list(db.execute(query).scalars())


def refs_of(db: Session, account_ids: Iterable[UUID]) -> dict[UUID, AccountRef]:
    """Return the reference of each stored account."""
    wanted = sorted(set(account_ids))
    refs: dict[UUID, AccountRef] = {}
    for start in range(0, len(wanted), 500):
        query = select(
            Account.id, Account.fund_id, Account.kind, Account.lot_id, Account.grant_id,
            Account.party_id,
        ).where(Account.id.in_(wanted[start : start + 500]))  # fmt: skip
        refs.update({row[0]: AccountRef(*row[1:]) for row in db.execute(query)})
    return refs


def reversal_of(
    db: Session,
    transfers: Sequence[Transfer],
    *,
    source_type: str | None = None,
    source_id: UUID | None = None,
) -> list[Movement]:
    """Return the movements that undo ``transfers``: same kind, date and amount, sides swapped.

    They belong to the record given, or else each to the one that its transfer books.
    """
    accounts = {a for t in transfers for a in (t.debit_account_id, t.credit_account_id)}
    refs = refs_of(db, accounts)
    return [
        Movement(
            kind=t.kind,
            debit=refs[t.credit_account_id],
            credit=refs[t.debit_account_id],
            amount_minor=t.amount_minor,
            effective_on=t.effective_on,
            source_type=source_type or t.source_type,
            source_id=source_id or t.source_id,
            lot_id=t.lot_id,
            grant_id=t.grant_id,
            reverses_id=t.id,
        )
        for t in transfers
    ]
