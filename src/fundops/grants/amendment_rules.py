"""What each kind of amendment may change, how much it changes, and whose approval that takes.

Pure: nothing is read or written here. How much is measured from the text in which the amount was
last set (the first one, or a cost extension), so that an amendment cut into small ones takes the
approvals of the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from fundops.errors import FieldError
from fundops.grants.agreement_content import Agreed, difference
from fundops.messages import text
from fundops.roles import Role

WHOLE_BP = 10_000
MONTHS_IN_YEAR = 12

MAY_CHANGE: Mapping[str, frozenset[str]] = {
    "no_cost_extension": frozenset({"ends_on", "special_conditions"}),
    "reallocation": frozenset({"budget"}),
    "cost_extension": frozenset(
        {"amount_minor", "ends_on", "budget", "results", "special_conditions"}
    ),
    "results": frozenset({"results"}),
    "administrative": frozenset({"title", "language"}),
}
"""What an amendment of each kind may change."""
MUST_CHANGE: Mapping[str, frozenset[str]] = {
    "no_cost_extension": frozenset({"ends_on"}),
    "cost_extension": frozenset({"amount_minor", "budget"}),
}
"""What an amendment of a kind is about, so that it is none without; others change anything."""
UNITS = {"no_cost_extension": "months"}
"""What a kind is measured in where that is not basis points."""
PLACES = {"amount_minor": "amount"}


@dataclass(frozen=True)
class Band:
    """Up to which measure (without end when ``None``) the approval of which roles suffices.

    ``by_notice``: it then comes into force at approval, without new signatures.
    """

    up_to: int | None
    roles: tuple[Role, ...]
    by_notice: bool = False


Thresholds = Mapping[str, Sequence[Band]]
"""Bands of each kind, the smallest first; the last one has no end."""


@dataclass(frozen=True)
class Needed:
    """Whose approval an amendment takes: a person of each role, and whether that is all."""

    roles: tuple[Role, ...]
    by_notice: bool


def approvals_needed(kind: str, measure: int, thresholds: Thresholds) -> Needed:
    """Return whose approval an amendment of a kind and measure (months, basis points) takes."""
    for band in thresholds[kind]:
        if band.up_to is None or measure <= band.up_to:
            return Needed(tuple(sorted(band.roles)), band.by_notice)
    raise ValueError("the last band of a kind has no end")


def still_needed(needed: Iterable[str], given: Iterable[str]) -> list[str]:
    """Return the roles that have not approved yet; each approval counts for one role once."""
    left = list(given)
    missing = []
    for role in needed:
        if role in left:
            left.remove(role)
        else:
            missing.append(role)
    return missing


def refusals(kind: str, before: Agreed, after: Agreed) -> list[FieldError]:
    """Return what an amendment of a kind changes and may not, or does not change and must."""
    changed = difference(before, after).parts()
    found = [
        FieldError(f"/{PLACES.get(name, name)}", text("amendments.not_of_kind"))
        for name in sorted(changed - MAY_CHANGE[kind])
    ]
    missing = MUST_CHANGE.get(kind, frozenset()) - changed
    found += [
        FieldError(f"/{PLACES.get(name, name)}", text("amendments.nothing_changed"))
        for name in sorted(missing)
    ]
    if not changed and not missing:
        found.append(FieldError("", text("amendments.nothing_changed")))
    if after.ends_on < before.ends_on:
        found.append(FieldError("/ends_on", text("amendments.only_later")))
    return found


def measured(kind: str, base: Agreed, after: Agreed) -> int:
    """Return how much an amendment changes since ``base``: months, or basis points rounded up."""
    match kind:
        case "no_cost_extension":
            return months_added(base.ends_on, after.ends_on)
        case "reallocation":
            moved = max(
                _moved(base.by_category(), after.by_category()),
                _moved(base.by_objective(), after.by_objective()),
            )
            return share_bp(moved, base.amount_minor)
        case "cost_extension":
            return share_bp(abs(after.amount_minor - base.amount_minor), base.amount_minor)
        case "results":
            return _lowered(base, after)
    return 0


def share_bp(part: int, whole: int) -> int:
    """Return a part of a whole in basis points, rounded up: a threshold is never rounded under."""
    return -(-part * WHOLE_BP // whole)


def months_added(first: date, last: date) -> int:
    """Return the months that follow one day up to a later one, begun months counted in full.

    From the end of April to the end of July are three, though one has 30 days and the other 31.
    """
    after = first + timedelta(days=1)
    months = (last.year - after.year) * MONTHS_IN_YEAR + last.month - after.month
    return max(months + (1 if last.day >= after.day else 0), 0)


K = TypeVar("K", str, int)


def _moved(before: Mapping[K, int], after: Mapping[K, int]) -> int:
    """Return what some parts gained: with equal sums, what was moved."""
    return sum(max(minor - before.get(part, 0), 0) for part, minor in after.items())


def _lowered(before: Agreed, after: Agreed) -> int:
    """Return by how much the target lowered most came down, basis points of the target."""
    targets: dict[str, int] = {}
    for one in after.results:
        targets[one.indicator] = targets.get(one.indicator, 0) + one.target
    promised: dict[str, int] = {}
    for one in before.results:
        promised[one.indicator] = promised.get(one.indicator, 0) + one.target
    return max(
        (
            share_bp(max(target - targets.get(indicator, 0), 0), target)
            for indicator, target in promised.items()
            if target
        ),
        default=0,
    )
