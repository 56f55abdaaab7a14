"""The catalogue of indicators as rules: what a figure counts and how such figures may be added.

The shipped catalogue is the code list ``indicator``. Indicators of imported results alone stand
beside it (``lists/source_indicator.toml``): they are read like the others, and nobody can propose,
agree or report in them.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from fundops.calls import codelists

ADDED = frozenset({"sum", "new_persons"})
"""Aggregations whose figures are plain sums."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """An entry of the catalogue.

    ``aggregation`` says how figures may be added. ``per`` is what has one series of figures: a
    grant, or a country where the figure is the country's whoever reports it. ``is_suppressed``:
    small counts are hidden outside. ``never_added_with`` names indicators that may count the same
    people or cases. ``objective`` is 0 for what serves none of the ten. ``is_verified`` is false
    for this fund's own wording.
    """

    code: str
    label: str
    text: str | None
    unit: str
    disaggregation: tuple[str, ...]
    aggregation: str
    per: str
    is_suppressed: bool
    never_added_with: tuple[str, ...]
    objective: int
    reference: str
    is_verified: bool


@cache
def catalogue() -> Mapping[str, Indicator]:
    """Return every indicator by code, in the catalogue's order, imported ones last."""
    found = {entry.code: _indicator(entry) for entry in codelists.get("indicator").entries}
    path = files("fundops.calls").joinpath("lists", "source_indicator.toml")
    for raw in tomllib.loads(path.read_text(encoding="utf-8"))["entry"]:
        more = {key: value for key, value in raw.items() if key not in {"code", "en", "text"}}
        entry = codelists.Entry(raw["code"], {"en": raw["en"]}, raw.get("text"), more=more)
        found[entry.code] = _indicator(entry)
    return found


def indicator(code: str) -> Indicator:
    """Return one indicator; raise ``KeyError`` for an unknown code."""
    return catalogue()[code]


def of_objective(objective: int) -> tuple[str, ...]:
    """Return the codes of the indicators of one of the ten objectives."""
    return tuple(one.code for one in catalogue().values() if one.objective == objective)


@cache
def digest() -> str:
    """Return the SHA-256 of the catalogue in force, so that an answer can say what it added by."""
    rows = [asdict(one) for one in catalogue().values()]
    content = json.dumps(rows, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()


def _indicator(entry: codelists.Entry) -> Indicator:
    more: Mapping[str, Any] = entry.more
    return Indicator(
        code=entry.code,
        label=entry.labels["en"],
        text=entry.text,
        unit=more["unit"],
        disaggregation=tuple(more["disaggregation"]),
        aggregation=more["aggregation"],
        per=more.get("per", "grant"),
        is_suppressed=more["is_suppressed"],
        never_added_with=tuple(more.get("never_added_with", ())),
        objective=more["objective"],
        reference=more["reference"],
        is_verified=more["is_verified"],
    )
