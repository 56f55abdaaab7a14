"""Strata of a population, and how many items of each a sample takes."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence

from fundops.money import allocate
from fundops.sampling.selection import Item

LEAST = 2
"""Items of a stratum that are taken at least, where it has them: one alone has no spread."""


def banded(items: Sequence[Item], limits: Sequence[int]) -> dict[str, list[Item]]:
    """Return the items by band: below the first limit, from it to below the next, and so on.

    Bands are named by number from 1; empty ones are left out.
    """
    if list(limits) != sorted(set(limits)):
        raise ValueError("limits of bands rise")
    found: dict[str, list[Item]] = {str(band + 1): [] for band in range(len(limits) + 1)}
    for one in items:
        found[str(bisect_right(limits, one.amount) + 1)].append(one)
    return {name: held for name, held in found.items() if held}


def proportional(strata: Mapping[str, Sequence[Item]]) -> dict[str, int]:
    """Return weights by the number of items."""
    return {name: len(items) for name, items in strata.items()}


def neyman(strata: Mapping[str, Sequence[Item]]) -> dict[str, int]:
    """Return weights by number times standard deviation of the book amounts.

    That product is the root of N times the sum of squares less the square of the sum: a whole
    number under the root, of which the whole part is taken.
    """
    weights = {}
    for name, items in strata.items():
        amounts = [one.amount for one in items]
        spread = len(amounts) * sum(x * x for x in amounts) - sum(amounts) ** 2
        weights[name] = math.isqrt(spread)
    return weights


def allocated(
    strata: Mapping[str, Sequence[Item]], weights: Mapping[str, int], count: int
) -> dict[str, int]:
    """Return how many items each stratum gives: ``count`` in all, by largest remainder.

    Every stratum gives two at least, or all it has; none gives more than it has, and what one
    cannot give the others do. Raises ``ValueError`` for fewer than the strata need, or more than
    there are.
    """
    given = {name: min(LEAST, len(items)) for name, items in strata.items()}
    if not sum(given.values()) <= count <= sum(map(len, strata.values())):
        raise ValueError("that many items cannot be spread over the strata")
    while (left := count - sum(given.values())) > 0:
        names = [name for name, items in strata.items() if given[name] < len(items)]
        shares = [weights[name] for name in names]
        parts = allocate(left, shares if any(shares) else [1] * len(names))
        for name, part in zip(names, parts, strict=True):
            given[name] += min(part, len(strata[name]) - given[name])
    return given
