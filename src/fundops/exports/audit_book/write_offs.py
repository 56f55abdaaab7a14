"""Write-offs of instalments, claims and advances: asked for by one, decided by another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import select

from fundops.donors.models import Agreement, Instalment
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.checks import by_currency, in_currencies
from fundops.exports.audit_book.journal import kind_totals
from fundops.exports.audit_book.moved import in_journal, of_sources
from fundops.exports.audit_book.registers import (
    ADVANCE_WRITE_OFFS,
    CLOSINGS,
    INSTALMENTS,
    Read,
    as_known,
    as_told,
)
from fundops.exports.audit_book.registers import WRITE_OFFS as REGISTER
from fundops.exports.audit_book.section import Row, Section, control, counted
from fundops.exports.audit_book.words import about, grants_of, not_recorded, signed, withheld
from fundops.exports.formulas import count, total
from fundops.exports.kinds import Code, Date, Instant, Money, Text
from fundops.exports.workbook import Control
from fundops.tracing.known import Known

SOURCE = "source"
"""Kind of what imports wrote off of an instalment: no decision of it is recorded here."""


def _subjects(book: Book) -> dict[UUID, str]:
    """Return the instalments in scope in words: the agreement's code and the number in it.

    Those of a fund or donor are, of a grant or call none.
    """
    if not book.by_lot:
        return {}
    query = select(Instalment.id, Agreement.code, Instalment.number).join(
        Agreement, Agreement.id == Instalment.agreement_id
    )
    query = query.where(Agreement.fund_id == book.fund.id)
    if not book.is_whole:
        query = query.where(Agreement.donor_id == book.scope.record_id)
    return {row[0]: f"{row[1]}/{row[2]}" for row in book.db.execute(query)}


def _of_donors(book: Book, read: Read) -> list[Known]:
    """Return the write-offs of instalments and claims in scope."""
    subjects = book.once(_subjects)

    def is_ours(one: Known) -> bool:
        if one.instalment_id is not None:
            return one.instalment_id in subjects
        return book.is_whole or (book.by_lot and one.party_id == book.scope.record_id)

    return [one for one in read(REGISTER) if is_ours(one)]


def _left_by_sources(book: Book, read: Read) -> list[tuple[Known, int]]:
    """Return the instalments due by the day of which sources wrote something off, and how much."""
    given_up: Counter[UUID] = Counter()
    for one in _of_donors(book, read):
        if one.status == "approved" and one.instalment_id is not None:
            given_up[one.instalment_id] += one.amount_minor
    subjects = book.once(_subjects)
    found = [(one, one.written_off_minor - given_up[one.id]) for one in read(INSTALMENTS)
             if one.id in subjects and (one.due_on is None or one.due_on <= book.on)]  # fmt: skip
    return [(one, left) for one, left in found if left > 0]


def _begun(book: Book, one: Any) -> bool:
    return one.effective_on <= book.on or book.by_then(one.created_at)


def write_off_rows(book: Book) -> Iterator[Row]:
    """Yield write-offs by day and code, then those of closings, then what sources wrote off."""
    read = as_known(book)
    booked = of_sources(book, "write_off", "advance_write_off")
    subjects = book.once(_subjects)
    rows = [_donors_row(book, one, subjects, booked) for one in _of_donors(book, read)
            if _begun(book, one)]  # fmt: skip
    rows += _of_advances(book, booked)
    yield from sorted(rows, key=lambda row: (row[4], row[1]))
    found = [
        _source_row(book, subjects[one.id], one, left) for one, left in _left_by_sources(book, read)
    ]
    yield from sorted(found, key=lambda row: row[2])


def _donors_row(book: Book, one: Any, subjects: dict[UUID, str], booked: dict[UUID, int]) -> Row:
    is_instalment = one.instalment_id is not None
    subject = subjects[one.instalment_id] if is_instalment else book.party(one.party_id)
    reason = one.reason
    if not is_instalment and book.is_hidden(one.party_id, None):
        reason = withheld(book)
    return (
        "instalment" if is_instalment else "claim", one.code, subject, None, one.effective_on,
        _status(book, one), one.currency, one.amount_minor, *_signatures(book, one), reason,
        booked.get(one.id, 0),
    )  # fmt: skip


def _of_advances(book: Book, booked: dict[UUID, int]) -> Iterator[Row]:
    """Yield what was given up of money that grantees hold: by itself, and in closing a grant."""
    grants, currency = grants_of(book), book.fund.base_currency
    for one in ADVANCE_WRITE_OFFS.known(book):
        if _begun(book, one):
            grant = grants[one.grant_id]
            yield (
                "advance", one.code, book.party(grant.grantee_id), grant.code, one.effective_on,
                _status(book, one), currency, one.amount_minor, *_signatures(book, one),
                about(book, grant, one.reason), booked.get(one.id, 0),
            )  # fmt: skip
    for one in CLOSINGS.known(book):
        if _is_closed(book, one):
            grant = grants[one.grant_id]
            yield (
                "closing", one.code, book.party(grant.grantee_id), grant.code, one.closed_on,
                one.status, currency, one.residual_minor, signed(book, one.proposed_by_id),
                one.created_at, signed(book, one.confirmed_by_id), one.confirmed_at,
                about(book, grant, one.reason), booked.get(one.id, 0),
            )  # fmt: skip


def _is_closed(book: Book, one: Any) -> bool:
    """Return whether a closing by the day stands that wrote something off."""
    stands = one.status == "confirmed" and one.residual_minor > 0
    return bool(stands and one.closed_on <= book.on)


def _source_row(book: Book, subject: str, one: Any, minor: int) -> Row:
    nobody = not_recorded(book)
    return (
        SOURCE, None, subject, None, one.due_on, "approved", one.currency, minor,
        nobody, None, nobody, None, None, 0,
    )  # fmt: skip


def _status(book: Book, one: Any) -> str:
    """Return the status at the day's end; what was decided later and counts later waits still."""
    is_decided = book.by_then(one.decided_at) or one.effective_on <= book.on
    return str(one.status) if is_decided else "requested"


