"""Leases: which notices a worker may send now, and what became of them.

A worker takes notices in one transaction, sends in none, and settles in another. The channel is
what is locked while notices are taken, so that how much a channel gets within an hour or a day is
counted by one worker at a time: on PostgreSQL channels that another worker has are skipped, on
SQLite there is one writer. What a worker that died has taken is due again when its lease is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.audit import SYSTEM
from fundops.config import Settings
from fundops.ids import uuid7
from fundops.notices import codes
from fundops.notices.kinds import KINDS
from fundops.notices.letters import Letter
from fundops.notices.models import ContactChannel, Notice

LEASE = timedelta(minutes=10)
HOUR = timedelta(hours=1)
PER_HOUR = 5
"""Messages to one channel within an hour; what is more falls into the digest."""

MAX_LETTERS = 10
MAX_ROWS = 200
"""Letters that one lease covers, and notices of one channel that are looked at (or digested)."""

FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)


def due(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a notice may be sent: its time has come, or a lease is over."""
    return or_(
        and_(Notice.status == "waiting", Notice.next_try_at <= now),
        and_(Notice.status == "sending", Notice.lease_until <= now),
    )


def is_any_due(db: Session) -> bool:
    """Return whether there is anything to take."""
    return db.execute(select(Notice.id).where(due(clock.now())).limit(1)).first() is not None


@dataclass
class Taken:
    """What one lease covers; ``is_work_left`` when channels were looked at, whatever came of it."""

    letters: list[Letter] = field(default_factory=list)
    spent: list[Letter] = field(default_factory=list)
    is_work_left: bool = False

    def is_full(self) -> bool:
        """Return whether the lease covers as much as can be sent while it lasts."""
        return len(self.letters) + len(self.spent) >= MAX_LETTERS


def take(db: Session, settings: Settings) -> Taken:
    """Take a lease on notices that are due, and return them as letters.

    Letters in ``spent`` were tried as often as they may be; they are to be settled as failed.
    """
    now, taken = clock.now(), Taken()
    waiting = exists(select(Notice.id).where(Notice.channel_id == ContactChannel.id, due(now)))
    query = select(ContactChannel).where(waiting).order_by(ContactChannel.id).limit(MAX_LETTERS)
    # No key update: a notice that is being told at this moment may still refer to the channel.
    locked = query.with_for_update(skip_locked=True, key_share=True)
    for channel in db.execute(locked.execution_options(populate_existing=True)).scalars().all():
        taken.is_work_left = True
        if taken.is_full():
            break
        _Taking(db, settings, channel, now, taken).take()
    return taken


