"""What the API takes and gives for duty profiles, limits, holds and sanctions checks."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from fundops.disbursements.duties import MAX_BANDS, MAX_REVIEW_DAYS, Band, Profile, profile_of
from fundops.errors import invalid
from fundops.grants.schemas import AnyReason, Reason
from fundops.schemas import Code, Day, Flag, In, LongLine, MoneyIn, MoneyOut, Out, Whole, money_out
from fundops.screening.fields import SCREENED_BUT_NAMES


class BandIn(In):
    """The rule of payments up to an amount."""

    up_to: MoneyIn | None = Field(None, description="The last band has none.")
    one_requests_and_certifies: Flag = False
    payer_is_outside: Flag = False
    review_days: Annotated[Whole, Field(ge=1, le=MAX_REVIEW_DAYS)] | None = None


class DutyProfileIn(In):
    """A proposed duty profile: which steps need different persons, by amount."""

    starts_on: Day
    bands: Annotated[list[BandIn], Field(min_length=1, max_length=MAX_BANDS)]
    reason: Reason

    def profile(self, currency: str) -> Profile:
        """Return the profile; raise ``invalid-request`` for one below the floor."""
        bands: list[Band] = []
        for index, one in enumerate(self.bands):
            place = f"/bands/{index}"
            if one.up_to is not None and one.up_to.currency != currency:
                raise invalid(f"{place}/up_to/currency", "grants.base_currency", currency=currency)
            if one.one_requests_and_certifies and not (one.payer_is_outside and one.review_days):
                raise invalid(place, "duties.floor")
            is_last = index == len(self.bands) - 1
            if is_last != (one.up_to is None):
                raise invalid(f"{place}/up_to", "duties.bands_open")
            up_to = one.up_to.minor(f"{place}/up_to") if one.up_to is not None else None
            before = bands[-1].up_to_minor if bands else 0
            if up_to is not None and before is not None and up_to <= before:
                raise invalid(f"{place}/up_to", "duties.bands_ordered")
            bands.append(
                Band(
                    up_to_minor=up_to,
                    one_requests_and_certifies=one.one_requests_and_certifies,
                    payer_is_outside=one.payer_is_outside,
                    review_days=one.review_days,
                )
            )
        return Profile(bands=tuple(bands))


class PersonLimitIn(In):
    """The most a person may certify, approve or pay at once."""

    person_code: Code
    duty: Literal["certify", "approve", "pay"]
    limit: MoneyIn
    starts_on: Day
    ends_on: Day | None = None
    reason: Reason


class HoldIn(In):
    """Why payments are stopped."""

    reason: Reason


class PartyHoldIn(HoldIn):
    """Stopping payments of a grantee, in one fund."""

    fund_id: UUID


class SanctionsCheckIn(In):
    """A look into sanctions lists: when, which, under which names, and whether there were hits."""

    checked_on: Day
    lists: LongLine = Field(examples=["UN Security Council Consolidated List"])
    names: AnyReason = Field(description="The names and spellings that were looked up.")
    has_hits: Flag
    note: Annotated[AnyReason, SCREENED_BUT_NAMES] | None = None


class ResolveIn(In):
    """What a hit means, and why."""

    outcome: Literal["false_match", "true_match"]
    reason: Annotated[AnyReason, SCREENED_BUT_NAMES]


class DecideIn(In):
    """A decision on what somebody proposed."""

    reason: Reason | None = None


class BandOut(Out):
    """The rule of payments up to an amount."""

    up_to: MoneyOut | None
    one_requests_and_certifies: bool
    payer_is_outside: bool
    review_days: int | None


class DutyProfileOut(Out):
    """A duty profile."""

    id: UUID
    fund_id: UUID
    number: int
    starts_on: str
    bands: list[BandOut]
    reason: str
    status: str
    proposed_by_id: UUID
    decided_by_id: UUID | None


class DutyProfilePage(Out):
    """A page of duty profiles."""

    items: list[DutyProfileOut]
    next_cursor: str | None


class PersonLimitOut(Out):
    """A person's limit."""

    id: UUID
    fund_id: UUID
    person_id: UUID
    duty: str
    limit: MoneyOut
    starts_on: str
    ends_on: str | None
    reason: str
    status: str
    proposed_by_id: UUID
    decided_by_id: UUID | None


class PersonLimitPage(Out):
    """A page of limits."""

    items: list[PersonLimitOut]
    next_cursor: str | None


class HoldOut(Out):
    """A stop on payments."""

    id: UUID
    fund_id: UUID | None
    party_id: UUID | None
    grant_id: UUID | None
    disbursement_id: UUID | None
    reason: str
    placed_by_id: UUID
    placed_at: str
    lifted_by_id: UUID | None
    lifted_at: str | None
    lift_reason: str | None


class HoldPage(Out):
    """A page of holds."""

    items: list[HoldOut]
    next_cursor: str | None


class SanctionsCheckOut(Out):
    """A look into sanctions lists."""

    id: UUID
    party_id: UUID
    checked_on: str
    lists: str
    names: str
    note: str | None
    status: str
    checked_by_id: UUID
    resolved_by_id: UUID | None
    resolution: str | None


class SanctionsCheckPage(Out):
    """A page of sanctions checks."""

    items: list[SanctionsCheckOut]
    next_cursor: str | None


def fields_of(row: Any, model: type[Out]) -> dict[str, Any]:
    """Return the values of a row that an answer has by the same names."""
    return {name: getattr(row, name) for name in model.model_fields if hasattr(row, name)}


def duty_profile_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a duty profile's row."""
    bands = [
        band.model_dump(exclude={"up_to_minor"})
        | {"up_to": money_out(band.up_to_minor, row.base_currency)}
        for band in profile_of(row.content).bands
    ]
    return fields_of(row, DutyProfileOut) | {"bands": bands}


def person_limit_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a limit's row."""
    limit = money_out(row.limit_minor, row.base_currency)
    return fields_of(row, PersonLimitOut) | {"limit": limit}


def hold_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a hold's row."""
    return fields_of(row, HoldOut)


def sanctions_check_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a sanctions check's row."""
    return fields_of(row, SanctionsCheckOut)
