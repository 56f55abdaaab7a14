"""What transfers in scope moved, net of reversals: by kind, document and day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, select

from fundops.exports.audit_book.book import Book
from fundops.exports.formulas import Figure, total
from fundops.ledger.models import Transfer

_NET: Any = case((Transfer.reverses_id.is_not(None), -Transfer.amount_minor),
                 else_=Transfer.amount_minor)  # fmt: skip


def moved(book: Book, kinds: Collection[str], *columns: Any) -> Iterator[Any]:
    """Yield ``columns`` and the net amount of transfers in scope; what was reversed counts not."""
    query = book.transfers(*columns, func.sum(_NET)).where(Transfer.kind.in_(sorted(kinds)))
    yield from book.db.execute(query.group_by(*columns).order_by(None))


def moved_in_all(book: Book, kinds: Collection[str], source: str | None = None) -> int:
    """Return the net amount of kinds of transfer in scope, of one kind of document if named."""
    return sum(
        int(minor) for source_type, minor in moved(book, kinds, Transfer.source_type)
        if source in (None, source_type)
    )  # fmt: skip


def of_sources(book: Book, *kinds: str) -> dict[UUID, int]:
    """Return per document what it moved in scope by transfers of some kinds, net."""
    return {row[0]: int(row[1]) for row in moved(book, kinds, Transfer.source_id)}


def moved_later(book: Book, kind: str) -> Counter[UUID]:
    """Return per document what it moves after the day asked for, as known, of all lots."""
    query = (
        select(Transfer.source_id, func.sum(_NET))
        .where(
            Transfer.fund_id == book.fund.id, Transfer.kind == kind,
            Transfer.effective_on > book.on, Transfer.event_seq <= book.seq,
        )
        .group_by(Transfer.source_id)
    )  # fmt: skip
    return Counter({row[0]: int(row[1]) for row in book.db.execute(query)})


def in_journal(kind: str) -> Figure:
    """Return what the journal's rows say of a kind of transfer, net of reversals."""
    booked = total("journal", "amount", {"kind": kind, "reversal": False})
    return booked - total("journal", "amount", {"kind": kind, "reversal": True})
