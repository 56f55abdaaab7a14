"""Channels, things told, and a transport that keeps what it is given."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from email.message import EmailMessage
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.audit import SYSTEM
from fundops.db import Database
from fundops.ids import uuid7
from fundops.notices import tell
from fundops.notices.codes import address_digest
from fundops.notices.models import ContactChannel, Notice
from fundops.notices.transports import NotSent
from fundops.records import snapshot
from fundops.trail import DIGESTED

_numbers = count(1)
ABOUT = "disbursement"


def a_channel(
    db: Session, *, by: UUID, person_id: UUID | None = None, party_id: UUID | None = None,
    **over: Any,
) -> ContactChannel:  # fmt: skip
    """Register a verified e-mail channel, as ``over`` changes it."""
    address = over.pop("address", f"box{next(_numbers)}@example.org")
    salt, now = b"0123456789abcdef", clock.now()
    values: dict[str, Any] = {
        "id": uuid7(), "party_id": party_id, "person_id": person_id, "kind": "email",
        "address": address, "address_salt": salt, "address_digest": address_digest(salt, address),
        "language": "en", "is_urgent_only": False, "status": "active", "registered_by_id": by,
        "verified_how": "code", "verified_at": now, "code_tries": 0, "created_at": now,
    }  # fmt: skip
    channel = ContactChannel(**(values | over))
    db.add(channel)
    db.flush()
    told = snapshot(channel, without=DIGESTED["contact_channels"] | {"secret_hash"})
    audit.record(
        db, SYSTEM, "contact_channel.registered", "contact_channel", channel.id, after=told
    )
    return channel


def told(database: Database, kind: str, **to: Any) -> int:
    """Tell of something in a transaction of its own, after an event."""
    return told_all(database, (kind, to))


def told_all(database: Database, *things: tuple[str, dict[str, Any]]) -> int:
    """Tell of things, each after an event of its own; return of how many at how many places."""
    with database.write() as db:
        count = 0
        for kind, to in things:
            audit.record(db, SYSTEM, "test.happened", "test", uuid7())
            count += tell(db, kind, **({"about": (ABOUT, uuid7())} | to))
        return count


def notices(database: Database, **wanted: Any) -> list[Any]:
    """Return the notices whose columns have these values, oldest first."""
    query = select(*Notice.__table__.c)
    for name, value in wanted.items():
        query = query.where(Notice.__table__.c[name] == value)
    with database.read() as db:
        return list(db.execute(query.order_by(Notice.id)).all())


def by_status(database: Database) -> Mapping[str, int]:
    """Return how many notices there are of each status."""
    found: dict[str, int] = {}
    for one in notices(database):
        found[one.status] = found.get(one.status, 0) + 1
    return found


class Kept:
    """A transport that keeps messages; the first ``failures`` of them it does not take."""

    def __init__(self, *, failures: int = 0, is_final: bool = False) -> None:
        self.messages: list[EmailMessage] = []
        self.to: list[str] = []
        self.failures, self.is_final = failures, is_final
        self._lock = threading.Lock()

    def send(self, message: EmailMessage, to: str, name: str) -> None:
        with self._lock:
            if self.failures > 0:
                self.failures -= 1
                raise NotSent(is_final=self.is_final)
            self.messages.append(message)
            self.to.append(to)

    def close(self) -> None:
        return

    @property
    def ids(self) -> list[str]:
        return [str(one["Message-ID"]) for one in self.messages]

    @property
    def texts(self) -> list[str]:
        return [one.get_content() for one in self.messages]


class Died(BaseException):
    """A process that ends where it stands: nothing of ours catches it."""


class Dying(Kept):
    """A transport after whose sending the process dies."""

    def send(self, message: EmailMessage, to: str, name: str) -> None:
        super().send(message, to, name)
        raise Died
