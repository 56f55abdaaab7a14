"""What a grantee may save: the whole of a progress report, however unfinished.

A draft takes whatever was typed into a place that exists, as drafts of proposals do; what is wrong
with it is said by ``checks`` when asked, and again on submission. Free text is screened for
personal data before any of it is stored (``screened``). Places are bounded here: the keys of a
report are codes, so that no words can be stored where nobody would look for them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, WithJsonSchema

from fundops.drafted import MAX_LEAF, MAX_WHOLE
from fundops.parties.withholding import MAX_CONFIRMATIONS, ConfirmationIn, Leaf, is_number
from fundops.reports.dimensions import dimensions
from fundops.schemas import In, refused
from fundops.screening.fields import WITHHELD

MAX_FIGURE = 60
"""Characters of a number, code or currency in a draft."""
MAX_LINES, MAX_RESULTS = 300, 120
MAX_NUMBER = 1_000
PROSE = ("challenges", "lessons", "risks")
"""Free texts of a whole report, beside its narrative by objective."""
METHODS = ("first_in_first_out", "weighted_average")
"""How a grantee's expenditure is converted into the fund's base currency."""

_OBJECTIVE = re.compile(r"[1-9]|10", re.ASCII)


def _figure(value: Any) -> Any:
    if isinstance(value, str) and len(value) > MAX_FIGURE:
        raise refused("reports.figure_too_long", maximum=MAX_FIGURE)
    return value


Figure = Annotated[Leaf, AfterValidator(_figure)]


def _as_schema(maximum: int) -> dict[str, Any]:
    """Return the JSON schema of a leaf with at most so many characters."""
    whole = {"type": "integer", "minimum": -MAX_WHOLE, "maximum": MAX_WHOLE}
    kinds = [whole, {"type": "number"}, {"type": "boolean"}, {"type": "null"}]
    return {"anyOf": [{"type": "string", "maxLength": maximum}, *kinds]} | WITHHELD


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _objectives(given: dict[str, Any]) -> dict[str, Any]:
    if any(_OBJECTIVE.fullmatch(key) is None for key in given):
        raise refused("reports.unknown_objective")
    return given


def _breakdown(given: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    for name, counts in given.items():
        dimension = dimensions().get(name)
        if dimension is None or any(code not in dimension.codes for code in counts):
            # What was typed is no code of ours and may be anything: it is not said again.
            raise refused("reports.unknown_breakdown")
    return given


Breakdown = Annotated[
    dict[str, dict[str, Figure]],
    AfterValidator(_breakdown),
    WithJsonSchema(
        _closed(
            {
                name: _closed({code: _as_schema(MAX_FIGURE) for code in one.codes})
                for name, one in dimensions().items()
            }
        )
    ),
    Field(
        description="Counts by code, by dimension: `sex_age` (`<sex>.<age>`), `exploitation`, "
        "`group`, `assistance`.",
        examples=[{"sex_age": {"female.18_24": "3", "unknown.unknown": "4"}}],
    ),
]


class ExpenditureDraft(In):
    """What was spent under one agreed budget line, and what is asked for the next period."""

    line: Figure = None
    amount: Figure = None
    requested: Figure = None
    note: Leaf = None


class ReportedDraft(In):
    """What was reached of one agreed result, and how it is broken down."""

    result: Figure = None
    numerator: Figure = None
    denominator: Figure = None
    breakdown: Breakdown = {}
    note: Leaf = None


class ReportDraftIn(In):
    """The whole content of a report's draft. What is left out is empty; nothing need be right."""

    narrative: Annotated[
        dict[str, Leaf],
        AfterValidator(_objectives),
        WithJsonSchema(_closed({str(one): _as_schema(MAX_LEAF) for one in range(1, 11)})),
    ] = Field(
        default_factory=dict,
        description="Text by number of the objective.",
        examples=[{"4": "The shelter was open all year."}],
    )
    challenges: Leaf = None
    lessons: Leaf = None
    risks: Leaf = None
    currency: Figure = Field(None, description="The fund's base currency when not said.")
    method: Figure = Field(None, description="`first_in_first_out` or `weighted_average`.")
    expenditure: list[ExpenditureDraft] = Field([], max_length=MAX_LINES)
    results: list[ReportedDraft] = Field([], max_length=MAX_RESULTS)
    confirmations: list[ConfirmationIn] = Field([], max_length=MAX_CONFIRMATIONS)

    def plain(self) -> dict[str, Any]:
        """Return what was sent, no more and no less, without the confirmations."""
        return self.model_dump(exclude_unset=True, exclude={"confirmations"})


def is_figure(pointer: str, value: str) -> bool:
    """Return whether a text is a number or code in its place, not words."""
    last = pointer.rsplit("/", 1)[-1]
    if pointer.startswith("/narrative/") or last in (*PROSE, "note"):
        return False
    if last == "currency":
        return re.fullmatch(r"[A-Za-z]{3}", value.strip()) is not None
    if last == "method":
        return value.strip() in METHODS
    return is_number(value)


def has_place(content: Mapping[str, Any], pointer: str) -> bool:
    """Return whether a JSON pointer names something of a content, a leaf or all under it."""
    found: Any = content
    for part in pointer.split("/")[1:]:
        if isinstance(found, Mapping) and part in found:
            found = found[part]
        elif isinstance(found, list) and part.isascii() and part.isdigit():
            if int(part) >= len(found):
                return False
            found = found[int(part)]
        else:
            return False
    return True
