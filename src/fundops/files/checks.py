"""Whether the store and the records of files agree, and clearing away what nobody needs.

Run by ``fundops files check`` and ``fundops files sweep``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from fundops import audit, clock
from fundops.db import Database
from fundops.errors import Problem
from fundops.files import queries, uploads
from fundops.files.models import File
from fundops.files.store import ContentDamaged, ContentMissing, Store
from fundops.messages import text

YOUNG = timedelta(days=1)
"""A content without a row may belong to a transaction that has not ended; not after a day."""

_REFERENCES: list[InstrumentedAttribute[str]] = []
"""Columns beside files' own that hold addresses of contents."""


def refer(column: InstrumentedAttribute[str]) -> None:
    """Say that ``column`` holds addresses of contents, which a sweep must therefore keep."""
    _REFERENCES.append(column)


@dataclass(frozen=True, slots=True)
class Fault:
    """A record whose content is not as it should be."""

    file_id: UUID
    name: str
    sentence: str


def run(db: Session, store: Store) -> list[Fault]:
    """Return every file whose content is missing, damaged or of another size."""
    return list(_faults(db, store))


def _faults(db: Session, store: Store) -> Iterator[Fault]:
    query = (
        select(File.id, File.name, File.stored_sha256, File.stored_bytes)
        .where(File.disposed_at.is_(None))
        .order_by(File.id)
    )
    known: dict[str, int | str] = {}
    for file_id, name, sha256, size in db.execute(query.execution_options(yield_per=500)):
        if sha256 not in known:
            known[sha256] = _judged(store, sha256)
        found = known[sha256]
        if isinstance(found, str):
            yield Fault(file_id, name, found)
        elif found != size:
            yield Fault(file_id, name, text("files.check.size", size=found, expected=size))


def _judged(store: Store, sha256: str) -> int | str:
    """Return the size of a content, or what is wrong with it."""
    try:
        return len(store.read(sha256))
    except ContentMissing:
        return text("files.check.missing")
    except ContentDamaged:
        return text("files.check.damaged")


@dataclass
class Sweep:
    """What a sweep found, and has removed if it was told to."""

    orphans: list[str] = field(default_factory=list)
    orphan_bytes: int = 0
    half_written: list[Path] = field(default_factory=list)
    given_up: list[UUID] = field(default_factory=list)
    strays: list[UUID] = field(default_factory=list)


def sweep(database: Database, store: Store, *, removes: bool) -> Sweep:
    """Find contents that no record refers to and uploads that were given up; remove them if told.

    Contents are listed before the records are read, and each is looked at again under the store's
    lock before it goes, so that none is removed that a record has come to refer to meanwhile.
    """
    found = Sweep()
    now = clock.now()
    cutoff = (now - YOUNG).timestamp()
    old = [one for one in store.contents() if one.touched_at <= cutoff]
    found.half_written = [path for path, at in store.left_aside() if at <= cutoff]
    spooled = store.spool.ids()
    with database.read() as db:
        kept = referred(db)
        before = now - timedelta(days=database.settings.upload_days)
        found.given_up = [upload.id for upload in queries.unfinished(db, before)]
        under_way = queries.under_way(db)
    found.orphans = [one.sha256 for one in old if one.sha256 not in kept]
    found.orphan_bytes = sum(one.size for one in old if one.sha256 not in kept)
    found.strays = [one for one in spooled if one not in under_way]
    if removes:
        _remove(database, store, found, cutoff)
    return found


def referred(db: Session) -> set[str]:
    """Return the addresses of all contents that some record refers to."""
    of_files = select(File.stored_sha256).where(File.disposed_at.is_(None))
    found = set(db.execute(of_files).scalars())
    for column in _REFERENCES:
        found |= set(db.execute(select(column)).scalars())
    return found


def _remove(database: Database, store: Store, found: Sweep, cutoff: float) -> None:
    found.orphans = [one for one in found.orphans if store.remove(one, cutoff)]
    for path in found.half_written:
        path.unlink(missing_ok=True)
    found.given_up = [one for one in found.given_up if _give_up(database, store, one)]
    found.strays = [one for one in found.strays if _clear(store, one)]


def _give_up(database: Database, store: Store, upload_id: UUID) -> bool:
    """Give up an upload and remove its parts; one that is in use is left for the next time."""
    with suppress(Problem), store.spool.held(upload_id) as part:
        with database.write() as db:
            audit.lock_head(db)
            uploads.refuse(db, audit.SYSTEM, upload_id, text("files.given_up"))
        part.remove()
        return True
    return False


def _clear(store: Store, upload_id: UUID) -> bool:
    with suppress(Problem), store.spool.held(upload_id) as part:
        part.remove()
        return True
    return False
