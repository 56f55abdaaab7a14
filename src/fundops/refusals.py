"""Refusals that matter are audited, in a second transaction of their own.

A refused request changes nothing, so its own transaction leaves no trace. That somebody tried to
take both steps of a payment, or what no role of theirs allows, is worth an event all the same.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from fundops import audit, clock
from fundops.audit import Author, Entry
from fundops.db import Database
from fundops.errors import Problem

log = logging.getLogger("fundops.refusals")

AUDITED = frozenset(
    {
        "not-allowed",
        "same-person",
        "conflict-of-interest",
        "money-already-spent",
        "too-late",
        "file-refused",
    }
)
"""Problems whose refusal of a change is put in the audit chain."""

CHANGES = frozenset({"POST", "PATCH", "PUT", "DELETE"})


PER_MINUTE = 20
"""Refusals of one person that are recorded one by one within a minute; more are summed up."""

MINUTE = timedelta(minutes=1)


@dataclass
class _Minute:
    """A minute of one person's refusals: how many there were, and up to which they are told."""

    began: datetime
    refused: int = 0
    told: int = 0

    def is_told_now(self) -> bool:
        """Return whether the last refusal is recorded: each at first, then at every tenfold."""
        return self.refused <= PER_MINUTE + 1 or self.refused == 10 * self.told

    def summary(self) -> Entry:
        """Return the event that stands for all refusals of the minute so far."""
        after = {"since": self.began, "refusals": self.refused}
        return Entry("request.refused_repeatedly", "request", after=after)


_minutes: dict[UUID | None, _Minute] = {}
_minutes_lock = threading.Lock()


def record_refusal(
    database: Database, author: Author, method: str, path: str, problem: Problem
) -> None:
    """Record that ``author`` was refused, if the problem is one that matters.

    Somebody who is refused all the time does not fill the chain: beyond ``PER_MINUTE`` in a minute
    there is an event that says so and one at each tenfold, with their number. Each process counts
    for itself; what a minute left untold is told with the person's next refusal. A failure to
    record is logged and does not change the answer.
    """
    if problem.slug not in AUDITED or method not in CHANGES:
        return
    after = {"problem": problem.slug, "method": method, "path": path[:300]}
    entries = _to_tell(author.person_id, Entry("request.refused", "request", after=after))
    if not entries:
        return
    try:
        with database.write() as db:
            audit.record_many(db, author, entries)
    except (Problem, SQLAlchemyError):
        log.exception("a refusal could not be recorded")


def _to_tell(person_id: UUID | None, single: Entry) -> list[Entry]:
    """Count a refusal; return what is to be recorded of it, and of the minute before."""
    now = clock.now()
    entries = []
    with _minutes_lock:
        minute = _minutes.get(person_id)
        if minute is None or not minute.began <= now < minute.began + MINUTE:
            if minute is not None and minute.refused > minute.told:
                entries.append(minute.summary())
            minute = _minutes[person_id] = _Minute(now)
        minute.refused += 1
        if minute.is_told_now():
            minute.told = minute.refused
            entries.append(single if minute.refused <= PER_MINUTE else minute.summary())
    return entries
