"""What the API takes and gives for divergences, consensus and rankings."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from pydantic import Field, StringConstraints

from fundops.reviews.marks import shown
from fundops.reviews.schemas import Because
from fundops.schemas import Flag, In, MoneyIn, Out, Whole
from fundops.screening.fields import SCREENED

Minutes = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, min_length=20, max_length=10_000),
    Field(examples=["The reviewers met and agreed that the budget is sound but the plan is late."]),
    SCREENED,
]
Points = Annotated[
    str,
    StringConstraints(strict=True, pattern=r"^(100(\.00?)?|[0-9]{1,2}(\.[0-9]{1,2})?)$"),
    Field(examples=["72.50"], description="Out of 100, 100 being best."),
]
Alias = Annotated[
    str, StringConstraints(strict=True, min_length=1, max_length=20), Field(examples=["Reviewer 2"])
]


class DivergenceOut(Out):
    """A proposal whose reviews lie further apart than the call allows, and what is done."""

    proposal_id: UUID
    proposal_code: str
    spread: str = Field(description="In points out of 100.")
    threshold: str
    highest: list[str]
    lowest: list[str]
    reviews: int
    state: Literal["asked", "awaited", "extra_review", "consensus"]
    asks: list[Literal["extra_reviewer", "consensus"]]


class DivergencePage(Out):
    """The divergences of a call; they always fit one page."""

    items: list[DivergenceOut]
    next_cursor: str | None


class OpenedOut(Out):
    """How many reviews are now open to those who wrote them."""

    reviews: int


class OpenIn(In):
    """Why reviewers are to read each other's reviews."""

    reason: Because


class ConsensusIn(In):
    """What reviewers who diverged agreed on, with minutes."""

    minutes: Minutes
    agreed: Points | None = Field(None, description="Null where they agreed to differ.")
    participants: Annotated[list[Alias], Field(min_length=1, max_length=40)] = Field(
        description="Pseudonyms of those who took part."
    )


class ConsensusOut(Out):
    """A consensus; the reviews stay beside it."""

    id: UUID
    proposal_id: UUID
    agreed: str | None
    minutes: str
    participants: list[str]
    settled_at: datetime


class ConsensusPage(Out):
    """A page of consensuses."""

    items: list[ConsensusOut]
    next_cursor: str | None


class LineIn(In):
    """A funding line: so many proposals, or so much money. One of the two."""

    count: Annotated[Whole, Field(ge=1, le=100_000)] | None = Field(None, examples=[10])
    amount: MoneyIn | None = Field(None, examples=[None])


class RankingIn(In):
    """How a ranking is to be made."""

    seed: Annotated[Whole, Field(ge=0, le=2_147_483_647)] | None = Field(
        None, description="Of the random draws; drawn itself by default, and kept."
    )
    draws: Annotated[Whole, Field(ge=100, le=5_000)] = 1000
    order: Literal["raw", "adjusted", "agreed"] = Field(
        "raw", description="Which scores order the list; all stand in it."
    )
    line: LineIn | None = None
    include_submitted: Flag = Field(
        False, description="Also proposals whose eligibility is not decided yet."
    )
    accept_divergences: Flag = Field(
        False, description="Rank although divergences are unsettled; each is flagged."
    )


class RankingLine(Out):
    """A ranking that was computed, without its result."""

    id: UUID
    call_id: UUID
    seed: int
    parameters: dict[str, Any]
    sha256: str = Field(description="Of the canonical JSON of the result.")
    computed_by_id: UUID | None
    computed_at: datetime


class RankingPage(Out):
    """A page of rankings, the latest last."""

    items: list[RankingLine]
    next_cursor: str | None


class RankingOut(RankingLine):
    """A ranking with its result; scores in it are whole hundredths of a point out of 100."""

    withheld: int = Field(
        description="Proposals left out for a conflict of the reader's; `sha256` is of the whole."
    )
    result: dict[str, Any]


def ranking_line(row: Any) -> dict[str, Any]:
    """Return the wire form of a ranking without its result."""
    out = {name: getattr(row, name) for name in RankingLine.model_fields}
    out["parameters"] = json.loads(row.parameters)
    return out


def ranking_out(row: Any, hidden: Collection[str] = ()) -> dict[str, Any]:
    """Return the wire form of a ranking; the result goes out as it is kept.

    Proposals of the codes ``hidden``, which the reader has a conflict with, are left out.
    """
    if not hidden:
        return ranking_line(row) | {"withheld": 0, "result": orjson.Fragment(row.result)}
    result = json.loads(row.result)
    whole = len(result["rows"])
    result["rows"] = [one for one in result["rows"] if one["code"] not in hidden]
    for name in ("flips", "adjusted_flips"):
        result[name] = [
            one
            for one in result[name]
            if one["proposal"] not in hidden and one["review_of"] not in hidden
        ]
    return ranking_line(row) | {"withheld": whole - len(result["rows"]), "result": result}


def divergence_out(found: Any, code: str, reviews: int) -> dict[str, Any]:
    """Return the wire form of a divergence, with what it asks for while it is not settled."""
    apart = found.divergence
    asks = [] if found.is_settled else ["extra_reviewer", "consensus"]
    if found.state == "awaited":
        asks = ["consensus"]
    return {
        "proposal_id": found.proposal_id,
        "proposal_code": code,
        "spread": shown(apart.spread),
        "threshold": shown(apart.threshold),
        "highest": [str(one) for one in apart.highest],
        "lowest": [str(one) for one in apart.lowest],
        "reviews": reviews,
        "state": found.state,
        "asks": asks,
    }
