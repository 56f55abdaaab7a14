"""From a band and figures of performance to a tier: a pure rule, each step with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from fundops.partners.lists import FigureRule, PerformanceRules
from fundops.partners.models import BANDS


@dataclass(frozen=True)
class Row:
    """A record behind a figure: its type, id and code, and the fund it belongs to."""

    record_type: str
    record_id: str
    code: str
    fund_id: str


@dataclass(frozen=True)
class Figure:
    """What was counted: ``part`` of ``whole`` rows or minor units, with the rows of the part.

    ``rows_total`` says how many those are when not all are listed; ``observed`` how many rows the
    figure rests on. ``currency`` is of amounts alone.
    """

    code: str
    part: int
    whole: int
    observed: int
    rows: Sequence[Row] = ()
    rows_total: int = 0
    currency: str | None = None

    @property
    def share(self) -> Fraction:
        """The part in percent of the whole; nothing of nothing is nothing."""
        return Fraction(100 * self.part, self.whole) if self.whole else Fraction(0)


@dataclass(frozen=True)
class Judged:
    """A figure with the points it moves, and the limit that it went over, if any."""

    figure: Figure
    points: int
    over: int | None
    is_enough: bool


@dataclass(frozen=True)
class Outcome:
    """What the figures did to a band: points, steps (up is riskier), the band and tier reached."""

    judged: Sequence[Judged]
    points: int
    steps: int
    band: str
    tier: str


def judge(figure: Figure, rule: FigureRule) -> Judged:
    """Return the points of one figure: none while fewer rows than the rule asks for are there."""
    if figure.observed < rule.fewest:
        return Judged(figure, 0, None, is_enough=False)
    value = figure.share if rule.unit == "percent" else Fraction(figure.part)
    reached = [(over, points) for over, points in rule.worse if value > over]
    if reached:
        over, points = reached[-1]
        return Judged(figure, points, over, is_enough=True)
    return Judged(figure, -rule.better if figure.part == 0 else 0, None, is_enough=True)


def moved(band: str, figures: Sequence[Figure], rules: PerformanceRules) -> Outcome:
    """Return where the figures move a band, within the bounds of the rules."""
    by_code = {rule.code: rule for rule in rules.figures}
    judged = [judge(figure, by_code[figure.code]) for figure in figures]
    points = sum(one.points for one in judged)
    whole = abs(points) // rules.points_per_step
    steps = min(whole, rules.up) if points > 0 else -min(whole, rules.down)
    at = min(max(BANDS.index(band) + steps, 0), len(BANDS) - 1)
    return Outcome(judged, points, at - BANDS.index(band), BANDS[at], rules.tiers[BANDS[at]])
