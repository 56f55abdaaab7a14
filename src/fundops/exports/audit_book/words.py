"""Who did something and what people wrote, as far as this reader may know it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select

from fundops.exports.audit_book.book import Book
from fundops.grants.models import Grant
from fundops.messages import text


def signed(book: Book, person_id: UUID | None, *, is_past: bool = True) -> str | None:
    """Return who did something, by code; or that nobody is recorded for what ``is_past``."""
    if person_id is not None:
        return book.person(person_id)
    return not_recorded(book) if is_past else None


def not_recorded(book: Book) -> str:
    """Return what stands where the register does not say, as of what imports brought."""
    return text("audit_book.not_recorded", book.language)


def withheld(book: Book) -> str:
    """Return what stands in the place of words that this reader may not read."""
    return text("audit_book.withheld", book.language)


def is_withheld(book: Book, party_id: UUID | None) -> bool:
    """Return whether this reader may not know who a party is: free words about it go as well."""
    return party_id is not None and book.party_code(party_id) is None


def about(book: Book, grant: Any, value: str | None) -> str | None:
    """Return free words about a grant, or that they are withheld from this reader."""
    if value is None or not book.is_hidden(grant.grantee_id, grant.country):
        return value
    return withheld(book)


def grants_of(book: Book) -> dict[UUID, Any]:
    """Return (code, grantee, country) of the grants in scope, by id; read once."""
    return book.once(_grants)


def _grants(book: Book) -> dict[UUID, Any]:
    query = select(Grant.id, Grant.code, Grant.grantee_id, Grant.country)
    return {row.id: row for row in book.db.execute(query.where(Grant.id.in_(book.grants)))}
