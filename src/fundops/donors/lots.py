"""Lots: opening them, pseudo-donors' money, and the support cost provision over a lot's life."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock, lifecycle
from fundops.authz import Permission
from fundops.codes import next_code
from fundops.donors import cash_rules as rules
from fundops.donors.cash_schemas import SupportCostReturnIn
from fundops.donors.models import Agreement, Lot
from fundops.errors import Problem
from fundops.ids import uuid7
from fundops.ledger import balances, posting
from fundops.ledger.models import Fund
from fundops.ledger.posting import AccountRef, Movement
from fundops.messages import text
from fundops.parties.models import Party
from fundops.records import snapshot

UNEARMARKED = '{"category":1,"include":{},"exclude":{},"caps":[],"spend_by_on":null}'
"""The canonical earmark of money that nobody put a condition on."""

OPENING, INTEREST = "OPENING", "INTEREST"
"""Codes of the pseudo-donors; their names are the messages ``cash.party_<code>``."""

LOT_STEPS: lifecycle.Steps = {
    "reverse": lifecycle.step("open", "reversed", Permission.RECEIPT_REVERSE),
}


class Terms(NamedTuple):
    """What a lot is frozen with: whose agreement, which earmark, and until when."""

    agreement_id: UUID | None = None
    category: int = 1
    earmark: str = UNEARMARKED
    spend_by_on: date | None = None


def terms_of(agreement: Agreement) -> Terms:
    """Return what a lot opened under ``agreement`` now is frozen with."""
    return Terms(agreement.id, agreement.category, agreement.earmark, agreement.spend_by_on)


def terms_kept(lot: Lot) -> Terms:
    """Return the earmark of ``lot`` without its agreement, for a lot in another fund."""
    return Terms(None, lot.category, lot.earmark, lot.spend_by_on)


def held(lot: Lot, kind: str = "lot") -> AccountRef:
    """Return the account of ``lot`` of ``kind``: ``lot``, ``provision``, ``operating_reserve``."""
    return AccountRef(lot.fund_id, kind, lot.id)


def add_lot(
    db: Session,
    kind: str,
    fund_id: UUID,
    donor_id: UUID,
    amount_minor: int,
    opened_on: date,
    terms: Terms,
    *,
    replaces_id: UUID | None = None,
) -> Lot:
    """Add the record of a lot that does not come from a receipt; the caller books its money."""
    lot = Lot(
        id=uuid7(),
        code=next_code(db, "LOT", opened_on.year),
        kind=kind,
        fund_id=fund_id,
        donor_id=donor_id,
        agreement_id=terms.agreement_id,
        replaces_id=replaces_id,
        opened_on=opened_on,
        spend_by_on=terms.spend_by_on,
        amount_minor=amount_minor,
        category=terms.category,
        earmark=terms.earmark,
        status="open",
        created_at=clock.now(),
    )
    db.add(lot)
    db.flush()
    return lot


def pseudo_donor(db: Session, actor: audit.Author, code: str) -> Party:
    """Return our own stand-in donor with ``code``, registered when first needed."""
    found = db.execute(select(Party).where(Party.code == code)).scalar_one_or_none()
    if found is not None:
        return found
    name = text(f"cash.party_{code.lower()}")
    party = Party(
        id=uuid7(),
        code=code,
        kind="pseudo",
        name=name,
        public_label=name,
        is_at_risk=False,
        is_anonymous=False,
        status="active",
        created_at=clock.now(),
    )
    db.add(party)
    db.flush()
    audit.record(db, actor, "party.created", "party", party.id, after=snapshot(party))
    return party


def open_opening_lot(
    db: Session,
    actor: audit.Author,
    seq: int,
    fund: Fund,
    amount_minor: int,
    on: date,
    reason: str,
) -> Lot:
    """Book money that was in the bank before our records begin, as a lot of nobody's in particular.

    ``amount_minor`` is in the fund's base currency, counted from ``on``. The transfers belong to
    event ``seq``; the lot and ``reason`` are an event of their own.
    """
    donor = pseudo_donor(db, actor, OPENING)
    lot = add_lot(db, "opening", fund.id, donor.id, amount_minor, on, Terms())
    audit.record(
        db, actor, "lot.opened", "lot", lot.id, fund_id=fund.id, reason=reason, after=snapshot(lot)
    )
    bank, opening = AccountRef(fund.id, "bank"), AccountRef(fund.id, "opening")
    lines = (("opening", bank, opening), ("opening_lot", opening, held(lot)))
    posting.post(
        db,
        seq,
        [
            Movement(kind, debit, credit, amount_minor, on, "lot", lot.id, lot.id)
            for kind, debit, credit in lines
        ],
    )
    return lot


def return_support_cost(
    db: Session, actor: audit.Author, lot: Lot, given: SupportCostReturnIn
) -> int:
    """Move unearned support cost back to the lot's own money; return how much.

    Without an amount, all of it. Raises ``insufficient-funds`` when the provision has less.
    """
    fund = rules.fund_of(db, lot.fund_id)
    rules.not_future(fund, given.effective_on, "/effective_on")
    rules.not_before(given.effective_on, lot.opened_on, "/effective_on")
    require_open_lot(lot)
    provision = held(lot, "provision")
    if given.amount is None:
        amount_minor = balances.now(db, provision)
        if amount_minor == 0:
            raise Problem("insufficient-funds", detail=text("cash.no_provision"))
    else:
        amount_minor = rules.base_minor(fund, given.amount, "/amount")
    rules.require_held(db, provision, amount_minor, given.effective_on)
    seq = audit.record(
        db,
        actor,
        "lot.support_cost_returned",
        "lot",
        lot.id,
        fund_id=lot.fund_id,
        reason=given.reason,
        after={"returned_minor": amount_minor, "returned_on": given.effective_on},
    )
    movement = _on_lot(
        "support_cost_return", provision, held(lot), amount_minor, given.effective_on, lot, seq
    )
    posting.post(db, seq, [movement])
    return amount_minor


def require_open_lot(lot: Lot) -> None:
    """Raise ``wrong-status`` for a reversed lot: it holds nothing."""
    if lot.status != "open":
        raise Problem("wrong-status", action=text("cash.use_lot"), status=lot.status)


def _on_lot(
    kind: str,
    debit: AccountRef,
    credit: AccountRef,
    amount_minor: int,
    on: date,
    lot: Lot,
    seq: int,
) -> Movement:
    """Return a transfer that may recur on one lot, told apart by its event."""
    return Movement(kind, debit, credit, amount_minor, on, "lot", lot.id, lot.id, key=str(seq))
