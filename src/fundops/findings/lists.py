"""The lists that findings and incidents go by, as data: categories, kinds, and days of notice."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class IncidentKind:
    """A kind of incident: whether donors are told of it by default, and within how many days."""

    code: str
    label: str
    owes_notice: bool
    notice_days: int


def _read(name: str) -> dict[str, Any]:
    path = files("fundops.findings").joinpath("lists", f"{name}.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def categories() -> Mapping[str, str]:
    """Return what findings are about: code -> label, in the order in which they are shown."""
    return {one["code"]: one["en"] for one in _read("finding_category")["entry"]}


@cache
def incident_kinds() -> Mapping[str, IncidentKind]:
    """Return the kinds of incidents by code, in the order in which they are shown."""
    return {
        one["code"]: IncidentKind(one["code"], one["en"], one["owes_notice"], one["notice_days"])
        for one in _read("incident_kind")["entry"]
    }


def sources() -> Mapping[str, str]:
    """Return where each list comes from."""
    return {name: _read(name)["source"] for name in ("finding_category", "incident_kind")}
