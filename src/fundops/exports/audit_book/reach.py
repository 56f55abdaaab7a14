"""Who may ask for which audit workbook, and for which reader theirs is made."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops.authz import PARTY_ROLES, Actor, Permission
from fundops.donors.scope import reaches
from fundops.errors import Problem
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.question import (
    Moment,
    Named,
    Reader,
    Scope,
    ScopeKind,
    question_for,
    scope_of,
)
from fundops.findings.incident_queries import WHOLE as READ_INCIDENTS
from fundops.parties.labels import KNOWS_PARTIES
from fundops.parties.models import Party
from fundops.reviews.queries import has_unfinished

_READ = Permission.AUDIT_BOOK_READ


def seen_scope(db: Session, actor: Actor, named: Named) -> Scope:
    """Return the scope that codes name; ``not-found`` unless ``actor`` may have it.

    A donor's role reaches what its own party gave, one limited to a fund that fund. Raises also
    what ``scope_of`` does.
    """
    if named.donor is not None:
        _require_party(db, actor, named.donor)
    scope = scope_of(db, named, actor.funds(_READ))
    if scope.kind is ScopeKind.DONOR:
        reached = reaches(actor, _READ, party_id=scope.record_id, fund_id=scope.fund_id)
    else:
        reached = any(
            held.role not in PARTY_ROLES and held.fund_id in (None, scope.fund_id)
            for held in actor.holding(_READ)
        )
    if not reached:
        raise Problem("not-found")
    return scope


def book_for(db: Session, actor: Actor, scope: Scope, moment: Moment) -> Book:
    """Return what answers a question of ``actor``, by the roles held.

    Raises ``not-found`` for who has yet to submit a review in a call in scope, as its dossier
    does: scores, decisions and applicants are in the workbook. Raises what ``question_for`` does.
    """
    book = Book(db, question_for(db, scope, moment, reader_for(actor, scope.fund_id)))
    refuse_unfinished(db, actor, book)
    return book


def refuse_unfinished(db: Session, actor: Actor, book: Book) -> None:
    """Raise ``not-found`` for an actor who has yet to submit a review in a call in scope."""
    if has_unfinished(db, actor, book.calls):
        raise Problem("not-found")


def _require_party(db: Session, actor: Actor, code: str) -> None:
    """Raise ``not-found`` for a donor out of reach, before anything else is said about it."""
    party_id = db.execute(select(Party.id).where(Party.code == code)).scalar_one_or_none()
    if party_id is None or not reaches(actor, _READ, party_id=party_id):
        raise Problem("not-found")


def reader_for(actor: Actor, fund_id: UUID) -> Reader:
    """Return the reader that a workbook of a fund is made for, by the roles held for that fund.

    All roles that read every incident know judges too; the others get neither of both.
    """
    roles = [
        held
        for held in actor.held
        if held.role not in PARTY_ROLES and held.fund_id in (None, fund_id)
    ]
    if any(held.role in READ_INCIDENTS for held in roles):
        reads_reports = any(held in actor.holding(Permission.RESULT_READ) for held in roles)
        return Reader.INSIDE if reads_reports else Reader.AUDITOR
    if any(held.role in KNOWS_PARTIES for held in roles):
        return Reader.OFFICE
    return Reader.OUTSIDE
