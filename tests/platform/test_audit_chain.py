"""The audit chain: every changed byte is found, and an anchor finds what the chain cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from fundops import audit, chain, clock
from fundops.audit import AuditEvent, AuditHead, AuditPayload
from fundops.db import Database
from fundops.errors import Problem
from fundops.funds.schemas import FundPatch
from fundops.funds.service import change_fund
from fundops.ledger import checks
from fundops.ledger.models import Fund
from tests.depth import DEPTH
from tests.factories import a_fund
from tests.migrations.schemas import guards_of

EVENTS = 4
BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def open_database(database: Database) -> Iterator[Database]:
    """Give a database with a few events and without its guards, as somebody with the keys has it.

    Afterwards everything is put back, so that what is always checked can be checked.
    """
    with database.write() as db:
        audit.lock_head(db)
        a_fund(db)
        for number in range(EVENTS - 1):
            audit.record(
                db, audit.SYSTEM, "thing.done", "thing", reason=f"because {number}é",
                after={"n": number, "text": "ü"},
            )  # fmt: skip
    tables = ("audit_events", "audit_payloads", "audit_head")
    with database.writer.begin() as connection:
        for name in guards_of(connection):
            kind, _, rest = name.partition(" ")
            table, _, trigger = rest.partition(".")
            if kind == "trigger" and table in tables:
                on = "" if database.is_sqlite else f" ON {table}"
                connection.execute(text(f"DROP TRIGGER {trigger}{on}"))
        kept = {t: connection.execute(text(f"SELECT * FROM {t}")).mappings().all() for t in tables}
    yield database
    with database.writer.begin() as connection:
        for table in ("audit_head", "audit_payloads"):
            connection.execute(text(f"DELETE FROM {table}"))
        connection.execute(text("DELETE FROM audit_events"))
        for table in tables:
            for row in kept[table]:
                names = ", ".join(row.keys())
                values = ", ".join(f":{name}" for name in row)
                connection.execute(
                    text(f"INSERT INTO {table} ({names}) VALUES ({values})"), dict(row)
                )


def breaks(database: Database) -> list[str]:
    with database.read() as db:
        return chain.verify_chain(db)


def tried(database: Database, statement: str, values: dict[str, Any]) -> list[str] | None:
    """Return what verifying finds after a statement, which is then undone; ``None`` if refused."""
    with database.writer.connect() as connection, connection.begin() as transaction:
        try:
            if connection.execute(text(statement), values).rowcount == 0:
                return None
        except DBAPIError:  # the database's own types or rules refuse it
            transaction.rollback()
            return None
        found = chain.verify_chain(Session(connection))
        transaction.rollback()
    return found


TEXTS = ("action", "record_type", "reason")
BYTES = ("payload_digest", "previous_hash", "hash")
IDS = ("person_id", "token_id", "record_id", "fund_id")


def flips(value: bytes, first: int) -> Iterator[bytes]:
    """Flip one bit of each byte: a low one and a high one by turns; at greater depth both."""
    for place in range(len(value)):
        for bit in (0, 7) if DEPTH > 1 else ((0, 7)[(place + first) % 2],):
            yield value[:place] + bytes([value[place] ^ (1 << bit)]) + value[place + 1 :]


def as_stored(database: Database) -> list[tuple[str, str, int, Any]]:
    """Return (table, column, seq, value) of everything that the chain covers, raw."""
    found = []
    with database.reader.connect() as connection:
        for table, columns in (
            ("audit_events", (*TEXTS, *BYTES, *IDS, "recorded_at")),
            ("audit_payloads", ("salt", "payload")),
        ):
            rows = connection.execute(text(f"SELECT seq, {', '.join(columns)} FROM {table}"))
            for row in rows:
                found += [
                    (table, name, row[0], value)
                    for name, value in zip(columns, row[1:], strict=True)
                ]
    return found


def test_every_flipped_byte_is_found(open_database: Database) -> None:
    """One bit low, one bit high, in each byte of each column, as the database takes them.

    What is flipped low on one kind of database is flipped high on the other.
    """
    assert breaks(open_database) == []
    sqlite, flipped, missed = open_database.is_sqlite, 0, []
    for table, column, seq, value in as_stored(open_database):
        for changed, cast in altered(value, sqlite):
            statement = f"UPDATE {table} SET {column} = {cast} WHERE seq = :seq"
            found = tried(open_database, statement, {"new": changed, "seq": seq})
            if found is None:
                continue
            flipped += 1
            if not found:
                missed.append((table, column, seq, changed))
    assert missed == []
    assert flipped > 800


def altered(value: Any, sqlite: bool) -> Iterator[tuple[Any, str]]:
    """Yield other values beside ``value``, and how the statement has to write them."""
    match value:
        case None:
            yield "x", ":new"
        case bytes():
            yield from ((flipped, ":new") for flipped in flips(value, sqlite))
            yield value + b"\x00", ":new"
            yield value[:-1], ":new"
        case str():
            for flipped in flips(value.encode(), sqlite):
                if sqlite:  # any bytes at all, also such as are no text
                    yield flipped, "CAST(:new AS TEXT)"
                else:
                    yield flipped.decode(errors="replace"), ":new"
            yield value + " ", ":new"
            if value.upper() != value:
                yield value.upper(), ":new"
        case datetime():
            for step in (1, 1_000, 1_000_000, 86_400_000_000):
                yield value + timedelta(microseconds=step), ":new"
        case _:  # a UUID, as PostgreSQL has it
            for flipped in flips(value.bytes, sqlite):
                yield type(value)(bytes=flipped), ":new"


def test_other_damage_is_found(open_database: Database) -> None:
    cases: tuple[tuple[str, dict[str, Any]], ...] = (
        ("DELETE FROM audit_payloads WHERE seq = 2", {}),
        ("UPDATE audit_payloads SET payload = NULL, salt = NULL WHERE seq = 2", {}),
        (
            "UPDATE audit_payloads SET payload = NULL, salt = NULL, disposed_seq = 3 WHERE seq = 2",
            {},
        ),
        ("UPDATE audit_payloads SET disposed_seq = 3 WHERE seq = 2", {}),
        ("UPDATE audit_payloads SET salt = NULL WHERE seq = 2", {}),
        ("UPDATE audit_head SET seq = 2", {}),
        ("UPDATE audit_head SET seq = 99", {}),
        ("UPDATE audit_head SET hash = :h", {"h": bytes(32)}),
        ("UPDATE audit_events SET seq = 99 WHERE seq = 4", {}),
        ("UPDATE audit_events SET reason = NULL WHERE seq = 3", {}),
        ("UPDATE audit_events SET person_id = fund_id WHERE seq = 1", {}),
    )
    for statement, values in cases:
        found = tried(open_database, statement, values)
        # A foreign key may refuse it already; then there is nothing to find.
        assert found != [], statement


def test_what_lies_in_the_middle_cannot_go(open_database: Database) -> None:
    with open_database.writer.begin() as connection:
        connection.execute(text("DELETE FROM audit_payloads WHERE seq = 3"))
        connection.execute(text("DELETE FROM audit_events WHERE seq = 3"))
    found = breaks(open_database)
    assert any("jumps" in sentence for sentence in found)
    assert any("does not link" in sentence for sentence in found)


def cut_tail(database: Database) -> None:
    """Remove the last event and set the head back, as one who knows how would."""
    with database.writer.begin() as connection:
        for table in ("audit_payloads", "audit_events"):
            connection.execute(text(f"DELETE FROM {table} WHERE seq = {EVENTS}"))
        connection.execute(
            text(
                "UPDATE audit_head SET seq = seq - 1, "
                f"hash = (SELECT hash FROM audit_events WHERE seq = {EVENTS - 1})"
            )
        )


def rehash(database: Database) -> None:
    """Change an old event and compute every hash after it anew."""
    with database.write() as db:
        previous = audit.GENESIS
        for event in db.query(AuditEvent).order_by(AuditEvent.seq):
            if event.seq == 2:
                event.reason = "something else entirely"
            columns = {c.name: getattr(event, c.name) for c in AuditEvent.__table__.columns}
            event.previous_hash = previous
            event.hash = previous = audit.event_hash(previous, columns)
        db.query(AuditHead).one().hash = previous


@pytest.mark.parametrize(
    ("forge", "sentence"), [(cut_tail, "no longer has"), (rehash, "anchor was taken")]
)
def test_an_anchor_finds_what_the_chain_cannot(
    open_database: Database, forge: Callable[[Database], None], sentence: str
) -> None:
    with open_database.read() as db:
        anchors = {seq: audit.hash_at(db, seq) for seq in range(EVENTS + 1)}
        for seq, noted in anchors.items():
            assert chain.verify_against(db, seq, noted) == []
    forge(open_database)
    assert breaks(open_database) == [], "the chain alone cannot know"
    with open_database.read() as db:
        [told] = chain.verify_against(db, EVENTS, anchors[EVENTS])
        assert sentence in told
        assert chain.verify_against(db, 1, anchors[1]) == []
        assert chain.verify_against(db, 1, bytes(32)) != []
        assert chain.verify_against(db, 0, audit.GENESIS) == []
        assert chain.verify_against(db, 0, b"\x01" * 32) != []


def test_a_payload_can_go_and_the_chain_stays(database: Database) -> None:
    with database.write() as db:
        audit.lock_head(db)
        seq = audit.record(db, audit.SYSTEM, "thing.done", "thing", after={"name": "a person"})
    with database.write() as db:
        by = audit.dispose(db, audit.SYSTEM, seq, "asked for by the person")
    with database.read() as db:
        kept = db.get(AuditPayload, seq)
        assert kept is not None
        assert (kept.payload, kept.salt, kept.disposed_seq) == (None, None, by)
        event = db.get(AuditEvent, by)
        assert event is not None
        assert event.reason == "asked for by the person"
        assert chain.verify_chain(db) == []
    with pytest.raises(Problem, match="no such record"), database.write() as db:
        audit.dispose(db, audit.SYSTEM, seq, "again")
    with pytest.raises(Problem, match="no such record"), database.write() as db:
        audit.dispose(db, audit.SYSTEM, 999, "never was")


def test_a_register_outlives_what_was_said_of_it(database: Database) -> None:
    """What a disposed payload told is taken on trust; what was told after it is compared still."""
    with database.write() as db:
        audit.lock_head(db)
        fund = a_fund(db)
        told = audit.lock_head(db).seq
        audit.dispose(db, audit.SYSTEM, told, "asked for")
    with database.read() as db:
        assert checks.run(db) == []
    with database.write() as db:
        audit.lock_head(db)
        change_fund(db, audit.SYSTEM, db.get_one(Fund, fund.id), FundPatch(name="New name"))
    with database.writer.connect() as connection, connection.begin() as planted:
        connection.execute(text("UPDATE funds SET name = 'Other name'"))
        found = checks.run(Session(connection))
        planted.rollback()
    assert [one.check for one in found] == ["registers_told"]


@pytest.fixture
def hands() -> Iterator[list[datetime]]:
    """Give a clock whose hands a test sets: the last entry is the time."""
    times = [BEGIN]
    clock.set_clock(lambda: times[-1])
    yield times
    clock.set_clock(None)


def test_a_clock_that_runs_backwards_is_not_believed(
    database: Database, hands: list[datetime]
) -> None:
    steps = (0, 60, -86_400, -1, 30, 34_560_000, 5)
    recorded = []
    for step in steps:
        hands.append(BEGIN + timedelta(seconds=step))
        with database.write() as db:
            seq = audit.record(db, audit.SYSTEM, "thing.done", "thing")
            event = db.get(AuditEvent, seq)
            assert event is not None
            recorded.append(event.recorded_at)
    assert recorded == sorted(recorded)
    assert recorded[-1] == BEGIN + timedelta(seconds=34_560_000)


def test_an_instant_means_what_was_known_then(database: Database, hands: list[datetime]) -> None:
    seqs = []
    for minute in (0, 1, 1, 5):
        hands.append(BEGIN + timedelta(minutes=minute))
        with database.write() as db:
            seqs.append(audit.record(db, audit.SYSTEM, "thing.done", "thing"))
            if minute == 5:
                seqs.append(audit.record(db, audit.SYSTEM, "thing.done", "thing"))
    at: dict[float, int] = {
        -1: 0,
        0: seqs[0],
        0.5: seqs[0],
        1: seqs[2],
        4.999: seqs[2],
        5: seqs[4],
        99: seqs[4],
    }
    with database.read() as db:
        for when, seq in at.items():
            assert audit.sequence_at(db, BEGIN + timedelta(minutes=when)) == seq, when
        assert audit.sequence_at(db, None) == seqs[4]
        just_before = BEGIN + timedelta(minutes=5) - timedelta(microseconds=1)
        assert audit.sequence_at(db, just_before) == seqs[2]


def test_sequence_numbers_have_no_gaps_after_failures(database: Database) -> None:
    def record(*, fail: bool) -> None:
        with database.write() as db:
            audit.record(db, audit.SYSTEM, "thing.done", "thing")
            if fail:
                raise Problem("conflict")

    for number in range(6):
        if number % 2:
            with pytest.raises(Problem):
                record(fail=True)
        else:
            record(fail=False)
    with database.read() as db:
        assert [row.seq for row in db.query(AuditEvent).order_by(AuditEvent.seq)] == [1, 2, 3]


def test_an_auditor_needs_only_sha256(database: Database) -> None:
    """Recompute a hash from the documented text alone, with nothing of ours."""
    import hashlib
    import json

    with database.write() as db:
        audit.lock_head(db)
        a_fund(db)
        seq = audit.record(db, audit.SYSTEM, "thing.done", "thing", reason="é", after={"n": 1})
    with database.read() as db:
        event, payload = db.get(AuditEvent, seq), db.get(AuditPayload, seq)
        assert event is not None
        assert payload is not None
        assert payload.salt is not None
        digest = hashlib.sha256(payload.salt + (payload.payload or "").encode()).hexdigest()
        covered = {
            "seq": seq,
            "recorded_at": event.recorded_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "person_id": None,
            "token_id": None,
            "action": "thing.done",
            "record_type": "thing",
            "record_id": None,
            "fund_id": None,
            "reason": "é",
            "payload_digest": digest,
        }
        canonical = json.dumps(covered, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        expected = hashlib.sha256(event.previous_hash + canonical.encode()).digest()
        assert event.hash == expected


def test_only_exact_values_enter_a_payload() -> None:
    assert audit.canonical({"b": 1, "a": [True, None, "é"]}) == '{"a":[true,null,"é"],"b":1}'
    with pytest.raises(TypeError):
        audit.canonical({"a": object()})
