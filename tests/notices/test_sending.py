"""Sending: at least once, never twice at the same time, and no floods."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from fundops import audit, clock
from fundops.audit import AuditEvent
from fundops.authz import Role
from fundops.config import Settings
from fundops.db import Database
from fundops.errors import Problem
from fundops.notices import leases, letters, sending
from fundops.notices.models import Notice
from tests.factories import a_person
from tests.notices.notice_factories import (
    Died,
    Dying,
    Kept,
    a_channel,
    by_status,
    notices,
    told,
    told_all,
)
from tests.parties.conftest import MovingClock


@pytest.fixture
def person(database: Database) -> UUID:
    """Give a person with one channel."""
    with database.write() as db:
        audit.lock_head(db)
        actor, _ = a_person(db, Role.FINANCE_OFFICER)
        a_channel(db, by=actor.person_id, person_id=actor.person_id)
        return actor.person_id


Run = Callable[..., dict[str, int]]


@pytest.fixture
def run(database: Database) -> Run:
    """Give a pass of the outbox."""

    def once(transport: Any, **over: Any) -> dict[str, int]:
        settings: Settings = database.settings.model_copy(update=over)
        return sending.run(database, settings, transport=transport)

    return once


def is_sent_at_least_once(
    database: Database, run: Run, person: UUID, moving_clock: MovingClock
) -> bool:
    """Return whether what a dying worker sent is sent again, as the same message."""
    for kind in ("disbursement_paid", "disbursement_requested", "disbursement_requested"):
        told(database, kind, person_ids=[person])
    dying, after = Dying(), Kept()
    for _ in range(2):  # it dies over the single message, then over the digest
        with pytest.raises(Died):
            run(dying)
    assert run(after)["sent"] == 0, "leased to the dead"
    moving_clock.forward(minutes=11)
    run(after)
    return sorted(after.ids) == sorted(dying.ids) and by_status(database) == {"sent": 3}


def test_who_dies_between_sending_and_marking_sends_again(
    database: Database, run: Run, person: UUID, moving_clock: MovingClock
) -> None:
    assert is_sent_at_least_once(database, run, person, moving_clock)
    assert run(Kept())["sent"] == 0


def test_marking_before_sending_would_be_noticed(
    database: Database, run: Run, person: UUID, moving_clock: MovingClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    sent = sending._send

    def hasty(database: Database, settings: Settings, transport: Any, letter: Any, c: Any) -> None:
        with database.write() as db:
            leases.settle_sent(db, letter)
        sent(database, settings, transport, letter, c)

    monkeypatch.setattr(sending, "_send", hasty)
    assert not is_sent_at_least_once(database, run, person, moving_clock)


def test_a_message_id_that_changes_would_be_noticed(
    database: Database, run: Run, person: UUID, moving_clock: MovingClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from fundops.ids import uuid7

    monkeypatch.setattr(letters, "message_id", lambda *_: f"<{uuid7()}@x>")
    assert not is_sent_at_least_once(database, run, person, moving_clock)


def test_the_others_of_a_lease_are_given_back(database: Database, run: Run, person: UUID) -> None:
    for _ in range(3):
        told(database, "disbursement_paid", person_ids=[person])
    with pytest.raises(Died):
        run(Dying())
    rows = notices(database)
    assert sorted(row.status for row in rows) == ["sending", "waiting", "waiting"]
    assert sorted(row.attempts for row in rows) == [0, 0, 1]
    assert run(Kept())["sent"] == 2


class Watched(Kept):
    """A transport that notices when a message is being sent twice at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self.at_work: set[str] = set()
        self.collisions: list[str] = []

    def send(self, message: Any, to: str, name: str) -> None:
        with self._lock:
            if name in self.at_work:
                self.collisions.append(name)
            self.at_work.add(name)
        threading.Event().wait(0.002)
        super().send(message, to, name)
        with self._lock:
            self.at_work.discard(name)


