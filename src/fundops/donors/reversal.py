"""Undoing a mistaken match or receipt: reversing transfers that count from the original day.

Money that is only reserved is re-routed to other lots first, in the same transaction. Money that
has left the lot (paid to a grantee, returned or reprogrammed at the donor's wish, moved to another
fund) cannot be taken back: the whole is refused, unless a second person books what has left as
owed by the donor. Such a lot stays open for what grantees still have to account for or refund,
held up by that claim instead of by the receipt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, lifecycle
from fundops.authz import Actor
from fundops.donors import cash_rules as rules
from fundops.donors.lots import LOT_STEPS, held, require_open_lot
from fundops.donors.models import Instalment, Lot, Receipt
from fundops.donors.receipts import RECEIPT_STEPS
from fundops.errors import Problem
from fundops.ledger import balances, posting
from fundops.ledger.models import Transfer
from fundops.ledger.posting import AccountRef, Movement
from fundops.messages import text

OWN_KINDS = (
    "match",
    "fee_charge",
    "exchange_charge",
    "agent_fee",
    "support_cost_hold",
    "support_cost_earn",
    "support_cost_charge",
    "support_cost_return",
    "set_aside",
    "set_free",
)
"""Transfers that exist because of the match and fall with it."""

BOOKED_KINDS = ("receipt", "receipt_fee", "exchange_difference")


@dataclass(frozen=True)
class Claim:
    """What of a reversed lot had left it, and is now owed by its donor."""

    lot_id: UUID
    donor_id: UUID
    amount_minor: int


def unmatch(db: Session, actor: Actor, lot: Lot, reason: str) -> Lot:
    """Take back one match: its money is unmatched again, its instalment open again.

    Raises ``wrong-status`` for a reversed lot or one that no receipt was matched to,
    ``not-fundable`` when reserved money has nowhere else to go, ``money-already-spent`` when some
    has left the lot.
    """
    if lot.kind != "receipt":
        raise Problem("wrong-status", action=text("cash.unmatch"), status=text("cash.not_matched"))
    require_open_lot(lot)
    receipt = _receipt_of(db, lot)
    if receipt.status != "booked":
        raise Problem("wrong-status", action=text("cash.unmatch"), status=receipt.status)
    rules.require_open(rules.fund_of(db, lot.fund_id))
    _count_down(db, receipt, [lot])
    seq = audit.record(
        db,
        actor,
        "lot.unmatched",
        "lot",
        lot.id,
        fund_id=lot.fund_id,
        reason=reason,
        before={"status": "open"},
        after={"status": "reversed", "receipt_matched_minor": receipt.matched_minor},
    )
    if _undo_lot(db, actor, seq, lot, receipt.received_on) is not None:
        raise Problem("money-already-spent")
    _close(db, actor, lot)
    return lot


def reverse(db: Session, actor: Actor, receipt: Receipt, reason: str) -> Receipt:
    """Reverse a mistaken receipt with every match made of it.

    Raises ``wrong-status`` when it is reversed already, ``not-fundable`` when reserved money has
    nowhere else to go, ``money-already-spent`` when some has left its lots, and
    ``insufficient-funds`` when the bank or an account of charges no longer has the money.
    """
    return _reverse(db, actor, receipt, reason, action="reverse")


def reverse_spent(db: Session, actor: Actor, receipt: Receipt, reason: str) -> Receipt:
    """Reverse a mistaken receipt although some was spent: the donor owes us that part from now on.

    Raises ``same-person`` for the person who booked it, and otherwise as ``reverse`` does.
    """
    return _reverse(db, actor, receipt, reason, action="reverse_spent")


def _reverse(db: Session, actor: Actor, receipt: Receipt, reason: str, *, action: str) -> Receipt:
    before = {"status": receipt.status, "matched_minor": receipt.matched_minor}
    lifecycle.advance(receipt, RECEIPT_STEPS, action, actor)
    rules.require_open(rules.fund_of(db, receipt.fund_id))
    lots = _open_lots(db, receipt)
    _count_down(db, receipt, lots)
    seq = audit.record(
        db,
        actor,
        "receipt.reversed",
        "receipt",
        receipt.id,
        fund_id=receipt.fund_id,
        reason=reason,
        before=before,
        after={"status": receipt.status, "matched_minor": 0, "lots": [lot.code for lot in lots]},
    )
    for lot in lots:
        claim = _undo_lot(db, actor, seq, lot, receipt.received_on)
        if claim is None:
            _close(db, actor, lot)
        elif action == "reverse":
            raise Problem("money-already-spent")
        else:
            _record_claim(db, actor, lot, claim, reason)
    booked = posting.standing(db, Transfer.source_id == receipt.id, Transfer.kind.in_(BOOKED_KINDS))
    undo = posting.reversal_of(db, booked, source_type="receipt", source_id=receipt.id)
    posting.post(db, seq, undo)
    return receipt


def _undo_lot(db: Session, actor: Actor, seq: int, lot: Lot, received_on: date) -> Claim | None:
    """Reverse what the match put on ``lot``; book what had left it as owed by the donor.

    One lot after the other: a reversed lot takes no money that the next one re-routes.
    """
    _free(db, actor, seq, lot)
    own = posting.standing(db, Transfer.lot_id == lot.id, Transfer.kind.in_(OWN_KINDS))
    account = held(lot)
    put_in = sum(_into(transfer, account.id) for transfer in own)
    left = put_in - balances.now(db, account)
    movements = posting.reversal_of(db, own, source_type="lot", source_id=lot.id)
    if left > 0:
        movements.append(_claim_movement(lot, left, received_on))
    posting.post(db, seq, movements)
    return Claim(lot.id, lot.donor_id, left) if left > 0 else None


def _close(db: Session, actor: Actor, lot: Lot) -> None:
    """Mark ``lot`` as reversed, now that it is empty; until then its reservations can be seen."""
    lifecycle.advance(lot, LOT_STEPS, "reverse", actor)
    db.flush()


def _claim_movement(lot: Lot, amount_minor: int, received_on: date) -> Movement:
    """Return the transfer of a claim, which stands in the receipt's place from its day on."""
    owed = AccountRef(lot.fund_id, "recoverable", party_id=lot.donor_id)
    return Movement("recover", owed, held(lot), amount_minor, received_on, "lot", lot.id, lot.id)


