"""The books' bank account beside the statements of the bank, movement by movement.

The books have one bank account per fund, whatever accounts the bank keeps. Rows add up: those of
the column of the books to its balance, those of the bank's to what its statements closed with,
and their differences, by state, are the reconciliation.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, or_, select

from fundops.banking.models import (
    BankStatement,
    EntryConfirmation,
    EntryMatch,
    FundBankAccount,
    StatementEntry,
)
from fundops.disbursements.models import Disbursement
from fundops.donors.models import Lot, Receipt
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.journal import kind_totals
from fundops.exports.audit_book.section import Row, Section, control
from fundops.exports.formulas import Figure, total
from fundops.exports.kinds import Code, Computed, Date, Money
from fundops.exports.workbook import Control
from fundops.funds.models import BankEntry
from fundops.grants.models import Refund
from fundops.ledger.models import Transfer

STATES = (
    "opening", "matched", "other_amount", "not_on_statement", "not_in_books", "gap",
    "no_statement_imported",
)  # fmt: skip
"""``gap``: moved between statements, or within one beside its entries."""


class Statements:
    """The statements that ended by the day and were known, with their entries and matches."""

    def __init__(self, book: Book) -> None:
        self.book = book

    @cached_property
    def all(self) -> list[Any]:
        """The statements, in order of account, day and sequence."""
        statement = BankStatement.__table__.c
        query = (
            select(
                statement.id, FundBankAccount.name, statement.reference, statement.from_on,
                statement.to_on, statement.sequence, statement.opening_minor,
                statement.closing_minor,
            )
            .join(FundBankAccount, FundBankAccount.id == statement.account_id)
            .where(
                statement.fund_id == self.book.fund.id,
                statement.to_on <= self.book.on,
                statement.id.in_(self.book.known_ids("bank_statement")),
            )
        )  # fmt: skip
        found = self.book.db.execute(query).all()
        return sorted(found, key=lambda one: (one.name, one.to_on, one.sequence, str(one.id)))

    @cached_property
    def by_account(self) -> dict[str, list[Any]]:
        """The statements of each account, by its name."""
        found: dict[str, list[Any]] = defaultdict(list)
        for one in self.all:
            found[one.name].append(one)
        return found

    @cached_property
    def first_on(self) -> date | None:
        """The day from which there are statements."""
        return min((many[0].from_on for many in self.by_account.values()), default=None)

    @cached_property
    def _taken(self) -> Any:
        return (
            select(BankStatement.id)
            .where(
                BankStatement.fund_id == self.book.fund.id,
                BankStatement.to_on <= self.book.on,
                BankStatement.id.in_(self.book.known_ids("bank_statement")),
            )
        )  # fmt: skip

    @cached_property
    def entries(self) -> list[Any]:
        """(id, statement, position, amount, day, the bank's reference) of each entry."""
        entry = StatementEntry.__table__.c
        query = select(
            entry.id, entry.statement_id, entry.position, entry.amount_minor, entry.booked_on,
            entry.bank_reference,
        ).where(entry.statement_id.in_(self._taken))  # fmt: skip
        return list(self.book.db.execute(query))

    @cached_property
    def matches(self) -> list[Any]:
        """(entry, record, amount) of what persons had confirmed by the instant."""
        query = (
            select(EntryMatch.entry_id, EntryMatch.record_id, EntryMatch.amount_minor)
            .join(EntryConfirmation, EntryConfirmation.entry_id == EntryMatch.entry_id)
            .join(StatementEntry, StatementEntry.id == EntryMatch.entry_id)
            .where(
                StatementEntry.statement_id.in_(self._taken),
                EntryMatch.entry_id.in_(self.book.known_ids("statement_entry")),
            )
        )
        return list(self.book.db.execute(query))


def bank_rows(book: Book) -> Iterator[Row]:
    """Yield opening balances, every movement of either side, and gaps, in order of their days."""
    found = book.once(Statements)
    rows = [*_of_records(book, found)]
    if book.is_whole:
        rows += [*_openings(book, found), *_of_entries(book, found), *_gaps(found)]
    order = {state: place for place, state in enumerate(STATES)}
    rows.sort(key=lambda row: (row[0] != "opening", row[1], order[row[0]], *map(str, row[2:])))
    yield from rows


def _row(state: str, on: date, books: int, bank: int, **named: str | None) -> Row:
    names = [named.get(key) for key in ("account", "document", "code", "reference")]
    return (state, on, *names, books, bank, books - bank)


def _openings(book: Book, found: Statements) -> Iterator[Row]:
    """Yield what the books had before the first statement, and what each account opened with."""
    if found.first_on is None:
        return
    before = sum(minor for _, _, minor, day in _moved(book) if day < found.first_on)
    yield _row("opening", found.first_on, before, 0)
    for name, many in found.by_account.items():
        first = many[0]
        yield _row("opening", first.from_on, 0, int(first.opening_minor), account=name,
                   reference=first.reference)  # fmt: skip


def _moved(book: Book) -> list[tuple[UUID, str, int, date]]:
    """Return (record, kind of record, signed amount, day) of the bank account's movements."""
    signed = case((book.debit.kind == "bank", Transfer.amount_minor), else_=-Transfer.amount_minor)
    query = (
        book.transfers(
            Transfer.source_id, Transfer.source_type, func.sum(signed), Transfer.effective_on
        )
        .where(or_(book.debit.kind == "bank", book.credit.kind == "bank"))
        .group_by(Transfer.source_id, Transfer.source_type, Transfer.effective_on)
        .order_by(None)
    )
    return [(row[0], row[1], int(row[2]), row[3]) for row in book.db.execute(query)]


def _of_records(book: Book, found: Statements) -> Iterator[Row]:
    """Yield each record that moved the bank account, with what statements say of it."""
    books: Counter[UUID] = Counter()
    types: dict[UUID, str] = {}
    days: dict[UUID, date] = {}
    in_scope = set()
    for record, source_type, minor, day in _moved(book):
        in_scope.add(record)
        if found.first_on is None or not book.is_whole or day >= found.first_on:
            books[record] += minor
            types[record] = source_type
            days[record] = max(days.get(record, day), day)
    bank, accounts = _at_bank(found)
    codes = _codes(book)
    for record in sorted(set(books) | set(bank)):
        if not book.is_whole and record not in in_scope:
            continue
        state = _state(found, record, books, bank)
        day = days.get(record) or found.first_on or book.on
        yield _row(
            state, day, books[record], bank[record], document=types.get(record),
            code=codes.get(record, str(record)),
            account=", ".join(sorted(accounts.get(record, ()))) or None,
        )  # fmt: skip


def _state(found: Statements, record: UUID, books: Counter[UUID], bank: Counter[UUID]) -> str:
    if not found.all:
        return "no_statement_imported"
    if record not in bank:
        return "not_on_statement"
    return "matched" if books[record] == bank[record] else "other_amount"


def _at_bank(found: Statements) -> tuple[Counter[UUID], dict[UUID, set[str]]]:
    """Return what confirmed entries moved for each record, and at which accounts."""
    account_of = {one.id: one.name for one in found.all}
    statement_of = {entry.id: entry.statement_id for entry in found.entries}
    bank: Counter[UUID] = Counter()
    accounts: dict[UUID, set[str]] = defaultdict(set)
    for entry_id, record, minor in found.matches:
        bank[record] += int(minor)
        accounts[record].add(account_of[statement_of[entry_id]])
    return bank, accounts


def _of_entries(book: Book, found: Statements) -> Iterator[Row]:
    """Yield what of each entry nobody has confirmed to be a record of ours."""
    statements = {one.id: one for one in found.all}
    matched: Counter[UUID] = Counter()
    for entry_id, _, minor in found.matches:
        matched[entry_id] += int(minor)
    for one in found.entries:
        rest = int(one.amount_minor) - matched[one.id]
        if rest:
            statement = statements[one.statement_id]
            state = "other_amount" if one.id in matched else "not_in_books"
            reference = one.bank_reference if book.reader.knows_names else None
            yield _row(
                state, one.booked_on, 0, rest, account=statement.name,
                document="statement_entry", code=f"{statement.reference}/{one.position}",
                reference=reference,
            )  # fmt: skip


def _gaps(found: Statements) -> Iterator[Row]:
    """Yield what the bank moved between statements, or within one beside its entries."""
    told: Counter[UUID] = Counter()
    for one in found.entries:
        told[one.statement_id] += int(one.amount_minor)
    for name, many in found.by_account.items():
        standing = int(many[0].opening_minor)
        for statement in many:
            missing = int(statement.opening_minor) - standing
            inside = int(statement.closing_minor) - int(statement.opening_minor)
            missing += inside - told[statement.id]
            standing = int(statement.closing_minor)
            if missing:
                yield _row("gap", statement.from_on, 0, missing, account=name,
                           reference=statement.reference)  # fmt: skip


def _codes(book: Book) -> dict[UUID, str]:
    """Return the codes of records that move the bank account."""
    found: dict[UUID, str] = {}
    for model in (Receipt, BankEntry, Lot, Disbursement, Refund):
        found |= book.codes(model)
    return found


def bank_controls(book: Book) -> Iterator[Control]:
    """Yield: both sides by another way, and that the differences explain the whole."""
    found = book.once(Statements)
    if book.is_whole:
        books = sum(d - c for kind, d, c in kind_totals(book) if kind == "bank")
        bank = sum(int(many[-1].closing_minor) for many in found.by_account.values())
    else:
        moved = _moved(book)
        books = sum(minor for _, _, minor, _ in moved)
        ours = {record for record, _, _, _ in moved}
        bank = sum(int(minor) for _, record, minor in found.matches if record in ours)
    yield control(book, "bank_books", total("bank", "books"), books)
    # Of a part of the fund, the figure above is read as the rows are: the journal is another way.
    debited = total("journal", "amount", {"debit_account": "bank"})
    credited = total("journal", "amount", {"credit_account": "bank"})
    yield control(book, "bank_journal", total("bank", "books") - debited + credited, 0)
    yield control(book, "bank_statements", total("bank", "bank"), bank)
    explained: Figure = total("bank", "bank")
    for state in STATES:
        explained = explained + total("bank", "difference", {"state": state})
    yield control(book, "bank_explained", explained, books)


BANK = Section(
    "bank",
    (
        ("state", Code(), 18), ("on", Date(), 12), ("account", Code(), 24),
        ("document", Code(), 18), ("code", Code(), 30), ("reference", Code(), 28),
        ("books", Money(), 18), ("bank", Money(), 18),
        ("difference", Computed("{books}-{bank}", Money()), 18),
    ),
    bank_rows,
    totals=("books", "bank", "difference"),
    controls=bank_controls,
)  # fmt: skip
