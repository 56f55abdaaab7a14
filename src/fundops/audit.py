"""The audit chain: every state change, in order, hashed onto the one before.

An event's hash covers the previous hash and a salted digest of its payload, not the payload, so
that payloads which must be disposed of can be while the chain stays valid. The single row of
``audit_head`` is what every write transaction locks first: it hands out sequence numbers and
makes knowledge of the ledger a total order.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    select,
    update,
)
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, Session, mapped_column

from fundops import clock, driver
from fundops.db import Base, Text, id_encoder
from fundops.errors import Problem

GENESIS = bytes(32)
DISPOSED = "audit.payload_disposed"
SALT_BYTES = 16


class AuditHead(Base):
    """The one row that says where the chain ends."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    recorded_at: Mapped[datetime]


class AuditEvent(Base):
    """One state change: who, when, what, why. Append-only by trigger."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("ix_audit_events_record", "record_type", "record_id"),
        Index("ix_audit_events_recorded_at", "recorded_at"),
    )

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    recorded_at: Mapped[datetime]
    person_id: Mapped[UUID | None]
    token_id: Mapped[UUID | None]
    action: Mapped[str] = mapped_column(Text(80))
    record_type: Mapped[str] = mapped_column(Text(40))
    record_id: Mapped[UUID | None]
    fund_id: Mapped[UUID | None]
    reason: Mapped[str | None] = mapped_column(Text(2000))
    payload_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class AuditPayload(Base):
    """What changed (before and after), apart from the chain so that it can be disposed of."""

    __tablename__ = "audit_payloads"

    seq: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("audit_events.seq"), primary_key=True, autoincrement=False
    )
    salt: Mapped[bytes | None] = mapped_column(LargeBinary(SALT_BYTES))
    payload: Mapped[str | None]
    disposed_seq: Mapped[int | None] = mapped_column(BigInteger)


@dataclass
class Head:
    """The locked head inside a write transaction; advances with each event recorded.

    ``first`` is the sequence number that the transaction found.
    """

    seq: int
    hash: bytes
    recorded_at: datetime
    first: int


@dataclass(frozen=True)
class Entry:
    """An event to record; ``before`` and ``after`` are JSON-ready mappings of what changed."""

    action: str
    record_type: str
    record_id: UUID | None = None
    fund_id: UUID | None = None
    reason: str | None = None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


class Author(Protocol):
    """Who acts, as the chain stores it; ``authz.Actor`` is one, and so is the system itself."""

    @property
    def person_id(self) -> UUID | None:
        """The person, or none for the system."""

    @property
    def token_id(self) -> UUID | None:
        """The token the person used, or none."""


@dataclass(frozen=True)
class SystemAuthor:
    """The author of what no signed-in person did: set-up and commands run from the shell."""

    person_id: UUID | None = None
    token_id: UUID | None = None


SYSTEM = SystemAuthor()


def lock_head(db: Session) -> Head:
    """Lock the chain's head for this transaction (first call) and return it.

    Serialises all writers, so that sequence numbers have no gaps and ``recorded_at`` never runs
    backwards even when the machine's clock does.
    """
    head: Head | None = db.info.get("audit_head")
    if head is None:
        connection = db.connection()
        dialect = connection.dialect.name
        ((seq, last, recorded),) = driver.rows(connection, _LOCK_HEAD[dialect])
        decode = driver.instant_decoder(dialect)
        head = Head(seq, bytes(last), max(clock.now(), decode(recorded)), seq)
        db.info["audit_head"] = head
    return head


def canonical(value: Any) -> str:
    """Return the one JSON text of ``value``: sorted keys, no spaces, exact types only."""
    return _encoder.encode(value)


def _plain(value: Any) -> Any:
    match value:
        case UUID():
            return str(value)
        case datetime():
            return instant_text(value)
        case date():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
        case Enum():
            return value.value
        case set() | frozenset():
            return sorted(value)
    raise TypeError(f"cannot put a {type(value).__name__} in an audit payload")


_encoder = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain
)


def instant_text(value: datetime) -> str:
    """Return the chain's text of an instant, microseconds always shown."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def payload_digest(salt: bytes, payload: str) -> bytes:
    """Return what the chain covers of a payload: a salted hash, useless for guessing it."""
    return hashlib.sha256(salt + payload.encode()).digest()


