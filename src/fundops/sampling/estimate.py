"""What a random sample, in one or several strata, says of its population: the difference estimate.

The misstatement of a stratum is its number of items times the mean difference of book and audited
amounts in the sample. Its standard error is corrected for the finite population, so a stratum that
was tested whole adds none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from fractions import Fraction

from fundops.sampling.factors import normal_quantile
from fundops.sampling.rounding import nearest

_WORKING = Context(prec=60)


@dataclass(frozen=True)
class Stratum:
    """One stratum: how many items it has, and book less audited of each one tested."""

    name: str
    items: int
    differences: tuple[int, ...]


@dataclass(frozen=True)
class Estimate:
    """Estimated overstatement (below zero: understatement) with its limits, minor units."""

    likely: int
    standard_error: int
    quantile: Decimal
    lower: int
    upper: int

    def is_accepted(self, tolerable: int) -> bool:
        """Return whether the upper limit is not above what is tolerable."""
        return self.upper <= tolerable


def estimated(strata: Sequence[Stratum], risk: Decimal) -> Estimate:
    """Estimate by differences; limits leave out ``risk`` on each side.

    Raises ``ValueError`` for a stratum of which one item alone, or none, was tested though it has
    more: nothing is known of its spread.
    """
    likely, variance = Fraction(0), Fraction(0)
    for one in strata:
        tested = len(one.differences)
        if tested > one.items or tested < min(2, one.items):
            raise ValueError("a stratum is tested by two items at least")
        if not tested:
            continue
        mean = Fraction(sum(one.differences), tested)
        likely += one.items * mean
        if tested < one.items:
            spread = sum(((d - mean) * (d - mean) for d in one.differences), Fraction(0)) / (
                tested - 1
            )
            variance += Fraction(one.items * (one.items - tested), tested) * spread
    error = _root(variance)
    quantile = normal_quantile(risk)
    reach = Fraction(quantile) * error
    return Estimate(
        nearest(likely), nearest(error), quantile, nearest(likely - reach), nearest(likely + reach)
    )


def _root(value: Fraction) -> Fraction:
    """Return the square root to many more digits than a minor unit needs."""
    with localcontext(_WORKING):
        return Fraction((Decimal(value.numerator) / Decimal(value.denominator)).sqrt())
