"""The lists that partner risk goes by: checks, questions, and rules of performance, as data."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from fundops.calls.codelists import LANGUAGES


@dataclass(frozen=True)
class CheckKind:
    """One thing to look into, and how many months or days a finding stands.

    ``comes_from`` names where fundops itself knows the answer; then it is not typed.
    """

    code: str
    labels: Mapping[str, str]
    is_required: bool
    months: int | None
    days: int | None
    comes_from: str | None


@dataclass(frozen=True)
class Question:
    """One question of the capacity assessment, in its area."""

    code: str
    area: str
    weight: int
    text: str


@dataclass(frozen=True)
class Questionnaire:
    """The capacity assessment: its questions by area, and where its bands end, in percent."""

    version: int
    source: str
    applicable_percent: int
    bands: Mapping[str, int]
    areas: Mapping[str, str]
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class FigureRule:
    """How a figure of performance moves points: steps of (over, points), the last reached counts.

    ``unit`` is ``percent`` (a share of rows or amounts) or ``count``.
    """

    code: str
    unit: str
    fewest: int
    better: int
    worse: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class PerformanceRules:
    """How what a grantee did moves the band of its capacity, and which tier a band is."""

    source: str
    months: int
    points_per_step: int
    up: int
    down: int
    tiers: Mapping[str, str]
    figures: tuple[FigureRule, ...]


def _read(name: str) -> dict[str, Any]:
    path = files("fundops.partners").joinpath("lists", f"{name}.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def checks() -> Mapping[str, CheckKind]:
    """Return the kinds of checks by code, in the order in which they are shown."""
    return {
        raw["code"]: CheckKind(
            raw["code"],
            {language: raw[language] for language in LANGUAGES if language in raw},
            raw["required"],
            raw.get("months"),
            raw.get("days"),
            raw.get("from"),
        )
        for raw in _read("checks")["check"]
    }


@cache
def questionnaire() -> Questionnaire:
    """Return the questionnaire in use."""
    raw = _read("questionnaire")
    questions = tuple(
        Question(one["code"], area["code"], one["weight"], one["text"])
        for area in raw["area"]
        for one in area["question"]
    )
    areas = {area["code"]: area["title"] for area in raw["area"]}
    return Questionnaire(
        raw["version"], raw["source"], raw["applicable_percent"], raw["bands"], areas, questions
    )


@cache
def performance_rules() -> PerformanceRules:
    """Return the rules of performance in use."""
    raw = _read("performance")
    figures = tuple(
        FigureRule(
            one["code"], one["unit"], one["fewest"], one["better"],
            tuple((step["over"], step["points"]) for step in one["worse"]),
        )
        for one in raw["figure"]
    )  # fmt: skip
    return PerformanceRules(
        raw["source"], raw["months"], raw["points_per_step"], raw["up"], raw["down"],
        raw["tiers"], figures,
    )  # fmt: skip
