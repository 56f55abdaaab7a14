"""Verifying the audit chain: recompute every hash from what the database really holds.

Columns are read as they are stored, not through the types that would tidy them up, so that any
other byte shows. A chain cannot know that its tail was cut off or that all of it was written
anew; an *anchor*, a sequence number and hash noted outside the database, can.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from fundops.audit import (
    DISPOSED,
    GENESIS,
    AuditEvent,
    AuditHead,
    event_hash,
    payload_digest,
)
from fundops.messages import text

_EVENT = {
    "seq": "whole",
    "recorded_at": "instant",
    "person_id": "id",
    "token_id": "id",
    "action": "text",
    "record_type": "text",
    "record_id": "id",
    "fund_id": "id",
    "reason": "text",
    "payload_digest": "bytes",
    "previous_hash": "bytes",
    "hash": "bytes",
}
_PAYLOAD = {"salt": "bytes", "payload": "text", "disposed_seq": "whole"}
_STORED_AS = {"id": "text", "instant": "text", "text": "text", "whole": "integer", "bytes": "blob"}
_BYTES = "CAST({0} AS BLOB) AS {1}, typeof({0}) AS {1}_type"
_HEX = re.compile(rb"[0-9a-f]{32}")
_INSTANT = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}")

Row = dict[str, Any]


def verify_chain(db: Session) -> list[str]:
    """Recompute the whole chain; return one sentence per break (none when it is sound)."""
    breaks: list[str] = []
    previous, expected = GENESIS, 1
    gone: dict[int, int] = {}
    disposals: dict[int, int | None] = {}
    for stored in _rows(db):
        try:
            row = _values(stored)
        except ValueError:
            breaks.append(text("audit.altered", seq=expected))
            expected += 1
            continue
        seq: int = row["seq"]
        if seq != expected:
            breaks.append(text("audit.gap", expected=expected, found=seq))
        if row["previous_hash"] != previous:
            breaks.append(text("audit.unlinked", seq=seq))
        if _hash_of(previous, row) != row["hash"]:
            breaks.append(text("audit.altered", seq=seq))
        if row["action"] == DISPOSED:
            disposals[seq] = _disposed_by(row["payload"])
        if row["salt"] is None and row["payload"] is None and row["disposed_seq"] is not None:
            gone[seq] = row["disposed_seq"]
        elif not _payload_holds(row):
            breaks.append(text("audit.payload_altered", seq=seq))
        previous, expected = row["hash"], seq + 1
    unexplained = (seq for seq, by in gone.items() if disposals.get(by) != seq)
    breaks += [text("audit.payload_missing", seq=seq) for seq in unexplained]
    head = db.execute(select(AuditHead.seq, AuditHead.hash)).one()
    if head.seq != expected - 1 or bytes(head.hash) != previous:
        breaks.append(text("audit.head_differs", seq=head.seq))
    return breaks


def _hash_of(previous: bytes, row: Row) -> bytes | None:
    try:
        return event_hash(previous, row)
    except (AttributeError, TypeError):  # something is missing that no event lacks
        return None


def verify_against(db: Session, seq: int, anchor: bytes) -> list[str]:
    """Compare the chain with an anchor: the hash after event ``seq`` as noted elsewhere.

    Together with ``verify_chain`` this proves that nothing up to ``seq`` was cut off or written
    anew since the anchor was noted. Returns one sentence per difference.
    """
    if seq == 0:
        return [] if anchor == GENESIS else [text("audit.anchor_differs", seq=seq)]
    found = db.execute(select(AuditEvent.hash).where(AuditEvent.seq == seq)).scalar()
    if found is None:
        return [text("audit.anchor_missing", seq=seq)]
    return [] if bytes(found) == anchor else [text("audit.anchor_differs", seq=seq)]


def _rows(db: Session) -> Iterator[Row]:
    """Return events with their payloads in order, each column as the database stores it."""
    sqlite = db.connection().dialect.name == "sqlite"
    read = (_BYTES if sqlite else "{0} AS {1}").format
    columns = [
        *(read(f"e.{name}", name) for name in _EVENT),
        *(read(f"p.{name}", name) for name in _PAYLOAD),
    ]
    query = (
        f"SELECT {', '.join(columns)} FROM audit_events e "  # noqa: S608 - constants only
        "LEFT JOIN audit_payloads p ON p.seq = e.seq ORDER BY e.seq"
    )
    found = db.execute(sql(query), execution_options={"yield_per": 2_000})
    for row in found.mappings():
        yield dict(row)


def _values(stored: Row) -> Row:
    """Return a row's values; raise ``ValueError`` for what we would never have stored so."""
    if "seq_type" not in stored:  # PostgreSQL's types admit one form only
        return stored
    kinds = _EVENT | _PAYLOAD
    return {name: _value(kinds[name], stored[f"{name}_type"], stored[name]) for name in kinds}


def _value(kind: str, its_type: str, raw: bytes | None) -> Any:
    if raw is None:
        return None
    if its_type != _STORED_AS[kind]:
        raise ValueError(f"{its_type} for {kind}")
    match kind:
        case "id" if _HEX.fullmatch(raw):
            return UUID(hex=raw.decode())
        case "instant" if _INSTANT.fullmatch(raw):
            return datetime.fromisoformat(raw.decode()).replace(tzinfo=UTC)
        case "whole":
            return int(raw)
        case "text":
            return raw.decode()
        case "bytes":
            return raw
    raise ValueError(f"no {kind}")


def _payload_holds(row: Row) -> bool:
    """Return whether the payload beside an event is the one that its digest is of."""
    salt, payload = row["salt"], row["payload"]
    if salt is None or payload is None or row["disposed_seq"] is not None:
        return False
    covered: bytes = row["payload_digest"]
    return payload_digest(salt, payload) == covered


def _disposed_by(payload: str) -> int | None:
    """Return which event's payload a disposal names."""
    try:
        named: int | None = json.loads(payload)["after"]["seq"]
    except (ValueError, TypeError, KeyError):
        return None
    return named
