"""Which files, uploads and documents an actor may see.

A file is its party's: seen by the persons of that party, and by roles that are held for no party
where they may know who it is and have business with the file: one of the party's documents, or
attached to what was submitted to one of their funds. An upload is its own person's and nobody
else's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, not_, or_, select, true
from sqlalchemy.orm import Session

from fundops.authz import Actor, Permission
from fundops.errors import Problem
from fundops.files.models import File, PartyDocument, Upload
from fundops.parties import labels
from fundops.parties.models import Party

UPLOAD_COLUMNS: tuple[ColumnElement[Any], ...] = tuple(Upload.__table__.columns)
UPLOAD_ID = Upload.__table__.c.id
UPLOAD_SORTS: dict[str, ColumnElement[Any]] = {"declared_at": Upload.__table__.c.declared_at}
DOCUMENT_COLUMNS: tuple[ColumnElement[Any], ...] = tuple(PartyDocument.__table__.columns)
DOCUMENT_ID = PartyDocument.__table__.c.id
DOCUMENT_SORTS: dict[str, ColumnElement[Any]] = {
    "added_at": PartyDocument.__table__.c.added_at,
    "kind": PartyDocument.__table__.c.kind,
}


def of_party(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Return the condition on ``Party`` that ``actor`` may use ``permission`` on what is its."""
    known = not_(or_(labels.hidden_column(actor), *(hides(actor) for hides in _hidings)))
    parties = actor.parties(permission)
    return known if parties is None else and_(known, Party.id.in_(parties))


Funds = frozenset[UUID] | None
"""Funds that somebody works for; none: all of them."""
Reach = Callable[[Funds], ColumnElement[bool]]

Hiding = Callable[[Actor], ColumnElement[bool]]

_uses: list[Reach] = []
_dealings: list[Reach] = []
_hidings: list[Hiding] = []


def used_by(reach: Reach) -> Reach:
    """Let officers see files for which ``reach``, a condition on ``File``, holds for their funds.

    Registered by the domains that files are for; what is used for nothing yet, such as a file of
    a draft, is its party's own business.
    """
    _uses.append(reach)
    return reach


def dealt_with_by(reach: Reach) -> Reach:
    """Let officers of single funds see documents of parties for which ``reach`` holds."""
    _dealings.append(reach)
    return reach


def hidden_by(hides: Hiding) -> Hiding:
    """Hide the files of parties for which ``hides``, a condition on ``Party``, holds for an actor.

    Registered by the domains that say where a party works: files from a place at risk tell it.
    """
    _hidings.append(hides)
    return hides


def _of_business(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Return the condition on ``File`` that whoever acts for no party has business with it."""
    funds = actor.funds(permission)
    is_document = exists(select(PartyDocument.id).where(PartyDocument.file_id == File.id))
    known = true() if funds is None else or_(false(), *(reach(funds) for reach in _dealings))
    return or_(
        File.uploaded_by_id == actor.person_id,
        and_(is_document, known),
        *(reach(funds) for reach in _uses),
    )


def scoped(query: Select[Any], actor: Actor, permission: Permission) -> Select[Any]:
    """Limit a query over ``File`` outer-joined with ``Party`` to what ``actor`` may see."""
    if actor.parties(permission) is not None:
        return query.where(of_party(actor, permission))
    its = and_(of_party(actor, permission), _of_business(actor, permission))
    return query.where(or_(File.party_id.is_(None), its))


def visible_file(actor: Actor, file_id: UUID, permission: Permission) -> Select[Any]:
    """Return the query of one file."""
    query = select(File).outerjoin(Party, Party.id == File.party_id).where(File.id == file_id)
    return scoped(query, actor, permission)


def party_for(db: Session, actor: Actor, party_id: UUID, permission: Permission) -> Party:
    """Return a party whose files ``actor`` may use so; raise ``not-found`` otherwise."""
    query = select(Party).where(Party.id == party_id, of_party(actor, permission))
    found: Party | None = db.execute(query).scalar_one_or_none()
    if found is None:
        raise Problem("not-found")
    return found


def own_uploads(actor: Actor, status: str | None = None) -> Select[Any]:
    """Return the uploads of ``actor``, as far as they still may send for the same party."""
    query = select(*UPLOAD_COLUMNS).where(_own(actor))
    return query if status is None else query.where(Upload.status == status)


def get_own(db: Session, actor: Actor, upload_id: UUID) -> Upload:
    """Return an upload of ``actor``, fresh; raise ``not-found`` otherwise."""
    query = select(Upload).where(Upload.id == upload_id, _own(actor))
    fresh = query.execution_options(populate_existing=True)
    found: Upload | None = db.execute(fresh).scalar_one_or_none()
    if found is None:
        raise Problem("not-found")
    return found


def _own(actor: Actor) -> ColumnElement[bool]:
    own = Upload.person_id == actor.person_id
    parties = actor.parties(Permission.FILE_WRITE)
    return own if parties is None else and_(own, Upload.party_id.in_(parties))


def open_uploads(db: Session, person_id: UUID, since: datetime) -> int:
    """Return how many uploads a person has begun after ``since`` and not finished."""
    query = select(func.count()).where(
        Upload.person_id == person_id, Upload.status == "declared", Upload.declared_at > since
    )
    return int(db.execute(query).scalar_one())


def declared_bytes(db: Session, party_id: UUID | None, person_id: UUID, now: datetime) -> int:
    """Return the bytes declared in the last 24 hours for a party, or by a person for none."""
    whose = Upload.party_id == party_id
    if party_id is None:
        whose = and_(Upload.party_id.is_(None), Upload.person_id == person_id)
    query = select(func.coalesce(func.sum(Upload.size_bytes), 0)).where(
        whose, Upload.declared_at > now - timedelta(days=1)
    )
    return int(db.execute(query).scalar_one())


def unfinished(db: Session, before: datetime) -> Sequence[Upload]:
    """Return the uploads begun before an instant that were never finished."""
    query = select(Upload).where(Upload.status == "declared", Upload.declared_at < before)
    return db.execute(query.order_by(Upload.id)).scalars().all()


def under_way(db: Session) -> set[UUID]:
    """Return the ids of all uploads that may still be finished."""
    return set(db.execute(select(Upload.id).where(Upload.status == "declared")).scalars())


def documents(party_id: UUID, status: str | None = None) -> Select[Any]:
    """Return the documents of a party."""
    query = select(*DOCUMENT_COLUMNS).where(PartyDocument.party_id == party_id)
    return query if status is None else query.where(PartyDocument.status == status)


def get_document(
    db: Session, actor: Actor, document_id: UUID, permission: Permission
) -> PartyDocument:
    """Return a document whose party's files ``actor`` may use so; else raise ``not-found``."""
    query = (
        select(PartyDocument)
        .join(Party, Party.id == PartyDocument.party_id)
        .where(PartyDocument.id == document_id, of_party(actor, permission))
        .execution_options(populate_existing=True)
    )
    found: PartyDocument | None = db.execute(query).scalar_one_or_none()
    if found is None:
        raise Problem("not-found")
    return found
