"""What is expected to come in, from when: instalments net of charges, and pledges beside them.

An instalment counts with what is outstanding of it, in base currency at the agreed rate, less
agent fee and support cost, all rounded against us. It is expected on its own day, else on its
pledge's, else by the end of the pledge's fiscal year; what is overdue is expected now. Instalments
under conditions that are not met yet, and pledges, stand beside and are not counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from fundops.donors.lots import UNEARMARKED
from fundops.grants.conditional import net_minor
from fundops.planning.pools import Pools
from fundops.planning.queries import Books, Moment

SORTS = ("instalment", "conditions", "pledge", "pipeline")
"""``conditions``: an instalment whose conditions are not met; ``pipeline``: not yet promised."""


@dataclass(frozen=True)
class Inflow:
    """Money that may come, in base minor units, net of charges where an agreement says them.

    ``on`` is when it is expected, never before the plan's day; ``dated_by`` where that comes from
    (``due``, ``pledge``, ``year``, ``none``). ``is_overdue``: its own day has gone by on the plan's
    day. After ``last_day`` it could not be reserved.
    """

    sort: str
    code: str
    number: int | None
    record_id: UUID
    donor_id: UUID
    pool: int
    minor: int
    on: date | None
    dated_by: str
    is_overdue: bool
    is_binding: bool
    last_day: date


def inflows(books: Books, moment: Moment, pools: Pools) -> list[Inflow]:
    """Return everything that may come in, in order of its day."""
    found = [*_instalments(books, moment, pools), *_pledges(books, moment, pools)]
    return sorted(found, key=lambda one: (one.on or date.max, one.code, one.number or 0))


def delayed(found: list[Inflow], late: list[UUID], days: int) -> list[Inflow]:
    """Return the inflows with those of ``late`` records coming so many days later."""
    chosen = set(late)
    return [
        replace(one, on=one.on + timedelta(days=days))
        if one.record_id in chosen and one.on is not None
        else one
        for one in found
    ]


def _instalments(books: Books, moment: Moment, pools: Pools) -> Iterator[Inflow]:
    base = moment.fund.base_currency
    for row in books.instalments:
        rest = int(row.rest) + books.settled_later.get(row.id, 0)
        if rest <= 0:
            continue
        if row.currency == base:
            gross = rest
        else:
            gross = (row.expected_base_minor or 0) * rest // row.amount_minor
        open_condition = row.has_return_obligation and (
            row.conditions_met_on is None or row.conditions_met_on > moment.as_of
        )
        agreed_on, dated_by = _expected(row.due_on, row.expected_on, row.fiscal_year)
        terms: Any = row
        yield Inflow(
            sort="conditions" if open_condition else "instalment",
            code=row.code,
            number=row.number,
            record_id=row.id,
            donor_id=row.donor_id,
            pool=pools.of(row.earmark, row.agreement_id),
            minor=net_minor(gross, terms),
            on=None if agreed_on is None else max(agreed_on, moment.as_of),
            dated_by=dated_by,
            is_overdue=agreed_on is not None and agreed_on < moment.as_of,
            is_binding=row.is_binding,
            last_day=last_day(pools, row),
        )


def last_day(pools: Pools, row: Any) -> date:
    """Return the last day on which money of a lot's or agreement's row may be reserved."""
    mark = pools.marks[pools.of(row.earmark, row.agreement_id or row.id)]
    return min(row.spend_by_on or date.max, mark.spend_by_on or date.max)


def _expected(
    due_on: date | None, expected_on: date | None, fiscal_year: int | None
) -> tuple[date | None, str]:
    if due_on is not None:
        return due_on, "due"
    if expected_on is not None:
        return expected_on, "pledge"
    if fiscal_year is not None:
        return date(fiscal_year, 12, 31), "year"
    return None, "none"


def _pledges(books: Books, moment: Moment, pools: Pools) -> Iterator[Inflow]:
    base = moment.fund.base_currency
    for row in books.pledges:
        rest = row.amount_minor - books.agreed.get(row.id, 0)
        if rest <= 0:
            continue
        is_base = row.currency == base
        minor = rest if is_base else (row.base_minor or 0) * rest // row.amount_minor
        agreed_on, dated_by = _expected(None, row.expected_on, row.fiscal_year)
        yield Inflow(
            sort="pipeline" if row.status == "pipeline" else "pledge",
            code=row.code,
            number=None,
            record_id=row.id,
            donor_id=row.donor_id,
            pool=pools.of(UNEARMARKED, row.id),
            minor=minor,
            on=None if agreed_on is None else max(agreed_on, moment.as_of),
            dated_by=dated_by,
            is_overdue=agreed_on is not None and agreed_on < moment.as_of,
            is_binding=False,
            last_day=date.max,
        )
