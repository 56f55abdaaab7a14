"""What the API takes and gives for a call's criteria, eligibility rules and documents."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from fundops.calls import codelists
from fundops.calls.models import WHOLE_WEIGHT, CallCriterion, CallDocument
from fundops.calls.objectives import OBJECTIVES
from fundops.calls.parts import Hundredths, hundredths, hundredths_text
from fundops.calls.rules import Rule
from fundops.schemas import Flag, In, Line, Out, Prose, Whole, refused

MAX_SCORES = 1_000
"""The most scores that a scale may have; more is no scale but a typing error."""


class CallAnchorIn(In):
    """What one score of a criterion means."""

    score: Hundredths = Field(examples=["5"])
    text: Annotated[Prose, Field(max_length=400)] = Field(
        examples=["Survivors take part in every decision."]
    )


class CallCriterionIn(In):
    """What reviewers score: its weight, its scale, which end is better, what scores mean."""

    kind: Literal["criterion", "objective"] = Field("criterion", examples=["criterion"])
    objective: Annotated[Whole, Field(ge=OBJECTIVES[0], le=OBJECTIVES[-1])] | None = Field(
        None, description="Of the kind `objective`: the objective that is scored.", examples=[None]
    )
    title: Line = Field(examples=["Need"])
    description: Prose | None = None
    weight: Hundredths = Field(
        description="Percent; a call's weights sum to 100.", examples=["100"]
    )
    scale_min: Hundredths = Field(examples=["1"])
    scale_max: Hundredths = Field(examples=["5"])
    scale_step: Hundredths = Field("1", examples=["1"])
    best: Literal["high", "low"] = "high"
    anchors: list[CallAnchorIn] = Field(
        [], max_length=21, description="At most one for each score.", examples=[[]]
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.kind == "objective") != (self.objective is not None):
            raise refused("calls.criterion_objective")
        low, high, step = map(hundredths, (self.scale_min, self.scale_max, self.scale_step))
        if not 0 < step <= high - low or (high - low) % step:
            raise refused("calls.scale_wrong")
        if (high - low) // step >= MAX_SCORES:
            raise refused("calls.scale_too_fine", maximum=MAX_SCORES)
        if not 0 < hundredths(self.weight) <= WHOLE_WEIGHT:
            raise refused("calls.weight_out_of_range")
        scores = [hundredths(anchor.score) for anchor in self.anchors]
        if any(not low <= score <= high or (score - low) % step for score in scores):
            raise refused("calls.anchor_off_scale")
        if len(set(scores)) != len(scores):
            raise refused("calls.anchor_repeated")
        return self


def _whole(criteria: list[CallCriterionIn]) -> list[CallCriterionIn]:
    if criteria and sum(hundredths(one.weight) for one in criteria) != WHOLE_WEIGHT:
        raise refused("calls.weights_sum")
    objectives = [one.objective for one in criteria if one.objective is not None]
    if len(set(objectives)) != len(objectives):
        raise refused("calls.objective_repeated")
    return criteria


class CallCriteriaIn(In):
    """All criteria of a call, in order; they replace those there were."""

    criteria: Annotated[list[CallCriterionIn], Field(max_length=40), AfterValidator(_whole)]


class CallRulesIn(In):
    """All eligibility rules of a call, in order; they replace those there were."""

    rules: list[Rule] = Field(
        max_length=30, examples=[[{"kind": "registration_age", "min_months": 12}]]
    )


def _document_kind(value: str) -> str:
    if not codelists.get("document_kind").has(value):
        raise refused("calls.code_unknown", list="document_kind")
    return value


class CallDocumentIn(In):
    """A document that a proposal must, or may, come with."""

    kind: Annotated[Line, Field(max_length=40), AfterValidator(_document_kind)] = Field(
        description="A code of the list `document_kind`.", examples=["registration"]
    )
    is_required: Flag = True
    note: Annotated[Prose, Field(max_length=1000)] | None = None
    max_age_days: Annotated[Whole, Field(ge=1, le=3660)] | None = Field(
        None, description="The oldest it may be on the day of the deadline."
    )


def _each_once(documents: list[CallDocumentIn]) -> list[CallDocumentIn]:
    if len({one.kind for one in documents}) != len(documents):
        raise refused("calls.document_repeated")
    return documents


class CallDocumentsIn(In):
    """All documents a call asks for, in order; they replace those there were."""

    documents: Annotated[list[CallDocumentIn], Field(max_length=30), AfterValidator(_each_once)]


class CallAnchorOut(Out):
    """What one score means."""

    score: str
    text: str


class CallCriterionOut(Out):
    """A criterion; numbers are text with two decimals."""

    id: UUID
    number: int
    kind: str
    objective: int | None
    title: str
    description: str | None
    weight: str
    scale_min: str
    scale_max: str
    scale_step: str
    best: str
    anchors: list[CallAnchorOut]


class CallCriteriaOut(Out):
    """The criteria of a call; the version is the call's."""

    call_id: UUID
    version: int
    criteria: list[CallCriterionOut]


class CallRulesOut(Out):
    """The eligibility rules of a call; the version is the call's."""

    call_id: UUID
    version: int
    rules: list[Rule]


class CallDocumentOut(Out):
    """A document that a call asks for."""

    id: UUID
    number: int
    kind: str
    is_required: bool
    note: str | None
    max_age_days: int | None


class CallDocumentsOut(Out):
    """The documents a call asks for; the version is the call's."""

    call_id: UUID
    version: int
    documents: list[CallDocumentOut]


def criterion_out(row: CallCriterion) -> dict[str, Any]:
    """Return the wire form of a criterion."""
    return {
        "id": row.id,
        "number": row.number,
        "kind": row.kind,
        "objective": row.objective,
        "title": row.title,
        "description": row.description,
        "weight": hundredths_text(row.weight_bp),
        "scale_min": hundredths_text(row.scale_min),
        "scale_max": hundredths_text(row.scale_max),
        "scale_step": hundredths_text(row.scale_step),
        "best": row.best,
        "anchors": json.loads(row.anchors),
    }


def document_out(row: CallDocument) -> dict[str, Any]:
    """Return the wire form of a document that is asked for."""
    return {
        "id": row.id,
        "number": row.number,
        "kind": row.kind,
        "is_required": row.is_required,
        "note": row.note,
        "max_age_days": row.max_age_days,
    }
