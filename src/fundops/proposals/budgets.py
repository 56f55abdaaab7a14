"""Totals of a budget, exact: whole numbers only, each line rounded half up to the minor unit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fundops import money
from fundops.money import MAX_MINOR
from fundops.proposals.models import CATEGORIES

WHOLE_SHARE = 10_000
"""A line charged in full, in basis points."""
MONTHS_IN_YEAR = 12


@dataclass(frozen=True)
class Line:
    """A budget line: quantities and durations in hundredths, share charged in basis points."""

    category: str
    description: str
    unit: str
    quantity: int
    unit_cost_minor: int
    duration: int
    share_bp: int
    objective: int | None = None

    @property
    def total_minor(self) -> int:
        """What the line asks for, in minor units, half up."""
        return line_total(self.quantity, self.unit_cost_minor, self.duration, self.share_bp)


def line_total(quantity: int, unit_cost_minor: int, duration: int, share_bp: int) -> int:
    """Return quantity x unit cost x duration x share charged in minor units, rounded half up.

    ``quantity`` and ``duration`` are hundredths, ``share_bp`` basis points.
    """
    whole = 100 * 100 * WHOLE_SHARE
    return (2 * quantity * unit_cost_minor * duration * share_bp + whole) // (2 * whole)


@dataclass(frozen=True)
class Totals:
    """Sums of a budget by category, and of all of it, in minor units."""

    requested_minor: int
    by_category: dict[str, int]


def totals(lines: Iterable[Line]) -> Totals:
    """Return the sums of a budget; every category is there, in order."""
    sums = dict.fromkeys(CATEGORIES, 0)
    for line in lines:
        sums[line.category] += line.total_minor
    return Totals(sum(sums.values()), sums)


def is_too_large(lines: Iterable[Line]) -> bool:
    """Return whether a line or the sum is more than the system accepts."""
    return sum(line.total_minor for line in lines) > MAX_MINOR


def line_out(line: Line, currency: str) -> dict[str, object]:
    """Return the normal form of a line in a submitted content."""
    return {
        "category": line.category,
        "description": line.description,
        "unit": line.unit,
        "quantity": decimal_text(line.quantity),
        "unit_cost": money.format_amount(line.unit_cost_minor, currency),
        "duration": decimal_text(line.duration),
        "share_charged": decimal_text(line.share_bp),
        "objective": line.objective,
        "total": money.format_amount(line.total_minor, currency),
    }


def decimal_text(hundredths: int) -> str:
    """Return hundredths as decimal text without needless zeros: 150 is ``"1.5"``."""
    whole, rest = divmod(hundredths, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".") if rest else str(whole)
