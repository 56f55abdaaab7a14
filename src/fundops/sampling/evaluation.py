"""What a tested monetary-unit sample says of its population: likely error and its upper limit.

Every line is rounded to the minor unit before lines are added, so that a printed evaluation adds
up by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from fundops.sampling.factors import confidence_factor
from fundops.sampling.rounding import nearest


@dataclass(frozen=True)
class Audited:
    """One item with what the auditor found it to be; ``is_top`` was taken with certainty."""

    key: str
    book: int
    audited: int
    is_top: bool = False


@dataclass(frozen=True)
class Line:
    """One misstatement of a sampled item: its taint, projection and allowance, ranked."""

    key: str
    rank: int
    taint: Fraction
    projection: int
    increment: Decimal
    """How much the confidence factor grows by this misstatement, less one."""
    allowance: int


@dataclass(frozen=True)
class Side:
    """Overstatements, or understatements, of one sample."""

    top: int
    """Misstatement of items taken with certainty: known, so neither projected nor allowed for."""
    lines: tuple[Line, ...]
    basic_precision: int

    @property
    def projected(self) -> int:
        """What the sampled items' misstatements project to."""
        return sum(line.projection for line in self.lines)

    @property
    def allowance(self) -> int:
        """The incremental allowance for sampling risk."""
        return sum(line.allowance for line in self.lines)

    @property
    def likely(self) -> int:
        """The most likely error: known and projected."""
        return self.top + self.projected

    @property
    def upper(self) -> int:
        """The upper misstatement limit."""
        return self.likely + self.basic_precision + self.allowance


@dataclass(frozen=True)
class Evaluation:
    """Both sides; they are never set off against one another."""

    over: Side
    under: Side

    def is_accepted(self, tolerable: int) -> bool:
        """Return whether the upper limit of overstatement is not above what is tolerable."""
        return self.over.upper <= tolerable


def evaluated(
    tested: Sequence[Audited], interval: int, risk: Decimal, *, was_sampled: bool = True
) -> Evaluation:
    """Evaluate a sample drawn at ``interval``; ``was_sampled`` is false where all items are top.

    Without a sampled part there is no sampling risk, so no basic precision.
    """
    over = [(one, one.book - one.audited) for one in tested if one.audited < one.book]
    under = [(one, one.audited - one.book) for one in tested if one.audited > one.book]
    return Evaluation(
        _side(over, interval, risk, was_sampled), _side(under, interval, risk, was_sampled)
    )


def _side(
    found: Sequence[tuple[Audited, int]], interval: int, risk: Decimal, was_sampled: bool
) -> Side:
    top = sum(wrong for one, wrong in found if one.is_top)
    taints = [(Fraction(wrong, one.book), one.key) for one, wrong in found if not one.is_top]
    taints.sort(key=lambda pair: (-pair[0], pair[1]))
    lines = []
    for rank, (taint, key) in enumerate(taints, start=1):
        step = confidence_factor(rank, risk) - confidence_factor(rank - 1, risk) - 1
        allowance = nearest(Fraction(step) * taint * interval)
        lines.append(Line(key, rank, taint, nearest(taint * interval), step, allowance))
    basic = nearest(Fraction(confidence_factor(0, risk)) * interval) if was_sampled else 0
    return Side(top, tuple(lines), basic)
