"""What a grant agreement says: terms, budget lines and results, and its one canonical text.

Pure: nothing is read or written here. Amounts are minor units of the fund's base currency.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from fundops import money
from fundops.audit import canonical
from fundops.errors import FieldError
from fundops.messages import text

MAX_LINES, MAX_RESULTS = 300, 120
TERMS = ("title", "language", "starts_on", "ends_on", "amount_minor", "special_conditions")
"""What an agreement says beside its budget and its results."""

T = TypeVar("T", "Line", "Result")


@dataclass(frozen=True)
class Line:
    """A budget line; ``objectives`` maps objectives to percents that sum to 100."""

    category: str
    description: str
    objectives: Mapping[int, int]
    amount_minor: int


@dataclass(frozen=True)
class Result:
    """An agreed result: an indicator with its baseline and target, in whole units."""

    indicator: str
    baseline: int | None
    target: int
    note: str | None = None


@dataclass(frozen=True)
class Agreed:
    """The whole of what is agreed."""

    title: str
    language: str
    starts_on: date
    ends_on: date
    amount_minor: int
    special_conditions: str | None
    lines: tuple[Line, ...]
    results: tuple[Result, ...]

    def by_category(self) -> dict[str, int]:
        """Return what is agreed by budget category, minor units."""
        found: dict[str, int] = {}
        for line in self.lines:
            found[line.category] = found.get(line.category, 0) + line.amount_minor
        return found

    def by_objective(self) -> dict[int, int]:
        """Return what is agreed by objective: each line split by its shares, exactly."""
        found: dict[int, int] = {}
        for line in self.lines:
            shares = sorted(line.objectives.items())
            parts = money.allocate(line.amount_minor, [share for _, share in shares])
            for (objective, _), part in zip(shares, parts, strict=True):
                found[objective] = found.get(objective, 0) + part
        return found


def stored(agreed: Agreed, *, grant: str, number: int, currency: str) -> tuple[str, str]:
    """Return the canonical JSON of version ``number`` of a grant's agreement, and its SHA-256."""
    said = canonical(
        {
            "grant": grant,
            "version": number,
            "title": agreed.title,
            "language": agreed.language,
            "starts_on": agreed.starts_on,
            "ends_on": agreed.ends_on,
            "amount": money.format_amount(agreed.amount_minor, currency),
            "currency": currency,
            "special_conditions": agreed.special_conditions,
            "budget": [
                {
                    "category": line.category,
                    "description": line.description,
                    "objectives": {str(one): share for one, share in line.objectives.items()},
                    "amount": money.format_amount(line.amount_minor, currency),
                }
                for line in agreed.lines
            ],
            "results": [
                {
                    "indicator": one.indicator,
                    "baseline": one.baseline,
                    "target": one.target,
                    "note": one.note,
                }
                for one in agreed.results
            ],
        }
    )
    return said, hashlib.sha256(said.encode()).hexdigest()


def read(content: str) -> Agreed:
    """Return what a text of ``stored`` says."""
    said = json.loads(content)
    currency = said["currency"]
    return Agreed(
        said["title"],
        said["language"],
        date.fromisoformat(said["starts_on"]),
        date.fromisoformat(said["ends_on"]),
        money.parse_amount(said["amount"], currency),
        said["special_conditions"],
        tuple(
            Line(
                line["category"],
                line["description"],
                {int(one): share for one, share in line["objectives"].items()},
                money.parse_amount(line["amount"], currency),
            )
            for line in said["budget"]
        ),
        tuple(Result(**one) for one in said["results"]),
    )


def faults(agreed: Agreed, awarded: Mapping[int, int], currency: str) -> list[FieldError]:
    """Return what keeps a text from being agreed, each with its place.

    ``awarded`` are the objectives of the grant: its lines serve no others, as the donors' earmarks
    were asked about those. Empty where the source of an imported grant does not say.
    """
    found: list[FieldError] = []
    if agreed.ends_on < agreed.starts_on:
        found.append(FieldError("/ends_on", text("validation.dates_order")))
    total = sum(line.amount_minor for line in agreed.lines)
    if not agreed.lines:
        found.append(FieldError("/budget", text("agreements.budget_needed")))
    elif total != agreed.amount_minor:
        sentence = text(
            "agreements.budget_sum",
            total=money.display(total, currency),
            amount=money.display(agreed.amount_minor, currency),
        )
        found.append(FieldError("/budget", sentence))
    for index, line in enumerate(agreed.lines):
        wrong = not line.objectives or (awarded and set(line.objectives) - set(awarded))
        if wrong:
            place = f"/budget/{index}/objectives"
            found.append(FieldError(place, text("agreements.objective_not_awarded")))
    return found


@dataclass(frozen=True)
class Difference:
    """What differs between two texts: terms by name, and lines and results each in pairs.

    Of a pair the first is missing for what was added, the second for what was removed.
    """

    terms: dict[str, tuple[Any, Any]]
    lines: list[tuple[Line | None, Line | None]]
    results: list[tuple[Result | None, Result | None]]

    def parts(self) -> set[str]:
        """Return the names of all that differs."""
        found = set(self.terms)
        if self.lines:
            found.add("budget")
        if self.results:
            found.add("results")
        return found


def difference(before: Agreed, after: Agreed) -> Difference:
    """Return what differs. Lines are the same by category and description, results by indicator."""
    terms = {
        name: (getattr(before, name), getattr(after, name))
        for name in TERMS
        if getattr(before, name) != getattr(after, name)
    }
    return Difference(
        terms,
        _pairs(before.lines, after.lines, lambda line: (line.category, line.description)),
        _pairs(before.results, after.results, lambda one: (one.indicator, one.note)),
    )


def _pairs(
    before: Sequence[T], after: Sequence[T], key: Callable[[T], tuple[Any, ...]]
) -> list[tuple[T | None, T | None]]:
    """Pair what has the same key, the first with the first; return the pairs that differ."""
    old: dict[tuple[Any, ...], list[T]] = {}
    for one in before:
        old.setdefault(key(one), []).append(one)
    pairs: list[tuple[T | None, T | None]] = []
    for one in after:
        same = old.get(key(one))
        was = same.pop(0) if same else None
        if was != one:
            pairs.append((was, one))
    pairs += [(was, None) for left in old.values() for was in left]
    return pairs
