"""What the ledger says of grants: reserved and why, paid, sent back, accepted, written off."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, select

from fundops.audit import AuditEvent
from fundops.exports.audit_book.book import Book
from fundops.ledger.chart import TRANSFER_KINDS
from fundops.ledger.models import Transfer

FLOWS = {
    "pay": ("paid", 1),
    "pay_return": ("paid", -1),
    "refund": ("refunded", 1),
    "liquidate": ("accepted", 1),
    "advance_write_off": ("written_off", 1),
}
"""Kind of transfer -> the column that it counts in, and its sign there."""
HELD = {"reserve": 1, "void": -1}
"""Kinds that change what is reserved for a grant other than by paying."""
REASONS = {
    "grant.awarded": "at_award",
    "grant.imported": "at_award",
    "grant.stands_on_cash": "at_award",
    "grant.award_increased": "amended",
    "grant.award_reduced": "amended",
    "grant.restated": "corrected",
    "grant.cancelled": "given_back",
    "grant.closed": "given_back",
    "grant.terminated": "given_back",
}
"""Action of an event on the grant itself -> why its reservation changed; by others it is moved."""
ENDING = tuple(action for action, why in REASONS.items() if why == "given_back")
"""Actions of events that end a grant, and give back what is not paid of it."""
CHANGES = ("at_award", "amended", "corrected", "moved", "given_back")
"""Why what is reserved for a grant changed."""
AMOUNTS = (*CHANGES, *dict.fromkeys(column for column, _ in FLOWS.values()))


def by_grant(book: Book) -> dict[UUID, Counter[str]]:
    """Return per grant what the transfers in scope come to, minor units, by ``AMOUNTS``."""
    return book.once(_by_grant)


def _by_grant(book: Book) -> dict[UUID, Counter[str]]:
    found: dict[UUID, Counter[str]] = defaultdict(Counter)
    query = book.transfers(*_columns(book, Transfer.grant_id)).order_by(None)
    query = query.where(Transfer.grant_id.is_not(None))
    for grant_id, column, amount in _added(book, query, Transfer.grant_id):
        found[grant_id][column] += amount
    return found


def in_all(book: Book, *conditions: ColumnElement[bool]) -> Counter[str]:
    """Return what the transfers in scope come to by their kinds, whatever the grant.

    Nothing is read grant by grant: the second way to the sums of ``by_grant``.
    """
    found: Counter[str] = Counter()
    query = book.transfers(*_columns(book, literal(0))).order_by(None)
    for _, column, amount in _added(book, query.where(*conditions), None):
        found[column] += amount
    return found


def of_whole_grants(book: Book) -> dict[UUID, Counter[str]]:
    """Return per grant in scope what all its transfers come to, whoever's money it was."""
    if book.is_whole:
        return by_grant(book)
    query = (
        select(*_columns(book, Transfer.grant_id))
        .select_from(Transfer)
        .join(book.debit, book.debit.id == Transfer.debit_account_id)
        .join(book.credit, book.credit.id == Transfer.credit_account_id)
        .where(
            Transfer.fund_id == book.fund.id,
            Transfer.grant_id.in_(book.grants),
            Transfer.effective_on <= book.on,
            Transfer.event_seq <= book.seq,
        )
    )
    found: dict[UUID, Counter[str]] = defaultdict(Counter)
    for grant_id, column, amount in _added(book, query, Transfer.grant_id):
        found[grant_id][column] += amount
    return found


def _columns(book: Book, first: Any) -> tuple[Any, ...]:
    own: Any = case(
        (and_(AuditEvent.record_id == Transfer.grant_id, AuditEvent.record_type == "grant"), 1),
        else_=0,
    )
    return (
        first.label("first"), Transfer.kind, book.credit.kind.label("credited"),
        AuditEvent.action, own.label("own"), func.sum(Transfer.amount_minor).label("amount"),
    )  # fmt: skip


def _added(book: Book, query: Select[Any], group: Any) -> list[tuple[Any, str, int]]:
    """Return (first column, column, signed amount) for every group of transfers."""
    own = query.selected_columns.own
    query = (
        query.join(AuditEvent, AuditEvent.seq == Transfer.event_seq)
        .where(Transfer.kind.in_([*FLOWS, *HELD]))
        .group_by(Transfer.kind, book.credit.kind, AuditEvent.action, own)
    )
    if group is not None:
        query = query.group_by(group)
    found = []
    for first, kind, credited, action, is_own, amount in book.db.execute(query):
        sign = 1 if credited == TRANSFER_KINDS[kind].credit else -1
        if kind in HELD:
            column = REASONS.get(action, "moved") if is_own else "moved"
            sign *= HELD[kind]
        else:
            column, direction = FLOWS[kind]
            sign *= direction
        found.append((first, column, sign * int(amount)))
    return found
