"""Marks as people write them and as they are kept: text on a scale, whole hundredths, seals.

A draft may hold anything; ``read`` says all that is wrong with it at once, each with its place, or
returns marks that can be submitted: every criterion either on its scale with a justification, or
explicitly not judged with the reason. A mark that is missing is an error, never a zero.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from sqlalchemy.orm import Session

from fundops.audit import canonical
from fundops.calls import terms
from fundops.calls.models import CallCriterion
from fundops.errors import FieldError
from fundops.messages import text
from fundops.reviews.scoring import (
    Criterion,
    Mark,
    ScoreInvalid,
    WeightedScore,
    weighted_score,
)

LEAST_JUSTIFICATION = 20
"""Characters of a justification, spaces at the ends not counted."""
MOST_TEXT = 4000
_SCORE = re.compile(r"(-?)([0-9]{1,7})(?:[.,]([0-9]{1,2}))?", re.ASCII)


@dataclass(frozen=True)
class Marked:
    """One criterion's mark to be kept: hundredths of its units, ``None`` for not judged."""

    criterion_id: UUID
    score: int | None
    justification: str


@dataclass(frozen=True)
class Complete:
    """A draft that may be submitted."""

    marks: tuple[Marked, ...]
    strengths: str | None
    weaknesses: str | None
    private_note: str | None


def shown(hundredths: int | None) -> str | None:
    """Return hundredths as text with two decimals: 8333 -> ``"83.33"``."""
    if hundredths is None:
        return None
    sign = "-" if hundredths < 0 else ""
    whole, part = divmod(abs(hundredths), 100)
    return f"{sign}{whole}.{part:02}"


def parsed(value: str) -> int | None:
    """Return a number of at most two decimals in hundredths, ``None`` for anything else."""
    found = _SCORE.fullmatch(value.strip())
    if found is None:
        return None
    hundredths = int(found[2]) * 100 + int((found[3] or "0").ljust(2, "0"))
    return -hundredths if found[1] else hundredths


def scale(criterion: CallCriterion) -> Criterion:
    """Return the scale and weight of a call's criterion."""
    best = cast(Any, criterion.best)
    return Criterion(
        criterion.id, criterion.weight_bp, criterion.scale_min, criterion.scale_max,
        criterion.scale_step, best,
    )  # fmt: skip


def weighted(criteria: Sequence[CallCriterion], marks: Sequence[Marked]) -> WeightedScore:
    """Return the weighted score of marks that have been read."""
    return weighted_score(
        [scale(one) for one in criteria], [Mark(one.criterion_id, one.score) for one in marks]
    )


def criteria_of(db: Session, call_id: UUID) -> list[CallCriterion]:
    """Return what a call's reviewers mark, in order."""
    return terms.criteria(db, call_id)


class _Faults:
    def __init__(self) -> None:
        self.found: list[FieldError] = []

    def add(self, pointer: str, key: str, **params: Any) -> None:
        """Note what is wrong at a JSON pointer."""
        self.found.append(FieldError(pointer, text(key, **params)))


def read(
    criteria: Sequence[CallCriterion], draft: Mapping[str, Any]
) -> tuple[Complete | None, list[FieldError]]:
    """Return the marks of a draft if it may be submitted, and all that is wrong if not."""
    faults = _Faults()
    by_number = {one.number: one for one in criteria}
    marks: dict[int, Marked] = {}
    named: set[int] = set()
    for index, given in enumerate(draft.get("marks", [])):
        place = f"/marks/{index}"
        number = given["criterion"]
        criterion = by_number.get(number)
        if criterion is None:
            faults.add(f"{place}/criterion", "reviews.unknown_criterion", number=number)
        elif number in named:
            faults.add(f"{place}/criterion", "reviews.marked_twice", number=number)
        else:
            named.add(number)
            marked = _mark(criterion, given, place, faults)
            if marked is not None:
                marks[number] = marked
    for one in criteria:
        if one.number not in named:
            faults.add("/marks", "reviews.not_marked", number=one.number, title=one.title)
    texts = {
        name: _text(draft.get(name), f"/{name}", faults)
        for name in ("strengths", "weaknesses", "private_note")
    }
    if faults.found:
        return None, faults.found
    return Complete(tuple(marks[one.number] for one in criteria), **texts), []


def _mark(
    criterion: CallCriterion, given: Mapping[str, Any], place: str, faults: _Faults
) -> Marked | None:
    before = len(faults.found)
    justification = _text(given.get("justification"), f"{place}/justification", faults)
    if justification is None and len(faults.found) == before:
        faults.add(f"{place}/justification", "reviews.justification_missing")
    elif justification is not None and len(justification) < LEAST_JUSTIFICATION:
        faults.add(
            f"{place}/justification", "reviews.justification_short", least=LEAST_JUSTIFICATION
        )
    score = None
    if given.get("cannot_judge"):
        if given.get("score") is not None:
            faults.add(f"{place}/score", "reviews.score_and_none")
    else:
        score = _score(criterion, given.get("score"), f"{place}/score", faults)
    if len(faults.found) > before:
        return None
    assert justification is not None
    return Marked(criterion.id, score, justification)


def _score(criterion: CallCriterion, given: str | None, place: str, faults: _Faults) -> int | None:
    if given is None or not given.strip():
        faults.add(place, "reviews.score_missing")
        return None
    score = parsed(given)
    if score is None:
        faults.add(place, "reviews.score_not_a_number")
        return None
    try:
        scale(criterion).position(score)
    except ScoreInvalid as error:
        limits = {
            "least": shown(criterion.scale_min),
            "most": shown(criterion.scale_max),
            "step": shown(criterion.scale_step),
        }
        faults.add(place, f"reviews.{error.problem}", **limits)
        return None
    return score


def _text(value: str | None, place: str, faults: _Faults) -> str | None:
    stripped = (value or "").strip()
    if len(stripped) > MOST_TEXT:
        faults.add(place, "validation.string_too_long", max_length=MOST_TEXT)
        return None
    if any(ord(one) < 32 and one not in "\n\t\r" for one in stripped):
        faults.add(place, "validation.control_characters")
        return None
    return stripped or None


def seal(
    assignment_id: UUID, number: int, weighted_hundredths: int | None,
    marks: Sequence[tuple[UUID, int | None, str]],
) -> str:  # fmt: skip
    """Return SHA-256 of the canonical JSON of all that a review scores, in hex.

    ``marks`` are (criterion, score, justification); their order does not matter.
    """
    covered = {
        "assignment_id": assignment_id,
        "number": number,
        "weighted": weighted_hundredths,
        "marks": sorted([str(one), score, why] for one, score, why in marks),
    }
    return hashlib.sha256(canonical(covered).encode()).hexdigest()
