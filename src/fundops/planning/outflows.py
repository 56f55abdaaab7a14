"""What falls due to grants, when, and out of whose money.

An award that stands on cash is due as its tranches say, out of what is reserved for it. A
conditional one falls due when it starts, but not before the instalment it waits for is to come by
the agreed schedule: only a donor who pays late makes it late.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date
from typing import Any, NamedTuple
from uuid import UUID

from fundops import clock
from fundops.allocation.earmarks import Tightness
from fundops.allocation.facts import earmark_of
from fundops.allocation.position import LotFacts
from fundops.donors.lots import UNEARMARKED
from fundops.planning.inflows import Inflow
from fundops.planning.pools import Pools
from fundops.planning.queries import Books, Key, Moment, day_of
from fundops.planning.schedule import Claim, Part, outflows

Reserved = tuple[Key, int]
"""A lot and what a grant has reserved on it."""


class Outflow(NamedTuple):
    """Part of a grant that falls due on a day out of one pool, base minor units.

    ``is_reserved`` is whether the money for it is put aside already.
    """

    grant: Key
    pool: int
    on: date
    minor: int
    is_reserved: bool


def on_cash(books: Books, moment: Moment, pools: Pools) -> list[Outflow]:
    """Return what is due of awards out of what is reserved for them, drawn as payments draw."""
    claims = _Claims(books, moment)
    orders = _orders(books)
    homes = {
        key: pools.of(row.earmark, row.agreement_id or row.id)
        for key, row in books.lots.items()
        if key in orders
    }
    found: list[Outflow] = []
    for grant, parts in _reserved(books).items():
        if len(parts) > 1:
            parts.sort(key=lambda part: orders[part[0]])
        claim = claims(grant, sum(minor for _, minor in parts))
        found += _drawn(grant, parts, outflows(claim, moment.as_of), homes)
    return found


def conditional(
    books: Books, moment: Moment, pools: Pools, coming: Sequence[Inflow]
) -> list[Outflow]:
    """Return what awards wait for, in the order in which they were made."""
    schedule = {one.record_id: one for one in coming}
    home = {row.id: pools.of(row.earmark, row.agreement_id) for row in books.instalments}
    found = []
    for row in books.waiting:
        grant = books.grants.get(row.grant_key)
        if grant is None or not _waited(row, moment):
            continue
        comes = schedule.get(row.instalment_id)
        # What is fully received and still not enough is waited for now.
        days = [moment.as_of, grant.starts_on or moment.as_of]
        if comes is not None and comes.on is not None:
            days.append(comes.on)
        pool = home.get(row.instalment_id)
        if pool is None:
            pool = pools.of(UNEARMARKED, row.instalment_id)
        found.append(Outflow(row.grant_key, pool, max(days), int(row.amount_minor), False))
    return found


def waits_for(books: Books, moment: Moment) -> dict[Key, UUID]:
    """Return the instalment that each conditional grant waits for."""
    return {row.grant_key: row.instalment_id for row in books.waiting if _waited(row, moment)}


def _waited(row: Any, moment: Moment) -> bool:
    if row.ended_at is None:
        return True
    return clock.day_in(row.ended_at.replace(tzinfo=UTC), moment.fund.zone) > moment.as_of


def _reserved(books: Books) -> dict[Key, list[Reserved]]:
    found: dict[Key, list[Reserved]] = {}
    for one in books.standings:
        if one.kind == "reserved" and one.grant_id is not None:
            found.setdefault(one.grant_id, []).append((one.lot_id, one.minor))
    return found


def _orders(books: Books) -> dict[Key, tuple[Tightness, date, UUID]]:
    """Return how lots that hold something are drawn: tightest first, then oldest."""
    found = {}
    for key in {one.lot_id for one in books.standings}:
        row = books.lots[key]
        facts = LotFacts(
            row.id, row.agreement_id or row.id, earmark_of(row.earmark), row.opened_on, 0,
            row.spend_by_on,
        )  # fmt: skip
        found[key] = facts.order
    return found


class _Claims:
    """Makes a grant's claim from its tranches and payments."""

    def __init__(self, books: Books, moment: Moment) -> None:
        self.grants = books.grants
        self.own: dict[Key, int] = {}
        self.untied: dict[Key, int] = {}
        self.waiting: dict[Key, int] = {}
        for grant, tranche, paid, minor in books.payments:
            paid_on = day_of(paid)
            if tranche is not None:
                self.own[tranche] = self.own.get(tranche, 0) + int(minor)
            else:
                self.untied[grant] = self.untied.get(grant, 0) + int(minor)
            if paid_on is None or paid_on > moment.as_of:
                self.waiting[grant] = self.waiting.get(grant, 0) + int(minor)
        self.parts: dict[Key, list[Part]] = {}
        for grant, tranche, number, due_on, minor in books.tranches:
            part = Part(number, minor, day_of(due_on), self.own.get(tranche, 0))
            self.parts.setdefault(grant, []).append(part)

    def __call__(self, grant: Key, unpaid_minor: int) -> Claim:
        """Return what is unpaid of a grant and how it is scheduled."""
        row: Any = self.grants.get(grant)
        return Claim(
            unpaid_minor,
            self.waiting.get(grant, 0),
            self.untied.get(grant, 0),
            self.parts.get(grant, ()),
            None if row is None else row.starts_on,
        )


def _drawn(
    grant: Key,
    parts: Sequence[Reserved],
    dues: Sequence[tuple[date, int]],
    homes: Mapping[Key, int],
) -> list[Outflow]:
    """Return what is due by pool: each due draws the reservations in their order."""
    found, at, left = [], 0, parts[0][1]
    for on, minor in dues:
        rest = minor
        while rest:
            if not left:
                at += 1
                left = parts[at][1]
            taken = min(rest, left)
            rest, left = rest - taken, left - taken
            found.append(Outflow(grant, homes[parts[at][0]], on, taken, True))
    return found
