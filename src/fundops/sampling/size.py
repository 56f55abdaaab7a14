"""How many items a monetary-unit sample takes, and at which interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from fundops.sampling.rounding import nearest

RAW_PLACES = 3
"""The raw size is rounded to so many decimals, and then up: factors have no more digits to give."""


class CannotPlan(ValueError):
    """No sample can give what is asked: ``args[0]`` says which figure is in the way."""


@dataclass(frozen=True)
class Size:
    """A planned size: ``raw`` is exact, ``count`` and ``interval`` are what is drawn by."""

    raw: Fraction
    count: int
    interval: int


def planned(
    book: int, tolerable: int, expected: int, confidence: Decimal, expansion: Decimal
) -> Size:
    """Return n = BV x CF / (TM - EM x EF) and the interval BV / n, all in minor units.

    The raw n is rounded to three decimals, halves to even, and then up: 93.0004 is 93, 93.001 is
    94. The interval is the nearest minor unit. Raises ``CannotPlan`` where nothing is to be
    sampled or what is expected leaves no room below what is tolerable.

    >>> planned(2_500_000, 125_000, 27_722, Decimal("3.0"), Decimal("1.6")).interval
    26882
    """
    if book <= 0:
        raise CannotPlan("book")
    room = tolerable - expected * Fraction(expansion)
    if tolerable <= 0 or expected < 0 or room <= 0:
        raise CannotPlan("expected")
    raw = book * Fraction(confidence) / room
    count = max(1, math.ceil(Fraction(round(raw * 10**RAW_PLACES), 10**RAW_PLACES)))
    return Size(raw, count, max(1, nearest(Fraction(book, count))))
