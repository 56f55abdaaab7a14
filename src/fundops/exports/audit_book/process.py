"""The calls and proposals in scope, as known, and what of the process had happened by the day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement

from fundops.decisions.feedback_names import Nameless, judges
from fundops.decisions.models import Board
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.registers import CALLS, ELIGIBILITY, EXTENSIONS, PROPOSALS
from fundops.exports.audit_book.words import withheld
from fundops.proposals.models import Proposal
from fundops.reviews.models import Assignment


def begun(call: Any, on: date) -> bool:
    """Return whether a call had begun by a day; one whose day is not known begins its year."""
    return bool((call.opens_on or date(call.year, 1, 1)) <= on)


def calls(book: Book) -> list[Any]:
    """Return the calls in scope that had begun by the day, as known, by code."""
    found = [call for call in CALLS.known(book) if begun(call, book.on)]
    return sorted(found, key=lambda call: call.code)


def extensions(book: Book) -> dict[UUID, list[Any]]:
    """Return the extensions of each call as known, the first first; later than the day too."""
    found: dict[UUID, list[Any]] = {}
    for one in sorted(EXTENSIONS.known(book), key=lambda each: (each.extended_at, each.id)):
        found.setdefault(one.call_id, []).append(one)
    return found


def deadline(book: Book, call: Any, moved: Iterable[Any]) -> datetime | None:
    """Return the deadline that a call had at the end of the day."""
    later = [one for one in moved if one.extended_at >= book.ends_at]
    found: datetime | None = later[0].old_deadline_at if later else call.deadline_at
    return found


def proposals(book: Book) -> list[Any]:
    """Return the proposals in scope that were submitted by the day, as known, by code."""
    return book.once(_proposals)


def _proposals(book: Book) -> list[Any]:
    return sorted(submitted(book, PROPOSALS.known(book)), key=lambda one: one.code)


def submitted(book: Book, among: Iterable[Any]) -> list[Any]:
    """Return the proposals that were submitted by the day."""
    return [
        one for one in among
        if one.submitted_number is not None and book.by_then(one.submitted_at)
    ]  # fmt: skip


def eligibility(book: Book) -> dict[UUID, Any]:
    """Return the last decision by the day on each proposal's eligibility, as known."""
    decided = sorted(ELIGIBILITY.known(book), key=lambda one: (one.decided_at, one.id))
    return {one.proposal_id: one for one in decided if book.by_then(one.decided_at)}


@dataclass
class Words:
    """What this reader may read of what people wrote: without the names of those who judged.

    Readers outside get none of it, as nobody knows of whom it tells.
    """

    book: Book
    _plain: Nameless | None = field(default=None)

    def __call__(self, words: str | None, *, hidden: bool = False) -> str | None:
        """Return words as the reader may read them; ``hidden``: of somebody withheld."""
        if words is None:
            return None
        if hidden or not self.book.reader.knows_names:
            return withheld(self.book)
        if self._plain is None:
            names, _ = judges(self.book.db, *self._judging())
            self._plain = Nameless(names)
        return self._plain(words)

    def _judging(self) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        """Return whose names these are: of who judged in the calls in scope, as known."""
        book = self.book
        return (
            Proposal.call_id.in_(book.calls) & Assignment.id.in_(book.known_ids("assignment")),
            Board.call_id.in_(book.calls) & Board.id.in_(book.known_ids("board")),
        )
