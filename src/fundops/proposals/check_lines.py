"""Checking the lines of a proposal: shares, budget, results and co-funding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fundops import money
from fundops.calls.objectives import OBJECTIVES
from fundops.messages import text
from fundops.proposals import values
from fundops.proposals.budgets import WHOLE_SHARE, Line, is_too_large, totals
from fundops.proposals.findings import Findings, is_blank
from fundops.proposals.models import CATEGORIES
from fundops.proposals.terms import Terms
from fundops.proposals.values import Wrong

MAX_QUANTITY, MAX_DURATION, MAX_COUNT = 10**9, 10**5, 10**12
MAX_DESCRIPTION, MAX_UNIT, MAX_SOURCE, MAX_NOTE = 1_000, 60, 300, 1_000
WHOLE = 100
"""The shares of a proposal together, in percent."""


def shares(terms: Terms, given: Mapping[str, Any], found: Findings) -> dict[int, int]:
    """Return percent by objective: targeted ones only, each once, together one hundred."""
    declared: dict[int, int] = {}
    before = len(found.problems)
    for at, entry in enumerate(given.get("shares") or ()):
        if is_blank(entry):
            continue
        place = f"/shares/{at}"
        objective = found.take(f"{place}/objective", _objective, entry.get("objective"))
        percent = found.take(f"{place}/percent", values.whole, entry.get("percent"), 1, WHOLE)
        if objective is None:
            continue
        if objective not in terms.objectives:
            found.add(f"{place}/objective", "proposals.objective_not_targeted")
        elif objective in declared:
            found.add(f"{place}/objective", "proposals.repeated")
        elif percent is not None:
            declared[objective] = percent
    whole = sum(declared.values())
    if len(found.problems) == before and whole != WHOLE:
        found.add("/shares", "proposals.shares_sum", total=whole)
    return dict(sorted(declared.items()))


def budget(
    terms: Terms, given: Mapping[str, Any], found: Findings, objectives: frozenset[int]
) -> tuple[list[Line], int | None]:
    """Return the lines of the budget and what they ask for together, within floor and ceiling."""
    before, lines = len(found.problems), []
    for at, entry in enumerate(given.get("budget") or ()):
        if not is_blank(entry):
            line = _line(terms, f"/budget/{at}", entry, found, objectives)
            if line is not None:
                lines.append(line)
    if len(found.problems) > before:
        return lines, None
    if not lines:
        found.add("/budget", "proposals.budget_empty")
        return lines, None
    if is_too_large(lines):
        found.add("/budget", "money.too_large")
        return lines, None
    requested = totals(lines).requested_minor
    _within(terms, requested, found)
    return lines, requested


def _line(
    terms: Terms, place: str, entry: Mapping[str, Any], found: Findings, objectives: frozenset[int]
) -> Line | None:
    objective = found.take_any(f"{place}/objective", _objective, entry.get("objective"))
    if objective is not None and objective not in objectives:
        found.add(f"{place}/objective", "proposals.objective_without_share")
    category = found.take(f"{place}/category", _category, entry.get("category"))
    description = found.take(
        f"{place}/description", values.prose, entry.get("description"), MAX_DESCRIPTION
    )
    unit = found.take(f"{place}/unit", values.line, entry.get("unit"), MAX_UNIT)
    quantity = found.take(
        f"{place}/quantity", values.hundredths, entry.get("quantity"), MAX_QUANTITY
    )
    cost = found.take(f"{place}/unit_cost", values.amount, entry.get("unit_cost"), terms.currency)
    duration = found.take(
        f"{place}/duration", values.hundredths, entry.get("duration"), MAX_DURATION
    )
    share = found.take(
        f"{place}/share_charged", values.hundredths, entry.get("share_charged"), WHOLE
    )
    if (
        category is None
        or description is None
        or unit is None
        or quantity is None
        or cost is None
        or duration is None
        or share is None
    ):
        return None
    assert share <= WHOLE_SHARE
    return Line(category, description, unit, quantity, cost, duration, share, objective)


def _within(terms: Terms, requested: int, found: Findings) -> None:
    floor, ceiling = terms.call.floor_minor, terms.call.ceiling_minor
    asked = money.display(requested, terms.currency)
    if requested <= 0:
        found.add("/budget", "money.zero")
    elif floor is not None and requested < floor:
        least = money.display(floor, terms.currency)
        found.add("/budget", "proposals.below_floor", requested=asked, floor=least)
    elif ceiling is not None and requested > ceiling:
        most = money.display(ceiling, terms.currency)
        found.add("/budget", "proposals.above_ceiling", requested=asked, ceiling=most)


def results(given: Mapping[str, Any], found: Findings) -> list[dict[str, Any]]:
    """Return the planned results, of which there must be one, each indicator once."""
    planned: list[dict[str, Any]] = []
    seen: set[str] = set()
    entries = given.get("results") or ()
    for at, entry in enumerate(entries):
        if is_blank(entry):
            continue
        place = f"/results/{at}"
        indicator = found.take(
            f"{place}/indicator",
            lambda value: values.code(value, "indicator"),
            entry.get("indicator"),
        )
        if indicator is not None and indicator in seen:
            found.add(f"{place}/indicator", "proposals.repeated")
        seen.add(indicator or "")
        planned.append(
            {
                "indicator": indicator,
                "baseline": found.take_any(
                    f"{place}/baseline", values.whole, entry.get("baseline"), 0, MAX_COUNT
                ),
                "target": found.take(
                    f"{place}/target", values.whole, entry.get("target"), 0, MAX_COUNT
                ),
                "note": found.take_any(f"{place}/note", values.prose, entry.get("note"), MAX_NOTE),
            }
        )
    if not planned:
        found.add("/results", "proposals.results_empty")
    return planned


def cofunding(given: Mapping[str, Any], found: Findings) -> list[dict[str, Any]]:
    """Return the co-funding, of which there may be none."""
    stated: list[dict[str, Any]] = []
    for at, entry in enumerate(given.get("cofunding") or ()):
        if is_blank(entry):
            continue
        place = f"/cofunding/{at}"
        currency = found.take(f"{place}/currency", values.currency, entry.get("currency"))
        minor = None
        if currency is not None:
            minor = found.take(f"{place}/amount", values.amount, entry.get("amount"), currency)
        stated.append(
            {
                "source": found.take(
                    f"{place}/source", values.line, entry.get("source"), MAX_SOURCE
                ),
                "amount": None if minor is None else money.format_amount(minor, currency or ""),
                "currency": currency,
                "is_secured": found.take(
                    f"{place}/is_secured", values.flag, entry.get("is_secured")
                ),
            }
        )
    return stated


def _objective(value: Any) -> int:
    return values.whole(value, OBJECTIVES[0], OBJECTIVES[-1])


def _category(value: Any) -> str:
    found = values.line(value, 1).upper() if isinstance(value, str) else ""
    if found not in CATEGORIES:
        raise Wrong("proposals.category", names=text("proposals.categories"))
    return found
