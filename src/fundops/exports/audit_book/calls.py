"""The calls: their terms, how many proposals came, and what was asked for and awarded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import select

from fundops import clock
from fundops.exports.audit_book import process
from fundops.exports.audit_book.awards import AWARDED, grants
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.checks import summed
from fundops.exports.audit_book.grant_money import by_grant, in_all
from fundops.exports.audit_book.registers import CALLS as REGISTER
from fundops.exports.audit_book.registers import PROPOSALS
from fundops.exports.audit_book.section import Row, Section, control, counted
from fundops.exports.formulas import count, total
from fundops.exports.kinds import Code, Date, Flag, Instant, Integer, Money, Text
from fundops.exports.workbook import Control
from fundops.grants.models import Grant
from fundops.ledger.models import Transfer
from fundops.messages import text

TERMS = ("envelope", "floor", "ceiling")


def call_rows(book: Book) -> Iterator[Row]:
    """Yield the calls with their terms and what came of them by the day."""
    moved, came, asked = process.extensions(book), Counter[UUID](), Counter[UUID]()
    eligible, made, awarded = Counter[UUID](), Counter[UUID](), Counter[UUID]()
    statuses = REGISTER.statuses(book)
    decided, amounts = process.eligibility(book), by_grant(book)
    for one in process.proposals(book):
        came[one.call_id] += 1
        asked[one.call_id] += one.requested_minor or 0
        verdict = decided.get(one.id)
        eligible[one.call_id] += verdict is not None and verdict.verdict == "eligible"
    for grant in grants(book):
        made[grant.call_id] += 1
        awarded[grant.call_id] += sum(amounts[grant.id][one] for one in AWARDED)
    for call in process.calls(book):
        mine = moved.get(call.id, [])
        ends_at = process.deadline(book, call, mine)
        extended = sum(book.by_then(one.extended_at) for one in mine)
        closes_on = clock.day_in(ends_at, call.zone) if ends_at is not None else call.closes_on
        yield (
            call.code, call.title, str(call.year), statuses[call.id], call.funding_window,
            call.modality, call.opens_on, closes_on,
            mine[0].old_deadline_at if mine else ends_at, ends_at, extended, call.grace_minutes,
            call.envelope_minor, call.floor_minor, call.ceiling_minor, call.min_months,
            call.max_months, call.is_blind,
            came[call.id], eligible[call.id], made[call.id], asked[call.id], awarded[call.id],
        )  # fmt: skip


def call_controls(book: Book) -> Iterator[Control]:
    """Yield: rows and terms by the audit chain, requests too, awards by kinds of transfer."""
    told = [one for one in REGISTER.told(book) if process.begun(one, book.on)]
    yield counted(book, "calls", count("calls"), len(told))
    for term in TERMS:
        label = text(f"audit_book.calls.{term}", book.language)
        figure, expected = total("calls", term), summed(told, f"{term}_minor")
        yield control(book, "calls_term", figure, expected, column=label)
    requested = summed(process.submitted(book, PROPOSALS.told(book)), "requested_minor")
    yield control(book, "calls_requested", total("calls", "requested"), requested)
    shown = [one.id for one in told]
    under = select(Grant.id).where(Grant.call_id.in_(shown))
    amounts = in_all(book, Transfer.grant_id.in_(under))
    awarded = sum(amounts[one] for one in AWARDED)
    yield control(book, "calls_awarded", total("calls", "awarded"), awarded)


CALLS = Section(
    "calls",
    (
        ("call", Code(), 24), ("title", Text(), 44), ("year", Code(), 8), ("status", Code(), 10),
        ("window", Code(), 20), ("modality", Code(), 16), ("opens_on", Date(), 12),
        ("closes_on", Date(), 12), ("first_deadline_at", Instant(), 20),
        ("deadline_at", Instant(), 20), ("extensions", Integer(), 11),
        ("grace_minutes", Integer(), 10), *((one, Money(), 18) for one in TERMS),
        ("min_months", Integer(), 10), ("max_months", Integer(), 10), ("is_blind", Flag(), 8),
        ("submitted", Integer(), 11), ("eligible", Integer(), 10), ("grants", Integer(), 9),
        ("requested", Money(), 18), ("awarded", Money(), 18),
    ),
    call_rows,
    totals=("submitted", "eligible", "grants", "requested", "awarded"),
    controls=call_controls,
)  # fmt: skip
