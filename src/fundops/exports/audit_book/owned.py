"""Which records and audit events are in scope of an audit workbook, by the register's own keys.

A record belongs to what it points to: a tranche condition to its tranche, that to its grant. The
declared foreign keys are followed from what is in scope down, so that a new register is found
without being named here.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, and_, func, or_, select, union, union_all

from fundops import trail
from fundops.audit import AuditEvent
from fundops.calls.models import Call
from fundops.db import Base
from fundops.donors.models import Lot
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.question import ScopeKind
from fundops.grants.models import Grant
from fundops.parties.models import Membership, Party, SamePerson, Token
from fundops.proposals.models import Proposal

EVENT: Any = AuditEvent.__table__.c
_ELSEWHERE = frozenset({"persons", "parties", "funds", "files", "events", "commitments"})
"""Tables that many scopes share: what points to them does not belong to them."""
_OF_WORK = frozenset({"fund_id", "call_id", "proposal_id"})
"""Keys of what a party does in a fund, which its own registers lack."""

INCIDENTS = frozenset(kind for kind in trail.REGISTERS.values() if kind.startswith("incident"))
"""Records of incidents, of which only some readers are told, whatever the sheet."""

MOST_LISTED = 5_000
"""Events that are given to the database by their numbers."""

Ids = Select[UUID]


def registers() -> dict[str, Table]:
    """Return the tables whose records have a history in the audit chain, by name."""
    tables = Base.metadata.tables
    named = {**trail.REGISTERS, **trail.ACCESS}
    return {name: tables[name] for name in sorted(named) if name in tables}


def record_type(table: str) -> str:
    """Return what the audit chain calls a record of ``table``."""
    return trail.REGISTERS.get(table) or trail.ACCESS[table]


def owned_by(book: Book) -> Owned:
    """Return what is in scope of ``book``, made once for all its sheets."""
    return book.once(Owned)


def known(book: Book, kind: str, key: Any) -> ColumnElement[bool]:
    """Return that the record whose id is ``key`` was not first known after the question's instant.

    The same records as ``Book.known`` has.
    """
    later = (
        select(EVENT.record_id)
        .where(EVENT.record_type == kind, EVENT.record_id.is_not(None))
        .group_by(EVENT.record_id)
        .having(func.min(EVENT.seq) > book.seq)
    )
    return key.not_in(later)  # type: ignore[no-any-return]


class Owned:
    """The records in scope of a book, as sub-selects of ids by table, and its audit events."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.parties = _named("parties", self._parties())
        self.party_ids = select(self.parties.c.id)
        self.by_table = self._followed()
        # Named, as everything here: nested, it would be deeper than a database reads.
        every = union_all(*(select(ids.c.id) for ids in self.by_table.values()))
        self.records = select(every.cte("records_in").c.id)

    def ids(self, table: str) -> Any:
        """Return the ids of the records of one register in scope; ``None`` where it has none."""
        if table == "persons":
            return self.everybody()
        found = self.by_table.get(table)
        return None if found is None else select(found.c.id)

    @cached_property
    def events(self) -> ColumnElement[bool]:
        """Which events are in scope: of its records, and of its persons and parties.

        What has to be looked for is looked for once and told by its numbers, where it is not too
        much: to plan how all registers are followed takes a database longer than most answers.
        """
        told = EVENT.seq <= self.book.seq
        if not self.book.reader.reads_incidents:
            told = and_(told, _NO_INCIDENT)
        found = or_(self._of_records(), self._of_persons())
        if not self.book.is_whole:
            return self._listed(and_(told, found))
        named = EVENT.fund_id == self.book.fund.id
        others = or_(EVENT.fund_id.is_(None), EVENT.fund_id != self.book.fund.id)
        return or_(and_(told, named), self._listed(and_(told, others, found)))

    def _listed(self, condition: ColumnElement[bool]) -> ColumnElement[bool]:
        """Return the condition as a list of numbers; as it is where they are too many."""
        query = select(EVENT.seq).where(condition).limit(MOST_LISTED + 1)
        numbers = self.book.db.execute(query).scalars().all()
        return condition if len(numbers) > MOST_LISTED else EVENT.seq.in_(numbers)

    def persons(self) -> Any:
        """Return the ids of the persons with access to the fund, or who acted upon its records."""
        acts = self._of_records()
        if not self.book.reader.reads_incidents:
            acts = and_(acts, _NO_INCIDENT)
        return union(self._with_access(), self._acted(acts))

    def everybody(self) -> Any:
        """Return the ids of ``persons`` and of whoever acted upon their access."""
        # The events in scope are those of records, which persons() asks for, and more.
        return union(self._with_access(), self._acted(self.events))

    def _with_access(self) -> Ids:
        return select(Membership.person_id).where(
            self.reaches(Membership), known(self.book, "membership", Membership.id)
        )

    def reaches(self, held: Any) -> ColumnElement[bool]:
        """Return whether a membership or token reaches into the fund, for a party in scope."""
        return and_(
            or_(held.fund_id.is_(None), held.fund_id == self.book.fund.id),
            or_(held.party_id.is_(None), held.party_id.in_(self.party_ids)),
        )

    def _acted(self, condition: ColumnElement[bool]) -> Ids:
        return select(EVENT.person_id).where(
            EVENT.seq <= self.book.seq, EVENT.person_id.is_not(None), condition
        )

    def _of_records(self) -> ColumnElement[bool]:
        of_scope: ColumnElement[bool] = EVENT.record_id.in_(self.records)
        if not self.book.is_whole:
            return of_scope
        fund = self.book.fund.id
        # What was removed is in no register any more, but some event names its fund.
        named = select(EVENT.record_id).where(EVENT.fund_id == fund)
        untold = and_(EVENT.fund_id.is_(None), or_(of_scope, EVENT.record_id.in_(named)))
        return or_(EVENT.fund_id == fund, untold)

    def _of_persons(self) -> ColumnElement[bool]:
        persons = select(self.persons().cte("persons_in").c.person_id)
        memberships = select(Membership.id).where(self.reaches(Membership))
        tokens = select(Token.id).where(self.reaches(Token), Token.person_id.in_(persons))
        same = select(SamePerson.id).where(
            or_(SamePerson.person_id.in_(persons), SamePerson.other_id.in_(persons))
        )
        found = [
            and_(EVENT.record_type == kind, EVENT.record_id.in_(ids))
            for kind, ids in (
                ("person", persons),
                ("membership", memberships),
                ("token", tokens),
                ("same_person", same),
            )
        ]
        return or_(*found)

    def _parties(self) -> Ids:
        """Return the parties in scope: donors, grantees, and who applied to its calls."""
        book = self.book
        grantees = select(Grant.grantee_id).where(Grant.id.in_(book.grants))
        found = [Party.id.in_(book.donors), Party.id.in_(grantees)]
        if book.scope.kind in (ScopeKind.FUND, ScopeKind.CALL):
            applied = select(Proposal.party_id).where(Proposal.call_id.in_(book.calls))
            found.append(Party.id.in_(applied))
        return select(Party.id).where(or_(*found))

    def _followed(self) -> dict[str, Any]:
        found = {name: _named(name, ids) for name, ids in self._roots()}
        found["parties"] = self.parties
        tables = {
            name: table for name, table in registers().items()
            if name not in _ELSEWHERE and name not in trail.ACCESS
        }  # fmt: skip
        while True:
            more = {
                name: _named(name, ids) for name, table in tables.items()
                if name not in found and (ids := _pointing(table, found)) is not None
            }  # fmt: skip
            if not more:
                return found
            found |= more

    def _roots(self) -> Iterator[tuple[str, Any]]:
        book, kind = self.book, self.book.scope.kind
        for name, table in registers().items():
            columns = table.c
            if name in trail.ACCESS or name in _ELSEWHERE:
                continue
            if "party_id" in columns and not _OF_WORK & {*columns.keys()}:
                yield name, select(columns.id).where(columns.party_id.in_(self.party_ids))
            elif kind is ScopeKind.FUND and "fund_id" in columns:
                yield name, select(columns.id).where(columns.fund_id == book.fund.id)
            elif kind is ScopeKind.DONOR and {"fund_id", "donor_id"} <= {*columns.keys()}:
                yield (
                    name,
                    select(columns.id).where(
                        columns.fund_id == book.fund.id, columns.donor_id == book.scope.record_id
                    ),
                )
        if kind is ScopeKind.FUND:
            return
        yield "grants", select(Grant.id).where(Grant.id.in_(book.grants))
        if kind is ScopeKind.CALL:
            yield "calls", select(Call.id).where(Call.id.in_(book.calls))
        elif kind is ScopeKind.GRANT:
            chosen = select(Grant.proposal_id).where(Grant.id.in_(book.grants))
            yield "proposals", select(Proposal.id).where(Proposal.id.in_(chosen))
        else:
            yield "lots", select(Lot.id).where(Lot.id.in_(book.lots))


_NO_INCIDENT: ColumnElement[bool] = EVENT.record_type.not_in(sorted(INCIDENTS))


def _named(table: str, ids: Any) -> Any:
    """Return a selection of ids under a name, to be asked for as often as needed."""
    return ids.cte(f"{table}_in")


def _owners(table: Table) -> list[Any]:
    """Return the foreign keys of a register to what it belongs to."""
    named = registers()
    return [
        key for key in sorted(table.foreign_keys, key=lambda one: one.parent.name)
        if key.column.table.name not in _ELSEWHERE and key.column.table.name in named
        and key.column.table.name not in trail.ACCESS and key.column.table is not table
    ]  # fmt: skip


def _pointing(table: Table, found: dict[str, Any]) -> Any:
    """Return the ids of the records that point to one in scope, or ``None`` where none can."""
    conditions = [
        key.parent.in_(select(found[key.column.table.name].c.id))
        for key in _owners(table)
        if key.column.table.name in found
    ]
    return select(table.c.id).where(or_(*conditions)) if conditions else None
