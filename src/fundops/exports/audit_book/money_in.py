"""What the sheets of money in share: registers in scope, by the day, as known or as told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from functools import cached_property
from uuid import UUID

from fundops.exports.audit_book import registers
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.question import ScopeKind
from fundops.exports.audit_book.registers import Read, as_known, as_told
from fundops.tracing.known import Known


class MoneyIn:
    """Pledges, agreements, instalments, receipts and lots of one question.

    ``read`` is one of the two ways to registers: from their rows, or from the audit chain.
    """

    def __init__(self, book: Book, read: Read) -> None:
        self.book, self._read = book, read

    @classmethod
    def known(cls, book: Book) -> MoneyIn:
        """Return the registers as their rows were known; kept with the book."""
        return book.once(_known)

    @classmethod
    def told(cls, book: Book) -> MoneyIn:
        """Return the registers as the audit chain tells them; kept with the book."""
        return book.once(_told)

    @cached_property
    def all_lots(self) -> list[Known]:
        """The fund's lots as known, whenever they were opened."""
        return self._read(registers.LOTS)

    @cached_property
    def lots(self) -> list[Known]:
        """The fund's lots that were opened by the day."""
        return [lot for lot in self.all_lots if lot.opened_on <= self.book.on]

    @cached_property
    def _of_paying(self) -> dict[str, set[UUID | None]]:
        """What the lots in scope name, by column: of a grant's or call's scope, those paying it."""
        paying = set(self.book.db.execute(self.book.lots).scalars())
        lots = [lot for lot in self.lots if lot.id in paying]
        return {
            column: {getattr(lot, column) for lot in lots}
            for column in ("receipt_id", "agreement_id")
        }

    def _in_scope(self, record: Known, of_lots: str) -> bool:
        """Return whether a record is in scope; ``of_lots`` is the column of lots that names it."""
        match self.book.scope.kind:
            case ScopeKind.FUND:
                return True
            case ScopeKind.DONOR:
                return bool(record.donor_id == self.book.scope.record_id) or (
                    of_lots == "receipt_id" and record.id in self._receipts_of_donor
                )
        return record.id in self._of_paying[of_lots]

    @cached_property
    def _receipts_of_donor(self) -> set[UUID]:
        donor = self.book.scope.record_id
        return {lot.receipt_id for lot in self.lots if lot.donor_id == donor and lot.receipt_id}

    @cached_property
    def receipts(self) -> list[Known]:
        """Receipts in scope that came in by the day, in order of their day."""
        found = [
            receipt
            for receipt in self._read(registers.RECEIPTS)
            if receipt.received_on <= self.book.on and self._in_scope(receipt, "receipt_id")
        ]
        return sorted(found, key=lambda one: (one.received_on, one.code))

    @cached_property
    def _agreements(self) -> list[Known]:
        """Agreements in scope, whenever they were begun."""
        found = self._read(registers.AGREEMENTS)
        return [one for one in found if self._in_scope(one, "agreement_id")]

    @cached_property
    def pledges(self) -> list[Known]:
        """Pledges in scope that were made by the day, in order of their codes.

        A pledge counts from its own day, else from that of its first money or its year.
        """
        pledge_of = {one.id: one.pledge_id for one in self._agreements}
        first = _earliest((pledge_of.get(lot.agreement_id), lot.opened_on) for lot in self.lots)
        by_itself = self.book.scope.kind in (ScopeKind.FUND, ScopeKind.DONOR)
        of_agreements = set(pledge_of.values())
        found = []
        for one in self._read(registers.PLEDGES):
            days = [day for day in (one.pledged_on, one.pipeline_on, first.get(one.id)) if day]
            if not days and one.fiscal_year is not None:
                days = [date(one.fiscal_year, 1, 1)]
            is_ours = self._in_scope(one, "") if by_itself else one.id in of_agreements
            if is_ours and (not days or min(days) <= self.book.on):
                found.append(one)
        return sorted(found, key=lambda one: one.code)

    @cached_property
    def agreements(self) -> list[Known]:
        """Agreements in scope that were begun by the day, in order of their codes."""
        first = _earliest((lot.agreement_id, lot.opened_on) for lot in self.lots)
        pledged = {one.id for one in self.pledges}
        found = []
        for one in self._agreements:
            day = one.signed_on or one.starts_on or first.get(one.id)
            is_pledged = one.pledge_id is None or one.pledge_id in pledged
            if is_pledged and (day is None or day <= self.book.on):
                found.append(one)
        return sorted(found, key=lambda one: one.code)

    @cached_property
    def instalments(self) -> list[Known]:
        """The instalments of the agreements in scope, in order of agreement and number."""
        code_of = {one.id: one.code for one in self.agreements}
        found = self._read(registers.INSTALMENTS)
        ours = [one for one in found if one.agreement_id in code_of]
        return sorted(ours, key=lambda one: (code_of[one.agreement_id], one.number))

    @cached_property
    def write_offs(self) -> dict[UUID, list[Known]]:
        """Approved write-offs of instalments, by instalment, whenever they count."""
        found: dict[UUID, list[Known]] = defaultdict(list)
        for one in self._read(registers.WRITE_OFFS):
            if one.instalment_id is not None and one.status == "approved":
                found[one.instalment_id].append(one)
        for many in found.values():
            many.sort(key=lambda one: (one.effective_on, one.code))
        return found

    @cached_property
    def choices(self) -> dict[UUID, list[Known]]:
        """Donors' choices about unspent money that count by the day, by agreement."""
        agreement_of = {lot.id: lot.agreement_id for lot in self.all_lots}
        found: dict[UUID, list[Known]] = defaultdict(list)
        for one in self._read(registers.CHOICES):
            agreement = agreement_of.get(one.lot_id)
            if agreement is not None and one.effective_on <= self.book.on:
                found[agreement].append(one)
        for many in found.values():
            many.sort(key=lambda one: (one.effective_on, one.code))
        return found

    @cached_property
    def matched_to(self) -> dict[UUID, list[Known]]:
        """Lots of standing receipts that were opened by the day, by instalment."""
        found: dict[UUID, list[Known]] = defaultdict(list)
        for lot in self.lots:
            if lot.kind == "receipt" and lot.status == "open" and lot.instalment_id is not None:
                found[lot.instalment_id].append(lot)
        return found

    @cached_property
    def lots_of_receipt(self) -> dict[UUID, list[Known]]:
        """Open lots by the receipt they came in with, in order of their codes."""
        found: dict[UUID, list[Known]] = defaultdict(list)
        for lot in sorted(self.lots, key=lambda one: one.code):
            if lot.kind == "receipt" and lot.status == "open" and lot.receipt_id is not None:
                found[lot.receipt_id].append(lot)
        return found


def _earliest(pairs: Iterable[tuple[UUID | None, date]]) -> dict[UUID, date]:
    first: dict[UUID, date] = {}
    for key, day in pairs:
        if key is not None:
            first[key] = min(first.get(key, day), day)
    return first


def _known(book: Book) -> MoneyIn:
    return MoneyIn(book, as_known(book))


def _told(book: Book) -> MoneyIn:
    return MoneyIn(book, as_told(book))
