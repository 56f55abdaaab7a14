"""Statements, their entries, and what the books hold that entries may be about."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session

from fundops.authz import Actor, Permission
from fundops.banking import matching, port
from fundops.banking.matching import NEAR_DAYS, Batch, Booked, Entry, Known, Payment
from fundops.banking.models import (
    BankStatement,
    BatchItem,
    EntryConfirmation,
    EntryMatch,
    PaymentBatch,
    StatementEntry,
)
from fundops.banking.queries import READ, of_funds
from fundops.disbursements.models import Disbursement
from fundops.donors.models import Receipt
from fundops.funds.models import BankEntry
from fundops.grants.models import Grant, Refund
from fundops.grants.queries import one, rows_of
from fundops.payees.models import BankAccount
from fundops.vault import Vault

MAX_PAYMENTS = 20_000
"""Payments that wait for the bank's word, looked at for one statement."""

STATEMENTS: Any = BankStatement.__table__.c
ENTRIES: Any = StatementEntry.__table__.c
STATEMENT_SORTS = {"to_on": STATEMENTS.to_on, "from_on": STATEMENTS.from_on}
ENTRY_SORTS = {"position": ENTRIES.position, "booked_on": ENTRIES.booked_on}


def statements(actor: Actor) -> Select[Any]:
    """Return the rows of statements that ``actor`` may see, and how many entries wait in each."""
    waiting = (
        select(func.count())
        .select_from(StatementEntry)
        .outerjoin(EntryConfirmation, EntryConfirmation.entry_id == StatementEntry.id)
        .where(StatementEntry.statement_id == STATEMENTS.id, EntryConfirmation.entry_id.is_(None))
        .scalar_subquery()
    )
    return rows_of(*STATEMENTS, waiting.label("open_count")).where(
        of_funds(actor, READ, STATEMENTS.fund_id)
    )


def get_statement(
    db: Session, actor: Actor, statement_id: UUID, permission: Permission = READ
) -> BankStatement:
    """Return a statement for ``permission``; raise ``not-found`` when out of reach."""
    query = select(BankStatement).where(
        BankStatement.id == statement_id, of_funds(actor, permission, BankStatement.fund_id)
    )
    return one(db.execute(query).scalar_one_or_none())


def get_entry(db: Session, actor: Actor, entry_id: UUID) -> tuple[StatementEntry, BankStatement]:
    """Return an entry and its statement, to be confirmed; ``not-found`` when out of reach."""
    query = (
        select(StatementEntry, BankStatement)
        .join(BankStatement, BankStatement.id == StatementEntry.statement_id)
        .where(
            StatementEntry.id == entry_id,
            of_funds(actor, Permission.BANK_STATEMENT_WRITE, BankStatement.fund_id),
        )
    )
    found = one(db.execute(query).one_or_none())
    return found[0], found[1]


def entries(actor: Actor, statement_id: UUID, *, is_open: bool | None = None) -> Select[Any]:
    """Return the rows of a statement's entries and what was confirmed of them."""
    query = (
        rows_of(
            *ENTRIES, STATEMENTS.currency, STATEMENTS.lines_id,
            EntryConfirmation.kind.label("confirmed_kind"),
            EntryConfirmation.confirmed_by_id, EntryConfirmation.confirmed_at,
        )
        .join(BankStatement, BankStatement.id == ENTRIES.statement_id)
        .outerjoin(EntryConfirmation, EntryConfirmation.entry_id == ENTRIES.id)
        .where(ENTRIES.statement_id == statement_id, of_funds(actor, READ, STATEMENTS.fund_id))
    )  # fmt: skip
    if is_open is None:
        return query
    unconfirmed = EntryConfirmation.entry_id.is_(None)
    return query.where(unconfirmed if is_open else ~unconfirmed)


def open_entries(db: Session, statement_id: UUID) -> list[StatementEntry]:
    """Return the entries of a statement that nobody has confirmed, in its order."""
    query = (
        select(StatementEntry)
        .outerjoin(EntryConfirmation, EntryConfirmation.entry_id == StatementEntry.id)
        .where(StatementEntry.statement_id == statement_id, EntryConfirmation.entry_id.is_(None))
        .order_by(StatementEntry.position)
    )
    return list(db.execute(query).scalars())


def proposed(
    db: Session,
    vault: Vault,
    statement: BankStatement,
    found: list[StatementEntry],
    others: dict[int, list[str | None]],
) -> list[matching.Proposal]:
    """Return what the given entries of a statement may be; a few queries, however many they are."""
    known = _known(db, statement, found)
    prints = {one.fingerprint for one in known.payments if one.fingerprint}
    by_code = {one.code: one for one in known.payments}
    countries = {one.country for one in known.payments}
    made = []
    for row in found:
        number = others.get(row.position, [None, None])[1]
        mark, elsewhere = None, False
        if number and prints and row.amount_minor < 0:
            named = by_code.get(row.end_to_end or "")
            if named is None:
                fits = port.marks(vault, number, countries) & prints
                mark = min(fits, default=None)
            elif named.fingerprint is not None:
                own = port.marks(vault, number, {named.country})
                elsewhere = named.fingerprint not in own
        made.append(_entry(row, mark, elsewhere=elsewhere))
    return matching.proposals(made, known)


