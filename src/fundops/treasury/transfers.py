"""Transfers between funds: money of one lot becomes a lot of the same donor in another fund."""

from __future__ import annotations

import json

from sqlalchemy.orm import Session

from fundops import audit, clock, money
from fundops.allocation.earmarks import Earmark
from fundops.authz import Actor, Permission
from fundops.codes import next_code
from fundops.donors import cash_rules as rules
from fundops.donors.choices import lot_for
from fundops.donors.earmark_input import read_earmark
from fundops.donors.lots import Terms, add_lot, held, terms_kept
from fundops.donors.models import Lot
from fundops.donors.receipts import converted
from fundops.errors import invalid
from fundops.funds.models import FundTransfer
from fundops.funds.rates import rate_on
from fundops.ids import uuid7
from fundops.ledger import posting
from fundops.ledger.models import Fund
from fundops.ledger.posting import AccountRef, Movement
from fundops.records import snapshot
from fundops.treasury.schemas import FundTransferIn


def transfer(db: Session, actor: Actor, given: FundTransferIn) -> FundTransfer:
    """Move available money of a lot to another fund, as a lot of the same donor there.

    Raises ``insufficient-funds`` for more than has been available ever since ``effective_on``.
    """
    lot = lot_for(db, actor, Permission.MONEY_WRITE, given.lot_id)
    fund = rules.fund_of(db, lot.fund_id)
    rules.require_open(fund)
    other = rules.usable_fund(db, actor, Permission.MONEY_WRITE, given.to_fund_id, "/to_fund_id")
    if other.id == fund.id:
        raise invalid("/to_fund_id", "cash.same_fund")
    for one in (fund, other):
        rules.not_future(one, given.effective_on, "/effective_on")
    rules.not_before(given.effective_on, lot.opened_on, "/effective_on")
    minor = rules.base_minor(fund, given.amount, "/amount")
    rules.require_held(db, held(lot), minor, given.effective_on)
    received, rate = _received(db, fund, other, given, minor)
    new = add_lot(
        db,
        "fund_transfer",
        other.id,
        lot.donor_id,
        received,
        given.effective_on,
        _terms(given, lot, other),
        replaces_id=lot.id,
    )
    return _record_transfer(db, actor, given, lot, new, minor, rate)


def _record_transfer(
    db: Session,
    actor: Actor,
    given: FundTransferIn,
    lot: Lot,
    new: Lot,
    minor: int,
    rate: str | None,
) -> FundTransfer:
    moved = FundTransfer(
        id=uuid7(),
        code=next_code(db, "FTR", given.effective_on.year),
        lot_id=lot.id,
        new_lot_id=new.id,
        amount_minor=minor,
        received_minor=new.amount_minor,
        rate=rate,
        effective_on=given.effective_on,
        reason=given.reason,
        created_at=clock.now(),
    )
    db.add(moved)
    db.flush()
    # One event in each fund's history: either auditor finds it.
    entry = audit.Entry(
        "fund_transfer.made", "fund_transfer", moved.id, lot.fund_id, given.reason, None,
        snapshot(moved),
    )  # fmt: skip
    there = audit.Entry("lot.opened", "lot", new.id, new.fund_id, given.reason, None, snapshot(new))
    seq, seq_there = audit.record_many(db, actor, [entry, there])
    on, source = given.effective_on, ("fund_transfer", moved.id)
    bank, bank_there = AccountRef(lot.fund_id, "bank"), AccountRef(new.fund_id, "bank")
    out = Movement("fund_transfer_out", held(lot), bank, minor, on, *source, lot.id)
    into = Movement(
        "fund_transfer_in", bank_there, held(new), new.amount_minor, on, *source, new.id
    )
    posting.post(db, seq, [out])
    posting.post(db, seq_there, [into])
    return moved


def _received(
    db: Session, fund: Fund, other: Fund, given: FundTransferIn, minor: int
) -> tuple[int, str | None]:
    """Return what arrives in the other fund, and the rate where currencies differ.

    The rate is units of the giving fund's currency per unit of the receiving fund's.
    """
    currency, base = fund.base_currency, other.base_currency
    if currency == base:
        if given.rate is not None:
            raise invalid("/rate", "cash.rate_must_be_one")
        stated = given.received
        if stated is not None and rules.base_minor(other, stated, "/received") != minor:
            raise invalid("/received", "cash.received_must_equal")
        return minor, None
    rate = money.parse_rate(given.rate) if given.rate is not None else None
    if given.received is not None:
        received = rules.base_minor(other, given.received, "/received")
        return received, None if rate is None else money.canonical_rate(rate)
    if rate is None:
        known = rate_on(db, base, currency, given.effective_on)
        if known is None:
            raise invalid("/rate", "cash.no_rate", currency=currency, base=base)
        rate = known.rate
    return converted(minor, currency, rate, base, "/amount"), money.canonical_rate(rate)


def _terms(given: FundTransferIn, lot: Lot, other: Fund) -> Terms:
    """Return the earmark of the new lot: the one given, or the old one kept.

    Caps count an agreement's money in its fund's currency, and would be doubled in a second fund:
    an earmark with caps is not kept without being stated again.
    """
    if given.earmark is not None:
        mark = read_earmark(given.earmark, other.base_currency)
        return Terms(None, mark.category, mark.key, mark.spend_by_on or lot.spend_by_on)
    if _has_caps(lot.earmark):
        raise invalid("/earmark", "cash.caps_not_kept")
    return terms_kept(lot)


def _has_caps(stored: str) -> bool:
    return bool(Earmark.from_json(json.loads(stored)).caps)
