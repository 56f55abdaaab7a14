"""What the API takes and gives for events, commitments and pledges."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from fundops.schemas import (
    Country,
    Day,
    In,
    Line,
    MoneyIn,
    MoneyOut,
    Out,
    Prose,
    RateText,
    Whole,
    money_out,
)
from fundops.screening.fields import SCREENED, SCREENED_BUT_NAMES

EventKind = Literal["regional_meeting", "conference", "contact_group", "other"]
CommitmentKind = Literal["political", "in_kind"]
CommitmentStatus = Literal["open", "done", "dropped"]
PledgeStatus = Literal["pipeline", "pledged", "agreed", "cancelled"]

Place = Annotated[Line, Field(max_length=200)]
SourceCode = Annotated[Line, Field(max_length=120)]
Because = Annotated[Prose, Field(max_length=2000), SCREENED]
Year = Annotated[Whole, Field(ge=1900, le=2199)]


def _nothing() -> Any:
    return None


def left_out() -> Any:
    """Return the default of a patch field that may be left out but not set to null."""
    return Field(default_factory=_nothing)


class EventIn(In):
    """A new event."""

    kind: EventKind
    name: Line = Field(examples=["Regional conference of donors"])
    place: Place | None = None
    country: Country | None = None
    held_on: Day


class EventPatch(In):
    """Changes to an event."""

    kind: EventKind = left_out()
    name: Line = left_out()
    place: Place | None = None
    country: Country | None = None
    held_on: Day = left_out()


class EventOut(Out):
    """A meeting out of which pledges and commitments come."""

    id: UUID
    code: str
    kind: str
    name: str
    place: str | None
    country: str | None
    held_on: date
    version: int


class EventPage(Out):
    """A page of events."""

    items: list[EventOut]
    next_cursor: str | None


class CommitmentIn(In):
    """A new political or in-kind commitment; its value, if known, never counts as cash."""

    kind: CommitmentKind
    party_id: UUID
    event_id: UUID | None = None
    description: Annotated[Prose, SCREENED_BUT_NAMES]
    value: MoneyIn | None = None
    made_on: Day
    follow_up_on: Day | None = None
    follow_up_note: Annotated[Prose, SCREENED_BUT_NAMES] | None = None


class CommitmentPatch(In):
    """Changes to an open commitment."""

    event_id: UUID | None = None
    description: Annotated[Prose, SCREENED_BUT_NAMES] = left_out()
    value: MoneyIn | None = None
    follow_up_on: Day | None = None
    follow_up_note: Annotated[Prose, SCREENED_BUT_NAMES] | None = None


class CommitmentOut(Out):
    """A political or in-kind promise and its follow-up."""

    id: UUID
    code: str
    kind: str
    party_id: UUID
    event_id: UUID | None
    description: str
    value: MoneyOut | None
    made_on: date
    follow_up_on: date | None
    follow_up_note: str | None
    status: str
    version: int


class CommitmentPage(Out):
    """A page of commitments."""

    items: list[CommitmentOut]
    next_cursor: str | None


class PledgeIn(In):
    """A new pledge, gross, in the donor's currency.

    With ``pledged_on`` it is pledged; without, it is in the pipeline (from today unless
    ``pipeline_on`` says otherwise).
    """

    fund_id: UUID
    donor_id: UUID
    event_id: UUID | None = None
    amount: MoneyIn
    rate: RateText | None = None
    fiscal_year: Year | None = None
    pipeline_on: Day | None = None
    pledged_on: Day | None = None
    expected_on: Day | None = None
    conditions: Annotated[Prose, SCREENED_BUT_NAMES] | None = None
    source_code: SourceCode | None = Field(
        None, description="The pledge's own code in the records it was taken from."
    )


class PledgePatch(In):
    """Changes to a pledge that is not cancelled."""

    event_id: UUID | None = None
    amount: MoneyIn = left_out()
    rate: RateText | None = None
    fiscal_year: Year | None = None
    pipeline_on: Day | None = None
    pledged_on: Day = left_out()
    expected_on: Day | None = None
    conditions: Annotated[Prose, SCREENED_BUT_NAMES] | None = None


class PledgeConfirming(In):
    """The day on which a donor pledged what was in the pipeline."""

    pledged_on: Day


class Reason(In):
    """Why a step is taken; kept in the audit chain."""

    reason: Because


class PledgeOut(Out):
    """A pledge beside what became of it, all in the pledge's currency, nothing netted.

    ``agreed``, ``received`` and ``written_off`` are sums over the instalments of its agreements
    (drafts apart). ``outstanding`` is what may still be expected: the instalments' rest, and the
    part of the pledge that no agreement covers. Nothing is outstanding of a pledge that is only
    in the pipeline, and nothing new of a cancelled one. ``base_amount`` is the pledge in the
    fund's currency, if a rate is known.
    """

    id: UUID
    code: str
    fund_id: UUID
    donor_id: UUID
    event_id: UUID | None
    amount: MoneyOut
    agreed: MoneyOut
    received: MoneyOut
    written_off: MoneyOut
    outstanding: MoneyOut
    rate: str | None
    base_amount: MoneyOut | None
    fiscal_year: int | None
    pipeline_on: date | None
    pledged_on: date | None
    expected_on: date | None
    conditions: str | None
    source_code: str | None
    status: str
    version: int


class PledgePage(Out):
    """A page of pledges."""

    items: list[PledgeOut]
    next_cursor: str | None


def event_out(row: Any) -> dict[str, Any]:
    """Return the wire form of an event row or record."""
    return {
        "id": row.id,
        "code": row.code,
        "kind": row.kind,
        "name": row.name,
        "place": row.place,
        "country": row.country,
        "held_on": row.held_on,
        "version": row.version,
    }


def commitment_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a commitment row or record."""
    return {
        "id": row.id,
        "code": row.code,
        "kind": row.kind,
        "party_id": row.party_id,
        "event_id": row.event_id,
        "description": row.description,
        "value": money_out(row.value_minor, row.currency),
        "made_on": row.made_on,
        "follow_up_on": row.follow_up_on,
        "follow_up_note": row.follow_up_note,
        "status": row.status,
        "version": row.version,
    }


class AgeBucketOut(Out):
    """Outstanding money of one age: all of it, the part with a base equivalent, and that."""

    outstanding: MoneyOut
    booked: MoneyOut
    base: MoneyOut


class AgeLineOut(Out):
    """What a donor has outstanding in one currency, by days overdue."""

    currency: str
    total: AgeBucketOut
    not_due: AgeBucketOut
    days_1_30: AgeBucketOut
    days_31_90: AgeBucketOut
    days_91_180: AgeBucketOut
    days_181_365: AgeBucketOut
    days_over_365: AgeBucketOut


class DonorAgeingOut(Out):
    """What a donor has outstanding; currencies are never added to one another."""

    donor_id: UUID
    donor_code: str
    donor_name: str
    currencies: list[AgeLineOut]


class PledgeAgeingPage(Out):
    """A page of donors with what they have outstanding in one fund on one day."""

    fund_id: UUID
    as_of: date
    base_currency: str
    items: list[DonorAgeingOut]
    next_cursor: str | None


def given(patch: In) -> Mapping[str, Any]:
    """Return the fields that a patch gives, as they were parsed."""
    return {name: getattr(patch, name) for name in patch.model_fields_set}
