"""What the API gives of overlaps."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import Field

from fundops.messages import text
from fundops.overlaps.likeness import WEIGHTS, Likeness, Overlap
from fundops.schemas import Out


class LikenessOut(Out):
    """One aspect in which the works are alike."""

    aspect: str = Field(description="organisation, text, place or period")
    points: int
    of: int = Field(description="Points for full likeness in this aspect.")
    percent: int = Field(description="How alike, 0 to 100.")
    explanation: str


class OverlapOut(Out):
    """A work that a proposal overlaps with."""

    kind: str = Field(description="proposal, grant or activity")
    id: UUID
    code: str | None
    title: str
    organisations: list[str]
    countries: list[str]
    starts_on: str | None
    ends_on: str | None
    points: int = Field(description="Out of 100; the sum of its aspects' points.")
    likenesses: list[LikenessOut]


class OverlapPage(Out):
    """The works most like a proposal, most alike first; they fit one page."""

    items: list[OverlapOut]
    compared: int = Field(description="How many works it was compared with.")
    next_cursor: str | None


def overlap_out(overlap: Overlap) -> dict[str, Any]:
    """Return the wire form of an overlap."""
    work = overlap.work
    return {
        "kind": work.kind,
        "id": work.id,
        "code": work.code,
        "title": text("grants.title_withheld") if work.is_hidden else work.title,
        "organisations": list(work.names),
        "countries": sorted(work.countries),
        "starts_on": work.starts_on,
        "ends_on": work.ends_on,
        "points": overlap.points,
        "likenesses": [
            {
                "aspect": one.aspect,
                "points": one.points,
                "of": WEIGHTS[one.aspect],
                "percent": round(100 * one.share),
                "explanation": explain(one),
            }
            for one in overlap.likenesses
        ],
    }


def explain(likeness: Likeness) -> str:
    """Return in words what shows that two works are alike."""
    evidence = likeness.evidence
    match likeness.aspect:
        case "organisation" if evidence:
            return text("overlaps.like_name", mine=evidence[0], theirs=evidence[1])
        case "organisation":
            return text("overlaps.same_organisation")
        case "text" if evidence:
            return text("overlaps.same_passage", passage=evidence[0])
        case "text":
            return text("overlaps.like_text", percent=round(100 * likeness.share))
        case "place":
            return text("overlaps.same_place", places=", ".join(evidence))
        case "period":
            return text("overlaps.same_period", start=evidence[0], end=evidence[1])
