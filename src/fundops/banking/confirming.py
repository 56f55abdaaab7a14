"""A person says what an entry of a statement was, and the books follow: once for each entry.

The bank's own word is what makes a payment paid, returned or failed. A record that was booked by
hand before is not booked again; the entry is only tied to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from fundops import audit, clock, money
from fundops.authz import Actor, Permission
from fundops.banking import matching, port, statement_queries, statements
from fundops.banking.models import (
    BankStatement,
    BatchItem,
    EntryConfirmation,
    EntryMatch,
    PaymentBatch,
    StatementEntry,
)
from fundops.banking.statement_schemas import MAX_AT_ONCE, EntryConfirmIn
from fundops.disbursements.models import Disbursement
from fundops.donors.cash_rules import base_minor
from fundops.donors.models import Receipt
from fundops.errors import FieldError, Problem, invalid
from fundops.funds.models import BankEntry
from fundops.grants import refunds
from fundops.grants.models import Grant, Refund
from fundops.grants.schemas import RefundIn
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.schemas import MoneyIn
from fundops.treasury import bank
from fundops.treasury.schemas import BankEntryIn
from fundops.vault import Vault


@dataclass
class Confirming:
    """An entry that is being confirmed, and by whom."""

    db: Session
    actor: Actor
    fund: Fund
    statement: BankStatement
    entry: StatementEntry

    @property
    def reference(self) -> str:
        """Where the bank says it: statement, its number and the entry's."""
        one = self.statement
        return f"{one.reference}/{one.sequence}/{self.entry.position}"

    @property
    def evidence(self) -> port.Evidence:
        """The entry, as evidence of a payment."""
        reference = self.entry.bank_reference or self.reference
        return port.Evidence(self.entry.booked_on, reference, "bank_statement", self.reference)

    def require_direction(self, *, comes_in: bool) -> None:
        """Raise ``conflict`` for money in where money out was meant, and the reverse."""
        if (self.entry.amount_minor > 0) != comes_in:
            raise Problem("conflict", detail=text("banking.other_direction"))

    def require_amount(self, minor: int) -> None:
        """Raise ``conflict``, naming the difference, unless the entry is of ``minor``."""
        difference = abs(self.entry.amount_minor) - minor
        if difference:
            told = money.display(difference, self.fund.base_currency)
            raise Problem("conflict", detail=text("banking.amount_differs", difference=told))

    def money(self, minor: int) -> MoneyIn:
        """Return an amount in the fund's currency."""
        currency = self.fund.base_currency
        return MoneyIn(amount=money.format_amount(minor, currency), currency=currency)


Matches = list[tuple[str, UUID, int]]
"""Kind, record and signed amount of what an entry is about."""


def confirm(
    db: Session,
    actor: Actor,
    statement: BankStatement,
    entry: StatementEntry,
    given: EntryConfirmIn,
) -> EntryConfirmation:
    """Confirm what an entry is, and book it unless it is booked already.

    Raises ``wrong-status`` for an entry confirmed before, ``conflict`` for another amount or
    direction or a record matched before, and whatever the step that books it raises.
    """
    given.require_one_record()
    if db.get(EntryConfirmation, entry.id) is not None:
        raise Problem("wrong-status", action=text("banking.confirm"), status="confirmed")
    fund = db.get_one(Fund, statement.fund_id)
    doing = Confirming(db, actor, fund, statement, entry)
    matches = _BY_KIND[given.kind](doing, given)
    return _keep(doing, given.kind, matches)


def confirm_exact(
    db: Session,
    actor: Actor,
    vault: Vault,
    statement: BankStatement,
    entry_ids: Sequence[UUID] | None,
) -> tuple[int, int]:
    """Confirm many exact proposals at once, all or none; return how many, and how many are left.

    Money out goes first, so that what came back of it can follow. Whole batches are confirmed one
    by one. Raises ``invalid-request`` at an entry that has no exact proposal, and what ``confirm``
    raises, naming the payment.
    """
    found = statement_queries.open_entries(db, statement.id)
    others = statements.others_of(db, vault, statement.lines_id)
    offered = statement_queries.proposed(db, vault, statement, found, others)
    exact = {one.entry_id: one for one in matching.exact(offered) if one.record == "disbursement"}
    wanted = list(exact) if entry_ids is None else list(entry_ids)
    wrong = [
        FieldError(f"/entry_ids/{number}", text("banking.not_exact"))
        for number, entry_id in enumerate(wanted)
        if entry_id not in exact
    ]
    if wrong:
        raise Problem("invalid-request", errors=wrong[:50])
    by_id = {one.id: one for one in found}
    ordered = sorted((by_id[one] for one in wanted), key=lambda e: (e.amount_minor > 0, e.position))
    chosen = ordered[:MAX_AT_ONCE]
    fund = db.get_one(Fund, statement.fund_id)
    payments = _payments(db, fund.id, [exact[one.id].record_id for one in chosen])
    for entry in chosen:
        proposal = exact[entry.id]
        assert proposal.record_id is not None, "it is about a payment"
        doing = Confirming(db, actor, fund, statement, entry)
        payment = payments[proposal.record_id]
        try:
            _keep(doing, proposal.kind, _answer(doing, proposal.kind, *payment))
        except Problem as problem:
            named = text("banking.item_refused", code=payment[0].code, reason=problem.detail)
            raise Problem(problem.slug, detail=named) from problem
    return len(chosen), len(exact) - len(chosen)


