"""Payments to grantees: who asked for, certified, approved, released and recorded each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from fundops.audit import AuditEvent
from fundops.banking.models import BatchItem, PaymentBatch
from fundops.disbursements.models import Disbursement, PaymentHold
from fundops.disbursements.steps import STEPS
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.checks import by_currency, in_currencies, summed
from fundops.exports.audit_book.moved import in_journal, moved_in_all, of_sources
from fundops.exports.audit_book.registers import DISBURSEMENTS as REGISTER
from fundops.exports.audit_book.registers import STEPS_TAKEN
from fundops.exports.audit_book.section import Row, Section, control, counted
from fundops.exports.audit_book.words import grants_of, signed
from fundops.exports.formulas import count, total
from fundops.exports.kinds import Code, Computed, Date, Instant, Integer, Money
from fundops.exports.workbook import Control
from fundops.grants.models import Tranche
from fundops.payees.models import BankAccount
from fundops.tracing.known import Known

PAID = ("paid", "returned")
_ENDS = {"pay", "record_paid", "return"}
"""Steps whose day is the bank's, not that of their being recorded."""


def _asked(book: Book, among: Iterable[Known]) -> list[Known]:
    """Return the disbursements asked for by the day; of a donor, those that its money paid."""
    found = [one for one in among if one.requested_on <= book.on]
    if book.is_whole or not book.by_lot:
        return found
    paid = of_sources(book, "pay")
    return [one for one in found if one.id in paid]


def disbursements(book: Book) -> list[Any]:
    """Return the disbursements asked for by the day, as known, by day and code."""
    return sorted(
        _asked(book, REGISTER.known(book)),
        key=lambda one: (one.paid_on or one.requested_on, one.code),
    )


class _Beside:
    """What the rows are told with, each read once for all of them."""

    def __init__(self, book: Book, found: Iterable[Any]) -> None:
        self.book = book
        ids = {one.id for one in found}
        self.grants = grants_of(book)
        self.paid = of_sources(book, "pay")
        self.returned = of_sources(book, "pay_return")
        self.tranches = _tranches(book)
        self.accounts = _accounts(book)
        self.batches = _batches(book, ids)
        self.recorded = _recorded(book)
        self.steps = _last_steps(book)
        self.holds = _holds(book)

    def hold(self, one: Any) -> Any:
        """Return the stop placed last on a payment, its grant or its grantee, by the day."""
        subjects = (one.id, one.grant_id, self.grants[one.grant_id].grantee_id)
        found = [hold for subject in subjects for hold in self.holds.get(subject, ())]
        return max(found, key=lambda hold: (hold.placed_at, hold.id), default=None)

    def status(self, one: Any) -> str:
        """Return the status at the end of the day, as known: the bank's days count for payments."""
        if one.status == "returned" and one.returned_on <= self.book.on:
            return "returned"
        if one.status in PAID and one.paid_on <= self.book.on:
            return "paid"
        step = self.steps.get(one.id)
        if step is None:
            return one.status if one.status not in PAID else "requested"
        return STEPS[step].target if step in STEPS else "requested"


def disbursement_rows(book: Book) -> Iterator[Row]:
    """Yield each disbursement with its signatures and what it moved in scope."""
    found = disbursements(book)
    beside = _Beside(book, found)
    for one in found:
        yield _row(book, beside, one)


def _row(book: Book, beside: _Beside, one: Any) -> Row:
    grant = beside.grants[one.grant_id]
    status = beside.status(one)
    is_paid = status in PAID
    is_hidden = book.is_hidden(grant.grantee_id, grant.country)
    account = None if is_hidden else beside.accounts.get(one.account_id)
    paid, returned = beside.paid.get(one.id, 0), beside.returned.get(one.id, 0)
    arrived = one.confirmed_on is not None and one.confirmed_on <= book.on
    return (
        one.code, grant.code, book.party(grant.grantee_id), beside.tranches.get(one.tranche_id),
        one.requested_on, one.amount_minor, book.fund.base_currency, status,
        signed(book, one.requested_by_id), *_signature(book, one, "certified", is_paid),
        *_signature(book, one, "approved", is_paid), *_signature(book, one, "sent", is_paid),
        one.paid_on if is_paid else None,
        signed(book, one.paid_by_id) if is_paid else None,
        beside.recorded.get(one.id) if is_paid else None,
        one.evidence_kind if is_paid else None,
        one.reference if is_paid and not is_hidden else None,
        beside.batches.get(one.id), None if one.id not in beside.batches else one.code,
        None if account is None else account.masked,
        None if account is None else account.fingerprint,
        *_arrival(book, one if arrived else None),
        *_stop(book, beside.hold(one)),
        one.returned_on if status == "returned" else None, *_review(book, one),
        paid, returned, paid - returned,
    )  # fmt: skip


