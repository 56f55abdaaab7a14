"""A proposal's draft as a workbook and back: the same content, the same rules, problems in cells.

What was typed into a draft and cannot stand in a cell of its kind (text where an amount belongs) is
left blank in the workbook and said beside it; it stays in the draft's version. A workbook that
comes back replaces the draft as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fundops.errors import FieldError
from fundops.forms.declaration import Column, Field, Form
from fundops.forms.parse import Filled, parse_in
from fundops.forms.problems import Problem
from fundops.proposals import values
from fundops.proposals.content import ANSWERS, CODE_LISTS
from fundops.proposals.leaves import CellWriter, as_leaf

Content = dict[str, Any]
Values = dict[str, Any]

PLAIN = ("title", "language", "summary", "country", "starts_on", "ends_on")
COLUMNS = {"for_objective": "objective"}
"""Columns of the workbook whose name in the content is another."""


@dataclass(frozen=True)
class Returned:
    """A workbook that came back: the content it holds and every problem, with its cell."""

    filled: Filled
    content: Content
    language: str = "en"
    """That of the workbook, so of the problems in its cells."""
    objectives: tuple[str, ...] = ()
    """The objectives of the form's rows of shares, in their order."""

    def place(self, problems: list[FieldError]) -> list[Problem]:
        """Return what the rules found, each with the cell it is about."""
        return [self.filled.problem(self._pointer(one.pointer), one.detail) for one in problems]

    def cells(self, pointers: Iterable[str]) -> dict[str, str]:
        """Return where pointers into the content stand in the workbook, as ``Sheet!C9``."""
        places = {one: self.filled.cell_of(self._pointer(one)) for one in pointers}
        return {one: f"{at.sheet}!{at.cell}" for one, at in places.items() if at is not None}

    def _pointer(self, pointer: str) -> str:
        """Return a pointer into the content as one into the workbook."""
        parts = pointer.split("/")[1:]
        match parts:
            case ["shares", at, "objective" | "percent"] if at.isdigit():
                # By place: a number would be taken for one.
                row = self.objectives.index(str(self.content["shares"][int(at)]["objective"]))
                return f"/shares/{row}/percent"
            case ["codes", name, at] if at.isdigit():
                return f"/codes/{name}.{self.content['codes'][name][int(at)]}/applies"
            case ["codes", *_]:
                return "/codes"
            case ["regions" | "places" as name, at] if at.isdigit():
                column = "region" if name == "regions" else "place"
                row = _rows_with(self.filled.values, column)[int(at)]
                return f"/places/{row}/{column}"
            case ["regions", *_]:
                return "/places"
            case ["budget", at, "objective"]:
                return f"/budget/{at}/for_objective"
        return pointer


def _rows_with(given: Values, column: str) -> list[int]:
    rows = given.get("places") or []
    return [at for at, row in enumerate(rows) if row.get(column) is not None]


def read_back(
    form_in: Callable[[str], Form], raw: bytes, identity: Mapping[str, str], language: str = "en"
) -> Returned:
    """Return what a workbook says as the content of a draft, with what could not be read.

    ``form_in`` gives the form in a language: that of the workbook, ``language`` where it says
    none. Never raises for what is in the file; one that is not of this proposal is ``refused``.
    """
    form, filled = parse_in(form_in, raw, identity, language)
    content = {} if filled.refused else _content(form, filled.values)
    objectives = next((table.rows for table in form.tables() if table.key == "shares"), ())
    return Returned(filled, content, form.language, tuple(row.key for row in objectives))


