"""What the API takes and gives for the funding line, portfolios, boards, votes and promotions."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from fundops.schemas import (
    NOT_NULL,
    Day,
    Flag,
    In,
    Instant,
    Line,
    MoneyIn,
    MoneyOut,
    Out,
    Prose,
    Whole,
    refused,
)
from fundops.screening.fields import SCREENED, SCREENED_BUT_NAMES

MAX_MEMBERS = 60
MAX_ITEMS = 500
MAX_CHOSEN = 50

Minutes = Annotated[
    str,
    Field(strict=True, min_length=1, max_length=20_000, pattern=r"\S"),
    SCREENED_BUT_NAMES,
]
Reason = Annotated[Prose, Field(max_length=2000), SCREENED]
Quorum = Annotated[Whole, Field(ge=1, le=MAX_MEMBERS)]
Place = Annotated[Whole, Field(ge=1, le=MAX_ITEMS)]
Mode = Literal["meeting", "written"]
Outcome = Literal["award", "reserve", "reject"]
Basis = Literal["cash", "instalment"]


def _clean(value: str) -> str:
    if any(ord(c) < 32 and c not in "\n\t\r" for c in value):
        raise refused("validation.control_characters")
    return value


class MemberIn(In):
    """A member of a board: somebody who holds a voting role for the call's fund."""

    person_id: UUID
    is_chair: Flag = False


def _members(values: list[MemberIn]) -> list[MemberIn]:
    if len({one.person_id for one in values}) != len(values):
        raise refused("decisions.member_repeated")
    if sum(one.is_chair for one in values) > 1:
        raise refused("decisions.one_chair")
    return values


class BoardIn(In):
    """A board on one call, in draft."""

    call_id: UUID
    title: Line = Field(examples=["Board of trustees, spring session"])
    mode: Mode = Field("meeting", description="It meets on a day, or votes in writing by an end.")
    meets_on: Day | None = Field(None, examples=["2026-03-01"])
    decide_by_at: Instant | None = Field(None, description="For a board in writing.")
    quorum: Quorum = Field(
        description="Votes an item needs, by members who are not recused from it.", examples=[1]
    )
    members: Annotated[
        list[MemberIn], Field(min_length=1, max_length=MAX_MEMBERS), AfterValidator(_members)
    ]
    ranking_id: UUID | None = Field(None, description="The ranking that lies before the board.")


class BoardPatch(In):
    """Changes to a board that is not open yet."""

    title: Annotated[Line | None, NOT_NULL] = None
    meets_on: Day | None = None
    decide_by_at: Instant | None = None
    quorum: Annotated[Quorum | None, NOT_NULL] = None
    ranking_id: UUID | None = None


class ItemIn(In):
    """What is proposed for one proposal."""

    proposal_id: UUID
    outcome: Outcome = Field(examples=["award"])
    amount: MoneyIn | None = Field(None, description="For an award or a place on reserve.")
    place: Place | None = Field(None, description="On the reserve list; 1 is first.")
    basis: Basis = Field("cash", description="What an award stands on.")
    instalment_id: UUID | None = Field(None, description="The instalment it stands on, if any.")
    reason: Annotated[Prose, SCREENED] = Field(
        examples=["First on the list, and the only one in this region."]
    )
    conditions: Annotated[Prose, SCREENED] | None = Field(
        None, description="What the grantee has to do first."
    )


class ItemPatch(In):
    """Changes to what is proposed, while the board is not open yet."""

    outcome: Annotated[Outcome | None, NOT_NULL] = None
    amount: MoneyIn | None = None
    place: Place | None = None
    basis: Annotated[Basis | None, NOT_NULL] = None
    instalment_id: UUID | None = None
    reason: Annotated[Annotated[Prose, SCREENED] | None, NOT_NULL] = None
    conditions: Annotated[Prose, SCREENED] | None = None


class VoteIn(In):
    """A vote on one item."""

    vote: Literal["for", "against", "abstain"] = Field(examples=["for"])
    note: Annotated[Prose, Field(max_length=2000), SCREENED] | None = None


class RecuseIn(In):
    """Taking no part in one item, for good."""

    reason: Annotated[Prose, Field(max_length=2000), SCREENED_BUT_NAMES] = Field(
        examples=["My sister works for the applicant."]
    )


class CloseBoardIn(In):
    """Closing a board: what was said."""

    minutes: Annotated[Minutes, AfterValidator(_clean)] = Field(
        examples=["All members were present. The list was gone through in order."]
    )


class DecisionReasonIn(In):
    """Why something is taken back."""

    reason: Reason


class ConfirmIn(In):
    """Confirming what a board carried."""

    awards_on: Day | None = Field(
        None,
        description="The day awards count from, set by the first who confirms; otherwise the day"
        " of the second confirmation. Never before the board decided, never in the future.",
    )


class PromoteIn(In):
    """Asking to promote a proposal from the reserve list."""

    reason: Reason | None = Field(
        None, description="Needed to pass over somebody with a better place."
    )


class MemberOut(Out):
    """A member of a board."""

    person_id: UUID
    name: str
    is_chair: bool


class TallyOut(Out):
    """What the votes come to; hidden from members until the board is closed."""

    votes_for: int
    votes_against: int
    abstained: int
    entitled: int


class VoteOut(Out):
    """One vote, by name."""

    person_id: UUID
    name: str
    vote: str
    note: str | None
    cast_at: str


class RecusalOut(Out):
    """One recusal, by name."""

    person_id: UUID
    name: str
    reason: str


class ItemOut(Out):
    """What is decided on one proposal.

    ``votes`` and ``recusals`` are named to officers and auditors, null to others, who see counts.
    """

    id: UUID
    board_id: UUID
    number: int
    proposal_id: UUID
    proposal_code: str
    proposal_title: str
    applicant: str
    outcome: str
    amount: MoneyOut | None
    place: int | None
    basis: str
    instalment_id: UUID | None
    reason: str
    conditions: str | None
    status: str
    promotion_reason: str | None
    promotion_asked_by_id: UUID | None
    promotion_confirmed_by_id: UUID | None
    tally: TallyOut | None
    recused: int
    my_vote: str | None
    is_mine_recused: bool
    votes: list[VoteOut] | None
    recusals: list[RecusalOut] | None
    grant_id: UUID | None
    version: int


class BoardOut(Out):
    """A board as lists have it."""

    id: UUID
    code: str
    call_id: UUID
    call_code: str
    title: str
    mode: str
    meets_on: str | None
    decide_by_at: str | None
    quorum: int
    ranking_id: UUID | None
    minutes: str | None
    status: str
    prepared_by_id: UUID
    opened_at: str | None
    closed_at: str | None
    first_confirmed_by_id: UUID | None
    first_confirmed_at: str | None
    second_confirmed_by_id: UUID | None
    second_confirmed_at: str | None
    awards_on: str | None
    version: int


class BoardPage(Out):
    """A page of boards."""

    items: list[BoardOut]
    next_cursor: str | None


class BoardDetail(BoardOut):
    """A board with its members and all its items."""

    members: list[MemberOut]
    items: list[ItemOut]


class WaitingOut(Out):
    """A place on the reserve list, and whether it could be awarded now."""

    item_id: UUID
    board_id: UUID
    place: int
    proposal_id: UUID
    code: str
    amount: MoneyOut
    is_fundable: bool
    sentence: str | None
    promotion_asked_by_id: UUID | None


class ReserveList(Out):
    """The reserve list of a call, in order."""

    items: list[WaitingOut]
    next_cursor: str | None
