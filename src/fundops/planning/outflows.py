"""What falls due to grants, when, and out of whose money.

An award that stands on cash is due as its tranches say, out of what is reserved for it. A
conditional one falls due when it starts, but not before the instalment it waits for is to come by
the agreed schedule: only a donor who pays late makes it late.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fundops.allocation.earmarks import Tightness
from fundops.allocation.facts import earmark_of
from fundops.allocation.position import LotFacts
from fundops.donors.lots import UNEARMARKED
from fundops.planning.inflows import Inflow
from fundops.planning.pools import Pools
from fundops.planning.queries import Books, Moment
from fundops.planning.schedule import Claim, Part, outflows

Reserved = tuple[UUID, int]
"""A lot and what a grant has reserved on it."""


@dataclass(frozen=True)
class Outflow:
    """Part of a grant that falls due on a day out of one pool, base minor units.

    ``is_reserved`` is whether the money for it is put aside already.
    """

    grant_id: UUID
    pool: int
    on: date
    minor: int
    is_reserved: bool


def on_cash(books: Books, moment: Moment, pools: Pools) -> list[Outflow]:
    """Return what is due of awards out of what is reserved for them, drawn as payments draw."""
    claims = _Claims(books, moment)
    orders = _orders(books)
    found: list[Outflow] = []
    for grant_id, parts in _reserved(books).items():
        parts.sort(key=lambda part: orders[part[0]])
        claim = claims(grant_id, sum(minor for _, minor in parts))
        found += _drawn(grant_id, parts, outflows(claim, moment.as_of), books, pools)
    return found


def conditional(
    books: Books, moment: Moment, pools: Pools, coming: Sequence[Inflow]
) -> list[Outflow]:
    """Return what awards wait for, in the order in which they were made."""
    schedule = {one.record_id: one for one in coming}
    home = {row.id: pools.of(row.earmark, row.agreement_id) for row in books.instalments}
    found = []
    for row in books.waiting:
        grant = books.grants.get(row.grant_id)
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
        found.append(Outflow(row.grant_id, pool, max(days), int(row.amount_minor), False))
    return found


def waits_for(books: Books, moment: Moment) -> dict[UUID, UUID]:
    """Return the instalment that each conditional grant waits for."""
    return {
        row.grant_id: row.instalment_id for row in books.waiting if _waited(row, moment)
    }  # fmt: skip


def _waited(row: Any, moment: Moment) -> bool:
    if row.ended_at is None:
        return True
    zone = ZoneInfo(moment.fund.zone)
    ended: date = row.ended_at.replace(tzinfo=UTC).astimezone(zone).date()
    return ended > moment.as_of


def _reserved(books: Books) -> dict[UUID, list[Reserved]]:
    found: dict[UUID, list[Reserved]] = {}
    for one in books.standings:
        if one.kind == "reserved" and one.grant_id is not None:
            found.setdefault(one.grant_id, []).append((one.lot_id, one.minor))
    return found


def _orders(books: Books) -> dict[UUID, tuple[Tightness, date, UUID]]:
    """Return how lots that hold something are drawn: tightest first, then oldest."""
    found = {}
    for lot_id in {one.lot_id for one in books.standings}:
        row = books.lots[lot_id]
        facts = LotFacts(
            row.id, row.agreement_id or row.id, earmark_of(row.earmark), row.opened_on, 0,
            row.spend_by_on,
        )  # fmt: skip
        found[lot_id] = facts.order
    return found


class _Claims:
    """Makes a grant's claim from its tranches and payments."""

    def __init__(self, books: Books, moment: Moment) -> None:
        self.starts: Mapping[UUID, Any] = books.grants
        self.tranches: dict[UUID, list[Any]] = {}
        for row in books.tranches:
            self.tranches.setdefault(row.grant_id, []).append(row)
        self.own: dict[UUID, int] = {}
        self.untied: dict[UUID, int] = {}
        self.waiting: dict[UUID, int] = {}
        for row in books.payments:
            minor = int(row.minor)
            if row.tranche_id is not None:
                self.own[row.tranche_id] = self.own.get(row.tranche_id, 0) + minor
            else:
                self.untied[row.grant_id] = self.untied.get(row.grant_id, 0) + minor
            if row.paid_on is None or row.paid_on > moment.as_of:
                self.waiting[row.grant_id] = self.waiting.get(row.grant_id, 0) + minor

    def __call__(self, grant_id: UUID, unpaid_minor: int) -> Claim:
        """Return what is unpaid of a grant and how it is scheduled."""
        grant = self.starts.get(grant_id)
        return Claim(
            unpaid_minor,
            self.waiting.get(grant_id, 0),
            self.untied.get(grant_id, 0),
            [
                Part(row.number, row.amount_minor, row.due_on, self.own.get(row.id, 0))
                for row in self.tranches.get(grant_id, ())
            ],
            None if grant is None else grant.starts_on,
        )


def _drawn(
    grant_id: UUID,
    parts: Sequence[Reserved],
    dues: Sequence[tuple[date, int]],
    books: Books,
    pools: Pools,
) -> Iterator[Outflow]:
    """Yield what is due by pool: each due draws the reservations in their order."""
    at, left = 0, parts[0][1]
    for on, minor in dues:
        rest = minor
        while rest:
            if not left:
                at, left = at + 1, parts[at + 1][1]
            lot = books.lots[parts[at][0]]
            taken = min(rest, left)
            rest, left = rest - taken, left - taken
            pool = pools.of(lot.earmark, lot.agreement_id or lot.id)
            yield Outflow(grant_id, pool, on, taken, True)
