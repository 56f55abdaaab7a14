"""Donors' written choices about unspent money: it is returned, or reprogrammed.

Only available money: what is reserved, set aside or held for support cost is freed first by its
own command. Reprogrammed money becomes a lot of the other agreement, with that agreement's
earmark. It came in once, so neither agent fee nor support cost on receipts is charged again; an
agreement with support cost on expenditure holds its provision from it.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Permission
from fundops.codes import next_code
from fundops.donors import cash_rules as rules
from fundops.donors.charges import support_hold
from fundops.donors.claim_schemas import ChoiceIn
from fundops.donors.lots import add_lot, held, require_open_lot, terms_of
from fundops.donors.models import Agreement, DonorChoice, Lot
from fundops.errors import Problem, invalid
from fundops.ids import uuid7
from fundops.ledger import posting
from fundops.ledger.models import Fund
from fundops.ledger.posting import AccountRef, Movement
from fundops.records import snapshot


def lot_for(
    db: Session, actor: Actor, permission: Permission, lot_id: UUID, pointer: str = "/lot_id"
) -> Lot:
    """Return the open lot a body names, fresh; refuse at ``pointer`` one that may not be used."""
    query = select(Lot).where(Lot.id == lot_id).execution_options(populate_existing=True)
    lot = db.execute(query).scalar_one_or_none()
    funds = actor.funds(permission)
    if lot is None or (funds is not None and lot.fund_id not in funds):
        raise invalid(pointer, "validation.unknown_record")
    require_open_lot(lot)
    return lot


def choose(db: Session, actor: Actor, given: ChoiceIn) -> DonorChoice:
    """Carry out a donor's written choice about available money of a lot.

    Raises ``insufficient-funds`` for more than has been available ever since ``effective_on``.
    """
    lot = lot_for(db, actor, Permission.MONEY_WRITE, given.lot_id)
    fund = rules.fund_of(db, lot.fund_id)
    rules.require_open(fund)
    rules.not_future(fund, given.effective_on, "/effective_on")
    rules.not_future(fund, given.written_on, "/written_on")
    rules.not_before(given.effective_on, lot.opened_on, "/effective_on")
    minor = rules.base_minor(fund, given.amount, "/amount")
    rules.require_held(db, held(lot), minor, given.effective_on)
    choice = DonorChoice(
        id=uuid7(),
        code=next_code(db, "CHO", given.effective_on.year),
        kind=given.kind,
        lot_id=lot.id,
        amount_minor=minor,
        written_on=given.written_on,
        effective_on=given.effective_on,
        document=given.document,
        created_at=clock.now(),
    )
    if given.kind == "reprogram":
        movements = _reprogram(db, given, choice, lot)
    else:
        movements = _give_back(given, choice, lot, fund)
    db.add(choice)
    db.flush()
    seq = audit.record(
        db,
        actor,
        "lot.returned" if given.kind == "return" else "lot.reprogrammed",
        "donor_choice",
        choice.id,
        fund_id=fund.id,
        after=snapshot(choice),
    )
    posting.post(db, seq, movements)
    return choice


def _give_back(given: ChoiceIn, choice: DonorChoice, lot: Lot, fund: Fund) -> list[Movement]:
    if given.agreement_id is not None:
        raise invalid("/agreement_id", "cash.agreement_not_needed")
    bank = AccountRef(fund.id, "bank")
    return [_line("donor_return", held(lot), bank, choice.amount_minor, choice, lot.id)]


def _reprogram(db: Session, given: ChoiceIn, choice: DonorChoice, lot: Lot) -> list[Movement]:
    agreement = _other_agreement(db, given, lot)
    new = add_lot(
        db,
        "reprogram",
        lot.fund_id,
        lot.donor_id,
        choice.amount_minor,
        choice.effective_on,
        terms_of(agreement),
        replaces_id=lot.id,
    )
    choice.new_lot_id = new.id
    movements = [_line("reprogram", held(lot), held(new), choice.amount_minor, choice, lot.id)]
    kept = support_hold(choice.amount_minor, agreement)
    if kept:
        provision = held(new, "provision")
        movements.append(_line("support_cost_hold", held(new), provision, kept, choice, new.id))
    return movements


def _other_agreement(db: Session, given: ChoiceIn, lot: Lot) -> Agreement:
    if given.agreement_id is None:
        raise invalid("/agreement_id", "validation.missing")
    agreement = db.get(Agreement, given.agreement_id)
    if (
        agreement is None
        or agreement.fund_id != lot.fund_id
        or agreement.donor_id != lot.donor_id
        or agreement.id == lot.agreement_id
    ):
        raise invalid("/agreement_id", "cash.other_agreement")
    if agreement.status != "active":
        raise Problem("wrong-status", action="reprogram", status=agreement.status)
    return agreement


def _line(
    kind: str,
    debit: AccountRef,
    credit: AccountRef,
    minor: int,
    choice: DonorChoice,
    lot_id: UUID,
) -> Movement:
    return Movement(
        kind, debit, credit, minor, choice.effective_on, "donor_choice", choice.id, lot_id
    )
