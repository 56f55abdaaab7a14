"""What the API gives as feedback to an applicant."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import Field

from fundops.decisions.feedback import Feedback
from fundops.schemas import Out


class CriterionFeedbackOut(Out):
    """The mean mark on one criterion, in the units of its scale."""

    number: int
    title: str
    mean: str | None = Field(description="To two decimals; null where nobody marked it.")
    lowest: str
    highest: str
    best: str = Field(description="Which end of the scale is better: high or low.")


class FeedbackOut(Out):
    """How a proposal was judged, without names."""

    proposal_id: UUID
    code: str
    outcome: str = Field(description="award, reserve, reject or ineligible")
    reason: str | None
    score: str | None = Field(description="Mean weighted score out of 100; 100 is best.")
    criteria: list[CriterionFeedbackOut]
    strengths: list[str]
    weaknesses: list[str]


def points(hundredths: int | None) -> str | None:
    """Return hundredths as a decimal text: 7850 -> ``"78.50"``."""
    return None if hundredths is None else f"{hundredths // 100}.{hundredths % 100:02d}"


def feedback_out(found: Feedback) -> dict[str, Any]:
    """Return the wire form of feedback."""
    return {
        "proposal_id": found.proposal.id,
        "code": found.proposal.code,
        "outcome": found.outcome,
        "reason": found.reason,
        "score": points(found.score),
        "criteria": [
            {
                "number": one.number,
                "title": one.title,
                "mean": points(mean.hundredths),
                "lowest": points(one.scale_min),
                "highest": points(one.scale_max),
                "best": one.best,
            }
            for one, mean in found.criteria
        ],
        "strengths": list(found.strengths),
        "weaknesses": list(found.weaknesses),
    }
