"""What each entry of a statement may be: proposals with their reasons, for a person to confirm.

A pure function of entries and of what the books hold: no clock, no chance, no database. ``exact``
needs a reference of ours that the bank gives back, the same amount, and nobody else who fits;
whatever fits more than once is ``unclear`` and chosen by nobody but a person.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal
from uuid import UUID

Grade = Literal["exact", "likely", "unclear", "blocked"]
"""``blocked``: it names a record of ours, but cannot be confirmed as it stands."""

NEAR_DAYS = 10
CHARGE_CODES, INTEREST_CODES = frozenset({"CHRG", "COMM", "FEES"}), frozenset({"INTR"})


@dataclass(frozen=True)
class Entry:
    """An entry that nobody has confirmed yet; minor units, money out negative."""

    id: UUID
    amount_minor: int
    booked_on: date
    code: str | None = None
    end_to_end: str | None = None
    message_id: str | None = None
    bank_reference: str | None = None
    return_reason: str | None = None
    is_reversal: bool = False
    fingerprint: str | None = None
    mentions: frozenset[str] = frozenset()
    charges_minor: int | None = None
    went_elsewhere: bool = False
    """Whether the bank names another account than that of the payment whose reference it gives."""

    @property
    def has_come_back(self) -> bool:
        """Whether the bank says that this is money of ours that came back."""
        return self.amount_minor > 0 and (self.return_reason is not None or self.is_reversal)


@dataclass(frozen=True)
class Payment:
    """A payment that the bank has or had before it; ``matched`` are kinds confirmed of it."""

    id: UUID
    code: str
    amount_minor: int
    status: str
    sent_on: date | None = None
    fingerprint: str | None = None
    country: str | None = None
    matched: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Batch:
    """A released batch, and what of it the bank has not answered yet."""

    id: UUID
    code: str
    open_minor: int
    open_count: int


@dataclass(frozen=True)
class Booked:
    """A receipt, refund, fee or interest in the books that no entry has been matched to."""

    id: UUID
    kind: Literal["receipt", "refund", "fee", "interest"]
    amount_minor: int
    on: date
    reference: str | None = None
    code: str | None = None


@dataclass(frozen=True)
class Known:
    """What the books hold that entries may be about; grants by code."""

    payments: Sequence[Payment] = ()
    batches: Sequence[Batch] = ()
    booked: Sequence[Booked] = ()
    grants: dict[str, UUID] = field(default_factory=dict)


@dataclass(frozen=True)
class Proposal:
    """That an entry is of ``kind`` and about one record, how sure that is, and why.

    ``record`` says what ``record_id`` is; it is null for a fee or interest not booked yet.
    ``difference_minor`` is what the bank moved beyond the record's amount.
    """

    entry_id: UUID
    kind: str
    record: str | None
    record_id: UUID | None
    grade: Grade
    reason: str
    difference_minor: int | None = None


class _Index:
    """The records by what entries name them with."""

    def __init__(self, entries: Sequence[Entry], known: Known) -> None:
        self.by_code = {one.code: one for one in known.payments}
        self.by_account: dict[tuple[str, int], list[Payment]] = defaultdict(list)
        for one in known.payments:
            if one.fingerprint is not None and "paid" not in one.matched:
                self.by_account[one.fingerprint, one.amount_minor].append(one)
        self.batches = {one.code: one for one in known.batches}
        self.booked: dict[tuple[str, int], list[Booked]] = defaultdict(list)
        for one_booked in known.booked:
            self.booked[one_booked.kind, one_booked.amount_minor].append(one_booked)
        self.grants = known.grants
        self.debited = {
            one.end_to_end for one in entries if one.amount_minor < 0 and one.end_to_end
        }


def proposals(entries: Sequence[Entry], known: Known) -> list[Proposal]:
    """Return what each entry may be, entries in their order, the best proposal of each first."""
    index = _Index(entries, known)
    found: list[Proposal] = []
    for entry in entries:
        found += _settled(list(_of(entry, index)))
    return _once(found)


def _settled(of_one: list[Proposal]) -> list[Proposal]:
    """Keep exact proposals alone; several that are merely likely are unclear, all of them."""
    exact = [one for one in of_one if one.grade == "exact"]
    if len(exact) == 1:
        return exact
    if len(of_one) > 1:
        order = sorted(of_one, key=lambda one: (one.kind, str(one.record_id)))
        return [one if one.grade == "blocked" else replace(one, grade="unclear") for one in order]
    return of_one


def _once(found: list[Proposal]) -> list[Proposal]:
    """Make unclear what two entries claim: one record is matched once."""
    claims: Counter[tuple[str, UUID | None]] = Counter(
        (one.kind, one.record_id)
        for one in found
        if one.record_id is not None and one.grade != "blocked" and one.record != "grant"
    )
    return [
        replace(one, grade="unclear", reason="banking.reason.claimed_twice")
        if one.grade != "blocked" and one.record != "grant" and claims[one.kind, one.record_id] > 1
        else one
        for one in found
    ]


def _of(entry: Entry, index: _Index) -> Iterator[Proposal]:
    named = index.by_code.get(entry.end_to_end or "")
    if named is not None:
        yield from _named(entry, named, index)
        return
    if entry.amount_minor < 0:
        yield from _out(entry, index)
    else:
        yield from _in(entry, index)


def _named(entry: Entry, payment: Payment, index: _Index) -> Iterator[Proposal]:
    """Return what an entry that gives our reference back says of the payment."""
    difference = abs(entry.amount_minor) - payment.amount_minor
    came_back = entry.amount_minor > 0
    kind = "returned" if came_back else "paid"
    if came_back and payment.status == "sent" and payment.code not in index.debited:
        kind = "failed"
    if kind in payment.matched:
        yield _about(entry, kind, payment, "blocked", "banking.reason.matched_before")
    elif difference:
        told = abs(difference) == (entry.charges_minor or 0)
        reason = "banking.reason.differs_by_charges" if told else "banking.reason.differs"
        yield _about(entry, kind, payment, "blocked", reason, difference)
    elif kind == "failed":
        yield _about(entry, kind, payment, "likely", "banking.reason.refused")
    elif entry.went_elsewhere:
        yield _about(entry, kind, payment, "unclear", "banking.reason.went_elsewhere")
    elif came_back and not entry.has_come_back:
        yield _about(entry, kind, payment, "likely", "banking.reason.back_unsaid")
    else:
        yield _about(entry, kind, payment, "exact", f"banking.reason.reference_{kind}")


def _about(
    entry: Entry, kind: str, payment: Payment, grade: Grade, reason: str,
    difference: int | None = None,
) -> Proposal:  # fmt: skip
    return Proposal(entry.id, kind, "disbursement", payment.id, grade, reason, difference)


def _out(entry: Entry, index: _Index) -> Iterator[Proposal]:
    """Return what money out may be that gives no reference of a payment back."""
    minor = -entry.amount_minor
    batch = index.batches.get(entry.message_id or "")
    if batch is not None and batch.open_count:
        difference = minor - batch.open_minor
        grade: Grade = "blocked" if difference else "exact"
        reason = "banking.reason.differs" if difference else "banking.reason.whole_batch"
        yield Proposal(
            entry.id, "paid", "payment_batch", batch.id, grade, reason, difference or None
        )
        return
    for code in sorted(entry.mentions):
        payment = index.by_code.get(code)
        if payment is not None and payment.amount_minor == minor and "paid" not in payment.matched:
            yield _about(entry, "paid", payment, "likely", "banking.reason.mentioned")
            return
    for payment in index.by_account.get((entry.fingerprint or "", minor), ()):
        if _is_near(entry.booked_on, payment.sent_on):
            yield _about(entry, "paid", payment, "likely", "banking.reason.account_amount_day")
    yield from _own(entry, "fee", minor, CHARGE_CODES | INTEREST_CODES, index)


def _in(entry: Entry, index: _Index) -> Iterator[Proposal]:
    """Return what money in may be that gives no reference of a payment back."""
    minor = entry.amount_minor
    for code in sorted(entry.mentions):
        payment = index.by_code.get(code)
        if payment is not None and entry.has_come_back and payment.amount_minor == minor:
            yield _about(entry, "returned", payment, "likely", "banking.reason.mentioned")
    yield from _in_the_books(entry, "receipt", minor, index)
    yield from _in_the_books(entry, "refund", minor, index)
    if not entry.has_come_back:
        for code in sorted(entry.mentions):
            grant = index.grants.get(code)
            if grant is not None and not index.booked.get(("refund", minor)):
                yield Proposal(
                    entry.id, "refund", "grant", grant, "likely", "banking.reason.grant_named"
                )
    yield from _own(entry, "interest", minor, INTEREST_CODES, index)


def _own(
    entry: Entry, kind: Literal["fee", "interest"], minor: int, codes: frozenset[str],
    index: _Index,
) -> Iterator[Proposal]:  # fmt: skip
    """Return charges and interest: booked before, or to be booked by confirming."""
    before = list(_in_the_books(entry, kind, minor, index))
    yield from before
    if not before and codes & set((entry.code or "").split("-")):
        yield Proposal(entry.id, kind, None, None, "likely", "banking.reason.bank_code")


def _in_the_books(entry: Entry, kind: str, minor: int, index: _Index) -> Iterator[Proposal]:
    """Return records booked by hand that the entry is the bank's word on."""
    told = {entry.end_to_end, entry.bank_reference} - {None} | entry.mentions
    for one in index.booked.get((kind, minor), ()):
        record = "bank_entry" if kind in {"fee", "interest"} else kind
        if one.reference in told or one.code in told:
            yield Proposal(
                entry.id, kind, record, one.id, "exact", "banking.reason.booked_reference"
            )
        elif _is_near(entry.booked_on, one.on):
            yield Proposal(
                entry.id, kind, record, one.id, "likely", "banking.reason.booked_amount_day"
            )


def _is_near(day: date, other: date | None) -> bool:
    return other is not None and abs((day - other).days) <= NEAR_DAYS


def exact(found: Iterable[Proposal]) -> list[Proposal]:
    """Return the proposals that may be confirmed many at once."""
    return [one for one in found if one.grade == "exact"]
