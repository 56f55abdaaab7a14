"""What the API takes and gives for the funding line and the best portfolio."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from fundops.schemas import In, MoneyOut, Out


class WhatIfIn(In):
    """A question about the best portfolio, with proposals forced in and out."""

    goal: Literal["score", "score_amount", "count"] = Field(
        "score", description="What is made largest: scores, scores by amount, or grants."
    )
    order: Literal["raw", "adjusted"] = Field("raw", description="Which scores count.")
    ranking_id: UUID | None = Field(None, description="The latest ranking by default.")
    forced_in: Annotated[list[UUID], Field(max_length=10)] = []
    forced_out: Annotated[list[UUID], Field(max_length=10)] = []


class StandingOut(Out):
    """Where one proposal stands to the line; ``reason`` and ``sentence`` say why not above."""

    proposal_id: UUID
    code: str
    rank: int | None
    score: str | None = Field(description="Out of 100.", examples=["81.25"])
    amount: MoneyOut
    place: str = Field(description="`above`, `skipped`, `tied`, `below` or `unranked`.")
    reason: str | None = Field(
        description="`floor`, `ceiling`, `limit`, `minimum`, `earmarks`, `envelope`, `cash` (the"
        " fund's free money is less than it asks for), `tie`, `ended` (it would fit, but the line"
        " ended before it) or `no_score`."
    )
    binds: str | None = Field(
        description="The constraint behind it: for a tie, what keeps all of them from being funded"
        " together; for `ended`, what ended the line; otherwise the reason itself.",
        examples=["cash"],
    )
    sentence: str | None
    fits_still: bool = Field(description="Below the line, though it alone would fit.")


class BindingOut(Out):
    """What keeps proposals from money: how much is missing, and on which earmarks."""

    sentence: str
    details: list[str]


class EndOut(Out):
    """What ended a funding line: what was asked for there, and what was left of what binds."""

    reason: str = Field(description="`envelope`, `cash`, `limit`, `minimum` or `earmarks`.")
    asked: MoneyOut = Field(description="By one proposal, or by all of one rank together.")
    left: MoneyOut | None = Field(description="Of the envelope, or of the fund's free money.")
    sentence: str


class MinimumOut(Out):
    """A stated minimum, and whether the proposals that are left can still meet it."""

    dimension: str
    code: str
    target: MoneyOut
    reached: MoneyOut = Field(description="By awards made and proposals above the line.")
    can_be_met: bool | None = Field(
        description="Met, or within reach of the scored proposals that still fit beside those above"
        " the line; null where that could not be decided in time."
    )
    missed: MoneyOut | None = Field(
        description="By how much it is missed even if all is done for it; null where not decided."
    )


class LineOut(Out):
    """The funding line of a call."""

    call_id: UUID
    ranking_id: UUID | None
    order: str
    on: str
    envelope: MoneyOut | None
    awarded_before: MoneyOut
    awarded: MoneyOut
    left: MoneyOut | None
    kept_back: MoneyOut = Field(description="What minimums hold for proposals that did not come.")
    tie: list[UUID] = Field(description="Proposals the line runs between; nothing decides.")
    free: MoneyOut = Field(
        description="The fund's free money after those above, whatever it is earmarked for."
    )
    ended_by: EndOut | None = Field(description="Null where the line never ended.")
    minimums: list[MinimumOut]
    fundable_together: bool = Field(
        description="The fund's money reaches all that envelope, limits and minimums let through:"
        " false where cash or earmarks refuse a proposal or a tie."
    )
    first_refused: UUID | None = Field(
        description="The first that the fund's money does not pay for, by cash or by earmarks."
    )
    refused_together: list[UUID] = Field(
        description="That proposal, or all of its tie where only together they are refused."
    )
    binding: BindingOut | None
    items: list[StandingOut]


class PortfolioOut(Out):
    """A set of proposals and what it is worth; ``gap`` is the most that a better one could add."""

    worth: str
    gap: str
    is_proven: bool
    amount: MoneyOut
    count: int
    proposals: list[UUID]


class ForcedOut(Out):
    """A proposal forced in or out; ``cost`` is null where nothing allows it."""

    proposal_id: UUID
    code: str
    is_in: bool
    cost: str | None


class WhatIfOut(Out):
    """The best portfolio, the best with the choices made, and what each choice costs."""

    call_id: UUID
    ranking_id: UUID | None
    goal: str
    order: str
    on: str
    keeps_minimums: bool
    is_unique: bool | None = Field(
        description="No other portfolio is worth as much as `best`; where it is false `best` is one"
        " of several, always the same for the same question. Null where not decided in time."
    )
    best: PortfolioOut
    with_choices: PortfolioOut | None
    choices: list[ForcedOut]
    line: PortfolioOut = Field(description="What the funding line chooses, for comparison.")