def _content(form: Form, given: Values) -> Content:
    kinds = {column.key: column.kind for table in form.tables() for column in table.columns}

    def lines(table: str) -> list[Content]:
        return [
            {
                COLUMNS.get(key, key): as_leaf(kinds[key], value)
                for key, value in row.items()
                if value is not None
            }
            for row in given.get(table) or []
        ]

    content: Content = {
        one.key: as_leaf(one.kind, given[one.key])
        for one in form.fields()
        if one.key in PLAIN and given.get(one.key) is not None
    }
    shares, codes = given.get("shares") or [], given.get("codes") or []
    tables = {table.key: table for table in form.tables()}
    return content | {
        "regions": [row["region"] for row in given.get("places") or [] if row.get("region")],
        "places": [row["place"] for row in given.get("places") or [] if row.get("place")],
        "shares": [
            {"objective": row.key, "percent": typed["percent"]}
            for row, typed in zip(tables["shares"].rows, shares, strict=False)
            if typed.get("percent")
        ],
        "codes": {
            name: [
                row.key.removeprefix(f"{name}.")
                for row, typed in zip(tables["codes"].rows, codes, strict=False)
                if typed.get("applies") and row.key.startswith(f"{name}.")
            ]
            for name in CODE_LISTS
        },
        "budget": lines("budget"),
        "results": lines("results"),
        "cofunding": lines("cofunding"),
        "answers": {name: given[name] for name in ANSWERS if given.get(name) is not None},
    }


def filled_in(form: Form, content: Mapping[str, Any]) -> tuple[Values, list[str]]:
    """Return the workbook's values for a draft, and pointers to what no cell can show."""
    shown = _Shown(form)
    result: Values = {name: shown.field(name, content.get(name)) for name in PLAIN}
    answers = content.get("answers") or {}
    result |= {name: shown.field(name, answers.get(name), "/answers") for name in ANSWERS}
    result["places"] = shown.places(content)
    result["shares"] = shown.shares(content.get("shares") or [])
    result["codes"] = shown.codes(content.get("codes") or {})
    for table in ("budget", "results", "cofunding"):
        result[table] = shown.lines(table, content.get(table) or [])
    return result, shown.left_out


class _Shown(CellWriter):
    """The cells of a proposal's workbook."""

    def __init__(self, form: Form) -> None:
        super().__init__()
        self.fields: dict[str, Field] = {one.key: one for one in form.fields()}
        self.tables = {table.key: table for table in form.tables()}

    def field(self, key: str, typed: Any, within: str = "") -> Any:
        return self.value(self.fields[key].kind, typed, f"{within}/{key}")

    def column(self, table: str, key: str) -> Column:
        return next(one for one in self.tables[table].columns if one.key == key)

    def places(self, content: Mapping[str, Any]) -> list[Values]:
        region, place = (self.column("places", key).kind for key in ("region", "place"))
        regions = [
            self.value(region, one, f"/regions/{at}")
            for at, one in enumerate(content.get("regions") or [])
        ]
        places = [
            self.value(place, one, f"/places/{at}")
            for at, one in enumerate(content.get("places") or [])
        ]
        rows = max(len(regions), len(places))
        padded = (one + [None] * (rows - len(one)) for one in (regions, places))
        pairs = list(zip(*padded, strict=True))
        return [{"region": a, "place": b} for a, b in pairs if a is not None or b is not None]

    def shares(self, typed: list[Mapping[str, Any]]) -> list[Values]:
        kind = self.column("shares", "percent").kind
        found: dict[str, Any] = {}
        known = {row.key for row in self.tables["shares"].rows}
        for at, one in enumerate(typed):
            objective = str(one.get("objective"))
            if objective in known and objective not in found:
                found[objective] = self.value(kind, one.get("percent"), f"/shares/{at}/percent")
            elif any(not values.is_empty(value) for value in one.values()):
                self.left_out.append(f"/shares/{at}")
        return [{"percent": found.get(row.key)} for row in self.tables["shares"].rows]

    def codes(self, typed: Mapping[str, Any]) -> list[Values]:
        known = {row.key for row in self.tables["codes"].rows}
        declared = set()
        for name, listed in typed.items():
            for at, code in enumerate(listed or []):
                if f"{name}.{code}" in known:
                    declared.add(f"{name}.{code}")
                elif not values.is_empty(code):
                    self.left_out.append(f"/codes/{name}/{at}")
        return [
            {"applies": True if row.key in declared else None} for row in self.tables["codes"].rows
        ]

    def lines(self, table: str, typed: list[Mapping[str, Any]]) -> list[Values]:
        rows = []
        for at, one in enumerate(typed):
            rows.append(
                {
                    column.key: self.value(
                        column.kind,
                        one.get(COLUMNS.get(column.key, column.key)),
                        f"/{table}/{at}/{column.key}",
                    )
                    for column in self.tables[table].inputs
                }
            )
        return [row for row in rows if any(value is not None for value in row.values())]
