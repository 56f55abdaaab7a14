"""Audit samples of the fund: parameters, population, what was found, and who answers for it.

A control makes every population again from the books and every outcome again from the results.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, true

from fundops.audit import AuditEvent
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.section import Row, Section, control, counted
from fundops.exports.formulas import count, total
from fundops.exports.kinds import Code, Computed, Date, Flag, Instant, Integer, Money, Share, Text
from fundops.exports.workbook import Control
from fundops.samples.models import AuditSample, SampleItem, SampleResult
from fundops.samples.outcome import Outcome, outcome
from fundops.samples.populations import population
from fundops.samples.service import frame_of
from fundops.sampling.selection import random_start

OUTCOMES = ("likely", "lower", "upper", "under_likely", "under_upper", "apart")
PARAMETERS = ("tolerable", "expected", "interval")
BOOKED = ("population", "ledger", "beside")


def sample_rows(book: Book) -> Iterable[Row]:
    """Return every sample in scope as known, in the order of their codes."""
    return [_row(book, one) for one in _samples(book)]


def _samples(book: Book) -> list[Any]:
    known = book.known("audit_sample", AuditSample, *_in_scope(book))
    return sorted(known, key=lambda one: str(one.code))


def _in_scope(book: Book) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions on samples: of the fund, or of the grants and calls in scope alone."""
    narrowed: ColumnElement[bool] = true()
    if not book.is_whole:
        narrowed = or_(
            AuditSample.grant_id.in_(book.grants), AuditSample.call_id == book.scope.record_id
        )
    return AuditSample.fund_id == book.fund.id, AuditSample.as_of_on <= book.on, narrowed


def _words(book: Book, words: str | None) -> str | None:
    """Return what an auditor wrote, as nobody knows of whom it tells, to who knows names alone."""
    return words if book.reader.knows_names else None


def _row(book: Book, one: Any) -> Row:
    difference = one.population_minor - one.ledger_minor - one.beside_minor
    return (
        one.code, one.population, book.grant_codes.get(one.grant_id), one.as_of_on,
        one.known_seq, one.method, Decimal(one.risk_ppm) / 1_000_000,
        _words(book, one.risk_reason),
        one.tolerable_minor, _words(book, one.tolerable_reason),
        one.expected_minor, _words(book, one.expected_reason),
        one.confidence, one.expansion, one.size, one.interval_minor, one.start_minor, one.seed,
        one.population_count, one.population_minor, one.ledger_minor, one.beside_minor,
        difference, _words(book, one.difference_reason), one.population_digest, one.status,
        *(getattr(one, f"{key}_minor") for key in OUTCOMES), one.is_accepted,
        book.person(one.prepared_by_id), one.drawn_at, book.person(one.evaluated_by_id),
        one.evaluated_at, book.person(one.reviewed_by_id), one.reviewed_at,
    )  # fmt: skip


def sample_controls(book: Book) -> Iterator[Control]:
    """Yield: rows, parameters, starts by their seeds, populations by the books, outcomes anew."""
    rows, *sums = _stored(book)
    yield counted(book, "samples", count("samples"), rows)
    for key, amount in zip(PARAMETERS, sums, strict=True):
        yield control(book, f"samples_{key}", total("samples", key), amount)
    drawn = _taken(book, "audit_sample.drawn")
    samples = _samples(book)
    starts = sum(
        random_start(one.seed, one.interval_minor)
        for one in samples
        if one.id in drawn and one.interval_minor is not None
    )
    yield control(book, "samples_start", total("samples", "start"), starts)
    made = [population(book.db, frame_of(one)) for one in samples]
    again = (
        sum(one.total for one in made), sum(one.ledger_minor for one in made),
        sum(one.beside_minor for one in made),
    )  # fmt: skip
    for key, amount in zip(BOOKED, again, strict=True):
        yield control(book, f"samples_{key}", total("samples", key), amount)
    difference = sum(one.difference for one in made)
    yield control(book, "samples_difference", total("samples", "difference"), difference)
    found = [_outcome(book, one) for one in samples if one.evaluated_at is not None]
    for key in OUTCOMES:
        amount = sum(getattr(one, key) or 0 for one in found)
        yield control(book, f"samples_{key}", total("samples", key), amount)


def _stored(book: Book) -> tuple[int, ...]:
    """Return how many samples are known and what their parameters come to, which never change."""
    columns = [func.coalesce(func.sum(getattr(AuditSample, f"{key}_minor")), 0)
               for key in PARAMETERS]  # fmt: skip
    query = select(func.count(), *columns).where(
        *_in_scope(book), AuditSample.id.in_(book.known_ids("audit_sample"))
    )
    return tuple(int(one) for one in book.db.execute(query).one())


def _taken(book: Book, action: str) -> set[UUID]:
    """Return the samples of which an action is on record by the instant."""
    query = select(AuditEvent.record_id).where(
        AuditEvent.record_type == "audit_sample", AuditEvent.action == action,
        AuditEvent.seq <= book.seq, AuditEvent.fund_id == book.fund.id,
    )  # fmt: skip
    return {one for one in book.db.execute(query).scalars() if one is not None}


def _outcome(book: Book, sample: Any) -> Outcome:
    """Return what a sample says by the results that stood when it was evaluated."""
    return outcome(sample, _results(book, sample.id, sample.evaluated_at))


def _results(book: Book, sample_id: UUID, until: datetime) -> list[Any]:
    last = (
        select(SampleResult.item_id, func.max(SampleResult.number).label("number"))
        .where(SampleResult.sample_id == sample_id, SampleResult.recorded_at <= until)
        .group_by(SampleResult.item_id)
        .subquery()
    )
    query = (
        select(SampleItem.code, SampleItem.amount_minor, SampleItem.why, SampleItem.stratum,
               SampleResult.audited_minor)
        .join(SampleResult, SampleResult.item_id == SampleItem.id)
        .join(last, (last.c.item_id == SampleItem.id) & (last.c.number == SampleResult.number))
        .where(SampleItem.sample_id == sample_id)
        .order_by(SampleItem.number)
    )  # fmt: skip
    return list(book.db.execute(query))


SAMPLES = Section(
    "samples",
    (
        ("sample", Code(), 18), ("kind", Code(), 16), ("grant", Code(), 22),
        ("as_of_on", Date(), 12), ("known_seq", Integer(), 12), ("method", Code(), 16),
        ("risk", Share(), 9), ("risk_reason", Text(), 36), ("tolerable", Money(), 18),
        ("tolerable_reason", Text(), 36), ("expected", Money(), 18),
        ("expected_reason", Text(), 36), ("confidence", Code(), 12), ("expansion", Code(), 11),
        ("size", Integer(), 8), ("interval", Money(), 18), ("start", Money(), 18),
        ("seed", Code(), 36), ("items", Integer(), 10), ("population", Money(), 20),
        ("ledger", Money(), 20), ("beside", Money(), 18),
        ("difference", Computed("{population}-{ledger}-{beside}", Money()), 18),
        ("difference_reason", Text(), 36), ("digest", Code(), 66), ("status", Code(), 11),
        *((key, Money(), 18) for key in OUTCOMES), ("accepted", Flag(), 10),
        ("prepared_by", Code(), 16), ("drawn_at", Instant(), 20), ("evaluated_by", Code(), 16),
        ("evaluated_at", Instant(), 20), ("reviewed_by", Code(), 16),
        ("reviewed_at", Instant(), 20),
    ),
    sample_rows,
    controls=sample_controls,
)  # fmt: skip
