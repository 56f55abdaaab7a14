"""Refunds and what is asked back or owed: money that came, requests, receivables, outstanding."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select

from fundops.audit import AuditEvent
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.checks import counted_of, summed
from fundops.exports.audit_book.moved import in_journal, moved, moved_in_all
from fundops.exports.audit_book.registers import (
    ADVANCE_WRITE_OFFS,
    ENTRIES,
    RECEIVABLES,
    REFUND_PARTS,
    REFUND_REQUESTS,
    Read,
    as_known,
    as_told,
)
from fundops.exports.audit_book.registers import REFUNDS as REGISTER
from fundops.exports.audit_book.section import Row, Section, control
from fundops.exports.audit_book.words import about, grants_of, signed
from fundops.exports.formulas import Figure, count, total
from fundops.exports.kinds import Code, Computed, Date, Instant, Money, Text
from fundops.exports.workbook import Control
from fundops.grants.models import Refund
from fundops.ledger.models import Transfer
from fundops.messages import text
from fundops.tracing.known import Known

SETTLED = ("answered", "supported", "justified", "written_off", "let_go")
COLUMN_OF = {
    "refunded": "answered", "additional_support": "supported",
    "justification_accepted": "justified", "written_off": "written_off",
}  # fmt: skip
"""Kind of a receivable's entry -> the column in which it counts."""
GONE = ("withdrawn", "superseded")


def refund_rows(book: Book) -> Iterator[Row]:
    """Yield what came back by refund and lot, then requests, then receivables with what settled."""
    grants = grants_of(book)
    yield from _refunds(book, grants)
    answers = _answers(book, as_known(book))
    requests = _asked_for(book, REFUND_REQUESTS.known(book))
    receivables = _opened(book, RECEIVABLES.known(book))
    for kind, found in (("request", requests), ("receivable", receivables)):
        for one in found:
            yield _claim(book, grants[one.grant_id], kind, one, answers[one.id])


def _refunds(book: Book, grants: Mapping[UUID, Any]) -> Iterator[Row]:
    known = {one.id: one for one in REGISTER.known(book)}
    rows = [
        (known[source_id], book.lot_codes[lot_id], int(minor))
        for source_id, lot_id, minor in moved(
            book, ("refund",), Transfer.source_id, Transfer.lot_id)
        if minor
    ]  # fmt: skip
    booked_by = _booked_by(book)
    for one, lot, minor in sorted(rows, key=lambda row: (row[0].received_on, row[0].code, row[1])):
        grant = grants[one.grant_id]
        is_hidden = book.is_hidden(grant.grantee_id, grant.country)
        yield (
            "refund", one.code, grant.code, book.party(grant.grantee_id), one.received_on, None,
            one.status, lot, None if is_hidden else one.reference, None,
            signed(book, booked_by.get(one.id)), one.created_at, minor,
            *(None,) * (1 + len(SETTLED)), 0,
        )  # fmt: skip


def _booked_by(book: Book) -> dict[UUID, UUID | None]:
    """Return per refund who booked it, by its first event."""
    query = (
        select(AuditEvent.record_id, AuditEvent.person_id)
        .join(Refund, Refund.id == AuditEvent.record_id)
        .where(
            AuditEvent.record_type == "refund", AuditEvent.seq <= book.seq,
            Refund.grant_id.in_(book.grants),
        )
        .order_by(AuditEvent.seq.desc())
    )  # fmt: skip
    return {row[0]: row[1] for row in book.db.execute(query) if row[0] is not None}


def _asked_for(book: Book, requests: Iterable[Any]) -> list[Any]:
    return sorted((one for one in requests if one.requested_on <= book.on),
                  key=lambda one: (one.requested_on, one.code))  # fmt: skip


def _opened(book: Book, receivables: Iterable[Any]) -> list[Any]:
    return sorted((one for one in receivables if one.opened_on <= book.on),
                  key=lambda one: (one.opened_on, one.code))  # fmt: skip