def _entry(row: StatementEntry, mark: str | None, *, elsewhere: bool) -> Entry:
    return Entry(
        id=row.id,
        amount_minor=row.amount_minor,
        booked_on=row.booked_on,
        code=row.code,
        end_to_end=row.end_to_end,
        message_id=row.message_id,
        bank_reference=row.bank_reference,
        return_reason=row.return_reason,
        is_reversal=row.is_reversal,
        fingerprint=mark,
        mentions=frozenset(row.mentions.split()),
        charges_minor=row.charges_minor,
        went_elsewhere=elsewhere,
    )


def _known(db: Session, statement: BankStatement, found: list[StatementEntry]) -> Known:
    codes = {one.end_to_end for one in found if one.end_to_end}
    mentioned = {code for one in found for code in one.mentions.split()}
    messages = {one.message_id for one in found if one.message_id}
    grants = select(Grant.code, Grant.id).where(
        Grant.fund_id == statement.fund_id, Grant.code.in_(mentioned)
    )
    return Known(
        payments=_payments(db, statement.fund_id, codes | mentioned),
        batches=_batches(db, statement.fund_id, messages),
        booked=_booked(db, statement),
        grants={row[0]: row[1] for row in db.execute(grants)} if mentioned else {},
    )


def _payments(db: Session, fund_id: UUID, codes: set[str]) -> list[Payment]:
    """Return the payments that the bank has not answered, and those that entries name."""
    query = (
        select(
            Disbursement.id, Disbursement.code, Disbursement.amount_minor, Disbursement.status,
            Disbursement.sent_at, case((BankAccount.kind != "vendor", BankAccount.fingerprint)),
            BankAccount.country,
        )
        .join(Grant, Grant.id == Disbursement.grant_id)
        .outerjoin(BankAccount, BankAccount.id == Disbursement.account_id)
        .where(
            Grant.fund_id == fund_id,
            or_(
                Disbursement.status == "sent",
                and_(
                    Disbursement.status.in_(("paid", "returned", "failed")),
                    Disbursement.code.in_(codes),
                ),
            ),
        )
        .order_by(Disbursement.code)
        .limit(MAX_PAYMENTS)
    )  # fmt: skip
    rows = db.execute(query).all()
    matched: dict[UUID, set[str]] = defaultdict(set)
    told = select(EntryMatch.record_id, EntryMatch.kind).where(
        EntryMatch.fund_id == fund_id, EntryMatch.record_id.in_([row[0] for row in rows])
    )
    for row in db.execute(told) if rows else ():
        matched[row[0]].add(row[1])
    return [
        Payment(
            row[0], row[1], row[2], row[3], row[4].date() if row[4] else None, row[5], row[6],
            frozenset(matched[row[0]]),
        )
        for row in rows
    ]  # fmt: skip


def _batches(db: Session, fund_id: UUID, codes: set[str]) -> list[Batch]:
    """Return released batches that entries name, and what the bank has not answered of each."""
    if not codes:
        return []
    query = (
        select(PaymentBatch.id, PaymentBatch.code, func.sum(BatchItem.amount_minor), func.count())
        .join(BatchItem, BatchItem.batch_id == PaymentBatch.id)
        .join(Disbursement, Disbursement.id == BatchItem.disbursement_id)
        .where(
            PaymentBatch.fund_id == fund_id,
            PaymentBatch.status == "released",
            PaymentBatch.code.in_(codes),
            Disbursement.status == "sent",
        )
        .group_by(PaymentBatch.id, PaymentBatch.code)
    )
    return [Batch(row[0], row[1], int(row[2]), int(row[3])) for row in db.execute(query)]


def _booked(db: Session, statement: BankStatement) -> list[Booked]:
    """Return what was booked by hand around a statement's days and is matched to no entry."""
    since = statement.from_on - timedelta(days=NEAR_DAYS)
    until = statement.to_on + timedelta(days=NEAR_DAYS)
    net = Receipt.base_minor - Receipt.fee_minor + Receipt.exchange_minor
    receipts = select(
        Receipt.id, net, Receipt.received_on, Receipt.bank_reference, Receipt.code
    ).where(
        Receipt.fund_id == statement.fund_id,
        Receipt.status == "booked",
        Receipt.received_on.between(since, until),
        ~_is_matched(Receipt.id),
    )
    refunds = (
        select(Refund.id, Refund.amount_minor, Refund.received_on, Refund.reference, Refund.code)
        .join(Grant, Grant.id == Refund.grant_id)
        .where(
            Grant.fund_id == statement.fund_id,
            Refund.status == "booked",
            Refund.received_on.between(since, until),
            ~_is_matched(Refund.id),
        )
    )
    own = select(
        BankEntry.id, BankEntry.amount_minor, BankEntry.effective_on, BankEntry.bank_reference,
        BankEntry.code, BankEntry.kind,
    ).where(
        BankEntry.fund_id == statement.fund_id,
        BankEntry.effective_on.between(since, until),
        ~_is_matched(BankEntry.id),
    )  # fmt: skip
    found = [Booked(r[0], "receipt", r[1], r[2], r[3], r[4]) for r in db.execute(receipts)]
    found += [Booked(r[0], "refund", r[1], r[2], r[3], r[4]) for r in db.execute(refunds)]
    for r in db.execute(own):
        found.append(Booked(r[0], "fee" if r[5] == "fee" else "interest", r[1], r[2], r[3], r[4]))
    return sorted(found, key=lambda one: (one.kind, one.code or ""))


def _is_matched(record_id: Any) -> Any:
    return exists().where(EntryMatch.record_id == record_id)