def _signatures(book: Book, one: Any) -> tuple[Any, ...]:
    asked = (signed(book, one.requested_by_id), one.created_at)
    if _status(book, one) == "requested":
        return (*asked, None, None)
    return (*asked, signed(book, one.decided_by_id), one.decided_at)


def write_off_controls(book: Book) -> Iterator[Control]:
    """Yield: rows and amounts by currency as told, and what was booked by journal and totals."""
    found = _told_amounts(book)
    yield counted(book, "write_offs", count("write_offs"), len(found))
    amounts = by_currency(found)
    yield from in_currencies(book, "write_offs_asked", "write_offs", "amount", "currency", amounts)
    booked = total("write_offs", "booked")
    journal = in_journal("write_off") + in_journal("advance_write_off")
    yield control(book, "write_offs_journal", booked - journal, 0)
    in_closing = total("write_offs", "booked", {"kind": "closing"})
    of_advances = total("write_offs", "booked", {"kind": "advance"}) + in_closing
    cleared = total("advances", "written_off")
    yield control(book, "write_offs_advances", of_advances - cleared, 0)
    if book.is_whole:
        lost = {kind: debited - credited for kind, debited, credited in kind_totals(book)}
        figure = total("write_offs", "booked", {"kind": "claim"})
        yield control(book, "write_offs_claims", figure, lost.get("write_off", 0))


def _told_amounts(book: Book) -> list[tuple[str, int]]:
    """Return (currency, amount) of all that the sheet has rows of, as the audit chain tells."""
    read = as_told(book)
    base = book.fund.base_currency
    found = [(one.currency, one.amount_minor) for one in _of_donors(book, read)
             if _begun(book, one)]  # fmt: skip
    found += [(base, one.amount_minor) for one in read(ADVANCE_WRITE_OFFS) if _begun(book, one)]
    found += [(base, one.residual_minor) for one in read(CLOSINGS) if _is_closed(book, one)]
    return found + [(one.currency, left) for one, left in _left_by_sources(book, read)]


WRITE_OFFS = Section(
    "write_offs",
    (
        ("kind", Code(), 12), ("code", Code(), 28), ("subject", Code(), 34), ("grant", Code(), 26),
        ("effective_on", Date(), 12), ("status", Code(), 12), ("currency", Code(), 10),
        ("amount", Money(currency_from="currency"), 18), ("requested_by", Code(), 16),
        ("requested_at", Instant(), 20), ("decided_by", Code(), 16), ("decided_at", Instant(), 20),
        ("reason", Text(), 44), ("booked", Money(), 18),
    ),
    write_off_rows,
    totals=("booked",),
    controls=write_off_controls,
)  # fmt: skip
