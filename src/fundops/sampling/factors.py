"""Factors of audit sampling, computed and not looked up: the Poisson bound and the normal quantile.

The confidence factor for ``k`` misstatements at risk ``r`` is the mean of the Poisson distribution
that gives at most ``k`` with probability ``r``; its decimal arithmetic is exact to many more digits
than the six that are kept.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from functools import lru_cache

PLACES = Decimal("0.000001")
"""Factors are kept to six decimals, the nearest one, halves to the even digit."""

MAX_MISSTATEMENTS = 1_000
_WORKING = Context(prec=50, rounding=ROUND_HALF_EVEN)
_NEAR, _CLOSE = Decimal("1e-20"), Decimal("1e-10")
_MAX_ROUNDS = 400

EXPANSION = (
    (Decimal("0.01"), Decimal("1.9")),
    (Decimal("0.05"), Decimal("1.6")),
    (Decimal("0.10"), Decimal("1.5")),
    (Decimal("0.15"), Decimal("1.4")),
    (Decimal("0.20"), Decimal("1.3")),
    (Decimal("0.25"), Decimal("1.25")),
    (Decimal("0.30"), Decimal("1.2")),
    (Decimal("0.37"), Decimal("1.15")),
    (Decimal("0.50"), Decimal("1.0")),
)
"""The AICPA's expansion factors by risk of incorrect acceptance: a convention, not a formula."""


def check_risk(risk: Decimal) -> Decimal:
    """Return ``risk`` if it lies from 0.01 to 0.5, the range of the expansion factors."""
    if not EXPANSION[0][0] <= risk <= EXPANSION[-1][0]:
        raise ValueError("a risk of incorrect acceptance lies between 0.01 and 0.50")
    return risk


def expansion_factor(risk: Decimal) -> Decimal:
    """Return the expansion factor of the greatest listed risk that is not above ``risk``.

    >>> expansion_factor(Decimal("0.05")), expansion_factor(Decimal("0.07"))
    (Decimal('1.6'), Decimal('1.6'))
    """
    check_risk(risk)
    return next(factor for listed, factor in reversed(EXPANSION) if listed <= risk)


@lru_cache(maxsize=4_096)
def confidence_factor(misstatements: int, risk: Decimal) -> Decimal:
    """Return the Poisson bound on the mean, given so many misstatements found.

    >>> [confidence_factor(k, Decimal("0.05")) for k in range(2)]
    [Decimal('2.995732'), Decimal('4.743865')]
    """
    check_risk(risk)
    if not 0 <= misstatements <= MAX_MISSTATEMENTS:
        raise ValueError(f"at most {MAX_MISSTATEMENTS} misstatements are evaluated")
    with localcontext(_WORKING):
        exact = _solved(misstatements, risk)
        return exact.quantize(PLACES)


def _solved(misstatements: int, risk: Decimal) -> Decimal:
    """Return the mean at which at most so many have probability ``risk``.

    By Newton's way from a mean of ``misstatements``, where the probability is above one half: from
    there on it falls and flattens, so that every step ends short of the answer, and nearer.
    """
    if misstatements == 0:
        return -risk.ln()
    mean = Decimal(misstatements)
    for _ in range(_MAX_ROUNDS):
        term = total = Decimal(1)
        for count in range(1, misstatements + 1):
            term = term * mean / count
            total += term
        step = (total - risk * mean.exp()) / term
        mean += step
        if abs(step) < _CLOSE:  # what is left then is about the square of it
            return mean
    raise AssertionError("every step comes nearer")  # pragma: no cover


@lru_cache(maxsize=64)
def normal_quantile(risk: Decimal) -> Decimal:
    """Return the deviation that a standard normal exceeds with probability ``risk``.

    >>> normal_quantile(Decimal("0.05"))
    Decimal('1.644854')
    """
    check_risk(risk)
    with localcontext(_WORKING):
        low, high = Decimal(0), Decimal(4)
        while high - low >= _NEAR:
            middle = (low + high) / 2
            if _beyond(middle) > risk:
                low = middle
            else:
                high = middle
        return ((low + high) / 2).quantize(PLACES)


_PI = Decimal("3.14159265358979323846264338327950288419716939937511")


def _beyond(deviation: Decimal) -> Decimal:
    """Return the probability that a standard normal exceeds ``deviation``, by its power series."""
    term = total = deviation
    odd = 1
    while abs(term) > Decimal("1e-45"):
        odd += 2
        term = term * deviation * deviation / odd
        total += term
    density = (-deviation * deviation / 2).exp() / (2 * _PI).sqrt()
    return Decimal("0.5") - density * total
