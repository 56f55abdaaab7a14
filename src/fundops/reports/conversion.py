"""What local spending cost in the fund's currency: exact, by the method a grantee declared.

Pure: nothing is read or written here. Amounts are minor units, ``base`` of the fund's currency and
``local`` of the grantee's; between roundings everything is a fraction. Reports are costed in the
order of their periods, so that the costs of all of them sum to the rounded cost of all spending.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from fundops import money

FIRST_IN, AVERAGE = "first_in_first_out", "weighted_average"
METHODS = (FIRST_IN, AVERAGE)


class NoRate(ValueError):
    """Something was spent before any money was exchanged, and no rate is on record."""


@dataclass(frozen=True, slots=True)
class Exchanged:
    """Money of the fund that a grantee received in its own currency; both amounts positive."""

    received_on: date
    base_minor: int
    local_minor: int

    @property
    def rate(self) -> Fraction:
        """Base per local, minor units of each."""
        return Fraction(self.base_minor, self.local_minor)


@dataclass(frozen=True, slots=True)
class Spent:
    """Local spending of one report, what it was converted to, and what was accepted of that."""

    local_minor: int
    reported_minor: int
    accepted_minor: int


@dataclass(frozen=True, slots=True)
class Basis:
    """By what local spending is costed: the method, and money received in the order of its day.

    ``on_record`` is base per local by the fund's own rates, for spending before anything came.
    """

    method: str
    received: tuple[Exchanged, ...]
    on_record: Fraction | None = None

    def exact(self, local_minor: int) -> Fraction:
        """Return what the first ``local_minor`` of all spending cost.

        What was received pays first: in the order in which it came, or at the average of all of
        it. Anything beyond was pre-financed by the grantee and is costed at the last known rate.
        Raises ``NoRate`` where none is known.
        """
        had = sum(one.local_minor for one in self.received)
        covered = min(local_minor, had)
        beyond = (local_minor - covered) * self._last() if local_minor > covered else Fraction(0)
        if not covered:
            return beyond
        if self.method == AVERAGE:
            return covered * Fraction(sum(one.base_minor for one in self.received), had) + beyond
        cost = Fraction(0)
        for one in self.received:
            used = min(covered, one.local_minor)
            cost += used * one.rate
            covered -= used
        return cost + beyond

    def cost(self, local_minor: int) -> int:
        """Return ``exact`` rounded half up to minor units."""
        return half_up(self.exact(local_minor))

    def _last(self) -> Fraction:
        if self.received:
            return self.received[-1].rate
        if self.on_record is None:
            raise NoRate
        return self.on_record


def basis(
    method: str,
    received: Sequence[Exchanged],
    until: date,
    local_minor: int,
    on_record: Fraction | None = None,
) -> Basis:
    """Return the basis for ``local_minor`` of spending in periods that end by ``until``.

    It rests on what came by that day and, where more was spent, on what came next to cover it.
    """
    if method not in METHODS:
        raise ValueError(method)
    used: list[Exchanged] = []
    had = 0
    for one in sorted(received, key=lambda one: one.received_on):
        if one.received_on > until and had >= local_minor:
            break
        used.append(one)
        had += one.local_minor
    return Basis(method, tuple(used), on_record)


def lines_of(basis: Basis, before_minor: int, locals_minor: Sequence[int]) -> list[int]:
    """Return what a report's lines cost after ``before_minor`` of earlier local spending.

    They sum to the cost of the report: parts by largest remainder, ties to the first line.
    """
    total = basis.cost(before_minor + sum(locals_minor)) - basis.cost(before_minor)
    return money.allocate(total, locals_minor)


def charged(basis: Basis, reports: Sequence[Spent]) -> int:
    """Return what reports, in the order of their periods, are to be charged by what is known now.

    Of a report that was accepted in part, that part of its present cost. With everything accepted
    it is the rounded cost of all local spending, whatever the reports were converted at before.
    """
    total = before = 0
    for one in reports:
        cost = basis.cost(before + one.local_minor) - basis.cost(before)
        before += one.local_minor
        if one.accepted_minor == one.reported_minor:
            total += cost
        else:
            total += half_up(Fraction(cost * one.accepted_minor, one.reported_minor))
    return total


def difference(basis: Basis, reports: Sequence[Spent], charged_minor: int) -> int:
    """Return a report's exchange difference: a loss is positive, a gain negative.

    ``reports`` are all that count with this one among them, ``charged_minor`` what was charged
    for them so far, this one's lines included.
    """
    return charged(basis, reports) - charged_minor


def base_per_local(rate: Decimal, currency: str, base: str) -> Fraction:
    """Return a published rate (units of ``currency`` per unit of ``base``) in minor units."""
    scale = Fraction(10) ** (money.exponent(base) - money.exponent(currency))
    return scale / Fraction(rate)


def half_up(value: Fraction) -> int:
    """Return a fraction rounded to the nearest whole, halves away from zero."""
    rounded = (abs(value) + Fraction(1, 2)).__floor__()
    return rounded if value >= 0 else -rounded


def strays(rate: Fraction, on_record: Fraction, percent: int) -> bool:
    """Return whether a rate is further than ``percent`` from the one on record."""
    return abs(rate - on_record) * 100 > on_record * percent


def parts_per_thousand(rate: Fraction, on_record: Fraction) -> int:
    """Return by how much a rate differs from the one on record, in tenths of a percent."""
    return half_up((rate - on_record) * 1000 / on_record)