class _Taking:
    """The taking of what is due for one channel, whose row is locked."""

    def __init__(
        self, db: Session, settings: Settings, channel: Any, now: datetime, taken: Taken
    ) -> None:
        self.db, self.settings, self.channel, self.now = db, settings, channel, now
        self.taken = taken
        self.its = Notice.channel_id == channel.id

    def take(self) -> None:
        """Lease what may be sent alone, then the channel's digest."""
        rows = self._rows(due(self.now))
        single = [row for row in rows if row.urgency == "at_once"]
        sent = self._sent_lately()
        for row in single:
            if self.taken.is_full():
                return
            if row.kind == "channel_code" and row.created_at + codes.GOOD_FOR <= self.now:
                self._set([row], status="dropped", why="expired", lease_until=None)
            elif not KINDS[row.kind].exempt and sent >= PER_HOUR and row.status == "waiting":
                self._set([row], urgency="digest")
            else:
                self._lease(row.id, [row], is_digest=False)
                sent += 1
        if not self.taken.is_full():
            self._take_digest()

    def _take_digest(self) -> None:
        """Lease the digest: the one begun before, or a new one if a period has gone by."""
        begun = self._rows(Notice.digest_id.is_not(None), _is_open())
        if begun:
            digest_id = begun[0].digest_id
            again = self._rows(Notice.digest_id == digest_id, due(self.now))
            if again:
                self._lease(digest_id, again, is_digest=True)
            else:
                self._postpone(max(one.lease_until or one.next_try_at for one in begun))
            return
        last = self.db.execute(
            select(func.max(Notice.sent_at)).where(self.its, Notice.digest_id.is_not(None))
        ).scalar()
        period = timedelta(hours=self.settings.notices_digest_hours)
        if last is not None and last + period > self.now:
            self._postpone(last + period)
            return
        fresh = self._rows(due(self.now), Notice.urgency == "digest")
        if fresh:
            self._lease(uuid7(), fresh, is_digest=True)

    def _rows(self, *conditions: ColumnElement[bool]) -> Sequence[Any]:
        """Return notices of the channel, locked: one whose lease is over may still be settled."""
        query = select(*Notice.__table__.c).where(self.its, *conditions)
        query = query.order_by(Notice.id).limit(MAX_ROWS).with_for_update()
        return self.db.execute(query).all()

    def _sent_lately(self) -> int:
        """Return how many single messages the channel got within the hour, or gets just now."""
        lately = or_(Notice.sent_at > self.now - HOUR, Notice.status == "sending")
        query = select(func.count()).select_from(Notice)
        single = and_(self.its, Notice.digest_id.is_(None), lately)
        return int(self.db.execute(query.where(single)).scalar_one())

    def _postpone(self, until: datetime) -> None:
        """Look at what waits for the channel's next digest again at ``until``."""
        waiting = and_(Notice.status == "waiting", Notice.urgency == "digest")
        self.db.execute(
            update(Notice)
            .where(self.its, waiting, Notice.digest_id.is_(None), Notice.next_try_at < until)
            .values(next_try_at=until)
        )

    def _lease(self, letter_id: UUID, rows: Sequence[Any], *, is_digest: bool) -> None:
        until = self.now + LEASE
        letter = Letter(letter_id, self.channel, rows, is_digest, until)
        is_spent = rows[0].attempts >= self.settings.notices_attempts
        (self.taken.spent if is_spent else self.taken.letters).append(letter)
        self._set(
            rows,
            status="sending",
            lease_until=until,
            attempts=rows[0].attempts + (0 if is_spent else 1),
            digest_id=letter_id if is_digest else None,
        )

    def _set(self, rows: Sequence[Any], **values: Any) -> None:
        ids = [row.id for row in rows]
        self.db.execute(update(Notice).where(Notice.id.in_(ids)).values(**values))


def _is_open() -> ColumnElement[bool]:
    return Notice.status.in_(("waiting", "sending"))


def settle_sent(db: Session, letter: Letter) -> int:
    """Mark a letter as sent; return how many of its notices the lease still covered."""
    return _settle(db, letter, status="sent", sent_at=clock.now())


def settle_not_sent(db: Session, letter: Letter, settings: Settings, *, is_final: bool) -> bool:
    """Let a letter wait for the next attempt, or fail; return whether it failed."""
    tried = letter.notices[0].attempts + 1
    if not is_final and tried < settings.notices_attempts:
        _settle(db, letter, status="waiting", next_try_at=clock.now() + wait_after(tried))
        return False
    audit.lock_head(db)  # before any row, as every command does
    if _settle(db, letter, status="failed", why="undeliverable"):
        entries = [
            audit.Entry("notice.failed", "notice", one.id, one.fund_id, after=_failure(one, letter))
            for one in letter.notices
        ]
        audit.record_many(db, SYSTEM, entries)
    return True


def give_back(db: Session, letter: Letter) -> None:
    """Give back a letter that was not tried, as if it had not been taken."""
    attempts = letter.notices[0].attempts
    _settle(db, letter, status="waiting", next_try_at=clock.now(), attempts=attempts)


def wait_after(tried: int) -> timedelta:
    """Return how long to wait after so many attempts: a minute, then four times as long each."""
    times: int = 4 ** min(tried - 1, 10)
    return min(FIRST_WAIT * times, LONGEST_WAIT)


def _settle(db: Session, letter: Letter, **values: Any) -> int:
    ids = [one.id for one in letter.notices]
    mine = (Notice.status == "sending", Notice.lease_until == letter.lease_until)
    done = db.execute(
        update(Notice).where(Notice.id.in_(ids), *mine).values(lease_until=None, **values)
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


def _failure(notice: Any, letter: Letter) -> dict[str, Any]:
    return {"kind": notice.kind, "channel_id": letter.channel.id, "attempts": notice.attempts + 1}
