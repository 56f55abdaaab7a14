"""When the unpaid rest of a grant falls due: pure arithmetic on its tranches.

What has been paid or asked for uses up its own tranche; payments of no tranche use up the earliest
ones. What waits for payment is due now. A tranche without a day, and what no tranche covers, falls
due when the grant starts; nothing falls due before today.

>>> from datetime import date
>>> today = date(2026, 5, 10)
>>> plan = [Part(1, 40, date(2026, 1, 1)), Part(2, 60, date(2026, 9, 1))]
>>> outflows(Claim(70, 10, 40, plan, None), today)
[(datetime.date(2026, 5, 10), 10), (datetime.date(2026, 9, 1), 60)]
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from operator import itemgetter
from typing import NamedTuple


class Part(NamedTuple):
    """A tranche; ``own_minor`` is what was paid or asked for of it by name."""

    number: int
    amount_minor: int
    due_on: date | None
    own_minor: int = 0


class Claim(NamedTuple):
    """A grant's money: what is unpaid, what of that waits for payment, and its tranches.

    ``untied_minor`` was paid or asked for without naming a tranche, what waits included.
    """

    unpaid_minor: int
    waiting_minor: int
    untied_minor: int
    parts: Sequence[Part]
    starts_on: date | None


def outflows(claim: Claim, today: date) -> list[tuple[date, int]]:
    """Return the days on which the unpaid rest falls due, and how much of it, in order."""
    start = max(claim.starts_on or today, today)
    found: dict[date, int] = {}
    waiting = min(claim.waiting_minor, claim.unpaid_minor)
    left = claim.unpaid_minor - waiting
    _add(found, today, waiting)
    untied = claim.untied_minor
    for part in sorted(claim.parts, key=itemgetter(0)):
        rest = max(part.amount_minor - part.own_minor, 0)
        used = min(untied, rest)
        untied -= used
        due = min(rest - used, left)
        left -= due
        _add(found, max(part.due_on, today) if part.due_on else start, due)
    _add(found, start, left)
    return sorted(found.items())


def _add(found: dict[date, int], on: date, minor: int) -> None:
    if minor:
        found[on] = found.get(on, 0) + minor