def _signature(book: Book, one: Any, name: str, is_paid: bool) -> tuple[Any, Any]:
    """Return who took a step and when, if by the day or of what is paid by then, however late.

    Of what is paid it says where nobody is recorded.
    """
    person, at = getattr(one, f"{name}_by_id"), getattr(one, f"{name}_at")
    if person is not None and not is_paid and not book.by_then(at):
        return (None, None)
    return (signed(book, person, is_past=is_paid), at)


def _arrival(book: Book, one: Any) -> tuple[Any, ...]:
    if one is None:
        return (None,) * 5
    return (
        one.confirmed_on, one.confirmed_currency, one.confirmed_minor,
        one.confirmed_charges_minor, signed(book, one.confirmed_by_id),
    )  # fmt: skip


def _stop(book: Book, hold: Any) -> tuple[Any, ...]:
    if hold is None:
        return (None,) * 5
    subject = "payment" if hold.disbursement_id else "grant" if hold.grant_id else "grantee"
    lifted: tuple[Any, Any] = (None, None)
    if book.by_then(hold.lifted_at):
        lifted = (book.person(hold.lifted_by_id), hold.lifted_at)
    return (subject, book.person(hold.placed_by_id), hold.placed_at, *lifted)


def _review(book: Book, one: Any) -> tuple[Any, ...]:
    if not book.by_then(one.reviewed_at):
        return (one.review_due_on, None, None)
    return (one.review_due_on, book.person(one.reviewed_by_id), one.reviewed_at)


def _tranches(book: Book) -> dict[UUID, int]:
    query = select(Tranche.id, Tranche.number).where(Tranche.grant_id.in_(book.grants))
    return {row[0]: row[1] for row in book.db.execute(query)}


def _accounts(book: Book) -> dict[UUID, Any]:
    """Return the bank accounts that disbursements name: masked number and fingerprint alone."""
    named = select(Disbursement.account_id).where(Disbursement.grant_id.in_(book.grants))
    query = select(BankAccount.id, BankAccount.masked, BankAccount.fingerprint)
    return {row.id: row for row in book.db.execute(query.where(BankAccount.id.in_(named)))}


def _batches(book: Book, ids: set[UUID]) -> dict[UUID, str]:
    """Return per disbursement the batch it was put in last that was not cancelled, by the day."""
    known = book.known("payment_batch", PaymentBatch, PaymentBatch.fund_id == book.fund.id)
    standing = {
        one.id: one for one in known if book.by_then(one.made_at) and one.status != "cancelled"
    }
    if not standing:
        return {}
    found: dict[UUID, Any] = {}
    items = select(BatchItem.batch_id, BatchItem.disbursement_id).join(
        PaymentBatch, PaymentBatch.id == BatchItem.batch_id
    )
    for batch_id, one in book.db.execute(items.where(PaymentBatch.fund_id == book.fund.id)):
        batch = standing.get(batch_id)
        if one not in ids or batch is None:
            continue
        if one not in found or (batch.made_at, batch.code) > (found[one].made_at, found[one].code):
            found[one] = batch
    return {one: batch.code for one, batch in found.items()}


def _recorded(book: Book) -> dict[UUID, Any]:
    """Return per disbursement when its payment was recorded."""
    query = (
        select(AuditEvent.record_id, AuditEvent.recorded_at)
        .join(Disbursement, Disbursement.id == AuditEvent.record_id)
        .where(
            Disbursement.grant_id.in_(book.grants), AuditEvent.record_type == "disbursement",
            AuditEvent.action.in_(("disbursement.paid", "disbursement.imported")),
            AuditEvent.seq <= book.seq,
        )
        .order_by(AuditEvent.seq)
    )  # fmt: skip
    return {row[0]: row[1] for row in book.db.execute(query) if row[0] is not None}


