"""Persons, access and delegations as known: who could do what, from when to when, lent by whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from fundops.audit import AuditEvent
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.owned import EVENT, Owned, known, owned_by
from fundops.exports.audit_book.section import Row, Section, control, counted
from fundops.exports.formulas import count, total
from fundops.exports.kinds import Code, Flag, Instant, Integer, Text
from fundops.exports.workbook import Control
from fundops.messages import text
from fundops.parties.models import Membership, Person, SamePerson


def person_rows(book: Book) -> Iterator[Row]:
    """Yield everybody with access to the fund or who acted in scope, by code."""
    owned = owned_by(book)
    acts = _acts(book, owned)
    roles: dict[UUID, int] = defaultdict(int)
    for one in memberships(book, owned):
        roles[one.person_id] += 1
    same = _same(book)
    persons = book.known("person", Person, Person.id.in_(owned.everybody()))
    for person in sorted(persons, key=lambda one: (book.person(one.id), one.id.hex)):
        done, first, last = acts.get(person.id, (0, None, None))
        yield (
            book.person(person.id), person.name if book.reader.knows_names else None, person.status,
            person.created_at, ", ".join(same[person.id]) or None, roles[person.id], done, first,
            last,
        )  # fmt: skip


def _acts(book: Book, owned: Owned) -> dict[UUID, tuple[int, datetime, datetime]]:
    """Return per person how many events in scope are theirs, and the first and last of them."""
    query = (
        select(
            EVENT.person_id, func.count(), func.min(EVENT.recorded_at), func.max(EVENT.recorded_at)
        )
        .where(owned.events, EVENT.person_id.is_not(None))
        .group_by(EVENT.person_id)
    )
    return {row[0]: (int(row[1]), row[2], row[3]) for row in book.db.execute(query)}


def _same(book: Book) -> dict[UUID, list[str]]:
    """Return per person the codes of the other records of the same human, in order."""
    found: dict[UUID, set[str]] = defaultdict(set)
    query = select(SamePerson.person_id, SamePerson.other_id)
    query = query.where(known(book, "same_person", SamePerson.id))
    for one, other in book.db.execute(query):
        found[one].add(str(book.person(other)))
        found[other].add(str(book.person(one)))
    return defaultdict(list, {key: sorted(codes) for key, codes in found.items()})


def person_controls(book: Book) -> Iterator[Control]:
    """Yield: as many persons, roles and acts as the registers and the chain have."""
    owned = owned_by(book)
    everybody = owned.everybody().subquery()
    rows = _number(book, select(func.count()).select_from(everybody))
    yield counted(book, "persons", count("persons"), rows)
    acts = select(func.count()).select_from(AuditEvent)
    acts = acts.where(owned.events, EVENT.person_id.is_not(None))
    yield control(book, "persons_roles", total("persons", "roles"), _roles(book, owned), Integer())
    yield control(book, "persons_acted", total("persons", "acts"), _number(book, acts), Integer())


def _number(book: Book, query: Any) -> int:
    return int(book.db.execute(query).scalar_one())


def _roles(book: Book, owned: Owned) -> int:
    query = select(func.count()).select_from(Membership)
    held = known(book, "membership", Membership.id)
    return _number(book, query.where(owned.reaches(Membership), held))


def memberships(book: Book, owned: Owned) -> list[Any]:
    """Return the roles that reach into the fund as known, in order of persons and periods."""
    found = book.known("membership", Membership, owned.reaches(Membership))
    return sorted(found, key=lambda one: (book.person(one.person_id), one.valid_from, one.id.hex))


def access_rows(book: Book) -> Iterator[Row]:
    """Yield every role that reaches into the fund, with who gave and who ended it."""
    for one in memberships(book, owned_by(book)):
        yield (
            book.person(one.person_id), one.role, book.party_code(one.party_id),
            book.party(one.party_id), _fund(book, one.fund_id), one.valid_from, one.valid_until,
            _in_force(book, one), book.person(one.delegated_by_id), _by(book, one.granted_by_id),
            one.created_at, _ended_by(book, one), _reason(book, one),
        )  # fmt: skip


def _fund(book: Book, fund_id: UUID | None) -> str:
    if fund_id is None:
        return text("audit_book.every_fund", book.language)
    return book.fund.code


def _in_force(book: Book, one: Any) -> bool:
    """Return whether a role was held when the day ended, or at the instant known if that is."""
    at = min(book.ends_at, book.known_at)
    return bool(one.valid_from <= at and (one.valid_until is None or at < one.valid_until))


def _by(book: Book, person_id: UUID | None) -> str:
    """Return who did it; what no signed-in person did, the command line or an import did."""
    return book.person(person_id) or text("audit_book.by_system", book.language)


def _ended_by(book: Book, one: Any) -> str | None:
    return book.person(one.ended_by_id)


def _reason(book: Book, one: Any) -> str | None:
    return one.reason if book.reader.knows_names else None


def access_controls(book: Book) -> Iterator[Control]:
    """Yield: as many roles as the register has."""
    yield counted(book, "access", count("access"), _roles(book, owned_by(book)))


def delegation_rows(book: Book) -> Iterator[Row]:
    """Yield every role that was lent, with what its borrower did in scope while it ran."""
    owned = owned_by(book)
    lent = [one for one in memberships(book, owned) if one.delegated_by_id is not None]
    if not lent:
        return
    done: dict[UUID, list[datetime]] = defaultdict(list)
    query = select(EVENT.person_id, EVENT.recorded_at).where(
        owned.events, EVENT.person_id.in_({one.person_id for one in lent})
    )
    for person_id, at in book.db.execute(query):
        done[person_id].append(at)
    for one in sorted(lent, key=lambda each: (each.valid_from, each.id.hex)):
        during = sum(one.valid_from <= at < one.valid_until for at in done[one.person_id])
        yield (
            book.person(one.delegated_by_id), book.person(one.person_id), one.role,
            book.party_code(one.party_id), _fund(book, one.fund_id), one.valid_from,
            one.valid_until, one.created_at, _ended_by(book, one), during, _reason(book, one),
        )  # fmt: skip


def delegation_controls(book: Book) -> Iterator[Control]:
    """Yield: as many roles lent as the register has, and as the sheet of access shows."""
    owned = owned_by(book)
    lent = select(func.count()).select_from(Membership).where(
        owned.reaches(Membership), Membership.delegated_by_id.is_not(None),
        known(book, "membership", Membership.id),
    )  # fmt: skip
    yield counted(book, "delegations", count("delegations"), _number(book, lent))


PERSONS = Section(
    "persons",
    (
        ("person", Code(), 18), ("name", Text(), 34), ("status", Code(), 10),
        ("since", Instant(), 20), ("same_as", Code(), 24), ("roles", Integer(), 9),
        ("acts", Integer(), 9), ("first_at", Instant(), 20), ("last_at", Instant(), 20),
    ),
    person_rows,
    totals=("roles", "acts"),
    controls=person_controls,
)  # fmt: skip
ACCESS = Section(
    "access",
    (
        ("person", Code(), 18), ("role", Code(), 24), ("party", Code(), 18),
        ("party_name", Text(), 34), ("fund", Code(), 12), ("valid_from", Instant(), 20),
        ("valid_until", Instant(), 20), ("in_force", Flag(), 10), ("lent_by", Code(), 18),
        ("granted_by", Code(), 18), ("granted_at", Instant(), 20), ("ended_by", Code(), 18),
        ("reason", Text(), 44),
    ),
    access_rows,
    controls=access_controls,
)  # fmt: skip
DELEGATIONS = Section(
    "delegations",
    (
        ("lent_by", Code(), 18), ("person", Code(), 18), ("role", Code(), 24),
        ("party", Code(), 18), ("fund", Code(), 12), ("valid_from", Instant(), 20),
        ("valid_until", Instant(), 20), ("lent_at", Instant(), 20), ("ended_by", Code(), 18),
        ("acts", Integer(), 9), ("reason", Text(), 44),
    ),
    delegation_rows,
    controls=delegation_controls,
)  # fmt: skip
