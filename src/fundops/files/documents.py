"""Documents of organisations: kept once, used in every call that asks for their kind.

Which kinds there are is a code list of calls; whoever asks for a kind checks it.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock, lifecycle
from fundops.authz import Actor, Permission
from fundops.errors import invalid
from fundops.files import service
from fundops.files.models import File, PartyDocument
from fundops.files.schemas import DocumentIn, ReplacementIn
from fundops.ids import uuid7
from fundops.parties.models import Party
from fundops.records import snapshot

DOCUMENT_STEPS: lifecycle.Steps = {
    "replace": lifecycle.step("current", "replaced", Permission.FILE_WRITE),
    "withdraw": lifecycle.step("current", "withdrawn", Permission.FILE_WRITE),
}


def current(db: Session, party_id: UUID) -> list[PartyDocument]:
    """Return the documents of a party that stand, by kind and then as they were added."""
    query = (
        select(PartyDocument)
        .where(PartyDocument.party_id == party_id, PartyDocument.status == "current")
        .order_by(PartyDocument.kind, PartyDocument.id)
    )
    return list(db.execute(query).scalars())


def add(db: Session, actor: Actor, party: Party, given: DocumentIn) -> PartyDocument:
    """Add a document. Raises ``invalid-request`` for a file that is not the party's."""
    file = service.of_party(db, actor, party.id, given.file_id, Permission.FILE_WRITE)
    _check_dates(given.issued_on, given.expires_on)
    document = _new(actor, party.id, given.kind, file, given.title)
    document.issued_on, document.expires_on = given.issued_on, given.expires_on
    return _added(db, actor, document)


def replace(
    db: Session, actor: Actor, document: PartyDocument, given: ReplacementIn
) -> PartyDocument:
    """Put a newer document in the place of one, which stays on record; return the newer.

    Raises ``wrong-status`` for one that does not stand, ``invalid-request`` as ``add`` does.
    """
    file = service.of_party(db, actor, document.party_id, given.file_id, Permission.FILE_WRITE)
    _check_dates(given.issued_on, given.expires_on)
    before = {"status": document.status}
    lifecycle.advance(document, DOCUMENT_STEPS, "replace", actor)
    db.flush()
    newer = _new(actor, document.party_id, document.kind, file, given.title or document.title)
    newer.issued_on, newer.expires_on = given.issued_on, given.expires_on
    audit.record(
        db, actor, "party_document.replaced", "party_document", document.id,
        before=before, after={"status": document.status},
    )  # fmt: skip
    return _added(db, actor, newer)


def withdraw(db: Session, actor: Actor, document: PartyDocument, reason: str) -> PartyDocument:
    """Withdraw a document; what was submitted with it keeps it. Raises ``wrong-status``."""
    before = {"status": document.status}
    lifecycle.advance(document, DOCUMENT_STEPS, "withdraw", actor)
    db.flush()
    audit.record(
        db, actor, "party_document.withdrawn", "party_document", document.id,
        reason=reason, before=before, after={"status": document.status},
    )  # fmt: skip
    return document


def _new(actor: Actor, party_id: UUID, kind: str, file: File, title: str) -> PartyDocument:
    return PartyDocument(
        id=uuid7(),
        party_id=party_id,
        kind=kind,
        file_id=file.id,
        title=title,
        status="current",
        added_by_id=actor.person_id,
        added_at=clock.now(),
    )


def _added(db: Session, actor: Actor, document: PartyDocument) -> PartyDocument:
    db.add(document)
    db.flush()
    audit.record(
        db, actor, "party_document.added", "party_document", document.id, after=snapshot(document)
    )
    return document


def _check_dates(issued_on: date | None, expires_on: date | None) -> None:
    if issued_on is not None and expires_on is not None and issued_on > expires_on:
        raise invalid("/expires_on", "validation.dates_order")