def event_hash(previous: bytes, row: dict[str, Any]) -> bytes:
    """Return the hash of an event from the one before and the event's own columns.

    The text covered is the canonical JSON of the columns named here, digests in hex, so an
    auditor can recompute it with nothing but SHA-256.
    """
    covered = {
        "seq": row["seq"],
        "recorded_at": instant_text(row["recorded_at"]),
        "person_id": row["person_id"],
        "token_id": row["token_id"],
        "action": row["action"],
        "record_type": row["record_type"],
        "record_id": row["record_id"],
        "fund_id": row["fund_id"],
        "reason": row["reason"],
        "payload_digest": row["payload_digest"].hex(),
    }
    return hashlib.sha256(previous + canonical(covered).encode()).digest()


def record(
    db: Session,
    author: Author,
    action: str,
    record_type: str,
    record_id: UUID | None = None,
    *,
    fund_id: UUID | None = None,
    reason: str | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> int:
    """Append one event to the chain and return its sequence number."""
    entry = Entry(action, record_type, record_id, fund_id, reason, before, after)
    return record_many(db, author, [entry])[0]


def record_many(db: Session, author: Author, entries: Iterable[Entry]) -> list[int]:
    """Append events in order and return their sequence numbers, in few round trips."""
    head = lock_head(db)
    connection = db.connection()
    dialect = connection.dialect.name
    uid, at = id_encoder(dialect), driver.instant_encoder(dialect)(head.recorded_at)
    person, token = uid(author.person_id), uid(author.token_id)
    events: list[tuple[Any, ...]] = []
    payloads: list[tuple[Any, ...]] = []
    audited: list[tuple[Author, Entry]] = db.info.setdefault("audited", [])
    for entry in entries:
        audited.append((author, entry))
        payload = canonical({"before": entry.before, "after": entry.after})
        salt = os.urandom(SALT_BYTES)
        digest, previous = payload_digest(salt, payload), head.hash
        head.hash = event_hash(previous, _covered(head, author, entry, digest))
        head.seq += 1
        events.append(
            (head.seq, at, person, token, entry.action, entry.record_type, uid(entry.record_id),
             uid(entry.fund_id), entry.reason, digest, previous, head.hash)
        )  # fmt: skip
        payloads.append((head.seq, salt, payload))
    if events:
        driver.run(connection, _appending(dialect, events, payloads, (head.seq, head.hash, at)))
    return [event[0] for event in events]


def _covered(head: Head, author: Author, entry: Entry, digest: bytes) -> dict[str, Any]:
    """Return what the hash of the event after ``head`` covers."""
    return {
        "seq": head.seq + 1,
        "recorded_at": head.recorded_at,
        "person_id": author.person_id,
        "token_id": author.token_id,
        "action": entry.action,
        "record_type": entry.record_type,
        "record_id": entry.record_id,
        "fund_id": entry.fund_id,
        "reason": entry.reason,
        "payload_digest": digest,
    }


_LOCK_HEAD = {
    "sqlite": "SELECT seq, hash, recorded_at FROM audit_head",  # BEGIN IMMEDIATE has locked it
    "postgresql": "SELECT seq, hash, recorded_at FROM audit_head FOR UPDATE",
}
_EVENT = (
    "INSERT INTO audit_events (seq, recorded_at, person_id, token_id, action, record_type, "
    "record_id, fund_id, reason, payload_digest, previous_hash, hash) VALUES "
)
_PAYLOAD = "INSERT INTO audit_payloads (seq, salt, payload) VALUES "
_MOVE_HEAD = "UPDATE audit_head SET seq = {0}, hash = {0}, recorded_at = {0}"


def _appending(
    dialect: str, events: list[Any], payloads: list[Any], head: tuple[Any, ...]
) -> list[driver.Step]:
    """Return the statements that append events with their payloads and move the head."""
    if dialect == "sqlite":
        return [
            (f"{_EVENT}({', '.join('?' * 12)})", events),
            (f"{_PAYLOAD}(?, ?, ?)", payloads),
            (_MOVE_HEAD.format("?"), [head]),
        ]
    if len(events) > 1:
        return [
            *driver.chunks(lambda count: _EVENT + driver.values_list(count, 12), events),
            *driver.chunks(lambda count: _PAYLOAD + driver.values_list(count, 3), payloads),
            (_MOVE_HEAD.format("%s"), [head]),
        ]
    return [(_APPEND_ONE, [(*head, *events[0], *payloads[0])])]


_APPEND_ONE = (
    f"WITH head AS ({_MOVE_HEAD.format('%s')}), "
    f"event AS ({_EVENT}{driver.values_list(1, 12)}) "
    f"{_PAYLOAD}{driver.values_list(1, 3)}"
)
"""One round trip for one event; foreign keys are checked when the whole statement is done."""


def sequence_at(db: Session, known_at: datetime | None) -> int:
    """Return K: the last sequence number recorded at or before ``known_at`` (``None``: now)."""
    if known_at is None:
        latest = int(db.execute(select(AuditHead.seq)).scalar_one())
        if db.info.get("is_snapshot"):
            db.info["latest_seq"] = latest
        return latest
    found = db.execute(
        select(AuditEvent.seq)
        .where(AuditEvent.recorded_at <= known_at)
        .order_by(AuditEvent.recorded_at.desc(), AuditEvent.seq.desc())
        .limit(1)
    ).scalar()
    return found or 0


def recorded_at(db: Session, seq: int) -> datetime:
    """Return when event ``seq`` was recorded; the head's instant before any event."""
    found = db.execute(select(AuditEvent.recorded_at).where(AuditEvent.seq == seq)).scalar()
    return found or db.execute(select(AuditHead.recorded_at)).scalar_one()


def is_latest(db: Session, seq: int) -> bool:
    """Return whether nothing above ``seq`` can be seen in ``db``, as far as it knows by itself.

    A snapshot that was asked for its last sequence knows; nothing is asked for the sake of this.
    """
    latest: int | None = db.info.get("latest_seq")
    return latest is not None and seq >= latest


_HASH_AT = sql(
    "SELECT COALESCE(s.hash, e.hash) FROM audit_events e "
    "LEFT JOIN posted_digests s ON s.event_seq = e.seq WHERE e.seq = :seq"
)


def hash_at(db: Session, seq: int) -> bytes:
    """Return the chain's hash after event ``seq`` and its seal (genesis before the first)."""
    found = db.execute(_HASH_AT, {"seq": seq}).scalar()
    return bytes(found) if found is not None else GENESIS


def dispose(db: Session, author: Author, seq: int, reason: str) -> int:
    """Dispose of the payload of event ``seq`` for a logged ``reason``; return the new event's seq.

    What the event said is gone for good; that it happened, when and by whom stays proved, since
    the chain covers a salted digest only. Raises ``not-found`` when there is nothing to dispose of.
    """
    lock_head(db)
    table = AuditPayload.__table__
    kept = db.execute(
        select(table.c.seq).where(table.c.seq == seq, table.c.payload.is_not(None))
    ).one_or_none()
    if kept is None:
        raise Problem("not-found")
    own = record(db, author, DISPOSED, "audit_event", reason=reason, after={"seq": seq})
    db.execute(
        update(AuditPayload)
        .where(AuditPayload.seq == seq)
        .values(salt=None, payload=None, disposed_seq=own)
    )
    return own
