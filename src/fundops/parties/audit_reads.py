"""Reading the audit chain: its events in order, with what changed and what proves it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from pydantic import Field
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from fundops.audit import AuditEvent, AuditPayload
from fundops.authz import Actor, Permission
from fundops.errors import invalid
from fundops.pages import PageQuery
from fundops.schemas import Out
from fundops.seals import PostedDigest

_CURSOR = re.compile(r"([ad])([0-9]{1,18})", re.ASCII)


class SealOut(Out):
    """What was posted up to an event, as the chain covers it: ``hash``, SHA-256 of the event's own
    hash and of the other fields as canonical JSON, is the next event's ``previous_hash``.
    """

    event_seq: int
    transfers: int = Field(description="How many transfers since the seal before.")
    digest: str = Field(description="SHA-256 of their texts, a line feed after each.")
    hash: str


class AuditEventOut(Out):
    """One state change. ``hash`` is SHA-256 of the previous hash and of the event's columns as
    canonical JSON; the payload enters through ``payload_digest``, SHA-256 of salt and payload.
    """

    seq: int
    recorded_at: str
    person_id: UUID | None = Field(description="Null for the command line.")
    token_id: UUID | None
    action: str = Field(examples=["pledge.created"])
    record_type: str = Field(examples=["pledge"])
    record_id: UUID | None
    fund_id: UUID | None
    reason: str | None
    payload: dict[str, Any] | None = Field(
        description="Values before and after; null once disposed of."
    )
    salt: str | None
    disposed_seq: int | None = Field(description="The event that disposed of the payload.")
    payload_digest: str
    previous_hash: str
    hash: str
    seal: SealOut | None = Field(description="What the event's transaction posted, if it did.")


class AuditEventPage(Out):
    """A page of the chain."""

    items: list[AuditEventOut]
    next_cursor: str | None


@dataclass(frozen=True)
class Sought:
    """Which events are asked for: each that is given limits the answer."""

    action: str | None = None
    record_type: str | None = None
    record_id: UUID | None = None
    person_id: UUID | None = None
    fund_id: UUID | None = None
    from_seq: int | None = None


def audit_page(db: Session, actor: Actor, sought: Sought, paging: PageQuery) -> dict[str, Any]:
    """Return a page of the chain in order of its numbers (``-seq``: newest first).

    Raises ``invalid-request`` for another sort field or a cursor of another list.
    """
    if paging.sort not in (None, "seq", "-seq"):
        raise invalid("query/sort", "validation.sort", fields="seq")
    descending = paging.sort == "-seq"
    query = _query(actor, sought)
    if paging.cursor is not None:
        last = _last_seen(paging.cursor, "d" if descending else "a")
        query = query.where(AuditEvent.seq < last if descending else AuditEvent.seq > last)
    order = AuditEvent.seq.desc() if descending else AuditEvent.seq.asc()
    rows = db.execute(query.order_by(order).limit(paging.limit + 1)).all()
    shown = rows[: paging.limit]
    following = None
    if len(rows) > paging.limit:
        following = f"{'d' if descending else 'a'}{shown[-1].seq}"
    return {"items": [_event_out(row) for row in shown], "next_cursor": following}


def _query(actor: Actor, sought: Sought) -> Select[Any]:
    query = (
        select(
            AuditEvent.__table__,
            AuditPayload.payload,
            AuditPayload.salt,
            AuditPayload.disposed_seq,
            PostedDigest.transfers,
            PostedDigest.digest,
            PostedDigest.hash.label("sealed"),
        )
        .join(AuditPayload, AuditPayload.seq == AuditEvent.seq)
        .outerjoin(PostedDigest, PostedDigest.event_seq == AuditEvent.seq)
    )
    funds = actor.funds(Permission.AUDIT_READ)
    if funds is not None:
        query = query.where(AuditEvent.fund_id.in_(funds))
    for column, value in (
        (AuditEvent.action, sought.action),
        (AuditEvent.record_type, sought.record_type),
        (AuditEvent.record_id, sought.record_id),
        (AuditEvent.person_id, sought.person_id),
        (AuditEvent.fund_id, sought.fund_id),
    ):
        if value is not None:
            query = query.where(column == value)
    if sought.from_seq is not None:
        query = query.where(AuditEvent.seq >= sought.from_seq)
    return query


def _last_seen(cursor: str, direction: str) -> int:
    found = _CURSOR.fullmatch(cursor)
    if found is None or found[1] != direction:
        raise invalid("query/cursor", "validation.cursor")
    return int(found[2])


def _event_out(row: Any) -> dict[str, Any]:
    return {
        "seq": row.seq,
        "recorded_at": row.recorded_at,
        "person_id": row.person_id,
        "token_id": row.token_id,
        "action": row.action,
        "record_type": row.record_type,
        "record_id": row.record_id,
        "fund_id": row.fund_id,
        "reason": row.reason,
        # The stored text goes out as it stands: it is what the digest covers.
        "payload": None if row.payload is None else orjson.Fragment(row.payload),
        "salt": None if row.salt is None else bytes(row.salt).hex(),
        "disposed_seq": row.disposed_seq,
        "payload_digest": bytes(row.payload_digest).hex(),
        "previous_hash": bytes(row.previous_hash).hex(),
        "hash": bytes(row.hash).hex(),
        "seal": None if row.sealed is None else _seal_out(row),
    }


def _seal_out(row: Any) -> dict[str, Any]:
    return {
        "event_seq": row.seq,
        "transfers": row.transfers,
        "digest": bytes(row.digest).hex(),
        "hash": bytes(row.sealed).hex(),
    }
