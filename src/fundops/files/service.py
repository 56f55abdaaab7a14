"""Files: finding those one may see, and reading what they hold."""

from __future__ import annotations

import logging
from uuid import UUID

from sqlalchemy.orm import Session

from fundops.authz import Actor, Permission
from fundops.errors import Problem, invalid
from fundops.files import queries
from fundops.files.models import File
from fundops.files.store import ContentDamaged, ContentMissing, Store
from fundops.messages import text

log = logging.getLogger("fundops.files")


def get_visible(
    db: Session, actor: Actor, file_id: UUID, permission: Permission = Permission.FILE_READ
) -> File:
    """Return a file that ``actor`` may use so; raise ``not-found`` otherwise."""
    query = queries.visible_file(actor, file_id, permission)
    found: File | None = db.execute(query).scalar_one_or_none()
    if found is None:
        raise Problem("not-found")
    return found


def of_party(
    db: Session, actor: Actor, party_id: UUID, file_id: UUID,
    permission: Permission = Permission.FILE_READ,
) -> File:  # fmt: skip
    """Return a party's file that ``actor`` names as ``/file_id`` and may use so.

    Raises ``invalid-request`` for one that is another's, or out of the actor's reach.
    """
    query = queries.visible_file(actor, file_id, permission)
    found: File | None = db.execute(query).scalar_one_or_none()
    if found is None or found.party_id != party_id:
        raise invalid("/file_id", "validation.unknown_record")
    return found


def content(store: Store, file: File) -> bytes:
    """Return what a file holds, verified against its hash.

    Raises ``not-found`` when it is gone or damaged, which is logged and found by the check of
    files: nothing but the very bytes that were kept ever goes out.
    """
    if file.disposed_at is not None:
        raise Problem("not-found", detail=text("files.content_disposed"))
    try:
        return store.read(file.stored_sha256)
    except ContentMissing:
        log.error("a content is missing", extra={"file_id": str(file.id)})
        raise Problem("not-found", detail=text("files.content_missing")) from None
    except ContentDamaged:
        log.error("a content is damaged", extra={"file_id": str(file.id)})
        raise Problem("not-found", detail=text("files.content_damaged")) from None
