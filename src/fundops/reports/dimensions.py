"""How a result is broken down, as data: by sex and age together, by form of exploitation, ….

A breakdown of an indicator is ``{code: count}``. Codes of ``sex_age`` are ``<sex>.<age>``. Every
dimension has a code for "unknown or not asked". In an exclusive dimension each person stands under
one code, so that the codes sum to the total; in the others a person may stand under several, and no
code exceeds the total.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from fundops.calls import codelists

TOTAL = "total"
"""The dimension of the undivided figure; its one code is ``""``."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """A way of breaking a figure down. ``unknown`` is the code for "unknown or not asked"."""

    name: str
    codes: tuple[str, ...]
    unknown: str
    is_exclusive: bool


@cache
def dimensions() -> Mapping[str, Dimension]:
    """Return every dimension by name, in the order in which they are asked."""
    sexes, ages = codelists.get("sex").codes, codelists.get("age").codes
    groups, helped = codelists.get("group").codes, codelists.get("assistance").codes
    both = tuple(f"{sex}.{age}" for sex in sexes for age in ages)
    found = (
        Dimension("sex_age", both, "unknown.unknown", is_exclusive=True),
        Dimension(
            "exploitation", codelists.get("exploitation").codes, "not_known", is_exclusive=True
        ),
        Dimension("group", (*groups, "unknown"), "unknown", is_exclusive=False),
        Dimension("assistance", (*helped, "unknown"), "unknown", is_exclusive=False),
    )
    return {one.name: one for one in found}


def asked_of(indicator: str) -> tuple[Dimension, ...]:
    """Return the dimensions in which an indicator of the catalogue is broken down.

    What it lists and is not here (location, sector, profession, …) is known from the grant or has
    no code list, and is not asked. Raises ``KeyError`` for an unknown indicator.
    """
    listed = frozenset(codelists.get("indicator").entry(indicator).more["disaggregation"])
    if listed & {"sex", "age"}:
        listed |= {"sex_age"}
    return tuple(one for name, one in dimensions().items() if name in listed)


def is_ratio(indicator: str) -> bool:
    """Return whether an indicator is reported as a numerator over a denominator."""
    return bool(codelists.get("indicator").entry(indicator).more["unit"] == "percent")


def faults(dimension: Dimension, total: int, counts: Mapping[str, int]) -> list[str]:
    """Return the codes at fault in a breakdown; ``[""]`` when all of it together is wrong.

    Nothing broken down at all is no fault. Raises ``KeyError`` for a code that is not the
    dimension's.
    """
    for code in counts:
        if code not in dimension.codes:
            raise KeyError(code)
    if not counts:
        return []
    if dimension.is_exclusive:
        return [] if sum(counts.values()) == total else [""]
    return [code for code, count in counts.items() if count > total]
