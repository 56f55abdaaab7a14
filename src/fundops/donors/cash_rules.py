"""Rules that every booking of cash keeps: which fund, which currency, which day, which money."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops import clock
from fundops.authz import Actor, Permission
from fundops.errors import FieldError, Problem, invalid
from fundops.ledger.balances import Balance
from fundops.ledger.models import AccountDay, AccountMonth, Fund
from fundops.ledger.posting import AccountRef
from fundops.messages import text
from fundops.schemas import MoneyIn

CHUNK = 500


def usable_fund(
    db: Session, actor: Actor, permission: Permission, fund_id: UUID, pointer: str = "/fund_id"
) -> Fund:
    """Return the open fund a body names, if ``permission`` is held for it.

    Raises ``invalid-request`` at ``pointer`` for any other, ``wrong-status`` for a closed one.
    """
    funds = actor.funds(permission)
    fund = db.get(Fund, fund_id) if funds is None or fund_id in funds else None
    if fund is None:
        raise invalid(pointer, "validation.unknown_record")
    require_open(fund)
    return fund


def fund_of(db: Session, fund_id: UUID) -> Fund:
    """Return the fund a stored record belongs to."""
    return db.execute(select(Fund).where(Fund.id == fund_id)).scalar_one()


def require_open(fund: Fund) -> None:
    """Raise ``wrong-status`` for a closed fund: its books take nothing more."""
    if fund.status != "open":
        raise Problem("wrong-status", action=text("cash.book_in_fund"), status=fund.status)


def base_minor(fund: Fund, given: MoneyIn, pointer: str, *, zero: bool = False) -> int:
    """Return minor units of an amount that must be in the fund's base currency."""
    return minor_in(given, fund.base_currency, pointer, zero=zero)


def minor_in(given: MoneyIn, currency: str, pointer: str, *, zero: bool = False) -> int:
    """Return minor units of ``given``; raise ``currency-mismatch`` unless it is ``currency``."""
    if given.currency != currency:
        wrong = FieldError(f"{pointer}/currency", text("cash.other_currency", expected=currency))
        raise Problem("currency-mismatch", errors=[wrong], expected=currency)
    return given.minor(pointer, zero=zero)


def not_future(fund: Fund, on: date, pointer: str) -> None:
    """Raise ``invalid-request`` at ``pointer`` for a day that has not come in the fund's zone."""
    if on > clock.today(fund.zone):
        raise invalid(pointer, "validation.future")


def not_before(on: date, earliest: date, pointer: str) -> None:
    """Raise ``invalid-request`` at ``pointer`` for a day before ``earliest``."""
    if on < earliest:
        raise invalid(pointer, "validation.dates_order")


def least_since(db: Session, refs: Sequence[AccountRef], on: date) -> dict[AccountRef, int]:
    """Return for each account its least balance at the end of any day from ``on`` until now.

    What is taken out as of a past day must have been there ever since, or a balance of the past
    would turn negative. Three queries for every 500 accounts, however long their history.
    """
    least: dict[AccountRef, int] = {}
    for start in range(0, len(refs), CHUNK):
        least.update(_least_since(db, refs[start : start + CHUNK], on))
    return least


def _least_since(db: Session, refs: Sequence[AccountRef], on: date) -> dict[AccountRef, int]:
    by_id = {ref.id: ref for ref in refs}
    month = on.replace(day=1)
    running = dict.fromkeys(refs, 0)
    opening = (
        (AccountMonth, (AccountMonth.month_on < month,)),
        (AccountDay, (AccountDay.on_date >= month, AccountDay.on_date <= on)),
    )
    for table, criteria in opening:
        query = (
            select(table.account_id, func.sum(table.debits_minor), func.sum(table.credits_minor))
            .where(table.account_id.in_(by_id), *criteria)
            .group_by(table.account_id)
        )
        for account_id, debit, credit in db.execute(query):
            ref = by_id[account_id]
            running[ref] += Balance(ref.kind, int(debit), int(credit)).minor
    least = dict(running)
    later = (
        select(AccountDay.account_id, AccountDay.debits_minor, AccountDay.credits_minor)
        .where(AccountDay.account_id.in_(by_id), AccountDay.on_date > on)
        .order_by(AccountDay.on_date)
    )
    for account_id, debit, credit in db.execute(later):
        ref = by_id[account_id]
        running[ref] += Balance(ref.kind, debit, credit).minor
        least[ref] = min(least[ref], running[ref])
    return least


def require_held(db: Session, ref: AccountRef, amount_minor: int, on: date) -> None:
    """Raise ``insufficient-funds`` unless ``ref`` has held ``amount_minor`` ever since ``on``."""
    if least_since(db, [ref], on)[ref] < amount_minor:
        raise Problem("insufficient-funds", detail=text("cash.not_held_since"))
