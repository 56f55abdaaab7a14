"""Verifying the audit chain: recompute every hash from what the database really holds.

Columns are read as they are stored, not through the types that would tidy them up, so that any
other byte shows. A chain cannot know that its tail was cut off or that all of it was written
anew; an *anchor*, a sequence number and hash noted outside the database, can.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from fundops import stored
from fundops.audit import (
    DISPOSED,
    GENESIS,
    AuditEvent,
    AuditHead,
    event_hash,
    payload_digest,
)
from fundops.messages import text
from fundops.seals import PostedDigest, seal_hash
from fundops.stored import Row

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
_SEAL = {"transfers": "whole", "digest": "bytes", "sealed": "bytes"}
_READ = _EVENT | _PAYLOAD | _SEAL


def verify_chain(db: Session) -> list[str]:
    """Recompute the whole chain; return one sentence per break (none when it is sound)."""
    breaks: list[str] = []
    previous, expected = GENESIS, 1
    gone: dict[int, int] = {}
    disposals: dict[int, int | None] = {}
    for raw in _rows(db):
        try:
            row = stored.values(raw, _READ)
        except ValueError:
            breaks.append(text("audit.altered", seq=expected))
            expected += 1
            continue
        seq: int = row["seq"]
        breaks += _link_breaks(row, previous, expected)
        if row["action"] == DISPOSED:
            disposals[seq] = _disposed_by(row["payload"])
        if row["salt"] is None and row["payload"] is None and row["disposed_seq"] is not None:
            gone[seq] = row["disposed_seq"]
        elif not _payload_holds(row):
            breaks.append(text("audit.payload_altered", seq=seq))
        previous, expected = row["hash"], seq + 1
        if row["sealed"] is not None:
            breaks += _seal_breaks(row)
            previous = row["sealed"]
    unexplained = (seq for seq, by in gone.items() if disposals.get(by) != seq)
    breaks += [text("audit.payload_missing", seq=seq) for seq in unexplained]
    head = db.execute(select(AuditHead.seq, AuditHead.hash)).one()
    if head.seq != expected - 1 or bytes(head.hash) != previous:
        breaks.append(text("audit.head_differs", seq=head.seq))
    return breaks


def _link_breaks(row: Row, previous: bytes, expected: int) -> list[str]:
    """Return what is wrong with an event's place in the chain and its hash."""
    breaks, seq = [], row["seq"]
    if seq != expected:
        breaks.append(text("audit.gap", expected=expected, found=seq))
    if row["previous_hash"] != previous:
        breaks.append(text("audit.unlinked", seq=seq))
    if _hash_of(previous, row) != row["hash"]:
        breaks.append(text("audit.altered", seq=seq))
    return breaks


def _seal_breaks(row: Row) -> list[str]:
    """Return what is wrong with the seal of an event; its digest is compared by the ledger."""
    sealed = seal_hash(row["hash"], row["seq"], row["transfers"], row["digest"])
    return [] if sealed == row["sealed"] else [text("seal.altered", seq=row["seq"])]


def _hash_of(previous: bytes, row: Row) -> bytes | None:
    try:
        return event_hash(previous, row)
    except (AttributeError, TypeError):  # something is missing that no event lacks
        return None


def verify_against(db: Session, seq: int, anchor: bytes) -> list[str]:
    """Compare the chain with an anchor: the hash after event ``seq`` as noted elsewhere.

    That is the seal's, if a seal follows the event; the event's own proves the event but not what
    its transaction posted. Together with ``verify_chain`` this proves that nothing up to ``seq``
    was cut off or written anew since the anchor was noted. Returns one sentence per difference.
    """
    if seq == 0:
        return [] if anchor == GENESIS else [text("audit.anchor_differs", seq=seq)]
    query = (
        select(AuditEvent.hash, PostedDigest.hash)
        .outerjoin(PostedDigest, PostedDigest.event_seq == AuditEvent.seq)
        .where(AuditEvent.seq == seq)
    )
    found = db.execute(query).one_or_none()
    if found is None:
        return [text("audit.anchor_missing", seq=seq)]
    noted = {bytes(one) for one in found if one is not None}
    return [] if anchor in noted else [text("audit.anchor_differs", seq=seq)]


def _rows(db: Session) -> Iterator[Row]:
    """Return events with their payloads and seals in order, each column as it is stored."""
    dialect = db.connection().dialect.name
    columns = [
        *stored.columns(dialect, _EVENT, "e"),
        *stored.columns(dialect, _PAYLOAD, "p"),
        *stored.columns(dialect, _SEAL, "s"),
    ]
    query = (
        f"SELECT {', '.join(columns)} FROM audit_events e "  # noqa: S608 - constants only
        "LEFT JOIN audit_payloads p ON p.seq = e.seq "
        "LEFT JOIN (SELECT event_seq, transfers, digest, hash AS sealed FROM posted_digests) s "
        "ON s.event_seq = e.seq ORDER BY e.seq"
    )
    found = db.execute(sql(query), execution_options={"yield_per": 2_000})
    for row in found.mappings():
        yield dict(row)


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
