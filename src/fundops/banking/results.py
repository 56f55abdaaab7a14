"""A host's results of a batch: read against what was sent, then taken in by a person."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit
from fundops.authz import Actor, Permission
from fundops.banking import composing, port, queries, sealed, vouchers
from fundops.banking.models import BatchItem, PaymentBatch
from fundops.banking.vouchers import Result
from fundops.disbursements.models import Disbursement
from fundops.errors import FieldError, Problem
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.schemas import money_out
from fundops.vault import Vault

MAX_NAMED = 100
STATUS = {"paid": "paid", "rejected": "failed"}
"""The host's answer, and what it makes of a payment."""


@dataclass(frozen=True)
class Row:
    """A row as judged: ``problem`` is the key of a sentence, or none."""

    number: int
    outcome: str
    code: str | None = None
    result: Result | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Reading:
    """A results file as judged against a batch."""

    sha256: str
    is_known: bool
    rows: list[Row]
    payments: dict[str, tuple[Disbursement, Grant]]

    def count(self, outcome: str) -> int:
        """Return how many rows came out so."""
        return sum(row.outcome == outcome for row in self.rows)


def batch_of(db: Session, actor: Actor, batch_id: UUID) -> PaymentBatch:
    """Return a released batch whose results a host gives; ``conflict`` for any other."""
    batch = queries.get(db, PaymentBatch, actor, batch_id, Permission.BANK_STATEMENT_WRITE)
    if batch.profile_id is None:
        raise Problem("conflict", detail=text("banking.no_vouchers"))
    if batch.status != "released":
        raise Problem("wrong-status", action=text("banking.import"), status=batch.status)
    return batch


def read(db: Session, batch: PaymentBatch, raw: bytes) -> Reading:
    """Return what a results file says of a batch, every problem with its row.

    Raises ``file-refused`` for what is no such file.
    """
    profile = composing.profile_of(db, batch.profile_id, batch.fund_id)
    assert profile is not None, "the batch is a host's"
    digest = sealed.sha256(raw)
    is_known = sealed.known(db, batch.fund_id, "results", digest) is not None
    told, wrong = vouchers.results_in(raw, profile.results, batch.currency)
    payments = _payments(db, batch.id)
    twice = {code for code, count in Counter(one.code for one in told).items() if count > 1}
    rows = [_judged(one, payments, twice, _sent_on(batch)) for one in told]
    rows += [Row(one.row, "problem", problem=one.key) for one in wrong]
    return Reading(digest, is_known, sorted(rows, key=lambda row: row.number), payments)


def take_in(db: Session, actor: Actor, vault: Vault, batch: PaymentBatch, raw: bytes) -> Reading:
    """Take in a results file, all of it or nothing; what was taken in before stays as it is.

    Raises ``file-refused`` naming every row that cannot be right.
    """
    reading = read(db, batch, raw)
    wrong = [row for row in reading.rows if row.problem is not None]
    if wrong:
        errors = [
            FieldError(f"/rows/{row.number}", text(row.problem or "")) for row in wrong[:MAX_NAMED]
        ]
        raise Problem("file-refused", detail=text("banking.rows_wrong"), errors=errors)
    if reading.is_known:
        return reading
    kept = sealed.keep(db, actor, vault, batch.fund_id, "results", raw, batch_id=batch.id)
    fund = db.get_one(Fund, batch.fund_id)
    for row in reading.rows:
        if row.outcome in STATUS and row.result is not None:
            payment, grant = reading.payments[row.result.code]
            _answer(db, actor, fund, batch, row, payment, grant)
    audit.record(
        db, actor, "payment_batch.results", "payment_batch", batch.id, fund_id=batch.fund_id,
        after={
            "results_sha256": kept.sha256,
            "paid": [row.code for row in reading.rows if row.outcome == "paid"],
            "rejected": [row.code for row in reading.rows if row.outcome == "rejected"],
        },
    )  # fmt: skip
    return reading


def _answer(
    db: Session, actor: Actor, fund: Fund, batch: PaymentBatch, row: Row,
    payment: Disbursement, grant: Grant,
) -> None:  # fmt: skip
    result = row.result
    assert result is not None, "a row with an outcome was read"
    note = f"{batch.code} row {row.number}"
    try:
        if row.outcome == "paid":
            assert result.paid_on is not None, "checked when it was read"
            given = port.Evidence(result.paid_on, result.reference, "host_system", note)
            port.record_paid(db, actor, fund, payment, grant, given)
        else:
            reason = text("banking.host_says", reason=result.reason or note)
            port.fail(db, actor, payment, reason)
    except Problem as problem:
        detail = text("banking.row_refused", row=row.number, reason=problem.detail)
        raise Problem(problem.slug, detail=detail) from problem


def _payments(db: Session, batch_id: UUID) -> dict[str, tuple[Disbursement, Grant]]:
    query = (
        select(Disbursement, Grant)
        .join(BatchItem, BatchItem.disbursement_id == Disbursement.id)
        .join(Grant, Grant.id == Disbursement.grant_id)
        .where(BatchItem.batch_id == batch_id)
        .execution_options(populate_existing=True)
    )
    return {row[0].code: (row[0], row[1]) for row in db.execute(query)}


def _sent_on(batch: PaymentBatch) -> date:
    assert batch.released_at is not None, "the batch is released"
    return batch.released_at.date()


def _judged(
    one: Result, payments: dict[str, tuple[Disbursement, Grant]], twice: set[str], sent_on: date
) -> Row:
    """Return what a row does to the payment it names, or what is wrong with it."""
    found = payments.get(one.code)
    if found is None:
        return Row(one.row, "problem", problem="banking.row_unknown")
    payment = found[0]
    problem = None
    if one.code in twice:
        problem = "banking.row_twice"
    elif one.amount_minor != payment.amount_minor:
        problem = "banking.row_other_amount"
    elif one.paid_on is not None and (sent_on - one.paid_on).days > 1:
        problem = "banking.row_before_release"
    if problem is not None:
        return Row(one.row, "problem", payment.code, one, problem)
    if one.status == "waiting":
        return Row(one.row, "waiting", payment.code, one)
    if payment.status == "sent":
        return Row(one.row, one.status, payment.code, one)
    if _says_the_same(one, payment):
        return Row(one.row, "before", payment.code, one)
    return Row(one.row, "problem", payment.code, one, "banking.row_answered_otherwise")


def _says_the_same(one: Result, payment: Disbursement) -> bool:
    if payment.status != STATUS[one.status]:
        return False
    return one.status == "rejected" or (
        payment.paid_on == one.paid_on and payment.reference == one.reference
    )


def out(reading: Reading, currency: str) -> dict[str, Any]:
    """Return the wire form of a results file as judged."""
    counts = {name: reading.count(name) for name in ("paid", "rejected", "waiting", "before")}
    return {
        "sha256": reading.sha256,
        "is_known": reading.is_known,
        **counts,
        "problems": reading.count("problem"),
        "rows": [_row_out(row, currency) for row in reading.rows],
    }


def _row_out(row: Row, currency: str) -> dict[str, Any]:
    minor = None if row.result is None else row.result.amount_minor
    return {
        "row": row.number,
        "outcome": row.outcome,
        "disbursement_code": row.code,
        "amount": money_out(minor, currency),
        "problem": None if row.problem is None else text(row.problem),
    }