def _payments(
    db: Session, fund_id: UUID, ids: Sequence[UUID | None]
) -> dict[UUID, tuple[Disbursement, Grant]]:
    """Return payments of a fund with their grants, fresh."""
    query = (
        select(Disbursement, Grant)
        .join(Grant, Grant.id == Disbursement.grant_id)
        .where(Disbursement.id.in_(ids), Grant.fund_id == fund_id)
        .execution_options(populate_existing=True)
    )
    return {row[0].id: (row[0], row[1]) for row in db.execute(query)}


def _payment(doing: Confirming, given: EntryConfirmIn) -> tuple[Disbursement, Grant]:
    assert given.disbursement_id is not None, "one record is required"
    found = _payments(doing.db, doing.fund.id, [given.disbursement_id])
    if not found:
        raise invalid("/disbursement_id", "validation.unknown_record")
    payment, grant = found[given.disbursement_id]
    _require_named(doing, payment)
    return payment, grant


def _require_named(doing: Confirming, payment: Disbursement) -> None:
    """Raise ``conflict`` where the bank gives back the reference of another payment."""
    named = doing.entry.end_to_end
    if named is None or named == payment.code:
        return
    query = select(Disbursement.id).join(Grant, Grant.id == Disbursement.grant_id)
    query = query.where(Disbursement.code == named, Grant.fund_id == doing.fund.id)
    if doing.db.execute(query).first() is not None:
        raise Problem("conflict", detail=text("banking.names_another"))


def _answer(
    doing: Confirming, kind: str, payment: Disbursement, grant: Grant, charges_minor: int = 0
) -> Matches:
    """Take the bank's answer to one payment, unless it was taken before by hand.

    ``charges_minor`` is what the entry is beyond the payment: below nothing where less came back.
    """
    doing.require_direction(comes_in=kind != "paid")
    doing.require_amount(payment.amount_minor + charges_minor)
    _require_unmatched(doing.db, kind, [payment.id])
    if payment.status != kind:
        _take(doing, kind, payment, grant)
    sign = -1 if kind == "paid" else 1
    return [(kind, payment.id, sign * payment.amount_minor)]


def _take(doing: Confirming, kind: str, payment: Disbursement, grant: Grant) -> None:
    db, actor, entry = doing.db, doing.actor, doing.entry
    reason = text("banking.bank_says", reason=entry.return_reason or doing.reference)
    if kind == "paid":
        port.record_paid(db, actor, doing.fund, payment, grant, doing.evidence)
    elif kind == "returned":
        port.return_(db, actor, doing.fund, payment, grant, entry.booked_on, reason)
    else:
        port.fail(db, actor, payment, reason)


def _paid(doing: Confirming, given: EntryConfirmIn) -> Matches:
    if given.batch_id is not None:
        return _whole_batch(doing, given.batch_id)
    charges = _charges(doing, given)
    matches = _answer(doing, "paid", *_payment(doing, given), charges)
    return matches + _booked_charges(doing, charges)


def _charges(doing: Confirming, given: EntryConfirmIn) -> int:
    """Return what the bank took in the entry, minor units; as the bank tells it, if it does."""
    if given.charges is None:
        return 0
    charges = base_minor(doing.fund, given.charges, "/charges")
    if doing.entry.charges_minor not in (None, charges):
        raise Problem("conflict", detail=text("banking.charges_differ"))
    return charges


def _booked_charges(doing: Confirming, minor: int) -> Matches:
    return [("fee", _book(doing, "fee", minor), -minor)] if minor else []


def _whole_batch(doing: Confirming, batch_id: UUID) -> Matches:
    """Take one entry as the answer to all of a batch that the bank had not answered."""
    db = doing.db
    batch = db.get(PaymentBatch, batch_id)
    if batch is None or batch.fund_id != doing.fund.id or batch.status != "released":
        raise invalid("/batch_id", "validation.unknown_record")
    ids = select(BatchItem.disbursement_id).where(BatchItem.batch_id == batch.id)
    query = (
        select(Disbursement, Grant)
        .join(Grant, Grant.id == Disbursement.grant_id)
        .where(Disbursement.id.in_(ids), Disbursement.status == "sent")
        .order_by(Disbursement.code)
        .execution_options(populate_existing=True)
    )
    rows = [(row[0], row[1]) for row in db.execute(query)]
    doing.require_direction(comes_in=False)
    doing.require_amount(sum(payment.amount_minor for payment, _ in rows))
    _require_unmatched(db, "paid", [payment.id for payment, _ in rows])
    for payment, grant in rows:
        port.record_paid(db, doing.actor, doing.fund, payment, grant, doing.evidence)
    return [("paid", payment.id, -payment.amount_minor) for payment, _ in rows]


