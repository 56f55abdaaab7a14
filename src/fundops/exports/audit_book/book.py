"""What the sheets of one audit workbook share: question, scope, registers as known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select, true
from sqlalchemy.orm import Session, aliased

from fundops import audit
from fundops.audit import AuditEvent
from fundops.calls.models import Call
from fundops.donors.models import Lot, Receipt
from fundops.exports.audit_book.question import Question, Reader, ScopeKind
from fundops.exports.kinds import Money
from fundops.exports.watch import Watch
from fundops.grants.models import Grant
from fundops.ledger.models import Account, Fund, Transfer
from fundops.messages import text
from fundops.parties.models import Membership, Party, Person
from fundops.parties.places import places_at_risk
from fundops.parties.zones import end_of
from fundops.tracing.known import Known, known_rows

Ids = Select[UUID]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PartyTold:
    """A party as a workbook may tell of it: code and name, or its label where it is protected."""

    code: str
    name: str
    is_protected: bool
    label: str


class Book:
    """One question on its way to a workbook: what its sheets and controls ask for.

    ``debit`` and ``credit`` are the accounts of a transfer in queries over ``Transfer``.
    """

    debit, credit = aliased(Account), aliased(Account)

    def __init__(self, db: Session, question: Question, language: str = "en") -> None:
        self.db, self.question, self.language = db, question, language
        self.fund = db.get_one(Fund, question.scope.fund_id)
        self.scope = question.scope
        self.on, self.seq = question.as_of_on, question.known_seq
        self.money = Money(currency=self.fund.base_currency)
        self.watch: Watch | None = None
        self._made: dict[Any, Any] = {}
        self._codes: dict[Any, dict[UUID, str]] = {}

    def once(self, make: Callable[[Book], T]) -> T:
        """Return what ``make`` makes of this book; made once, for all sheets that ask for it."""
        if make not in self._made:
            self._made[make] = make(self)
        made: T = self._made[make]
        return made

    @property
    def is_whole(self) -> bool:
        """Whether the scope is the whole fund."""
        return self.scope.kind is ScopeKind.FUND

    @property
    def by_lot(self) -> bool:
        """Whether lots are wholly in scope: of a fund or donor, not of a grant or call."""
        return self.scope.kind in (ScopeKind.FUND, ScopeKind.DONOR)

    @property
    def reader(self) -> Reader:
        """For whom the workbook is made."""
        return self.question.reader

    @cached_property
    def ends_at(self) -> datetime:
        """The instant at which the day asked for ends where the fund is."""
        return end_of(self.on, self.fund.zone)

    @cached_property
    def known_at(self) -> datetime:
        """When the last event that counts was recorded."""
        return audit.recorded_at(self.db, self.seq)

    def by_then(self, at: datetime | None) -> bool:
        """Return whether something was done before the day asked for ended."""
        return at is not None and at < self.ends_at

    # What is in scope.

    @cached_property
    def lots(self) -> Ids:
        """The lots in scope: the fund's, the donor's, or those that pay the grants in scope."""
        own = select(Lot.id).where(Lot.fund_id == self.fund.id)
        match self.scope.kind:
            case ScopeKind.FUND:
                return own
            case ScopeKind.DONOR:
                return own.where(Lot.donor_id == self.scope.record_id)
        return own.where(Lot.id.in_(self._moved(Transfer.lot_id, Transfer.grant_id, self.grants)))

    @cached_property
    def grants(self) -> Ids:
        """The grants in scope: the fund's, the one, the call's, or those the donor's lots pay.

        Who pays whom is as of the day and as known: what moved later changes no earlier answer.
        """
        own = select(Grant.id).where(Grant.fund_id == self.fund.id)
        match self.scope.kind:
            case ScopeKind.FUND:
                return own
            case ScopeKind.GRANT:
                return own.where(Grant.id == self.scope.record_id)
            case ScopeKind.CALL:
                return own.where(Grant.call_id == self.scope.record_id)
        return own.where(Grant.id.in_(self._moved(Transfer.grant_id, Transfer.lot_id, self.lots)))

    def _moved(self, key: Any, other: Any, among: Ids) -> Any:
        """Return the keys that transfers by the day and as known name beside others."""
        return select(key).where(
            Transfer.fund_id == self.fund.id, Transfer.effective_on <= self.on,
            Transfer.event_seq <= self.seq, other.in_(among), key.is_not(None),
        )  # fmt: skip

    @cached_property
    def calls(self) -> Ids:
        """The calls in scope: the fund's, the one, or those that the grants in scope come from."""
        own = select(Call.id).where(Call.fund_id == self.fund.id)
        match self.scope.kind:
            case ScopeKind.FUND:
                return own
            case ScopeKind.CALL:
                return own.where(Call.id == self.scope.record_id)
        of_grants = select(Grant.call_id).where(Grant.id.in_(self.grants))
        return own.where(Call.id.in_(of_grants))

    @cached_property
    def donors(self) -> Ids:
        """The donors in scope, as parties: those of the lots in scope."""
        if self.scope.kind is ScopeKind.DONOR:
            return select(Party.id).where(Party.id == self.scope.record_id)
        return select(Party.id).where(
            Party.id.in_(select(Lot.donor_id).where(Lot.id.in_(self.lots)))
        )

    def of_account(self, account: Any) -> ColumnElement[bool]:
        """Return whether an account of the fund is wholly in scope: all that it ever moves is."""
        match self.scope.kind:
            case ScopeKind.FUND:
                return true()
            case ScopeKind.DONOR:
                return account.lot_id.in_(self.lots)  # type: ignore[no-any-return]
        return account.grant_id.in_(self.grants)  # type: ignore[no-any-return]

    def transfers(self, *columns: Any) -> Select[Any]:
        """Return ``columns`` of the transfers in scope by the day and as known, in book order."""
        query = self.of_fund(*columns).where(self._of_scope())
        return query.order_by(Transfer.effective_on, Transfer.event_seq, Transfer.line)

    def of_fund(self, *columns: Any) -> Select[Any]:
        """Return ``columns`` of all the fund's transfers by the day and as known, in no order."""
        return (
            select(*columns)
            .select_from(Transfer)
            .join(self.debit, self.debit.id == Transfer.debit_account_id)
            .join(self.credit, self.credit.id == Transfer.credit_account_id)
            .where(
                Transfer.fund_id == self.fund.id,
                Transfer.effective_on <= self.on,
                Transfer.event_seq <= self.seq,
            )
        )

    def _of_scope(self) -> ColumnElement[bool]:
        match self.scope.kind:
            case ScopeKind.FUND:
                return true()
            case ScopeKind.DONOR:
                receipts = select(Receipt.id).where(Receipt.donor_id == self.scope.record_id)
                return or_(
                    self.debit.lot_id.in_(self.lots),
                    self.credit.lot_id.in_(self.lots),
                    Transfer.source_id.in_(receipts),
                )
        return or_(
            self.debit.grant_id.in_(self.grants),
            self.credit.grant_id.in_(self.grants),
            Transfer.grant_id.in_(self.grants),
        )

    # Registers and names.

    def known(self, record_type: str, model: Any, *conditions: Any) -> list[Known]:
        """Return the records of a register as known at the question's instant, in id order."""
        return known_rows(self.db, record_type, model, self.seq, *conditions)

    def known_ids(self, record_type: str) -> Ids:
        """Return the ids of the records of a register that were known at the instant."""
        event = AuditEvent
        query = select(event.record_id).where(
            event.record_type == record_type, event.seq <= self.seq
        )
        return query.distinct()  # type: ignore[return-value]

    def protections(self) -> dict[UUID, Any]:
        """Return every party with its protection, label and code, which are those of today."""
        party = Party.__table__.c
        query = select(
            party.id, party.code, party.name, party.country, party.is_at_risk,
            party.is_anonymous, party.public_label,
        )  # fmt: skip
        return {row.id: row for row in self.db.execute(query)}

    @cached_property
    def _parties(self) -> dict[UUID, PartyTold]:
        """Every party: what it was called as known, unless a protection of today hides that."""
        known = {one.id: one for one in self.known("party", Party)}
        told = {}
        for party_id, party in self.protections().items():
            then = known.get(party_id, party)
            told[party_id] = PartyTold(
                # One given out in order may stand beside the name in older papers.
                party.code if party.is_at_risk else then.code,
                then.name,
                party.is_at_risk or party.is_anonymous,
                party.public_label,
            )
        return told

    def party(self, party_id: UUID | None) -> str | None:
        """Return the name of a party as this reader may read it."""
        if party_id is None:
            return None
        party = self._parties[party_id]
        if not self.reader.knows_names and party.is_protected:
            return party.label
        return party.name

    def party_code(self, party_id: UUID | None) -> str | None:
        """Return the code of a party; none where this reader may not know who it is."""
        if party_id is None:
            return None
        party = self._parties[party_id]
        if not self.reader.knows_names and party.is_protected:
            return None
        return party.code

    @cached_property
    def places(self) -> Any:
        """The places at risk now."""
        return places_at_risk(self.db)

    def is_hidden(self, party_id: UUID, country: str | None) -> bool:
        """Return whether what a grantee does, and where, is withheld from this reader."""
        if self.reader.knows_names:
            return False
        party = self._parties[party_id]
        return bool(party.is_protected or self.places.holds(country, self.fund.id))

    @cached_property
    def _persons(self) -> dict[UUID, str]:
        found = {row[0]: row[1] for row in self.db.execute(select(Person.id, Person.code))}
        if not self.reader.knows_names:
            # By the protections of the book, which may be those of an earlier instant.
            told, withheld = self._parties, text("audit_book.withheld", self.language)
            theirs = select(Membership.person_id, Membership.party_id)
            for person_id, party_id in self.db.execute(theirs):
                if party_id is not None and told[party_id].is_protected:
                    found[person_id] = withheld
        return found

    def person(self, person_id: UUID | None) -> str | None:
        """Return the code of a person; persons are named on their own sheet alone.

        Of who acts for a party that is withheld from this reader, the code is withheld too.
        """
        return None if person_id is None else self._persons[person_id]

    def codes(self, model: Any) -> dict[UUID, str]:
        """Return the codes of the fund's records of ``model``, by id; read once."""
        if model not in self._codes:
            query = select(model.id, model.code).where(self._of_fund(model))
            self._codes[model] = {row[0]: row[1] for row in self.db.execute(query)}
        return self._codes[model]

    def _of_fund(self, model: Any) -> ColumnElement[bool]:
        """Return whether a record is the fund's: by itself, by its grant, or by its call."""
        for name, owner in (("grant_id", Grant), ("call_id", Call)):
            if not hasattr(model, "fund_id") and hasattr(model, name):
                own: Any = select(owner.id).where(owner.fund_id == self.fund.id)
                return getattr(model, name).in_(own)  # type: ignore[no-any-return]
        return model.fund_id == self.fund.id  # type: ignore[no-any-return]

    @property
    def lot_codes(self) -> dict[UUID, str]:
        """The codes of the fund's lots."""
        return self.codes(Lot)

    @property
    def grant_codes(self) -> dict[UUID, str]:
        """The codes of the fund's grants."""
        return self.codes(Grant)
