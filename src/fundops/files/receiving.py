"""Receiving bytes: parts to disk before the database says so, and examining what is complete.

Each block here holds its upload, so that of two requests for one upload the second is ``busy``;
inside it the route runs its one transaction.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from fundops import audit, clock
from fundops.authz import Actor
from fundops.config import Settings
from fundops.db import Database
from fundops.errors import FieldError, Problem
from fundops.files import cleaning, evidence, names, queries, uploads
from fundops.files.cleaning import Clean
from fundops.files.evidence import PersonalData
from fundops.files.kinds import Refused
from fundops.files.models import Upload
from fundops.files.spool import Part
from fundops.files.store import Store
from fundops.files.uploads import Examined
from fundops.messages import text


@contextmanager
def appended(
    database: Database, store: Store, actor: Actor, upload_id: UUID, offset: int, data: bytes
) -> Iterator[int]:
    """Open a block in which ``data`` is on disk; its value is how much of the upload now is.

    A part sent before is no harm. Raises ``conflict`` for one that leaves a gap (it names where to
    go on), goes beyond the declared size or differs from what was received.
    """
    upload = _own(database, actor, upload_id)
    uploads.require_open(upload, database.settings)
    if offset + len(data) > upload.size_bytes:
        raise Problem("conflict", detail=text("files.beyond_size", size=upload.size_bytes))
    with store.spool.held(upload_id) as part:
        upload = _own(database, actor, upload_id)
        _require_open(upload, database.settings, part)
        received = min(upload.received_bytes, part.size)
        if offset > received:
            raise uploads.go_on_from(received)
        known = min(received - offset, len(data))
        if part.read(offset, known) != data[:known]:
            raise Problem("conflict", detail=text("files.part_differs"))
        if known < len(data):
            part.write(received, data[known:])
            received += len(data) - known
        yield received


@contextmanager
def examined(
    database: Database,
    store: Store,
    slots: threading.BoundedSemaphore,
    actor: Actor,
    upload_id: UUID,
) -> Iterator[Examined | None]:
    """Open a block in which an upload's clean content is in the store; ``None``: it is a file.

    Raises ``conflict`` while bytes are missing or when they are not those declared (then they are
    sent again from the start, under the same declaration), ``file-refused`` for what is not taken:
    of evidence also what looks like personal data, with its places and without what it is.
    """
    asked_at = clock.now()
    upload = _own(database, actor, upload_id)
    if upload.status == "completed":
        yield None
        return
    uploads.require_open(upload, database.settings)
    with store.spool.held(upload_id) as part:
        upload = _own(database, actor, upload_id)
        if upload.status == "completed":
            part.remove()
            yield None
            return
        _require_open(upload, database.settings, part)
        raw = _whole(database, actor, upload, part)
        if not slots.acquire(blocking=False):
            raise Problem("unavailable", detail=text("files.slots_taken"))
        try:
            clean = cleaning.clean(raw, upload.name, store.aside)
            screened = _screened(database, upload, clean, store)
        except Refused as refusal:
            reason = cleaning.sentence(refusal)
            raise _refused(database, actor, upload, part, reason) from None
        except PersonalData as found:
            raise _refused(database, actor, upload, part, found.sentence, found.errors) from None
        finally:
            slots.release()
        yield Examined(
            media_type=clean.kind.media_type,
            name=names.named(upload.name, clean.kind),
            stored_sha256=store.add(clean.content),
            stored_bytes=len(clean.content),
            cleaned=clean.cleaned,
            screened=screened,
            asked_at=asked_at,
        )
        part.remove()


def _screened(database: Database, upload: Upload, clean: Clean, store: Store) -> bool | None:
    """Return whether all of an upload was screened; ``None`` for one that is not to be."""
    if upload.purpose is None:
        return None
    found = evidence.screened(clean, store.aside)
    with database.read() as db:
        known = evidence.confirmed_of(db, upload.party_id, database.settings)
        return evidence.require_none(found, known)


def _own(database: Database, actor: Actor, upload_id: UUID) -> Upload:
    with database.read() as db:
        return queries.get_own(db, actor, upload_id)


def _require_open(upload: Upload, settings: Settings, part: Part) -> None:
    try:
        uploads.require_open(upload, settings)
    except Problem:
        part.remove()
        raise


def _whole(database: Database, actor: Actor, upload: Upload, part: Part) -> bytes:
    """Return all bytes of an upload, which are those declared."""
    received = min(upload.received_bytes, part.size)
    if received < upload.size_bytes:
        raise uploads.go_on_from(received)
    raw = part.read(0, upload.size_bytes)
    if hashlib.sha256(raw).hexdigest() != upload.sha256:
        with database.write() as db:
            audit.lock_head(db)
            uploads.begin_again(db, actor, upload.id)
        part.write(0, b"")
        raise Problem("conflict", detail=text("files.hash_differs"))
    return raw


def _refused(
    database: Database,
    actor: Actor,
    upload: Upload,
    part: Part,
    reason: str,
    errors: Sequence[FieldError] = (),
) -> Problem:
    """Note the refusal of an upload and forget its bytes; return the problem to answer."""
    with database.write() as db:
        audit.lock_head(db)
        uploads.refuse(db, actor, upload.id, reason)
    part.remove()
    return Problem("file-refused", detail=reason, errors=errors)
