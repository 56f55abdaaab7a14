"""The audit events in scope: who did what to which record, in the order of the chain."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from fundops.audit import AuditEvent
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.owned import EVENT, Owned, owned_by, record_type, registers
from fundops.exports.audit_book.section import Row, Section, control, counted
from fundops.exports.formulas import count, total
from fundops.exports.kinds import Code, Instant, Integer, Text
from fundops.exports.workbook import Control
from fundops.messages import text
from fundops.parties.models import Membership
from fundops.seals import PostedDigest

BATCH = 2_000


class Codes:
    """The human codes of the records in scope, by record type and id, as this reader reads them."""

    def __init__(self, book: Book, owned: Owned) -> None:
        self.book = book
        self.found: dict[str, dict[UUID, str]] = {}
        for name, table in registers().items():
            if "code" in table.c and name in owned.by_table and name != "parties":
                query = select(table.c.id, table.c.code)
                query = query.where(table.c.id.in_(select(owned.by_table[name].c.id)))
                self.found[record_type(name)] = {row[0]: row[1] for row in book.db.execute(query)}

    def of(self, kind: str, record_id: UUID | None) -> str | None:
        """Return the code of a record; none where it has none or is withheld."""
        if record_id is None:
            return None
        if kind == "party":
            return self.book.party_code(record_id)
        if kind == "person":
            return self.book.person(record_id)
        return self.found.get(kind, {}).get(record_id)


BLIND = frozenset({"assignment", "review_draft", "review", "conflict", "recusal", "vote"})
"""Records of the judgement of persons, which only who knows judges may connect with them."""


def actor(book: Book, kind: str, person_id: UUID | None) -> str | None:
    """Return the code of who acted, as this reader may know it: of reviews and votes not at all."""
    if person_id is not None and kind in BLIND and not book.reader.knows_judges:
        return text("audit_book.withheld", book.language)
    return book.person(person_id)


class Roles:
    """Which roles persons held at an instant for the fund, by memberships as known."""

    def __init__(self, book: Book, owned: Owned) -> None:
        self.held: dict[UUID, list[Any]] = defaultdict(list)
        for one in book.known("membership", Membership, owned.reaches(Membership)):
            self.held[one.person_id].append(one)
        self._words: dict[UUID, tuple[list[datetime], list[str | None]]] = {}

    def at(self, person_id: UUID | None, instant: datetime) -> str | None:
        """Return the roles a person held at ``instant``, in order; none for no person."""
        if person_id is None:
            return None
        if person_id not in self._words:
            self._words[person_id] = _periods(self.held.get(person_id, []))
        turns, words = self._words[person_id]
        place = bisect_right(turns, instant)
        return words[place - 1] if place else None


def _periods(held: list[Any]) -> tuple[list[datetime], list[str | None]]:
    """Return the instants at which roles change, and what is held from each on."""
    turns = {one.valid_from for one in held} | {one.valid_until for one in held} - {None}
    ordered = sorted(turns)
    words: list[str | None] = []
    for instant in ordered:
        roles = {
            one.role for one in held
            if one.valid_from <= instant and (one.valid_until is None or instant < one.valid_until)
        }  # fmt: skip
        words.append(", ".join(sorted(roles)) or None)
    return ordered, words


def event_rows(book: Book) -> Iterator[Row]:
    """Yield the events in scope in the order of the chain, each with the chain's hash after it."""
    owned = owned_by(book)
    codes, roles = Codes(book, owned), Roles(book, owned)
    query = (
        select(
            EVENT.seq, EVENT.recorded_at, EVENT.action, EVENT.record_type, EVENT.record_id,
            EVENT.person_id, func.coalesce(PostedDigest.hash, EVENT.hash),
        )
        .select_from(AuditEvent)
        .outerjoin(PostedDigest, PostedDigest.event_seq == EVENT.seq)
        .where(owned.events)
        .order_by(EVENT.seq)
    )  # fmt: skip
    for row in book.db.execute(query.execution_options(yield_per=BATCH)):
        seq, recorded_at, action, kind, record_id, person_id, digest = row
        yield (
            seq, recorded_at, action, kind, codes.of(kind, record_id),
            None if record_id is None else str(record_id), actor(book, kind, person_id),
            roles.at(person_id, recorded_at), bytes(digest).hex(),
        )  # fmt: skip


def event_controls(book: Book) -> Iterator[Control]:
    """Yield: as many events as the chain has in scope, and the sum of their numbers."""
    numbers = select(func.count(), func.coalesce(func.sum(EVENT.seq), 0))
    rows, added = book.db.execute(numbers.where(owned_by(book).events)).one()
    yield counted(book, "events", count("events"), int(rows))
    yield control(book, "events_numbers", total("events", "seq"), int(added), Integer())


EVENTS = Section(
    "events",
    (
        ("seq", Integer(), 10), ("recorded_at", Instant(), 20), ("action", Code(), 34),
        ("record_type", Code(), 24), ("record", Code(), 26), ("record_id", Text(), 38),
        ("person", Code(), 18), ("roles", Code(), 34), ("hash", Text(), 66),
    ),
    event_rows,
    controls=event_controls,
)  # fmt: skip
