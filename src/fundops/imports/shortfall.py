"""Which grants must give money back when lots turn out to have less, or to have it later.

A lot's money is followed over its days: once its own change is in, no day may lack money for what
was drawn by then. The grants drawn last give way first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops.allocation.timeline import Timeline
from fundops.imports.context import chunks
from fundops.ledger import posting
from fundops.ledger.models import Account, AccountDay, Transfer

Changes = Mapping[UUID, Sequence[tuple[date, int]]]
"""Per lot, what will be put on it (positive) and taken off (negative), by day."""

_SIGNS = {"reserve": -1, "void": 1, "refund": 1}


def giving_way(db: Session, changes: Changes) -> tuple[set[UUID], set[UUID]]:
    """Return the grants to take back before ``changes``, and the lots that lack money even so."""
    courses = _courses(db, changes)
    drawn = _drawn(db, changes)
    grants: set[UUID] = set()
    short: set[UUID] = set()
    for lot_id in sorted(changes):
        course = courses[lot_id]
        by_grant = drawn.get(lot_id, {})
        for grant_id in sorted(grants & by_grant.keys()):
            _give_back(course, by_grant.pop(grant_id))
        latest = sorted(by_grant, key=lambda one: (min(by_grant[one])[0], one))
        while course.floor_minor(date.min) < 0 and latest:
            grant_id = latest.pop()
            _give_back(course, by_grant[grant_id])
            grants.add(grant_id)
        if course.floor_minor(date.min) < 0:
            short.add(lot_id)
    return grants, short


def _give_back(course: Timeline, legs: Sequence[tuple[date, int]]) -> None:
    for day, net in legs:
        course.add(day, -net)


def _courses(db: Session, changes: Changes) -> dict[UUID, Timeline]:
    courses = {lot_id: Timeline(parts) for lot_id, parts in changes.items()}
    for part in chunks(sorted(changes)):
        query = (
            select(
                Account.lot_id, AccountDay.on_date,
                AccountDay.credits_minor - AccountDay.debits_minor,
            )
            .join(Account, Account.id == AccountDay.account_id)
            .where(Account.kind == "lot", Account.lot_id.in_(part))
        )  # fmt: skip
        for lot_id, day, net in db.execute(query):
            assert lot_id is not None
            courses[lot_id].add(day, int(net))
    return courses


def _drawn(db: Session, changes: Changes) -> dict[UUID, dict[UUID, list[tuple[date, int]]]]:
    """Return per lot and grant what was drawn and given back: (day, signed amount)."""
    found: dict[UUID, dict[UUID, list[tuple[date, int]]]] = {}
    for part in chunks(sorted(changes)):
        for transfer in posting.standing(db, Transfer.lot_id.in_(part), Transfer.kind.in_(_SIGNS)):
            if transfer.lot_id is None or transfer.grant_id is None:
                continue
            legs = found.setdefault(transfer.lot_id, {}).setdefault(transfer.grant_id, [])
            legs.append((transfer.effective_on, _SIGNS[transfer.kind] * transfer.amount_minor))
    return found
