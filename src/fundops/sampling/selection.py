"""Which items a sample takes: by monetary unit, or by equal chance in one or several strata.

Items are given by a key (their code) and a book amount in minor units, in the order in which the
population is listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from fundops.sampling.numbers import below, hashed


class Why(StrEnum):
    """Why an item is in a sample."""

    TOP = "top_stratum"
    """At least as large as the interval, so taken with certainty."""
    INTERVAL = "interval"
    """Holds a sampled monetary unit."""
    RANDOM = "random"
    """Drawn with equal chances."""
    NEGATIVE = "negative"
    ZERO = "zero"
    """Not positive: no monetary unit of it can be drawn, so listed and tested apart."""


@dataclass(frozen=True)
class Item:
    """One item of a population."""

    key: str
    amount: int


@dataclass(frozen=True)
class Chosen:
    """One item of a sample; ``first`` to ``last`` are its monetary units, ``point`` the one drawn.

    ``stratum`` is empty but in stratified samples.
    """

    item: Item
    why: Why
    first: int | None = None
    last: int | None = None
    point: int | None = None
    stratum: str = ""


@dataclass(frozen=True)
class Parted:
    """A population by what a monetary-unit sample does with it."""

    top: tuple[Item, ...]
    rest: tuple[Item, ...]
    apart: tuple[Item, ...]


def parted(items: Sequence[Item], interval: int) -> Parted:
    """Part a population: at least the interval, below it, and not positive; order is kept."""
    return Parted(
        tuple(one for one in items if one.amount >= interval),
        tuple(one for one in items if 0 < one.amount < interval),
        tuple(one for one in items if one.amount <= 0),
    )


def random_start(seed: str, interval: int) -> int:
    """Return the first sampled monetary unit, from 1 to the interval, as the seed says."""
    return 1 + below(seed, "start", interval)


def by_monetary_unit(items: Sequence[Item], interval: int, start: int) -> list[Chosen]:
    """Return the items that hold units ``start``, ``start + interval``, … and all large ones.

    Units are counted over the items below the interval, in their order, from 1. So an item is
    taken for exactly as many of the possible starts as it has units: its chance is its amount over
    the interval. Items that are not positive follow at the end.
    """
    if not 1 <= start <= interval:
        raise ValueError("a start lies from 1 to the interval")
    found = parted(items, interval)
    chosen = [Chosen(one, Why.TOP) for one in found.top]
    point, before = start, 0
    for one in found.rest:
        last = before + one.amount
        if point <= last:
            chosen.append(Chosen(one, Why.INTERVAL, before + 1, last, point))
            point += interval
        before = last
    return chosen + [_apart(one) for one in found.apart]


def _apart(item: Item) -> Chosen:
    return Chosen(item, Why.NEGATIVE if item.amount < 0 else Why.ZERO)


def at_random(items: Sequence[Item], count: int, seed: str, stratum: str = "") -> list[Chosen]:
    """Return ``count`` items, each set of so many as likely as any other, in the given order.

    Taken are those whose SHA-256 of ``<seed>:item:<key>`` is smallest: whatever the order of the
    population, and whatever else is in it, an item keeps its number.
    """
    if not 0 <= count <= len(items):
        raise ValueError("a sample is no larger than its population")
    ranked = sorted(items, key=lambda one: (hashed(seed, "item", one.key), one.key))
    taken = {one.key for one in ranked[:count]}
    return [Chosen(one, Why.RANDOM, stratum=stratum) for one in items if one.key in taken]