def two_at_once(database: Database, people: int = 12, workers: int = 4) -> Watched:
    """Let workers empty the outbox of so many together; return what they sent."""
    with database.write() as db:
        audit.lock_head(db)
        everybody = []
        for _ in range(people):
            actor, _ = a_person(db, Role.APPROVER)
            a_channel(db, by=actor.person_id, person_id=actor.person_id)
            everybody.append(actor.person_id)
    for kind in ("disbursement_paid", "bank_account_changed", "disbursement_requested") * 2:
        told(database, kind, person_ids=everybody)
    transport, failures = Watched(), list[Exception]()
    begin = threading.Barrier(workers)

    def work() -> None:
        try:
            begin.wait(10)
            while sending.run(database, database.settings, transport=transport)["waiting"]:
                pass
        except (Problem, SQLAlchemyError) as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failures == []
    return transport


def test_workers_at_once_never_send_the_same(database: Database) -> None:
    transport = two_at_once(database)
    assert transport.collisions == []
    assert len(transport.ids) == len(set(transport.ids)) == 12 * 5, (
        "four single and one digest each"
    )
    assert by_status(database) == {"sent": 72}


def test_workers_without_leases_would_be_noticed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without leases every notice is due to everybody until it is marked."""

    def everything(now: Any) -> Any:
        return Notice.status.in_(("waiting", "sending"))

    monkeypatch.setattr(leases, "due", everything)
    transport = two_at_once(database, people=4)
    assert len(transport.ids) > len(set(transport.ids))


def test_a_lease_that_is_over_is_no_longer_ones_own(
    database: Database, run: Run, person: UUID, moving_clock: MovingClock
) -> None:
    told(database, "disbursement_paid", person_ids=[person])
    with database.write() as db:
        (slow,) = leases.take(db, database.settings).letters
    with database.write() as db:
        assert leases.take(db, database.settings).letters == []
    moving_clock.forward(minutes=11)
    with database.write() as db:
        (again,) = leases.take(db, database.settings).letters
    assert again.id == slow.id
    with database.write() as db:
        assert leases.settle_sent(db, slow) == 0, "another has it now"
        leases.settle_not_sent(db, slow, database.settings, is_final=False)
    assert by_status(database) == {"sending": 1}
    with database.write() as db:
        assert leases.settle_sent(db, again) == 1


def test_failures_are_tried_later_and_later_then_listed(
    database: Database, run: Run, person: UUID, moving_clock: MovingClock
) -> None:
    told(database, "disbursement_paid", person_ids=[person])
    broken = Kept(failures=99)
    waits = []
    for _ in range(4):
        assert run(broken, notices_attempts=5) == {"sent": 0, "failed": 0, "waiting": 1}
        (row,) = notices(database)
        waits.append(round((row.next_try_at - clock.now()).total_seconds() / 60))
        assert run(broken, notices_attempts=5)["waiting"] == 1
        assert notices(database)[0].attempts == row.attempts, "not before its time"
        moving_clock.forward(hours=waits[-1] / 60)
    assert waits == [1, 4, 16, 64]
    assert run(broken, notices_attempts=5) == {"sent": 0, "failed": 1, "waiting": 0}
    (row,) = notices(database)
    assert (row.status, row.why, row.attempts) == ("failed", "undeliverable", 5)
    with database.read() as db:
        failed = select(AuditEvent.record_id).where(AuditEvent.action == "notice.failed")
        assert db.execute(failed).scalar_one() == row.id


def test_an_address_refused_for_good_is_not_tried_again(
    database: Database, run: Run, person: UUID
) -> None:
    told(database, "disbursement_paid", person_ids=[person])
    assert run(Kept(failures=1, is_final=True)) == {"sent": 0, "failed": 1, "waiting": 0}


def test_who_dies_every_time_fails_in_the_end(
    database: Database, run: Run, person: UUID, moving_clock: MovingClock
) -> None:
    told(database, "disbursement_paid", person_ids=[person])
    for _ in range(2):
        with pytest.raises(Died):
            run(Dying(), notices_attempts=2)
        moving_clock.forward(minutes=11)
    assert run(Dying(), notices_attempts=2)["failed"] == 1
    assert by_status(database) == {"failed": 1}


def test_without_a_way_to_send_notices_wait(database: Database, run: Run, person: UUID) -> None:
    told(database, "disbursement_paid", person_ids=[person])
    assert run(None) == {"sent": 0, "failed": 0, "waiting": 1}
    assert notices(database)[0].attempts == 0


def day_of_a_busy_channel(
    database: Database, run: Run, person: UUID, moving_clock: MovingClock
) -> list[int]:
    """Tell one channel of forty things that can wait and forty that cannot, over two days.

    Return how many messages it got in each two hours.
    """
    per_hour = []
    for step in range(24):
        if step % 5 == 0:
            to = {"person_ids": [person]}
            told_all(database, *8 * [("disbursement_requested", to)], *8 * [("hold_placed", to)])
        transport = Kept()
        run(transport)
        per_hour.append(len(transport.messages))
        moving_clock.forward(minutes=122)
    return per_hour


def test_a_digest_instead_of_floods(
    database: Database, run: Run, person: UUID, moving_clock: MovingClock
) -> None:
    per_hour = day_of_a_busy_channel(database, run, person, moving_clock)
    assert max(per_hour) == leases.PER_HOUR + 1, "five single ones and a digest"
    assert sum(per_hour) == 5 * leases.PER_HOUR + 2, "a digest a day"
    digests = {row.digest_id for row in notices(database) if row.digest_id}
    assert len(digests) == 2
    moving_clock.forward(days=1)
    run(Kept())
    assert by_status(database) == {"sent": 80}, "late, but all of it"


def test_a_flood_would_be_noticed(
    database: Database, run: Run, person: UUID, moving_clock: MovingClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(leases, "PER_HOUR", 1_000)
    per_hour = day_of_a_busy_channel(database, run, person, moving_clock)
    assert max(per_hour) > 6


def test_a_digest_is_bounded_and_counts_what_is_left_out(
    database: Database, run: Run, person: UUID, moving_clock: MovingClock
) -> None:
    facts = [{"code": f"GRT-2026-{number:04d}"} for number in range(letters.MAX_LINES + 12)]
    told_all(database, *(("requirement_due", {"person_ids": [person], "facts": f}) for f in facts))
    transport = Kept()
    assert run(transport)["sent"] == letters.MAX_LINES + 12
    (text,) = transport.texts
    assert text.count("\n- ") == letters.MAX_LINES
    assert "… and 12 more." in text
    assert "GRT-2026-0000" in text


def test_bank_accounts_are_told_at_once_whatever_else_is_told(
    database: Database, run: Run, person: UUID
) -> None:
    to = {"person_ids": [person]}
    told_all(database, *9 * [("hold_placed", to)], *7 * [("bank_account_changed", to)])
    transport = Kept()
    run(transport)
    subjects = [str(one["Subject"]) for one in transport.messages]
    assert subjects.count("fundops: a bank account has changed") == 7
    assert subjects.count("fundops: a hold was placed") == 5
    assert subjects.count("fundops: your notices") == 1


def test_a_digest_that_failed_is_the_same_when_tried_again(
    database: Database, run: Run, person: UUID, moving_clock: MovingClock
) -> None:
    for _ in range(3):
        told(database, "requirement_due", person_ids=[person])
    run(Kept(failures=1))
    told(database, "requirement_due", person_ids=[person])
    transport = Kept()
    assert run(transport)["sent"] == 0
    moving_clock.forward(minutes=2)
    assert run(transport)["sent"] == 3, "the fourth is for the next"
    moving_clock.forward(hours=25)
    assert run(transport)["sent"] == 1


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    seen: list[int] = []
    take = leases.take

    def counting(db: Any, settings: Settings) -> leases.Taken:
        seen.append(1)
        return take(db, settings)

    monkeypatch.setattr(leases, "take", counting)
    return iter([seen])


def test_nothing_due_takes_no_write_turn(
    database: Database, run: Run, person: UUID, counted: Iterator[list[int]],
    moving_clock: MovingClock,
) -> None:  # fmt: skip
    seen = next(counted)
    run(Kept())
    assert seen == []
    for _ in range(2):
        told(database, "requirement_due", person_ids=[person])
        run(Kept())
    seen.clear()
    run(Kept())
    assert seen == [], "what waits for the next digest is not looked at all the time"
    assert notices(database, status="waiting")[0].next_try_at > clock.now() + timedelta(hours=23)
