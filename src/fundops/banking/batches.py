"""Batches: approved payments that leave one account together, released by another person.

Making a batch writes its file once to see that it can be written, and throws that away: whoever
releases must not be the one who finds a name that no bank takes. The file is written at release,
once, from what stands then, and its SHA-256 kept.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from fundops import audit, clock, lifecycle, money
from fundops.authz import Actor, Permission
from fundops.banking import composing, port, sealed
from fundops.banking.composing import Item
from fundops.banking.models import BankFile, BatchItem, FundBankAccount, PaymentBatch
from fundops.banking.profile import Profile
from fundops.banking.schemas import MAX_ITEMS, PaymentBatchIn, ReleaseIn
from fundops.codes import next_code
from fundops.donors.cash_rules import require_open
from fundops.errors import FieldError, Problem, invalid
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.records import snapshot
from fundops.vault import Vault

DAYS_AHEAD = 60
STEPS: lifecycle.Steps = {
    "release": lifecycle.step("draft", "released", Permission.BATCH_RELEASE, ("made_by_id",)),
    "cancel": lifecycle.step("draft", "cancelled", Permission.BATCH_WRITE),
}


def make(db: Session, actor: Actor, vault: Vault, given: PaymentBatchIn) -> PaymentBatch:
    """Gather approved payments of one fund into a batch, with its control totals.

    Raises ``invalid-request`` naming each payment that cannot be in it and why.
    """
    account, profile, fund = _from(db, actor, given)
    _check_day(fund, given)
    items = composing.candidates(db, fund.id, given.disbursement_ids)
    if not items:
        raise invalid("/disbursement_ids", "banking.nothing_waits")
    sum_minor = sum(item.amount_minor for item in items)
    if sum_minor > money.MAX_MINOR:
        raise invalid("/disbursement_ids", "money.too_large")
    now = clock.now()
    batch = PaymentBatch(
        id=uuid7(),
        code=next_code(db, "PBT", clock.today(fund.zone).year),
        fund_id=fund.id,
        account_id=account.id,
        profile_id=given.profile_id,
        currency=account.currency,
        execution_on=given.execution_on,
        charges=given.charges,
        count=len(items),
        sum_minor=sum_minor,
        items_sha256=composing.digest(items),
        status="draft",
        made_by_id=actor.person_id,
        made_at=now,
        created_at=now,
    )
    composing.file_of(db, vault, batch, account, fund, profile, items)
    db.add(batch)
    db.flush()
    db.execute(insert(BatchItem), [_row(batch.id, n, item) for n, item in enumerate(items, 1)])
    audit.record(
        db, actor, "payment_batch.made", "payment_batch", batch.id, fund_id=fund.id,
        after=snapshot(batch) | {"items": [item.code for item in items]},
    )  # fmt: skip
    return batch


def release(
    db: Session, actor: Actor, vault: Vault, batch: PaymentBatch, given: ReleaseIn
) -> PaymentBatch:
    """Release a batch to the bank: every payment passes its rules again, or none leaves.

    Raises ``same-person`` for whoever made it, ``conflict`` naming the payment that is in the way
    or when anything in the batch is not what it was.
    """
    before = snapshot(batch)
    account = db.get_one(FundBankAccount, batch.account_id, populate_existing=True)
    fund = db.get_one(Fund, batch.fund_id)
    items = composing.of_batch(db, batch.id)
    require_open(fund)
    lifecycle.advance(batch, STEPS, "release", actor)
    if account.status != "active":
        raise Problem("conflict", detail=text("banking.account_not_active"))
    _check_totals(batch, given)
    if batch.execution_on < clock.today(fund.zone):
        raise Problem("too-late", detail=text("banking.day_passed"))
    if composing.digest(items) != batch.items_sha256:
        raise Problem("conflict", detail=text("banking.batch_changed"))
    batch.released_by_id, batch.released_at = actor.person_id, clock.now()
    with db.no_autoflush:  # released and without a hash is what the database refuses
        profile = composing.profile_of(db, batch.profile_id, batch.fund_id)
        content = composing.file_of(db, vault, batch, account, fund, profile, items)
        batch.sha256 = sealed.sha256(content)
        kind = "payments" if profile is None else "vouchers"
        sealed.keep(db, actor, vault, fund.id, kind, content, batch_id=batch.id)
    for item in items:
        try:
            port.release(db, actor, item.disbursement)
        except Problem as problem:
            raise _naming(item, problem) from problem
    db.flush()
    audit.record(
        db, actor, "payment_batch.released", "payment_batch", batch.id, fund_id=fund.id,
        before=before, after=snapshot(batch),
    )  # fmt: skip
    return batch


def cancel(db: Session, actor: Actor, batch: PaymentBatch, reason: str) -> PaymentBatch:
    """Cancel a batch that has not been released; its payments may go into another."""
    before = snapshot(batch)
    lifecycle.advance(batch, STEPS, "cancel", actor)
    db.execute(update(BatchItem).where(BatchItem.batch_id == batch.id).values(held_id=None))
    db.flush()
    audit.record(
        db, actor, "payment_batch.cancelled", "payment_batch", batch.id, fund_id=batch.fund_id,
        reason=reason, before=before, after=snapshot(batch),
    )  # fmt: skip
    return batch


def file_of(db: Session, vault: Vault, batch: PaymentBatch) -> tuple[BankFile, bytes]:
    """Return the file of a released batch, the very bytes that were written.

    Raises ``wrong-status`` before its release, ``conflict`` when it is not what it was.
    """
    if batch.status != "released":
        raise Problem("wrong-status", action=text("banking.download"), status=batch.status)
    query = select(BankFile).where(
        BankFile.batch_id == batch.id, BankFile.kind.in_(("payments", "vouchers"))
    )
    kept = db.execute(query).scalar_one()
    content = sealed.content_of(vault, kept)
    if sealed.sha256(content) != batch.sha256:
        raise Problem("conflict", detail=text("banking.file_altered"))
    return kept, content


def _from(
    db: Session, actor: Actor, given: PaymentBatchIn
) -> tuple[FundBankAccount, Profile | None, Fund]:
    """Return the account that a batch leaves, its profile if it is at a host, and its fund."""
    account = db.get(FundBankAccount, given.account_id)
    funds = actor.funds(Permission.BATCH_WRITE)
    if account is None or (funds is not None and account.fund_id not in funds):
        raise invalid("/account_id", "validation.unknown_record")
    if account.status != "active":
        raise invalid("/account_id", "banking.account_not_active")
    if (account.kind == "host") != (given.profile_id is not None):
        raise invalid("/profile_id", "banking.profile_for_hosts")
    fund = db.get_one(Fund, account.fund_id)
    require_open(fund)
    return account, composing.profile_of(db, given.profile_id, account.fund_id), fund


def _check_day(fund: Fund, given: PaymentBatchIn) -> None:
    today = clock.today(fund.zone)
    if not today <= given.execution_on <= today + timedelta(days=DAYS_AHEAD):
        raise invalid("/execution_on", "banking.day_out_of_range", days=DAYS_AHEAD)


def _check_totals(batch: PaymentBatch, given: ReleaseIn) -> None:
    told = money.format_amount(batch.sum_minor, batch.currency)
    wrong = []
    if given.count != batch.count:
        wrong.append(FieldError("/count", text("banking.total_differs")))
    if given.sum != told:
        wrong.append(FieldError("/sum", text("banking.total_differs")))
    if wrong:
        raise Problem("invalid-request", errors=wrong)


def _row(batch_id: UUID, position: int, item: Item) -> dict[str, Any]:
    return {
        "batch_id": batch_id,
        "disbursement_id": item.disbursement.id,
        "position": position,
        "account_id": item.account_id,
        "amount_minor": item.amount_minor,
        "held_id": item.disbursement.id,
    }


def _naming(item: Item, problem: Problem) -> Problem:
    """Return why a whole batch is refused: the payment in the way, and what is the matter."""
    detail = text("banking.item_refused", code=item.code, reason=problem.detail)
    return Problem(problem.slug, detail=detail)


assert MAX_ITEMS <= 10_000, "one statement takes the rows of a whole batch"
