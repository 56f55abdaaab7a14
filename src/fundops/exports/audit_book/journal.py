"""The journal of transfers and the trial balance, each held by the ledger's dated totals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import and_, func, literal, select, union_all

from fundops.audit import AuditEvent
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.section import Row, Section, control, counted
from fundops.exports.formulas import count, total
from fundops.exports.kinds import Code, Computed, Date, Flag, Instant, Integer, Money
from fundops.exports.workbook import Control
from fundops.ledger.chart import ACCOUNT_KINDS, MEMO_KINDS
from fundops.ledger.models import Account, AccountDay, AccountMonth, Transfer

BATCH = 2_000
"""Rows that are read from the database at once."""

_EVENT = AuditEvent.__table__.c


def journal_rows(book: Book) -> Iterator[Row]:
    """Yield every transfer in scope, in order of its day and of when it was known."""
    query = book.transfers(
        Transfer.event_seq, Transfer.line, Transfer.effective_on, _EVENT.recorded_at,
        Transfer.kind, book.debit.kind, book.credit.kind, Transfer.amount_minor,
        Transfer.lot_id, Transfer.grant_id, Transfer.source_type, Transfer.source_id,
        Transfer.reverses_id, _EVENT.action, _EVENT.person_id,
    ).join(AuditEvent, AuditEvent.seq == Transfer.event_seq)  # fmt: skip
    lots, grants = book.lot_codes, book.grant_codes
    rows = book.db.execute(query.execution_options(yield_per=BATCH))
    for row in rows:
        yield (
            row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7],
            lots.get(row[8]), grants.get(row[9]), row[10], str(row[11]),
            row[12] is not None, row[13], book.person(row[14]),
        )  # fmt: skip


def journal_controls(book: Book) -> Iterator[Control]:
    """Yield: rows and their sum, and both sides of each kind of account wholly in scope."""
    numbers = book.transfers(func.count(), func.sum(Transfer.amount_minor)).order_by(None)
    rows, moved = book.db.execute(numbers).one()
    yield counted(book, "journal", count("journal"), int(rows))
    yield control(book, "journal", total("journal", "amount"), int(moved or 0))
    for kind, debited, credited in kind_totals(book):
        for side, amount in (("debit", debited), ("credit", credited)):
            figure = total("journal", "amount", {f"{side}_account": kind})
            yield control(book, f"journal_{side}", figure, amount, account=kind)


def balance_rows(book: Book) -> Iterator[Row]:
    """Yield every account in scope that ever moved, with its turnover by the dated totals."""
    dated = _dated(book)
    query = (
        select(
            Account.kind, Account.normal, Account.lot_id, Account.grant_id, Account.party_id,
            dated.c.debits, dated.c.credits,
        )
        .join(dated, dated.c.account_id == Account.id)
        .where((dated.c.debits != 0) | (dated.c.credits != 0))
    )  # fmt: skip
    lots, grants = book.lot_codes, book.grant_codes
    found = [
        (
            row.kind, row.kind in MEMO_KINDS, row.normal, lots.get(row.lot_id),
            grants.get(row.grant_id), book.party_code(row.party_id), int(row.debits),
            int(row.credits), max(int(row.debits) - int(row.credits), 0),
            max(int(row.credits) - int(row.debits), 0),
        )
        for row in book.db.execute(query)
    ]  # fmt: skip
    order = {kind: place for place, kind in enumerate(ACCOUNT_KINDS)}
    yield from sorted(found, key=lambda r: (order[r[0]], r[3] or "", r[4] or "", r[5] or ""))


def balance_controls(book: Book) -> Iterator[Control]:
    """Yield: both sides of each kind of account, and that they are equal in a whole fund."""
    for kind, debited, credited in kind_totals(book):
        for side, amount in (("debits", debited), ("credits", credited)):
            figure = total("balances", side, {"account": kind})
            yield control(book, f"balances_{side}", figure, amount, account=kind)
        in_debit = total("balances", "in_debit", {"account": kind})
        net = in_debit - total("balances", "in_credit", {"account": kind})
        yield control(book, "balances_net", net, debited - credited, account=kind)
    if book.is_whole:
        both = total("balances", "debits") - total("balances", "credits")
        yield control(book, "balanced", both, 0)


def _dated(book: Book) -> Any:
    """Return (account_id, debits, credits) by the ledger's totals of months and days, as known."""
    first = book.on.replace(day=1)
    in_scope = select(Account.id).where(Account.fund_id == book.fund.id, book.of_account(Account))
    parts = []
    for table, condition in (
        (AccountMonth, AccountMonth.month_on < first),
        (AccountDay, and_(AccountDay.on_date >= first, AccountDay.on_date <= book.on)),
    ):
        parts.append(
            select(
                table.account_id, table.debits_minor.label("debits"),
                table.credits_minor.label("credits"),
            ).where(table.account_id.in_(in_scope), condition)
        )  # fmt: skip
    for column, is_debit in (
        (Transfer.debit_account_id, True),
        (Transfer.credit_account_id, False),
    ):
        less = -Transfer.amount_minor
        parts.append(
            select(
                column.label("account_id"),
                (less if is_debit else literal(0)).label("debits"),
                (literal(0) if is_debit else less).label("credits"),
            ).where(
                Transfer.fund_id == book.fund.id, Transfer.event_seq > book.seq,
                Transfer.effective_on <= book.on, column.in_(in_scope),
            )
        )  # fmt: skip
    added = union_all(*parts).subquery()
    return (
        select(
            added.c.account_id,
            func.sum(added.c.debits).label("debits"),
            func.sum(added.c.credits).label("credits"),
        )
        .group_by(added.c.account_id)
        .subquery()
    )


def kind_totals(book: Book) -> list[tuple[str, int, int]]:
    """Return (kind of account, debits, credits) of the accounts in scope by the dated totals."""
    dated = _dated(book)
    query = (
        select(Account.kind, func.sum(dated.c.debits), func.sum(dated.c.credits))
        .join(dated, dated.c.account_id == Account.id)
        .group_by(Account.kind)
        .order_by(Account.kind)
    )
    found = [(row[0], int(row[1]), int(row[2])) for row in book.db.execute(query)]
    # What first moved after the instant is not told of: the same question, the same controls.
    return [row for row in found if row[1] or row[2]]


JOURNAL = Section(
    "journal",
    (
        ("seq", Integer(), 10), ("line", Integer(), 7), ("effective_on", Date(), 12),
        ("recorded_at", Instant(), 20), ("kind", Code(), 22), ("debit_account", Code(), 20),
        ("credit_account", Code(), 20), ("amount", Money(), 18), ("lot", Code(), 26),
        ("grant", Code(), 26), ("document", Code(), 18), ("document_id", Code(), 38),
        ("reversal", Flag(), 10), ("action", Code(), 28), ("person", Code(), 18),
    ),
    journal_rows,
    totals=("amount",),
    controls=journal_controls,
)  # fmt: skip
BALANCES = Section(
    "balances",
    (
        ("account", Code(), 22), ("memo", Flag(), 8), ("normal", Code(), 9), ("lot", Code(), 26),
        ("grant", Code(), 26), ("party", Code(), 18), ("debits", Money(), 18),
        ("credits", Money(), 18),
        ("in_debit", Computed("MAX({debits}-{credits},0)", Money()), 18),
        ("in_credit", Computed("MAX({credits}-{debits},0)", Money()), 18),
    ),
    balance_rows,
    totals=("debits", "credits", "in_debit", "in_credit"),
    controls=balance_controls,
)  # fmt: skip