def _came_back(doing: Confirming, given: EntryConfirmIn) -> Matches:
    """Take money that came back: what a bank kept of it was returned all the same, less a fee."""
    if given.charges is not None and given.kind != "returned":
        raise invalid("/charges", "banking.charges_of_payment")
    charges = _charges(doing, given)
    matches = _answer(doing, given.kind, *_payment(doing, given), -charges)
    return matches + _booked_charges(doing, charges)


def _refund(doing: Confirming, given: EntryConfirmIn) -> Matches:
    doing.require_direction(comes_in=True)
    minor = doing.entry.amount_minor
    if given.refund_id is not None:
        query = select(Refund).join(Grant, Grant.id == Refund.grant_id)
        query = query.where(Refund.id == given.refund_id, Grant.fund_id == doing.fund.id)
        return _tie(doing, "refund", query, "/refund_id", lambda one: int(one.amount_minor))
    doing.actor.require_fund(Permission.REFUND_WRITE, doing.fund.id)
    grant = doing.db.get(Grant, given.grant_id, populate_existing=True)
    if grant is None or grant.fund_id != doing.fund.id:
        raise invalid("/grant_id", "validation.unknown_record")
    told = RefundIn(
        amount=doing.money(minor), received_on=doing.entry.booked_on, reference=doing.reference
    )
    made = refunds.refund(doing.db, doing.actor, doing.fund, grant, told)
    return [("refund", made.id, minor)]


def _receipt(doing: Confirming, given: EntryConfirmIn) -> Matches:
    doing.require_direction(comes_in=True)
    query = select(Receipt).where(
        Receipt.id == given.receipt_id,
        Receipt.fund_id == doing.fund.id,
        Receipt.status == "booked",
    )
    return _tie(
        doing, "receipt", query, "/receipt_id",
        lambda one: int(one.base_minor - one.fee_minor + one.exchange_minor),
    )  # fmt: skip


def _own(doing: Confirming, given: EntryConfirmIn) -> Matches:
    """Tie an entry to a fee or interest in the books, or book it."""
    doing.require_direction(comes_in=given.kind == "interest")
    if given.bank_entry_id is not None:
        query = select(BankEntry).where(
            BankEntry.id == given.bank_entry_id,
            BankEntry.fund_id == doing.fund.id,
            BankEntry.kind == given.kind,
        )
        return _tie(doing, given.kind, query, "/bank_entry_id", lambda one: int(one.amount_minor))
    minor = abs(doing.entry.amount_minor)
    return [(given.kind, _book(doing, given.kind, minor), doing.entry.amount_minor)]


def _book(doing: Confirming, kind: str, minor: int) -> UUID:
    told = BankEntryIn(
        fund_id=doing.fund.id,
        kind="fee" if kind == "fee" else "interest",
        amount=doing.money(minor),
        effective_on=doing.entry.booked_on,
        bank_reference=doing.reference,
    )
    return bank.book_bank_entry(doing.db, doing.actor, told).entry.id


def _tie(
    doing: Confirming, kind: str, query: Any, pointer: str, amount: Callable[[Any], int]
) -> Matches:
    found = doing.db.execute(query).scalar_one_or_none()
    if found is None:
        raise invalid(pointer, "validation.unknown_record")
    doing.require_amount(amount(found))
    _require_unmatched(doing.db, kind, [found.id])
    return [(kind, found.id, doing.entry.amount_minor)]


def _require_unmatched(db: Session, kind: str, ids: Sequence[UUID]) -> None:
    query = select(EntryMatch.id).where(EntryMatch.kind == kind, EntryMatch.record_id.in_(ids))
    if db.execute(query.limit(1)).scalar_one_or_none() is not None:
        raise Problem("conflict", detail=text("constraint.record_matched"))


def _keep(doing: Confirming, kind: str, matches: Matches) -> EntryConfirmation:
    db, entry = doing.db, doing.entry
    made = EntryConfirmation(
        entry_id=entry.id,
        fund_id=doing.fund.id,
        kind=kind,
        confirmed_by_id=doing.actor.person_id,
        confirmed_at=clock.now(),
    )
    db.add(made)
    db.flush()
    rows: list[dict[str, Any]] = [
        {
            "id": uuid7(), "entry_id": entry.id, "fund_id": doing.fund.id, "kind": one,
            "record_id": record_id, "amount_minor": minor,
        }
        for one, record_id, minor in matches
    ]  # fmt: skip
    if rows:
        db.execute(insert(EntryMatch), rows)
    audit.record(
        db, doing.actor, "statement_entry.confirmed", "statement_entry", entry.id,
        fund_id=doing.fund.id,
        after={"kind": kind, "matches": [[one, record_id, m] for one, record_id, m in matches]},
    )  # fmt: skip
    return made


_BY_KIND: dict[str, Callable[[Confirming, EntryConfirmIn], Matches]] = {
    "paid": _paid,
    "returned": _came_back,
    "failed": _came_back,
    "refund": _refund,
    "receipt": _receipt,
    "fee": _own,
    "interest": _own,
}
