"""Taking money off a lot that turns out not to be there, or not to be whose it seemed.

``reroute_from_lot`` moves unpaid reservations elsewhere before a receipt is reversed; ``relot``
restates everything that a lot did as another lot's, when the receipt was another donor's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from fundops import audit, clock, money
from fundops.allocation import pool, reserve
from fundops.allocation.earmarks import admits
from fundops.allocation.facts import earmark_of, facts_of
from fundops.allocation.plan import reroute_for_reversal
from fundops.allocation.position import Clearance, Move
from fundops.allocation.reserve import Source
from fundops.allocation.timeline import Timeline
from fundops.donors.models import Lot
from fundops.errors import Problem
from fundops.grants.models import ReservationPin
from fundops.ledger import balances, posting
from fundops.ledger.models import Account, AccountDay, Fund, Transfer
from fundops.ledger.posting import AccountRef, Movement
from fundops.messages import text


def reroute_from_lot(
    db: Session, actor: audit.Author, seq: int, lot_id: UUID, amount_minor: int
) -> None:
    """See to it that ``amount_minor`` is free on a lot, as part of event ``seq``.

    What is free already counts; for the rest the least money is moved: unpaid, unpinned
    reservations change to other lots that admit their grants. Each move counts from the earliest
    day on which the other lot could carry it, so that what is known now about the past is as
    sound as it can be. Raises ``not-fundable`` when part of it cannot be moved, naming how much.
    """
    lot = db.get_one(Lot, lot_id)
    fund = db.get_one(Fund, lot.fund_id)
    clearance = _clearance(db, fund, lot_id, amount_minor)
    if clearance.unmovable_minor:
        missing = money.display(clearance.unmovable_minor, fund.base_currency)
        raise Problem("not-fundable", detail=text("allocation.unmovable", amount=missing))
    source = Source("lot", lot_id, clock.today(fund.zone), reserve.own_key(db, seq))
    movements: list[Movement] = []
    for on, moves in _dated(db, fund.id, clearance.moves, source.on):
        dated = replace(source, on=on, key=f"{source.key}.{on.isoformat()}")
        movements += reserve.move(fund.id, dated, moves)
    if movements:
        audit.record(
            db, actor, "reservations.rerouted", "lot", lot_id, fund_id=fund.id,
            after={"moves": [list(one) for one in clearance.moves]},
        )  # fmt: skip
    posting.post(db, seq, movements)


def _clearance(db: Session, fund: Fund, lot_id: UUID, amount_minor: int) -> Clearance:
    free = balances.now(db, reserve.lot_account(fund.id, lot_id))
    if free >= amount_minor:
        return Clearance(amount_minor, (), 0)
    try:
        found = pool.read(db, fund.id, clock.today(fund.zone))
        if lot_id not in found.position.lot_by_id:
            return Clearance(free, (), amount_minor - free)
        return reroute_for_reversal(lot_id, amount_minor, found.position, found.on)
    except ValueError as error:
        # The pure functions state their maxima by this error; rows of ours cannot contradict.
        raise Problem("conflict", detail=text("grants.question_too_large")) from error


def _dated(
    db: Session, fund_id: UUID, moves: Sequence[Move], today: date
) -> list[tuple[date, list[Move]]]:
    """Return the moves by the day from which each counts: the earliest that overdraws nothing.

    A move may have to wait for another one to make room on its lot; what cannot be dated back
    counts from today.
    """
    refs = [ref for one in moves for ref in _touched(fund_id, one)]
    courses = _courses(db, refs)
    dated: dict[date, list[Move]] = {}
    waiting = list(moves)
    while waiting:
        ready = [one for one in waiting if _fits(fund_id, one, courses, today)]
        left = []
        for one in ready or waiting:
            fits = _fits(fund_id, one, courses, today)
            if ready and not fits:  # another of the ready took the room; one may yet make it
                left.append(one)
                continue
            held, old, new = (courses[ref] for ref in _touched(fund_id, one))
            amount, on = one.amount_minor, today
            if fits:
                on = max(held.earliest(amount, today), new.earliest(amount, today))
            held.add(on, -amount)
            new.add(on, -amount)
            old.add(on, amount)
            dated.setdefault(on, []).append(one)
        waiting = [one for one in waiting if one not in ready] + left if ready else []
    return sorted(dated.items())


def _touched(fund_id: UUID, one: Move) -> tuple[AccountRef, AccountRef, AccountRef]:
    """Return the accounts a move draws on: the old reservation, the old lot, the new lot."""
    return (
        reserve.reserved_account(fund_id, one.grant_id, one.from_lot_id),
        reserve.lot_account(fund_id, one.from_lot_id),
        reserve.lot_account(fund_id, one.to_lot_id),
    )


def _fits(fund_id: UUID, one: Move, courses: dict[AccountRef, Timeline], today: date) -> bool:
    held, _, new = _touched(fund_id, one)
    return all(courses[ref].floor_minor(today) >= one.amount_minor for ref in (held, new))


def _courses(db: Session, refs: Iterable[AccountRef]) -> dict[AccountRef, Timeline]:
    courses = {ref: Timeline() for ref in refs}
    by_id = {ref.id: ref for ref in courses}
    query = select(
        AccountDay.account_id, AccountDay.on_date, AccountDay.credits_minor, AccountDay.debits_minor
    ).where(AccountDay.account_id.in_(by_id))
    for account_id, day, credited, debited in db.execute(query):
        courses[by_id[account_id]].add(day, int(credited) - int(debited))
    return courses


def relot(db: Session, seq: int, old_lot_id: UUID, new_lot: Lot) -> None:
    """Restate every standing transfer of one lot on another, as part of event ``seq``.

    Each is reversed and made again with the new lot's accounts and its own original date, in one
    posting, so that only the difference of the two lots must be covered, which is nothing. Pins
    go along. The caller opens ``new_lot`` without money and closes the old one. Raises
    ``earmark-refuses`` when the new lot's earmark does not admit a grant that the old one still
    holds a reservation for: re-route it first. What is paid stays paid, whoever's it was.
    """
    fund_id = new_lot.fund_id
    _check_admitted(db, old_lot_id, new_lot)
    of_lot = select(Account.id).where(Account.lot_id == old_lot_id)
    standing = posting.standing(
        db,
        or_(Transfer.debit_account_id.in_(of_lot), Transfer.credit_account_id.in_(of_lot)),
    )
    accounts = {a for t in standing for a in (t.debit_account_id, t.credit_account_id)}
    refs = posting.refs_of(db, accounts)

    def renamed(ref: AccountRef) -> AccountRef:
        return ref._replace(lot_id=new_lot.id) if ref.lot_id == old_lot_id else ref

    again = [
        Movement(
            transfer.kind,
            renamed(refs[transfer.debit_account_id]),
            renamed(refs[transfer.credit_account_id]),
            transfer.amount_minor,
            transfer.effective_on,
            transfer.source_type,
            new_lot.id if transfer.source_id == old_lot_id else transfer.source_id,
            new_lot.id if transfer.lot_id == old_lot_id else transfer.lot_id,
            transfer.grant_id,
            key=f"relot {transfer.id}",
        )
        for transfer in standing
    ]
    assert all(movement.debit.fund_id == fund_id for movement in again), "lots of two funds"
    undone = posting.reversal_of(db, standing)
    posting.post(db, seq, [*undone, *again])
    db.execute(
        update(ReservationPin).where(ReservationPin.lot_id == old_lot_id).values(lot_id=new_lot.id)
    )


def _check_admitted(db: Session, old_lot_id: UUID, new_lot: Lot) -> None:
    held = [grant_id for grant_id, _, _ in balances.reserved_now(db, lot_ids=[old_lot_id])]
    mark = earmark_of(new_lot.earmark)
    facts = facts_of(db, held)
    refused = sorted(
        grant.code for grant in facts.values() if not admits(mark, grant, new_lot.opened_on)
    )
    if refused:
        raise Problem(
            "earmark-refuses", detail=text("grants.relot_refused", grants=", ".join(refused))
        )
