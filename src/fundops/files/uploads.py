"""Uploads: declaring a file, noting what was received of it, and making a file of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from fundops import audit, clock, lifecycle
from fundops.authz import Actor, Permission
from fundops.config import Settings
from fundops.errors import FieldError, Problem, invalid
from fundops.files import evidence, names, queries
from fundops.files.models import File, Upload
from fundops.files.schemas import UploadIn, expires_at
from fundops.ids import uuid7
from fundops.messages import text
from fundops.records import snapshot

UPLOAD_STEPS: lifecycle.Steps = {
    "complete": lifecycle.step("declared", "completed", Permission.FILE_WRITE),
    "refuse": lifecycle.step("declared", "refused", Permission.FILE_WRITE),
}


@dataclass(frozen=True, slots=True)
class Examined:
    """What was made of an upload's bytes, now in the store: its kind, name, address and size."""

    media_type: str
    name: str
    stored_sha256: str
    stored_bytes: int
    cleaned: tuple[str, ...]
    screened: bool | None
    asked_at: datetime


def declare(db: Session, actor: Actor, settings: Settings, given: UploadIn) -> Upload:
    """Declare a file that is about to be sent.

    Raises ``invalid-request`` for one that is too large, for a party not one's own and for evidence
    whose name tells of a person, ``conflict`` for more than a person may have under way or a party may send in a day.
    """
    if given.size_bytes > settings.max_file_bytes:
        most = settings.max_file_bytes // 2**20
        raise invalid("/size_bytes", "files.too_large", limit=most)
    now = clock.now()
    party_id = _party(db, actor, given.party_id)
    name = names.cleaned(given.name)
    if given.purpose is not None and not evidence.is_harmless(name):
        raise invalid("/name", "files.name_tells")
    since = now - timedelta(days=settings.upload_days)
    if queries.open_uploads(db, actor.person_id, since) >= settings.open_uploads:
        detail = text("files.too_many_open", limit=settings.open_uploads)
        raise Problem("conflict", detail=detail)
    declared = queries.declared_bytes(db, party_id, actor.person_id, now)
    if declared + given.size_bytes > settings.daily_upload_bytes:
        most = settings.daily_upload_bytes // 2**20
        raise Problem("conflict", detail=text("files.daily_limit", limit=most))
    upload = Upload(
        id=uuid7(),
        party_id=party_id,
        person_id=actor.person_id,
        name=name,
        size_bytes=given.size_bytes,
        sha256=given.sha256,
        purpose=given.purpose,
        received_bytes=0,
        status="declared",
        declared_at=now,
    )
    db.add(upload)
    db.flush()
    audit.record(db, actor, "upload.declared", "upload", upload.id, after=snapshot(upload))
    return upload


def _party(db: Session, actor: Actor, party_id: UUID | None) -> UUID | None:
    """Return whose file it will be. Raises ``invalid-request`` if ``actor`` may not send for it."""
    own = actor.parties(Permission.FILE_WRITE)
    if party_id is None:
        if own is None:
            return None
        if len(own) == 1:
            return next(iter(own))
        raise invalid("/party_id", "validation.missing")
    try:
        return queries.party_for(db, actor, party_id, Permission.FILE_WRITE).id
    except Problem:
        raise invalid("/party_id", "validation.unknown_record") from None


def require_open(upload: Upload, settings: Settings) -> None:
    """Raise ``wrong-status`` unless parts of ``upload`` may still be sent."""
    status = upload.status
    if status == "declared" and expires_at(upload.declared_at, settings) <= clock.now():
        status = text("files.status.expired")
    if status != "declared":
        raise Problem("wrong-status", action=text("files.action.send"), status=status)


def go_on_from(received: int) -> Problem:
    """Return the problem of a part that does not follow what was received."""
    sentence = text("files.go_on_from", offset=received)
    return Problem("conflict", detail=sentence, errors=[FieldError("query/offset", sentence)])


def receive(db: Session, actor: Actor, upload_id: UUID, received: int) -> Upload:
    """Note that ``received`` bytes of an upload are durably on disk."""
    upload = queries.get_own(db, actor, upload_id)
    if upload.status != "declared":
        raise Problem("wrong-status", action=text("files.action.send"), status=upload.status)
    if upload.received_bytes != received:
        upload.received_bytes = received
        db.flush()
    return upload


def complete(db: Session, actor: Actor, upload_id: UUID, examined: Examined | None) -> File:
    """Make a file of an upload whose bytes were examined; of one that is a file, return it."""
    upload = queries.get_own(db, actor, upload_id)
    if upload.file_id is not None:
        found = db.get(File, upload.file_id)
        assert found is not None
        return found
    assert examined is not None
    file = File(
        id=uuid7(),
        party_id=upload.party_id,
        name=examined.name,
        media_type=examined.media_type,
        sent_sha256=upload.sha256,
        sent_bytes=upload.size_bytes,
        stored_sha256=examined.stored_sha256,
        stored_bytes=examined.stored_bytes,
        cleaned=json.dumps(list(examined.cleaned)),
        purpose=upload.purpose,
        screened=examined.screened,
        uploaded_by_id=actor.person_id,
        declared_at=upload.declared_at,
        completed_at=examined.asked_at,
    )
    db.add(file)
    db.flush()
    lifecycle.advance(upload, UPLOAD_STEPS, "complete", actor)
    upload.file_id, upload.completed_at = file.id, examined.asked_at
    upload.received_bytes = upload.size_bytes
    db.flush()
    after = {"file_id": file.id, "status": upload.status}
    audit.record(db, actor, "upload.completed", "upload", upload.id, after=after)
    audit.record(db, actor, "file.received", "file", file.id, after=snapshot(file))
    return file


def refuse(db: Session, author: audit.Author, upload_id: UUID, reason: str) -> None:
    """Refuse an upload for good: for what is in it, or because it was given up."""
    upload = db.get(Upload, upload_id, populate_existing=True)
    assert upload is not None
    lifecycle.advance(upload, UPLOAD_STEPS, "refuse")
    upload.reason, upload.received_bytes = reason, 0
    db.flush()
    audit.record(
        db, author, "upload.refused", "upload", upload.id, reason=reason,
        after={"status": upload.status, "sha256": upload.sha256},
    )  # fmt: skip


def begin_again(db: Session, actor: Actor, upload_id: UUID) -> None:
    """Forget what was received of an upload whose bytes are not those declared."""
    upload = queries.get_own(db, actor, upload_id)
    upload.received_bytes = 0
    db.flush()
    after = {"received_bytes": 0}
    audit.record(db, actor, "upload.begun_again", "upload", upload.id, after=after)
