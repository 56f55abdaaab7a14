"""How sampling rounds: to the nearest minor unit, halves away from zero."""

from __future__ import annotations

from fractions import Fraction


def nearest(value: Fraction) -> int:
    """Return the nearest whole number, halves away from zero.

    >>> nearest(Fraction(5, 2)), nearest(Fraction(-5, 2)), nearest(Fraction(7, 3))
    (3, -3, 2)
    """
    size = abs(value)
    whole = (2 * size.numerator + size.denominator) // (2 * size.denominator)
    return whole if value >= 0 else -whole
