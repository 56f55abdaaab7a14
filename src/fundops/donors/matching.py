"""Matching receipts to instalments: each match opens one lot of the agreement's donor.

A lot takes its share of the receipt's base amount, fee and exchange difference (``charges``), is
frozen with the agreement's earmark and counts from the day of the receipt. The database refuses
more than the receipt or the instalment has left.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor
from fundops.codes import next_codes
from fundops.donors import cash_rules as rules
from fundops.donors import hooks
from fundops.donors.cash_schemas import MatchEntry, MatchIn
from fundops.donors.charges import Share, charges_on, match_movements, share_of_match
from fundops.donors.lots import terms_of
from fundops.donors.models import Agreement, Instalment, Lot, Receipt
from fundops.errors import Problem, invalid
from fundops.ids import uuid7
from fundops.ledger import posting
from fundops.ledger.models import Account, Transfer
from fundops.ledger.posting import Movement
from fundops.messages import text
from fundops.records import snapshot


@dataclass(frozen=True)
class Target:
    """One match to make: minor units of the receipt, and what they settle of the instalment."""

    instalment: Instalment
    agreement: Agreement
    receipt_minor: int
    settled_minor: int
    replaces_id: UUID | None = None


def match(db: Session, actor: Actor, receipt: Receipt, given: MatchIn) -> list[Lot]:
    """Match parts of ``receipt`` to instalments and return the lots this opens.

    Raises ``over-matched`` for more than receipt or instalment has left, ``wrong-status`` for a
    reversed receipt or an agreement still in draft, ``conflict`` for another donor's agreement,
    and ``invalid-request`` for unknown instalments and amounts too small to book.
    """
    rules.require_open(rules.fund_of(db, receipt.fund_id))
    _require(receipt.status == "booked", receipt.status)
    targets = _targets(db, receipt, given)
    before = {"matched_minor": receipt.matched_minor}
    lots, movements = _open_lots(db, receipt, targets)
    for target in targets:
        target.instalment.matched_minor += target.settled_minor
    db.flush()
    after = {
        "matched_minor": receipt.matched_minor,
        "lots": [snapshot(lot) for lot in lots],
    }
    seq = audit.record(
        db,
        actor,
        "receipt.matched",
        "receipt",
        receipt.id,
        fund_id=receipt.fund_id,
        before=before,
        after=after,
    )
    posting.post(db, seq, movements)
    hooks.matched(db, actor, lots)
    return lots


def standing_share(db: Session, receipt_id: UUID) -> Share:
    """Return what the lots of a receipt have taken of it so far, reversals deducted."""
    into_lot = case((Account.kind == "lot", Transfer.amount_minor), else_=-Transfer.amount_minor)
    query = (
        select(Transfer.kind, func.sum(into_lot))
        .join(Account, Account.id == Transfer.credit_account_id)
        .join(Lot, Lot.id == Transfer.lot_id)
        .where(
            Lot.receipt_id == receipt_id,
            Transfer.kind.in_(("match", "fee_charge", "exchange_charge")),
        )
        .group_by(Transfer.kind)
    )
    taken = {kind: int(minor) for kind, minor in db.execute(query)}
    return Share(
        taken.get("match", 0), -taken.get("fee_charge", 0), taken.get("exchange_charge", 0)
    )


def _open_lots(
    db: Session, receipt: Receipt, targets: list[Target]
) -> tuple[list[Lot], list[Movement]]:
    """Add a lot for each target and count it on the receipt; return what books them."""
    standing = standing_share(db, receipt.id)
    lots: list[Lot] = []
    movements: list[Movement] = []
    codes = next_codes(db, "LOT", receipt.received_on.year, len(targets))
    for index, (target, code) in enumerate(zip(targets, codes, strict=True)):
        if receipt.matched_minor + target.receipt_minor > receipt.amount_minor:
            raise Problem("over-matched", detail=text("constraint.receipt_over_matched"))
        share = share_of_match(receipt, receipt.matched_minor, target.receipt_minor, standing)
        if not share.is_bookable:
            raise invalid(f"/matches/{index}/amount", "cash.too_small")
        lot = _new_lot(receipt, target, code, share)
        lots.append(lot)
        movements += match_movements(lot, share, charges_on(share, target.agreement))
        standing += share
        receipt.matched_minor += target.receipt_minor
    db.add_all(lots)
    return lots, movements


def _new_lot(receipt: Receipt, target: Target, code: str, share: Share) -> Lot:
    terms = terms_of(target.agreement)
    return Lot(
        id=uuid7(),
        code=code,
        kind="receipt",
        fund_id=receipt.fund_id,
        donor_id=target.agreement.donor_id,
        agreement_id=target.agreement.id,
        instalment_id=target.instalment.id,
        receipt_id=receipt.id,
        replaces_id=target.replaces_id,
        opened_on=receipt.received_on,
        spend_by_on=terms.spend_by_on,
        amount_minor=share.gross_minor,
        receipt_minor=target.receipt_minor,
        receipt_currency=receipt.currency,
        settled_minor=target.settled_minor,
        category=terms.category,
        earmark=terms.earmark,
        status="open",
        created_at=clock.now(),
    )


def _targets(db: Session, receipt: Receipt, given: MatchIn) -> list[Target]:
    wanted = {entry.instalment_id for entry in given.matches}
    query = (
        select(Instalment, Agreement)
        .join(Agreement, Agreement.id == Instalment.agreement_id)
        .where(Instalment.id.in_(wanted), Agreement.fund_id == receipt.fund_id)
        .execution_options(populate_existing=True)
    )
    found: dict[UUID, tuple[Instalment, Agreement]] = {
        row[0].id: (row[0], row[1]) for row in db.execute(query)
    }
    targets = []
    for index, entry in enumerate(given.matches):
        pointer = f"/matches/{index}"
        if entry.instalment_id not in found:
            raise invalid(f"{pointer}/instalment_id", "validation.unknown_record")
        instalment, agreement = found[entry.instalment_id]
        _require(agreement.status != "draft", agreement.status)
        if receipt.donor_id is not None and receipt.donor_id != agreement.donor_id:
            raise Problem("conflict", detail=text("cash.other_donor"))
        minor = rules.minor_in(entry.amount, receipt.currency, f"{pointer}/amount")
        settled = _settled(entry, instalment, receipt, minor, f"{pointer}/settles")
        targets.append(Target(instalment, agreement, minor, settled, entry.replaces_id))
    _check_replaced(db, receipt, given)
    return targets


def _check_replaced(db: Session, receipt: Receipt, given: MatchIn) -> None:
    """Refuse a correction of anything but a match of this receipt that was taken back."""
    wanted = {entry.replaces_id for entry in given.matches if entry.replaces_id is not None}
    if not wanted:
        return
    taken_back = set(
        db.execute(
            select(Lot.id).where(
                Lot.id.in_(wanted), Lot.receipt_id == receipt.id, Lot.status == "reversed"
            )
        ).scalars()
    )
    for index, entry in enumerate(given.matches):
        if entry.replaces_id is not None and entry.replaces_id not in taken_back:
            raise invalid(f"/matches/{index}/replaces_id", "validation.unknown_record")


def _settled(
    entry: MatchEntry, instalment: Instalment, receipt: Receipt, minor: int, pointer: str
) -> int:
    """Return how much of the instalment an entry settles, in the instalment's currency."""
    if entry.settles is None:
        if instalment.currency != receipt.currency:
            raise invalid(pointer, "cash.settles_missing", currency=instalment.currency)
        return minor
    settled = rules.minor_in(entry.settles, instalment.currency, pointer)
    if instalment.currency == receipt.currency and settled != minor:
        raise invalid(pointer, "cash.settles_must_equal")
    return settled


def _require(allowed: bool, status: str) -> None:
    if not allowed:
        raise Problem("wrong-status", action=text("cash.match"), status=status)
