"""What a tested sample says, from its rows: for monetary units or by estimate of differences."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fundops.samples.models import MAX_SIZE
from fundops.sampling.estimate import Stratum, estimated
from fundops.sampling.evaluation import Audited, Evaluation, evaluated


@dataclass(frozen=True)
class Outcome:
    """Likely and upper misstatement in minor units; ``lower`` of an estimate only.

    ``apart`` is what items that are not positive were overstated by: known, not projected.
    """

    likely: int
    upper: int
    lower: int | None
    under_likely: int | None
    under_upper: int | None
    apart: int
    is_accepted: bool


def outcome(sample: Any, items: Sequence[Any]) -> Outcome:
    """Return what a sample says whose ``items`` were all tested."""
    apart = sum(one.amount_minor - one.audited_minor for one in items if one.amount_minor <= 0)
    if sample.method == "monetary_unit":
        found = evaluation_of(sample, items)
        over, under = found.over, found.under
        accepted = found.is_accepted(sample.tolerable_minor)
        return Outcome(over.likely, over.upper, None, under.likely, under.upper, apart, accepted)
    made = estimated(strata_of(sample, items), risk_of(sample))
    accepted = made.is_accepted(sample.tolerable_minor)
    return Outcome(made.likely, made.upper, made.lower, None, None, apart, accepted)


def risk_of(sample: Any) -> Decimal:
    """Return the risk of incorrect acceptance."""
    return Decimal(sample.risk_ppm) / 1_000_000


def evaluation_of(sample: Any, items: Sequence[Any]) -> Evaluation:
    """Return the evaluation of a monetary-unit sample, with its lines."""
    tested = [
        Audited(one.code, one.amount_minor, one.audited_minor, one.why == "top_stratum")
        for one in items
        if one.amount_minor > 0
    ]
    assert len(tested) <= MAX_SIZE
    was_sampled = json.loads(sample.strata)["rest"]["items"] > 0
    return evaluated(tested, sample.interval_minor, risk_of(sample), was_sampled=was_sampled)


def strata_of(sample: Any, items: Sequence[Any]) -> list[Stratum]:
    """Return the strata of a random sample with the differences found."""
    sizes = json.loads(sample.strata)
    positive = [one for one in items if one.amount_minor > 0]
    names = sorted({one.stratum for one in positive})
    return [
        Stratum(
            name,
            sizes[name]["items"],
            tuple(one.amount_minor - one.audited_minor for one in positive if one.stratum == name),
        )
        for name in names
    ]
