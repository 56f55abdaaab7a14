"""Scoring a capacity assessment, exactly: whole numbers and no rounding.

An answer is 1 to 4 and counts its number times the question's weight; a 1 counts 1, whatever the
weight. With n applicable questions scores run from n; the range is 4n - n. A score below n plus a
share of that range is in the band of the share, and what is below none is high.

>>> score_of([Answered("A", 1, 4), Answered("B", 2, 3), Answered("C", 2, None)])
(7, 2)
>>> band_of(7, 2, {"low": 15, "medium": 30, "significant": 50})
'high'
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

HIGHEST = 4
"""The answer that says that something is missing."""
LAST_BAND = "high"


@dataclass(frozen=True)
class Answered:
    """A question with its weight and answer, none where it does not apply."""

    code: str
    weight: int
    answer: int | None

    @property
    def counts(self) -> int:
        """What the answer adds to the score."""
        if self.answer is None:
            return 0
        return 1 if self.answer == 1 else self.answer * self.weight


def score_of(answers: Iterable[Answered]) -> tuple[int, int]:
    """Return the score, and how many questions are applicable."""
    applicable = [one for one in answers if one.answer is not None]
    return sum(one.counts for one in applicable), len(applicable)


def limit_of(applicable: int, percent: int) -> Fraction:
    """Return the score below which a band of that share of the range ends."""
    return applicable + Fraction((HIGHEST - 1) * applicable * percent, 100)


def band_of(score: int, applicable: int, bands: Mapping[str, int]) -> str:
    """Return the band of a score; ``bands`` are shares of the range in percent, in order."""
    for band, percent in bands.items():
        if score < limit_of(applicable, percent):
            return band
    return LAST_BAND


def plain(number: Fraction) -> str:
    """Return a number that has two decimals at most as text: ``18.85``, ``29``."""
    hundredths = number * 100
    assert hundredths.denominator == 1, "shares are whole percents"
    whole, rest = divmod(hundredths.numerator, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".") if rest else str(whole)
