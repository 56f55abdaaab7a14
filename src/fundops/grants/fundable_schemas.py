"""What the API takes and gives when asked whether a list of awards can be funded."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from fundops.calls.objectives import OBJECTIVES
from fundops.grants.schemas import Area
from fundops.schemas import Country, Day, In, Line, MoneyIn, MoneyOut, Out, Whole, refused

MAX_AWARDS = 200


class WouldBeAward(In):
    """An award that is only asked about."""

    key: Line = Field(description="Your name for it in the answer.", examples=["A"])
    amount: MoneyIn
    call_id: UUID | None = None
    country: Country | None = None
    region: Area | None = None
    objectives: Annotated[
        list[Annotated[Whole, Field(ge=OBJECTIVES[0], le=OBJECTIVES[-1])]],
        Field(min_length=1, max_length=len(OBJECTIVES)),
    ]


def _keys(values: list[WouldBeAward]) -> list[WouldBeAward]:
    if len({award.key for award in values}) != len(values):
        raise refused("grants.keys_repeated")
    return values


class FundableIn(In):
    """A list of would-be awards, to ask whether all can be funded together."""

    fund_id: UUID
    awarded_on: Day | None = Field(None, description="Today by default, never in the future.")
    awards: Annotated[
        list[WouldBeAward], Field(min_length=1, max_length=MAX_AWARDS), AfterValidator(_keys)
    ]


class DrawOut(Out):
    """Money a would-be award draws on a lot."""

    award: str
    lot_id: UUID
    lot_code: str
    amount: MoneyOut


class MoveOut(Out):
    """A reservation that would change its lot to make room."""

    grant: str
    from_lot_code: str
    to_lot_code: str
    amount: MoneyOut


class ClaimOut(Out):
    """What a grant or would-be award wants in a bottleneck."""

    grant: str
    amount: MoneyOut
    is_new: bool


class LimitOut(Out):
    """What a bottleneck's grants can have at most from one source."""

    kind: str
    amount: MoneyOut
    agreements: list[str]
    donors: list[str]
    sentence: str


class BottleneckOut(Out):
    """Grants that compete for too little money: claims = limits + shortfall."""

    shortfall: MoneyOut
    sentence: str
    claims: list[ClaimOut]
    limits: list[LimitOut]


class RefusedOut(Out):
    """Free money that an earmark keeps from a would-be award, and why."""

    grant: str
    agreement: str
    amount: MoneyOut
    sentence: str


class WhyNotOut(Out):
    """Why a list of awards cannot be funded."""

    shortfall: MoneyOut
    idle: MoneyOut
    sentence: str
    binding: list[BottleneckOut]
    refused: list[RefusedOut]


class FundableOut(Out):
    """Whether all awards can be funded together, and how, or why not."""

    fundable: bool
    draws: list[DrawOut]
    moves: list[MoveOut]
    why_not: WhyNotOut | None
