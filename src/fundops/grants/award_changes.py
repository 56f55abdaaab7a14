"""More or less money for a grant: what an amendment in force reserves anew, or gives back.

More is asked of the fund's money as an award is: reserved in full, with other grants' unpaid
reservations moved where needed, within the call's envelope, or refused with what binds. Less gives
back unpaid reservations, the loosest first, so that the grant keeps the money it draws first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import delete
from sqlalchemy.orm import Session

from fundops import audit, clock, money
from fundops.allocation import pool, reserve
from fundops.allocation.facts import facts_of
from fundops.allocation.holdings import Holding, holdings, take
from fundops.allocation.position import Draw, NotFundable, Plan
from fundops.allocation.reserve import Source
from fundops.calls.models import Call
from fundops.errors import Problem
from fundops.grants.envelopes import refuse_beyond
from fundops.grants.models import Grant, ReservationPin
from fundops.grants.refusals import Words, not_fundable
from fundops.ledger import posting
from fundops.ledger.models import Fund
from fundops.messages import text


def check(db: Session, actor: audit.Author, fund: Fund, grant: Grant, amount_minor: int) -> None:
    """Refuse an amount that the grant could not be changed to today. Changes nothing."""
    if amount_minor > grant.awarded_minor:
        _plan(db, actor, fund, grant, amount_minor - grant.awarded_minor, clock.today(fund.zone))
    else:
        _check_left(fund, grant, amount_minor)


def change(db: Session, actor: audit.Author, fund: Fund, grant: Grant, amount_minor: int) -> None:
    """Change what a grant is awarded, from today on, with its reservations.

    Raises ``not-fundable`` naming what binds, ``insufficient-funds`` beyond the call's envelope or
    for less than is requested and paid, ``conflict`` where a later day needs the money.
    """
    on = clock.today(fund.zone)
    if amount_minor > grant.awarded_minor:
        _increase(db, actor, fund, grant, amount_minor, on)
    elif amount_minor < grant.awarded_minor:
        _decrease(db, actor, fund, grant, amount_minor, on)


def _plan(
    db: Session, actor: audit.Author, fund: Fund, grant: Grant, more_minor: int, on: date
) -> Plan:
    """Return how more money for a grant is drawn; raise what binds."""
    if fund.status != "open":
        raise Problem("conflict", detail=text("grants.fund_closed"))
    if grant.call_id is not None:
        refuse_beyond(db, fund, db.get_one(Call, grant.call_id), more_minor)
    facts = facts_of(db, [grant.id])[grant.id]
    answer = pool.ask(db, fund.id, [(facts, more_minor)], on)
    if isinstance(answer.result, NotFundable):
        words = Words(db, actor, answer.pool, {grant.id: grant.code})
        raise not_fundable(words, answer.result, [facts], "/amount")
    return answer.result.plan


def _increase(
    db: Session, actor: audit.Author, fund: Fund, grant: Grant, amount_minor: int, on: date
) -> None:
    plan = _plan(db, actor, fund, grant, amount_minor - grant.awarded_minor, on)
    seq = _record(db, actor, "grant.award_increased", grant, amount_minor, plan.draws)
    # Keys of their own: the award itself has reserved under the grant before, perhaps the same lot.
    moved = Source("grant", grant.id, on, reserve.own_key(db, seq))
    drawn = Source("grant", grant.id, on, reserve.own_key(db, seq))
    posting.post(
        db,
        seq,
        [
            *reserve.move(fund.id, moved, plan.moves),
            *reserve.reserve(fund.id, drawn, plan.draws),
        ],
    )


def _decrease(
    db: Session, actor: audit.Author, fund: Fund, grant: Grant, amount_minor: int, on: date
) -> None:
    _check_left(fund, grant, amount_minor)
    held = holdings(db, grant.id, "reserved", on)
    parts, missing = take(reversed(held), grant.awarded_minor - amount_minor)
    if missing:
        raise Problem("conflict", detail=text("grants.reserved_later"))
    _unpin(db, grant, held, parts)
    seq = _record(db, actor, "grant.award_reduced", grant, amount_minor, parts)
    source = Source("grant", grant.id, on, reserve.own_key(db, seq))
    posting.post(db, seq, reserve.void(fund.id, source, parts))


def _check_left(fund: Fund, grant: Grant, amount_minor: int) -> None:
    """Refuse less than is paid or waits to be paid."""
    used = grant.requested_minor + grant.paid_minor
    if amount_minor < used:
        shown = money.display(used, fund.base_currency)
        raise Problem("insufficient-funds", detail=text("amendments.below_paid", used=shown))


def _unpin(db: Session, grant: Grant, held: Sequence[Holding], parts: Sequence[Draw]) -> None:
    """Take the pins off reservations that are given back to the last cent."""
    given = {part.lot_id: part.amount_minor for part in parts}
    emptied = [one.lot_id for one in held if given.get(one.lot_id) == one.present_minor]
    db.execute(
        delete(ReservationPin).where(
            ReservationPin.grant_id == grant.id, ReservationPin.lot_id.in_(emptied)
        )
    )


def _record(
    db: Session, actor: audit.Author, action: str, grant: Grant, amount_minor: int,
    parts: Sequence[Draw],
) -> int:  # fmt: skip
    before = {"awarded_minor": grant.awarded_minor}
    grant.awarded_minor = amount_minor
    db.flush()
    return audit.record(
        db, actor, action, "grant", grant.id, fund_id=grant.fund_id, before=before,
        after={
            "awarded_minor": amount_minor,
            "parts": [[part.lot_id, part.amount_minor] for part in parts],
        },
    )  # fmt: skip
