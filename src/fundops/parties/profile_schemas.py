"""What the API takes and gives for the profile of an organisation."""

from __future__ import annotations

import json
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, StringConstraints

from fundops.parties.profile_models import OrganisationProfile
from fundops.schemas import (
    Country,
    Day,
    Flag,
    In,
    Line,
    MoneyIn,
    MoneyOut,
    Out,
    Prose,
    Whole,
    money_out,
    refused,
)
from fundops.screening.fields import SCREENED_BUT_NAMES

Language = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z]{2}$")]


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise refused("validation.zone")
    return value


Zone = Annotated[Line, AfterValidator(_zone)]
_SINCE = "Since when it has assisted victims directly."
_YEAR = "The year whose budget it is."


class ProfileIn(In):
    """All that an organisation says of itself; what is left out is not said."""

    registered_on: Day | None = Field(None, examples=["2014-05-20"])
    registration_country: Country | None = Field(None, examples=["AT"])
    registration_number: Annotated[Line | None, Field(max_length=120)] = Field(
        None, examples=["ZVR 123456789"]
    )
    assisting_since_on: Day | None = Field(None, description=_SINCE, examples=["2015-01-10"])
    annual_budget: MoneyIn | None = None
    annual_budget_year: Annotated[Whole, Field(ge=1990, le=2199)] | None = Field(
        None, description=_YEAR, examples=[2025]
    )
    has_own_account: Flag | None = Field(None, description="A bank account in its own name.")
    has_safeguarding_policy: Flag | None = None
    works_directly: Flag | None = Field(None, description="With victims, not through others only.")
    languages: list[Language] = Field(
        default_factory=list, max_length=30, description="ISO 639-1.", examples=[["de", "en"]]
    )
    mission: Annotated[Prose, SCREENED_BUT_NAMES] | None = Field(
        None, examples=["Shelter and legal aid for survivors."]
    )
    zone: Zone | None = Field(
        None,
        description="IANA name of the zone in which a day that something is due on ends; the only "
        "one of the organisation's country by default, else the fund's.",
        examples=["Africa/Nairobi"],
    )


class ProfileOut(Out):
    """What an organisation says of itself, once for every call. Null: not said yet."""

    id: UUID
    party_id: UUID
    registered_on: str | None
    registration_country: str | None
    registration_number: str | None
    assisting_since_on: str | None
    annual_budget: MoneyOut | None
    annual_budget_year: int | None
    has_own_account: bool | None
    has_safeguarding_policy: bool | None
    works_directly: bool | None
    languages: list[str]
    mission: str | None
    zone: str | None
    version: int


_PLAIN = tuple(
    name for name in ProfileOut.model_fields if name not in {"annual_budget", "languages"}
)


def profile_out(row: OrganisationProfile) -> dict[str, Any]:
    """Return the wire form of a profile."""
    return {name: getattr(row, name) for name in _PLAIN} | {
        "annual_budget": money_out(row.annual_budget_minor, row.annual_budget_currency),
        "languages": json.loads(row.languages),
    }
