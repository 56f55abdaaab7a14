"""Ratios: two sides measured in turn, the median of their quotients, and the table of results."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """One line of the table: a figure, the goal it is held to, if any, and whether it is met."""

    goal: str
    what: str
    database: str
    value: float
    bound: float | None
    at_least: bool
    spread: tuple[float, float] | None = None
    unit: str = "×"
    note: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the figure keeps to its bound."""
        if self.bound is None:
            return True
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    @property
    def cells(self) -> tuple[str, ...]:
        """The line as texts: goal, what, database, figure, spread, bound, verdict, note."""
        spread = "" if self.spread is None else f"{self.spread[0]:.2f} to {self.spread[1]:.2f}"
        bound, verdict = "", ""
        if self.bound is not None:
            bound = f"{'≥' if self.at_least else '≤'} {self.bound:g}{self.unit}"
            verdict = "OK" if self.is_met else "short"
        return (
            self.goal,
            self.what,
            self.database,
            f"{self.value:.2f}{self.unit}",
            spread,
            bound,
            verdict,
            self.note,
        )


HEADINGS = ("goal", "what", "database", "median", "spread", "bound", "verdict", "note")


def table(results: Iterable[Result]) -> str:
    """Return the results as a Markdown table, columns aligned."""
    rows = [HEADINGS, *(result.cells for result in results)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(HEADINGS))]
    lines = [
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def seconds(work: Callable[[], object]) -> float:
    """Return how long ``work`` takes, in seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def in_turn(
    repeats: int, first: Callable[[], float], second: Callable[[], float]
) -> list[tuple[float, float]]:
    """Return ``repeats`` pairs of figures; who goes first alternates, so that drift cancels."""
    pairs = []
    for number in range(repeats):
        if number % 2:
            b = second()
            pairs.append((first(), b))
        else:
            pairs.append((first(), second()))
    return pairs


def quotients(pairs: Sequence[tuple[float, float]]) -> tuple[float, tuple[float, float]]:
    """Return the median of ``first / second`` over the pairs, and its least and greatest."""
    found = sorted(first / second for first, second in pairs)
    return statistics.median(found), (found[0], found[-1])
