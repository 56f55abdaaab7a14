"""The course of one balance over dates, so that a back-dated movement never overdraws the past.

The database keeps an account's present balance from falling below zero. What counts earlier than
today must also leave every later day with enough: an award dated 1 March may only take what is
free on 1 March *and* on each day since.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from datetime import date


class Timeline:
    """A balance that starts at nothing and changes by so much on each day; minor units."""

    def __init__(self, changes: Iterable[tuple[date, int]] = ()) -> None:
        self._days: list[date] = []
        self._net: dict[date, int] = {}
        self.present_minor = 0
        """The balance after the last day."""
        for day, net in changes:
            self.add(day, net)

    def add(self, on: date, net_minor: int) -> None:
        """Note a change: positive adds to the balance, negative takes from it."""
        if on not in self._net:
            insort(self._days, on)
            self._net[on] = 0
        self._net[on] += net_minor
        self.present_minor += net_minor

    def floor_minor(self, on: date) -> int:
        """Return the lowest balance on ``on`` or any later day: what may be taken on ``on``."""
        lowest = balance = self.present_minor
        for day in reversed(self._days[bisect_right(self._days, on) :]):
            balance -= self._net[day]
            lowest = min(lowest, balance)
        return lowest

    def earliest(self, amount_minor: int, latest: date) -> date:
        """Return the earliest day, ``latest`` at most, from which ``amount_minor`` may be taken.

        Asked only for an amount that may be taken on ``latest``.
        """
        start = bisect_left(self._days, latest)
        found = latest
        balance = self.present_minor - sum(self._net[day] for day in self._days[start:])
        for day in reversed(self._days[:start]):
            if balance < amount_minor:
                break
            found = day
            balance -= self._net[day]
        return found
