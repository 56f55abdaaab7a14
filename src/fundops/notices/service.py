"""Telling people: rows for the outbox, written with the change that they tell of.

``tell`` is what every domain after this one calls. It takes part in the caller's transaction, so
what is rolled back is told to nobody, and what is committed is told by ``fundops work``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Insert, insert, select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor
from fundops.db import Base
from fundops.ids import uuid7
from fundops.notices import queries, recipients
from fundops.notices.kinds import KINDS, neutral
from fundops.notices.models import Notice
from fundops.notices.recipients import Audience, Recipient

ONE_INSERT: Insert = insert(Base.metadata.tables[Notice.__tablename__])
"""One statement for all rows: of the class, there would be one for each change of what is null."""


def tell(
    db: Session,
    kind: str,
    *,
    person_ids: Iterable[UUID | None] = (),
    party_id: UUID | None = None,
    role: str | None = None,
    fund_id: UUID | None = None,
    about: tuple[str, UUID] | None = None,
    facts: Mapping[str, Any] | None = None,
    of_party_id: UUID | None = None,
    channel_ids: Iterable[UUID] = (),
    without_id: UUID | None = None,
    not_again_for: timedelta | None = None,
) -> int:
    """Tell people that something happened; return how many messages are to be sent.

    Told are the persons of ``person_ids`` (none among them: nobody), the party ``party_id`` by
    its own channels and the persons who act for it now, the persons who hold ``role`` for
    ``fund_id`` (or for any fund), and the channels of ``channel_ids`` whatever their state, but
    not ``without_id``. Each is told once of an event by each channel. ``about`` is the type and id
    of the record; ``facts`` may give its ``code`` and a day ``on``, nothing else.

    ``of_party_id`` is the party that the record concerns where it is not told itself: of a party
    at risk, nobody is sent more than that there is something. ``not_again_for`` leaves out whom
    the same kind about the same record was told within that time; for reminders.

    Call it after recording the change. Raises ``KeyError`` for an undeclared kind and
    ``ValueError`` for facts that no message may say: programmers' mistakes, both.
    """
    seq = audit.lock_head(db).seq
    audience = Audience(
        person_ids=frozenset(one for one in person_ids if one is not None),
        party_id=party_id,
        role=role,
        fund_id=fund_id,
        channel_ids=frozenset(channel_ids),
        without_id=without_id,
    )
    since = None if not_again_for is None else clock.now() - not_again_for
    told = _told_before(db, kind, about, seq, since)
    found = recipients.find(db, kind, audience, of_party_id=of_party_id)
    rows = [
        row for row in rows_for(db, kind, found, about, facts, fund_id) if _who(row) not in told
    ]
    if rows:
        db.execute(ONE_INSERT, rows)
    return sum(row["status"] == "waiting" for row in rows)


_Key = tuple[UUID | None, UUID | None, UUID | None]


def _who(row: Mapping[str, Any]) -> _Key:
    return row["person_id"], row["party_id"], row["channel_id"]


def rows_for(
    db: Session,
    kind: str,
    found: Iterable[Recipient],
    about: tuple[str, UUID] | None,
    facts: Mapping[str, Any] | None,
    fund_id: UUID | None,
) -> list[dict[str, Any]]:
    """Return the rows of the outbox that tell recipients of one thing, as of the last event."""
    said, now = json.dumps(neutral(kind, facts), sort_keys=True), clock.now()
    event = {
        "kind": kind, "fund_id": fund_id, "urgency": KINDS[kind].urgency,
        "event_seq": audit.lock_head(db).seq,
        "about_type": about[0] if about else None, "about_id": about[1] if about else None,
        "attempts": 0, "next_try_at": now, "created_at": now,
    }  # fmt: skip
    return [
        _row(one, said, is_first=is_first) | event
        for one, is_first in recipients.first_of_each(found)
    ]


def _told_before(
    db: Session, kind: str, about: tuple[str, UUID] | None, seq: int, since: Any
) -> set[_Key]:
    """Return who was told of this very event already, or of the like since ``since``."""
    query = select(Notice.person_id, Notice.party_id, Notice.channel_id).where(Notice.kind == kind)
    query = query.where(Notice.about_id == about[1] if about else Notice.about_id.is_(None))
    lately = Notice.event_seq == seq if since is None else Notice.created_at > since
    return {(one, party, channel) for one, party, channel in db.execute(query.where(lately))}


def _row(one: Recipient, said: str, *, is_first: bool) -> dict[str, Any]:
    """Return the columns of a notice that depend on its recipient."""
    channel, why = one.channel, None
    if channel is None:
        why = "no_channel"
    elif channel.kind != "email":
        why = "by_hand"
    return {
        "id": uuid7(),
        "person_id": one.person_id,
        "party_id": one.party_id,
        "channel_id": None if channel is None else channel.id,
        "language": "en" if channel is None else channel.language,
        "facts": "{}" if one.is_neutral else said,
        "is_neutral": one.is_neutral,
        "in_inbox": is_first,
        "status": "waiting" if why is None else "dropped",
        "why": why,
    }


def mark_read(db: Session, actor: Actor, notice_id: UUID) -> Notice:
    """Note that the actor has read one of their own notices; once is enough.

    Raises ``not-found`` for a notice that is not in the actor's inbox.
    """
    notice = queries.get_own(db, actor, notice_id)
    if notice.read_at is None:
        notice.read_at = clock.now()
        after = {"read_at": notice.read_at}
        audit.record(db, actor, "notice.read", "notice", notice.id, after=after)
    return notice
