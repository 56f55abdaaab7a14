"""Instalments: the schedule of an agreement, and how it may be changed.

An instalment may be added, rescheduled and revalued while its agreement is not closed, but never
below what was received for it and written off. All instalments of an agreement are in one
currency, its pledge's if it has one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from fundops import audit, clock, money
from fundops.donors import hooks
from fundops.donors.agreement_schemas import MAX_INSTALMENTS, InstalmentIn, InstalmentPatch
from fundops.donors.booking import base_equivalent, changed
from fundops.donors.models import Agreement, Instalment, Pledge
from fundops.donors.register_schemas import given
from fundops.errors import Problem, invalid
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.records import snapshot


def add_instalments(
    db: Session, agreement: Agreement, wanted: Sequence[InstalmentIn], pointer: str
) -> list[Instalment]:
    """Add instalments to an agreement and return them; the caller records the event.

    ``pointer`` is the place of the list in the body. Those without a number get the next ones.
    Raises ``invalid-request`` for a repeated number, another currency, and too many or too much.
    """
    places = [f"{pointer}/{index}" for index in range(len(wanted))]
    if len(places) == 1 and not pointer:
        places = [""]
    numbers = _numbers(db, agreement, wanted, places)
    currency = agreement_currency(db, agreement)
    added: list[Instalment] = []
    for one, number, place in zip(wanted, numbers, places, strict=True):
        currency = currency or one.amount.currency
        added.append(_instalment(db, agreement, one, number, currency, place))
    db.add_all(added)
    db.flush()
    check_total(db, agreement, f"{pointer}/amount" if places == [""] else pointer)
    return added


def add_instalment(
    db: Session, actor: audit.Author, agreement: Agreement, wanted: InstalmentIn
) -> Instalment:
    """Add one instalment to an agreement that is not closed."""
    _check_open(agreement, "add instalment")
    instalment = add_instalments(db, agreement, [wanted], "")[0]
    _record(db, actor, "instalment.added", agreement, instalment, after=snapshot(instalment))
    return instalment


def change_instalment(
    db: Session,
    actor: audit.Author,
    agreement: Agreement,
    instalment: Instalment,
    patch: InstalmentPatch,
) -> Instalment:
    """Reschedule or revalue an instalment.

    Raises ``over-matched`` (409) for less than was received and written off, ``wrong-status``
    once the agreement is closed.
    """
    _check_open(agreement, "change")
    values = dict(given(patch))
    if "amount" in values:
        del values["amount"]
        values |= _new_amount(db, agreement, instalment, patch)
    before, after = changed(instalment, values)
    db.flush()
    check_total(db, agreement, "/amount")
    if after.get("amount_minor", 0) < before.get("amount_minor", 0):
        hooks.lowered(db, instalment)
    _record(db, actor, "instalment.changed", agreement, instalment, before=before, after=after)
    return instalment


def agreement_currency(db: Session, agreement: Agreement) -> str | None:
    """Return the currency of the agreement's instalments, ``None`` while it is open."""
    if agreement.pledge_id is not None:
        return db.get_one(Pledge, agreement.pledge_id).currency
    query = select(Instalment.currency).where(Instalment.agreement_id == agreement.id).limit(1)
    return db.execute(query).scalar_one_or_none()


def check_total(db: Session, agreement: Agreement, pointer: str) -> None:
    """Keep the instalments of one agreement, and of one pledge, within what the system counts."""
    of_pledge = Agreement.pledge_id == agreement.pledge_id
    same = Agreement.id == agreement.id
    query = (
        select(func.sum(Instalment.amount_minor))
        .join(Agreement, Agreement.id == Instalment.agreement_id)
        .where(same if agreement.pledge_id is None else or_(same, of_pledge))
    )
    if int(db.execute(query).scalar_one() or 0) > money.MAX_MINOR:
        raise invalid(pointer, "register.total_too_large")


def _numbers(
    db: Session, agreement: Agreement, wanted: Sequence[InstalmentIn], places: Sequence[str]
) -> list[int]:
    query = select(Instalment.number).where(Instalment.agreement_id == agreement.id)
    taken = set(db.execute(query).scalars())
    if len(taken) + len(wanted) > MAX_INSTALMENTS:
        place = places[0].rpartition("/")[0]
        raise invalid(place, "register.too_many_instalments", maximum=MAX_INSTALMENTS)
    for one, place in zip(wanted, places, strict=True):
        if one.number in taken:
            raise invalid(f"{place}/number", "register.number_repeated")
        if one.number is not None:
            taken.add(one.number)
    following = max(taken, default=0)
    numbers: list[int] = []
    for one in wanted:
        if one.number is None:
            following += 1
        numbers.append(one.number or following)
    return numbers


def _instalment(
    db: Session,
    agreement: Agreement,
    wanted: InstalmentIn,
    number: int,
    currency: str,
    place: str,
) -> Instalment:
    if wanted.amount.currency != currency:
        raise invalid(f"{place}/amount/currency", "register.currency", expected=currency)
    minor = wanted.amount.minor(f"{place}/amount")
    return Instalment(
        id=uuid7(),
        agreement_id=agreement.id,
        number=number,
        due_on=wanted.due_on,
        amount_minor=minor,
        currency=currency,
        expected_base_minor=_expected_base(db, agreement, minor, currency, f"{place}/amount"),
        matched_minor=0,
        written_off_minor=0,
        created_at=clock.now(),
    )


def _new_amount(
    db: Session, agreement: Agreement, instalment: Instalment, patch: InstalmentPatch
) -> dict[str, Any]:
    currency = instalment.currency
    if patch.amount.currency != currency:
        raise invalid("/amount/currency", "register.currency", expected=currency)
    minor = patch.amount.minor("/amount")
    settled = instalment.matched_minor + instalment.written_off_minor
    if minor < settled:
        shown = money.display(settled, currency)
        raise Problem("over-matched", detail=text("register.instalment_below", settled=shown))
    base = _expected_base(db, agreement, minor, currency, "/amount")
    return {"amount_minor": minor, "expected_base_minor": base}


def _expected_base(
    db: Session, agreement: Agreement, minor: int, currency: str, pointer: str
) -> int | None:
    """Return what the instalment should bring in base currency: at the pledge's rate, if any."""
    fund = db.get_one(Fund, agreement.fund_id)
    pledge = db.get_one(Pledge, agreement.pledge_id) if agreement.pledge_id else None
    rate = pledge.rate if pledge is not None and currency != fund.base_currency else None
    on: date = agreement.signed_on or clock.today(fund.zone)
    return base_equivalent(db, fund, minor, currency, rate=rate, on=on, pointer=pointer)[1]


def _check_open(agreement: Agreement, action: str) -> None:
    if agreement.status == "closed":
        raise Problem("wrong-status", action=action, status=agreement.status)


def _record(
    db: Session,
    actor: audit.Author,
    action: str,
    agreement: Agreement,
    instalment: Instalment,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    audit.record(
        db,
        actor,
        action,
        "instalment",
        instalment.id,
        fund_id=agreement.fund_id,
        before=before,
        after=after,
    )