def _record_claim(db: Session, actor: Actor, lot: Lot, claim: Claim, reason: str) -> None:
    audit.record(
        db,
        actor,
        "recoverable.claimed",
        "party",
        claim.donor_id,
        fund_id=lot.fund_id,
        reason=reason,
        after={"lot": lot.code, "amount_minor": claim.amount_minor},
    )


def _free(db: Session, actor: Actor, seq: int, lot: Lot) -> None:
    """Move what is reserved on ``lot`` to other lots, or raise ``not-fundable``."""
    reserved_minor = sum(minor for _, _, minor in balances.reserved_now(db, lot_ids=[lot.id]))
    if reserved_minor == 0:
        return
    # Allocation stands above this domain and reads its lots; only a reversal asks it back.
    from fundops.allocation.reroute import reroute_from_lot

    whole_minor = balances.now(db, held(lot)) + reserved_minor
    reroute_from_lot(db, actor, seq, lot.id, whole_minor)


def _into(transfer: Transfer, account_id: UUID) -> int:
    """Return what a transfer added to an account (taken out: negative, elsewhere: nothing)."""
    if transfer.credit_account_id == account_id:
        return transfer.amount_minor
    return -transfer.amount_minor if transfer.debit_account_id == account_id else 0


def _receipt_of(db: Session, lot: Lot) -> Receipt:
    query = select(Receipt).where(Receipt.id == lot.receipt_id)
    return db.execute(query.execution_options(populate_existing=True)).scalar_one()


def _open_lots(db: Session, receipt: Receipt) -> list[Lot]:
    query = select(Lot).where(
        Lot.receipt_id == receipt.id, Lot.kind == "receipt", Lot.status == "open"
    )
    return list(
        db.execute(query.order_by(Lot.id).execution_options(populate_existing=True)).scalars()
    )


def _count_down(db: Session, receipt: Receipt, lots: Sequence[Lot]) -> None:
    """Take ``lots`` off the counters of their receipt and instalments."""
    wanted = {lot.instalment_id for lot in lots}
    query = select(Instalment).where(Instalment.id.in_(wanted))
    found = db.execute(query.execution_options(populate_existing=True)).scalars()
    instalments = {instalment.id: instalment for instalment in found}
    for lot in lots:
        receipt.matched_minor -= lot.receipt_minor or 0
        if lot.instalment_id is not None:
            instalments[lot.instalment_id].matched_minor -= lot.settled_minor or 0
    db.flush()