def _last_steps(book: Book) -> dict[UUID, str]:
    """Return per disbursement the step taken last by the day, but for those of the bank's days."""
    taken = (
        one
        for one in STEPS_TAKEN.known(book)
        if one.action not in _ENDS and book.by_then(one.taken_at)
    )
    return {one.disbursement_id: one.action for one in sorted(taken, key=_when)}


def _when(step: Any) -> tuple[Any, Any]:
    return (step.taken_at, step.id)


def _holds(book: Book) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = {}
    for hold in book.known("payment_hold", PaymentHold):
        if book.by_then(hold.placed_at) and hold.fund_id in (None, book.fund.id):
            subject = hold.disbursement_id or hold.grant_id or hold.party_id
            found.setdefault(subject, []).append(hold)
    return found


def disbursement_controls(book: Book) -> Iterator[Control]:
    """Yield: rows, amounts as told, payments and returns by the ledger, arrivals by currency."""
    records = _asked(book, REGISTER.told(book))
    asked = summed(records, "amount_minor")
    yield counted(book, "disbursements", count("disbursements"), len(records))
    yield control(book, "disbursed_asked", total("disbursements", "amount"), asked)
    # Every payment is noted as an advance too, on accounts of their own: the other way to it.
    for column, kind, mirror in (
        ("paid", "pay", "advance"), ("returned", "pay_return", "advance_return"),
    ):  # fmt: skip
        figure = total("disbursements", column)
        expected = moved_in_all(book, (mirror,), "disbursement")
        yield control(book, f"disbursed_{column}", figure, expected)
        yield control(book, f"disbursed_{column}_journal", figure - in_journal(kind), 0)
    net = total("disbursements", "paid") - total("disbursements", "returned")
    yield control(book, "disbursed_net", total("disbursements", "net") - net, 0)
    yield from _arrival_controls(book, records)


def _arrival_controls(book: Book, records: Sequence[Known]) -> Iterator[Control]:
    arrived = [one for one in records if one.confirmed_on and one.confirmed_on <= book.on]
    for key, column in (("arrived", "confirmed_minor"), ("charges", "confirmed_charges_minor")):
        amounts = by_currency((one.confirmed_currency, getattr(one, column)) for one in arrived)
        yield from in_currencies(
            book, f"disbursed_{key}", "disbursements", key, "arrived_currency", amounts
        )


DISBURSEMENTS = Section(
    "disbursements",
    (
        ("code", Code(), 28), ("grant", Code(), 26), ("payee", Code(), 34),
        ("tranche", Integer(), 9), ("requested_on", Date(), 12), ("amount", Money(), 18),
        ("currency", Code(), 10), ("status", Code(), 12), ("requested_by", Code(), 16),
        ("certified_by", Code(), 16), ("certified_at", Instant(), 20),
        ("approved_by", Code(), 16), ("approved_at", Instant(), 20),
        ("released_by", Code(), 16), ("released_at", Instant(), 20), ("paid_on", Date(), 12),
        ("recorded_by", Code(), 16), ("recorded_at", Instant(), 20), ("evidence", Code(), 16),
        ("reference", Code(), 20), ("batch", Code(), 18), ("end_to_end", Code(), 28),
        ("account", Code(), 24), ("fingerprint", Code(), 30), ("arrived_on", Date(), 12),
        ("arrived_currency", Code(), 10), ("arrived", Money(currency_from="arrived_currency"), 18),
        ("charges", Money(currency_from="arrived_currency"), 16), ("confirmed_by", Code(), 16),
        ("hold", Code(), 12), ("hold_by", Code(), 16), ("hold_at", Instant(), 20),
        ("lifted_by", Code(), 16), ("lifted_at", Instant(), 20), ("returned_on", Date(), 12),
        ("review_due_on", Date(), 12), ("reviewed_by", Code(), 16), ("reviewed_at", Instant(), 20),
        ("paid", Money(), 18), ("returned", Money(), 18),
        ("net", Computed("{paid}-{returned}", Money()), 18),
    ),
    disbursement_rows,
    totals=("amount", "paid", "returned", "net"),
    controls=disbursement_controls,
)  # fmt: skip