def _claim(book: Book, grant: Any, kind: str, one: Any, answers: Counter[str]) -> Row:
    """Return the row of a request or receivable; nothing is left of what was let go."""
    is_request = kind == "request"
    settled = sum(answers.values())
    is_gone = one.status in GONE
    settled_in = dict(answers) | {"let_go": one.amount_minor - settled if is_gone else 0}
    left = 0 if is_gone else one.amount_minor - settled
    is_open = not is_gone and left > 0
    by, reason = (one.requested_by_id, one.note) if is_request else (one.opened_by_id, one.reason)
    return (
        kind, one.code, grant.code, book.party(grant.grantee_id),
        one.requested_on if is_request else one.opened_on, one.due_on if is_request else None,
        ("requested" if is_request else "open") if is_open else one.status, None,
        None if is_request else one.origin, about(book, grant, reason), signed(book, by),
        one.created_at, None, one.amount_minor, *(settled_in.get(name, 0) for name in SETTLED),
        left,
    )  # fmt: skip


def _answers(book: Book, read: Read) -> dict[UUID, Counter[str]]:
    """Return per request and receivable what answered it by the day, by column."""
    found: dict[UUID, Counter[str]] = defaultdict(Counter)
    came = {one.id: one.received_on for one in read(REGISTER)}
    for part in read(REFUND_PARTS):
        if came[part.refund_id] <= book.on:
            found[part.refund_request_id]["answered"] += part.amount_minor
    for one in read(ADVANCE_WRITE_OFFS):
        is_ours = one.refund_request_id is not None and one.status == "approved"
        if is_ours and one.effective_on <= book.on:
            found[one.refund_request_id]["written_off"] += one.amount_minor
    for entry in read(ENTRIES):
        if entry.on_date <= book.on:
            found[entry.receivable_id][COLUMN_OF[entry.kind]] += entry.amount_minor
    return found


def refund_controls(book: Book) -> Iterator[Control]:
    """Yield: money back by the ledger, claims and what answered them as told, what is left."""
    came = total("refunds", "refunded")
    yield control(book, "refunds_cash", came, moved_in_all(book, ("advance_return",), "refund"))
    yield control(book, "refunds_journal", came - in_journal("refund"), 0)
    yield control(book, "refunds_advances", came - total("advances", "refunded"), 0)
    records = {
        "request": _asked_for(book, REFUND_REQUESTS.told(book)),
        "receivable": _opened(book, RECEIVABLES.told(book)),
    }
    for kind, found in records.items():
        name = text(f"audit_book.refunds.{kind}", book.language)
        rows = count("refunds", {"kind": kind})
        yield counted_of(book, "refunds", name, rows, len(found))
        claimed = summed(found, "amount_minor")
        figure = total("refunds", "claimed", {"kind": kind})
        yield control(book, "refunds_claimed", figure, claimed, claim=name)
    yield from _settled_controls(book, [one for found in records.values() for one in found])


def _settled_controls(book: Book, claims: list[Known]) -> Iterator[Control]:
    answers = _answers(book, as_told(book))
    settled: Counter[str] = Counter()
    for one in claims:
        settled += answers[one.id]
    settled["let_go"] = sum(
        one.amount_minor - sum(answers[one.id].values()) for one in claims if one.status in GONE
    )
    left: Figure = total("refunds", "outstanding") - total("refunds", "claimed")
    for column in SETTLED:
        figure = total("refunds", column)
        label = text(f"audit_book.refunds.{column}", book.language)
        yield control(book, "refunds_settled", figure, settled[column], column=label)
        left = left + figure
    yield control(book, "refunds_outstanding", left, 0)


REFUNDS = Section(
    "refunds",
    (
        ("kind", Code(), 12), ("code", Code(), 28), ("grant", Code(), 26), ("payee", Code(), 34),
        ("on_date", Date(), 12), ("due_on", Date(), 12), ("status", Code(), 12),
        ("lot", Code(), 26), ("reference", Code(), 20), ("reason", Text(), 44),
        ("by", Code(), 16), ("recorded_at", Instant(), 20), ("refunded", Money(), 18),
        ("claimed", Money(), 18), *((name, Money(), 18) for name in SETTLED),
        ("outstanding", Computed(
            "{claimed}-{answered}-{supported}-{justified}-{written_off}-{let_go}", Money()), 18),
    ),
    refund_rows,
    totals=("refunded", "claimed", *SETTLED, "outstanding"),
    controls=refund_controls,
)  # fmt: skip
